"""消息: what somebody is told, in the portal first; by e-mail and SMS what was not read there."""

from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Everybody's own."""
        return self.filter(recipient_id=user.pk) if user.is_authenticated else self.none()

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def unread_first(self) -> Self:
        """The unread ones, then the read ones; the latest first."""
        return self.alias(is_read=Q(read_at__isnull=False)).order_by("is_read", "-pk")

    def read(self) -> int:
        """Note that the unread ones among these are read now; how many there were."""
        return self.unread().update(read_at=timezone.now())


class Message(models.Model):
    """消息: to one person; what, who says so, before when, and one link."""

    class Kind(models.TextChoices):
        TASK = "task", "需要办理"
        DEADLINE = "deadline", "截止提醒"
        OUTCOME = "outcome", "办理结果"
        NOTICE = "notice", "通知"

    recipient = models.ForeignKey(User, models.CASCADE, related_name="messages")
    kind = models.CharField("类别", max_length=10, choices=Kind)
    title = models.CharField("标题", max_length=120)
    text = models.TextField("内容", blank=True)
    sender = models.CharField("发送方", max_length=100)
    due = models.DateTimeField("截止", null=True)
    url = models.CharField("链接", max_length=200)
    key = models.CharField("去重", max_length=80)
    """What this is about: nobody is told the same thing twice."""
    is_urgent = models.BooleanField("紧急", default=False)
    created_at = models.DateTimeField("时间", auto_now_add=True)
    read_at = models.DateTimeField("阅读时间", null=True)
    mailed_at = models.DateTimeField("邮件发送时间", null=True)
    texted_at = models.DateTimeField("短信发送时间", null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "消息"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["key", "recipient"], name="message_once_per_key")
        ]
        indexes = [models.Index(fields=["recipient", "read_at"])]

    def __str__(self) -> str:
        return self.title
