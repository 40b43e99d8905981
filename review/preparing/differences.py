"""What a round's settings say, and what one says otherwise than another.

Everything is brought to the same shape first: under each heading, what a thing is called and what
is said of it. So any two can be compared, and a new setting is compared without a word here.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from applications import field_rules
from applications.sections import kind_of
from portal.catalogue.models import Condition
from portal.documents.model import text_of
from portal.rounds.models import Material, Round, RoundVersion
from review.preparing.forms import INSTANTS, RoundForm, RulesForm, places

LONG_TEXT = 300
"""From this length on, only what differs of a text is shown."""

Facts = dict[str, str]
Contents = dict[str, Facts]
"""By heading."""

ROUND, SEATS = "批次", "名额"
RULES, DECLARATIONS, MATERIALS, FIELD_RULES = "填报规则", "承诺事项", "附件材料", "填写要求"
CONDITIONS, INDICATORS, SCENARIOS = "要素条件", "关键绩效指标", "典型场景"


@dataclass(frozen=True)
class Change:
    """One thing of which two say something different; None where there is no such thing."""

    name: str
    before: str | None
    after: str | None

    @property
    def in_words(self) -> str:
        if self.before is None:
            return f"增加“{self.name}”"
        if self.after is None:
            return f"去掉“{self.name}”"
        return f"修改“{self.name}”"


def of_round(round: Round) -> Contents:
    """What is said of the round itself."""
    own = {
        quota.bureau.short_name: f"{quota.seats} 个"
        for quota in round.quotas.select_related("bureau")
    }
    return {
        ROUND: _facts(round, RoundForm.Meta.fields),
        SEATS: own,
    }


def of_version(version: RoundVersion) -> Contents:
    """What is said by the rules of a round: all that the province fills in."""
    return {
        RULES: _facts(version, RulesForm.Meta.fields),
        DECLARATIONS: {
            row.text: f"第 {number} 项{f'，依据{row.clause}' if row.clause else ''}"
            for number, row in enumerate(version.declarations.all(), 1)
        },
        MATERIALS: {row.name: _of_material(row) for row in version.materials.all()},
        FIELD_RULES: dict(_field_rules(version)),
    }


def of_editions(version: RoundVersion) -> Contents:
    """What stands in the editions that a version is built on, as far as its level is concerned."""
    return {
        CONDITIONS: {
            f"{row.code} {row.where}": f"{row.text}（{row.get_modality_display()}；{_rule(row)}）"
            for row in version.conditions
        },
        INDICATORS: {
            f"{row.no}. {row.name}": f"{row.category}，{row.unit}，{row.get_kind_display()}"
            for row in version.indicators
        },
        SCENARIOS: {
            f"{row.segment}—{row.name}": row.get_certainty_display() for row in version.scenarios
        },
    }


def everything(round: Round, version: RoundVersion) -> Contents:
    return {**of_round(round), **of_version(version), **of_editions(version)}


def between(old: Contents, new: Contents) -> list[tuple[str, list[Change]]]:
    """What ``new`` says otherwise than ``old``, heading by heading, in reading order."""
    found = []
    for heading, facts in new.items():
        before = old.get(heading, {})
        names = [*facts, *(name for name in before if name not in facts)]
        changes = [
            Change(name, *_apart(before.get(name), facts.get(name)))
            for name in names
            if before.get(name) != facts.get(name)
        ]
        if changes:
            found.append((heading, changes))
    return found


def _apart(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Of two long texts, only the paragraphs that the other has not."""
    if before is None or after is None or min(len(before), len(after)) < LONG_TEXT:
        return before, after
    old, new = before.split("\n"), after.split("\n")
    return _without(old, new), _without(new, old)


def _without(lines: list[str], others: list[str]) -> str:
    known = set(others)
    return "\n".join(line for line in lines if line not in known) or "（其余各段相同）"


def in_words(found: list[tuple[str, list[Change]]], most: int = 12) -> str:
    """The same in one line, for a record."""
    said = [f"{heading}：{change.in_words}" for heading, changes in found for change in changes]
    more = f"；等 {len(said)} 处" if len(said) > most else ""
    return "；".join(each[:60] for each in said[:most]) + more


def digest(contents: Contents) -> str:
    """What a page carries to say what it was showing."""
    return hashlib.sha256(json.dumps(contents, ensure_ascii=False).encode()).hexdigest()[:16]


def _facts(row: models.Model, names: Iterable[str]) -> Facts:
    fields = [row._meta.get_field(name) for name in names]
    return {str(field.verbose_name): _said(row, field) for field in fields}


def _said(row: models.Model, field: models.Field) -> str:
    value = getattr(row, field.name)
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(field, models.DateTimeField):
        return INSTANTS[field.name](value)
    return text_of(value, kind_of(field)).strip()


def _of_material(row: Material) -> str:
    said = [
        f"{row.get_scope_display()}，{row.get_accepts_display()}",
        f"{row.max_files} 个，每个 {row.max_mb} MB 以内",
        "必须提供" if row.is_required else "",
        row.help,
    ]
    return "；".join(filter(None, said))


def _rule(condition: Condition) -> str:
    minimum = f" {condition.minimum}" if condition.minimum else ""
    areas = f"：{'、'.join(condition.areas)}" if condition.areas else ""
    return f"{condition.get_rule_display()}{minimum}{areas}"


def _field_rules(version: RoundVersion) -> Iterable[tuple[str, str]]:
    for place in places():
        rules = field_rules.rules_of(version, place.part.model)
        for field in place.fields:
            if rule := rules.get(field.name):
                required = {True: "必填", False: "选填", None: ""}[rule.is_required]
                length = f"限 {rule.max_length} 字" if rule.max_length else ""
                said = "，".join(filter(None, [required, length]))
                yield f"{place.title}：{field.verbose_name}", said
