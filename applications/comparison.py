"""What changed between two revisions, matched by stable ids and worded for people to read.

Only the frozen contents are compared: labels are those of the newer one, and a field that only
one of them has (the form changed in between) is a change where something is filled in.
"""

import re
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from typing import Any

from django.template.defaultfilters import filesizeformat

from applications.commenting import block_at
from applications.models import Attachment
from applications.models.comments import Place
from applications.runs import Run, folded, runs_of
from applications.sections import frozen_title
from portal.rounds.models import Declaration

PATIENCE = 2.0
"""Seconds for all the texts of a comparison, however much of them was shuffled."""

LONG = 30
"""A longer text is shown once with its runs, a shorter one old and new beside each other."""


@dataclass(frozen=True)
class FieldChange:
    """One answer in both revisions; None where the revision did not have the field."""

    place: Place
    label: str
    old: str | None
    new: str | None
    is_changed: bool
    is_requested: bool
    unit: str = ""
    difference: str = ""
    """Of two numbers, e.g. 增加 1,000.00 万元."""
    runs: tuple[Run, ...] = ()
    """Of two long texts that have something in common."""

    @property
    def text(self) -> str:
        """What an unchanged answer says."""
        return (self.old if self.new is None else self.new) or ""

    @property
    def folded(self) -> list[Run]:
        return folded(self.runs)


@dataclass(frozen=True)
class RowChange:
    """One row, known by its key; ``moved`` holds its old and its new position."""

    place: Place
    title: str
    fields: tuple[FieldChange, ...]
    is_requested: bool
    is_added: bool = False
    is_removed: bool = False
    moved: tuple[int, int] | None = None

    @property
    def is_changed(self) -> bool:
        """As a row, whatever its fields say."""
        return self.is_added or self.is_removed or self.moved is not None

    @property
    def shown(self) -> list[FieldChange]:
        """The fields to read: what is filled in of a whole row, else those that changed."""
        whole = self.is_added or self.is_removed
        return [each for each in self.fields if (each.text if whole else each.is_changed)]

    @property
    def changes(self) -> list["FieldChange | RowChange"]:
        edited = [each for each in self.fields if each.is_changed]
        return [self, *edited] if self.is_changed else [*edited]


@dataclass(frozen=True)
class GroupChange:
    slug: str
    title: str
    rows: tuple[RowChange, ...]

    @property
    def changes(self) -> list[FieldChange | RowChange]:
        return [change for row in self.rows for change in row.changes]


@dataclass(frozen=True)
class SectionChange:
    """A material section; the attachments and the declarations are one each, without groups."""

    slug: str
    title: str
    fields: tuple[FieldChange, ...]
    groups: tuple[GroupChange, ...] = ()
    numeral: str = ""

    @property
    def place(self) -> Place:
        return self.slug, "", "", ""

    @property
    def shown(self) -> list[FieldChange]:
        return [each for each in self.fields if each.is_changed]

    @property
    def changes(self) -> list[FieldChange | RowChange]:
        return [*self.shown, *(change for group in self.groups for change in group.changes)]


@dataclass(frozen=True)
class Comparison:
    """Everything two revisions say, and what differs."""

    sections: tuple[SectionChange, ...]
    has_requests: bool = False

    @property
    def changes(self) -> list[FieldChange | RowChange]:
        return [change for section in self.sections for change in section.changes]

    @property
    def unrequested(self) -> list[FieldChange | RowChange]:
        """The changes nobody asked for; none where nothing in particular was asked for."""
        return [c for c in self.changes if self.has_requests and not c.is_requested]


def compare(
    old: dict[str, Any], new: dict[str, Any], requested: Set[Place] = frozenset()
) -> Comparison:
    """Compare the contents of two revisions (``sections.snapshot``).

    ``requested`` names the places the bureau asked to be changed; a place that ends with empty
    parts stands for everything in it.
    """
    return _Comparer(old, new, requested, time.time() + PATIENCE).comparison()


def changes_at(place: Place, old: dict[str, Any], new: dict[str, Any]) -> list[FieldChange]:
    """What changed at one place: in a field, or in the fields and files of a row or a section.

    The rows inside a section are not looked into; of a row that is gone there is nothing to show.
    """
    *inside, name = place
    section, group, key = inside
    blocks = [block_at(data, section, group, key) for data in (old, new)]
    if None in blocks:
        return []
    comparer = _Comparer(old, new, frozenset(), time.time() + PATIENCE)
    fields = comparer.fields((section, group, key), *blocks, frozen_title(blocks[1]))
    if name:
        return [each for each in fields if each.place == place and each.is_changed]
    files = [each for each in comparer.attachments().fields if each.place[:3] == (*inside,)]
    return [each for each in [*fields, *files] if each.is_changed]


