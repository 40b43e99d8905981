"""A round is data: level, editions, deadlines, seats and texts, all filled in by the province."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.functional import cached_property

from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import (
    Bureau,
    CatalogueModel,
    CatalogueQuerySet,
    ClosedEdition,
    Condition,
    Indicator,
    Level,
    Scenario,
    Segment,
)


class Deadline(models.TextChoices):
    """Whose deadline a verb obeys."""

    ENTERPRISE = "enterprise", "企业申报截止"
    BUREAU = "bureau", "推荐单位报送截止"


@dataclass(frozen=True)
class Due:
    """A deadline as it applies to somebody, and as the notice has it."""

    which: Deadline
    instant: datetime
    published: datetime

    @property
    def is_extended(self) -> bool:
        return self.instant > self.published


class RoundQuerySet(models.QuerySet):
    def in_earnest(self) -> Self:
        """Without dry runs (试运行), which are nobody's rounds."""
        return self.filter(trial_of=None)

    def published(self) -> Self:
        """Those in which people file."""
        return self.in_earnest().filter(published_at__isnull=False)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The published rounds; a dry run for the province and the invented enterprises in it."""
        published = self.filter(published_at__isnull=False)
        if getattr(user, "oversees", False):
            return published
        if getattr(user, "role", None) == Role.ENTERPRISE and user.enterprise.is_invented:
            return published.filter(applications__enterprise=user.enterprise)
        return self.published()

    def worked_on_by(self, officer: User) -> Self:
        """The rounds of a bureau's officer: a dry run has officers of its own, and only those.

        To be asked as ``round__in``, never by a join: an UPDATE that joins looks its rows up in a
        subquery, and on PostgreSQL a compare-and-swap that had to wait would then not compare anew.
        """
        return self.filter(trial_of__isnull=not officer.is_invented)

    def open(self, at: datetime | None = None, *, enterprise: Enterprise | None = None) -> Self:
        """The published rounds in which enterprises can file at the instant ``at`` (now).

        With ``enterprise``, also those whose deadline was put off for it or for its bureau's.
        """
        at = at or timezone.now()
        longer = Extension.objects.confirmed().reaching(enterprise=enterprise)
        longer = longer.filter(deadline=Deadline.ENTERPRISE, until__gt=at, round=OuterRef("pk"))
        return self.published().filter(
            Q(enterprise_deadline__gt=at) | Exists(longer), opens_at__lte=at
        )


class Round(models.Model):
    """申报批次: one year's call for one level."""

    slug = models.SlugField("标识", unique=True, help_text="用于网址，如 2024-excellent")
    title = models.CharField("名称", max_length=60)
    year = models.PositiveSmallIntegerField("年度")
    level = models.CharField("等级", max_length=10, choices=Level)
    opens_at = models.DateTimeField("开始申报时间")
    enterprise_deadline = models.DateTimeField(
        Deadline.ENTERPRISE.label, help_text="此刻起不再接收；“22日前”填次日 00:00:00。"
    )
    bureau_deadline = models.DateTimeField(
        Deadline.BUREAU.label, help_text="此刻起不再接收；“22日前”填次日 00:00:00。"
    )
    seats_per_bureau = models.PositiveSmallIntegerField("每个推荐单位的名额", default=3)
    notice_date = models.DateField("通知日期", null=True, blank=True)
    contact_office = models.CharField("联系处室", max_length=40, blank=True)
    contact_phone = models.CharField("联系电话", max_length=30, blank=True)
    national_platform = models.CharField("国家平台", max_length=60, blank=True)
    exempt_rule = models.TextField(
        "不占名额的情形",
        blank=True,
        help_text="填写后，推荐单位可将符合此情形的项目列为不占名额推荐，并须说明理由；留空则不允许。",
    )
    notice = models.TextField(
        "通知正文",
        blank=True,
        help_text="在公开页面上按段落显示；留空则只显示时间、条件、材料和目录。",
    )
    trial_of = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="trials",
        verbose_name="试运行的批次",
    )
    published_at = models.DateTimeField("发布时间", null=True, blank=True, editable=False)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "申报批次"
        ordering = ["-opens_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="round_deadlines_in_order",
                condition=Q(opens_at__lt=F("enterprise_deadline"))
                & Q(enterprise_deadline__lte=F("bureau_deadline")),
                violation_error_message="时间次序不对：开始申报应早于企业申报截止，"
                "企业申报截止不晚于推荐单位报送截止。",
            ),
            models.CheckConstraint(
                name="round_has_seats",
                condition=Q(seats_per_bureau__gte=1),
                violation_error_message="每个推荐单位至少 1 个名额。",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def published_deadline(self, which: Deadline) -> datetime:
        """What the notice says."""
        return self.enterprise_deadline if which == Deadline.ENTERPRISE else self.bureau_deadline

    def due(
        self,
        which: Deadline,
        *,
        bureau: Bureau | None = None,
        enterprise: Enterprise | None = None,
    ) -> Due:
        """A deadline as it applies to all, to a bureau or to an enterprise, extensions included.

        An enterprise goes by the extensions of ``bureau``, else of its own. What it may submit it
        may also correct: for it the bureaus' deadline is never before its own.
        """
        published = self.published_deadline(which)
        bureau_id = bureau.pk if bureau else enterprise and enterprise.bureau_id
        longer = [
            extension.until
            for extension in self.granted
            if extension.reaches(bureau_id, enterprise and enterprise.pk)
            and (extension.deadline == which or (enterprise and which == Deadline.BUREAU))
        ]
        return Due(which, max([published, *longer]), published)

    def deadline(
        self,
        which: Deadline,
        *,
        bureau: Bureau | None = None,
        enterprise: Enterprise | None = None,
    ) -> datetime:
        """The exclusive instant of a deadline: at that instant it is already too late."""
        return self.due(which, bureau=bureau, enterprise=enterprise).instant

    @property
    def granted(self) -> list["Extension"]:
        """The extensions in force; every page with a deadline on it asks for them."""
        every = Extension.objects.cached()
        return [each for each in every if each.round_id == self.pk and each.is_in_force]

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def deadlines_coincide(self) -> bool:
        """True when bureaus have no time of their own to review (the 2024 notice's case)."""
        return self.enterprise_deadline == self.bureau_deadline

    @property
    def project_noun(self) -> str:
        """卓越级智能工厂项目: what the round's documents call an entry."""
        return f"{self.get_level_display()}智能工厂项目"

    @cached_property
    def version(self) -> "RoundVersion":
        """The rules that an application started now goes by; before publishing, those prepared."""
        versions = list(self.versions.all())
        return [*versions[:1], *(each for each in versions if each.is_published)][-1]

    @cached_property
    def in_preparation(self) -> "RoundVersion | None":
        """The version that is edited and not published yet."""
        return next((each for each in self.versions.all() if not each.is_published), None)

    @property
    def is_trial(self) -> bool:
        return self.trial_of_id is not None

    @property
    def watermark(self) -> str:
        """What lies across every document of the round; '' for one that counts."""
        return "试运行" if self.is_trial else ""

    def seats_of(self, bureaus: Iterable[Bureau]) -> dict[Bureau, int]:
        """名额 of each bureau: its own quota, or the round's."""
        own = {quota.bureau_id: quota.seats for quota in self.quotas.all()}
        return {bureau: own.get(bureau.pk, self.seats_per_bureau) for bureau in bureaus}


class RoundVersion(models.Model):
    """批次版本: the rules of a round as published at one time.

    An application keeps the version it was started on; a correction is a new version, for those
    that start later.
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="versions", verbose_name="批次")
    number = models.PositiveSmallIntegerField("版本")
    scenario_edition = models.PositiveSmallIntegerField("场景指引版本（年）")
    indicator_edition = models.PositiveSmallIntegerField("指标版本（年）")
    condition_edition = models.PositiveSmallIntegerField("条件版本（年）")
    attachment_quota = models.PositiveSmallIntegerField(
        "每份申报的附件总量（MB）", default=500, validators=[MinValueValidator(1)]
    )
    confirmation_text = models.TextField(
        "法定代表人确认内容",
        blank=True,
        help_text="填写后，每次提交前须由法定代表人或授权签字人确认；留空则不需要。",
    )
    note = models.CharField("改动说明", max_length=200, blank=True)
    published_at = models.DateTimeField("发布时间", null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+", verbose_name="发布人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "批次版本"
        ordering = ["round", "number"]
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="round_version_number_once"),
            models.UniqueConstraint(
                fields=["round"],
                condition=Q(published_at__isnull=True),
                name="round_version_one_in_preparation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round} 第 {self.number} 版"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def editions(self) -> dict[ClosedEdition.Part, int]:
        """Which year's edition of each part of the catalogue it is built on."""
        part = ClosedEdition.Part
        return {
            part.SCENARIOS: self.scenario_edition,
            part.INDICATORS: self.indicator_edition,
            part.CONDITIONS: self.condition_edition,
        }

    @cached_property
    def segments(self) -> list[Segment]:
        return Segment.objects.cached(edition=self.scenario_edition)

    @cached_property
    def scenarios(self) -> list[Scenario]:
        return Scenario.objects.cached(segment__edition=self.scenario_edition)

    @cached_property
    def indicators(self) -> list[Indicator]:
        return Indicator.objects.cached(edition=self.indicator_edition)

    @cached_property
    def conditions(self) -> list[Condition]:
        """The clauses that apply to the round's level, in the notice's order."""
        rows = Condition.objects.cached(edition=self.condition_edition)
        return [row for row in rows if row.applies_to(self.round.level)]

    @cached_property
    def deviations(self) -> dict[tuple[str, str], "FieldRule"]:
        """填写要求 that differ from what the portal asks by itself, by place and field."""
        rules = FieldRule.objects.cached(version=self.pk)
        return {(rule.place, rule.field): rule for rule in rules}

    @property
    def declarations_list(self) -> list["Declaration"]:
        return Declaration.objects.cached(version=self.pk)

    @property
    def materials_list(self) -> list["Material"]:
        return Material.objects.cached(version=self.pk)


class FieldRule(CatalogueModel):
    """填写要求: where a round asks more or less of one field than the portal does by itself."""

    version = models.ForeignKey(RoundVersion, models.CASCADE, related_name="field_rules")
    place = models.CharField("栏目", max_length=30)
    """The slug of a section or of a group of rows in one."""
    field = models.CharField("字段", max_length=40)
    is_required = models.BooleanField("必填", null=True)
    max_length = models.PositiveIntegerField("字数上限", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "填写要求"
        ordering = ["version", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "place", "field"], name="field_rule_once_per_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.place}.{self.field}"


class Quota(models.Model):
    """名额例外: a bureau whose number of seats differs from the round's."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="quotas")
    bureau = models.ForeignKey(Bureau, models.PROTECT, verbose_name="推荐单位")
    seats = models.PositiveSmallIntegerField("名额")

    class Meta:
        verbose_name = verbose_name_plural = "名额例外"
        constraints = [
            models.UniqueConstraint(fields=["round", "bureau"], name="quota_once_per_bureau")
        ]

    def __str__(self) -> str:
        return f"{self.bureau}：{self.seats}"


class Declaration(CatalogueModel):
    """承诺事项: a statement of the notice that the enterprise makes when it submits."""

    version = models.ForeignKey(RoundVersion, models.CASCADE, related_name="declarations")
    order = models.PositiveSmallIntegerField("次序")
    text = models.TextField("内容")
    clause = models.CharField("依据", max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "承诺事项"
        ordering = ["version", "order"]
        constraints = [
            models.UniqueConstraint(fields=["version", "order"], name="declaration_order_unique")
        ]

    def __str__(self) -> str:
        return self.text


class Material(CatalogueModel):
    """附件材料: one named slot of the round's materials list, and what it takes.

    附件3 names only the four sections; which proofs a province asks for is its own list.
    """

    class Accepts(models.TextChoices):
        PDF = "pdf", "PDF"
        IMAGE = "image", "图片（JPG、PNG）"
        PDF_OR_IMAGE = "pdf_image", "PDF 或图片（JPG、PNG）"
        OFFICE = "office", "PDF、Word 或 Excel"

    class Scope(models.TextChoices):
        APPLICATION = "application", "整份申报"
        INSTANCE = "instances", "每个典型场景实例"
        INDICATOR = "indicator_values", "每项关键绩效指标"

    version = models.ForeignKey(RoundVersion, models.CASCADE, related_name="materials")
    order = models.PositiveSmallIntegerField("次序")
    name = models.CharField("材料名称", max_length=60)
    help = models.CharField("说明", max_length=200, blank=True)
    scope = models.CharField("属于", max_length=20, choices=Scope, default=Scope.APPLICATION)
    accepts = models.CharField("格式", max_length=10, choices=Accepts, default=Accepts.PDF_OR_IMAGE)
    max_mb = models.PositiveSmallIntegerField(
        "单个文件上限（MB）",
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(settings.LARGEST_UPLOAD_MB)],
    )
    max_files = models.PositiveSmallIntegerField(
        "文件数上限", default=1, validators=[MinValueValidator(1)]
    )
    is_required = models.BooleanField("必须提供", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "附件材料"
        ordering = ["version", "order"]
        constraints = [
            models.UniqueConstraint(fields=["version", "order"], name="material_order_unique"),
            models.CheckConstraint(
                name="material_required_once",
                condition=Q(is_required=False) | Q(scope="application"),
                violation_error_message="只有属于整份申报的材料可以设为必须提供。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ExtensionQuerySet(CatalogueQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """For the province; others meet them as the deadlines that apply to them."""
        return self if getattr(user, "oversees", False) else self.none()

    def confirmed(self) -> Self:
        """Those in force."""
        return self.filter(confirmed_at__isnull=False, revoked_at=None)

    def reaching(self, *, enterprise: Enterprise | None) -> Self:
        """Those for all; with ``enterprise``, also its own and its bureau's."""
        whom = Q(bureau=None, enterprise=None)
        if enterprise:
            whom |= Q(enterprise=enterprise) | Q(bureau=enterprise.bureau_id)
        return self.filter(whom)


class Extension(CatalogueModel):
    """延期: a deadline moved for one enterprise, for one bureau's, or for all.

    A second officer of the province confirms it; from then on it holds, also after the deadline.
    """

    round = models.ForeignKey(Round, models.PROTECT, related_name="extensions")
    deadline = models.CharField("截止", max_length=10, choices=Deadline)
    bureau = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="推荐单位"
    )
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="企业"
    )
    until = models.DateTimeField("延至", help_text="此刻起不再接收；“22日前”填次日 00:00:00。")
    reason = models.TextField("理由", max_length=500)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出人")
    asked_at = models.DateTimeField("提出时间", auto_now_add=True)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name="确认人"
    )
    confirmed_at = models.DateTimeField("确认时间", null=True)
    revoked_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name="撤销人"
    )
    revoked_at = models.DateTimeField("撤销时间", null=True)
    revoke_reason = models.TextField("撤销理由", max_length=500, blank=True)

    objects = ExtensionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "延期"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="extension_confirmed_by_a_second",
                condition=Q(confirmed_by=None, confirmed_at=None)
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~Q(confirmed_by=F("asked_by"))
                ),
                violation_error_message="延期须由另一位省厅人员确认，不能由提出人自己确认。",
            ),
            models.CheckConstraint(
                name="extension_of_one_kind",
                condition=Q(bureau=None) | Q(enterprise=None),
                violation_error_message="延期要么给一家企业，要么给一个推荐单位，要么给全部。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.whom}：{self.get_deadline_display()}"

    @property
    def whom(self) -> str:
        """Whom the deadline was put off for."""
        return str(self.enterprise or self.bureau or "全部单位")

    @property
    def is_waiting(self) -> bool:
        """Whether a second officer has yet to confirm it."""
        return self.confirmed_at is None and self.revoked_at is None

    @property
    def is_in_force(self) -> bool:
        return self.confirmed_at is not None and self.revoked_at is None

    def reaches(self, bureau_id: int | None, enterprise_id: int | None) -> bool:
        """Whether it is for all, for this bureau, or for this enterprise."""
        if self.enterprise_id:
            return self.enterprise_id == enterprise_id
        return self.bureau_id in (None, bureau_id)
