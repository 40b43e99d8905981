"""Carry-over (沿用): an application in a new round starts from the answers of an earlier one.

``POLICY`` says for every field whether its answer is kept, kept but to be confirmed, or never
taken over. What is to be confirmed stands in ``Answers.unconfirmed`` and counts as missing until
somebody has confirmed or changed it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from applications import saving, workflow
from applications.checks import Location
from applications.models import (
    Answers,
    Application,
    BasicInformation,
    Explanation,
    FactoryOverview,
    FinanceYear,
    IndicatorValue,
    Integrator,
    RequirementAnswer,
    Results,
    ScenarioConstruction,
    ScenarioInstance,
)
from applications.sections import SECTIONS, Filing, Group, Section, answer_text
from portal.accounts.models import User
from portal.errors import NotAllowed
from portal.rounds.models import RoundVersion


class Carry(StrEnum):
    """What becomes of an answer in the next round."""

    KEEP = "直接沿用"
    RECONFIRM = "沿用，须逐项确认"
    NEVER = "不沿用，须重新填写"


POLICY: dict[type[Answers], tuple[Carry, dict[str, Carry]]] = {
    # What seldom changes is kept; who and how big one is may have changed since.
    BasicInformation: (
        Carry.RECONFIRM,
        dict.fromkeys(
            (
                "registered_division",
                "registered_address",
                "factory_address",
                "nature",
                "industry",
                "industry_detail",
                "is_branch",
                "branch_note",
                "founded_on",
            ),
            Carry.KEEP,
        ),
    ),
    # Figures and statements belong to their own year.
    FinanceYear: (Carry.NEVER, {}),
    RequirementAnswer: (Carry.NEVER, {"explanation": Carry.RECONFIRM}),
    FactoryOverview: (Carry.RECONFIRM, {"is_authentic": Carry.NEVER}),
    Integrator: (Carry.RECONFIRM, {}),
    ScenarioConstruction: (Carry.RECONFIRM, {}),
    ScenarioInstance: (Carry.RECONFIRM, {}),
    Explanation: (Carry.NEVER, {}),
    Results: (Carry.RECONFIRM, {"is_new_plant": Carry.NEVER, "baseline": Carry.NEVER}),
    IndicatorValue: (Carry.NEVER, {}),
}
"""For each model the rule for its fields, and the fields that have a rule of their own."""


def policy_of(model: type[Answers], name: str) -> Carry:
    rule, exceptions = POLICY[model]
    return exceptions.get(name, rule)


def fields_by_policy() -> dict[Carry, dict[str, list[str]]]:
    """For each rule the labels it covers, by section and group title, for people to read."""
    found: dict[Carry, dict[str, list[str]]] = {rule: {} for rule in Carry}
    for section in SECTIONS:
        for part in (section, *section.groups):
            for field in part.model.answer_fields():
                rule = policy_of(part.model, field.name)
                found[rule].setdefault(part.title, []).append(str(field.verbose_name))
    return found


def source_for(filing: Filing, user: User) -> Application | None:
    """The enterprise's latest earlier application that an untouched draft can start from."""
    application = filing.application
    if not application.is_editable or is_begun(filing):
        return None
    return (
        Application.objects.visible_to(user)
        .filter(enterprise=application.enterprise_id, current_revision__isnull=False)
        .exclude(pk=application.pk)
        .with_sections()
        .order_by("-round__opens_at", "-pk")
        .first()
    )


def is_begun(filing: Filing) -> bool:
    """Whether somebody has saved anything, in a section or in a row of one."""
    return any(answers.edited_at for _section, _group, answers, _number in filing.blocks())


@transaction.atomic
def carry_over(application: Application, earlier: Application, *, actor: User) -> None:
    """Fill an untouched draft with what the policy takes over from ``earlier`` (``source_for``).

    Raises NotAllowed when somebody has begun to fill it in, StaleState when it is not editable.
    """
    workflow.hold(application.pk, actor)
    application = Application.objects.with_sections().get(pk=application.pk)
    if is_begun(Filing.of(application)):
        raise NotAllowed("这份申报已经开始填写，不能再沿用以前的内容。")
    filing = Filing.of(earlier)
    for section in SECTIONS:
        source, target = filing.answers[section.slug], section.answers(application)
        names = _copy(source, target)
        saving.stamp(target, names, actor)
        target.unconfirmed = _to_confirm(target, names)
        target.save(update_fields=[*names, *saving.BOOKKEEPING])
        for group in section.groups:
            _carry_rows(application, group, filing, actor)


