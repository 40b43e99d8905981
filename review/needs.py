"""需要办理: what an application waits for, on whom, and before when. The order of the inbox."""

from dataclasses import dataclass

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Subquery, When

from applications.interests import has_stepped_aside
from applications.models import Application, Event
from applications.models.application import ApplicationQuerySet
from applications.states import Status
from portal.accounts.models import User
from portal.rounds.models import Deadline, Due
from review.models import RankedList, Seat


@dataclass(frozen=True)
class Need:
    """One line of the rule: whatever is in this state of things (``when``) waits for this.

    ``due`` names the deadline before which it must come; ``is_officers``: it is the officer's turn.
    """

    label: str
    when: Q
    due: Deadline | None = None
    is_officers: bool = False

    @property
    def is_waiting(self) -> bool:
        return self.due is not None

    def due_of(self, row: Application) -> Due | None:
        """Before when: by the enterprise's time where it is its turn, else by the bureau's."""
        if self.due is None:
            return None
        return row.due(self.due) if row.is_editable else row.round.due(self.due, bureau=row.bureau)


ASIDE = Need("已回避，由同事办理", Q(is_aside=True))
DONE = Need("已办结", Q())

NEEDS = (
    # What was never reviewed may still have to go back and forth, so it comes first.
    Need(
        "待审核（首次提交）",
        Q(status=Status.SUBMITTED, list_is_open=True, is_resubmitted=False),
        Deadline.BUREAU,
        is_officers=True,
    ),
    Need(
        "待核对（重新提交）",
        Q(status=Status.SUBMITTED, list_is_open=True, is_resubmitted=True),
        Deadline.BUREAU,
        is_officers=True,
    ),
    Need(
        "待排序",
        Q(status=Status.ACCEPTED, list_is_open=True, is_seated=False, has_free_seat=True),
        Deadline.BUREAU,
        is_officers=True,
    ),
    # Seated, or accepted with every seat taken: the list's turn, not the application's.
    Need("待名单报送", Q(status=Status.ACCEPTED, list_is_open=True), Deadline.BUREAU),
    Need("等待企业修改", Q(status=Status.RETURNED), Deadline.BUREAU),
    Need("等待企业提交", Q(status=Status.DRAFT), Deadline.ENTERPRISE),
    Need("名单已报送，暂不能办理", Q(status=Status.SUBMITTED)),
    DONE,
    ASIDE,
)
"""In the order of the inbox. What is needed is the first that holds; ``ASIDE`` goes before all."""


OFFICERS = [rank for rank, need in enumerate(NEEDS) if need.is_officers]
"""The ranks of what is the officer's turn."""

WAITING = [rank for rank, need in enumerate(NEEDS) if need.is_waiting]


def annotated(rows: ApplicationQuerySet, officer: User) -> ApplicationQuerySet:
    """With ``rank``, the place of its need in ``NEEDS``, ``since`` when it has it, ``is_aside``."""
    of_it = {"application": OuterRef("pk")}
    of_its_bureau = {"round": OuterRef("round"), "bureau": OuterRef("bureau")}
    facts = {
        "is_resubmitted": Event.objects.filter(
            verb="resubmit", revision=OuterRef("current_revision")
        ),
        "is_seated": Seat.objects.filter(**of_it),
        "has_free_seat": Seat.objects.filter(**of_its_bureau, application=None),
        "list_is_open": RankedList.objects.filter(**of_its_bureau, status=RankedList.Status.OPEN),
    }
    whens = [
        When(need.when, then=NEEDS.index(need)) for need in (ASIDE, *NEEDS) if need is not DONE
    ]
    exists = {name: Exists(found) for name, found in facts.items()}
    return rows.annotate(**exists, is_aside=has_stepped_aside(officer)).annotate(
        rank=Case(*whens, default=NEEDS.index(DONE), output_field=IntegerField()),
        since=Subquery(Event.objects.filter(**of_it).order_by("-at").values("at")[:1]),
    )


def ordered(rows: ApplicationQuerySet) -> ApplicationQuerySet:
    """By need; what waits longest first, what is settled latest first."""
    return rows.order_by("rank", Case(When(rank__in=WAITING, then="since")), "-since", "pk")
