"""审核意见: what the bureau asks to be changed, field by field, and the enterprise's answer."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When

from applications.models.application import Application
from applications.models.history import Event, Revision
from applications.models.rows import Integrator, ScenarioInstance
from applications.states import Status
from portal.accounts.models import Role, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

Place = tuple[str, str, str, str]
"""Section, group, key, field; an empty field stands for the whole row or section."""

DELETABLE = {"integrators": Integrator, "instances": ScenarioInstance}
"""The groups whose rows people add and delete, which comments on them outlive."""


class CommentQuerySet(models.QuerySet):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Of what they may open; but to the bureau itself, only what a return has sent."""
        mine = self.filter(application__in=Application.objects.open_to(user))
        return mine if getattr(user, "role", None) == Role.BUREAU else mine.sent()

    def sent(self) -> Self:
        return self.filter(event__isnull=False)

    def unsent(self) -> Self:
        return self.filter(event=None)

    def undecided(self) -> Self:
        """Of former returns: not closed yet, nor put again by a later return."""
        return self.sent().filter(
            ~Q(revision=F("application__current_revision")),
            closed_at=None,
            reopened_as__event=None,  # or there is no such comment
        )

    def for_reading(self) -> Self:
        """With all that a page says of them, and whether the row they speak of is there."""
        same = {"application": OuterRef("application"), "key": OuterRef("key")}
        is_there = [
            When(group=group, then=Exists(model.objects.filter(**same)))
            for group, model in DELETABLE.items()
        ]
        people = ("author", "answered_by", "closed_by", "reopens__author", "reopened_as")
        return self.select_related(*people).annotate(has_row=Case(*is_there, default=Value(True)))


class Comment(models.Model):
    """审核意见: one request. ``event`` is the return that sent it; none while it is written.

    Answered and submitted again, it is closed by an officer (``closed_at``), or put once more: by
    another comment that ``reopens`` it and goes out with the next return.

    ``title`` says where in the words of its revision, whatever becomes of the row.
    """

    class Kind(models.TextChoices):
        WRONG = "wrong", "错误"
        MISSING = "missing", "缺失"
        OUTDATED = "outdated", "过期"
        ADVICE = "advice", "建议"

    class Answer(models.TextChoices):
        CHANGED = "changed", "已改"
        EXPLAINED = "explained", "说明"

    application = models.ForeignKey(Application, models.PROTECT, related_name="comments")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="comments")
    section = models.CharField(max_length=30)
    group = models.CharField(max_length=30, blank=True)
    key = models.CharField(max_length=32, blank=True)
    field = models.CharField(max_length=40, blank=True)
    title = models.CharField("位置", max_length=200)
    kind = models.CharField("类别", max_length=10, choices=Kind, default=Kind.WRONG)
    text = models.TextField("意见", max_length=1000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField("提出时间", auto_now_add=True)
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="comments")
    answer = models.CharField("答复", max_length=10, choices=Answer, blank=True)
    reply = models.TextField("答复说明", max_length=1000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField("答复时间", null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField("关闭时间", null=True)
    reopens = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reopened_as", verbose_name="重提自"
    )

    is_unchanged = False
    """Whether 已改 was answered although the place says what it said (``commenting.compare``)."""
    changes = ()
    """What its place says now instead, for who decides on the answer (``review.remarks``)."""

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "审核意见"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="comment_explained_says_why",
                condition=~Q(answer="explained") | ~Q(reply=""),
                violation_error_message="请写明说明的内容。",
            ),
            models.CheckConstraint(
                name="comment_closed_after_it_was_sent",
                condition=Q(closed_at__isnull=True) | Q(event__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        """Whether it may still be answered: what the last return sent, until submitted again."""
        application = self.application
        is_last = self.revision_id == application.current_revision_id
        return is_last and application.status == Status.RETURNED

    @property
    def put_again(self) -> "Comment | None":
        """The comment that reopens this one, sent or not."""
        return getattr(self, "reopened_as", None)

    @property
    def is_decided(self) -> bool:
        """Whether it was closed, or put again by a return."""
        return bool(self.closed_at or (self.put_again and self.put_again.event_id))

    @property
    def place(self) -> Place:
        return self.section, self.group, self.key, self.field


def requested_places(*revisions: Revision) -> set[Place]:
    """Where the bureau asked for changes when it returned any of ``revisions``."""
    comments = Comment.objects.filter(revision__in=revisions, event__isnull=False)
    return {comment.place for comment in comments}
