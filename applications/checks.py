"""Readiness: what is missing or wrong, each finding in one Chinese sentence with its clause.

One engine for the task list, the section pages and the guard of ``workflow.submit``. Saving never
asks it; submitting refuses while any finding blocks.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone

from applications.models import Answers, IndicatorValue, RequirementAnswer, Row
from applications.models.rows import MOST_CHANGE
from applications.sections import INSTANCES, SECTIONS, Filing, Group, Section
from portal.catalogue.models import Area, Condition, Indicator, Modality


class Severity(models.TextChoices):
    BLOCK = "block", "须改正"
    WARN = "warn", "请核对"
    HINT = "hint", "提示"


BY_MODALITY = {
    Modality.MUST: Severity.BLOCK,
    Modality.IN_PRINCIPLE: Severity.WARN,
    Modality.ENCOURAGED: Severity.HINT,
}


@dataclass(frozen=True)
class Finding:
    """Something to mend, with the place to mend it."""

    section: str
    message: str
    severity: Severity = Severity.BLOCK
    brief: str = ""
    """The same in a few words, for a narrow cell beside which the message stands in full."""
    field: str = ""
    group: str = ""
    key: str = ""
    clause: str = ""
    is_gap: bool = False
    """True for what is simply not filled yet, which a page under way need not shout about."""

    @property
    def anchor(self) -> str:
        """The id of the field on its page."""
        if not self.field:
            return self.group
        prefix = f"{self.group}-{self.key}-" if self.group and self.group != INSTANCES.slug else ""
        return f"id_{prefix}{self.field}"


def findings(filing: Filing) -> list[Finding]:
    """Everything to say about the sections that ``filing`` holds, in their order."""
    found = [finding for block in filing.blocks() for finding in _fields_of(filing, *block)]
    for section in SECTIONS:
        if section.slug in filing.answers:
            found += _counts(filing, section)
    found += _consistency(filing)
    if len(filing.answers) == len(SECTIONS):
        found += _conditions(filing)
    order = [section.slug for section in SECTIONS]
    return sorted(found, key=lambda finding: order.index(finding.section))


def blocking(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.severity == Severity.BLOCK]


def progress(filing: Filing, found: list[Finding]) -> dict[str, tuple[int, int]]:
    """For each section: how many required answers are right, and how many are required."""
    wrong = {(f.section, f.group, f.key, f.field) for f in blocking(found)}
    done, required = defaultdict(int), defaultdict(int)
    for section, group, answers, _number in filing.blocks():
        place = (section.slug, group.slug, answers.key) if group else (section.slug, "", "")
        names = {f.name for f in answers.answer_fields() if _is_required(answers, f)}
        if group is INSTANCES:
            names.add("scenario")  # chosen, or named in the next field
        required[section.slug] += len(names)
        done[section.slug] += sum((*place, name) not in wrong for name in names)
    for section in SECTIONS:
        for group in section.groups:
            required[section.slug] += max(0, group.minimum - len(filing.rows[group.slug]))
    return {slug: (done[slug], required[slug]) for slug in filing.answers}


# Field by field


def _is_tick(db_field: models.Field) -> bool:
    """A box to tick, as opposed to a question answered with 是 or 否."""
    return isinstance(db_field, models.BooleanField) and not db_field.null


def _is_empty(db_field: models.Field, value: Any) -> bool:
    return value is None or value == "" or (_is_tick(db_field) and not value)


def _is_required(answers: Answers, db_field: models.Field) -> bool:
    if getattr(answers, "is_not_applicable", False):
        return db_field.name == "note"
    return not db_field.blank


def _fields_of(
    filing: Filing, section: Section, group: Group | None, answers: Answers, number: int
) -> Iterator[Finding]:
    place = {"section": section.slug}
    title = ""
    if group:
        place |= {"group": group.slug, "key": answers.key}
        title = f"{row_name(group, answers, number)}："
    kept = _reasons(filing, group or section, answers) if answers.unparsed else {}
    for db_field in answers.answer_fields():
        label = f"“{db_field.verbose_name}”"
        value = answers.value_of(db_field.name)
        here = {**place, "field": db_field.name}
        if db_field.name in answers.unparsed:
            reason = kept.get(db_field.name, "未能保存，请核对后重新保存。")
            yield Finding(message=f"{title}{label}：{reason}", **here)
        elif db_field.name == "value" and _starts_from_zero(answers):
            yield Finding(
                message=f"{title}建设前为 0，无法计算，请直接填写指标值。",
                brief="请直接填写",
                **here,
            )
        elif _is_empty(db_field, value) and _is_required(answers, db_field):
            verb = "请勾选" if _is_tick(db_field) else "请填写"
            yield Finding(message=f"{title}{verb}{label}。", is_gap=True, **here)
        elif isinstance(db_field, models.TextField) and len(value) > db_field.max_length:
            yield Finding(
                message=f"{title}{label}最多 {db_field.max_length} 字，现有 {len(value)} 字，"
                f"请删减 {len(value) - db_field.max_length} 字。",
                **here,
            )


def _starts_from_zero(row: IndicatorValue) -> bool:
    """Whether a change was left to be computed from values that make none."""
    return (
        row.before == 0
        and row.after is not None
        and row.value_of("value") is None
        and not row.is_not_applicable
    )


def _reasons(filing: Filing, part: Section | Group, answers: Answers) -> dict[str, str]:
    """Why each text kept as typed was not taken, in the words of the form that shows it again."""
    form = part.form(instance=answers, round=filing.application.round)
    return {name: errors[0] for name, errors in form.errors.items()}


def row_name(group: Group, row: Row, number: int) -> str:
    """What to call a row in a sentence: a clause by its number, for its title is the clause."""
    if row.fixed and isinstance(row, RequirementAnswer):
        return row.fixed.note.rpartition("、")[2]
    return _short(group.row_title(row, number))


def _short(title: str, length: int = 22) -> str:
    return title if len(title) <= length else f"{title[:length]}…"


def _counts(filing: Filing, section: Section) -> Iterator[Finding]:
    for group in section.groups:
        lacking = group.minimum - len(filing.rows[group.slug])
        if lacking > 0:
            yield Finding(
                section.slug,
                f"请至少填写 {group.minimum} 条“{group.title}”。",
                group=group.slug,
                is_gap=True,
            )


# Across fields


def _consistency(filing: Filing) -> Iterator[Finding]:
    for section, checks_of_it in CONSISTENCY.items():
        if section in filing.answers:
            for check in checks_of_it:
                yield from check(filing)


def _basic(filing: Filing) -> Iterator[Finding]:
    basic, today = filing.answers["basic"], timezone.localdate()
    if basic.founded_on and basic.founded_on > today:
        yield Finding("basic", "“成立日期”在今天之后，请核对。", field="founded_on")
    if basic.maturity_assessed_on and basic.maturity_assessed_on > today:
        yield Finding("basic", "“评估日期”在今天之后，请核对。", field="maturity_assessed_on")


def _finance(filing: Filing) -> Iterator[Finding]:
    for row in filing.rows["finance_years"]:
        here = {
            "section": "basic",
            "group": "finance_years",
            "key": row.key,
            "severity": Severity.WARN,
        }
        if row.debt_ratio is not None and row.debt_ratio > 100:
            yield Finding(
                message=f"{row.fixed.title}：资产负债率为 {row.debt_ratio}%，超过 100%，请核对。",
                field="debt_ratio",
                brief="超过 100%",
                **here,
            )
        if None not in (row.research_spending, row.revenue) and row.research_spending > row.revenue:
            yield Finding(
                message=f"{row.fixed.title}：研发投入 {row.research_spending} 万元，"
                f"超过营业收入 {row.revenue} 万元，请核对。",
                field="research_spending",
                brief="超过营业收入",
                **here,
            )


def _factory(filing: Filing) -> Iterator[Finding]:
    factory, today = filing.answers["factory"], timezone.localdate()
    start, end = factory.started_on, factory.finished_on
    if start and end and end < start:
        yield Finding(
            "factory", f"“建设完成日期”早于“建设开始日期”（{start}），请核对。", field="finished_on"
        )
    if start and start > today:
        yield Finding("factory", "“建设开始日期”在今天之后，请核对。", field="started_on")
    parts = [
        factory.equipment_investment,
        factory.software_investment,
        factory.integration_investment,
        factory.other_investment,
    ]
    if factory.total_investment is not None and any(p is not None for p in parts):
        total = sum((p or Decimal(0) for p in parts), Decimal(0))
        if total > factory.total_investment:
            yield Finding(
                "factory",
                f"各项投资合计 {total} 万元，超过“总投资” {factory.total_investment} 万元。",
                Severity.WARN,
                field="total_investment",
            )


def _scenarios(filing: Filing) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, row in enumerate(filing.rows[INSTANCES.slug], 1):
        here = {"section": "scenarios", "group": INSTANCES.slug, "key": row.key}
        if not row.scenario_name and not {"scenario", "own_scenario"} & set(row.unparsed):
            yield Finding(
                message=f"{INSTANCES.title} {number}：请选择“场景”，或自行填写场景名。",
                field="scenario",
                is_gap=True,
                **here,
            )
        if row.name and row.line in seen:
            yield Finding(
                message=f"{INSTANCES.title} {number} 与第 {seen[row.line]} 条重复：{row.line}",
                severity=Severity.WARN,
                field="name",
                **here,
            )
        seen.setdefault(row.line, number)


def _results(filing: Filing) -> Iterator[Finding]:
    for row in filing.rows["indicator_values"]:
        title, value = f"{_short(row.fixed.title)}：", row.value_of("value")
        if value is None or row.is_not_applicable:
            continue
        here = {"section": "results", "group": "indicator_values", "key": row.key, "field": "value"}
        if abs(value) > MOST_CHANGE:
            yield Finding(
                message=f"{title}按建设前后的值算得 {value}，超出合理范围，请核对。",
                brief="超出合理范围",
                **here,
            )
            continue
        match row.fixed.kind:
            case Indicator.Kind.RATIO if not 0 <= value <= 100:
                yield Finding(
                    message=f"{title}是比率，应在 0 到 100 之间。",
                    brief="应在 0 到 100 之间",
                    **here,
                )
            case Indicator.Kind.COUNT if value < 0 or value != value.to_integral_value():
                yield Finding(
                    message=f"{title}是数量，应为不小于 0 的整数。",
                    brief="应为整数",
                    **here,
                )
            case Indicator.Kind.DECREASE if value > 100:
                yield Finding(message=f"{title}最多下降 100%，请核对。", brief="最多 100", **here)
            case Indicator.Kind.INCREASE | Indicator.Kind.DECREASE if value < 0:
                yield Finding(
                    message=f"{title}{value} 是负数，表示建设后不如建设前，请核对。",
                    severity=Severity.WARN,
                    brief="为负数，请核对",
                    **here,
                )
        computed = row.computed
        if computed is not None and abs(value - computed) > Decimal("0.01"):
            yield Finding(
                message=f"{title}填写的是 {value}，按建设前后的值应为 {computed}，请核对。",
                severity=Severity.WARN,
                brief=f"前后值为 {computed}",
                **here,
            )


CONSISTENCY = {
    "basic": (_basic, _finance),
    "factory": (_factory,),
    "scenarios": (_scenarios,),
    "results": (_results,),
}


# Clause by clause


def _conditions(filing: Filing) -> Iterator[Finding]:
    for condition in filing.application.round.conditions:
        check = CONDITIONS.get(Condition.Rule(condition.rule))
        if check:
            severity = BY_MODALITY[Modality(condition.modality)]
            for finding in check(filing, condition):
                yield replace(finding, severity=severity, clause=condition.where)


def _requirement(filing: Filing, condition: Condition) -> Iterator[Finding]:
    for row in filing.rows["requirement_answers"]:
        if row.key == condition.code and row.answer == RequirementAnswer.Answer.NO:
            yield Finding(
                "basic",
                f"{condition.where.rpartition('、')[2]} 自查为“不符合”。"
                "不符合基础要求的不能申报；如填错请改正。",
                field="answer",
                group="requirement_answers",
                key=row.key,
            )


def _maturity(filing: Filing, condition: Condition) -> Iterator[Finding]:
    yield from _requirement(filing, condition)
    level = filing.answers["basic"].maturity_level
    if level is not None and level < condition.minimum:
        yield Finding(
            "basic",
            f"成熟度等级为 {level} 级，本批次要求 {condition.minimum} 级及以上。",
            field="maturity_level",
        )


def _completed(filing: Filing, condition: Condition) -> Iterator[Finding]:
    end = filing.answers["factory"].finished_on
    if end and end > timezone.localdate():
        yield Finding(
            "factory",
            f"“建设完成日期”为 {end}，尚未到；申报主体应已完成智能工厂建设。",
            field="finished_on",
        )


def _coverage(filing: Filing, condition: Condition) -> Iterator[Finding]:
    covered = {row.segment.area for row in filing.rows[INSTANCES.slug] if row.segment}
    lacking = [area for area in condition.areas if area not in covered]
    if lacking and filing.rows[INSTANCES.slug]:
        names = "；".join(_with_segments(filing, area) for area in lacking)
        yield Finding("scenarios", f"{condition.text}，尚未覆盖：{names}。", group=INSTANCES.slug)


def _with_segments(filing: Filing, area: str) -> str:
    """A 大环节 with the 环节 that count for it, any of which covers it."""
    names = [s.name for s in filing.application.round.segments if s.area == area]
    return f"{Area(area).label}（环节：{'、'.join(names)}）"


CONDITIONS = {
    Condition.Rule.BASIC_REQUIREMENT: _requirement,
    Condition.Rule.MATURITY: _maturity,
    Condition.Rule.COMPLETED: _completed,
    Condition.Rule.COVERAGE: _coverage,
}
"""How each rule of the catalogue is checked. REGISTERED holds because the registered place is
chosen among the province's counties, DECLARATION is asked for when submitting, JUDGED is the
reviewers'."""
