"""申报书, the application book: what a revision or a draft says → Document.

Everything printed comes from the snapshot, so a book reads the same whatever has become of the
catalogue or the labels since. The code only says how to lay it out: which answers are long texts,
and which groups and fields have a layout of their own, by name.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from pathlib import PurePath
from typing import Any

from django.db import models
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from applications import papers
from applications.models import Application, Revision
from applications.sections import INSTANCES, SECTIONS, Filing, snapshot
from portal.documents import Format
from portal.documents.model import (
    Align,
    Block,
    Column,
    Document,
    Group,
    Heading,
    Kind,
    PageBreak,
    Paragraph,
    Style,
    Table,
    text_of,
)
from portal.documents.pictures import UnreadablePicture, picture_of
from portal.errors import PortalError
from portal.rounds.times import moment

Data = dict[str, Any]
ReadPicture = Callable[[Data], bytes]
"""Gives the file behind an entry of ``data["attachments"]``."""
Progress = Callable[[int, int], None]
"""Learns of each picture as its turn comes, and how many there are."""

LONGEST_IN_TABLE = 500
"""字; a field that may hold more is set as paragraphs under a heading of its own."""

LONG_TEXTS = {
    field.name
    for section in SECTIONS
    for model in (section.model, *(group.model for group in section.groups))
    for field in model.answer_fields()
    if isinstance(field, models.TextField) and (field.max_length or 0) > LONGEST_IN_TABLE
}

FORMATS = (Format.PDF, Format.DOCX)
DRAFT = "草稿"
EMPTY = "—"
NUMBER = "序号"
BLANK = "＿" * 8
BLANK_DATE = "＿＿＿＿年＿＿月＿＿日"
WIDTH, SHORT = 156, 40
"""Millimetres: of a whole table, and of a column that gets what it needs before others share."""
FACTS = (Column("", Kind.TEXT, 46, heading=True), Column("", Kind.TEXT, 110))
FILES = (
    Column(NUMBER, Kind.INTEGER, 12, "center"),
    Column("材料", Kind.TEXT, 40),
    Column("文件名", Kind.TEXT, 40),
    Column("页数", Kind.INTEGER, 12, "center"),
    Column("大小", Kind.TEXT, 20, "end"),
    Column("SHA-256\n（前12位）", Kind.TEXT, 32, "center"),
)


def of_revision(revision: Revision, progress: Progress | None = None) -> Document:
    """The book of what was submitted; refused when that is no longer what is stored."""
    if not revision.is_intact:
        raise PortalError("这个版本的内容与提交时的校验值不符，不能生成申报书。请立即联系省厅。")
    read = _Stored(revision.application, revision.data, progress)
    book = build(revision.data, made_at=timezone.now(), picture=read, revision=revision)
    return papers.printable(book)


def of_draft(application: Application, progress: Progress | None = None) -> Document:
    """The book as it would be if this were submitted now, marked as a draft on every page."""
    declared = application.version.declarations.values_list("text", flat=True)
    data = {**snapshot(Filing.of(application)), "declarations": list(declared)}
    read = _Stored(application, data, progress)
    return build(data, made_at=timezone.now(), picture=read)


class _Stored:
    """Reads the files of an application's attachments."""

    def __init__(self, application: Application, data: Data, progress: Progress | None) -> None:
        self.application = application
        self.total = sum(1 for item in data.get("attachments", ()) if _is_shown(item))
        self.progress = progress
        self.done = 0

    @cached_property
    def files(self) -> dict[int, Any]:
        return {attachment.pk: attachment.file for attachment in self.application.attachments.all()}

    def __call__(self, item: Data) -> bytes:
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)
        with self.files[item["id"]].open("rb") as stream:
            return stream.read()


def build(
    data: Data, *, made_at: datetime, picture: ReadPicture, revision: Revision | None = None
) -> Document:
    """The book of a snapshot: of ``revision``, or of a draft when there is none."""
    watermark = revision.application.round.watermark if revision else DRAFT
    noun = data["round"].get("noun", "智能工厂项目")
    blocks = (
        *_cover(data, noun, revision),
        PageBreak(),
        *_declaration(data),
        *(block for section in data["sections"] for block in _section(section, data, picture)),
        *_attachments(data),
    )
    return Document(
        title=f"{noun}申报书（{data['enterprise']['name']}）{watermark}",
        blocks=tuple(blocks),
        orientation="portrait",
        made_at=made_at,
        revision=revision.sha256 if revision else "",
        watermark=watermark,
    )


