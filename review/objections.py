"""异议: what somebody holds against an announced application, told to the province alone."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.accounts import throttling
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.models import Record
from portal.documents.model import CODE_ALPHABET
from portal.errors import Closed, PortalError, StaleState
from portal.messaging import sending
from portal.messaging.models import Message
from review.models import Announcement, Objection

FILED = "objection_file"
HOUR = timedelta(hours=1)
MOST_PER_ADDRESS = 5
MOST_IN_ALL = 60
"""Within an hour."""


class TooMany(PortalError):
    """More objections than people write."""


@transaction.atomic
def file(announcement: Announcement, said: dict[str, str], *, address: str) -> Objection:
    """Take an objection in, and tell the province. The same words again are the same objection.

    Raises Closed outside the period, TooMany when ``address``, or everybody, sends too many.
    """
    number = _number(announcement, said)
    if known := Objection.objects.filter(number=number).first():
        return known
    if not Announcement.objects.get(pk=announcement.pk).is_current:
        raise Closed("公示期已过或公示已撤下，不能再在网上提出异议。请按公示上的联系方式反映。")
    _hold_back(address)
    objection, is_new = Objection.objects.get_or_create(
        number=number, defaults={"announcement": announcement, **said}
    )
    if is_new:
        trail.record(
            FILED,
            "提出异议",
            actor=None,
            target=objection,
            named=f"{number} {objection.enterprise}",
            detail=throttling.place(address),
        )
        sending.send(
            sending.province(),
            kind=Message.Kind.TASK,
            title=f"收到公示异议 {number}",
            text=f"{announcement}：{objection.enterprise}",
            sender="公众",
            url=reverse("review:objection", args=[objection.pk]),
            key=f"objection:{number}",
        )
    return objection


def _number(announcement: Announcement, said: dict[str, str]) -> str:
    """Made from the words themselves, so that a second click finds the first; tells nobody them."""
    words = "\n".join([str(announcement.pk), *(said[name] for name in sorted(said))])
    value = int(salted_hmac("objection", words, algorithm="sha256").hexdigest(), 16)
    code = ""
    for _ in range(12):
        value, index = divmod(value, len(CODE_ALPHABET))
        code += CODE_ALPHABET[index]
    return f"YY-{code[:4]}-{code[4:8]}-{code[8:]}"


def _hold_back(address: str) -> None:
    """Refuse a flood; the audit trail knows how many came from where."""
    lately = Record.objects.filter(verb=FILED, at__gt=timezone.now() - HOUR)
    here = lately.filter(detail=throttling.place(address))
    if here.count() >= MOST_PER_ADDRESS or lately.count() >= MOST_IN_ALL:
        raise TooMany("一小时内收到的异议过多，请稍后再提交，或按公示上的联系方式反映。")


@transaction.atomic
def handle(objection: Objection, outcome: str, *, actor: User) -> None:
    """Write down what came of it."""
    actor.require_province("办理异议")
    unhandled = Objection.objects.filter(pk=objection.pk, handled_at=None)
    if not unhandled.update(handled_at=timezone.now(), handled_by=actor, outcome=outcome):
        raise StaleState("这项异议已由同事办理，请查看最新情况。")
    trail.record(
        "objection_handle", "办理异议", actor=actor, target=objection, named=objection.number
    )
