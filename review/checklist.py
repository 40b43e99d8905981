"""审查清单: every clause of the round's conditions, what was found of it when the application was
submitted, and what each officer finds. Officers mark for themselves and see each other's marks.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from applications import interests
from applications.models import Application
from portal.accounts.models import User
from portal.catalogue.models import Condition
from portal.errors import StaleState
from review.findings import noted
from review.models import ClauseMark

Verdict = ClauseMark.Verdict
GRAVEST_FIRST = (Verdict.UNMET, Verdict.TO_VERIFY, Verdict.MET)
PARAGRAPH = re.compile(r"(（\w+）)?\s*\d*$")


@dataclass(frozen=True)
class Line:
    """One clause; ``found`` is what the revision's checks said of it, if there were any then."""

    condition: Condition
    revision_id: int
    found: dict[str, Any] | None
    mine: ClauseMark | None
    others: list[ClauseMark]

    @property
    def heading(self) -> str:
        """The part of the notice that the clause stands in: 附件2 四（二）1 is in 附件2 四."""
        return PARAGRAPH.sub("", self.condition.where)

    @property
    def is_disputed(self) -> bool:
        marks = [*self.others, self.mine] if self.mine else self.others
        return len({mark.verdict for mark in marks}) > 1

    @property
    def is_done(self) -> bool:
        """Whether I have marked it, for the revision there is now."""
        return self.mine is not None and self.mine.revision_id == self.revision_id


def lines(application: Application, user: User) -> list[Line]:
    """The clauses of the application's round in the notice's order, as ``user`` may see them."""
    revision = application.current_revision
    found = {clause["code"]: clause for part in noted(revision).values() for clause in part.clauses}
    marks = ClauseMark.objects.visible_to(user).filter(application=application)
    marks = list(marks.select_related("officer", "revision").defer("revision__data"))
    return [
        Line(
            condition,
            revision.pk,
            found.get(condition.code),
            next((m for m in marks if m.condition_id == condition.pk and m.officer == user), None),
            [m for m in marks if m.condition_id == condition.pk and m.officer != user],
        )
        for condition in application.version.conditions
    ]


@dataclass(frozen=True)
class Said:
    """What an officer says of one clause; ``again``: the same as before, looked at once more."""

    condition: Condition
    verdict: str
    note: str
    again: bool = False


@transaction.atomic
def mark(application: Application, said: Iterable[Said], *, revision: int, actor: User) -> None:
    """Keep what the officer found, reading the revision with that id; without a verdict, nothing.

    Only what differs from the officer's own marks is written; nobody else's are touched.
    """
    interests.require_open(application, actor)
    if not application.revisions.filter(pk=revision).exists():
        raise StaleState("没有保存：请刷新页面，对照最新提交的内容后再填。")
    own = ClauseMark.objects.filter(application=application, officer=actor)
    before = {mark.condition_id: mark for mark in own}
    written, withdrawn = [], []
    for each in said:
        stored = before.get(each.condition.pk)
        is_same = stored and (stored.verdict, stored.note) == (each.verdict, each.note)
        if not each.verdict:
            withdrawn.append(each.condition)
        elif not is_same or each.again:
            written.append(
                ClauseMark(
                    application=application,
                    condition=each.condition,
                    officer=actor,
                    revision_id=revision,
                    verdict=each.verdict,
                    note=each.note,
                )
            )
    own.filter(condition__in=withdrawn).delete()
    ClauseMark.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["application", "condition", "officer"],
        update_fields=["revision", "verdict", "note", "at"],
    )


def summary(applications: Iterable[Application], user: User) -> dict[int, dict[str, int]]:
    """By application, how many clauses are met, unmet, to verify, and still open, to all officers.

    The gravest mark counts, and only marks on the present revision.
    """
    applications = list(applications)
    marks = ClauseMark.objects.visible_to(user).filter(
        application__in=applications, revision=F("application__current_revision")
    )
    said: dict[tuple[int, int], set[str]] = {}
    for application, condition, verdict in marks.values_list("application", "condition", "verdict"):
        said.setdefault((application, condition), set()).add(verdict)
    counts = {}
    for application in applications:
        count = dict.fromkeys([*Verdict.values, "open"], 0)
        for condition in application.version.conditions:
            verdicts = said.get((application.pk, condition.pk), ())
            count[next((each for each in GRAVEST_FIRST if each in verdicts), "open")] += 1
        counts[application.pk] = count
    return counts
