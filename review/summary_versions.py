"""推荐汇总表版本: what Annex 1 said each time the province made it, and what changed in between."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from applications.runs import Run, runs_of
from portal.accounts.models import User
from portal.audit import trail
from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.documents.model import Paragraph, Style, Table, texts_of
from portal.jobs.models import Job
from portal.rounds.models import Round
from review import summary
from review.models import SummaryVersion
from review.summary import NOT_RECEIVED, Summary

LOSSES = 4
"""How often a colleague's export of another content may be given the number first."""

LONG = 30
"""A longer text is shown once with what changed in it, a shorter one old and new."""


def keep(result: Summary, round: Round, bureau: Bureau | None, *, job: Job) -> SummaryVersion:
    """Give ``job``'s file to the version of its content, which is a new one unless it is known."""
    for _ in range(LOSSES):
        with suppress(IntegrityError):
            return _keep(result, round, bureau, job)
    return _keep(result, round, bureau, job)


@transaction.atomic
def _keep(result: Summary, round: Round, bureau: Bureau | None, job: Job) -> SummaryVersion:
    version = _version(result, round, bureau, job.owner)
    version.jobs.add(job)
    return version


def _version(result: Summary, round: Round, bureau: Bureau | None, made_by: User) -> SummaryVersion:
    versions = SummaryVersion.objects.filter(round=round, bureau=bureau)
    sha256 = result.document.revision
    # Known contents and the last number in one query: between two a colleague could add this one.
    known = dict(versions.values_list("sha256", "number"))
    if sha256 in known:
        return versions.get(number=known[sha256])
    version = versions.create(
        round=round,
        bureau=bureau,
        number=max(known.values(), default=0) + 1,
        includes_sent=result.is_marked,
        rows=_rows(result),
        notes=_notes(result),
        sha256=sha256,
        made_by=made_by,
    )
    scope = bureau.short_name if bureau else "全省"
    trail.record(
        "summary_version",
        "生成推荐汇总表版本",
        actor=made_by,
        target=version,
        named=f"{round}（{scope}）{version}",
        detail=f"SHA-256 {sha256}",
    )
    return version


def _rows(result: Summary) -> list[dict[str, Any]]:
    """What the table says of each unit; ``applications`` are those of the rows, by id."""
    table = next(block for block in result.document.blocks if isinstance(block, Table))
    return [
        {
            "bureau": unit.bureau.code,
            "name": unit.bureau.name,
            "is_received": not unit.is_marked,
            "applications": [seat.application_id for seat in unit.seats],
            "rows": texts_of(table, group),
        }
        for unit, group in zip(result.units, table.groups, strict=True)
    ]


def _notes(result: Summary) -> list[str]:
    return [
        block.text
        for block in result.document.blocks
        if isinstance(block, Paragraph) and block.style == Style.NOTE
    ]


def files_of(version: SummaryVersion) -> dict[Format, Job]:
    """The latest file of each format; whoever made it, they are the office's."""
    files = {
        Format(job.parameters["format"]): job
        for job in sorted(version.jobs.all(), key=lambda job: job.pk)
        if job.status == Job.Status.DONE and job.file
    }
    return {format: files[format] for format in Format if format in files}


def fetched(version: SummaryVersion, job: Job, *, actor: User) -> None:
    """Note that somebody takes a file of a version away; its parts, asked for one by one, once."""
    actor.require_province("下载推荐汇总表")
    taken = {"target": version, "named": job.file_name, "once_in": trail.LOOK}
    trail.record("summary_fetch", "下载推荐汇总表", actor=actor, **taken)


# Differences


@dataclass(frozen=True)
class CellChange:
    """What one cell said and says; ``runs`` of two long texts."""

    label: str
    old: str
    new: str
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True)
class RowChange:
    """One application; a place is None where it was or is not in the table."""

    name: str
    project: str
    old_place: str | None
    new_place: str | None
    cells: tuple[CellChange, ...] = ()

    @property
    def is_moved(self) -> bool:
        return None not in (self.old_place, self.new_place) and self.old_place != self.new_place

    @property
    def is_changed(self) -> bool:
        return self.old_place != self.new_place or bool(self.cells)


@dataclass(frozen=True)
class UnitChange:
    """What changed in one unit; ``mark`` tells of its list being received, or not any more."""

    name: str
    mark: str
    rows: tuple[RowChange, ...]


@dataclass(frozen=True)
class Difference:
    """Everything that one version says otherwise than an older one."""

    units: tuple[UnitChange, ...]
    added_notes: tuple[str, ...]
    removed_notes: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        return not (self.units or self.added_notes or self.removed_notes)


def compare(old: SummaryVersion, new: SummaryVersion) -> Difference:
    """What changed from one version to another of the same round."""
    labels = [column.title for column in summary.columns(new.round)]
    pairs = _pairs(old.rows, new.rows, lambda unit: unit["bureau"])
    changes = [_unit(before, after, labels) for before, after in pairs]
    return Difference(
        tuple(change for change in changes if change.mark or change.rows),
        tuple(note for note in new.notes if note not in old.notes),
        tuple(note for note in old.notes if note not in new.notes),
    )


def _unit(old: dict | None, new: dict | None, labels: Sequence[str]) -> UnitChange:
    mark = ""
    if old and new and old["is_received"] != new["is_received"]:
        mark = "未受理 → 已受理" if new["is_received"] else "已受理 → 未受理"
    members = [
        [*zip(unit["applications"], unit["rows"], strict=True)] if unit else []
        for unit in (old, new)
    ]
    rows = [
        _row(before and before[1], after and after[1], labels)
        for before, after in _pairs(*members, lambda member: member[0])
    ]
    known = new or old
    marked = "" if known["is_received"] else NOT_RECEIVED
    return UnitChange(
        f"{known['name']}{marked}", mark, tuple(row for row in rows if row.is_changed)
    )


def _row(old: Sequence[str] | None, new: Sequence[str] | None, labels: Sequence[str]) -> RowChange:
    _number, name, project, *_rest = new or old
    cells: tuple[CellChange, ...] = ()
    if old and new:
        told = zip(labels[1:], old[1:], new[1:], strict=True)
        cells = tuple(_cell(label, *texts) for label, *texts in told if texts[0] != texts[1])
    return RowChange(name, project, old and old[0], new and new[0], cells)


def _cell(label: str, old: str, new: str) -> CellChange:
    runs = runs_of(old, new) if old and new and max(len(old), len(new)) > LONG else ()
    is_rewritten = all(kind != "same" for kind, _text in runs)
    return CellChange(label, old, new, () if is_rewritten else runs)


def _pairs(old: Sequence, new: Sequence, identity: Callable) -> Iterator[tuple]:
    """Both matched by identity in the newer order; what is gone comes last."""
    before = {identity(each): each for each in old}
    for each in new:
        yield before.pop(identity(each), None), each
    for each in before.values():
        yield each, None
