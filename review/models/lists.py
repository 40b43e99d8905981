"""推荐名单: a bureau's numbered seats, the ranked list they make up, its stamped scans."""

from datetime import datetime
from pathlib import PurePath
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from applications.models import Application
from applications.states import Status
from portal.accounts.models import Role, User
from portal.catalogue.models import Bureau
from portal.rounds.models import Deadline, Due, Round


class OfBureauQuerySet(models.QuerySet):
    """Rows that belong to a bureau in a round."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if getattr(user, "oversees", False):
            return self
        if getattr(user, "role", None) == Role.BUREAU:
            return self.filter(bureau_id=user.bureau_id, round__in=Round.objects.worked_on_by(user))
        return self.none()


class RankedList(models.Model):
    """推荐名单: one bureau's list in one round. Its order is that of the seats."""

    class Status(models.TextChoices):
        OPEN = "open", "排序中"
        SENT = "sent", "已报送"
        RECEIVED = "received", "已受理"

    round = models.ForeignKey(Round, models.PROTECT, related_name="ranked_lists")
    bureau = models.ForeignKey(Bureau, models.PROTECT, related_name="ranked_lists")
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.OPEN)
    version = models.PositiveIntegerField("版本", default=0)
    signatory = models.CharField("签发人", max_length=40, blank=True)
    statement = models.TextField("情况说明", blank=True)
    sent_at = models.DateTimeField("报送时间", null=True, blank=True)
    received_at = models.DateTimeField("受理时间", null=True, blank=True)
    returned_at = models.DateTimeField("退回时间", null=True, blank=True)
    return_reason = models.TextField("退回理由", blank=True)

    objects = OfBureauQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "推荐名单"
        ordering = ["round", "bureau__order"]
        constraints = [
            models.UniqueConstraint(fields=["round", "bureau"], name="ranked_list_once_per_bureau"),
            models.CheckConstraint(
                name="ranked_list_status_has_its_date",
                condition=Q(status="open", sent_at__isnull=True, received_at__isnull=True)
                | Q(status="sent", sent_at__isnull=False, received_at__isnull=True)
                | Q(status="received", sent_at__isnull=False, received_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bureau}（{self.round}）"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def was_returned(self) -> bool:
        """True between the province's sending it back and the bureau's sending it again."""
        return self.is_open and self.returned_at is not None

    @property
    def may_be_recalled(self) -> bool:
        """Not received yet, and the bureau could send it again."""
        return self.status == self.Status.SENT and (
            self.returned_at is not None or timezone.now() < self.due(Deadline.BUREAU).instant
        )

    def due(self, which: Deadline) -> Due:
        """The deadline as it applies to the bureau, extensions included."""
        return self.round.due(which, bureau=self.bureau)

    @property
    def may_come_until(self) -> datetime:
        """Until when an enterprise of the bureau may still submit, one that got longer included."""
        of_single_ones = self.round.extensions.confirmed().filter(
            deadline=Deadline.ENTERPRISE, enterprise__bureau=self.bureau_id
        )
        instants = of_single_ones.values_list("until", flat=True)
        return max([self.due(Deadline.ENTERPRISE).instant, *instants])


class Seat(models.Model):
    """名额: a numbered place in a bureau's list. There are as many as the quota, so a fourth
    recommendation has nowhere to sit (通知二（二）).

    Where the round allows it (``Round.exempt_rule``), an exempt one (不占名额) is added for an
    application and goes with it; exempt seats are numbered on their own, after the others.
    """

    round = models.ForeignKey(Round, models.PROTECT, related_name="seats")
    bureau = models.ForeignKey(Bureau, models.PROTECT, related_name="seats")
    number = models.PositiveSmallIntegerField("名次")
    quota = models.PositiveSmallIntegerField("名额总数")
    application = models.OneToOneField(
        Application, models.PROTECT, null=True, blank=True, related_name="seat"
    )
    opinion = models.TextField("推荐意见", blank=True)
    is_exempt = models.BooleanField("不占名额", default=False)
    exempt_reason = models.TextField("不占名额的理由", blank=True)

    objects = OfBureauQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "名额"
        ordering = ["round", "bureau__order", "is_exempt", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "bureau", "is_exempt", "number"], name="seat_number_once"
            ),
            models.CheckConstraint(
                name="seat_within_quota",
                condition=Q(number__gte=1) & (Q(is_exempt=True) | Q(number__lte=F("quota"))),
            ),
            models.CheckConstraint(
                name="seat_exempt_for_a_reason",
                condition=Q(is_exempt=False, exempt_reason="")
                | (Q(is_exempt=True, application__isnull=False) & ~Q(exempt_reason="")),
                violation_error_message="不占名额的推荐须说明理由。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bureau} {self.place}"

    @property
    def place(self) -> str:
        """第 2 名, or for an exempt one 不占名额第 1 名."""
        return f"{'不占名额' if self.is_exempt else ''}第 {self.number} 名"

    @property
    def is_announced(self) -> bool:
        """Whether its list has been sent; until then the order is the bureau's own affair."""
        return self.application.status == Status.RECOMMENDED


class ListEvent(models.Model):
    """名单办理记录: who sent, returned or received a list, and what it then contained."""

    ranked_list = models.ForeignKey(RankedList, models.PROTECT, related_name="events")
    verb = models.CharField("操作", max_length=10)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField("时间")
    comment = models.TextField("说明", blank=True)
    receipts = models.JSONField("名单", default=list)

    LABELS = {"send": "报送", "recall": "撤回", "return": "退回", "receive": "受理"}

    class Meta:
        verbose_name = verbose_name_plural = "名单办理记录"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.verb_label} {self.at:%Y-%m-%d %H:%M}"

    @property
    def verb_label(self) -> str:
        return self.LABELS[self.verb]


def stored_as(row: models.Model, name: str) -> str:
    """A place that cannot be guessed and says nothing of the content."""
    return f"{row._meta.model_name}/{uuid4().hex}{PurePath(name).suffix.lower()}"


class StampedScanQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(ranked_list__in=RankedList.objects.visible_to(user))


class StampedScan(models.Model):
    """盖章扫描件: the stamped Annex 1 as it came back, held against the code printed on it."""

    ranked_list = models.ForeignKey(RankedList, models.PROTECT, related_name="scans")
    check_code = models.CharField("校验码", max_length=9)
    name = models.CharField("文件名", max_length=200)
    file = models.FileField("文件", upload_to=stored_as)
    content_type = models.CharField("类型", max_length=100)
    size = models.PositiveBigIntegerField("大小（字节）")
    sha256 = models.CharField("SHA-256", max_length=64)
    pages = models.PositiveIntegerField("页数", null=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)

    objects = StampedScanQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "盖章扫描件"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
