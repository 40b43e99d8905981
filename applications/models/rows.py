"""Repeating answers. A row is known inside its application by ``key``, which never changes.

The key is a year for finance, a clause for the basic requirements, a number for the indicators
and a random id for rows that people add; comparisons and saves match rows by it.
"""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from applications.models.application import Application
from applications.models.sections import Answers, Money, not_negative
from portal.catalogue.models import Indicator, Scenario, Segment
from portal.documents.model import rounded

MOST_CHANGE = 100000
"""Beyond this, an indicator's value (%, 个, 家) is a slip of the pen."""

YEARS = [
    MinValueValidator(1980, "年度请写成四位数，如 2024。"),
    MaxValueValidator(2099, "年度请写成四位数，如 2024。"),
]


def random_key() -> str:
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True)
class FixedRow:
    """A row that every application of a round has, because the notice asks for it."""

    key: str
    title: str
    note: str = ""
    heading: str = ""
    """Rows under one heading belong together, e.g. the five groups of indicators."""
    kind: str = ""
    name: str = ""
    """What a sentence calls the row whose title is too long for one."""


class Row(Answers):
    fixed: FixedRow | None = None
    """What the notice says of this row; None for rows that people add."""

    key = models.CharField(max_length=32, default=random_key, editable=False)
    order = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        abstract = True
        ordering = ["order", "pk"]

    @property
    def known_by(self) -> tuple[str, ...]:
        """What tells the row from others that people added; the last part is its name."""
        return ()


class FinanceYear(Row):
    """近三年经营与财务状况: one year; the key is the year."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="finance_years", editable=False
    )
    revenue = Money("营业收入（万元）", null=True, validators=[not_negative])
    profit = Money("利润总额（万元）", null=True)
    assets = Money("资产总额（万元）", null=True, validators=[not_negative])
    debt_ratio = models.DecimalField(
        "资产负债率（%）", max_digits=6, decimal_places=2, null=True, validators=[not_negative]
    )
    research_spending = Money("研发投入（万元）", null=True, validators=[not_negative])
    staff = models.PositiveIntegerField("从业人数（人）", null=True)
    is_unaudited = models.BooleanField("数据未经审计", default=False, blank=True)

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "近三年经营与财务状况"
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="finance_year_key")
        ]


class RequirementAnswer(Row):
    """基础要求自查: one clause of 附件2 一; the key is the clause's code."""

    class Answer(models.TextChoices):
        YES = "yes", "符合"
        NO = "no", "不符合"

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="requirement_answers", editable=False
    )
    answer = models.CharField("是否符合", max_length=3, choices=Answer)
    explanation = models.CharField("情况说明", max_length=500)

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "基础要求自查"
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="requirement_answer_key")
        ]


class Integrator(Row):
    """集成商: who built which part."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="integrators", editable=False
    )
    name = models.CharField("集成商名称", max_length=100, help_text="自建的填本单位名称。")
    work = models.CharField("承担内容", max_length=300)
    is_own = models.BooleanField("自建", default=False, blank=True)

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "集成商"
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="integrator_key")
        ]

    @property
    def known_by(self) -> tuple[str, ...]:
        return (self.name,)


class ScenarioInstance(Row):
    """典型场景实例: 环节 → 场景 → 实例."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="instances", editable=False
    )
    segment = models.ForeignKey(
        Segment, models.PROTECT, null=True, related_name="+", verbose_name="环节"
    )
    scenario = models.ForeignKey(
        Scenario,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="场景",
        help_text="从指引中选择；指引中没有的，在下一栏自行填写。",
    )
    own_scenario = models.CharField(
        "自填场景名", max_length=40, blank=True, help_text="仅在未选择场景时填写。"
    )
    name = models.CharField("实例名称", max_length=100)
    pain_point = models.TextField("实施前痛点", max_length=1000)
    content = models.TextField("建设内容", max_length=3000)
    equipment = models.TextField("关键装备", max_length=1000)
    software = models.TextField("软件系统", max_length=1000)
    effect = models.TextField("应用成效", max_length=1000)
    uses_ai = models.BooleanField("应用人工智能技术", null=True)

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "典型场景实例"
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="scenario_instance_key")
        ]

    @property
    def scenario_name(self) -> str:
        return self.scenario.name if self.scenario else self.own_scenario

    @property
    def known_by(self) -> tuple[str, ...]:
        return (self.segment.name if self.segment else "", self.scenario_name, self.name)

    @property
    def line(self) -> str:
        """环节—场景—实例, as Annex 1 lists it; '……' stands for what is still missing."""
        return "—".join(part or "……" for part in self.known_by)


class Explanation(Row):
    """原则性要求的说明: why a clause worded 原则上 is not met; the key is the condition's code."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="explanations", editable=False
    )
    reason = models.TextField(
        "未达到的理由",
        max_length=500,
        blank=True,
        help_text="达到的不填；未达到的写明理由，随申报提交。",
    )

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "原则性要求的说明"
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="explanation_key")
        ]


class IndicatorValue(Row):
    """关键绩效指标: one of the round's indicators; the key is its number."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="indicator_values", editable=False
    )
    before = models.DecimalField("建设前", max_digits=16, decimal_places=4, null=True, blank=True)
    before_year = models.PositiveSmallIntegerField(
        "建设前年度", null=True, blank=True, validators=YEARS
    )
    after = models.DecimalField("建设后", max_digits=16, decimal_places=4, null=True, blank=True)
    after_year = models.PositiveSmallIntegerField(
        "建设后年度", null=True, blank=True, validators=YEARS
    )
    value = models.DecimalField(
        "指标值",
        max_digits=10,
        decimal_places=2,
        null=True,
        validators=[
            MinValueValidator(-MOST_CHANGE, "数值超出合理范围，请核对。"),
            MaxValueValidator(MOST_CHANGE, "数值超出合理范围，请核对。"),
        ],
    )
    is_not_applicable = models.BooleanField("不适用", default=False, blank=True)
    note = models.CharField(
        "口径说明或理由",
        max_length=300,
        blank=True,
        help_text="不适用的，或指标值与计算值不同的，写明理由。",
    )

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "关键绩效指标"
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="indicator_value_key")
        ]

    @property
    def computed(self) -> Decimal | None:
        """What the values before and after make of the indicator; None where they do not suffice.

        A change is in %, positive in the indicator's good direction; a level is the one after.
        """
        if self.fixed is None or self.after is None:
            return None
        computed = self.after
        if self.fixed.kind in (Indicator.Kind.INCREASE, Indicator.Kind.DECREASE):
            if not self.before:  # not given, or zero, from which there is no change in %
                return None
            computed = (self.after - self.before) / abs(self.before) * 100
            if self.fixed.kind == Indicator.Kind.DECREASE:
                computed = -computed
        return rounded(computed)

    @property
    def is_overridden(self) -> bool:
        """Whether a value was typed that is not the computed one."""
        if self.value is None or self.computed is None:
            return False
        return abs(self.value - self.computed) > Decimal("0.01")

    def value_of(self, name: str) -> Any:
        """As stored; the indicator's value falls back to the computed one."""
        if name == "value" and self.value is None and "value" not in self.unparsed:
            return self.computed
        return super().value_of(name)
