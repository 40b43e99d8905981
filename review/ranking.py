"""The ranked list: the whole order at once, never one row, and the list's own verbs.

Every act first touches the list's row while it is open, which puts all acts on one bureau's list in
a queue (PostgreSQL locks the row, SQLite the file). This module is the only code that writes a
list's status; the applications' status changes through ``applications.workflow``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from applications import commenting, interests, workflow
from applications.models import Application, Revision
from applications.states import BY_VERB, Status
from portal.accounts.models import User
from portal.audit import trail
from portal.documents.model import clean_text
from portal.errors import NotAllowed, StaleState
from portal.rounds.models import Deadline
from review import telling
from review.models import ListEvent, RankedList, Seat

REOPENED = {"status": RankedList.Status.OPEN, "sent_at": None, "version": F("version") + 1}

LONGEST_OPINION = 2000
LONGEST_REASON = 200
"""In characters; a reason is printed under the summary table."""


def places_of(ranked_list: RankedList) -> list[Seat]:
    """All of the list in order: the numbered seats, free ones too, then the exempt ones."""
    return list(
        Seat.objects.filter(round=ranked_list.round_id, bureau=ranked_list.bureau_id)
        .select_related(
            "application__enterprise",
            "application__bureau",
            "application__round",
            "application__current_revision",
        )
        .defer("application__current_revision__data")
        .order_by("is_exempt", "number")
    )


def seats_of(ranked_list: RankedList) -> list[Seat]:
    """The bureau's numbered seats in order, each with its application."""
    return [place for place in places_of(ranked_list) if not place.is_exempt]


def order_of(places: Iterable[Seat]) -> list[int]:
    """The ids of the applications on numbered seats, first place first."""
    return [seat.application_id for seat in places if seat.application_id and not seat.is_exempt]