def _copy(source: Answers, target: Answers) -> list[str]:
    """Copy what the policy takes over and is filled in; the names of those fields."""
    names = []
    for field in source.answer_fields():
        name = field.name
        is_blank = name not in source.unparsed and not answer_text(source, field)
        if policy_of(type(source), name) == Carry.NEVER or is_blank:
            continue
        saving.copy_answer(source, target, name)
        names.append(name)
    return names


def _to_confirm(answers: Answers, names: Iterable[str]) -> list[str]:
    return [name for name in names if policy_of(type(answers), name) == Carry.RECONFIRM]


def _carry_rows(application: Application, group: Group, filing: Filing, actor: User) -> None:
    rows, changed = [], {}
    places = {row.key: row for row in group.blank_rows(application)}
    for source in filing.rows[group.slug]:
        target = places.get(source.key) if group.fixed else _added(application, group, source)
        names = _copy(source, target) if target else []
        if isinstance(target, ScenarioInstance):
            names = _translate(target, application.version, names)
        if names:
            rows.append(target)
            changed[target.key] = names
    saving.store_rows(group, rows, changed, actor=actor)
    for row in rows:
        row.unconfirmed = _to_confirm(row, changed[row.key])
    group.model.objects.bulk_update(rows, ["unconfirmed"])


def _added(application: Application, group: Group, source: Answers) -> Answers:
    return group.model(application=application, key=source.key, order=source.order)


def _translate(row: ScenarioInstance, version: RoundVersion, names: list[str]) -> list[str]:
    """Point an instance at the same 环节 and 场景 in the new round's edition, by their names.

    A scenario that the new guide does not have any more becomes a name of one's own.
    """
    segments = {segment.name: segment for segment in version.segments}
    scenarios = {(s.segment.name, s.name): s for s in version.scenarios}
    segment, scenario = row.segment, row.scenario
    row.segment = segments.get(segment.name) if segment else None
    row.scenario = scenarios.get((scenario.segment.name, scenario.name)) if scenario else None
    if scenario and row.scenario is None:
        row.own_scenario = row.own_scenario or scenario.name
        names = [*names, "own_scenario"]
    return list(dict.fromkeys(names))


@dataclass(frozen=True)
class Unconfirmed(Location):
    """One answer that was carried over and waits to be confirmed."""

    row: str
    """What its row is called; empty for a section's own answers."""
    label: str
    text: str

    @property
    def place(self) -> str:
        """How a form names it."""
        return f"{self.group or self.section}/{self.key}/{self.field}"


def unconfirmed(filing: Filing) -> Iterator[Unconfirmed]:
    """What waits to be confirmed in the sections that ``filing`` holds."""
    for section, group, answers, number in filing.blocks():
        place = {"group": group.slug, "key": answers.key} if group else {}
        for field in answers.answer_fields():
            if field.name in answers.unconfirmed:
                yield Unconfirmed(
                    section.slug,
                    group.row_title(answers, number) if group else "",
                    str(field.verbose_name),
                    answer_text(answers, field) or answers.unparsed.get(field.name, ""),
                    field=field.name,
                    **place,
                )


@transaction.atomic
def affirm(application: Application, section: Section, places: set[str], *, actor: User) -> int:
    """Confirm the named places (see ``Unconfirmed.place``) of a section; how many there were."""
    workflow.hold(application.pk, actor)
    application = Application.objects.with_sections().get(pk=application.pk)
    filing = Filing.of(application, section)
    waiting = [each for each in unconfirmed(filing) if each.place in places]
    for _section, group, answers, _number in filing.blocks():
        here = (group.slug, answers.key) if group else ("", "")
        names = {each.field for each in waiting if (each.group, each.key) == here}
        if names:
            answers.unconfirmed = [name for name in answers.unconfirmed if name not in names]
            answers.save(update_fields=["unconfirmed"])
    return len(waiting)
