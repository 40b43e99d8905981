"""Telling people something: a row for each in the portal; other ways follow from it."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils.text import Truncator

from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import Bureau
from portal.commits import once_committed
from portal.jobs.tasks import start
from portal.messaging.models import Message

URGENT = "urgent"
"""The kind of job that sends urgent messages by e-mail and SMS."""


def send(
    recipients: Iterable[User],
    *,
    kind: Message.Kind,
    title: str,
    text: str = "",
    sender: str,
    due: datetime | None = None,
    url: str,
    key: str,
    is_urgent: bool = False,
) -> None:
    """Tell each of ``recipients`` once; who has a message under ``key`` already is left alone.

    ``title`` says what in one line, ``sender`` who (a unit's name), ``due`` before when (an
    exclusive instant), ``url`` is the one page of the portal where it is dealt with. Title and text
    name nothing of an application but its enterprise and project; the title of what is urgent goes
    out by SMS and names neither. Call it inside the transaction of what it tells of.
    """
    # Names may be long; what is told of must not fail for that.
    title = Truncator(title).chars(Message._meta.get_field("title").max_length, truncate="…")
    Message.objects.bulk_create(
        [
            Message(
                recipient=recipient,
                kind=kind,
                title=title,
                text=text,
                sender=sender,
                due=due,
                url=url,
                key=key,
                is_urgent=is_urgent,
            )
            for recipient in recipients
        ],
        ignore_conflicts=True,
    )
    if is_urgent:
        once_committed(_hurry)


def _hurry() -> None:
    start(owner=None, kind=URGENT, title="发出紧急消息")


def people_of(unit: Enterprise | Bureau, *, in_trial: bool = False) -> QuerySet[User]:
    """Who can sign in for an enterprise or a bureau."""
    of_unit = {"enterprise" if isinstance(unit, Enterprise) else "bureau": unit}
    return User.objects.reachable(in_trial=in_trial).filter(**of_unit)


def province(*, but: User | None = None) -> QuerySet[User]:
    """The province's officers; not the auditors, who have nothing to do.

    ``but`` is who did what is told.
    """
    return User.objects.reachable().filter(role=Role.PROVINCE).exclude(pk=but and but.pk)
