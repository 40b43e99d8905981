"""The ranked list: the whole order at once, never one row, and the list's own verbs.

Every act first touches the list's row while it is open, which puts all acts on one bureau's list in
a queue (PostgreSQL locks the row, SQLite the file). This module is the only code that writes a
list's status; the applications' status changes through ``applications.workflow``.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from applications import interests, workflow
from applications.models import Application, Revision
from applications.states import BY_VERB, Status
from portal.accounts.models import User
from portal.documents.model import clean_text
from portal.errors import NotAllowed, StaleState
from portal.rounds.models import Deadline
from review.models import ListEvent, RankedList, Seat


def seats_of(ranked_list: RankedList) -> list[Seat]:
    """The bureau's seats in order, each with its application."""
    return list(
        Seat.objects.filter(round=ranked_list.round_id, bureau=ranked_list.bureau_id)
        .select_related("application__enterprise", "application__current_revision")
        .defer("application__current_revision__data")
        .order_by("number")
    )


def order_of(seats: Sequence[Seat]) -> list[int]:
    """The ids of the seated applications, first place first."""
    return [seat.application_id for seat in seats if seat.application_id]


def events_of(ranked_list: RankedList) -> list[ListEvent]:
    """What happened to the list, latest first; ``members`` of each are receipts with names."""
    events = list(ranked_list.events.select_related("actor__enterprise", "actor__bureau"))
    receipts = {receipt for event in events for receipt in event.receipts}
    names = dict(
        Revision.objects.filter(receipt__in=receipts).values_list(
            "receipt", "data__enterprise__name"
        )
    )
    for event in events:
        event.members = [(receipt, names.get(receipt, "")) for receipt in event.receipts]
    return events


def _touch(
    ranked_list: RankedList, actor: User, *, version: int | None = None, changes: int = 1
) -> None:
    """Lock the open list for one act; with ``version``, only if nobody changed it since.

    ``changes`` is 0 for an act that leaves order and opinions as they are, so that a colleague's
    open board stays good.
    """
    if not actor.is_bureau:
        raise NotAllowed("只有推荐单位可以排序和报送推荐名单。")
    lists = RankedList.objects.visible_to(actor).filter(
        pk=ranked_list.pk, status=RankedList.Status.OPEN
    )
    if version is not None:
        lists = lists.filter(version=version)
    if lists.update(version=F("version") + changes):
        return
    fresh = RankedList.objects.visible_to(actor).filter(pk=ranked_list.pk).first()
    if fresh and not fresh.is_open:
        raise StaleState(
            f"推荐名单{fresh.get_status_display()}，不能再改动；如需修改请联系省厅退回。"
        )
    raise StaleState("推荐名单刚被他人改动，您的操作没有执行；请按最新名单重新操作。")


@transaction.atomic
def recommend(
    ranked_list: RankedList,
    application: Application,
    *,
    version: int | None = None,
    opinions: Mapping[int, str] | None = None,
    actor: User,
) -> bool:
    """Seat an accepted application on the first free seat.

    Taking a free seat disturbs nobody, so it needs no ``version``; ``opinions`` (by seat number)
    are saved with it only if the list still was at ``version``, since seats may have changed
    hands. Returns whether they were.

    Raises NotAllowed when all seats are taken: there is no fourth (通知二（二）).
    """
    _touch(ranked_list, actor)
    touched = RankedList.objects.values_list("version", flat=True).get(pk=ranked_list.pk)
    is_current = touched - 1 == version
    _require_candidates(ranked_list, [application.pk])
    seats = seats_of(ranked_list)
    if application.pk in order_of(seats):
        raise StaleState("该申报已在推荐名单中。")
    seat = next((seat for seat in seats if seat.application_id is None), None)
    if seat is None:
        raise NotAllowed(f"{len(seats)} 个名额已满；如需更换，请先移出一个。")
    if is_current:
        _take_opinions(seats, opinions or {})
    seat.application = application
    Seat.objects.bulk_update(seats, ["application", "opinion"])
    return is_current


@transaction.atomic
def replace_order(
    ranked_list: RankedList,
    application_ids: Sequence[int],
    *,
    version: int,
    opinions: Mapping[int, str] | None = None,
    actor: User,
) -> None:
    """Seat exactly these applications in this order, each taking its opinion along.

    ``opinions`` are by the seat numbers before the move.

    Raises StaleState when the list is no longer at ``version``, NotAllowed for more applications
    than seats, a repeated one, or one that is not an accepted application of this bureau.
    """
    _touch(ranked_list, actor, version=version)
    _require_candidates(ranked_list, application_ids)
    seats = seats_of(ranked_list)
    if len(application_ids) > len(seats):
        raise NotAllowed(f"最多推荐 {len(seats)} 个项目，提交了 {len(application_ids)} 个。")
    _take_opinions(seats, opinions or {})
    kept = {seat.application_id: seat.opinion for seat in seats if seat.application_id}
    # Empty all places first: an application may sit on one seat only, at every moment.
    Seat.objects.filter(pk__in=[seat.pk for seat in seats]).update(application=None, opinion="")
    for seat, pk in zip_longest(seats, application_ids):
        seat.application_id, seat.opinion = pk, kept.get(pk, "")
    Seat.objects.bulk_update(seats, ["application", "opinion"])


