"""Instants in templates."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone

from portal.rounds import times
from portal.rounds.models import Deadline, Due

register = template.Library()
register.filter(times.closing)
register.filter(times.opening)
register.filter(times.moment)
register.filter(times.waited)


@register.filter
def due(row: Any, which: str) -> Due:
    """The ``enterprise`` or ``bureau`` deadline of a round, of a list, of an application."""
    return row.due(Deadline(which))


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
