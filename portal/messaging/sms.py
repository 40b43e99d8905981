"""短信: the interface a province's gateway is connected by, and one that only shows."""

from typing import Protocol

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.module_loading import import_string

from portal.messaging.models import Message

LONGEST = 70
"""In characters: what all networks take as one SMS."""


class Gateway(Protocol):
    """What ``SMS_BACKEND`` names: a class made without arguments."""

    def send(self, mobile: str, text: str) -> None:
        """Hand a text over to be sent; raise any exception if it was not taken."""


class Console:
    """Shows on the worker's output what would be sent, to a masked number."""

    def send(self, mobile: str, text: str) -> None:
        print(f"短信 {mobile[:3]}****{mobile[-4:]}：{text}", flush=True)


def gateway() -> Gateway | None:
    """The one of the settings; None where the portal sends no SMS."""
    return import_string(settings.SMS_BACKEND)() if settings.SMS_BACKEND else None


def text_of(message: Message) -> str:
    """A message in one SMS: title and deadline, nothing else of it."""
    return render_to_string("messaging/sms.txt", {"message": message}).strip()[:LONGEST]
