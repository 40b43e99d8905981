"""推荐汇总表（附件1）: ranked lists → Document."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils import timezone

from applications import papers
from applications.models import Revision
from portal.catalogue.models import Bureau
from portal.documents.model import (
    Block,
    Column,
    Document,
    Group,
    Kind,
    Paragraph,
    Style,
    Table,
    Value,
)
from portal.rounds.models import Round
from review.models import RankedList, Seat

EACH_UNIT = "各推荐单位（见表中分组）"
NOTE = "注：1.推荐的{noun}按优先次序排名；2.推荐数量不能超过通知中规定的上限。"
EXEMPT_NOTE = "{note}.{unit}第 {row} 项为不占名额推荐：{reason}"


@dataclass(frozen=True)
class Summary:
    """The table, what keeps it from being complete, and what else to know (Chinese sentences)."""

    document: Document
    missing: list[str]
    notes: list[str]


def columns(round: Round) -> tuple[Column, ...]:
    """The six columns of Annex 1, to the character; the level is the round's."""
    return (
        Column("序号", Kind.INTEGER, 12, "center"),
        Column("申报单位名称", Kind.TEXT, 44),
        Column(f"{round.project_noun}名称", Kind.TEXT, 46),
        Column("涉及典型场景实例（罗列）", Kind.NUMBERED, 103),
        Column("联系人", Kind.TEXT, 20, "center"),
        Column("联系方式（手机号）", Kind.TEXT, 38, "center"),
    )


def build(round: Round, bureau: Bureau | None = None) -> Summary:
    """Annex 1 of one bureau, or of the whole province when none is named.

    Only sent and received lists are in. The rows of a province's table are grouped by bureau in
    the notice's order and numbered inside it.
    """
    lists = RankedList.objects.filter(round=round).select_related("bureau")
    if bureau:
        lists = lists.filter(bureau=bureau)
    lists = list(lists.order_by("bureau__order"))
    seats = _seats(round, [ranked_list for ranked_list in lists if not ranked_list.is_open])
    document = papers.printable(_document(round, bureau, seats))
    return Summary(document, _missing(lists, bureau), _notes(lists, seats))


def preview(ranked_list: RankedList) -> Document:
    """The Annex 1 that sending this list as it stands would give."""
    return _document(
        ranked_list.round, ranked_list.bureau, _seats(ranked_list.round, [ranked_list])
    )


def _document(round: Round, bureau: Bureau | None, seats: Sequence[Seat]) -> Document:
    title = f"{round.project_noun}推荐汇总表"
    groups = tuple(
        Group(None if bureau else unit.name, tuple(_row(number, seat) for number, seat in members))
        for unit, members in _by_bureau(seats)
    )
    blocks: tuple[Block, ...] = (
        Paragraph("附件1", Style.ANNEX_LABEL),
        Paragraph(title, Style.TITLE),
        Paragraph(f"推荐单位（盖章）：{bureau.name if bureau else EACH_UNIT}", Style.UNIT_LINE),
        Table(columns(round), groups),
        Paragraph(NOTE.format(noun=round.project_noun), Style.NOTE),
        *(Paragraph(note, Style.NOTE) for note in _exempt_notes(bureau, seats)),
    )
    return Document(
        title=f"{round.year}年度{title}{f'（{bureau.short_name}）' if bureau else ''}",
        blocks=blocks,
        orientation="landscape",
        made_at=timezone.now(),
        revision=_revision(seats),
    )


def _seats(round: Round, lists: Sequence[RankedList]) -> list[Seat]:
    """The occupied seats of the lists, by bureau in the notice's order, then by place."""
    return list(
        Seat.objects.filter(
            round=round,
            bureau__in=[ranked_list.bureau_id for ranked_list in lists],
            application__isnull=False,
        )
        .select_related("bureau", "application__current_revision")
        .order_by("bureau__order", "is_exempt", "number")
    )


def _by_bureau(seats: Sequence[Seat]) -> Iterator[tuple[Bureau, list[tuple[int, Seat]]]]:
    for bureau, members in groupby(seats, key=lambda seat: seat.bureau):
        yield bureau, list(enumerate(members, 1))


def _row(number: int, seat: Seat) -> tuple[Value, ...]:
    revision: Revision = seat.application.current_revision
    return (
        number,
        revision.data["enterprise"]["name"],
        revision.project_name,
        tuple(revision.scenario_lines),
        revision.text("basic", "contact_name"),
        revision.text("basic", "contact_mobile"),
    )


def _exempt_notes(bureau: Bureau | None, seats: Sequence[Seat]) -> Iterator[str]:
    """The further notes of the table: which rows are 不占名额, and why."""
    exempt = (
        (unit, row, seat)
        for unit, members in _by_bureau(seats)
        for row, seat in members
        if seat.is_exempt
    )
    for note, (unit, row, seat) in enumerate(exempt, 3):  # after the notice's own two
        named = "" if bureau else unit.short_name
        reason = " ".join(seat.exempt_reason.split())
        yield EXEMPT_NOTE.format(note=note, unit=named, row=row, reason=reason)


def _revision(seats: Sequence[Seat]) -> str:
    """One hash for the whole table: the members' revisions in their places, and why exempt."""
    members = [
        [
            seat.bureau.code,
            seat.number,
            seat.application.current_revision.sha256,
            *([seat.exempt_reason] if seat.is_exempt else []),
        ]
        for seat in seats
    ]
    return Revision.digest({"members": members})


def _missing(lists: Sequence[RankedList], bureau: Bureau | None) -> list[str]:
    if not lists:
        return [f"{bureau or '各推荐单位'}在该批次没有推荐名单：批次尚未发布。"]
    missing = []
    for ranked_list in lists:
        if ranked_list.was_returned:
            missing.append(f"{ranked_list.bureau.name}：名单已被退回，尚未重新报送")
        elif ranked_list.is_open:
            missing.append(f"{ranked_list.bureau.name}：尚未报送")
    return missing


def _notes(lists: Sequence[RankedList], seats: Sequence[Seat]) -> list[str]:
    represented = {seat.bureau_id for seat in seats}
    return [
        f"{ranked_list.bureau.name}：已报送，本批次无推荐项目"
        for ranked_list in lists
        if not ranked_list.is_open and ranked_list.bureau_id not in represented
    ]
