"""打印件: which documents have been made, so that a sheet of paper can be held against them."""

from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from applications.models.application import Application
from applications.models.history import Revision
from portal.accounts.models import Role, User
from portal.catalogue.models import Bureau
from portal.rounds.models import Round


class PaperQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those about which ``user`` may be told more than everybody: whose they are."""
        mine = Q(revision__application__in=Application.objects.visible_to(user))
        if getattr(user, "oversees", False):
            return self
        if getattr(user, "role", None) == Role.BUREAU:
            mine |= Q(kind=Paper.Kind.SUMMARY, bureau=user.bureau_id)
        return self.filter(mine)


class Paper(models.Model):
    """打印件: one content that was printed under one check code, in whatever format.

    ``content`` keeps what the summary table then said (rows of texts); a book's or a receipt's is
    its revision's. ``digest`` is what makes it one content: the code is shorter, and two contents
    may once in a very long while share one.
    """

    class Kind(models.TextChoices):
        SUMMARY = "summary", "推荐汇总表"
        BOOK = "book", "申报书"
        RECEIPT = "receipt", "申报提交回执"

    check_code = models.CharField("校验码", max_length=9, db_index=True)
    kind = models.CharField("文件", max_length=10, choices=Kind)
    digest = models.CharField("内容校验值", max_length=64, unique=True)
    revision = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="papers")
    round = models.ForeignKey(Round, models.PROTECT, null=True, related_name="papers")
    bureau = models.ForeignKey(Bureau, models.PROTECT, null=True, related_name="papers")
    content = models.JSONField("内容", default=list)
    pages = models.PositiveIntegerField("页数", null=True)
    made_at = models.DateTimeField("首次生成时间")

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "打印件"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="paper_of_a_revision_or_a_round",
                condition=Q(kind="summary", revision__isnull=True, round__isnull=False)
                | (~Q(kind="summary") & Q(revision__isnull=False, round__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.check_code}"
