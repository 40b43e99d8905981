"""The province's side: versions of the summary, sets of columns, 公示, clients of the API."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from applications.models import Application
from portal.accounts.models import User, mobile_validator
from portal.catalogue.models import Bureau
from portal.jobs.models import Job
from portal.rounds.models import Round
from review.models.lists import OfBureauQuerySet


class SummaryVersion(models.Model):
    """推荐汇总表版本: what Annex 1 said when it was made, with its hash and its files.

    ``rows`` holds the table by unit as text, so that two versions can be compared for ever:
    ``[{"bureau": code, "name": …, "is_received": bool, "rows": [[cell, …], …]}, …]``.
    """

    round = models.ForeignKey(Round, models.PROTECT, related_name="summary_versions")
    bureau = models.ForeignKey(
        Bureau, models.PROTECT, null=True, related_name="+", verbose_name="推荐单位"
    )
    number = models.PositiveIntegerField("版本")
    includes_sent = models.BooleanField("含未受理名单", default=False)
    rows = models.JSONField("内容")
    notes = models.JSONField("注", default=list)
    sha256 = models.CharField("SHA-256", max_length=64)
    made_at = models.DateTimeField("生成时间", auto_now_add=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="生成人")
    jobs = models.ManyToManyField(Job, related_name="+", verbose_name="文件")

    objects = OfBureauQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "推荐汇总表版本"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "bureau", "number"], name="summary_version_number_once"
            ),
            models.UniqueConstraint(
                fields=["round", "number"],
                condition=Q(bureau=None),
                name="summary_version_of_province_number_once",
            ),
        ]

    def __str__(self) -> str:
        return f"第 {self.number} 版"


class ColumnSetQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """One's own, and what colleagues of the province share."""
        if not getattr(user, "oversees", False):
            return self.none()
        return self.filter(Q(owner=user) | Q(is_shared=True))


