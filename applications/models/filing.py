"""What people do around an application's answers: confirm, change in bulk, enter elsewhere."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from applications.models.application import Application
from portal.accounts.models import Enterprise, Role, User


class Confirmation(models.Model):
    """法定代表人确认: who stood in for which content, with the words as they were shown.

    It holds as long as ``content_sha256`` is the digest of the application's content; any later
    edit makes it void without anybody writing anything.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="confirmations")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    signer_name = models.CharField("法定代表人或授权签字人", max_length=40)
    text = models.TextField("确认内容")
    text_version = models.PositiveIntegerField("确认内容版本")
    content_sha256 = models.CharField("内容校验值", max_length=64)
    at = models.DateTimeField("确认时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "法定代表人确认"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.signed_as} {self.at:%Y-%m-%d %H:%M}"

    @property
    def signed_as(self) -> str:
        """The name signed with, and whose account it was where that is another."""
        account = self.signer.name
        return (
            self.signer_name
            if account == self.signer_name
            else f"{self.signer_name}（账号：{account}）"
        )


class BulkEdit(models.Model):
    """批量修改: rows pasted, imported or deleted at once, with what is needed to undo it.

    ``before`` maps row keys to their stored content (None where there was no row); ``after`` to
    the fingerprints left behind, so that undoing spares what was edited since.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="bulk_edits")
    group = models.CharField(max_length=30)
    title = models.CharField("操作", max_length=60)
    before = models.JSONField()
    after = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField("时间", auto_now_add=True)
    undone_at = models.DateTimeField("撤销时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "批量修改"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title


class Reentry(models.Model):
    """国家平台录入: one answer that somebody has entered on the national platform.

    ``fingerprint`` stands for the text as entered, so that a later change of it shows.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="reentries")
    place = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField("录入时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "国家平台录入"
        constraints = [
            models.UniqueConstraint(fields=["application", "place"], name="reentry_once_per_place")
        ]

    def __str__(self) -> str:
        return self.place


class SelfAssessmentQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The enterprise's own; nobody else's affair, whoever oversees what else."""
        if getattr(user, "role", None) != Role.ENTERPRISE:
            return self.none()
        return self.filter(enterprise_id=user.enterprise_id)


class SelfAssessment(models.Model):
    """梯度自评: an enterprise's own answers, held against the conditions of all four levels.

    ``answers``: ``{"requirements": {clause code: "yes" | "no"}, "maturity_level": int | None,
    "areas": [大环节, …], "finished_on": ISO date | "", "registered_division": code | ""}``.
    """

    enterprise = models.OneToOneField(
        Enterprise, models.CASCADE, related_name="self_assessment", verbose_name="企业"
    )
    condition_edition = models.PositiveSmallIntegerField("条件版本（年）")
    answers = models.JSONField("自评内容", default=dict)
    edited_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="填写人")
    edited_at = models.DateTimeField("最近修改", auto_now=True)

    objects = SelfAssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "梯度自评"

    def __str__(self) -> str:
        return f"{self.enterprise} {self.edited_at:%Y-%m-%d}"
