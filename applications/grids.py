"""A table from Excel or WPS held against the rows of a group: what it would add and change.

Nothing is stored here. Which column and which row a cell belongs to is found out by name, else by
place; what a cell is worth, the row's own form says. A blank cell leaves the answer as it is.
"""

import copy
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from django import forms
from django.db import models

from applications.fields import options_of, tidy
from applications.models import Application, Row
from applications.saving import LAST, copy_answer
from applications.sections import Group, answer_text
from portal.errors import PortalError

Table = list[list[str]]

MOST_ROWS = 200
MOST_TEXT = 600_000
MOST_COLUMNS = 60
MOST_LINES = 1000
"""Of a table, blank ones included."""
HEADER_WITHIN = 5
"""Among how many first lines the headings are looked for, for there may be a title above."""
EXAMPLE = "示例，不读取"
"""Begins a row of the template that only shows how to fill it in."""

# Programs quote a cell that has a line break in it; a text may also just begin with the mark.
CELL = re.compile(r'"((?:[^"]|"")*+)"(?=[\t\n]|\Z)|([^\t\n]*)')
EXCEL_ERROR = re.compile(r"#(REF!|DIV/0!|N/A|VALUE!|NAME\?|NUM!|NULL!|#+)")
YES = {"是", "有", "√", "✓", "✔", "y", "yes", "true", "1"}
NO = {"否", "无", "×", "✗", "n", "no", "false", "0"}
PLACE = ("scenario", "own_scenario")
"""Two fields of an instance that people take for one: an official name, or one of their own."""


class GridRefused(PortalError):
    """A table cannot be read as rows of the group."""


class NotTaken(ValueError):
    """One cell cannot be taken; ``str(error)`` says why."""


# Text and cells


def cells_of(text: str) -> Table:
    """The cells of a table as spreadsheet programs put it on the clipboard.

    Raises GridRefused when it is too long; line breaks count the same however they are written.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    if len(text) > MOST_TEXT:
        raise GridRefused(f"内容超过 {MOST_TEXT // 10_000} 万字，请分几次粘贴。")
    table: Table = [[]]
    at = 0
    while True:
        found = CELL.match(text, at)
        quoted, plain = found.groups()
        table[-1].append((plain if quoted is None else quoted.replace('""', '"')).strip())
        at = found.end() + 1
        if at > len(text):
            return table
        if text[at - 1] == "\n":
            table.append([])


def text_of_cells(table: Sequence[Sequence[str]]) -> str:
    """The text that a spreadsheet program would put on the clipboard."""
    return "\n".join("\t".join(map(_quoted, cells)) for cells in table)


def _quoted(cell: str) -> str:
    if "\t" in cell or "\n" in cell or cell.startswith('"'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def bare(text: str) -> str:
    """A name by what matters of it: without unit, （参考）, star, blanks and capitals."""
    return re.sub(r"\([^()]*\)", "", tidy(text)).strip("*:").casefold()


# Which field is in which column


@dataclass(frozen=True)
class Column:
    """A column of the table that is read."""

    place: int
    field: models.Field

    @property
    def label(self) -> str:
        return str(self.field.verbose_name)


@dataclass(frozen=True)
class Layout:
    columns: list[Column]
    first: int = 0
    """The first line below the headings."""
    others: dict[int, str] = field(default_factory=dict)
    """Headings that name no field. Such a column may still say which row a line is."""


def layout_of(group: Group, table: Table, names: Mapping[str, Row], start: str = "") -> Layout:
    """Where each field is: by the headings; without any, in order from the field ``start`` on."""
    lines = range(1, 1 + min(HEADER_WITHIN, len(table)))
    _, headed = max((_headed(group, table, line, names) for line in lines), key=itemgetter(0))
    if headed.columns:
        return headed
    fields = group.model.answer_fields()
    width = max(map(len, table))
    titles = 0
    while titles < width - 1 and _says_which(names, table, titles):
        titles += 1
    if start:
        fields = fields[[each.name for each in fields].index(start) :]
    elif width - titles < 2:
        raise GridRefused("没有认出表头。请连同表头一起粘贴，或选择内容从哪一栏开始，再预览。")
    places = range(titles, width)
    return Layout([Column(place, each) for place, each in zip(places, fields, strict=False)])


def _headed(group: Group, table: Table, first: int, names: Mapping[str, Row]) -> tuple[int, Layout]:
    """The layout if the line before ``first`` holds the headings, perhaps under merged ones.

    With it, how many of them are exactly the name of a field.
    """
    here = table[first - 1]
    above = table[first - 2] if first > 1 else []
    free = {bare(str(each.verbose_name)): each for each in group.model.answer_fields()}
    columns: list[Column] = []
    others: dict[int, str] = {}
    exact, merged = 0, ""
    for place in range(max(len(here), len(above))):
        low = here[place] if place < len(here) else ""
        high = above[place] if place < len(above) else ""
        merged = high or merged
        for heading in filter(None, map(bare, (low, merged + low, high))):
            name = _name_of(heading, free)
            if name and (heading == name or not _says_which(names, table[first:], place)):
                exact += heading == name
                columns.append(Column(place, free.pop(name)))
                break
        else:
            others[place] = low or high
    # A cell of data may read like one heading; where rows have official names, one will do.
    is_heading = exact and (group.fixed or len(columns) > 1 or sum(map(bool, here)) == 1)
    return (exact, Layout(columns, first, others)) if is_heading else (0, Layout([]))


def _name_of(heading: str, names: Mapping[str, models.Field]) -> str:
    """The name that a heading is, or, if that is unmistakable, is a part of."""
    if heading in names:
        return heading
    alike = [name for name in names if len(heading) > 1 and heading in name]
    return alike[0] if len(alike) == 1 else ""


# Which row a line is


def _called(text: str) -> str:
    """A fixed row's name without its number, a year without 年."""
    return re.sub(r"^\d+[.、](?=\D)|年度?$", "", bare(text))


