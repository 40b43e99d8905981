"""The portal's own regular work: each kind begun when it is due, by one of the workers.

A row a kind instead of Celery's beat: that would be one more process to run and to watch beside the
embedded server, and must not be run twice beside several workers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from portal.jobs.models import Tick
from portal.jobs.registry import Work, work
from portal.jobs.tasks import start


@dataclass(frozen=True)
class Regular:
    """Work that begins again: every so often, or daily from ``hour`` (Beijing time) on."""

    kind: str
    title: str
    every: timedelta | None = None
    hour: int = 0

    def last_due(self, now: datetime) -> datetime:
        """When it should have begun last: whoever began before that is to begin again."""
        if self.every:
            return now - self.every
        today = timezone.localtime(now).replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return today if today <= now else today - timedelta(days=1)


REGULAR: list[Regular] = []


def regularly(
    kind: str, title: str, *, every: timedelta | None = None, hour: int = 0
) -> Callable[[Work], Work]:
    """Register a function as the work of ``kind``, begun every so often or daily from ``hour``."""
    REGULAR.append(Regular(kind, title, every, hour))
    return work(kind)


def start_due(now: datetime | None = None) -> list[str]:
    """Begin what is due, unless another worker has just done so; returns the kinds begun."""
    now = now or timezone.now()
    begun = []
    for regular in REGULAR:
        due = regular.last_due(now)
        _tick, is_new = Tick.objects.get_or_create(kind=regular.kind, defaults={"at": now})
        if is_new or Tick.objects.filter(kind=regular.kind, at__lt=due).update(at=now):
            start(owner=None, kind=regular.kind, title=regular.title)
            begun.append(regular.kind)
    return begun