def _cover(data: Data, noun: str, revision: Revision | None) -> Iterator[Block]:
    submitted_on = text_of(revision.submitted_at, Kind.DATE) if revision else BLANK_DATE
    yield Paragraph(f"{noun}\n申 报 书", Style.COVER_TITLE)
    lines = [
        f"项目名称：{_answer(data, 'factory', 'project_name')}",
        f"申报单位（盖章）：{data['enterprise']['name']}",
        f"推荐单位（盖章）：{data['bureau']['name']}",
        f"申报日期：{submitted_on}",
    ]
    if revision:
        lines.append(f"回执编号：{revision.receipt}")
    yield Paragraph("\n".join(lines), Style.COVER_LINE)
    yield Paragraph(data["round"]["title"], Style.COVER_NOTE)


def _answer(data: Data, section: str, field: str) -> str:
    fields = next(part["fields"] for part in data["sections"] if part["slug"] == section)
    return next((f["text"] for f in fields if f["name"] == field), "") or EMPTY


def _declaration(data: Data) -> Iterator[Block]:
    """What is declared, who confirmed it in the portal, and the places to sign and stamp."""
    yield Paragraph("承诺书", Style.TITLE)
    yield Paragraph(f"本单位申报“{data['round']['title']}”，郑重承诺：")
    for number, text in enumerate(data.get("declarations", ()), 1):
        yield Paragraph(f"{number}. {text}")
    if confirmation := data.get("confirmation"):
        at = moment(datetime.fromisoformat(confirmation["at"]))
        yield Paragraph(f"{confirmation['signer']}已于{at}在线确认：{confirmation['text']}")
    yield Paragraph(
        f"法定代表人（签字）：{BLANK}\n申报单位（公章）：{BLANK}\n{BLANK_DATE}", Style.SIGNATURE
    )


def _section(section: Data, data: Data, picture: ReadPicture) -> Iterator[Block]:
    yield PageBreak()
    yield Heading(f"{section['numeral']}、{section['title']}", 1)
    facts, texts = _sorted_by_length(section["fields"])
    parts = [(field["label"], [_prose(field)]) for field in texts]
    if facts and facts[0] is section["fields"][0]:
        parts.insert(0, ("基本情况", [_facts(facts)]))
    elif facts:
        parts.append(("其他情况", [_facts(facts)]))
    for group in section["groups"]:
        if group["slug"] == INSTANCES.slug:
            parts.append((group["title"], list(_instances(group["rows"], data, picture))))
        elif group["rows"]:
            parts.append((group["title"], [_rows(group)]))
    for number, (title, blocks) in enumerate(parts, 1):
        yield Heading(f"（{_chinese(number)}）{title}", 2)
        yield from blocks


def _chinese(number: int) -> str:
    """1–19 in Chinese numerals."""
    digits = " 一二三四五六七八九十"
    return digits[number] if number <= 10 else f"十{digits[number - 10]}"


def _sorted_by_length(fields: Sequence[Data]) -> tuple[list[Data], list[Data]]:
    """The answers that stand in a table, and those set as paragraphs."""
    facts, texts = [], []
    for field in fields:
        is_long = field["name"] in LONG_TEXTS or len(field["text"]) > LONGEST_IN_TABLE
        (texts if is_long else facts).append(field)
    return facts, texts


def _facts(fields: Sequence[Data]) -> Table:
    rows = tuple((field["label"], field["text"] or EMPTY) for field in fields)
    return Table(FACTS, (Group(None, rows),), in_text=True)


def _prose(field: Data) -> Paragraph:
    lines = (line.strip() for line in field["text"].splitlines())
    return Paragraph("\n".join(filter(None, lines)) or EMPTY)


# Scenario instances


def _instances(rows: Sequence[Data], data: Data, picture: ReadPicture) -> Iterator[Block]:
    """One sub-section an instance, its pictures at its end."""
    if not rows:
        yield Paragraph(EMPTY)
    pictures = [item for item in data.get("attachments", ()) if _is_shown(item)]
    for number, (row, line) in enumerate(zip(rows, data["scenario_lines"], strict=True), 1):
        yield Heading(f"{number}. {line}", 3)
        facts, texts = _sorted_by_length(row["fields"])
        yield _facts(facts)
        for place, field in enumerate(texts, 1):
            yield Heading(f"（{place}）{field['label']}", 4)
            yield _prose(field)
        for place, item in enumerate(pictures, 1):
            if item["key"] == row["key"]:
                yield _picture(item, place, picture)


def _is_shown(attachment: Data) -> bool:
    return attachment["is_image"] and attachment["group"] == INSTANCES.slug


def _picture(attachment: Data, number: int, picture: ReadPicture) -> Block:
    name = attachment["name"]
    caption = f"图{number} {attachment['material']}：{PurePath(name).stem}"
    try:
        return picture_of(picture(attachment), caption, alt=name)
    except (UnreadablePicture, OSError):
        return Paragraph(f"（{caption}：文件无法打开，未能印出。）", Style.NOTE)


# Tables of rows


