"""A section's page: the form of the section and the forms of its rows, and what was posted."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db import transaction
from django.forms import BoundField, CheckboxInput, ChoiceField
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from applications import checks, saving, workflow
from applications.fields import options_of
from applications.forms import DraftForm
from applications.models import Answers, Application, Comment, Row
from applications.models.rows import random_key
from applications.saving import Clash, Entry, Outcome
from applications.sections import BY_SLUG, INSTANCES, Filing, Group, Section
from portal.accounts.models import User
from portal.rounds.times import moment

KEY = re.compile(r"[0-9A-Za-z-]{1,32}")

SEEN = "seen"
"""Name of the hidden input that says what the page was showing: {prefix: {field: fingerprint}}."""

THEIRS = "theirs"
"""Name of the boxes ticked to keep what somebody else has stored in a field."""

Fingerprints = dict[str, dict[str, str]]


def seen_in(*forms: DraftForm) -> str:
    """What forms of stored answers show, as a JSON text for the hidden input of their page.

    A form that shows what was typed says nothing: its row is not stored.
    """
    marks = {
        form.prefix or "": {name: form.instance.fingerprint(name) for name in form.fields}
        for form in forms
        if not form.is_bound
    }
    return json.dumps(marks, separators=(",", ":"))


def posted_fingerprints(data: Mapping[str, Any]) -> Fingerprints:
    """What a posted page says it was showing; nothing for what does not read like it."""
    try:
        seen = json.loads(data.get(SEEN, ""))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(seen, dict):
        return {}
    return {
        prefix: {name: str(mark) for name, mark in marks.items()}
        for prefix, marks in seen.items()
        if isinstance(marks, dict)
    }


@dataclass
class RowForm:
    """One row's form; ``is_new`` until it is stored."""

    row: Row
    form: DraftForm
    name: str
    """What a sentence about the row calls it."""
    is_new: bool = False
    is_removed: bool = False
    """Ticked to be deleted when the page is saved."""
    files: int | None = None
    """How many files prove the row; None where none are asked for."""

    @property
    def delete_name(self) -> str:
        return f"{self.form.prefix}-delete"

    @property
    def comments(self) -> list[Comment]:
        """What the bureau asks of the row and of its fields."""
        return [comment for comments in self.form.comments.values() for comment in comments]

    @property
    def is_blank(self) -> bool:
        """Whether nothing was posted into the row."""
        return not any(self.form.answers().values())


@dataclass(frozen=True)
class Difference:
    """A field that clashed: what somebody else stored, what this person typed."""

    label: str
    place: str
    """The name of its control."""
    theirs: str
    ours: str
    by: str
    at: datetime | None


