"""Two or three applications beside each other: what they say and what reviewing left, by line.

What an enterprise says is read from its revision only. What is best in a line is marked for the
indicators alone, and there only among values that can be compared.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Model

from applications.models import Application, Attachment, Comment, IndicatorValue, ScenarioInstance
from applications.models.rows import FixedRow
from applications.sections import GROUPS, INSTANCES, SECTIONS
from portal.accounts.models import User
from portal.catalogue.models import Area, Condition
from portal.documents.model import Kind, text_of
from portal.rounds.models import RoundVersion
from portal.rounds.times import moment
from review.models import ClauseMark, SiteVisit

FEWEST, MOST = 2, 3

INDICATORS = GROUPS["indicator_values"]
WITH_CLAUSES = ("requirement_answers", "explanations")
"""The groups whose rows are the enterprise's own word on a clause."""
SHOWN_APART = {INSTANCES.slug, INDICATORS.slug, *WITH_CLAUSES}
"""The groups that do not stand in their section."""

Data = dict[str, Any]
Pair = tuple[str, str]
"""A label, and what it says."""


@dataclass(frozen=True)
class Fold:
    """What opens under a title, on demand."""

    title: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Cell:
    """What one application has in a line."""

    text: str = ""
    note: str = ""
    pairs: tuple[Pair, ...] = ()
    folds: tuple[Fold, ...] = ()
    state: str = ""
    """Of a clause: the value of its ``checks.State``, which has a colour."""
    best: str = ""
    bar: int | None = None

    @property
    def is_blank(self) -> bool:
        return not (self.text or self.pairs or self.folds)


BLANK = Cell()


@dataclass(frozen=True)
class Line:
    """One field, clause or question, with a cell of each application."""

    label: str
    cells: tuple[Cell, ...]
    note: str = ""
    heading: str = ""
    """Lines under one heading belong together."""
    names: tuple[str, ...] = ()
    """Whose cells they are, for a screen that shows them below each other."""

    @property
    def named(self) -> list[tuple[str, Cell]]:
        return [*zip(self.names, self.cells, strict=True)]

    @property
    def differs(self) -> bool:
        return len(set(self.cells)) > 1

    @property
    def longest_bar(self) -> int:
        return max(cell.bar or 0 for cell in self.cells)


@dataclass(frozen=True)
class Part:
    slug: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Candidate:
    """An application, read with its revision, and what officers left on it."""

    application: Application
    comments: list[Comment]
    marks: list[ClauseMark]
    visits: list[SiteVisit]

    @property
    def data(self) -> Data:
        return self.application.current_revision.data

    def checked(self, what: str) -> list[Data]:
        """A list of what the checks said when it was submitted; none before they were kept."""
        return (self.application.current_revision.checks or {}).get(what, [])

    def fields(self, section: str) -> list[Data]:
        return next((s["fields"] for s in self.data["sections"] if s["slug"] == section), [])

    def rows(self, group: str) -> list[Data]:
        return rows_of(self.data, group)


def rows_of(data: Data, group: str) -> list[Data]:
    """The rows of a group in the content of a revision; none where it did not have the group."""
    groups = (each for section in data["sections"] for each in section["groups"])
    return next((each["rows"] for each in groups if each["slug"] == group), [])


def using_ai(data: Data) -> int:
    """How many instances say that they use artificial intelligence."""
    return sum(
        each["name"] == "uses_ai" and each["value"] is True
        for row in rows_of(data, INSTANCES.slug)
        for each in row["fields"]
    )


def candidates(applications: Sequence[Application], reader: User) -> list[Candidate]:
    """The applications with what ``reader`` may see of the officers' work; in three queries."""
    own = {"application__in": applications}
    comments = Comment.objects.visible_to(reader).filter(**own).select_related("reopened_as")
    comments = _by_application(comments)
    marks = ClauseMark.objects.visible_to(reader).filter(**own)
    marks = marks.select_related("officer", "revision").defer("revision__data")
    marks = _by_application(marks)
    visits = _by_application(SiteVisit.objects.visible_to(reader).filter(**own))
    return [Candidate(a, comments[a.pk], marks[a.pk], visits[a.pk]) for a in applications]


def _by_application(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row.application_id].append(row)
    return found


