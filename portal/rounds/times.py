"""Instants in the words of the province: Beijing time, closing times as 24:00."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from portal.rounds.models import Due

WEEKDAYS = "一二三四五六日"


def closing(instant: datetime) -> str:
    """An exclusive instant as the time it closes: midnight belongs to the day that ends."""
    local = timezone.localtime(instant)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        day = local - timedelta(days=1)
        return f"{day:%Y-%m-%d} 24:00（周{WEEKDAYS[day.weekday()]}）"
    return f"{local:%Y-%m-%d %H:%M:%S}（周{WEEKDAYS[local.weekday()]}）"


def in_words(due: "Due | None") -> str:
    """A deadline as it applies, saying so where it was put off; '' for none."""
    if due is None:
        return ""
    return closing(due.instant) + ("（延期）" if due.is_extended else "")


def opening(instant: datetime) -> str:
    """An instant as the time from which something is open: midnight begins the day."""
    local = timezone.localtime(instant)
    return f"{local:%Y-%m-%d %H:%M}（周{WEEKDAYS[local.weekday()]}）"


def moment(instant: datetime | None) -> str:
    """An instant to the second; '' for none."""
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}" if instant else ""


def waited(since: datetime) -> str:
    """How long something has been waiting, in the largest sensible unit; '' under a minute."""
    days, seconds = divmod(int((timezone.now() - since).total_seconds()), 24 * 3600)
    if days:
        return f"{days} 天"
    if seconds >= 3600:
        return f"{seconds // 3600} 小时"
    return f"{seconds // 60} 分钟" if seconds >= 60 else ""
