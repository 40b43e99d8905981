"""What reviewing an application leaves: readings, marks on clauses, site visits, an index."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from applications.models import Application, Revision
from portal.accounts.models import Role, User
from portal.catalogue.models import Condition
from review.models.lists import stored_as


class OfApplicationQuerySet(models.QuerySet):
    """Rows that officers keep on an application."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """For bureau and province, with the application's content; never for the enterprise."""
        if getattr(user, "role", None) not in (Role.BUREAU, Role.PROVINCE, Role.AUDITOR):
            return self.none()
        return self.filter(application__in=Application.objects.open_to(user))


class Reading(models.Model):
    """阅读记录: when an officer last opened an application; what came after is new to them."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="readings")
    application = models.ForeignKey(Application, models.PROTECT, related_name="readings")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "阅读记录"
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "application"], name="reading_once_per_officer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.officer} {self.at:%Y-%m-%d %H:%M}"


class ClauseMark(models.Model):
    """审查意见: what one officer finds on one clause (要素条件), and on which revision."""

    class Verdict(models.TextChoices):
        MET = "met", "符合"
        UNMET = "unmet", "不符合"
        TO_VERIFY = "verify", "待核实"

    application = models.ForeignKey(Application, models.PROTECT, related_name="clause_marks")
    condition = models.ForeignKey(Condition, models.PROTECT, related_name="+")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="+")
    verdict = models.CharField("结论", max_length=10, choices=Verdict)
    note = models.TextField("说明", max_length=1000, blank=True)
    at = models.DateTimeField("时间", auto_now=True)

    objects = OfApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "审查意见"
        ordering = ["condition__order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "condition", "officer"], name="clause_mark_once_per_officer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.condition}：{self.get_verdict_display()}"


class SiteVisit(models.Model):
    """现场核查: when somebody went to see the factory, who, and what they found."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="site_visits")
    visited_on = models.DateField("核查日期")
    people = models.CharField("核查人员", max_length=200)
    findings = models.TextField("核查情况", max_length=4000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("记录时间", auto_now_add=True)
    edited_at = models.DateTimeField("最近修改", auto_now=True)

    objects = OfApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "现场核查"
        ordering = ["-visited_on", "-pk"]

    def __str__(self) -> str:
        return f"{self.visited_on} {self.people}"


class SitePhotoQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(visit__in=SiteVisit.objects.visible_to(user))


class SitePhoto(models.Model):
    """现场照片: taken at a site visit."""

    visit = models.ForeignKey(SiteVisit, models.CASCADE, related_name="photos")
    name = models.CharField("文件名", max_length=200)
    file = models.FileField("文件", upload_to=stored_as)
    thumbnail = models.FileField("缩略图", upload_to=stored_as, blank=True)
    content_type = models.CharField("类型", max_length=100)
    size = models.PositiveBigIntegerField("大小（字节）")
    sha256 = models.CharField("SHA-256", max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)

    objects = SitePhotoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "现场照片"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


# What applications have in common


class TextIndex(models.Model):
    """文字比对索引: the long texts of an application's revision, ready to be compared.

    One row an application: the next revision replaces it, and a comparison reads a few kilobytes
    of each (``review.similarity``).
    """

    application = models.OneToOneField(
        Application, models.CASCADE, primary_key=True, related_name="text_index"
    )
    revision = models.ForeignKey(Revision, models.CASCADE, related_name="+")
    text = models.TextField("规范化文字")
    fingerprints = models.BinaryField("文字指纹")

    class Meta:
        verbose_name = verbose_name_plural = "文字比对索引"

    def __str__(self) -> str:
        return f"{self.revision}"
