"""Saving answers: field by field, merged with what others saved since the page was shown.

A page says with fingerprints what it was showing. A field that nobody else changed meanwhile is
stored; one that this person did not change keeps what others made of it; one that both changed
clashes: nothing is overwritten, and whoever typed last is shown both.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from django.db import transaction
from django.db.models import FilteredRelation, Q
from django.utils import timezone

from applications import workflow
from applications.models import Answers, Application, Row
from applications.sections import Group, Section
from portal.accounts.models import User
from portal.errors import PortalError, StaleState

LAST = 32767
"""Where a row stands that somebody adds: after all the others, in the order of adding."""


class RowGone(StaleState):
    """A row that somebody typed into was deleted by somebody else."""

    def __init__(self) -> None:
        super().__init__("这一条已被他人删除，您刚才的改动没有保存。可以重新添加，或放弃改动。")


class UnknownField(PortalError):
    """The request names a field or a row that the application does not have."""

    def __init__(self) -> None:
        super().__init__("没有这个栏目或这一行，请刷新页面后再试。")


@dataclass(frozen=True)
class Entry:
    """What was typed into a section's own answers, or into one row.

    ``typed`` is an unsaved instance holding the answers, ``names`` the fields that were on the
    page, ``seen`` the fingerprints it was showing (none for a blank row). ``is_new`` says that
    the row was blank, so that it may be added; ``is_removed`` that it is to be deleted.
    """

    part: Section | Group
    typed: Answers
    names: Collection[str]
    seen: Mapping[str, str]
    is_new: bool = False
    is_removed: bool = False

    @classmethod
    def over(cls, part: Section | Group, stored: Answers, **values: Any) -> Self:
        """A change of the named fields of what is stored, as if typed on a fresh page."""
        typed = type(stored)(application_id=stored.application_id, **values)
        if isinstance(typed, Row):
            typed.key = stored.key
        seen = {name: stored.fingerprint(name) for name in values}
        return cls(part, typed, list(values), seen, is_new=stored._state.adding)

    @property
    def key(self) -> str:
        return getattr(self.typed, "key", "")

    @property
    def changed(self) -> set[str]:
        """The fields in which the typed text differs from what the page was showing."""
        blank = type(self.typed)()
        return {
            name
            for name in self.names
            if self.typed.fingerprint(name) != self.seen.get(name, blank.fingerprint(name))
        }


@dataclass(frozen=True)
class Clash:
    """One field that two people changed: ``typed`` is not stored, ``stored`` is the other's."""

    part: Section | Group
    name: str
    typed: Answers
    stored: Answers

    @property
    def edit(self) -> dict[str, str]:
        """Who stored the other text, and when (ISO): {"by", "name", "at"}; {} if unknown."""
        return self.stored.edits.get(self.name, {})


@dataclass
class Outcome:
    """What came of a save: everything that could be stored is."""

    clashes: list[Clash] = field(default_factory=list)
    gone: list[Entry] = field(default_factory=list)
    stored: list[Answers] = field(default_factory=list)


@transaction.atomic
def save_fields(
    pk: int,
    section: Section,
    group: Group | None,
    key: str,
    texts: Mapping[str, str],
    seen: Mapping[str, str],
    *,
    is_new: bool = False,
    actor: User,
) -> Outcome:
    """Store some fields of a section, or of one row of ``group``, as typed; four statements.

    Raises StaleState when the application may not be edited (any more), RowGone when the row was
    deleted meanwhile, UnknownField for what the application does not have.
    """
    workflow.hold(pk, actor)
    application, stored = _load(pk, section, group, key)
    part = group or section
    known = {each.name for each in part.model.answer_fields()}
    if not known.issuperset(texts):
        raise UnknownField
    blank = _blank(application, part, key)
    form = part.form(dict(texts), instance=blank, version=application.version, only=texts)
    entry = Entry(part, form.typed(), list(texts), seen, is_new)
    outcome = Outcome()
    _merge(application, [(entry, set(texts))], {key: stored}, outcome, actor)
    if outcome.gone:
        raise RowGone
    return outcome


def _load(
    pk: int, section: Section, group: Group | None, key: str
) -> tuple[Application, Answers | None]:
    """The application with its round and what is stored in one part of it, at one stroke."""
    applications = Application.objects.select_related("version__round")
    if group is None:
        application = applications.select_related(section.slug).get(pk=pk)
        return application, section.answers(application)
    row = FilteredRelation(group.slug, condition=Q(**{f"{group.slug}__key": key}))
    application = applications.annotate(row=row).select_related("row").get(pk=pk)
    stored = getattr(application, "row", None)  # the attribute is only there with a row
    if stored:
        stored.application = application
    return application, stored


def _blank(application: Application, part: Section | Group, key: str) -> Answers:
    if isinstance(part, Section):
        return part.model(application_id=application.pk)
    if part.fixed is None:
        return part.model(application=application, key=key, order=LAST)
    for row in part.blank_rows(application):
        if row.key == key:
            return row
    raise UnknownField


