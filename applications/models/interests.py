"""利害关系声明: what an officer states before opening what an enterprise has submitted."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from applications.models.application import Application


class Interest(models.Model):
    """利害关系声明: one officer's statement on one application.

    Without one, nothing of what was submitted opens (``ApplicationQuerySet.open_to``); with a
    conflict (回避) it stays closed, and colleagues take over.
    """

    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="interests", verbose_name="审核人员"
    )
    application = models.ForeignKey(
        Application, models.PROTECT, related_name="interests", verbose_name="申报"
    )
    has_conflict = models.BooleanField("存在利害关系，回避")
    note = models.TextField("说明", max_length=500, blank=True)
    at = models.DateTimeField("声明时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "利害关系声明"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "application"], name="interest_once_per_officer"
            ),
            models.CheckConstraint(
                name="interest_conflict_says_why",
                condition=Q(has_conflict=False) | ~Q(note=""),
                violation_error_message="请说明存在何种利害关系。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer}对“{self.application}”：{self.stance}"

    @property
    def stance(self) -> str:
        return "回避" if self.has_conflict else "无利害关系"
