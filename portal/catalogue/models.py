"""What notices and standards fix: bureaus, industries, scenarios, indicators, conditions.

Everything that changes from year to year carries its edition; a round names the editions it uses.
"""

import uuid
from collections.abc import Hashable
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models, transaction


class Level(models.TextChoices):
    """智能工厂等级 (附件2 《智能工厂梯度培育要素条件》)."""

    BASIC = "basic", "基础级"
    ADVANCED = "advanced", "先进级"
    EXCELLENT = "excellent", "卓越级"
    LEADING = "leading", "领航级"


class Area(models.TextChoices):
    """大环节: the five areas of Annex 2 whose coverage is asked for."""

    FACTORY = "工厂建设", "工厂建设"
    DESIGN = "研发设计", "研发设计"
    PRODUCTION = "生产作业", "生产作业"
    MANAGEMENT = "生产管理", "生产管理"
    OPERATION = "运营管理", "运营管理"


EDITION_OF_CACHE = "catalogue:changed"


class CatalogueQuerySet(models.QuerySet):
    """Rows that change once a year and are read on every page."""

    def cached(self, **filters: Hashable) -> list[Any]:
        """All rows matching ``filters`` in their official order, remembered for a minute.

        The catalogue is public, so caching it reveals nothing. A change through the admin shows at
        once where the cache is shared or there is one process, and within a minute elsewhere.
        """
        wanted = "&".join(f"{name}={value}" for name, value in sorted(filters.items()))
        changed = cache.get(EDITION_OF_CACHE, "")
        key = f"catalogue:{changed}:{self.model._meta.model_name}:{wanted}"
        related = self.model.CACHED_RELATED
        return cache.get_or_set(
            key, lambda: list(self.filter(**filters).select_related(*related)), timeout=60
        )

    def delete(self) -> tuple[int, dict[str, int]]:
        deleted = super().delete()
        forget_cached_rows()
        return deleted


def forget_cached_rows() -> None:
    """Make every process that shares the cache read the catalogue anew."""
    _forget()
    # Until then, others remember what was there before.
    transaction.on_commit(_forget)


def _forget() -> None:
    cache.set(EDITION_OF_CACHE, uuid.uuid4().hex, timeout=None)


class CatalogueModel(models.Model):
    CACHED_RELATED: tuple[str, ...] = ()

    objects = CatalogueQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        super().save(**kwargs)
        forget_cached_rows()

    def delete(self, **kwargs: Any) -> tuple[int, dict[str, int]]:
        deleted = super().delete(**kwargs)
        forget_cached_rows()
        return deleted


class Bureau(CatalogueModel):
    """推荐单位: the reform zone and the eleven cities, each recommending its own applications."""

    code = models.CharField("代码", max_length=6, unique=True)
    name = models.CharField("名称", max_length=60, unique=True)
    short_name = models.CharField("简称", max_length=20, unique=True)
    kind = models.CharField("类别", max_length=20)
    order = models.PositiveSmallIntegerField("通知中的次序", unique=True)

    class Meta:
        verbose_name = verbose_name_plural = "推荐单位"
        ordering = ["order"]

    def __str__(self) -> str:
        return self.name


class Division(CatalogueModel):
    """行政区划: the counties of the province, each with its city (GB/T 2260)."""

    code = models.CharField("代码", max_length=6, unique=True)
    name = models.CharField("名称", max_length=30)
    city = models.CharField("所属市", max_length=30)

    class Meta:
        verbose_name = verbose_name_plural = "行政区划"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.city}{self.name}"


class Industry(CatalogueModel):
    """行业大类 (GB/T 4754-2017, sections B, C and D: the industrial ones)."""

    code = models.CharField("代码", max_length=3, unique=True)
    name = models.CharField("名称", max_length=60)
    section = models.CharField("门类", max_length=40)

    class Meta:
        verbose_name = verbose_name_plural = "行业大类"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ClosedEdition(models.Model):
    """已启用的版本: an edition that a published round uses; nothing in it changes any more."""

    class Part(models.TextChoices):
        SCENARIOS = "scenarios", "场景指引"
        INDICATORS = "indicators", "绩效指标"
        CONDITIONS = "conditions", "要素条件"

    part = models.CharField("目录", max_length=10, choices=Part)
    edition = models.PositiveSmallIntegerField("版本（年）")

    class Meta:
        verbose_name = verbose_name_plural = "已启用的版本"
        constraints = [
            models.UniqueConstraint(fields=["part", "edition"], name="edition_closed_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_part_display()} {self.edition} 年版"

    @classmethod
    def refusal(cls, part: str, edition: int | None) -> str:
        """Why nothing in an edition may change any more; '' while it may."""
        if edition is None or not cls.objects.filter(part=part, edition=edition).exists():
            return ""
        return (
            f"{cls.Part(part).label} {edition} 年版已由发布的批次启用，不能再改。"
            "请在“批次”的“目录版本”中另建一个年度版本，改好后用于新批次或批次的新版本。"
        )


class Segment(CatalogueModel):
    """环节: a segment of the scenario guide, folded into one of five areas (附件2 注[1]–[5])."""

    PART = ClosedEdition.Part.SCENARIOS

    edition = models.PositiveSmallIntegerField("场景指引版本（年）")
    name = models.CharField("环节", max_length=20)
    area = models.CharField("大环节", max_length=10, choices=Area, blank=True)
    order = models.PositiveSmallIntegerField("次序")

    class Meta:
        verbose_name = verbose_name_plural = "环节"
        ordering = ["edition", "order"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "name"], name="segment_once_per_edition")
        ]

    def __str__(self) -> str:
        return self.name


