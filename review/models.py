"""The bureau's side: numbered seats, and the ranked list they make up."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from applications.models import Application
from portal.accounts.models import Role, User
from portal.catalogue.models import Bureau
from portal.rounds.models import Round


class OfBureauQuerySet(models.QuerySet):
    """Rows that belong to a bureau in a round."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        role = getattr(user, "role", None)
        if role == Role.PROVINCE:
            return self
        if role == Role.BUREAU:
            return self.filter(bureau_id=user.bureau_id)
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


class Seat(models.Model):
    """名额: a numbered place in a bureau's list. There are as many as the quota, so a fourth
    recommendation has nowhere to sit (通知二（二）)."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="seats")
    bureau = models.ForeignKey(Bureau, models.PROTECT, related_name="seats")
    number = models.PositiveSmallIntegerField("名次")
    quota = models.PositiveSmallIntegerField("名额总数")
    application = models.OneToOneField(
        Application, models.PROTECT, null=True, blank=True, related_name="seat"
    )
    opinion = models.TextField("推荐意见", blank=True)

    objects = OfBureauQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "名额"
        ordering = ["round", "bureau__order", "number"]
        constraints = [
            models.UniqueConstraint(fields=["round", "bureau", "number"], name="seat_number_once"),
            models.CheckConstraint(
                name="seat_within_quota", condition=Q(number__gte=1) & Q(number__lte=F("quota"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bureau} 第 {self.number} 名"


class ListEvent(models.Model):
    """名单办理记录: who sent, returned or received a list, and what it then contained."""

    ranked_list = models.ForeignKey(RankedList, models.PROTECT, related_name="events")
    verb = models.CharField("操作", max_length=10)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField("时间")
    comment = models.TextField("说明", blank=True)
    receipts = models.JSONField("名单", default=list)

    LABELS = {"send": "报送", "return": "退回", "receive": "受理"}

    class Meta:
        verbose_name = verbose_name_plural = "名单办理记录"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.verb_label} {self.at:%Y-%m-%d %H:%M}"

    @property
    def verb_label(self) -> str:
        return self.LABELS[self.verb]
