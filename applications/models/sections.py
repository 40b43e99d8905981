"""One model for each material section of Annex 3.

The model field is the only source of a label, a unit, a choice and a length limit: forms, checks,
documents and comparisons read them here. ``blank=False`` means required when submitting; nothing
is required to save. ``max_length`` of a TextField is a limit in 字 that the checks enforce, so
that a paste which is too long is kept and can be shortened.
"""

import hashlib
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from applications.models.application import Application
from portal.accounts.models import mobile_validator
from portal.catalogue.models import Division, Industry

not_negative = MinValueValidator(0, "不能为负数。")


class Money(models.DecimalField):
    """An amount in 万元 with two decimals."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **{"max_digits": 14, "decimal_places": 2, **kwargs})


class Answers(models.Model):
    """What people typed: values that parse in columns, the rest kept as typed in ``unparsed``.

    ``unparsed`` maps field names to the text as typed; ``edits`` maps them to who saved them last
    ({"by": user id, "name": …, "at": ISO time}); ``unconfirmed`` names the fields carried over
    from an earlier round that nobody has confirmed yet.
    """

    unparsed = models.JSONField(default=dict, editable=False)
    edits = models.JSONField(default=dict, editable=False)
    unconfirmed = models.JSONField(default=list, editable=False)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    edited_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def answer_fields(cls) -> list[models.Field]:
        """The fields an applicant fills, in the order of the material list."""
        return [
            field for field in cls._meta.concrete_fields if field.editable and not field.primary_key
        ]

    def value_of(self, name: str) -> Any:
        """The value that counts for one field."""
        return getattr(self, name)

    def fingerprint(self, name: str) -> str:
        """Eight hex digits that stand for what is stored in a field.

        A page carries them to say what it was showing when somebody typed; equal content always
        has an equal fingerprint, however it was written down.
        """
        if name in self.unparsed:
            content = f"?{self.unparsed[name]}"
        else:
            value = self.serializable_value(name)
            if isinstance(value, Decimal):
                value = f"{value.normalize() + 0:f}"
            content = "" if value is None else str(value)
        return hashlib.blake2s(content.encode(), digest_size=4).hexdigest()


class SectionAnswers(Answers):
    """What is filled in once in an application: the part of a section that does not repeat."""

    class Meta:
        abstract = True


class BasicInformation(SectionAnswers):
    """一、申报单位基本信息."""

    class Nature(models.TextChoices):
        CENTRAL_STATE = "central_state", "国有（中央）"
        LOCAL_STATE = "local_state", "国有（地方）"
        PRIVATE = "private", "民营"
        JOINT = "joint", "中外合资"
        FOREIGN = "foreign", "外商独资"
        HMT = "hmt", "港澳台资"
        COLLECTIVE = "collective", "集体"
        OTHER = "other", "其他"

    class Scale(models.TextChoices):
        LARGE = "large", "大型"
        MEDIUM = "medium", "中型"
        SMALL = "small", "小型"
        MICRO = "micro", "微型"

    class Maturity(models.IntegerChoices):
        ONE = 1, "一级（规划级）"
        TWO = 2, "二级（规范级）"
        THREE = 3, "三级（集成级）"
        FOUR = 4, "四级（优化级）"
        FIVE = 5, "五级（引领级）"

    application = models.OneToOneField(
        Application, models.CASCADE, primary_key=True, related_name="basic"
    )
    registered_division = models.ForeignKey(
        Division, models.PROTECT, null=True, related_name="+", verbose_name="注册地（县、市、区）"
    )
    registered_address = models.CharField("注册地详细地址", max_length=200)
    factory_address = models.CharField(
        "工厂所在地", max_length=200, help_text="与注册地相同也请填写。"
    )
    nature = models.CharField("企业性质", max_length=20, choices=Nature)
    industry = models.ForeignKey(
        Industry,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="所属行业（大类）",
        help_text="按 GB/T 4754-2017 选择两位大类。",
    )
    industry_detail = models.CharField(
        "行业小类", max_length=60, blank=True, help_text="选填，如“3512 石油钻采专用设备制造”。"
    )
    scale = models.CharField("企业规模", max_length=10, choices=Scale)
    is_branch = models.BooleanField("是否法人分支机构", null=True, blank=True)
    branch_note = models.CharField(
        "分支机构情况说明", max_length=300, blank=True, help_text="是分支机构的，说明所属法人。"
    )
    legal_representative = models.CharField("法定代表人", max_length=40)
    founded_on = models.DateField("成立日期", null=True)
    registered_capital = Money("注册资本（万元）", null=True, validators=[not_negative])
    contact_name = models.CharField(
        "联系人", max_length=40, help_text="联系人和手机号将印入推荐汇总表（附件1）。"
    )
    contact_mobile = models.CharField(
        "联系方式（手机号）", max_length=11, validators=[mobile_validator]
    )
    contact_position = models.CharField("联系人职务", max_length=40, blank=True)
    contact_phone = models.CharField("固定电话", max_length=30, blank=True)
    contact_email = models.EmailField("电子邮箱", blank=True)
    maturity_level = models.PositiveSmallIntegerField(
        "智能制造能力成熟度等级",
        choices=Maturity,
        null=True,
        help_text="按 GB/T 39116-2020 评估的等级。",
    )
    maturity_score = models.DecimalField(
        "成熟度评估得分",
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[not_negative, MaxValueValidator(5, "满分为 5 分。")],
    )
    maturity_report = models.CharField("评估报告编号", max_length=60, blank=True)
    maturity_assessed_on = models.DateField("评估日期", null=True, blank=True)
    honours = models.TextField(
        "已获相关称号",
        max_length=500,
        blank=True,
        help_text="如先进级智能工厂、智能制造示范工厂、数字领航企业等，没有可不填。",
    )

    class Meta:
        verbose_name = verbose_name_plural = "申报单位基本信息"


class FactoryOverview(SectionAnswers):
    """二、智能工厂基本情况."""

    application = models.OneToOneField(
        Application, models.CASCADE, primary_key=True, related_name="factory"
    )
    project_name = models.CharField(
        "智能工厂项目名称", max_length=100, help_text="印入推荐汇总表（附件1），请写全称。"
    )
    started_on = models.DateField("建设开始日期", null=True)
    finished_on = models.DateField(
        "建设完成日期", null=True, help_text="申报时智能工厂应已建成（通知一（二））。"
    )
    total_investment = Money("总投资（万元）", null=True, validators=[not_negative])
    equipment_investment = Money(
        "装备投资（万元）", null=True, blank=True, validators=[not_negative]
    )
    software_investment = Money(
        "软件投资（万元）", null=True, blank=True, validators=[not_negative]
    )
    integration_investment = Money(
        "集成投资（万元）", null=True, blank=True, validators=[not_negative]
    )
    other_investment = Money("其他投资（万元）", null=True, blank=True, validators=[not_negative])
    introduction = models.TextField("项目简介", max_length=2000)
    results = models.TextField("建设成效", max_length=2000)
    is_authentic = models.BooleanField(
        "真实性承诺",
        default=False,
        help_text="本单位对申报内容的真实性负责，申报材料不涉及国家秘密、商业秘密。",
    )

    class Meta:
        verbose_name = verbose_name_plural = "智能工厂基本情况"


class ScenarioConstruction(SectionAnswers):
    """三、智能工厂场景建设情况."""

    application = models.OneToOneField(
        Application, models.CASCADE, primary_key=True, related_name="scenarios"
    )
    overall = models.TextField("项目总体情况", max_length=3000, help_text="总体架构与建设思路。")
    system_integration = models.TextField(
        "系统集成情况", max_length=3000, help_text="各系统之间的集成关系与数据流向。"
    )

    class Meta:
        verbose_name = verbose_name_plural = "智能工厂场景建设情况"


class Results(SectionAnswers):
    """四、智能工厂建设成效."""

    application = models.OneToOneField(
        Application, models.CASCADE, primary_key=True, related_name="results"
    )
    advancement = models.TextField("项目的先进性与特色", max_length=3000)
    effect = models.TextField("实施成效", max_length=3000)
    follow_up_plan = models.TextField("后续实施计划", max_length=2000)
    is_new_plant = models.BooleanField(
        "新建工厂，没有建设前的数据",
        default=False,
        blank=True,
        help_text="勾选后，关键绩效指标的“建设前”填对比基准。",
    )
    baseline = models.CharField(
        "对比基准",
        max_length=200,
        blank=True,
        help_text="新建工厂填写，如“2023 年国内同行业平均水平”“设计值”。",
    )

    class Meta:
        verbose_name = verbose_name_plural = "智能工厂建设成效"