def _names(rows: Sequence[Row]) -> dict[str, Row]:
    """Fixed rows by key and by title; none where people add rows."""
    fixed = [row for row in rows if row.fixed]
    return {_called(name): row for row in fixed for name in (row.fixed.title, row.key)}


def _says_which(names: Mapping[str, Row], lines: Table, place: int) -> bool:
    """Whether a column names fixed rows: at least half of its cells do, and mostly different ones.

    The rest may be headings among the rows; a number may by chance be the number of a row.
    """
    cells = [cells[place] for cells in lines if place < len(cells) and cells[place]]
    known = [names[_called(cell)].key for cell in cells if _called(cell) in names]
    return len(known) * 2 >= len(cells) > 0 and len(set(known)) * 2 > len(known)


# What would come of it


class State(models.TextChoices):
    NEW = "new", "新增"
    CHANGED = "changed", "修改"
    SAME = "same", "不变"
    REFUSED = "refused", "未接受"
    BLANK = "blank", "空白"


@dataclass(frozen=True)
class Cell:
    """One cell of the table, with what would come of it."""

    label: str
    """What its column is called."""
    state: State
    text: str = ""
    """The answer as it would be; what is refused, as it stands in the table."""
    old: str = ""
    note: str = ""
    """Why it is refused, or how it was understood."""


@dataclass
class Line:
    """One line of the table: the row it is, as that would be stored."""

    number: int
    title: str
    """Which row it is, as people call that; empty for a line that is not read."""
    cells: list[Cell]
    row: Row | None = None
    is_new: bool = False
    names: dict[str, str] = field(default_factory=dict)
    """The fields that would change, with the fingerprints of what they hold now."""
    problem: str = ""
    """Why nothing of the line is taken."""

    @property
    def state(self) -> State:
        if not self.names:
            is_refused = self.problem or any(c.state == State.REFUSED for c in self.cells)
            return State.REFUSED if is_refused else State.SAME
        return State.NEW if self.is_new else State.CHANGED


@dataclass
class Preview:
    """What a table would add and change, line by line."""

    layout: Layout
    lines: list[Line]
    unread: list[str]
    """Headings of the columns that name no field."""

    def __post_init__(self) -> None:
        states = [cell.state for line in self.lines for cell in line.cells]
        self.counts = {state: states.count(state) for state in State if state != State.BLANK}
        self.problems = sum(bool(line.problem) for line in self.lines)

    @property
    def changes(self) -> list[Line]:
        return [line for line in self.lines if line.names]

    @property
    def digest(self) -> str:
        """Stands for what the table would change, and for what is stored there now."""
        marks = [
            (
                "" if line.is_new else line.row.key,
                [(name, old, line.row.fingerprint(name)) for name, old in line.names.items()],
            )
            for line in self.changes
        ]
        return hashlib.sha256(json.dumps(marks).encode()).hexdigest()[:32]