Answer = dict[str, Any]
Pair = tuple[Answer | None, Answer | None]


@dataclass
class _Comparer:
    old: dict[str, Any]
    new: dict[str, Any]
    requested: Set[Place]
    until: float

    def comparison(self) -> Comparison:
        pairs = _pairs(self.old["sections"], self.new["sections"], "slug")
        sections = [self.section(*pair) for pair in pairs]
        sections += [self.attachments(), self.declarations()]
        return Comparison(tuple(sections), has_requests=bool(self.requested))

    def is_requested(self, place: Place) -> bool:
        wholes = ((*place[:length], *[""] * (4 - length)) for length in (1, 2, 3, 4))
        return not self.requested.isdisjoint(wholes)

    def section(self, old: Answer | None, new: Answer | None) -> SectionChange:
        known = new or old
        slug = known["slug"]
        groups = _pairs(*(each["groups"] if each else [] for each in (old, new)), "slug")
        return SectionChange(
            slug,
            known["title"],
            self.fields((slug, "", ""), old, new),
            tuple(self.group(slug, *pair) for pair in groups),
            known["numeral"],
        )

    def group(self, section: str, old: Answer | None, new: Answer | None) -> GroupChange:
        known = new or old
        rows = [each["rows"] if each else [] for each in (old, new)]
        moved = _moved(*([row["key"] for row in each] for each in rows))
        return GroupChange(
            known["slug"],
            known["title"],
            tuple(
                self.row((section, known["slug"]), *pair, moved) for pair in _pairs(*rows, "key")
            ),
        )

    def row(
        self,
        inside: tuple[str, str],
        old: Answer | None,
        new: Answer | None,
        moved: dict[str, tuple[int, int]],
    ) -> RowChange:
        known = new or old
        key = known["key"]
        title = frozen_title(known)
        place = (*inside, key, "")
        return RowChange(
            place,
            title,
            self.fields((*inside, key), old, new, title, is_whole=not (old and new)),
            self.is_requested(place),
            is_added=old is None,
            is_removed=new is None,
            moved=moved.get(key),
        )

    def fields(
        self,
        inside: tuple[str, str, str],
        old: Answer | None,
        new: Answer | None,
        title: str = "",
        *,
        is_whole: bool = False,
    ) -> tuple[FieldChange, ...]:
        """The fields of a section or row; of a whole row that came or went none counts itself."""
        pairs = _pairs(*(each["fields"] if each else [] for each in (old, new)), "name")
        return tuple(self.field(inside, *pair, title, is_whole=is_whole) for pair in pairs)

    def field(
        self,
        inside: tuple[str, str, str],
        old: Answer | None,
        new: Answer | None,
        title: str,
        *,
        is_whole: bool,
    ) -> FieldChange:
        known = new or old
        unit = _unit_of(known["label"])
        if known["name"] == "value":
            unit = unit or _unit_of(title)  # 关键绩效指标: the row says of what its value is
        numbers = [_number(answer, unit) for answer in (old, new)]
        are_numbers = None not in numbers
        is_changed = not is_whole and _differ(old, new)
        texts = [answer and answer["text"] for answer in (old, new)]
        return self.change(
            (*inside, known["name"]),
            known["label"],
            *texts,
            is_changed=is_changed,
            unit=unit if are_numbers else "",
            difference=_difference(*numbers, unit) if is_changed and are_numbers else "",
            runs=_runs(*texts, self.until) if is_changed else (),
        )

    def change(
        self,
        place: Place,
        label: str,
        old: str | None,
        new: str | None,
        *,
        is_changed: bool,
        **more: Any,
    ) -> FieldChange:
        return FieldChange(place, label, old, new, is_changed, self.is_requested(place), **more)

    def attachments(self) -> SectionChange:
        """The files by their slot: same content, replaced, added or removed."""
        slots: dict[tuple[str, str, str], tuple[list[Answer], list[Answer]]] = {}
        for number, data in enumerate((self.new, self.old)):
            for file in data.get("attachments", ()):
                slot = str(file["material"]), file["group"], file["key"]
                slots.setdefault(slot, ([], []))[1 - number].append(file)
        rows = {**_rows(self.old), **_rows(self.new)}
        changes = []
        for (material, group, key), (old, new) in slots.items():
            section, title = rows.get((group, key), ("attachments", ""))
            for before, after in _files(old, new):
                changes.append(
                    self.change(
                        (section, group, key, ""),
                        f"{material}（{title}）" if title else material,
                        *(file and _file_text(file) for file in (before, after)),
                        is_changed=not (before and after and before["sha256"] == after["sha256"]),
                    )
                )
        return SectionChange("attachments", str(Attachment._meta.verbose_name), tuple(changes))

    def declarations(self) -> SectionChange:
        title = str(Declaration._meta.verbose_name)
        old, new = (
            [{"text": text} for text in data.get("declarations", ())]
            for data in (self.old, self.new)
        )
        changes = [
            self.change(
                ("declarations", "", "", ""),
                title,
                *(each and each["text"] for each in pair),
                is_changed=None in pair,
            )
            for pair in _pairs(old, new, "text")
        ]
        return SectionChange("declarations", title, tuple(changes))