def compare(candidates: Sequence[Candidate]) -> list[Part]:
    """Everything to be compared, part by part; by the latest version that one was started on."""
    version = max((each.application.version for each in candidates), key=lambda v: v.number)
    parts = [
        _part("review", "审核情况", _review(version, candidates)),
        _part("clauses", _name_of(Condition), _clauses(version, candidates)),
        _part(INSTANCES.slug, INSTANCES.title, _instances(version, candidates)),
        _part(INDICATORS.slug, INDICATORS.title, _indicators(version, candidates)),
        *_sections(candidates),
        _part("attachments", _name_of(Attachment), _attachments(candidates)),
    ]
    names = tuple(str(each.application.enterprise) for each in candidates)
    return [
        replace(part, lines=tuple(replace(line, names=names) for line in part.lines))
        for part in parts
        if part.lines
    ]


def _part(slug: str, title: str, lines: Iterable[Line]) -> Part:
    """A part with its lines, but those in which nobody says anything."""
    said = (line for line in lines if not all(cell.is_blank for cell in line.cells))
    return Part(slug, title, tuple(said))


def differing(parts: Iterable[Part]) -> list[Part]:
    """The parts with those lines only in which the applications differ."""
    left = (Part(p.slug, p.title, tuple(line for line in p.lines if line.differs)) for p in parts)
    return [part for part in left if part.lines]


def _aligned(lists: Iterable[Iterable[Data]], identity: str) -> list[list[Data | None]]:
    """The members of the lists matched by id, in the order in which the ids first come up."""
    by_id = [{each[identity]: each for each in members} for members in lists]
    ids = dict.fromkeys(key for members in by_id for key in members)
    return [[members.get(key) for members in by_id] for key in ids]


def _known(members: Iterable[Data | None]) -> Data:
    return next(each for each in members if each)


def _filled(fields: Iterable[Data], *, but: Iterable[str] = ()) -> tuple[Pair, ...]:
    """The fields that say something; a box that is not ticked says nothing."""
    return tuple(
        (each["label"], each["text"])
        for each in fields
        if each["text"] and each["value"] is not False and each["name"] not in but
    )


def _line(label: str, cells: Iterable[Cell], **more: str) -> Line:
    return Line(label, tuple(cells), **more)


def _name_of(model: type[Model], field: str = "") -> str:
    options = model._meta
    return str(options.get_field(field).verbose_name if field else options.verbose_name)


def _number(number: int, unit: str = "个") -> str:
    return f"{text_of(number, Kind.INTEGER)} {unit}"


# What the checks found and the officers left


def _review(version: RoundVersion, candidates: Sequence[Candidate]) -> Iterator[Line]:
    yield _line("提交", (_submitted(each) for each in candidates))
    yield _line("提交时系统检查", (_findings(each) for each in candidates))
    yield _line("审查清单", (_marked(each, len(version.conditions)) for each in candidates))
    yield _line(_name_of(Comment), (_comments(each) for each in candidates))
    yield _line(_name_of(SiteVisit), (_visits(each) for each in candidates))


def _submitted(candidate: Candidate) -> Cell:
    revision = candidate.application.current_revision
    return Cell(f"第 {revision.number} 版，{moment(revision.submitted_at)}")


def _findings(candidate: Candidate) -> Cell:
    findings = candidate.checked("findings")
    if not findings:
        return Cell("没有" if candidate.application.current_revision.checks else "")
    pairs = tuple((each["severity_label"], each["message"]) for each in findings)
    return Cell(folds=(Fold(_number(len(pairs), "条"), pairs),))


def _marked(candidate: Candidate, clauses: int) -> Cell:
    """How far each officer has come with the present revision, and to what conclusions."""
    by_officer = defaultdict(Counter)
    for mark in candidate.marks:
        if mark.revision_id == candidate.application.current_revision_id:
            by_officer[mark.officer][mark.get_verdict_display()] += 1
    pairs = tuple(
        (str(officer), "，".join(f"{v} {found[v]}" for v in ClauseMark.Verdict.labels if found[v]))
        for officer, found in by_officer.items()
    )
    return Cell(pairs=pairs, note=f"共 {_number(clauses, '条')}" if pairs else "")