class Certainty(models.TextChoices):
    OFFICIAL = "official", "官方"
    PROBABLE = "probable", "参考（官方文件提及，待核对）"
    SUGGESTION = "suggestion", "参考（其他年度版本）"


class Scenario(CatalogueModel):
    """典型场景: a named scenario of a segment; what is not official is marked 参考."""

    CACHED_RELATED = ("segment",)
    PART = ClosedEdition.Part.SCENARIOS

    segment = models.ForeignKey(
        Segment, models.PROTECT, related_name="scenarios", verbose_name="环节"
    )
    name = models.CharField("场景", max_length=40)
    number = models.PositiveSmallIntegerField("序号", null=True, blank=True)
    certainty = models.CharField("依据", max_length=10, choices=Certainty)
    source = models.CharField("出处", max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "典型场景"
        ordering = [
            "segment__edition",
            "segment__order",
            models.F("number").asc(nulls_last=True),
            "certainty",
            "name",
        ]
        constraints = [
            models.UniqueConstraint(fields=["segment", "name"], name="scenario_once_per_segment")
        ]

    def __str__(self) -> str:
        return self.name if self.certainty == Certainty.OFFICIAL else f"{self.name}（参考）"

    @property
    def edition(self) -> int:
        return self.segment.edition


class Indicator(CatalogueModel):
    """关键绩效指标: one of the twenty rows of 附件2 附1."""

    PART = ClosedEdition.Part.INDICATORS

    class Kind(models.TextChoices):
        RATIO = "ratio", "比率（0–100）"
        COUNT = "count", "数量"
        INCREASE = "increase", "提升幅度"
        DECREASE = "decrease", "下降幅度"

    edition = models.PositiveSmallIntegerField("指标版本（年）")
    no = models.PositiveSmallIntegerField("序号")
    category = models.CharField("类别", max_length=20)
    name = models.CharField("指标", max_length=60)
    unit = models.CharField("单位", max_length=10)
    kind = models.CharField("性质", max_length=10, choices=Kind)
    reference_formula = models.CharField("参考口径", max_length=100, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "关键绩效指标"
        ordering = ["edition", "no"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "no"], name="indicator_once_per_edition")
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.unit}）"


class Modality(models.TextChoices):
    """How binding a clause is, read from its wording."""

    MUST = "must", "须"
    IN_PRINCIPLE = "in_principle", "原则上"
    ENCOURAGED = "encouraged", "鼓励"


class Condition(CatalogueModel):
    """要素条件: one clause of the notice or its Annex 2, with the rule that checks it."""

    PART = ClosedEdition.Part.CONDITIONS

    class Rule(models.TextChoices):
        BASIC_REQUIREMENT = "basic_requirement", "企业逐条自查"
        MATURITY = "maturity", "成熟度等级不低于"
        COVERAGE = "coverage", "覆盖大环节"
        COMPLETED = "completed", "建设已完成"
        REGISTERED = "registered", "省内注册"
        DECLARATION = "declaration", "申报时承诺"
        JUDGED = "judged", "由审核人员判断"

    edition = models.PositiveSmallIntegerField("条件版本（年）")
    code = models.CharField("编号", max_length=20)
    level = models.CharField("等级", max_length=10, choices=Level, blank=True, help_text="空：各级")
    where = models.CharField("条款", max_length=40)
    text = models.TextField("原文")
    modality = models.CharField("约束力", max_length=12, choices=Modality)
    rule = models.CharField("检查方式", max_length=20, choices=Rule)
    minimum = models.PositiveSmallIntegerField("最低值", null=True, blank=True)
    areas = models.JSONField("大环节", default=list, blank=True)
    order = models.PositiveSmallIntegerField("次序")

    class Meta:
        verbose_name = verbose_name_plural = "要素条件"
        ordering = ["edition", "order"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="condition_once_per_edition")
        ]

    def __str__(self) -> str:
        return f"{self.where}：{self.text[:30]}"

    def clean(self) -> None:
        if self.rule == self.Rule.MATURITY and not self.minimum:
            raise ValidationError({"minimum": "检查成熟度等级的条款须填写最低等级（1–5）。"})
        if self.rule == self.Rule.COVERAGE and not self.areas:
            raise ValidationError({"areas": "检查覆盖的条款须写明要覆盖哪些大环节。"})

    @property
    def short_where(self) -> str:
        """The clause as a sentence calls it: 附件2 一、基础要求 5 is 基础要求 5."""
        return self.where.rpartition("、")[2]

    @property
    def is_binding(self) -> bool:
        return self.modality == Modality.MUST

    def applies_to(self, level: str) -> bool:
        return self.level in ("", level)
