"""推荐汇总表（附件1）: ranked lists → Document."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
NOT_RECEIVED = "（未受理）"
NOTE = "注：1.推荐的{noun}按优先次序排名；2.推荐数量不能超过通知中规定的上限。"
EXEMPT_NOTE = "{note}.{unit}第 {row} 项为不占名额推荐：{reason}"


@dataclass(frozen=True)
class Unit:
    """What the table holds of one bureau: its seats in order, and the rows that are printed."""

    bureau: Bureau
    is_marked: bool
    seats: tuple[Seat, ...]
    rows: tuple[tuple[Value, ...], ...]

    @property
    def title(self) -> str:
        return f"{self.bureau.name}{NOT_RECEIVED if self.is_marked else ''}"


@dataclass(frozen=True)
class Summary:
    """The table, what keeps it from being complete, and what else to know (Chinese sentences)."""

    document: Document
    units: tuple[Unit, ...]
    missing: list[str]
    notes: list[str]

    @property
    def is_marked(self) -> bool:
        """Whether lists are in that the province has not received yet."""
        return any(unit.is_marked for unit in self.units)


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


def build(round: Round, bureau: Bureau | None = None, *, include_sent: bool = False) -> Summary:
    """The province's Annex 1: of one bureau, or of all when none is named.

    From the lists it has received; with ``include_sent`` also from those only sent, whose units are
    marked. All rows are grouped by bureau in the notice's order and numbered inside it.
    """
    status = RankedList.Status
    wanted = {status.RECEIVED, status.SENT} if include_sent else {status.RECEIVED}
    lists = _lists(round, bureau)
    return _summary(round, bureau, lists, [each for each in lists if each.status in wanted])


def to_stamp(round: Round, bureau: Bureau) -> Summary:
    """A bureau's own Annex 1, from its list as it sent it, whatever the province did with it since.

    Once that is received, it is what the province prints of this bureau.
    """
    lists = _lists(round, bureau)
    sent = [each for each in lists if not each.is_open]
    return _summary(round, bureau, lists, sent, marking=False)


def preview(ranked_list: RankedList) -> Document:
    """The Annex 1 that sending this list as it stands would give."""
    round, bureau = ranked_list.round, ranked_list.bureau
    return _document(round, bureau, _units(round, [ranked_list], marking=False))


def _lists(round: Round, bureau: Bureau | None) -> list[RankedList]:
    lists = RankedList.objects.filter(round=round).select_related("bureau")
    if bureau:
        lists = lists.filter(bureau=bureau)
    return list(lists.order_by("bureau__order"))


def _summary(
    round: Round,
    bureau: Bureau | None,
    lists: Sequence[RankedList],
    included: Sequence[RankedList],
    *,
    marking: bool = True,
) -> Summary:
    units = _units(round, included, marking=marking)
    return Summary(
        papers.printable(_document(round, bureau, units)),
        units,
        _missing(lists, included, bureau),
        _notes(included, units),
    )


def _missing(
    lists: Sequence[RankedList], included: Sequence[RankedList], bureau: Bureau | None
) -> list[str]:
    if not lists:
        return [f"{bureau or '各推荐单位'}在该批次没有推荐名单：批次尚未发布。"]
    return [f"{each.bureau.name}：{_why_missing(each)}" for each in lists if each not in included]


def _why_missing(ranked_list: RankedList) -> str:
    if ranked_list.status == RankedList.Status.SENT:
        return "已报送，尚未受理"
    return "名单已被退回，尚未重新报送" if ranked_list.was_returned else "尚未报送"


def _notes(included: Sequence[RankedList], units: Sequence[Unit]) -> list[str]:
    represented = {unit.bureau for unit in units}
    return [
        f"{each.bureau.name}：已报送，本批次无推荐项目"
        for each in included
        if each.bureau not in represented
    ]


def _units(round: Round, lists: Sequence[RankedList], *, marking: bool) -> tuple[Unit, ...]:
    """The occupied seats of the lists, by bureau in the notice's order, then by place."""
    of_bureau = {each.bureau_id: each for each in lists}
    seats = (
        Seat.objects.filter(round=round, bureau__in=of_bureau, application__isnull=False)
        .select_related("bureau", "application__current_revision")
        .order_by("bureau__order", "is_exempt", "number")
    )
    units = []
    for bureau, members in groupby(seats, key=lambda seat: seat.bureau):
        members = tuple(members)
        rows = tuple(_row(number, seat) for number, seat in enumerate(members, 1))
        is_received = of_bureau[bureau.pk].status == RankedList.Status.RECEIVED
        units.append(Unit(bureau, marking and not is_received, members, rows))
    return tuple(units)


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


def _document(round: Round, bureau: Bureau | None, units: Sequence[Unit]) -> Document:
    title = f"{round.project_noun}推荐汇总表"
    groups = tuple(
        Group(None if bureau and not unit.is_marked else unit.title, unit.rows) for unit in units
    )
    blocks: tuple[Block, ...] = (
        Paragraph("附件1", Style.ANNEX_LABEL),
        Paragraph(title, Style.TITLE),
        Paragraph(f"推荐单位（盖章）：{bureau.name if bureau else EACH_UNIT}", Style.UNIT_LINE),
        Table(columns(round), groups),
        Paragraph(NOTE.format(noun=round.project_noun), Style.NOTE),
        *(Paragraph(note, Style.NOTE) for note in _exempt_notes(bureau, units)),
    )
    document = Document(
        title=f"{round.year}年度{title}{f'（{bureau.short_name}）' if bureau else ''}",
        blocks=blocks,
        orientation="landscape",
        made_at=timezone.now(),
        watermark=round.watermark,
    )
    return replace(document, revision=_revision(document, units))


def _exempt_notes(bureau: Bureau | None, units: Sequence[Unit]) -> Iterator[str]:
    """The further notes of the table: which rows are 不占名额, and why."""
    exempt = (
        (unit.bureau, row, seat)
        for unit in units
        for row, seat in enumerate(unit.seats, 1)
        if seat.is_exempt
    )
    for note, (unit, row, seat) in enumerate(exempt, 3):  # after the notice's own two
        named = "" if bureau else unit.short_name
        reason = " ".join(seat.exempt_reason.split())
        yield EXEMPT_NOTE.format(note=note, unit=named, row=row, reason=reason)


def _revision(document: Document, units: Sequence[Unit]) -> str:
    """One hash for all that the table says and for the revisions that it says it of."""
    members = [seat.application.current_revision.sha256 for unit in units for seat in unit.seats]
    return Revision.digest({"content": document.content_digest(), "members": members})
