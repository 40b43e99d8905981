"""可能来不及: which applications will be late if things go on as they do, and on what.

Reckoned from how far each draft was day by day (``Progress``): the province sees how many answers
are lacking in which part, never what a draft says.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Self

from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django.utils import timezone

from applications import checks
from applications.models import Application, Event
from applications.models.application import ApplicationQuerySet
from applications.sections import SECTIONS, Filing
from applications.states import EDITABLE, Status
from portal.accounts.models import User
from portal.rounds.models import Deadline, Due, Extension, Round
from review.models import Progress, RankedList
from review.readings import unopened

EVERY = timedelta(hours=6)
"""How often drafts are looked at."""

LOOKED_BACK = timedelta(days=7)
IDLE = timedelta(days=5)
RETURNED_FOR = timedelta(days=3)
NEAR = timedelta(days=7)
SHORT = timedelta(hours=48)
DAY = timedelta(days=1)
BATCH = 50

PARTS = {section.slug: f"第{section.numeral}部分" for section in SECTIONS} | {
    checks.ATTACHMENTS: "附件"
}
"""What the parts of an application are called in a count of what they lack."""


# Noting how far the drafts are


def note(report: Callable[[int], None] = lambda percent: None) -> int:
    """Note how far each unfinished draft is that was touched since it was noted; how many were."""
    keys = list(_to_note(timezone.now()).values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        report(100 * start // len(keys))
        # Taken before reading: what is typed meanwhile is noted the next time.
        now = timezone.now()
        drafts = Application.objects.with_sections().filter(pk__in=keys[start : start + BATCH])
        Progress.objects.bulk_create(
            [_progress(draft, now) for draft in drafts],
            update_conflicts=True,
            unique_fields=["application", "on"],
            update_fields=["done", "required", "lacking", "noted_at"],
        )
    return len(keys)


def _to_note(now: datetime) -> ApplicationQuerySet:
    longer = Extension.objects.confirmed().filter(round=OuterRef("pk"), until__gt=now)
    rounds = Round.objects.published().filter(Q(bureau_deadline__gt=now) | Exists(longer))
    drafts = Application.objects.filter(round__in=rounds, status__in=EDITABLE)
    drafts = drafts.annotate(noted_at=Max("progress__noted_at"))
    return drafts.filter(Q(noted_at=None) | Q(noted_at__lt=F("touched_at"))).order_by("pk")


def _progress(draft: Application, now: datetime) -> Progress:
    filing = Filing.of(draft)
    found = checks.findings(filing)
    counts = checks.progress(filing, found).values()
    return Progress(
        application=draft,
        on=timezone.localdate(now),
        done=sum(done for done, _ in counts),
        required=sum(required for _, required in counts),
        lacking=Counter(finding.section for finding in checks.blocking(found)),
        noted_at=now,
    )


# What is to be expected


@dataclass
class Outlook:
    """An application that has yet to be submitted, or to be opened by its bureau.

    The application carries what was noted of it last: ``done``, ``required``, ``lacking``; and
    ``before``, what was done of it a week ago; ``returned_at``, when it was returned last.
    """

    application: Application
    due: Due
    now: datetime

    @classmethod
    def of(cls, application: Application, now: datetime) -> Self:
        is_draft = application.status == Status.DRAFT
        which = Deadline.ENTERPRISE if is_draft else Deadline.BUREAU
        if application.status == Status.SUBMITTED:
            return cls(application, application.round.due(which, bureau=application.bureau), now)
        return cls(application, application.due(which), now)

    @property
    def waits_for_bureau(self) -> bool:
        return self.application.status == Status.SUBMITTED

    @property
    def lacking(self) -> list[str]:
        """What was lacking, e.g. 第二部分 8 项, 附件 1 项."""
        counts = self.application.lacking or {}
        return [f"{PARTS[part]} {counts[part]} 项" for part in PARTS if part in counts]

    @cached_property
    def expected(self) -> int | None:
        """How many % of the required answers there will be at the deadline at the pace of the last
        seven days, or of its whole life where that was shorter; None as long as none were counted.
        """
        row = self.application
        if not row.required:
            return None
        if row.before is None:
            days, gained = max((self.now - row.created_at) / DAY, 1), row.done
        else:
            days, gained = LOOKED_BACK / DAY, max(row.done - row.before, 0)
        done = row.done + gained / days * ((self.due.instant - self.now) / DAY)
        return min(int(100 * done / row.required), 100)

    @cached_property
    def reasons(self) -> list[str]:
        """Why it may be late; empty when nothing speaks for it."""
        row, said, left = self.application, [], self.due.instant - self.now
        if not left > timedelta():
            return said
        if self.waits_for_bureau:
            is_late = left < SHORT
            return ["已提交，推荐单位未打开，距报送截止不足 48 小时"] if is_late else said
        if row.status == Status.RETURNED:
            since = self.now - row.returned_at
            if since >= RETURNED_FOR or left < NEAR:
                said.append(
                    f"退回 {since.days} 天，未重新提交" if since >= DAY else "退回后未重新提交"
                )
        if self.expected is not None and self.expected < 100:
            said.append(f"按现在的进度，截止时约填 {self.expected}%")
        idle = self.now - row.touched_at
        if idle >= IDLE:
            said.append(f"{idle.days} 天没有编辑")
        return said

    @property
    def urgency(self) -> tuple:
        """What is due first comes first, then what is farthest behind."""
        expected = -1 if self.expected is None else self.expected
        return self.due.instant, expected, self.application.touched_at


def late(round: Round, user: User, bureau: str = "") -> list[Outlook]:
    """What may be late, most urgent first; of one bureau (code) or of all."""
    now = timezone.now()
    rows = Application.objects.visible_to(user).filter(round=round)
    if bureau:
        rows = rows.filter(bureau__code=bureau)
    notes = Progress.objects.filter(application=OuterRef("pk")).order_by("-on")
    week_ago = notes.filter(on__lte=timezone.localdate(now - LOOKED_BACK))
    # Once its list is sent, a bureau decides on nothing more.
    open_lists = RankedList.objects.filter(
        round=round, bureau=OuterRef("bureau"), status=RankedList.Status.OPEN
    )
    returns = Event.objects.filter(application=OuterRef("pk"), target=Status.RETURNED)
    rows = (
        rows.filter(Q(status__in=EDITABLE) | (unopened() & Exists(open_lists)))
        .select_related("enterprise", "bureau")
        .annotate(
            **{name: Subquery(notes.values(name)[:1]) for name in ("done", "required", "lacking")},
            before=Subquery(week_ago.values("done")[:1]),
            returned_at=Subquery(returns.values("at")[:1]),
        )
    )
    outlooks = []
    for row in rows:
        row.round = round  # which knows its extensions already
        outlooks.append(Outlook.of(row, now))
    return sorted((one for one in outlooks if one.reasons), key=lambda one: one.urgency)


def noted_at(round: Round) -> datetime | None:
    """When drafts of the round were last looked at with something new to note."""
    notes = Progress.objects.filter(application__round=round)
    return notes.aggregate(last=Max("noted_at"))["last"]


def contacts(outlooks: Iterable[Outlook]) -> dict[int, User]:
    """By enterprise, whom to call: its first administrator, whose number is shown masked."""
    enterprises = {one.application.enterprise_id for one in outlooks}
    people = User.objects.filter(enterprise__in=enterprises, is_active=True)
    found: dict[int, User] = {}
    for person in people.order_by("-is_unit_admin", "pk"):
        found.setdefault(person.enterprise_id, person)
    return found
