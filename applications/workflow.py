"""The verbs. This module is the only code that writes an application's status.

Each verb is one atomic block: a compare-and-swap on the status first (it also locks the row), then
the checks, any of which rolls everything back, then the event, then the revision where one is due.
Saving answers holds the application in the same way, so that no save slips between a submit's
check and its revision.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from applications import checks, confirming, telling
from applications.models import Application, Comment, Confirmation, Event, Revision
from applications.sections import SECTIONS, Filing, snapshot
from applications.states import (
    BY_VERB,
    EDITABLE,
    TAKEN_OVER,
    Status,
    Transition,
    verbs_for,
)
from portal.accounts.models import Enterprise, User
from portal.audit import trail
from portal.catalogue.models import Bureau
from portal.errors import Closed, NotAllowed, PortalError, StaleState
from portal.jobs.tasks import start as start_job
from portal.rounds.models import Deadline, Due, Round
from portal.rounds.times import closing, moment

SUBMITTED = "submitted"
"""The kind of job that looks at a new revision, for whoever has work to do on one."""

KNOWN = {"basic": {"contact_name": "name", "contact_mobile": "mobile"}}
"""Answers that the account knows of whoever starts an application: what it calls them."""


class NotReady(PortalError):
    """Submitting was refused; ``findings`` lists what blocks."""

    def __init__(self, findings: list[checks.Finding]) -> None:
        self.findings = findings
        first = "".join(finding.message for finding in findings[:1])
        super().__init__(f"还有 {len(findings)} 项须改正后才能提交。第一项：{first}")


# Deadlines


def require_open(round: Round, due: Due, now: datetime) -> None:
    """Raise Closed from the deadline's instant on (server clock, to the microsecond)."""
    if now < round.opens_at:
        raise Closed(f"“{round}”尚未开始，开始时间为 {moment(round.opens_at)}。")
    if now >= due.instant:
        raise Closed(
            f"已过{due.which.label}时间（{closing(due.instant)}），现在是 {moment(now)}，"
            f"不能再办理。如有特殊情况，请联系推荐单位或省厅。"
        )


def possible(application: Application, role: str) -> list[Transition]:
    """What a role may do with an application now: its state and the deadlines permit it."""
    now = timezone.now()
    return [
        transition
        for transition in verbs_for(application.status, role)
        if transition.deadline is None or application.is_in_time(transition.deadline, now)
    ]


# Enterprise


def start(round: Round, *, actor: User) -> Application:
    """Open a draft in a round; the enterprise's existing one, if it has started already."""
    if not actor.is_enterprise:
        raise NotAllowed("只有企业账号可以填写申报。")
    if not round.is_published:
        raise NotAllowed("该批次尚未发布。")
    enterprise: Enterprise = actor.enterprise
    if round.is_trial != enterprise.is_invented:
        raise NotAllowed("试运行与正式申报互不相通，请用各自的账号办理。")
    existing = Application.objects.filter(enterprise=enterprise, round=round).first()
    if existing:
        return existing
    _require_seats(round, enterprise.bureau)
    now = timezone.now()
    require_open(round, round.due(Deadline.ENTERPRISE, enterprise=enterprise), now)
    try:
        with transaction.atomic():
            application = Application.objects.create(
                enterprise=enterprise,
                round=round,
                version=round.version,
                bureau_id=enterprise.bureau_id,
            )
            for section in SECTIONS:
                known = {n: getattr(actor, of) for n, of in KNOWN.get(section.slug, {}).items()}
                section.model.objects.create(application=application, **known)
            _record(application, "start", "", Status.DRAFT, actor, now)
    except IntegrityError:  # a colleague pressed the button at the same moment
        return Application.objects.get(enterprise=enterprise, round=round)
    return application


def _require_seats(round: Round, bureau: Bureau) -> None:
    """A bureau that joined after the round was published has seats only when the province says."""
    if not round.ranked_lists.filter(bureau=bureau).exists():
        raise NotAllowed(f"{bureau}在该批次还没有名额，请联系省厅后再办理。")


def hold(pk: int, actor: User) -> None:
    """Lock an application for a save, inside a transaction; refuse when it may not be edited."""
    if not actor.is_enterprise:
        raise NotAllowed("只有企业账号可以修改申报内容。")
    touched = (
        Application.objects.visible_to(actor)
        .filter(pk=pk, status__in=EDITABLE)
        .update(touched_at=timezone.now())
    )
    if not touched:
        raise StaleState("申报已提交或状态已变化，现在不能修改；您刚才的改动没有保存。")


