"""E-mail and SMS: what was not read in the portal is sent after its readers.

A message is noted as sent before it is handed over, in one statement that only one worker wins,
and taken back when the handing over fails: tried again the next time, sent to nobody twice.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import timezone

from portal.accounts.models import User
from portal.messaging import sms
from portal.messaging.models import Message, MessageQuerySet

logger = logging.getLogger(__name__)

STALE = timedelta(days=1)
"""An SMS that could not be sent for so long is not sent any more."""

MOST_IN_A_MAIL = 50


def send_urgent() -> None:
    """Send the urgent messages nobody has read yet, each by itself, to whoever can be reached."""
    now = timezone.now()
    urgent = _waiting().filter(is_urgent=True).exclude(due__lte=now)
    if gateway := sms.gateway():
        for message in urgent.filter(texted_at=None, created_at__gt=now - STALE):
            _once(
                [message],
                "texted_at",
                lambda claimed: gateway.send(claimed[0].recipient.mobile, sms.text_of(claimed[0])),
            )
    if to_mail := list(_by_mail(urgent)):
        with get_connection() as connection:
            for message in to_mail:
                _mail(message.recipient, [message], message.title, connection)


def send_digests() -> None:
    """Send everybody who wants it one mail with all that is unread and was not mailed yet."""
    waiting = _by_mail(_waiting()).filter(recipient__wants_digest=True)
    by_reader: dict[User, list[Message]] = {}
    for message in waiting.order_by("recipient", "-is_urgent", "-pk"):
        by_reader.setdefault(message.recipient, []).append(message)
    if not by_reader:
        return
    with get_connection() as connection:
        for reader, messages in by_reader.items():
            _mail(reader, messages, f"您有 {len(messages)} 条未读消息", connection)


def _waiting() -> MessageQuerySet:
    """Unread, of people who exist: nobody stands behind the invented ones of a dry run."""
    people = {"recipient__is_active": True, "recipient__is_invented": False}
    return Message.objects.unread().filter(**people).select_related("recipient")


def _by_mail(messages: MessageQuerySet) -> MessageQuerySet:
    return messages.filter(mailed_at=None).exclude(recipient__email="")


def _mail(
    reader: User, messages: list[Message], subject: str, connection: BaseEmailBackend
) -> None:
    def hand_over(claimed: list[Message]) -> None:
        context = {
            "reader": reader,
            "shown": claimed[:MOST_IN_A_MAIL],
            "more": max(0, len(claimed) - MOST_IN_A_MAIL),
            "portal": settings.PUBLIC_URL,
        }
        mail = EmailMultiAlternatives(
            f"【智能工厂申报门户】{' '.join(subject.split())}",
            render_to_string("messaging/mail.txt", context),
            to=[reader.email],
            connection=connection,
        )
        mail.attach_alternative(render_to_string("messaging/mail.html", context), "text/html")
        mail.send()

    _once(messages, "mailed_at", hand_over)


def _once(
    messages: list[Message], sent_at: str, hand_over: Callable[[list[Message]], None]
) -> None:
    """Hand over those of ``messages`` that no other worker has; it is noted in ``sent_at``."""
    at: datetime = timezone.now()
    rows = Message.objects.filter(pk__in=[message.pk for message in messages])
    rows.filter(**{sent_at: None}).update(**{sent_at: at})
    mine = rows.filter(**{sent_at: at})
    pks = set(mine.values_list("pk", flat=True))
    if not pks:
        return
    try:
        hand_over([message for message in messages if message.pk in pks])
    except Exception as error:  # whatever a gateway raises, the others are still to be told
        mine.update(**{sent_at: None})
        # The text of the error may name an address or a number.
        logger.warning("messages %s not sent: %s", sorted(pks), type(error).__name__)
