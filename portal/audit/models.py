"""审计记录: who did what when. Rows are only ever added; the database refuses anything else."""

from typing import Any, Self

from django.db import models
from django.utils import timezone


class RecordQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """For the province and its auditors."""
        return self if getattr(user, "oversees", False) else self.none()

    def unsealed(self) -> Self:
        """What no link of the chain holds yet: moments old, unless sealing failed."""
        return self.filter(link=None)


class Record(models.Model):
    """One act. Names are kept as they were, so that a record needs no other table to be read."""

    at = models.DateTimeField("时间")
    actor_id = models.BigIntegerField("账号编号", null=True)
    actor = models.CharField("人员", max_length=180)
    unit = models.CharField("单位", max_length=100, blank=True)
    role = models.CharField("角色", max_length=20, blank=True)
    verb = models.CharField("操作代码", max_length=40)
    act = models.CharField("操作", max_length=60)
    target_type = models.CharField("对象类别", max_length=40, blank=True)
    target_id = models.CharField("对象编号", max_length=40, blank=True)
    target = models.CharField("对象", max_length=200, blank=True)
    detail = models.TextField("说明", blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "审计记录"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["actor_id", "at"]),
            models.Index(fields=["verb", "target_id", "at"]),
            models.Index(fields=["target_type", "target_id"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self) -> str:
        at = timezone.localtime(self.at)
        return " ".join(
            filter(None, [f"{at:%Y-%m-%d %H:%M:%S}", self.actor, self.act, self.target])
        )


class Link(models.Model):
    """A link of the chain: one record, and everything before it, in one hash."""

    position = models.PositiveBigIntegerField("序号", unique=True)
    record = models.OneToOneField(Record, models.PROTECT, related_name="link")
    sha256 = models.CharField("SHA-256", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "审计链"
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position} {self.sha256}"
