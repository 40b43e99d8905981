"""Telling people something: a row for each in the portal; other ways follow from it."""

from collections.abc import Iterable
from datetime import datetime

from portal.accounts.models import User
from portal.messaging.models import Message


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
    exclusive instant), ``url`` is the one page of the portal where it is dealt with. Call it inside
    the transaction of what it tells of.
    """
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