def _comments(candidate: Candidate) -> Cell:
    if not candidate.comments:
        return Cell("没有")
    current = candidate.application.current_revision_id
    pairs = tuple(
        (_state(each, current), f"{each.title}：{each.text}") for each in candidate.comments
    )
    tally = Counter(state for state, _text in pairs)
    title = "，".join(f"{state} {_number(number, '条')}" for state, number in tally.items())
    return Cell(folds=(Fold(title, pairs),))


def _state(comment: Comment, current_revision: int) -> str:
    if comment.event_id is None:
        return "尚未发送"
    if comment.is_decided:
        return "已关闭" if comment.closed_at else "已重提"
    return "待企业答复" if comment.revision_id == current_revision else "待核对"


def _visits(candidate: Candidate) -> Cell:
    return Cell(
        folds=tuple(
            Fold(
                f"{text_of(visit.visited_on, Kind.DATE)} {visit.people}",
                ((_name_of(SiteVisit, "findings"), visit.findings),),
            )
            for visit in candidate.visits
        )
    )


def _clauses(version: RoundVersion, candidates: Sequence[Candidate]) -> Iterator[Line]:
    for condition in version.conditions:
        yield _line(
            condition.short_where,
            (_clause(each, condition) for each in candidates),
            note=f"{condition.text}（{condition.get_modality_display()}）",
        )


def _clause(candidate: Candidate, condition: Condition) -> Cell:
    """What the checks say of a clause, what the enterprise says, what the officers say."""
    found = next((c for c in candidate.checked("clauses") if c["code"] == condition.code), {})
    answers = [
        row["fields"]
        for group in WITH_CLAUSES
        for row in candidate.rows(group)
        if row["key"] == condition.code
    ]
    current = candidate.application.current_revision_id
    marks = (
        (
            str(mark.officer),
            mark.get_verdict_display()
            + (f"：{mark.note}" if mark.note else "")
            + ("" if mark.revision_id == current else f"（针对第 {mark.revision.number} 版）"),
        )
        for mark in candidate.marks
        if mark.condition_id == condition.pk
    )
    known = ("answer",) if found else ()  # the basis says it
    return Cell(
        found.get("state_label", ""),
        note=found.get("basis", ""),
        pairs=(*(pair for fields in answers for pair in _filled(fields, but=known)), *marks),
        state=found.get("state", ""),
    )


# What the enterprises say


def _instances(version: RoundVersion, candidates: Sequence[Candidate]) -> Iterator[Line]:
    """How many there are, and which in each of the five areas."""
    area_of = {segment.name: segment.area for segment in version.segments}
    instances = [_by_area(each, area_of) for each in candidates]
    yield _line(
        f"{INSTANCES.title}数量",
        (Cell(_number(sum(map(len, each.values())))) for each in instances),
    )
    using = _name_of(ScenarioInstance, "uses_ai")
    yield _line(using, (Cell(_number(using_ai(each.data))) for each in candidates))
    for area in Area:
        yield _line(area.label, (_covered(each[area], has_bar=True) for each in instances))
    yield _line("不属于五大环节", (_covered(each[""]) for each in instances))


def _by_area(candidate: Candidate, area_of: dict[str, str]) -> dict[str, list[Fold]]:
    """The instances by 大环节; without one, those whose 环节 belongs to none."""
    found = defaultdict(list)
    for row, line in zip(
        candidate.rows(INSTANCES.slug), candidate.data["scenario_lines"], strict=True
    ):
        [segment] = [each["value"] for each in row["fields"] if each["name"] == "segment"]
        in_line = ("segment", "scenario", "own_scenario", "name")
        found[area_of.get(segment, "")].append(Fold(line, _filled(row["fields"], but=in_line)))
    return found


def _covered(instances: list[Fold], *, has_bar: bool = False) -> Cell:
    if not has_bar and not instances:
        return BLANK
    bar = len(instances) if has_bar else None
    text = _number(len(instances)) if instances else "未覆盖"
    return Cell(text, folds=tuple(instances), bar=bar)


def _indicators(version: RoundVersion, candidates: Sequence[Candidate]) -> Iterator[Line]:
    """Each indicator with its values before and after, and whose value is the best."""
    for rows in _aligned((each.rows(INDICATORS.slug) for each in candidates), "key"):
        known = _known(rows)
        answers = [row and indicator_answer(row, version) for row in rows]
        marks = _best([answer and comparable(answer) for answer in answers])
        cells = (
            replace(_indicator(row, answer), best=mark) if row else BLANK
            for row, answer, mark in zip(rows, answers, marks, strict=True)
        )
        yield _line(known["title"], cells, heading=known.get("heading", ""))