@transaction.atomic
def save(application: Application, entries: Iterable[Entry], *, actor: User) -> Outcome:
    """Hold the application and store what was typed.

    Raises StaleState when the application may not be edited (any more).
    """
    workflow.hold(application.pk, actor)
    return store(application, entries, actor=actor)


def store(application: Application, entries: Iterable[Entry], *, actor: User) -> Outcome:
    """Store what was typed on a whole page. The application must be held (``workflow.hold``).

    Reads and writes only the parts in which something was changed: a statement each.
    """
    outcome = Outcome()
    touched: dict[Section | Group, list[tuple[Entry, set[str]]]] = {}
    for entry in entries:
        # Who deletes a row has a say on every field of it.
        names = set(entry.names) if entry.is_removed else entry.changed
        if names:
            touched.setdefault(entry.part, []).append((entry, names))
    for part, changed in touched.items():
        if isinstance(part, Section):
            stored = {"": part.answers(application)}
        else:
            keys = [entry.key for entry, _ in changed]
            rows = part.model.objects.filter(application=application, key__in=keys)
            stored = {row.key: row for row in rows}
        _merge(application, changed, stored, outcome, actor)
    return outcome


def _merge(
    application: Application,
    entries: list[tuple[Entry, set[str]]],
    stored: Mapping[str, Answers | None],
    outcome: Outcome,
    actor: User,
) -> None:
    """Bring the fields typed into one part together with what is stored, and write the result."""
    part = entries[0][0].part
    changed: dict[str, set[str]] = {}
    rows: list[Row] = []
    removed: list[Row] = []
    for entry, names in entries:
        answers = stored.get(entry.key)
        if answers is None:
            is_free = isinstance(part, Group) and part.fixed is None
            if entry.is_removed:
                continue
            if is_free and not entry.is_new:
                outcome.gone.append(entry)
                continue
            answers = _blank(application, part, entry.key)
        taken = _take(entry, names, answers, outcome)
        outcome.stored.append(answers)
        if entry.is_removed:
            if not any(clash.stored is answers for clash in outcome.clashes):
                removed.append(answers)
        elif taken:
            changed[entry.key] = taken
            rows.append(answers)
    if removed:
        part.model.objects.filter(pk__in=[row.pk for row in removed]).delete()
    if isinstance(part, Section):
        for answers in rows:
            stamp(answers, changed[""], actor)
            answers.save(update_fields=[*changed[""], *BOOKKEEPING])
    else:
        store_rows(part, rows, changed, actor=actor)


def _take(entry: Entry, names: set[str], answers: Answers, outcome: Outcome) -> set[str]:
    """Put what was typed into ``answers`` where nobody else was; note clashes; what was taken."""
    blank = type(answers)()
    taken = set()
    for name in filter(names.__contains__, entry.names):
        now, typed = answers.fingerprint(name), entry.typed.fingerprint(name)
        if now == typed and not entry.is_removed:
            continue
        if now != entry.seen.get(name, blank.fingerprint(name)):
            outcome.clashes.append(Clash(entry.part, name, entry.typed, answers))
        elif not entry.is_removed:
            copy_answer(entry.typed, answers, name)
            taken.add(name)
    return taken


def copy_answer(source: Answers, target: Answers, name: str) -> None:
    """Make one field of ``target`` hold what it holds in ``source``, parsed or as typed."""
    attname = target._meta.get_field(name).attname
    setattr(target, attname, getattr(source, attname))
    unparsed = {each: text for each, text in target.unparsed.items() if each != name}
    if name in source.unparsed:
        unparsed[name] = source.unparsed[name]
    target.unparsed = unparsed


BOOKKEEPING = ("unparsed", "edits", "unconfirmed", "edited_by", "edited_at")
"""The columns of Answers that say something about the answers."""


def stamp(answers: Answers, names: Collection[str], actor: User) -> None:
    """Note who changed these fields now; what somebody has touched needs no confirmation."""
    now = timezone.now()
    edit = {"by": actor.pk, "name": actor.name, "at": now.isoformat(timespec="seconds")}
    answers.edits = {**answers.edits, **dict.fromkeys(names, edit)}
    answers.unconfirmed = [name for name in answers.unconfirmed if name not in names]
    answers.edited_by, answers.edited_at = actor, now


def store_rows(
    group: Group, rows: list[Row], changed: Mapping[str, Collection[str]], *, actor: User
) -> None:
    """Insert rows, or update those whose key the application already has: one statement.

    ``changed`` names for each row's key the fields that ``actor`` changed. The application must
    be held.
    """
    if not rows:
        return
    for row in rows:
        stamp(row, changed[row.key], actor)
        row.pk = None  # else old and new ones would take a statement each
    names = [each.name for each in group.model.answer_fields()]
    group.model.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["application", "key"],
        update_fields=[*names, *BOOKKEEPING, "order"],
    )
