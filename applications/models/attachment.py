"""附件: files that prove what an application says, in the slots of the round's materials list."""

from pathlib import PurePath
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from applications.models.application import Application
from portal.accounts.models import Role, User
from portal.rounds.models import Material

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def storage_path(attachment: "Attachment", name: str) -> str:
    """A place that says nothing of the content and cannot be guessed from the name."""
    return f"attachments/{attachment.application_id}/{attachment.sha256}"


class AttachmentQuerySet(models.QuerySet):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """The enterprise's own; for officers what was submitted, of what they may open."""
        mine = self.filter(application__in=Application.objects.open_to(user))
        if getattr(user, "role", None) == Role.ENTERPRISE:
            return mine
        return mine.filter(frozen_at__isnull=False)

    def current(self) -> Self:
        """Those that belong to the draft: neither replaced nor removed."""
        return self.filter(retired_at__isnull=True)


class Attachment(models.Model):
    """附件: one uploaded file. Never changed; a newer one retires it.

    ``group`` and ``key`` name the row it proves (an instance, an indicator), both empty for the
    application as a whole. ``frozen_at`` is set by the first submission that contains it, from
    when on officers may see it and nobody can delete it.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="attachments")
    material = models.ForeignKey(Material, models.PROTECT, related_name="+", verbose_name="材料")
    group = models.CharField(max_length=30, blank=True)
    key = models.CharField(max_length=32, blank=True)
    name = models.CharField("文件名", max_length=200)
    file = models.FileField("文件", upload_to=storage_path, max_length=200)
    thumbnail = models.FileField("缩略图", upload_to="thumbnails/%Y/%m", blank=True)
    content_type = models.CharField("类型", max_length=100)
    size = models.PositiveBigIntegerField("大小（字节）")
    sha256 = models.CharField("SHA-256", max_length=64)
    pages = models.PositiveIntegerField("页数", null=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    retired_at = models.DateTimeField("替换或移除时间", null=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    replaced_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="replaces", verbose_name="替换为"
    )
    frozen_at = models.DateTimeField("首次提交时间", null=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "附件"
        ordering = ["material__order", "pk"]
        constraints = [
            models.CheckConstraint(
                name="attachment_row_whole",
                condition=Q(group="", key="") | (~Q(group="") & ~Q(key="")),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def kind(self) -> str:
        """PDF, DOCX, …: the ending of its name, which was made to fit the content."""
        return PurePath(self.name).suffix[1:].upper()