def indicator_answer(row: Data, version: RoundVersion) -> IndicatorValue:
    """A row of a revision as the model that reckons with it."""
    values = {each["name"]: each["value"] for each in row["fields"]}
    numbers = {n: values[n] and Decimal(values[n]) for n in ("before", "after", "value")}
    answer = IndicatorValue(is_not_applicable=values["is_not_applicable"], **numbers)
    kind = next((i.kind for i in version.indicators if str(i.no) == row["key"]), "")
    answer.fixed = FixedRow(row["key"], row["title"], kind=kind)
    return answer


def comparable(answer: IndicatorValue) -> Decimal | None:
    """The value, where it may be held against others.

    More is better in every kind: a decrease is stated as a positive number, too. What was typed
    over the computed value rests on the enterprise's word alone.
    """
    if answer.is_not_applicable or answer.is_overridden or not answer.fixed.kind:
        return None
    return answer.value


def _indicator(row: Data, answer: IndicatorValue) -> Cell:
    said = {each["name"]: each for each in row["fields"]}
    reason = _filled([said["note"]])
    if answer.is_not_applicable:
        return Cell(said["is_not_applicable"]["label"], pairs=reason)
    levels = (
        (level["label"], f"{level['text']}（{year}年）" if year else level["text"])
        for level, year in (
            (said["before"], said["before_year"]["text"]),
            (said["after"], said["after_year"]["text"]),
        )
        if level["text"]
    )
    unlike = ""
    if answer.is_overridden:
        computed = text_of(answer.computed, Kind.DECIMAL)
        unlike = f"按建设前后的值应为 {computed}，不参与比较"
    return Cell(said["value"]["text"], note=unlike, pairs=(*levels, *reason))


def _best(values: Sequence[Decimal | None]) -> list[str]:
    """The mark of each value; a single one is held against nothing and is not the best."""
    compared = [value for value in values if value is not None]
    if len(compared) < 2:
        return [""] * len(values)
    most = max(compared)
    mark = "最优" if compared.count(most) == 1 else "并列最优"
    return [mark if value == most else "" for value in values]


def _sections(candidates: Sequence[Candidate]) -> Iterator[Part]:
    """The four sections: field beside field, then the rows of their groups."""
    for section in SECTIONS:
        fields = _aligned((each.fields(section.slug) for each in candidates), "name")
        lines = (
            _line(_known(same)["label"], (Cell(each["text"]) if each else BLANK for each in same))
            for same in fields
        )
        yield _part(section.slug, f"{section.numeral}、{section.title}", lines)
        for group in section.groups:
            if group.slug not in SHOWN_APART:
                rows = [each.rows(group.slug) for each in candidates]
                lines = _by_field(rows) if group.fixed else _whole(group.title, rows)
                yield _part(group.slug, group.title, lines)


def _by_field(rows: Sequence[list[Data]]) -> Iterator[Line]:
    """A line for each field, with every row in a cell: three years show where things are going."""
    for same in _aligned(([f for row in own for f in row["fields"]] for own in rows), "name"):
        known = _known(same)
        cells = (
            Cell(
                pairs=tuple(
                    (row["title"], text)
                    for row in own
                    for _label, text in _filled(
                        f for f in row["fields"] if f["name"] == known["name"]
                    )
                )
            )
            for own in rows
        )
        yield _line(known["label"], cells)


def _whole(title: str, rows: Sequence[list[Data]]) -> Iterator[Line]:
    """One line: rows that people add have no counterpart in another application."""
    cells = (Cell(pairs=tuple(p for row in own for p in _filled(row["fields"]))) for own in rows)
    yield _line(title, cells)


def _attachments(candidates: Sequence[Candidate]) -> Iterator[Line]:
    files = [each.data.get("attachments", ()) for each in candidates]
    found = [Counter(file["material"] for file in own) for own in files]
    yield _line("合计", (Cell(_number(each.total())) for each in found))
    for material in dict.fromkeys(name for each in found for name in each):
        yield _line(material, (Cell(_number(each[material])) for each in found))