def preview(
    group: Group, application: Application, rows: Sequence[Row], text: str, start: str = ""
) -> Preview:
    """Hold a pasted table against the ``rows`` there are.

    ``start`` names the field that the first column of a table without headings is. Raises
    GridRefused for what cannot be read at all.
    """
    table = cells_of(text)
    if len(table) > MOST_LINES or max(map(len, table)) > MOST_COLUMNS:
        raise GridRefused(f"表格过大，最多 {MOST_ROWS} 行、{MOST_COLUMNS} 列。请只复制需要的部分。")
    if not any(map(any, table)):
        raise GridRefused("还没有内容。请先粘贴表格，或选择要上传的文件。")
    names = _names(rows)
    layout = layout_of(group, table, names, start)
    lines = [
        [] if any(cell.startswith(EXAMPLE) for cell in cells) else cells
        for cells in table[layout.first :]
    ]
    if sum(map(any, lines)) > MOST_ROWS:
        raise GridRefused(
            f"一次最多 {MOST_ROWS} 行，现有 {sum(map(any, lines))} 行，请分几次粘贴。"
        )
    if not any(map(any, lines)):
        raise GridRefused("只有表头，没有数据行。")
    reader = _Reader(group, application, rows, layout)
    taken = {column.place for column in layout.columns}
    places = [n for n in range(max(map(len, table))) if n not in taken]
    titles = [place for place in places if _says_which(names, lines, place)]
    found = []
    for place, cells in enumerate(lines):
        if not any(cells):
            continue
        number = layout.first + place + 1
        if group.fixed is None:
            line = reader.free(number, cells)
        else:
            row, problem = _fixed_row(names, rows, cells, titles, place)
            if problem and not any(cells[n] for n in taken if n < len(cells)):
                continue  # a heading among the rows
            line = reader.fixed(number, cells, row, problem)
        found.append(line)
    others = {n: heading for n, heading in layout.others.items() if n not in titles}
    unread = [heading for heading in others.values() if bare(heading) not in ("", "序号")]
    return Preview(layout, found, unread)


def _fixed_row(
    names: Mapping[str, Row], rows: Sequence[Row], cells: list[str], titles: list[int], place: int
) -> tuple[Row | None, str]:
    """The row a line names; without a column of names, the row in its place."""
    if not titles:
        if place < len(rows):
            return rows[place], ""
        return None, f"应有 {len(rows)} 行，这一行多出来了。"
    for title in titles:
        row = names.get(_called(cells[title])) if title < len(cells) else None
        if row:
            return row, ""
    return None, "没有认出是哪一行。"


def _known_by(row: Row) -> tuple[str, ...]:
    # Whole: 焊接（一期） and 焊接（二期） are two.
    return tuple(tidy(part).casefold() for part in row.known_by)