@transaction.atomic
def confirm(
    application: Application, signer_name: str, *, actor: User, seen: str | None = None
) -> Confirmation | None:
    """Sign for the content in the enterprise's name; None where the round asks for nothing.

    The name signed with is the legal representative's, or that of the account. With ``seen``, what
    the signatory was shown (``Standing.content_sha256``), a later change is refused.
    """
    hold(application.pk, actor)
    if actor not in confirming.signatories(actor):
        raise NotAllowed("只有本单位的法定代表人或授权签字人可以确认。")
    filing = Filing.of(Application.objects.with_sections().get(pk=application.pk))
    stands = confirming.standing(filing)
    if stands is None or stands.holds:
        return stands and stands.latest
    if seen is not None and seen != stands.content_sha256:
        raise StaleState("您打开页面之后，内容又有修改。请再核对一遍后确认。")
    if blocking := checks.blocking(checks.findings(filing)):
        raise NotReady(blocking)
    names = {actor.name, filing.answers["basic"].legal_representative}
    if signer_name not in names:
        raise NotAllowed(
            f"签字人“{signer_name}”既不是本账号的姓名（{actor.name}），"
            "也不是申报中填写的“法定代表人”，请核对后再签。"
        )
    trail.record("confirm", "法定代表人确认", actor=actor, target=application)
    return Confirmation.objects.create(
        application=application,
        signer=actor,
        signer_name=signer_name,
        text=filing.application.version.confirmation_text,
        text_version=filing.application.version.number,
        content_sha256=stands.content_sha256,
    )


@transaction.atomic
def submit(
    application: Application,
    declarations: list[str],
    *,
    actor: User,
    seen: datetime | None = None,
    acknowledged: bool = False,
) -> Revision:
    """Freeze what is filled in as a new revision and hand it to the bureau.

    ``declarations`` are the texts agreed to (通知一（三）、二（一）). With ``seen``, the moment of
    the last change that the person has looked at, a later change by a colleague is refused.
    ``acknowledged`` says that what ``checks.sensitive`` reminds of has been looked at.

    Raises NotReady while a required answer is missing or a binding clause is not met, Closed after
    the deadline, StaleState when somebody was faster.
    """
    now = timezone.now()
    verb = "resubmit" if application.status == Status.RETURNED else "submit"
    source, target = _claim(application, verb, actor, now, seen=seen)
    fresh = Application.objects.with_sections().get(pk=application.pk)
    if source == Status.DRAFT:
        # A bureau corrected since the draft was started is the one that reviews it.
        fresh.bureau = fresh.enterprise.bureau
        _require_seats(fresh.round, fresh.bureau)
    filing = Filing.of(fresh)
    findings = checks.findings(filing)
    if blocking := checks.blocking(findings):
        raise NotReady(blocking)
    required = {declaration.text for declaration in fresh.version.declarations.all()}
    if required - set(declarations):
        raise NotAllowed("请逐项阅读并勾选全部承诺后再提交。")
    reminders = [reminder.message for reminder in checks.sensitive(filing)]
    if reminders and not acknowledged:
        raise NotAllowed("材料中有疑似涉密字样或个人号码，请逐条核对并勾选确认后再提交。")
    data = {
        **snapshot(filing),
        "declarations": declarations,
        **confirming.proof(filing),
        "checks": checks.frozen(filing, findings),
    }
    if reminders:
        data["acknowledged"] = reminders
    revision = _freeze(fresh, data, actor, now)
    submitted = [attachment.pk for attachment in filing.attachments]
    fresh.attachments.filter(pk__in=submitted, frozen_at=None).update(frozen_at=now)
    # The row is locked by the claim; state and revision change together, as the constraint asks.
    Application.objects.filter(pk=fresh.pk).update(
        status=target, current_revision=revision, bureau=fresh.bureau
    )
    application.status, application.current_revision = target, revision
    comment = f"提交前已核对 {len(reminders)} 处涉密或个人信息提示。" if reminders else ""
    _record(application, verb, source, target, actor, now, comment=comment, revision=revision)
    start_job(owner=None, kind=SUBMITTED, title=revision.receipt, revision=revision.pk)
    telling.submitted(fresh, revision, actor=actor)
    return revision


def _freeze(application: Application, data: dict[str, Any], actor: User, now: datetime) -> Revision:
    number = (application.revisions.aggregate(last=Max("number"))["last"] or 0) + 1
    round = application.round
    # Unique by construction: the application's own number and its revision's.
    receipt = f"{round.year}-{application.bureau.code}-{application.pk:05d}-{number:02d}"
    return Revision.objects.create(
        application=application,
        number=number,
        receipt=receipt,
        data=data,
        sha256=Revision.digest(data),
        project_name=application.factory.project_name,
        submitted_at=now,
        submitted_by=actor,
    )


