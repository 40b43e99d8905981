"""The application itself: whose it is, where it stands, who may see it."""

from datetime import datetime
from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, F, Max, OuterRef, Q, Subquery, When

from applications.states import EDITABLE, Status
from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import Bureau
from portal.rounds.models import Deadline, Due, Round, RoundVersion


class ApplicationQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The applications within ``user``'s jurisdiction (辖区); a stranger's is empty.

        Jurisdiction hangs on the bureau of the application, not on the registered address.
        """
        role = getattr(user, "role", None)
        if getattr(user, "oversees", False):
            return self
        if role == Role.BUREAU:
            return self.filter(bureau_id=user.bureau_id, round__in=Round.objects.worked_on_by(user))
        if role == Role.ENTERPRISE:
            return self.filter(enterprise_id=user.enterprise_id)
        return self.none()

    def open_to(self, user: User | AnonymousUser) -> Self:
        """Those whose content ``user`` may read: an officer's, once 无利害关系 is stated."""
        mine = self.visible_to(user)
        if getattr(user, "role", None) != Role.BUREAU:
            return mine
        return mine.filter(interests__officer=user, interests__has_conflict=False)

    def with_parties(self) -> Self:
        """With what every page names; the revision without its long content."""
        return self.select_related(
            "enterprise", "bureau", "round", "version__round", "current_revision"
        ).defer("current_revision__data")

    def with_sections(self) -> Self:
        """Each section with who edited it last, and the catalogue rows it names.

        ``confirmed_at`` is when a signatory confirmed last, None if nobody has; ``list_sent_at``
        when the bureau sent its list, None as long as this one may still come on it.
        """
        confirmed = self.model.objects.filter(pk=OuterRef("pk"))
        confirmed = confirmed.annotate(latest=Max("confirmations__at")).values("latest")
        # A draft goes to the bureau that its enterprise belongs to when it is submitted.
        draft = When(status=Status.DRAFT, then=F("enterprise__bureau"))
        reviewing = Q(round__ranked_lists__bureau=Case(draft, default=F("bureau")))
        sent = self.model.objects.filter(reviewing, pk=OuterRef("pk"))
        sections = ("basic", "factory", "scenarios", "results")
        return (
            self.with_parties()
            .select_related(
                "basic__registered_division",
                "basic__industry",
                *(f"{section}__edited_by" for section in sections),
            )
            .annotate(
                confirmed_at=Subquery(confirmed),
                list_sent_at=Subquery(sent.values("round__ranked_lists__sent_at")),
            )
        )


class Application(models.Model):
    """申报: what one enterprise files in one round."""

    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, related_name="applications", verbose_name="企业"
    )
    round = models.ForeignKey(
        Round, models.PROTECT, related_name="applications", verbose_name="申报批次"
    )
    version = models.ForeignKey(
        RoundVersion, models.PROTECT, related_name="applications", verbose_name="批次版本"
    )
    bureau = models.ForeignKey(
        Bureau, models.PROTECT, related_name="applications", verbose_name="推荐单位"
    )
    status = models.CharField("状态", max_length=12, choices=Status, default=Status.DRAFT)
    current_revision = models.OneToOneField(
        "Revision",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="最近提交版本",
    )
    created_at = models.DateTimeField("开始填报", auto_now_add=True)
    touched_at = models.DateTimeField("最近动态", auto_now=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "申报"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "round"],
                name="application_once_per_round",
                violation_error_message="本单位在该批次已有一份申报。",
            ),
            models.CheckConstraint(
                name="application_beyond_draft_has_revision",
                condition=Q(status=Status.DRAFT) | Q(current_revision__isnull=False),
            ),
            models.CheckConstraint(
                name="application_status_known", condition=Q(status__in=Status.values)
            ),
        ]
        indexes = [models.Index(fields=["round", "bureau", "status"])]

    def __str__(self) -> str:
        return f"{self.enterprise}（{self.round}）"

    @property
    def is_editable(self) -> bool:
        return self.status in EDITABLE

    @property
    def reviewing_bureau(self) -> Bureau:
        """Who reviews it; a draft, where its enterprise belongs to when it is submitted."""
        return self.enterprise.bureau if self.status == Status.DRAFT else self.bureau

    def due(self, which: Deadline) -> Due:
        """The deadline as it applies to this application, extensions included."""
        bureau = None if self.status == Status.DRAFT else self.bureau
        return self.round.due(which, bureau=bureau, enterprise=self.enterprise)

    def deadline(self, which: Deadline) -> datetime:
        return self.due(which).instant

    def is_in_time(self, which: Deadline, at: datetime) -> bool:
        """Whether a deadline is yet to come; before the published one, no extension matters."""
        return at < self.round.published_deadline(which) or at < self.deadline(which)

    def status_label(self, role: str) -> str:
        return Status(self.status).label_for(role)