class _Reader:
    """Reads the lines of one table, each at most once for a row."""

    def __init__(
        self, group: Group, application: Application, rows: Sequence[Row], layout: Layout
    ) -> None:
        self.group, self.application, self.layout = group, application, layout
        self.fields = group.form(instance=group.model(), version=application.version).fields
        self.known = [(row, _known_by(row)) for row in rows]
        self.titles = {row.key: group.row_title(row, n) for n, row in enumerate(rows, 1)}
        self.lines_of: dict[object, int] = {}

    def fixed(self, number: int, cells: list[str], row: Row | None, problem: str) -> Line:
        if row is None:
            return Line(number, "", self._refused(cells), problem=problem)
        if problem := self._repeated(row.key, number):
            return Line(number, self.titles[row.key], self._refused(cells), problem=problem)
        return self._line(number, cells, row)

    def free(self, number: int, cells: list[str]) -> Line:
        """A line of a group to which people add rows: one that is there, or a new one."""
        blank = self.group.model(application=self.application, order=LAST)
        line = self._line(number, cells, blank)
        said = _known_by(line.row)
        if not said or not said[-1]:
            return line
        if problem := self._repeated(said, number):
            return Line(number, "", self._refused(cells), problem=problem)
        for row, theirs in self.known:
            alike = all(a == b or not (a and b) for a, b in zip(said, theirs, strict=True))
            if alike and theirs[-1] and not self._repeated(row.key, number):
                return self._line(number, cells, row)
        return line

    def _repeated(self, who: object, number: int) -> str:
        first = self.lines_of.setdefault(who, number)
        return "" if first == number else f"与第 {first} 行是同一条，只读取前面的一行。"

    def _refused(self, cells: list[str]) -> list[Cell]:
        texts = [(column.label, self._text(cells, column)) for column in self.layout.columns]
        return [Cell(label, State.REFUSED if text else State.BLANK, text) for label, text in texts]

    @staticmethod
    def _text(cells: list[str], column: Column) -> str:
        return cells[column.place] if column.place < len(cells) else ""

    def _line(self, number: int, cells: list[str], row: Row) -> Line:
        texts = {
            column.field.name: text
            for column in self.layout.columns
            if (text := self._text(cells, column))
        }
        posted, notes, refused = self._read(texts)
        form = self.group.form(
            posted,
            instance=self.group.model(application=self.application),
            version=self.application.version,
            only=posted,
        )
        refused |= {name: errors[0] for name, errors in form.errors.items()}
        result = copy.copy(row)
        typed = form.typed()
        for name in posted:
            if name not in refused:
                copy_answer(typed, result, name)
                if self.group.model._meta.get_field(name).is_relation:
                    setattr(result, name, getattr(typed, name))  # known; do not ask again
        changed = {
            name: row.fingerprint(name)
            for name in posted
            if row.fingerprint(name) != result.fingerprint(name)
        }
        is_new = row.pk is None
        shown = [
            self._cell(column.field, texts.get(column.field.name, ""), row, result, notes, refused)
            for column in self.layout.columns
        ]
        title = self.titles.get(row.key, "新的一行")
        return Line(number, title, shown, result, is_new, changed)

    def _cell(
        self,
        db_field: models.Field,
        text: str,
        row: Row,
        result: Row,
        notes: Mapping[str, str],
        refused: Mapping[str, str],
    ) -> Cell:
        name, label = db_field.name, str(db_field.verbose_name)
        if not text:
            return Cell(label, State.BLANK)
        if name in refused:
            return Cell(label, State.REFUSED, text, note=refused[name])
        old, new = _shown(row, db_field), _shown(result, db_field)
        together = PLACE if name in PLACE else (name,)
        if all(row.fingerprint(each) == result.fingerprint(each) for each in together):
            return Cell(label, State.SAME, new)
        state = State.CHANGED if old else State.NEW
        return Cell(label, state, new, old, notes.get(name, ""))

    def _read(self, texts: dict[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """What the form would be sent for these cells; remarks, and what is not taken, and why."""
        posted, notes, refused = {}, {}, {}
        for name, text in texts.items():
            if name in PLACE:
                continue
            try:
                posted[name] = control_value(self.fields[name], text)
            except NotTaken as error:
                refused[name] = str(error)
        if said := [name for name in PLACE if name in texts]:
            first, *others = said
            if "segment" in refused:
                refused[first] = "请先改正环节。"
            elif EXCEL_ERROR.fullmatch(texts[first]):
                refused[first] = NOT_A_VALUE
            else:
                posted |= self._place(texts[first], posted.get("segment", ""))
                if not posted["scenario"]:
                    notes[first] = "未对应到指引中的场景，作为自填场景名。"
            for name in others:
                refused[name] = "场景栏已有内容，此栏不读取。"
        return posted, notes, refused

    def _place(self, text: str, segment: str) -> dict[str, str]:
        """The official scenario of that name, in the segment if one is given; else one's own."""
        found = [
            scenario
            for scenario in self.application.version.scenarios
            if bare(scenario.name) == bare(text) and segment in ("", str(scenario.segment_id))
        ]
        if len(found) != 1:
            return {"scenario": "", "own_scenario": text}
        return {
            "segment": str(found[0].segment_id),
            "scenario": str(found[0].pk),
            "own_scenario": "",
        }


NOT_A_VALUE = "这是 Excel 的错误值，请在表格中改正。"


def control_value(form_field: forms.Field, text: str) -> str:
    """What a control would send for what a cell says; raises NotTaken."""
    if EXCEL_ERROR.fullmatch(text):
        raise NotTaken(NOT_A_VALUE)
    said = bare(text)
    if isinstance(form_field, forms.ChoiceField):
        options = options_of(form_field)
        if said in YES | NO and any(option.label == "是" for option in options):
            said = "是" if said in YES else "否"
        same = [option.value for option in options if tidy(option.label) == tidy(text)]
        alike = same or [option.value for option in options if bare(option.label) == said]
        if len(alike) != 1:
            labels = "、".join(option.label for option in options)
            raise NotTaken(f"没有这个选项，可填：{labels}。")
        return str(alike[0])
    if isinstance(form_field, forms.BooleanField):
        if said not in YES | NO:
            raise NotTaken("请填“是”或“否”。")
        return "on" if said in YES else ""
    return text


def _shown(row: Row, db_field: models.Field) -> str:
    """What is stored in a field, as people read it."""
    if db_field.name in row.unparsed:
        return row.unparsed[db_field.name]
    if db_field.name in PLACE:
        return row.scenario_name
    is_empty = getattr(row, db_field.attname) is None
    return "" if is_empty else answer_text(row, db_field)