@dataclass
class SectionPage:
    application: Application
    section: Section
    form: DraftForm
    row_forms: dict[Group, list[RowForm]] = field(default_factory=dict)
    filing: Filing | None = None
    """What is stored, on a page that shows it."""
    findings: list[checks.Finding] = field(default_factory=list)

    # Reading

    @classmethod
    def stored(cls, application: Application, section: Section) -> Self:
        """The page as saved, each field with what the checks say about it."""
        filing = Filing.of(application, section)
        answers = filing.answers[section.slug]
        form = section.form(instance=answers, version=application.version)
        page = cls(application, section, form, filing=filing, findings=checks.findings(filing))
        for group in section.page_groups:
            rows = filing.rows[group.slug]
            page.row_forms[group] = [
                page._row_form(group, row, number) for number, row in enumerate(rows, 1)
            ]
            if group.fixed is None:
                page.add_row(group)
        page._show(page.findings)
        return page

    @property
    def seen(self) -> str:
        return seen_in(*self.forms())

    def add_row(self, group: Group) -> None:
        """Offer one blank row to fill in."""
        row = group.model(application=self.application, key=random_key())
        number = len(self.row_forms[group]) + 1
        self.row_forms[group].append(self._row_form(group, row, number, is_new=True))

    def _row_form(
        self,
        group: Group,
        row: Row,
        number: int,
        data: QueryDict | None = None,
        is_new: bool = False,
    ) -> RowForm:
        form = group.form(
            data, instance=row, prefix=f"{group.slug}-{row.key}", version=self.application.version
        )
        return RowForm(row, form, group.row_name(row, number), is_new)

    def _show(self, findings: list[checks.Finding]) -> None:
        """Put each finding beside its field; blanks not filled yet are left in peace."""
        forms = {("", ""): (self.form, "")}
        for group, rows in self.row_forms.items():
            forms |= {(group.slug, row.row.key): (row.form, f"{row.name}：") for row in rows}
        for finding in findings:
            form, title = forms.get((finding.group, finding.key), (None, ""))
            kept_as_typed = form is not None and finding.field in form.errors
            if form and finding.field and not finding.is_gap and not kept_as_typed:
                message = finding.message.removeprefix(title)
                form.complain(finding.field, message, finding.brief, blocks=finding.blocks)

    def ask(self, comments: list[Comment]) -> None:
        """Put what the bureau asks beside its field; on top what has no place on this page."""
        forms = {("", ""): self.form}
        for group, rows in self.row_forms.items():
            forms |= {(group.slug, row.row.key): row.form for row in rows}
        for comment in comments:
            form = forms.get((comment.group, comment.key))
            if form:
                form.ask(comment, comment.field)
            elif not comment.has_row:
                self.form.ask(comment)

    # Writing

    @classmethod
    def posted(cls, application: Application, section: Section, data: QueryDict) -> Self:
        """The page as typed; needs nothing from the database."""
        # By id: assigning the application would make this blank its section.
        answers = section.model(application_id=application.pk)
        form = section.form(data, instance=answers, version=application.version)
        page = cls(application, section, form)
        for group in section.page_groups:
            page.row_forms[group] = []
            for number, row in enumerate(page._posted_rows(group, data), 1):
                row_form = page._row_form(group, row, number, data)
                row_form.is_removed = group.fixed is None and bool(data.get(row_form.delete_name))
                page.row_forms[group].append(row_form)
        return page

    def _posted_rows(self, group: Group, data: QueryDict) -> list[Row]:
        if group.fixed:
            return group.blank_rows(self.application)
        keys = [key for key in dict.fromkeys(data.getlist(group.slug)) if KEY.fullmatch(key)]
        return [group.model(application=self.application, key=key) for key in keys]

    def entries(self, data: QueryDict) -> Iterator[Entry]:
        """What was typed, part by part, without the fields in which the other's text is wanted.

        Rows that people add and leave or make entirely blank are removed.
        """
        seen = posted_fingerprints(data)
        given_up = set(data.getlist(THEIRS))
        yield entry_of(self.form, self.section, seen, given_up)
        for group, row_forms in self.row_forms.items():
            for row_form in row_forms:
                is_removed = group.fixed is None and (row_form.is_removed or row_form.is_blank)
                entry = entry_of(row_form.form, group, seen, given_up, is_removed=is_removed)
                if not (is_removed and entry.is_new):
                    yield entry

    @property
    def mistakes(self) -> int:
        """How many fields must be mended."""
        return sum(form.mistakes for form in self.forms())

    @property
    def warnings(self) -> int:
        """How many fields there is only a warning about."""
        return sum(len(form.warned) for form in self.forms())

    def forms(self) -> Iterator[DraftForm]:
        """The form of the section and of each row that stays."""
        yield self.form
        for rows in self.row_forms.values():
            yield from (row.form for row in rows if not row.is_removed)

    def freeze(self) -> None:
        """Let what was typed be read and copied, but not changed."""
        for form in self.forms():
            form.freeze()

    def keep_typed(self, outcome: Outcome, typed: "SectionPage") -> list[Difference]:
        """Show, on the page as now stored, what clashed as it was typed; what differs.

        Rows that somebody deleted meanwhile are offered anew.
        """
        for entry in outcome.gone:
            ours = next(r for r in typed.row_forms[entry.part] if r.row.key == entry.key)
            ours.is_new = True
            self.row_forms[entry.part].append(ours)
        found = keep_typed(self.form, typed.form, outcome, "")
        for group, rows in self.row_forms.items():
            ours = {row.row.key: row.form for row in typed.row_forms[group]}
            for row in rows:
                typed_form = ours.get(row.row.key)
                found += keep_typed(row.form, typed_form, outcome, f"{row.name}：")
        return found


def entry_of(
    form: DraftForm,
    part: Section | Group,
    seen: Fingerprints,
    given_up: set[str],
    *,
    is_removed: bool = False,
) -> Entry:
    """What a posted form holds, without the fields in which the other's text is wanted."""
    marks = seen.get(form.prefix or "")
    names = [name for name in form.fields if form.add_prefix(name) not in given_up]
    blank = type(form.instance)()
    # A row of which the page said nothing, or only blanks, may be added.
    is_new = not marks or all(marks.get(name) == blank.fingerprint(name) for name in form.fields)
    return Entry(part, form.typed(), names, marks or {}, is_new, is_removed)


def keep_typed(
    form: DraftForm, typed: DraftForm | None, outcome: Outcome, title: str = ""
) -> list[Difference]:
    """Show in a form of what is stored the fields that clashed as they were typed."""
    found = []
    for clash in outcome.clashes:
        stored = clash.stored
        if type(stored) is not type(form.instance) or stored.pk != form.instance.pk:
            continue
        name = clash.name
        theirs = shown(form, name)
        form[name].initial = typed[name].value()
        found.append(
            Difference(
                label=f"{title}{form.fields[name].label}",
                place=form.add_prefix(name),
                theirs=theirs,
                ours=shown(form, name),
                by=clash.edit.get("name", ""),
                at=_at(clash),
            )
        )
    return found


