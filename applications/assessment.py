"""梯度自评: an enterprise's own answers, held against the clauses of all four levels.

No rule is written here: for each level the answers become a filing that no database knows, and
``checks.readiness`` says of it what it would say of an application.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from crispy_forms.bootstrap import InlineCheckboxes, InlineRadios
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Fieldset, Layout
from crispy_forms.layout import Row as LayoutRow
from django import forms
from django.db import models, transaction

from applications.checks import Clause, State, coverage, readiness
from applications.fields import CatalogueField, draft_field
from applications.models import (
    Application,
    BasicInformation,
    FactoryOverview,
    RequirementAnswer,
    ScenarioInstance,
    SelfAssessment,
)
from applications.sections import BY_SLUG, INSTANCES, SECTIONS, Filing
from portal.accounts.models import User
from portal.audit import trail
from portal.catalogue.models import Area, Condition, Division, Level, Modality, Segment
from portal.forms import PlainForm
from portal.rounds.models import Round, RoundVersion

Answers = dict[str, Any]
"""What ``SelfAssessment.answers`` holds."""


def edition() -> int | None:
    """The newest edition of the conditions that speaks of every level, else the newest."""
    levels: dict[int, set[str]] = {}
    for condition in Condition.objects.cached():
        levels.setdefault(condition.edition, set()).add(condition.level)
    whole = [year for year, found in levels.items() if found.issuperset(Level.values)]
    return max(whole or levels, default=None)


def version_of(level: str, year: int) -> RoundVersion:
    """The rules of a round of this level that nobody has to call for."""
    guides = {segment.edition for segment in Segment.objects.cached()}
    return RoundVersion(
        round=Round(level=level, year=year),
        condition_edition=year,
        indicator_edition=year,
        scenario_edition=year if year in guides else max(guides, default=year),
    )


def filing_of(answers: Answers, version: RoundVersion) -> Filing:
    """An application that says only what the self-assessment does."""
    application = Application(round=version.round, version=version)
    filing = Filing(application)
    for section in SECTIONS:
        filing.answers[section.slug] = section.model(application=application)
        for group in section.groups:
            filing.rows[group.slug] = group.blank_rows(application)
    basic, factory = filing.answers["basic"], filing.answers["factory"]
    basic.maturity_level = answers.get("maturity_level")
    code = answers.get("registered_division")
    basic.registered_division = next((d for d in Division.objects.cached() if d.code == code), None)
    finished = answers.get("finished_on")
    factory.finished_on = date.fromisoformat(finished) if finished else None
    said = dict(answers.get("requirements", {}))
    if basic.maturity_level is not None:
        # The level is asked for once; it is what the clause goes by, so nobody ticks it as well.
        levelled = (c.code for c in version.conditions if c.rule == Condition.Rule.MATURITY)
        said |= dict.fromkeys(levelled, RequirementAnswer.Answer.YES)
    for row in filing.rows["requirement_answers"]:
        row.answer = said.get(row.key, "")
    covered = answers.get("areas", ())
    first = {segment.area: segment for segment in reversed(version.segments)}
    filing.rows[INSTANCES.slug] = [
        ScenarioInstance(application=application, segment=first[area])
        for area in covered
        if area in first
    ]
    return filing


def answers_of(application: Application) -> Answers:
    """What an application says of the same questions."""
    filing = Filing.of(application, BY_SLUG["basic"], BY_SLUG["factory"], BY_SLUG["scenarios"])
    basic, factory = filing.answers["basic"], filing.answers["factory"]
    return {
        "requirements": {row.key: row.answer for row in filing.rows["requirement_answers"]},
        "maturity_level": basic.maturity_level,
        "areas": [area for area in Area.values if coverage(filing)[area]],
        "finished_on": factory.finished_on.isoformat() if factory.finished_on else "",
        "registered_division": basic.registered_division.code if basic.registered_division else "",
    }


# What it comes to


class Verdict(models.TextChoices):
    """Whether a level is reached, as far as an enterprise can tell by itself."""

    REACHED = "met", "达到"
    LACKING = "unmet", "未达到"
    OPEN = "open", "尚待填写"
    UNSAID = "judged", "没有规定"


BEYOND = (State.JUDGED, State.DECLARED)
"""What no self-assessment decides: others judge it, or it is promised when submitting."""


@dataclass(frozen=True)
class Standing:
    """One level: its clauses, and what they come to."""

    level: Level
    clauses: list[Clause]

    @cached_property
    def assessed(self) -> list[Clause]:
        return [clause for clause in self.clauses if clause.state not in BEYOND]

    @property
    def beyond(self) -> list[Clause]:
        return [clause for clause in self.clauses if clause.state in BEYOND]

    @property
    def lacking(self) -> list[Clause]:
        """What keeps the level from being reached."""
        return self._of(State.UNMET, Modality.MUST)

    @property
    def excusable(self) -> list[Clause]:
        """Clauses worded 原则上 that are not met, each of which a reason may stand in for."""
        return self._of(State.UNMET, Modality.IN_PRINCIPLE)

    @property
    def unanswered(self) -> list[Clause]:
        return self._of(State.OPEN, Modality.MUST, Modality.IN_PRINCIPLE)

    def _of(self, state: State, *modalities: Modality) -> list[Clause]:
        return [
            clause
            for clause in self.assessed
            if clause.state == state and clause.condition.modality in modalities
        ]

    @property
    def verdict(self) -> Verdict:
        if not any(clause.condition.level for clause in self.clauses):
            return Verdict.UNSAID
        if self.lacking:
            return Verdict.LACKING
        return Verdict.OPEN if self.unanswered else Verdict.REACHED


@dataclass(frozen=True)
class Line:
    """A line of the table: what one clause asks at each level, None where a level has none."""

    cells: list[tuple[Level, Clause | None]]

    @property
    def _conditions(self) -> list[Condition]:
        return [clause.condition for _level, clause in self.cells if clause]

    @property
    def is_common(self) -> bool:
        """Whether the clause is worded alike wherever it stands."""
        return len({condition.text for condition in self._conditions}) == 1

    @property
    def title(self) -> str:
        first = self._conditions[0]
        return first.text if self.is_common else first.get_rule_display()

    @property
    def where(self) -> str:
        return self._conditions[0].where if self.is_common else ""


@dataclass(frozen=True)
class Assessment:
    """All four levels."""

    standings: list[Standing]

    @property
    def unreached(self) -> list[Standing]:
        """The levels that something keeps from being reached, or may keep from it."""
        return [each for each in self.standings if each.lacking or each.excusable]

    @property
    def lines(self) -> list[Line]:
        """Clause by clause, those of one kind beside each other whatever their level."""
        lines: dict[tuple[str, int], dict[Level, Clause]] = {}
        for standing in self.standings:
            numbers: dict[str, int] = {}
            for clause in standing.assessed:
                rule = clause.condition.rule
                numbers[rule] = numbers.get(rule, 0) + 1
                lines.setdefault((rule, numbers[rule]), {})[standing.level] = clause
        ordered = sorted(
            lines.values(), key=lambda cells: min(c.condition.order for c in cells.values())
        )
        return [
            Line([(each.level, cells.get(each.level)) for each in self.standings])
            for cells in ordered
        ]


def assess(answers: Answers, year: int) -> Assessment:
    """The answers held against every level of an edition of the conditions."""
    standings = []
    for level in Level:
        clauses = readiness(filing_of(answers, version_of(level, year)))
        standings.append(Standing(level, [_as_asked(clause) for clause in clauses]))
    return Assessment(standings)


def _as_asked(clause: Clause) -> Clause:
    """Of the maturity only the level was asked for, so no self-check is quoted beside it."""
    if clause.condition.rule != Condition.Rule.MATURITY:
        return clause
    return replace(clause, basis=clause.basis.rpartition("；")[2])


# Asking


class AssessmentForm(PlainForm):
    """Everything that is asked, once for all levels; nothing is required."""

    areas = forms.MultipleChoiceField(
        label="已建成典型场景的大环节",
        choices=Area.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="每个大环节有一个已建成的典型场景即可勾选。",
    )

    def __init__(self, *args: Any, year: int, answers: Answers | None = None, **kwargs: Any):
        said = dict(answers or {})
        initial = said | {f"r-{code}": yes for code, yes in said.get("requirements", {}).items()}
        super().__init__(*args, initial=initial, **kwargs)
        version = version_of(Level.EXCELLENT, year)
        self.requirements: list[str] = []
        for condition in Condition.objects.cached(edition=year):
            if condition.rule == Condition.Rule.BASIC_REQUIREMENT:
                field = draft_field(RequirementAnswer._meta.get_field("answer"))
                field.label, field.help_text = condition.text, condition.where
                self.fields[f"r-{condition.code}"] = field
                self.requirements.append(condition.code)
        for model, name in (
            (BasicInformation, "maturity_level"),
            (BasicInformation, "registered_division"),
            (FactoryOverview, "finished_on"),
        ):
            self.fields[name] = draft_field(model._meta.get_field(name))
        division = self.fields["registered_division"]
        if isinstance(division, CatalogueField):
            division.offer(version)
        code = said.get("registered_division")
        self.initial["registered_division"] = next(
            (d.pk for d in Division.objects.cached() if d.code == code), None
        )

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        helper.layout = Layout(
            Fieldset("基础要求", *(InlineRadios(f"r-{code}") for code in self.requirements)),
            Fieldset(
                "工厂",
                LayoutRow(
                    Column("maturity_level", css_class="col-md-4"),
                    Column("finished_on", css_class="col-md-4"),
                    Column("registered_division", css_class="col-md-4"),
                ),
                InlineCheckboxes("areas"),
            ),
        )
        return helper

    def answers(self) -> Answers:
        """What was said, as it is stored; for a form that is valid."""
        said = self.cleaned_data
        finished, division = said["finished_on"], said["registered_division"]
        return {
            "requirements": {
                code: said[f"r-{code}"] for code in self.requirements if said[f"r-{code}"]
            },
            "maturity_level": said["maturity_level"],
            "areas": said["areas"],
            "finished_on": finished.isoformat() if finished else "",
            "registered_division": division.code if division else "",
        }


@transaction.atomic
def save(answers: Answers, year: int, *, actor: User) -> SelfAssessment:
    """Keep the enterprise's answers; the trail learns that there are some, and not which."""
    kept, _ = SelfAssessment.objects.update_or_create(
        enterprise=actor.enterprise,
        defaults={"condition_edition": year, "answers": answers, "edited_by": actor},
    )
    trail.record("assess", "保存梯度自评", actor=actor, target=kept, named=str(actor.enterprise))
    return kept
