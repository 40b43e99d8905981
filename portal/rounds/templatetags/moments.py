"""Instants as people in the province read them: Beijing time, closing times as 24:00."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

register = template.Library()

WEEKDAYS = "一二三四五六日"


@register.filter
def closing(instant: datetime) -> str:
    """An exclusive instant as the time it closes: midnight belongs to the day that ends."""
    local = timezone.localtime(instant)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        day = local - timedelta(days=1)
        return f"{day:%Y-%m-%d} 24:00（周{WEEKDAYS[day.weekday()]}）"
    return f"{local:%Y-%m-%d %H:%M:%S}（周{WEEKDAYS[local.weekday()]}）"


@register.filter
def moment(instant: datetime | None) -> str:
    """An instant to the second."""
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}" if instant else ""


@register.filter
def is_past(instant: datetime) -> bool:
    """Whether a closing instant has come: at the instant itself it is too late."""
    return instant <= timezone.now()


@register.filter
def time_left(deadline: datetime) -> str:
    """How long until a deadline, in the largest sensible unit."""
    left = deadline - timezone.now()
    if left <= timedelta():
        return "已截止"
    if left >= timedelta(days=2):
        return f"还有 {left.days} 天"
    hours, seconds = divmod(int(left.total_seconds()), 3600)
    return f"还有 {hours} 小时 {seconds // 60} 分"


@register.filter
def has_passed(deadline: datetime) -> bool:
    return timezone.now() >= deadline


@register.filter
def waited(since: datetime) -> str:
    """How long something has been waiting, in the largest sensible unit."""
    days, seconds = divmod(int((timezone.now() - since).total_seconds()), 24 * 3600)
    if days:
        return f"{days} 天"
    return f"{seconds // 3600} 小时" if seconds >= 3600 else f"{seconds // 60} 分钟"