def withdraw(application: Application, *, actor: User) -> None:
    """Take a submission back before the bureau has accepted it."""
    act(application, "withdraw", actor=actor)


# Bureau and province: called by ``review``, which guards the ranked list


@transaction.atomic
def act(application: Application, verb: str, *, actor: User, comment: str = "") -> None:
    """Carry out a verb that only changes the status and leaves an event.

    A return sends what was written on single places of the revision; then it needs no other words.

    Raises StaleState when the application is not (any more) in a state the verb starts from.
    """
    if verb in ("submit", "resubmit"):
        raise ValueError("submitting needs a revision: call submit()")
    now = timezone.now()
    comment = comment.strip()
    source, target = _claim(application, verb, actor, now, status=BY_VERB[verb].target)
    pinned = Comment.objects.none()
    if verb == "return_for_changes":
        pinned = Comment.objects.unsent().filter(revision=application.current_revision_id)
        if not comment and (count := pinned.count()):
            comment = f"请按 {count} 条逐项意见修改。"
    if BY_VERB[verb].needs_comment and not comment:
        raise NotAllowed(f"请填写“{BY_VERB[verb].label}”的理由，企业会看到它。")
    application.status = target
    event = _record(application, verb, source, target, actor, now, comment=comment)
    pinned.update(event=event)
    telling.decided(application, event)


@transaction.atomic
def transfer(
    application: Application,
    bureau: Bureau,
    reason: str,
    *,
    with_enterprise: bool = False,
    actor: User,
) -> Event:
    """Hand an application over to another bureau (转办), which decides on it anew.

    With ``with_enterprise`` its enterprise belongs there from now on; that of a draft must, for a
    draft goes where its enterprise belongs. Called by ``review``, which guards the ranked lists.
    """
    actor.require_province("转办申报")
    if not (reason := reason.strip()):
        raise NotAllowed("请填写转办的理由，企业和两个推荐单位会看到它。")
    source, former = Status(application.status), application.reviewing_bureau
    if bureau == former:
        raise NotAllowed(f"该申报已由{bureau}办理。")
    if source not in TAKEN_OVER:
        raise NotAllowed("该申报已随推荐名单报送，须先退回名单，才能转办。")
    now, target = timezone.now(), TAKEN_OVER[source]
    moved = (
        Application.objects.visible_to(actor)
        .filter(
            pk=application.pk,
            status=source,
            bureau=application.bureau_id,
            current_revision=application.current_revision_id,
        )
        .update(bureau=bureau, status=target, touched_at=now)
    )
    if not moved:
        raise StaleState()
    if with_enterprise or source == Status.DRAFT:
        Enterprise.objects.filter(pk=application.enterprise_id).update(bureau=bureau)
    application.bureau, application.status = bureau, target
    comment = f"由{former.short_name}转至{bureau.short_name}：{reason}"
    return _record(application, "transfer", source, target, actor, now, comment=comment)


def _claim(
    application: Application,
    verb: str,
    actor: User,
    now: datetime,
    *,
    seen: datetime | None = None,
    **changes: Any,
) -> tuple[Status, Status]:
    """The compare-and-swap that begins every verb.

    Locks the application if its status and revision still are those last read, applying
    ``changes``; with ``seen``, only if nothing at all was changed since that moment. Raises
    StaleState when somebody was faster. Returns the verb's source and target.
    """
    transition: Transition = BY_VERB[verb]
    if actor.role != transition.role:
        raise NotAllowed(f"您的账号不能办理“{transition.label}”。")
    if transition.deadline:
        require_open(application.round, application.due(transition.deadline), now)
    source = Status(application.status)
    if source not in transition.sources:
        raise StaleState()
    as_read = Application.objects.visible_to(actor).filter(
        pk=application.pk, status=source, current_revision=application.current_revision_id
    )
    if seen:
        as_read = as_read.filter(touched_at=seen)
    if not as_read.update(touched_at=now, **changes):
        raise (
            StaleState("您打开页面之后，内容又有修改。请再核对一遍后提交。")
            if seen
            else StaleState()
        )
    return source, transition.target


def _record(
    application: Application,
    verb: str,
    source: str,
    target: str,
    actor: User,
    now: datetime,
    *,
    comment: str = "",
    revision: Revision | None = None,
) -> Event:
    event = Event.objects.create(
        application=application,
        verb=verb,
        source=source,
        target=target,
        actor=actor,
        at=now,
        comment=comment,
        revision=revision,
    )
    said = f"第 {revision.number} 版，回执编号 {revision.receipt}" if revision else ""
    trail.record(verb, event.verb_label, actor=actor, target=application, detail=said)
    return event