class ColumnSet(models.Model):
    """列组合: which columns of the ledger (台账) somebody exports, in which order."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField("名称", max_length=40)
    columns = models.JSONField("列")
    is_shared = models.BooleanField("与省厅同事共用", default=False)
    edited_at = models.DateTimeField("最近修改", auto_now=True)

    objects = ColumnSetQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "列组合"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="column_set_name_once",
                violation_error_message="已有同名的列组合，请换一个名称。",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Progress(models.Model):
    """填报进度: how far a draft was on one day, for the forecast of who will be late."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="progress")
    on = models.DateField("日期")
    done = models.PositiveIntegerField("已填")
    required = models.PositiveIntegerField("应填")
    lacking = models.JSONField("各部分缺项", default=dict)
    noted_at = models.DateTimeField("统计时间")

    class Meta:
        verbose_name = verbose_name_plural = "填报进度"
        ordering = ["application", "on"]
        constraints = [
            models.UniqueConstraint(fields=["application", "on"], name="progress_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.application} {self.on}：{self.done} / {self.required}"


class ReminderQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self if getattr(user, "oversees", False) else self.none()


class Reminder(models.Model):
    """提醒: what the province told units or enterprises at one time.

    Each got a message of their own under its ``message_key``; those say who has read it.
    """

    class Scope(models.TextChoices):
        UNITS = "units", "推荐单位"
        ENTERPRISES = "enterprises", "企业"

    round = models.ForeignKey(Round, models.PROTECT, related_name="reminders")
    scope = models.CharField("发给", max_length=12, choices=Scope)
    names = models.JSONField("收件方")
    title = models.CharField("标题", max_length=100)
    text = models.TextField("正文", max_length=1000)
    is_urgent = models.BooleanField("紧急", default=False)
    key = models.CharField("去重", max_length=32, unique=True)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="发送人")
    sent_at = models.DateTimeField("发送时间", auto_now_add=True)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "提醒"
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def message_key(self) -> str:
        return f"reminder:{self.key}"


# Public


class AnnouncementQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The province's all; anybody's, from its first day on, what is published.

        What was withdrawn stays to be found, without the names in it.
        """
        if getattr(user, "oversees", False):
            return self
        return self.public()

    def public(self) -> Self:
        return self.filter(published_at__isnull=False, opens_on__lte=timezone.localdate())

    def current(self) -> Self:
        """Those that can be objected to today."""
        return self.public().filter(withdrawn_at=None, closes_on__gte=timezone.localdate())


class Announcement(models.Model):
    """公示: which applications the province means to name, for everybody to read and object to.

    ``rows`` holds what was chosen, frozen when it is published:
    ``[{"application": id, "bureau": …, "enterprise": …, "project": …}, …]``.
    """

    round = models.ForeignKey(Round, models.PROTECT, related_name="announcements")
    title = models.CharField("标题", max_length=100)
    text = models.TextField("正文", max_length=4000)
    opens_on = models.DateField("公示起")
    closes_on = models.DateField("公示止", help_text="含当日。")
    contact = models.CharField("异议受理", max_length=200, help_text="处室、电话、邮箱或地址。")
    rows = models.JSONField("公示内容", default=list, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    published_at = models.DateTimeField("发布时间", null=True, editable=False)
    withdrawn_at = models.DateTimeField("撤下时间", null=True, editable=False)
    withdrawal_reason = models.CharField("撤下原因", max_length=200, blank=True, editable=False)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公示"
        ordering = ["-opens_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="announcement_period_in_order",
                condition=Q(closes_on__gte=F("opens_on")),
                violation_error_message="公示止不能早于公示起。",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def is_current(self) -> bool:
        """Whether it can be objected to: on the days of its period, in Beijing."""
        return (
            self.is_published
            and not self.is_withdrawn
            and self.opens_on <= timezone.localdate() <= self.closes_on
        )

    @property
    def state(self) -> str:
        """草稿, 待公示, 公示中, 已结束 or 已撤下."""
        if self.is_withdrawn:
            return "已撤下"
        if not self.is_published:
            return "草稿"
        if self.is_current:
            return "公示中"
        return "待公示" if timezone.localdate() < self.opens_on else "已结束"

    @property
    def days_left(self) -> int:
        """How many days are left, today included."""
        return (self.closes_on - timezone.localdate()).days + 1

    @property
    def working_days(self) -> int:
        """Mondays to Fridays of the period; which of them are holidays nobody knows here."""
        days = (self.closes_on - self.opens_on).days + 1
        return sum((self.opens_on + timedelta(n)).weekday() < 5 for n in range(days))


class ObjectionQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self if getattr(user, "oversees", False) else self.none()


class Objection(models.Model):
    """异议: what somebody, under their own name, holds against an announced application."""

    announcement = models.ForeignKey(Announcement, models.PROTECT, related_name="objections")
    number = models.CharField("受理编号", max_length=20, unique=True)
    enterprise = models.CharField("所涉企业", max_length=100)
    name = models.CharField("姓名或单位", max_length=60)
    mobile = models.CharField("手机号码", max_length=11, validators=[mobile_validator])
    text = models.TextField("异议内容", max_length=2000)
    at = models.DateTimeField("提交时间", auto_now_add=True)
    handled_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name="办理人"
    )
    handled_at = models.DateTimeField("办理时间", null=True)
    outcome = models.TextField("办理结果", max_length=2000, blank=True)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "异议"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def masked_mobile(self) -> str:
        """The number as a list shows it."""
        return f"{self.mobile[:3]}****{self.mobile[-4:]}"


# The province's data platform


class ApiClientQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self if getattr(user, "oversees", False) else self.none()


class ApiClient(models.Model):
    """接口调用方: a system that reads through the API. Only its token's SHA-256 is kept."""

    class Scope(models.TextChoices):
        SUMMARY = "summary", "推荐汇总表"
        LEDGER = "ledger", "申报台账"

    name = models.CharField("名称", max_length=60, unique=True)
    contact = models.CharField("联系人", max_length=60, blank=True)
    scopes = models.JSONField("可读内容", default=list)
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    expires_at = models.DateTimeField("有效期至")
    last_used_at = models.DateTimeField("最近调用", null=True, editable=False)
    revoked_at = models.DateTimeField("停用时间", null=True, editable=False)

    oversees = True
    """What ``visible_to`` asks of whoever reads: a client reads the whole province, as far as its
    scopes go."""

    objects = ApiClientQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "接口调用方"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and timezone.now() < self.expires_at

    @property
    def scope_labels(self) -> list[str]:
        """What it may read, in words."""
        return [scope.label for scope in self.Scope if scope in self.scopes]