def _pairs(old: list[Answer], new: list[Answer], identity: str) -> Iterator[Pair]:
    """Both lists matched by id in the newer order; what is gone comes last."""
    before = {each[identity]: each for each in old}
    for each in new:
        yield before.pop(each[identity], None), each
    for each in before.values():
        yield each, None


def _moved(old: list[str], new: list[str]) -> dict[str, tuple[int, int]]:
    """Old and new position of the rows that changed places among those in both."""
    before, after = ([key for key in old if key in new], [key for key in new if key in old])
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = {key for block in blocks for key in after[block.b : block.b + block.size]}
    return {key: (old.index(key) + 1, new.index(key) + 1) for key in after if key not in kept}


def _rows(data: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """The section and the title of each row, by group and key."""
    return {
        (group["slug"], row["key"]): (section["slug"], frozen_title(row))
        for section in data["sections"]
        for group in section["groups"]
        for row in group["rows"]
    }


def _differ(old: Answer | None, new: Answer | None) -> bool:
    """Whether somebody changed an answer.

    Another text for the same value is another wording of the catalogue or of the portal.
    """
    if old and new:
        return old["value"] != new["value"] and old["text"] != new["text"]
    value = (old or new)["value"]
    return value is not None and value is not False and value != ""


def _runs(old: str | None, new: str | None, until: float) -> tuple[Run, ...]:
    """The runs of two long texts; none where a text was written anew."""
    if not old or not new or max(len(old), len(new)) <= LONG:
        return ()
    runs = runs_of(old, new, until)
    return runs if any(kind == "same" for kind, _ in runs) else ()


def _unit_of(label: str) -> str:
    found = re.search(r"（([^（）]{1,4})）$", label)
    return found[1] if found else ""


def _number(answer: Answer | None, unit: str) -> Decimal | None:
    """The number an answer shows; a year, a code or a mobile number is none to reckon with."""
    value = answer and answer["value"]
    if not (isinstance(value, int) and unit or isinstance(value, str) and "." in value):
        return None
    try:
        shown = Decimal(answer["text"].replace(",", ""))
        return shown if shown == Decimal(value) else None
    except InvalidOperation:
        return None


def _difference(old: Decimal, new: Decimal, unit: str) -> str:
    change = new - old
    unit = {"": "", "%": " 个百分点"}.get(unit, f" {unit}")
    return f"{'增加' if change > 0 else '减少'} {abs(change):,f}{unit}"


def _files(old: list[Answer], new: list[Answer]) -> list[Pair]:
    """The files of one slot, matched by content, else by name, else by being the only one left."""
    left = list(old)

    def match(file: Answer, identity: str) -> Answer | None:
        found = next((each for each in left if each[identity] == file[identity]), None)
        if found:
            left.remove(found)
        return found

    pairs = [(match(file, "sha256"), file) for file in new]
    pairs = [(before or match(file, "name"), file) for before, file in pairs]
    if len(left) == 1 and sum(before is None for before, _ in pairs) == 1:
        pairs = [(before or left.pop(), file) for before, file in pairs]
    return [*pairs, *((file, None) for file in left)]


def _file_text(file: Answer) -> str:
    pages = f"{file['pages']} 页，" if file["pages"] else ""
    return f"{file['name']}（{pages}{filesizeformat(file['size'])}，SHA-256 {file['sha256'][:12]}）"