@transaction.atomic
def save_opinions(
    ranked_list: RankedList, opinions: Mapping[int, str], *, version: int, actor: User
) -> None:
    """Store the reason given for each place; ``opinions`` maps seat numbers to text."""
    _touch(ranked_list, actor, version=version)
    seats = seats_of(ranked_list)
    _take_opinions(seats, opinions)
    Seat.objects.bulk_update(seats, ["opinion"])


def _take_opinions(seats: Sequence[Seat], opinions: Mapping[int, str]) -> None:
    for seat in seats:
        if seat.application_id and seat.number in opinions:
            seat.opinion = cleaned(opinions[seat.number])


def cleaned(opinion: str) -> str:
    """An opinion as it is stored."""
    return clean_text(opinion.replace("\r\n", "\n")).strip()


def _require_candidates(ranked_list: RankedList, application_ids: Sequence[int]) -> None:
    if len(set(application_ids)) != len(application_ids):
        raise NotAllowed("同一申报不能占两个名额。")
    candidates = Application.objects.filter(
        pk__in=application_ids,
        round=ranked_list.round_id,
        bureau=ranked_list.bureau_id,
        status=Status.ACCEPTED,
    ).count()
    if candidates != len(application_ids):
        raise StaleState("只能推荐本单位审核通过的申报；列表中有申报的状态已变化，请刷新后重试。")


@transaction.atomic
def decide(
    ranked_list: RankedList,
    application: Application,
    verb: str,
    *,
    revision: int | None = None,
    actor: User,
    comment: str = "",
) -> None:
    """Accept, return, decline or take a decline back, while the bureau's list is open.

    With ``revision``, only if that is still what the enterprise submitted last.
    """
    _touch(ranked_list, actor, changes=0)
    interests.require_open(application, actor)
    if revision not in (None, application.current_revision_id):
        raise StaleState("企业已提交新的版本，您的操作没有执行；请阅读最新版本后再办理。")
    if Seat.objects.filter(application=application).exists():
        raise NotAllowed(f"该申报在推荐名单中，请先移出名单，再办理“{BY_VERB[verb].label}”。")
    workflow.act(application, verb, actor=actor, comment=comment)


@transaction.atomic
def send(
    ranked_list: RankedList,
    *,
    version: int,
    signatory: str,
    statement: str = "",
    actor: User,
) -> None:
    """Send the list to the province; it and its members are frozen from here.

    A list with free seats is fine; an empty one needs ``statement``. A list that the province sent
    back may be sent again after the deadline, since it was the province that asked for it.
    """
    _touch(ranked_list, actor, version=version)
    if not RankedList.objects.get(pk=ranked_list.pk).was_returned:
        workflow.require_open(ranked_list.round, Deadline.BUREAU, timezone.now())
    members = _members(ranked_list)
    if not signatory.strip():
        raise NotAllowed("请填写签发人姓名。")
    if not members and not statement.strip():
        raise NotAllowed("名单为空：请填写情况说明（为何本批次不推荐），或先选择推荐项目。")
    for application in members:
        workflow.act(application, "recommend", actor=actor)
    RankedList.objects.filter(pk=ranked_list.pk).update(
        status=RankedList.Status.SENT,
        sent_at=timezone.now(),
        signatory=signatory.strip(),
        statement=statement.strip(),
    )
    _record(ranked_list, "send", actor, statement.strip(), members)


@transaction.atomic
def receive(ranked_list: RankedList, *, version: int, actor: User) -> None:
    """Accept a sent list (受理), provided it still is the one that was read."""
    _province_swap(
        ranked_list, actor, version, status=RankedList.Status.RECEIVED, received_at=timezone.now()
    )
    _record(ranked_list, "receive", actor, "", _members(ranked_list))


@transaction.atomic
def send_back(ranked_list: RankedList, *, version: int, reason: str, actor: User) -> None:
    """Return a sent list to its bureau with a reason; its members are free to be ranked again.

    The reason stays on the list: it may speak of rivals, and the enterprises read their own events.
    """
    if not reason.strip():
        raise NotAllowed("请填写退回理由，推荐单位会看到它。")
    _province_swap(
        ranked_list,
        actor,
        version,
        status=RankedList.Status.OPEN,
        sent_at=None,
        returned_at=timezone.now(),
        return_reason=reason.strip(),
        version=F("version") + 1,
    )
    members = _members(ranked_list)
    for application in members:
        workflow.act(application, "release", actor=actor)
    _record(ranked_list, "return", actor, reason.strip(), members)


def _members(ranked_list: RankedList) -> list[Application]:
    return [seat.application for seat in seats_of(ranked_list) if seat.application]


def _province_swap(ranked_list: RankedList, actor: User, read: int, **changes: object) -> None:
    if not actor.is_province:
        raise NotAllowed("只有省厅可以受理或退回推荐名单。")
    swapped = RankedList.objects.filter(
        pk=ranked_list.pk, status=RankedList.Status.SENT, version=read
    ).update(**changes)
    if not swapped:
        raise StaleState("名单在您打开页面之后已有变化，您的操作没有执行；请看最新内容。")


def _record(
    ranked_list: RankedList, verb: str, actor: User, comment: str, members: list[Application]
) -> None:
    ListEvent.objects.create(
        ranked_list=ranked_list,
        verb=verb,
        actor=actor,
        at=timezone.now(),
        comment=comment,
        receipts=[application.current_revision.receipt for application in members],
    )
