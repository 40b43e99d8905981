"""Who is told what about an application: called from its verbs, in their transaction.

Enterprise and project are named, nothing else of what an application says: why it was returned is
read where it can be mended.
"""

from datetime import date, datetime, timedelta

from django.db.models import CharField, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone

from applications import checks
from applications.models import Application, Event, Revision
from applications.sections import Filing
from applications.states import EDITABLE, Status, verbs_for
from portal.accounts.models import Role, User
from portal.messaging.models import Message
from portal.messaging.sending import people_of, send
from portal.rounds.models import Deadline, Extension

OUTCOMES = {
    "accept": "申报审核通过，进入推荐排序",
    "decline": "申报不予推荐，理由见办理记录",
    "undo_decline": "“不予推荐”已撤销，申报恢复审核",
    "recommend": "申报已列入推荐名单，报送省厅",
    "pass_over": "申报本批次未列入推荐名单，理由见办理记录",
}
"""What the enterprise is told of a verb. A list that is given back is its bureau's affair: the
enterprise hears when it is sent again."""

STEPS = (1, 3, 7)
"""So many days before the last one, the enterprise is reminded of what is not submitted."""

PORTAL = "智能工厂申报门户"


def submitted(application: Application, revision: Revision, *, actor: User) -> None:
    """Tell the bureau, but for who has stepped aside (回避), that a revision waits for it.

    What reminded the enterprise of submitting is done with, and whoever submits knows what it said.
    """
    officers = people_of(application.bureau, in_trial=application.round.is_trial)
    aside = application.interests.filter(has_conflict=True).values("officer")
    again = f"已重新提交（第 {revision.number} 版），" if revision.number > 1 else ""
    send(
        officers.exclude(pk__in=aside),
        kind=Message.Kind.TASK,
        title=f"申报{again}待审核：{revision.project_name}",
        text=str(application.round),
        sender=str(application.enterprise),
        due=application.round.deadline(Deadline.BUREAU, bureau=application.bureau),
        url=reverse("review:reader", args=[application.pk]),
        key=_asks_to_review(revision.pk),
    )
    done_with = Q(recipient=actor) | Q(kind=Message.Kind.DEADLINE)
    own = Message.objects.filter(recipient__enterprise=application.enterprise_id)
    own.filter(done_with, url=_page(application)).read()


def _asks_to_review(revision_id: int) -> str:
    return f"revision-{revision_id}"


def decided(application: Application, event: Event) -> None:
    """Tell the enterprise what its bureau decided; nobody is asked to review it any more."""
    if event.source == Status.SUBMITTED:
        Message.objects.filter(key=_asks_to_review(application.current_revision_id)).read()
    if event.verb == "return_for_changes":
        title, kind = "申报已退回，请修改后重新提交", Message.Kind.TASK
        due = application.deadline(Deadline.BUREAU)
    elif event.verb in OUTCOMES:
        title, kind, due = OUTCOMES[event.verb], Message.Kind.OUTCOME, None
    else:
        return
    send(
        people_of(application.enterprise, in_trial=application.round.is_trial),
        kind=kind,
        title=title,
        text=f"{application.current_revision.project_name}，{application.round}",
        sender=str(application.bureau),
        due=due,
        url=_page(application),
        key=f"event-{event.pk}",
        is_urgent=due is not None,
    )


KEY_OF_EVENT = Concat(Value("event-"), Cast(OuterRef("pk"), CharField()))
"""What the messages of an event are found by, for a query of events."""


def remind(now: datetime | None = None) -> None:
    """Remind the enterprises of what is to be submitted within ``STEPS`` days, once a step.

    A step that was missed is caught up with by the first run after it; of several, by one message.
    """
    now = now or timezone.now()
    longer = Extension.objects.confirmed().filter(until__gt=now)
    is_open = Q(round__bureau_deadline__gt=now) | Q(round__in=longer.values("round"))
    unfinished = Application.objects.filter(is_open, status__in=EDITABLE)
    for application in unfinished.with_sections():
        due = application.deadline(_deadline_of(application))
        left = (_last_day(due) - timezone.localdate(now)).days
        step = next((step for step in STEPS if left <= step), None)
        # After its list is sent nobody reads it any more.
        if now < due and step and not application.list_sent_at:
            _remind(application, due, left, step)


def _deadline_of(application: Application) -> Deadline:
    """Which one an application that is being filled in has to be submitted before."""
    [verb] = [
        verb
        for verb in verbs_for(application.status, Role.ENTERPRISE)
        if verb.target == Status.SUBMITTED
    ]
    return verb.deadline


def _last_day(due: datetime) -> date:
    """The day that a deadline ends or lies in."""
    return timezone.localdate(due - timedelta(microseconds=1))


def _remind(application: Application, due: datetime, left: int, step: int) -> None:
    key = f"remind-{application.pk}-{due:%Y%m%d%H%M%S}-{step}"
    if Message.objects.filter(key=key).exists():
        return
    missing = len(checks.blocking(checks.findings(Filing.of(application))))
    name = application.factory.project_name or "申报"
    send(
        people_of(application.enterprise, in_trial=application.round.is_trial),
        kind=Message.Kind.DEADLINE,
        title=f"申报尚未提交，{f'还有 {left} 天截止' if left else '今天截止'}",
        text=f"{name}，{application.round}："
        + (f"还有 {missing} 项须改正后才能提交。" if missing else "内容已齐，可以提交。"),
        sender=PORTAL,
        due=due,
        url=_page(application),
        key=key,
        is_urgent=step == STEPS[0],
    )


def _page(application: Application) -> str:
    return reverse("applications:detail", args=[application.pk])
