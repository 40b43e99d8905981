"""The verbs. This module is the only code that writes an application's status.

Each verb is one atomic block: a compare-and-swap on the status first (it also locks the row), then
the checks, any of which rolls everything back, then the event, then the revision where one is due.
Saving answers touches the application in the same way, so that no save slips between a submit's
check and its revision.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils import timezone

from applications import checks
from applications.models import Application, Event, Revision, Row, SectionAnswers
from applications.sections import SECTIONS, Filing, Group, Section, snapshot
from applications.states import BY_VERB, EDITABLE, Status, Transition, verbs_for
from portal.accounts.models import Enterprise, User
from portal.catalogue.models import Bureau
from portal.errors import Closed, NotAllowed, PortalError, StaleState
from portal.rounds.models import Deadline, Round
from portal.rounds.times import closing, moment


class NotReady(PortalError):
    """Submitting was refused; ``findings`` lists what blocks."""

    def __init__(self, findings: list[checks.Finding]) -> None:
        self.findings = findings
        first = "".join(finding.message for finding in findings[:1])
        super().__init__(f"还有 {len(findings)} 项须改正后才能提交。第一项：{first}")


class Conflict(PortalError):
    """The answers were saved elsewhere since the page was opened; nothing was saved now."""

    def __init__(self, theirs: SectionAnswers | Row) -> None:
        self.theirs = theirs
        super().__init__("您打开页面之后，这部分内容另有保存，您的内容尚未保存。")


# Deadlines


def require_open(round: Round, which: Deadline, now: datetime) -> None:
    """Raise Closed from the deadline's instant on (server clock, to the microsecond)."""
    if now < round.opens_at:
        raise Closed(f"“{round}”尚未开始，开始时间为 {moment(round.opens_at)}。")
    if not round.is_open(which, now):
        raise Closed(
            f"已过{which.label}时间（{closing(round.deadline(which))}），现在是 {moment(now)}，"
            f"不能再办理。如有特殊情况，请联系推荐单位或省厅。"
        )


def possible(application: Application, role: str) -> list[Transition]:
    """What a role may do with an application now: its state and the deadlines permit it."""
    now = timezone.now()
    return [
        transition
        for transition in verbs_for(application.status, role)
        if transition.deadline is None or application.round.is_open(transition.deadline, now)
    ]


# Enterprise


def start(round: Round, *, actor: User) -> Application:
    """Open a draft in a round; the enterprise's existing one, if it has started already."""
    if not actor.is_enterprise:
        raise NotAllowed("只有企业账号可以填写申报。")
    if not round.is_published:
        raise NotAllowed("该批次尚未发布。")
    enterprise: Enterprise = actor.enterprise
    existing = Application.objects.filter(enterprise=enterprise, round=round).first()
    if existing:
        return existing
    _require_seats(round, enterprise.bureau)
    now = timezone.now()
    require_open(round, Deadline.ENTERPRISE, now)
    try:
        with transaction.atomic():
            application = Application.objects.create(
                enterprise=enterprise, round=round, bureau_id=enterprise.bureau_id
            )
            for section in SECTIONS:
                section.model.objects.create(application=application)
            _record(application, "start", "", Status.DRAFT, actor, now)
    except IntegrityError:  # a colleague pressed the button at the same moment
        return Application.objects.get(enterprise=enterprise, round=round)
    return application


def _require_seats(round: Round, bureau: Bureau) -> None:
    """A bureau that joined after the round was published has seats only when the province says."""
    if not round.ranked_lists.filter(bureau=bureau).exists():
        raise NotAllowed(f"{bureau}在该批次还没有名额，请联系省厅后再办理。")


def _touch(application: Application, actor: User) -> None:
    """Lock the application for a save; refuse when it may not be edited any more."""
    if not actor.is_enterprise:
        raise NotAllowed("只有企业账号可以修改申报内容。")
    touched = (
        Application.objects.visible_to(actor)
        .filter(pk=application.pk, status__in=EDITABLE)
        .update(touched_at=timezone.now())
    )
    if not touched:
        raise StaleState("申报已提交或状态已变化，现在不能修改；您刚才的改动没有保存。")


