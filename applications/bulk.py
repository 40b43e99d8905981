"""Rows pasted, deleted, ordered. Of pasting and deleting a note is left, to undo them by."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from applications import workflow
from applications.grids import GridRefused, Preview, preview
from applications.models import Application, BulkEdit, Row
from applications.saving import LAST, store_rows
from applications.sections import GROUPS, Group
from portal.accounts.models import User
from portal.errors import StaleState

UNDO_WITHIN = timedelta(days=1)
"""How long undoing is offered: later, nobody remembers what it was about."""


class Outdated(StaleState):
    """Not what the preview was made from any more; ``preview`` is the present one."""

    def __init__(self, preview: Preview) -> None:
        self.preview = preview
        super().__init__("预览之后，表格或已填的内容又有改动，尚未写入。请核对最新的预览后再采用。")


def _held(pk: int, actor: User) -> Application:
    workflow.hold(pk, actor)
    return Application.objects.select_related("version__round").get(pk=pk)


# Paste


@transaction.atomic
def apply(pk: int, group: Group, text: str, start: str, digest: str, *, actor: User) -> BulkEdit:
    """Store what the preview of a table said, that is the one with this ``digest``.

    Raises Outdated when the preview would be another one now, GridRefused when there is nothing
    to store.
    """
    application = _held(pk, actor)
    rows = group.rows(application)
    found = preview(group, application, rows, text, start)
    if found.digest != digest:
        raise Outdated(found)
    if not found.changes:
        raise GridRefused("没有可以采用的内容。")
    stored = {row.key: row for row in rows if row.pk}
    changed = {line.row.key: list(line.names) for line in found.changes}
    before = {
        key: _content(stored[key], names) if key in stored else None
        for key, names in changed.items()
    }
    written = [line.row for line in found.changes]
    store_rows(group, written, changed, actor=actor)
    after = {row.key: _fingerprints(row, changed[row.key], before[row.key]) for row in written}
    new = sum(line.is_new for line in found.changes)
    title = f"粘贴“{group.title}”：新增 {new} 行，修改 {len(written) - new} 行"
    return _note(application, group, title, before, after, actor)


def _note(
    application: Application,
    group: Group,
    title: str,
    before: dict[str, Any],
    after: dict[str, Any],
    actor: User,
) -> BulkEdit:
    return BulkEdit.objects.create(
        application=application,
        group=group.slug,
        title=title[:60],
        before=before,
        after=after,
        by=actor,
    )


def _all_names(row: Row) -> list[str]:
    return [each.name for each in row.answer_fields()]


def _content(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """What some fields hold, as JSON can keep it."""
    values = {name: row.serializable_value(name) for name in names}
    plain = {n: v if isinstance(v, str | int | None) else str(v) for n, v in values.items()}
    typed = {name: text for name, text in row.unparsed.items() if name in values}
    unconfirmed = [name for name in row.unconfirmed if name in values]
    return {"values": plain, "unparsed": typed, "unconfirmed": unconfirmed}


def _fill(row: Row, content: dict[str, Any]) -> None:
    """Make fields hold what ``_content`` noted."""
    for name, value in content["values"].items():
        db_field = row._meta.get_field(name)
        setattr(row, db_field.attname, db_field.to_python(value))
    others = {n: text for n, text in row.unparsed.items() if n not in content["values"]}
    row.unparsed = others | content["unparsed"]


def _fingerprints(row: Row, names: Iterable[str], before: dict[str, Any] | None) -> dict[str, str]:
    """What undoing must find unchanged: the fields stored, or all of a row that was added."""
    return {name: row.fingerprint(name) for name in (_all_names(row) if before is None else names)}


# Order


@transaction.atomic
def order(pk: int, group: Group, keys: Sequence[str], *, actor: User) -> None:
    """Put the rows into the order of ``keys``; rows added meanwhile stay behind them.

    Raises StaleState when one of them is no longer there.
    """
    application = _held(pk, actor)
    rows = {row.key: row for row in _places(application, group)}
    if len(set(keys)) != len(keys) or not rows.keys() >= set(keys):
        raise StaleState("有条目已被他人删除，次序没有保存。请看一下现在的列表，再重新排序。")
    _number([rows.pop(key) for key in keys] + list(rows.values()))


@transaction.atomic
def move(pk: int, group: Group, key: str, step: int, *, actor: User) -> None:
    """Move a row up (``step`` -1) or down (+1) among its neighbours."""
    rows = _places(_held(pk, actor), group)
    here = next((place for place, row in enumerate(rows) if row.key == key), None)
    if here is not None and 0 <= here + step < len(rows):
        rows.insert(here + step, rows.pop(here))
        _number(rows)


def _places(application: Application, group: Group) -> list[Row]:
    return list(group.model.objects.filter(application=application).only("key", "order"))


def _number(rows: list[Row]) -> None:
    """Number the rows; only those whose number changes are written."""
    moved = []
    for number, row in enumerate(rows, 1):
        if row.order != number:
            row.order = number
            moved.append(row)
    if moved:
        type(moved[0]).objects.bulk_update(moved, ["order"])


# Delete


@transaction.atomic
def delete(pk: int, group: Group, key: str, *, actor: User) -> BulkEdit | None:
    """Delete a row that people added; None if somebody else has done so already."""
    application = _held(pk, actor)
    rows = group.rows(application)
    place = next((place for place, row in enumerate(rows) if row.key == key), None)
    if place is None:
        return None
    row = rows[place]
    before = {key: _content(row, _all_names(row)) | {"place": place}}
    title = f"删除“{group.row_title(row, place + 1)}”"
    note = _note(application, group, title, before, {}, actor)
    row.delete()
    return note


# Undo


def undoable(application: Application, groups: Iterable[Group]) -> BulkEdit | None:
    """The last thing that was done to the groups at once, if it may still be taken back."""
    recent = application.bulk_edits.filter(
        group__in=[group.slug for group in groups],
        undone_at=None,
        at__gte=timezone.now() - UNDO_WITHIN,
    )
    return recent.select_related("by").defer("before", "after").first()


@transaction.atomic
def undo(pk: int, number: int, *, actor: User) -> list[str]:
    """Take back one bulk edit; the names of rows that were spared, having been edited since."""
    application = _held(pk, actor)
    edit = application.bulk_edits.filter(pk=number, undone_at=None).first()
    if edit is None:
        raise StaleState("这一步已经撤销过了。")
    edit.undone_at = timezone.now()
    edit.save(update_fields=["undone_at"])
    group = GROUPS[edit.group]
    rows = group.rows(application)
    stored = {row.key: row for row in rows if row.pk}
    titles = {row.key: group.row_title(row, number) for number, row in enumerate(rows, 1)}
    restored, removed, back, spared = [], [], [], []
    for key, before in edit.before.items():
        row, after = stored.get(key), edit.after.get(key)
        if after is None:
            if row is None:
                row = group.model(application=application, key=key, order=LAST)
                _fill(row, before)
                back.append((before["place"], row))
        elif row is None:
            if before is not None:
                spared.append("一条已被删除的内容")
        elif any(row.fingerprint(name) != mark for name, mark in after.items()):
            spared.append(titles[key])
        elif before is None:
            removed.append(row.pk)
        else:
            _fill(row, before)
            restored.append(row)
    changed = {key: list(before["values"]) for key, before in edit.before.items() if before}
    group.model.objects.filter(pk__in=removed).delete()
    written = [*restored, *(row for _, row in back)]
    store_rows(group, written, changed, actor=actor)
    for row in written:
        row.unconfirmed += edit.before[row.key]["unconfirmed"]
    group.model.objects.bulk_update(written, ["unconfirmed"])
    if back:
        places = _places(application, group)
        for place, row in back:
            [here] = [each for each in places if each.key == row.key]
            places.remove(here)
            places.insert(place, here)
        _number(places)
    return spared
