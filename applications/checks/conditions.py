"""Readiness: every clause of the round's level, whether it is met, and what that rests on.

The rules are the catalogue's (``Condition.Rule``); how much a clause that is not met weighs is read
from its wording: 须 blocks, 原则上 warns and asks for a reason, 鼓励 hints.
"""

from collections import Counter
from dataclasses import dataclass, replace

from django.db import models
from django.utils import timezone

from applications.checks.finding import Finding, Location, Severity, label_of, row_of, said
from applications.models import Explanation, RequirementAnswer, Results
from applications.sections import INSTANCES, Filing
from portal.catalogue.models import Area, Condition, Modality

BY_MODALITY = {
    Modality.MUST: Severity.BLOCK,
    Modality.IN_PRINCIPLE: Severity.WARN,
    Modality.ENCOURAGED: Severity.HINT,
}


class State(models.TextChoices):
    """Where a clause stands, as far as the answers tell."""

    MET = "met", "满足"
    UNMET = "unmet", "不满足"
    OPEN = "open", "尚待填写"
    JUDGED = "judged", "待审核人员判断"
    DECLARED = "declared", "提交时承诺"


@dataclass(frozen=True)
class Clause(Location):
    """One condition with its state; the location is that of the answer the state rests on."""

    condition: Condition
    state: State
    basis: str
    """What the state rests on, in a few words."""
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    """Why a clause worded 原则上 is not met: the field and what the enterprise wrote in it."""

    @property
    def is_encouraged(self) -> bool:
        return self.condition.modality == Modality.ENCOURAGED


def readiness(filing: Filing) -> list[Clause]:
    """The clauses of the round's level in the notice's order; for a filing read as a whole."""
    return [
        _weighed(filing, RULES[c.rule](filing, c)) for c in filing.application.version.conditions
    ]


def _weighed(filing: Filing, clause: Clause) -> Clause:
    """The clause with its findings as binding as its wording."""
    condition = clause.condition
    severity = BY_MODALITY[Modality(condition.modality)]
    findings = [replace(f, severity=severity, clause=condition.where) for f in clause.findings]
    if condition.modality != Modality.IN_PRINCIPLE or clause.state != State.UNMET:
        return replace(clause, findings=tuple(findings))
    row = row_of(filing, "explanations", condition.code)
    label, reason = label_of(Explanation, "reason"), row.reason.strip()
    if not reason:
        findings.append(
            Finding(
                "scenarios",
                f"请说明{label}：{condition.text}。",
                group="explanations",
                key=row.key,
                field="reason",
                clause=condition.where,
                is_gap=True,
            )
        )
    shown = f"{label}：{reason}" if reason else ""
    return replace(clause, findings=tuple(findings), reason=shown)


def _requirement(filing: Filing, condition: Condition) -> Clause:
    row = row_of(filing, "requirement_answers", condition.code)
    here = {"group": "requirement_answers", "key": row.key, "field": "answer"}
    match row.answer:
        case RequirementAnswer.Answer.YES:
            return Clause("basic", condition, State.MET, "自查：符合", **here)
        case RequirementAnswer.Answer.NO:
            finding = Finding(
                "basic",
                f"{condition.short_where} 自查为“不符合”。不符合基础要求的不能申报；如填错请改正。",
                **here,
            )
            return Clause("basic", condition, State.UNMET, "自查：不符合", (finding,), **here)
    return Clause("basic", condition, State.OPEN, "尚未自查", **here)


def _maturity(filing: Filing, condition: Condition) -> Clause:
    """The clause of the basic requirements that also names a least level."""
    checked = _requirement(filing, condition)
    basic = filing.answers["basic"]
    level = basic.maturity_level
    if level is None:
        state = State.UNMET if checked.state == State.UNMET else State.OPEN
        return replace(checked, basis=f"{checked.basis}；等级尚未填写", state=state)
    basis = f"{checked.basis}；{basic.get_maturity_level_display()}"
    if level >= condition.minimum:
        return replace(checked, basis=basis)
    asking = filing.application.version.round.get_level_display()
    finding = Finding(
        "basic",
        f"成熟度等级为 {level} 级，{asking}要求 {condition.minimum} 级及以上。",
        field="maturity_level",
    )
    return Clause(
        "basic",
        condition,
        State.UNMET,
        basis,
        (*checked.findings, finding),
        field="maturity_level",
    )


