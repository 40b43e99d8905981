"""Gaps: what is required and missing, what did not parse, what is too long or not confirmed."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.db import models

from applications import field_rules
from applications.checks.finding import Finding, comment_location, slot_location
from applications.models import Answers, IndicatorValue
from applications.sections import BY_SLUG, INSTANCES, Filing, Group, Section, shortened
from portal.rounds.models import RoundVersion


def gaps(filing: Filing) -> Iterator[Finding]:
    """What each field, group, material and comment still lacks."""
    for section, group, answers, number in filing.blocks():
        yield from _fields_of(filing, section, group, answers, number)
    yield from _rows_lacking(filing)
    yield from _materials_lacking(filing)
    yield from _comments_unanswered(filing)


def required_names(version: RoundVersion, group: Group | None, answers: Answers) -> set[str]:
    """The fields of a set of answers that must be filled to submit."""
    names = {f.name for f in answers.answer_fields() if _is_required(version, answers, f)}
    if group is INSTANCES:
        names.add("scenario")  # chosen, or named in the next field
    return names


def _is_tick(db_field: models.Field) -> bool:
    """A box to tick, as opposed to a question answered with 是 or 否."""
    return isinstance(db_field, models.BooleanField) and not db_field.null


def _is_empty(db_field: models.Field, value: Any) -> bool:
    return value is None or value == "" or (_is_tick(db_field) and not value)


def _is_required(version: RoundVersion, answers: Answers, db_field: models.Field) -> bool:
    if getattr(answers, "is_not_applicable", False):
        return db_field.name == "note"
    return field_rules.is_required(version, db_field)


def _fields_of(
    filing: Filing, section: Section, group: Group | None, answers: Answers, number: int
) -> Iterator[Finding]:
    place = {"section": section.slug}
    title = ""
    if group:
        place |= {"group": group.slug, "key": answers.key}
        title = f"{group.row_name(answers, number)}："
    kept = _reasons(filing, group or section, answers) if answers.unparsed else {}
    version = filing.application.version
    for db_field in answers.answer_fields():
        label = f"“{db_field.verbose_name}”"
        value = answers.value_of(db_field.name)
        limit = field_rules.longest(version, db_field) if isinstance(value, str) else None
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
        elif _is_empty(db_field, value):
            if _is_required(version, answers, db_field):
                verb = "请勾选" if _is_tick(db_field) else "请填写"
                yield Finding(message=f"{title}{verb}{label}。", is_gap=True, **here)
        elif limit and len(value) > limit:
            yield Finding(
                message=f"{title}{label}最多 {limit} 字，现有 {len(value)} 字，"
                f"请删减 {len(value) - limit} 字。",
                **here,
            )
        elif db_field.name in answers.unconfirmed:
            yield Finding(
                message=f"{title}{label}沿用自上一批次，请确认或修改。", is_gap=True, **here
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
    form = part.form(instance=answers, version=filing.application.version)
    return {name: errors[0] for name, errors in form.errors.items()}


def _rows_lacking(filing: Filing) -> Iterator[Finding]:
    for slug in filing.answers:
        section = BY_SLUG[slug]
        for group in section.groups:
            if len(filing.rows[group.slug]) < group.minimum:
                yield Finding(
                    section.slug,
                    f"请至少填写 {group.minimum} 条“{group.title}”。",
                    group=group.slug,
                    is_gap=True,
                )


def _materials_lacking(filing: Filing) -> Iterator[Finding]:
    given = {attachment.material_id for attachment in filing.attachments}
    for material in filing.materials:
        if material.is_required and material.pk not in given:
            yield Finding(
                message=f"请上传“{material}”（{material.get_accepts_display()}）。",
                is_gap=True,
                **asdict(slot_location(material)),
            )


def _comments_unanswered(filing: Filing) -> Iterator[Finding]:
    for comment in filing.comments:
        if not comment.answer:
            yield Finding(
                message=f"退回意见尚未答复：{shortened(comment.text, 60)}",
                **asdict(comment_location(comment)),
            )