def _rows(group: Data) -> Table:
    match group["slug"]:
        case "finance_years":
            return _turned(group)
        case "indicator_values":
            return _indicators(group)
    rows = group["rows"]
    if rows[0]["title"] == f"{group['title']} 1":  # only numbered, so the number will do
        first = (NUMBER, [str(number) for number in range(1, len(rows) + 1)])
    else:
        first = (group["title"], [row["title"] for row in rows])
    return _table(first, *_columns([row["fields"] for row in rows]))


def _turned(group: Data) -> Table:
    """A line for each answer, a column for each row: few years, many figures."""
    rows = group["rows"]
    labels = [field["label"] for field in rows[0]["fields"]]
    years = [(row["title"], [field["text"] for field in row["fields"]]) for row in rows]
    return _table(("项目", labels), *years)


def _indicators(group: Data) -> Table:
    """The official rows under their headings, a year below its value, 不适用 in place of one."""
    rows = []
    for row in group["rows"]:
        fields = {field["name"]: dict(field) for field in row["fields"]}
        for name in ("before", "after"):
            year = fields.pop(f"{name}_year", None)
            if year and year["text"]:
                fields[name]["text"] += f"\n（{year['text']}年）"
        flag = fields.pop("is_not_applicable")
        if flag["value"]:
            fields["value"]["text"] = flag["label"]
        rows.append(list(fields.values()))
    titles = (group["title"], [row["title"] for row in group["rows"]])
    table = _table(titles, *_columns(rows))
    return replace(table, groups=tuple(_under_headings(table.groups[0].rows, group["rows"])))


def _under_headings(rows: Sequence[tuple], answers: Sequence[Data]) -> Iterator[Group]:
    """The rows under the headings of 附件2 附1: （一）能力提升类指标 and so on."""
    pairs = groupby(zip(rows, answers, strict=True), key=lambda pair: pair[1].get("heading", ""))
    for number, (heading, members) in enumerate(pairs, 1):
        title = f"（{_chinese(number)}）{heading}指标" if heading else None
        yield Group(title, tuple(row for row, _ in members))


def _columns(rows: Sequence[Sequence[Data]]) -> list[tuple[str, list[str]]]:
    """The title and the texts of each column; all rows have the same fields."""
    return [
        (fields[0]["label"], [field["text"] for field in fields])
        for fields in zip(*rows, strict=True)
    ]


def _table(*columns: tuple[str, list[str]]) -> Table:
    """A table of texts from the titles and the texts of its columns."""
    cells = zip(*(texts for _, texts in columns), strict=True)
    rows = tuple(tuple(text or EMPTY for text in row) for row in cells)
    needs = [_need(*column) for column in columns]
    short = [need for need in needs if need <= SHORT]
    share = max((WIDTH - sum(short)) / max(len(needs) - len(short), 1), SHORT)
    return Table(
        tuple(
            Column(title, Kind.TEXT, min(need, share), _alignment(title, texts))
            for (title, texts), need in zip(columns, needs, strict=True)
        ),
        (Group(None, rows),),
        in_text=True,
    )


def _need(title: str, texts: Sequence[str]) -> float:
    """The width in millimetres that keeps every line whole; long titles may break once."""
    longest = max(_length(line) for text in texts for line in text.split("\n"))
    return max(longest, len(title) if len(title) <= 4 else len(title) / 2) * 3.8 + 5


def _length(text: str) -> float:
    """How long a line is, in characters of full width."""
    return sum(0.6 if char.isascii() else 1 for char in text)


_FIGURE = re.compile(r"-?[\d,]+(\.\d+)?(\n（\d{4}年）)?")


def _alignment(title: str, texts: Sequence[str]) -> Align:
    """Figures to the right, with the words that stand in their place; single words centred."""
    longest = max(map(len, texts))
    if title != NUMBER and longest <= 20 and any(map(_FIGURE.fullmatch, texts)):
        return "end"
    return "center" if longest <= 4 else "start"


# Attachments


def _attachments(data: Data) -> Iterator[Block]:
    """Every file of the application, so that a paper copy can be checked against the portal."""
    yield Heading("附件清单", 1)
    titles = {
        (group["slug"], row["key"]): row["title"]
        for section in data["sections"]
        for group in section["groups"]
        for row in group["rows"]
    }
    rows = []
    for number, item in enumerate(data.get("attachments", ()), 1):
        title = titles.get((item["group"], item["key"]))
        rows.append(
            (
                number,
                f"{item['material']}（{title}）" if title else item["material"],
                item["name"],
                item["pages"] or EMPTY,
                filesizeformat(item["size"]),
                item["sha256"][:12],
            )
        )
    listed = Table(FILES, (Group(None, tuple(rows)),), in_text=True)
    yield listed if rows else Paragraph("没有附件。")
