"""已读: who has read what, and when."""

from django.db.models import F, Subquery
from django.db.models.expressions import Combinable

from portal.accounts.models import User
from portal.messaging.models import Message


def opened(user: User, url: str) -> None:
    """Note that ``user`` opens the page at ``url``: the messages that lead there are read.

    For pages that show all that such a message tells of. Costs no statement if nothing is unread.
    """
    if user.unread:
        user.unread -= Message.objects.visible_to(user).filter(url=url).read()


def first_reader(key: Combinable) -> dict[str, Subquery]:
    """Annotations of rows that each were told under ``key``, an expression with an OuterRef.

    ``read_at`` is when the first of those told read it and ``reader`` that person's name; while
    nobody has, ``read_at`` is None and ``reader`` any of them; nobody was told if both are None.
    """
    told = Message.objects.filter(key=key).order_by(F("read_at").asc(nulls_last=True), "pk")
    return {
        "reader": Subquery(told.values("recipient__name")[:1]),
        "read_at": Subquery(told.values("read_at")[:1]),
    }