def _at(clash: Clash) -> datetime | None:
    return parse_datetime(clash.edit["at"]) if clash.edit else None


def shown(form: DraftForm, name: str) -> str:
    """A field's present content in words."""
    bound = form[name]
    value = bound.value()
    if isinstance(bound.field, ChoiceField):
        return next((o.label for o in options_of(bound.field) if str(o.value) == str(value)), "")
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(bound.field.widget.format_value(value) or "")


def save_section(
    pk: int, section: Section, data: QueryDict, *, actor: User
) -> tuple[SectionPage, Outcome]:
    """Store a whole posted section page; what was typed, and what came of it.

    Raises StaleState, with nothing saved, when the application may not be edited (any more).
    """
    with transaction.atomic():
        workflow.hold(pk, actor)
        application = Application.objects.select_related("version__round", section.slug).get(pk=pk)
        page = SectionPage.posted(application, section, data)
        return page, saving.store(application, page.entries(data), actor=actor)


def save_instance(pk: int, key: str, data: QueryDict, *, actor: User) -> tuple[DraftForm, Outcome]:
    """Store the posted page of one scenario instance; the form as typed, and what came of it."""
    with transaction.atomic():
        workflow.hold(pk, actor)
        application = Application.objects.select_related("version__round").get(pk=pk)
        row = INSTANCES.model(application=application, key=key)
        form = INSTANCES.form(data, instance=row, version=application.version)
        entry = entry_of(form, INSTANCES, posted_fingerprints(data), set(data.getlist(THEIRS)))
        return form, saving.store(application, [entry], actor=actor)


@dataclass(frozen=True)
class FieldChanges:
    """Some fields of one part as a page sends them while somebody types."""

    section: Section
    group: Group | None
    key: str
    texts: dict[str, str]
    seen: dict[str, str]
    is_new: bool

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read {"section", "group", "key", "new", "changes": {field: {"value", "seen"}}}.

        Raises ValueError for anything else.
        """
        try:
            message = json.loads(body)
            section = BY_SLUG[message["section"]]
            slug, key = message.get("group") or "", message.get("key") or ""
            group = next(g for g in section.groups if g.slug == slug) if slug else None
            changes = {str(n): (c["value"], c.get("seen")) for n, c in message["changes"].items()}
        except (KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            raise ValueError("not a set of changes") from error
        if not all(isinstance(text, str) for text, _ in changes.values()):
            raise ValueError("not texts")
        if bool(group) != bool(KEY.fullmatch(str(key))):
            raise ValueError("not a row")
        return cls(
            section,
            group,
            str(key),
            texts={name: text for name, (text, _) in changes.items()},
            seen={name: str(mark) for name, (_, mark) in changes.items() if mark},
            is_new=bool(message.get("new")),
        )

    def save(self, pk: int, *, actor: User) -> dict[str, Any]:
        """Store them; for each field what is stored now and what is wrong with it, as JSON."""
        outcome = saving.save_fields(
            pk,
            self.section,
            self.group,
            self.key,
            self.texts,
            self.seen,
            is_new=self.is_new,
            actor=actor,
        )
        [stored] = outcome.stored
        clashing = {clash.name: clash for clash in outcome.clashes}
        errors: dict[str, list[str]] = {}
        conflicts = {}
        if clashing or not stored.unparsed.keys().isdisjoint(self.texts):
            part, version = self.group or self.section, stored.application.version
            form = part.form(instance=stored, version=version, only=self.texts)
            errors = form.errors
            conflicts = {n: _conflict(form, stored, clash, actor) for n, clash in clashing.items()}
        return {
            "fields": {
                name: {
                    "seen": stored.fingerprint(name),
                    "error": errors[name][0] if name in errors else "",
                }
                for name in self.texts
                if name not in clashing
            },
            "conflicts": conflicts,
        }


def _conflict(form: DraftForm, stored: Answers, clash: Clash, actor: User) -> dict[str, Any]:
    return {
        "theirs": _control_value(form[clash.name]),
        "theirs_text": shown(form, clash.name),
        "by": clash.edit.get("name", ""),
        "mine": clash.edit.get("by") == actor.pk,
        "at": moment(at) if (at := _at(clash)) else "",
        "seen": stored.fingerprint(clash.name),
    }


def _control_value(bound: BoundField) -> str:
    """What a control of the page must hold to show the field's content."""
    widget, value = bound.field.widget, bound.value()
    if isinstance(widget, CheckboxInput):
        return "on" if value else ""
    formatted = widget.format_value(value)
    return str(formatted[0] if isinstance(formatted, list) else formatted or "")


def whole_number(text: str | None) -> int:
    """A posted number; 0, which is no version and no id, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