def _completed(filing: Filing, condition: Condition) -> Clause:
    factory = filing.answers["factory"]
    here = {"field": "finished_on"}
    end = factory.finished_on
    if end is None:
        basis = f"{label_of(factory, 'finished_on')}尚未填写"
        return Clause("factory", condition, State.OPEN, basis, **here)
    basis = said(factory, "finished_on")
    if end <= timezone.localdate():
        return Clause("factory", condition, State.MET, basis, **here)
    finding = Finding(
        "factory",
        f"“建设完成日期”为 {end}，尚未到；申报主体应已完成智能工厂建设。",
        **here,
    )
    return Clause("factory", condition, State.UNMET, basis, (finding,), **here)


def coverage(filing: Filing) -> Counter[str]:
    """How many scenario instances there are in each 大环节."""
    rows = filing.rows[INSTANCES.slug]
    return Counter(row.segment.area for row in rows if row.segment and row.segment.area)


@dataclass(frozen=True)
class AreaCoverage:
    """One 大环节: how many instances it has, and how strongly the level asks for one.

    An instance of any of its 环节 (``segments``) covers it.
    """

    area: Area
    count: int
    asked: Modality | None
    segments: list[str]

    @property
    def is_lacking(self) -> bool:
        return self.asked is not None and not self.count


def areas(filing: Filing) -> list[AreaCoverage]:
    """The five 大环节 with what the round's level asks of each."""
    covered, version = coverage(filing), filing.application.version
    asked = {
        area: Modality(condition.modality)
        for condition in version.conditions
        if condition.rule == Condition.Rule.COVERAGE
        for area in condition.areas
    }
    return [
        AreaCoverage(
            area,
            covered[area],
            asked.get(area),
            [s.name for s in version.segments if s.area == area],
        )
        for area in Area
    ]


def _coverage(filing: Filing, condition: Condition) -> Clause:
    lacking = [each for each in areas(filing) if each.area in condition.areas and not each.count]
    here = {"group": INSTANCES.slug}
    if not filing.rows[INSTANCES.slug]:
        basis = f"尚未填写{INSTANCES.title}"
        return Clause("scenarios", condition, State.OPEN, basis, **here)
    basis = f"已覆盖 {len(condition.areas) - len(lacking)} / {len(condition.areas)}"
    if not lacking:
        return Clause("scenarios", condition, State.MET, basis, **here)
    names = "；".join(f"{each.area.label}（环节：{'、'.join(each.segments)}）" for each in lacking)
    finding = Finding("scenarios", f"{condition.text}，尚未覆盖：{names}。", **here)
    return Clause("scenarios", condition, State.UNMET, basis, (finding,), **here)


def _registered(filing: Filing, condition: Condition) -> Clause:
    """The registered place is chosen among the province's counties, so any is right."""
    basic = filing.answers["basic"]
    here = {"field": "registered_division"}
    if basic.registered_division:
        return Clause("basic", condition, State.MET, said(basic, "registered_division"), **here)
    basis = f"{label_of(basic, 'registered_division')}尚未填写"
    return Clause("basic", condition, State.OPEN, basis, **here)


def _declared(filing: Filing, condition: Condition) -> Clause:
    return Clause("", condition, State.DECLARED, "提交时逐项承诺")


def _judged(filing: Filing, condition: Condition) -> Clause:
    basis = f"请在{label_of(Results, 'effect')}中写明"
    return Clause("results", condition, State.JUDGED, basis, field="effect")


RULES = {
    Condition.Rule.BASIC_REQUIREMENT: _requirement,
    Condition.Rule.MATURITY: _maturity,
    Condition.Rule.COMPLETED: _completed,
    Condition.Rule.COVERAGE: _coverage,
    Condition.Rule.REGISTERED: _registered,
    Condition.Rule.DECLARATION: _declared,
    Condition.Rule.JUDGED: _judged,
}
"""How each rule of the catalogue is checked."""