@transaction.atomic
def save_section(
    application: Application,
    section: Section,
    values: dict[str, Any],
    *,
    version: int,
    rows: Iterable[tuple[Group, list[Row], list[str]]] = (),
    actor: User,
) -> None:
    """Store one section as posted, its rows with it.

    ``values`` maps column names to values (with ``unparsed``); ``rows`` gives for each group the
    rows to insert or update by key and the keys to remove. Raises Conflict, with nothing saved,
    when the section is no longer at ``version``.
    """
    _touch(application, actor)
    saved = section.model.objects.filter(application=application, version=version).update(
        **values, version=F("version") + 1, **_edited(actor)
    )
    if not saved:
        raise Conflict(section.model.objects.get(application=application))
    for group, changed, removed in rows:
        if removed:
            group.model.objects.filter(application=application, key__in=removed).delete()
        _upsert(group, changed, actor)


def _edited(actor: User) -> dict[str, Any]:
    return {"edited_by": actor, "edited_at": timezone.now()}


def _upsert(group: Group, rows: list[Row], actor: User) -> None:
    """Insert rows, or update those whose key the application already has: one statement."""
    if not rows:
        return
    for row in rows:
        for name, value in _edited(actor).items():
            setattr(row, name, value)
    names = [field.name for field in group.model.answer_fields()]
    group.model.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["application", "key"],
        update_fields=[*names, "unparsed", "order", "edited_by", "edited_at"],
    )


@transaction.atomic
def save_row(
    application: Application,
    group: Group,
    key: str,
    values: dict[str, Any],
    *,
    version: int,
    actor: User,
) -> Row:
    """Store one row that has a page of its own; ``version`` 0 with an unknown key adds it."""
    _touch(application, actor)
    rows = group.model.objects.filter(application=application)
    changes = {**values, **_edited(actor)}
    if rows.filter(key=key, version=version).update(version=F("version") + 1, **changes):
        return rows.get(key=key)
    existing = rows.filter(key=key).first()
    if existing:
        raise Conflict(existing)
    if version:
        raise StaleState("这一条已被他人删除；如需保留，请复制您的内容后重新添加。")
    last = rows.aggregate(last=Max("order"))["last"] or 0
    return group.model.objects.create(
        application=application, key=key, order=last + 1, version=1, **changes
    )


@transaction.atomic
def delete_row(application: Application, group: Group, key: str, *, actor: User) -> None:
    _touch(application, actor)
    group.model.objects.filter(application=application, key=key).delete()


@transaction.atomic
def move_row(application: Application, group: Group, key: str, step: int, *, actor: User) -> None:
    """Move a row up (``step`` -1) or down (+1) among its neighbours."""
    _touch(application, actor)
    rows = list(group.model.objects.filter(application=application).only("pk", "key", "order"))
    here = next((i for i, row in enumerate(rows) if row.key == key), None)
    if here is None or not 0 <= here + step < len(rows):
        return
    rows.insert(here + step, rows.pop(here))
    for order, row in enumerate(rows, 1):
        row.order = order
    group.model.objects.bulk_update(rows, ["order"])


@transaction.atomic
def submit(
    application: Application,
    declarations: list[str],
    *,
    actor: User,
    seen: datetime | None = None,
) -> Revision:
    """Freeze what is filled in as a new revision and hand it to the bureau.

    ``declarations`` are the texts agreed to (通知一（三）、二（一）). With ``seen``, the moment of
    the last change that the person has looked at, a later change by a colleague is refused.

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
    blocking = checks.blocking(checks.findings(filing))
    if blocking:
        raise NotReady(blocking)
    required = {declaration.text for declaration in fresh.round.declarations.all()}
    if required - set(declarations):
        raise NotAllowed("请逐项阅读并勾选全部承诺后再提交。")
    revision = _freeze(fresh, {**snapshot(filing), "declarations": declarations}, actor, now)
    # The row is locked by the claim; state and revision change together, as the constraint asks.
    Application.objects.filter(pk=fresh.pk).update(
        status=target, current_revision=revision, bureau=fresh.bureau
    )
    application.status, application.current_revision = target, revision
    _record(application, verb, source, target, actor, now, revision=revision)
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

    Raises StaleState when the application is not (any more) in a state the verb starts from.
    """
    if verb in ("submit", "resubmit"):
        raise ValueError("submitting needs a revision: call submit()")
    now = timezone.now()
    comment = comment.strip()
    if BY_VERB[verb].needs_comment and not comment:
        raise NotAllowed(f"请填写“{BY_VERB[verb].label}”的理由，企业会看到它。")
    source, target = _claim(application, verb, actor, now, status=BY_VERB[verb].target)
    application.status = target
    _record(application, verb, source, target, actor, now, comment=comment)


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
        require_open(application.round, transition.deadline, now)
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
) -> None:
    Event.objects.create(
        application=application,
        verb=verb,
        source=source,
        target=target,
        actor=actor,
        at=now,
        comment=comment,
        revision=revision,
    )
