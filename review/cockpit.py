"""总览: the units × state at a glance, with seats, time left and last acts; and the trend."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.db.models.functions import TruncDate
from django.utils import timezone

from applications.models import Application, Event
from applications.states import Status
from portal.accounts.models import User
from portal.catalogue.models import Bureau
from portal.rounds.models import Deadline, Due, Round
from review import forecast
from review.models import RankedList, Seat
from review.readings import unopened

DAYS_SHOWN = 30


# Units × state


@dataclass
class Unit:
    """One bureau in a round: where its applications, its seats and its list stand."""

    ranked_list: RankedList
    due: Due
    late: int
    acted_at: datetime | None
    """When one of its officers last did something to an application or to the list."""
    numbers: Counter[str] = field(default_factory=Counter)
    unopened: int = 0
    quota: int = 0
    taken: int = 0
    exempt: int = 0

    @property
    def bureau(self) -> Bureau:
        return self.ranked_list.bureau

    @property
    def total(self) -> int:
        return self.numbers.total()

    @property
    def cells(self) -> list[tuple[str, int]]:
        """Each status with its number."""
        return [(status.value, self.numbers[status]) for status in Status]


LISTS = [*RankedList.Status]

SORTS: dict[str, Callable[[Unit], Any]] = {
    **{status.value: lambda unit, of=status: -unit.numbers[of] for status in Status},
    "total": lambda unit: -unit.total,
    "unopened": lambda unit: -unit.unopened,
    "late": lambda unit: -unit.late,
    "seats": lambda unit: unit.taken - unit.quota,
    "list": lambda unit: (LISTS.index(unit.ranked_list.status), not unit.ranked_list.was_returned),
    "due": lambda unit: (not unit.ranked_list.is_open, unit.due.instant),
    "acted": lambda unit: (unit.acted_at is not None, unit.acted_at),
}
"""What a column puts first: whoever has most to do, least done, or least time."""


def units(round: Round, user: User, sort: str = "") -> list[Unit]:
    """Every bureau of the round, in the notice's order or worst first by a column."""
    late = Counter(one.application.bureau_id for one in forecast.late(round, user))
    acts = _last_acts(round, user)
    lists = RankedList.objects.visible_to(user).filter(round=round).select_related("bureau")
    found: dict[int, Unit] = {}
    for row in lists.annotate(acted_at=Max("events__at")).order_by("bureau__order"):
        row.round = round  # which knows its extensions already
        acted = [at for at in (row.acted_at, acts.get(row.bureau_id)) if at]
        found[row.bureau_id] = Unit(
            row, row.due(Deadline.BUREAU), late[row.bureau_id], max(acted, default=None)
        )
    applications = Application.objects.visible_to(user).filter(round=round, bureau__in=found)
    counted = applications.values_list("bureau", "status").order_by()
    waiting = Count("pk", filter=unopened())
    for bureau, status, number, unread in counted.annotate(number=Count("pk"), unread=waiting):
        found[bureau].numbers[status] = number
        found[bureau].unopened += unread
    seats = Seat.objects.visible_to(user).filter(round=round, bureau__in=found)
    counted = seats.values_list("bureau", "is_exempt").order_by()
    for bureau, is_exempt, number, taken in counted.annotate(Count("pk"), Count("application")):
        if is_exempt:
            found[bureau].exempt = taken
        else:
            found[bureau].quota, found[bureau].taken = number, taken
    return sorted(found.values(), key=SORTS.get(sort, lambda unit: 0))


def _last_acts(round: Round, user: User) -> dict[int, datetime]:
    """By bureau, when an officer of it last did something to an application."""
    acts = Event.objects.filter(
        application__in=Application.objects.visible_to(user).filter(round=round),
        actor__bureau__isnull=False,
    )
    return dict(acts.values_list("actor__bureau").annotate(Max("at")).order_by())


@dataclass(frozen=True)
class Totals:
    """The last line of the table."""

    cells: list[tuple[str, int]]
    total: int
    unopened: int
    late: int
    taken: int
    quota: int
    exempt: int

    @classmethod
    def of(cls, units: list[Unit]) -> "Totals":
        names = ("total", "unopened", "late", "taken", "quota", "exempt")
        sums = {name: sum(getattr(unit, name) for unit in units) for name in names}
        numbers = sum((unit.numbers for unit in units), Counter())
        return cls([(status.value, numbers[status]) for status in Status], **sums)


# The trend of submissions


@dataclass(frozen=True)
class Day:
    """How many applications came in for the first time on a day, and how many had by its end."""

    on: date
    new: int
    so_far: int


@dataclass(frozen=True)
class Trend:
    """The thirty days to the enterprises' deadline, or to today while that is farther away.

    ``days`` ends with today: what has not been yet has no number.
    """

    first: date
    last: date
    closes_on: date
    days: list[Day]


def trend(round: Round, user: User) -> Trend:
    """Day by day what was submitted for the first time."""
    firsts = Event.objects.filter(
        application__in=Application.objects.visible_to(user).filter(round=round),
        verb="submit",
        revision__number=1,
    )
    by_day = firsts.annotate(on=TruncDate("at")).values_list("on").annotate(n=Count("pk"))
    new = Counter(dict(by_day.order_by()))
    today = timezone.localdate()
    deadline = round.deadline(Deadline.ENTERPRISE)
    closes_on = timezone.localdate(deadline - timedelta(microseconds=1))
    span = timedelta(days=DAYS_SHOWN - 1)
    last = max([closes_on if closes_on <= today + span else today, *new])
    first = last - span
    so_far = sum(number for on, number in new.items() if on < first)
    days = []
    for on in (first + timedelta(days=n) for n in range(DAYS_SHOWN)):
        if on <= today:
            so_far += new[on]
            days.append(Day(on, new[on], so_far))
    return Trend(first, last, closes_on, days)