def reasons_of(places: Iterable[Seat]) -> dict[int, str]:
    """The ids of the applications on exempt seats, in order, and why each is exempt."""
    return {seat.application_id: seat.exempt_reason for seat in places if seat.is_exempt}


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
            f"推荐名单{fresh.get_status_display()}，不能再改动；如需修改，请撤回或联系省厅退回。"
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

    Taking a free seat disturbs nobody, so it needs no ``version``; ``opinions`` (by application)
    are saved with it only if the list still was at ``version``, since a colleague may have written
    others. Returns whether they were.

    Raises NotAllowed when all seats are taken: there is no fourth (通知二（二）).
    """
    _touch(ranked_list, actor)
    places = places_of(ranked_list)
    if any(place.application_id == application.pk for place in places):
        raise StaleState("该申报已在推荐名单中。")
    order, total = order_of(places), _quota(places)
    if len(order) == total:
        raise NotAllowed(f"{total} 个名额已满；如需更换，请先移出一个。")
    _require_candidates(ranked_list, [application.pk])
    touched = RankedList.objects.values_list("version", flat=True).get(pk=ranked_list.pk)
    is_current = touched - 1 == version
    typed = opinions if is_current and opinions else {}
    order.append(application.pk)
    _arrange(ranked_list, places, order, reasons_of(places), typed, actor)
    return is_current


@transaction.atomic
def replace_order(
    ranked_list: RankedList,
    application_ids: Sequence[int],
    exempt_ids: Sequence[int] | None = None,
    *,
    version: int,
    opinions: Mapping[int, str] | None = None,
    actor: User,
) -> None:
    """Seat exactly these applications in this order, each with its opinion or the one typed now.

    ``exempt_ids`` are those on exempt seats in order; without it they stay, but for who gets a
    numbered seat. To become exempt takes a reason, so it is another act.

    Raises StaleState when the list is no longer at ``version``, NotAllowed for more applications
    than seats, a repeated one, or one that is not an accepted application of this bureau.
    """
    _touch(ranked_list, actor, version=version)
    places = places_of(ranked_list)
    reasons = reasons_of(places)
    if exempt_ids is None:
        exempt_ids = [pk for pk in reasons if pk not in application_ids]
    if not reasons.keys() >= set(exempt_ids):
        raise NotAllowed("列为不占名额须说明理由，请在候选申报处办理。")
    _require_candidates(ranked_list, [*application_ids, *exempt_ids])
    if len(application_ids) > (total := _quota(places)):
        raise NotAllowed(f"最多推荐 {total} 个项目，提交了 {len(application_ids)} 个。")
    reasons = {pk: reasons[pk] for pk in exempt_ids}
    _arrange(ranked_list, places, application_ids, reasons, opinions or {}, actor)


@transaction.atomic
def exempt(
    ranked_list: RankedList,
    application: Application,
    reason: str,
    *,
    version: int,
    opinions: Mapping[int, str] | None = None,
    actor: User,
) -> None:
    """Recommend an application beside the quota (不占名额), or reword why it is there.

    Raises NotAllowed where the round knows no such case (``Round.exempt_rule``) and without a
    reason: it is printed under the summary table.
    """
    _touch(ranked_list, actor, version=version)
    if not ranked_list.round.exempt_rule:
        raise NotAllowed("本批次不允许不占名额的推荐。")
    if not (reason := cleaned(reason)):
        raise NotAllowed("请填写不占名额的理由，它会印在汇总表的注里。")
    _require_short("不占名额的理由", reason, LONGEST_REASON)
    _require_candidates(ranked_list, [application.pk])
    places = places_of(ranked_list)
    order = [pk for pk in order_of(places) if pk != application.pk]
    reasons = reasons_of(places) | {application.pk: reason}
    _arrange(ranked_list, places, order, reasons, opinions or {}, actor)


@transaction.atomic
def save_opinions(
    ranked_list: RankedList, opinions: Mapping[int, str], *, version: int, actor: User
) -> None:
    """Store the reason given for each place; ``opinions`` maps applications to text."""
    _touch(ranked_list, actor, version=version)
    places = places_of(ranked_list)
    _arrange(ranked_list, places, order_of(places), reasons_of(places), opinions, actor)


def _quota(places: Iterable[Seat]) -> int:
    return sum(not place.is_exempt for place in places)


def _arrange(
    ranked_list: RankedList,
    places: Sequence[Seat],
    order: Sequence[int],
    reasons: Mapping[int, str],
    opinions: Mapping[int, str],
    actor: User,
) -> None:
    """Make the list this and nothing else: who is seated where, who is exempt and why.

    An opinion moves with its application, and goes when that leaves the list.
    """
    before = {place.application_id: _standing(place) for place in places if place.application_id}
    kept = {place.application_id: place.opinion for place in places}
    kept |= {pk: cleaned(text) for pk, text in opinions.items()}
    for opinion in kept.values():
        _require_short("推荐意见", opinion, LONGEST_OPINION)
    seats = [place for place in places if not place.is_exempt]
    leaving = [place.pk for place in places if place.is_exempt]
    moves = any(seat.application_id not in (None, pk) for seat, pk in zip_longest(seats, order))
    for seat, pk in zip_longest(seats, order):
        seat.application_id, seat.opinion = pk, kept.get(pk, "")
    exempts = [
        Seat(
            round_id=ranked_list.round_id,
            bureau_id=ranked_list.bureau_id,
            number=number,
            quota=len(seats),
            application_id=pk,
            opinion=kept.get(pk, ""),
            is_exempt=True,
            exempt_reason=reason,
        )
        for number, (pk, reason) in enumerate(reasons.items(), 1)
    ]
    after = {
        place.application_id: _standing(place)
        for place in (*seats, *exempts)
        if place.application_id
    }
    _require_no_conflict(actor, {pk for pk in before | after if before.get(pk) != after.get(pk)})
    # An application may have one place only, at every moment: clear before filling.
    if leaving:
        Seat.objects.filter(pk__in=leaving).delete()
    if moves:
        Seat.objects.filter(pk__in=[seat.pk for seat in seats]).update(application=None)
    Seat.objects.bulk_update(seats, ["application", "opinion"])
    Seat.objects.bulk_create(exempts)
    if before != after:
        moved = {pk: place[:3] for pk, place in before.items()} != {
            pk: place[:3] for pk, place in after.items()
        }
        act = ("arrange", "调整推荐名单") if moved else ("opinions", "填写推荐意见")
        trail.record(*act, actor=actor, target=ranked_list, detail=_in_words(ranked_list))


def _in_words(ranked_list: RankedList) -> str:
    """Who stands where on the list as it is stored."""
    taken = Seat.objects.filter(
        round=ranked_list.round_id, bureau=ranked_list.bureau_id, application__isnull=False
    )
    seats = taken.select_related("application__enterprise").order_by("is_exempt", "number")
    return "；".join(f"{seat.place} {seat.application.enterprise}" for seat in seats)


def _standing(place: Seat) -> tuple[bool, int, str, str]:
    return place.is_exempt, place.number, place.exempt_reason, place.opinion


def _require_no_conflict(actor: User, changed: Collection[int]) -> None:
    """Who has stepped aside from an application (回避) changes nothing about its place."""
    if aside := interests.conflicts(actor, changed):
        names = Application.objects.visible_to(actor).filter(pk__in=aside)
        named = "、".join(names.values_list("enterprise__name", flat=True))
        raise NotAllowed(
            f"您已声明对“{named}”回避，这一步会改动它的名次或意见，没有执行；请由同事办理。"
        )


def _require_short(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise NotAllowed(f"“{name}”请控制在 {longest} 字以内，现在是 {len(text)} 字，没有保存。")


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
    if (application.round_id, application.bureau_id) != (
        ranked_list.round_id,
        ranked_list.bureau_id,
    ):
        raise NotAllowed("该申报不属于这份推荐名单。")
    interests.require_open(application, actor)
    if revision not in (None, application.current_revision_id):
        raise StaleState("企业已提交新的版本，您的操作没有执行；请阅读最新版本后再办理。")
    if Seat.objects.filter(application=application).exists():
        raise NotAllowed(f"该申报在推荐名单中，请先移出名单，再办理“{BY_VERB[verb].label}”。")
    workflow.act(application, verb, actor=actor, comment=comment)
    if verb == "accept":  # only now is the application held
        commenting.require_decided(application)


@transaction.atomic
def send(
    ranked_list: RankedList,
    *,
    version: int,
    signatory: str,
    statement: str = "",
    regrets: Mapping[int, str] | None = None,
    actor: User,
) -> None:
    """Send the list to the province; it and its members are frozen from here.

    A list with free seats is fine; an empty one needs ``statement``. Each accepted application
    that is not on it (``left_over``) is passed over; ``regrets`` (by application) is what its
    enterprise reads about that. A list that the province sent back may be sent again after the
    deadline, since it was the province that asked for it.
    """
    _touch(ranked_list, actor, version=version)
    if not RankedList.objects.get(pk=ranked_list.pk).was_returned:
        workflow.require_open(ranked_list.round, ranked_list.due(Deadline.BUREAU), timezone.now())
    members = _members(ranked_list)
    if not signatory.strip():
        raise NotAllowed("请填写签发人姓名。")
    if not members and not statement.strip():
        raise NotAllowed("名单为空：请填写情况说明（为何本批次不推荐），或先选择推荐项目。")
    for application in members:
        workflow.act(application, "recommend", actor=actor)
    for application in left_over(ranked_list):
        if not (reason := cleaned((regrets or {}).get(application.pk, ""))):
            raise NotAllowed(
                f"请填写“{application.enterprise}”未列入推荐名单的理由，企业会看到它。"
            )
        workflow.act(application, "pass_over", actor=actor, comment=reason)
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
    actor.require_province("受理推荐名单")
    received = {"status": RankedList.Status.RECEIVED, "received_at": timezone.now()}
    _swap_sent(RankedList.objects.filter(pk=ranked_list.pk), version, **received)
    _record(ranked_list, "receive", actor, "", _members(ranked_list))


@transaction.atomic
def send_back(ranked_list: RankedList, *, version: int, reason: str, actor: User) -> None:
    """Return a sent list to its bureau with a reason; its members are free to be ranked again.

    The reason stays on the list: it may speak of rivals, and the enterprises read their own events.
    """
    actor.require_province("退回推荐名单")
    if not (reason := cleaned(reason)):
        raise NotAllowed("请填写退回理由，推荐单位会看到它。")
    lists = RankedList.objects.filter(pk=ranked_list.pk)
    _swap_sent(lists, version, **REOPENED, returned_at=timezone.now(), return_reason=reason)
    _release(ranked_list, "release", actor)
    _record(ranked_list, "return", actor, reason, _members(ranked_list))


@transaction.atomic
def recall(ranked_list: RankedList, *, version: int, reason: str, actor: User) -> None:
    """Take a sent list back to change it, as long as the province has not received it.

    Until the bureau's deadline, for it has to be sent again; later only if it may be sent then,
    because the province had returned it.
    """
    if not actor.is_bureau:
        raise NotAllowed("只有推荐单位可以撤回推荐名单。")
    if not (reason := cleaned(reason)):
        raise NotAllowed("请填写撤回理由，省厅会看到它。")
    lists = RankedList.objects.visible_to(actor).filter(pk=ranked_list.pk)
    _swap_sent(lists, version, **REOPENED)
    if not lists.get().was_returned:
        workflow.require_open(ranked_list.round, ranked_list.due(Deadline.BUREAU), timezone.now())
    _release(ranked_list, "recall", actor)
    _record(ranked_list, "recall", actor, reason, _members(ranked_list))


def left_over(ranked_list: RankedList) -> list[Application]:
    """The accepted applications of the bureau that are not on its list."""
    accepted = Application.objects.filter(
        round=ranked_list.round_id, bureau=ranked_list.bureau_id, status=Status.ACCEPTED
    )
    return list(accepted.filter(seat=None).with_parties().order_by("pk"))


def _members(ranked_list: RankedList) -> list[Application]:
    return [place.application for place in places_of(ranked_list) if place.application]


def _swap_sent(lists: QuerySet[RankedList], read: int, **changes: object) -> None:
    """Change the sent list, if it still is the one that was read."""
    if not lists.filter(status=RankedList.Status.SENT, version=read).update(**changes):
        raise StaleState("名单在您打开页面之后已有变化，您的操作没有执行；请看最新内容。")


def _release(ranked_list: RankedList, verb: str, actor: User) -> None:
    """Take back what sending did to the bureau's applications, on the list or not."""
    decided = Application.objects.filter(
        round=ranked_list.round_id,
        bureau=ranked_list.bureau_id,
        status__in=BY_VERB[verb].sources,
    )
    for application in decided.with_parties().order_by("pk"):
        workflow.act(application, verb, actor=actor)


def _record(
    ranked_list: RankedList, verb: str, actor: User, comment: str, members: list[Application]
) -> None:
    event = ListEvent.objects.create(
        ranked_list=ranked_list,
        verb=verb,
        actor=actor,
        at=timezone.now(),
        comment=comment,
        receipts=[application.current_revision.receipt for application in members],
    )
    act = f"{event.verb_label}推荐名单"
    detail = _in_words(ranked_list) or "空名单"
    trail.record(f"list_{verb}", act, actor=actor, target=ranked_list, detail=detail)
    telling.list_changed(ranked_list, event, actor=actor)
