"""Background work that a person can watch: one row a job, the queue only a hint."""

from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Self

from django.conf import settings
from django.core.files.base import File
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# A running job reports at least this often; silent for longer, its worker is taken for dead.
SILENCE = timedelta(minutes=5)
# A job that takes its worker down with it must not do so for ever.
MOST_ATTEMPTS = 3


class Cancelled(Exception):
    """The owner asked for the job to stop; raised where its work next reports."""


class JobQuerySet(models.QuerySet):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """A person's own jobs: what a job made, only its owner fetches."""
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()

    def unclaimed(self) -> Self:
        """Jobs that no living worker has: still queued, or running but silent."""
        return self.filter(
            Q(status=Job.Status.QUEUED)
            | Q(status=Job.Status.RUNNING, touched_at__lt=timezone.now() - SILENCE)
        )


class Job(models.Model):
    """后台任务: kind and parameters say what to do, file is what came of it."""

    class Status(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "处理中"
        DONE = "done", "已完成"
        FAILED = "failed", "未成功"
        CANCELLED = "cancelled", "已取消"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="jobs",
        help_text="空缺的是系统自身的任务，不显示给任何人。",
    )
    kind = models.CharField("种类", max_length=30)
    title = models.CharField("名称", max_length=120)
    parameters = models.JSONField("参数", default=dict)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField("处理次数", default=0)
    percent = models.PositiveSmallIntegerField("进度", default=0)
    message = models.TextField("说明", blank=True)
    cancel_asked_at = models.DateTimeField("要求取消", null=True)
    file = models.FileField("文件", upload_to="jobs/%Y/%m", blank=True)
    file_name = models.CharField("文件名", max_length=150, blank=True)
    created_at = models.DateTimeField("提交时间", auto_now_add=True)
    touched_at = models.DateTimeField("最近动态", auto_now=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "后台任务"
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.DONE, self.Status.FAILED, self.Status.CANCELLED)

    @property
    def standing(self) -> str:
        """What whoever waits for it should read now."""
        if self.is_finished:
            return self.message
        if self.cancel_asked_at:
            return "已要求取消，正在停止。"
        return self.message or "正在排队，很快就会开始。"

    def report(self, percent: int, message: str = "") -> None:
        """Show progress (0–100) to whoever watches; also the sign of life.

        Raises Cancelled if the owner wants it stopped: let it pass, ``run`` ends the job.
        """
        self.percent, self.message = percent, message
        wanted = Job.objects.filter(pk=self.pk, cancel_asked_at=None)
        if not wanted.update(percent=percent, message=message, touched_at=timezone.now()):
            raise Cancelled

    def keep(self, stream: BinaryIO | File, file_name: str) -> None:
        """Store the result; ``file_name`` is what the person downloads it as."""
        self.discard()  # what an attempt whose worker died may have left
        content = stream if isinstance(stream, File) else File(stream)
        self.file.save(f"{self.pk}{PurePath(file_name).suffix}", content, save=False)
        self.file_name = file_name
        self.save(update_fields=["file", "file_name", "touched_at"])

    def discard(self) -> None:
        """Delete what was kept."""
        if self.file:
            self.file.delete(save=False)
            self.file_name = ""
            self.save(update_fields=["file", "file_name", "touched_at"])


class Tick(models.Model):
    """定时: when a kind of the portal's own work was last begun, so that one worker begins it."""

    kind = models.CharField("种类", max_length=30, primary_key=True)
    at = models.DateTimeField("最近一次")

    class Meta:
        verbose_name = verbose_name_plural = "定时"

    def __str__(self) -> str:
        return self.kind
