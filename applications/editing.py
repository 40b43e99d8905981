"""A section's page: the form of the section and the forms of its rows, and what was posted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from django.http import QueryDict

from applications import checks
from applications.forms import DraftForm
from applications.models import Application, Row
from applications.models.rows import random_key
from applications.sections import Filing, Group, Section
from portal.accounts.models import User

KEY = re.compile(r"[0-9A-Za-z-]{1,32}")

KNOWN = {"contact_name": "name", "contact_mobile": "mobile"}
"""Answers that an account knows, with what it calls them."""


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

    @property
    def delete_name(self) -> str:
        return f"{self.form.prefix}-delete"

    @property
    def is_blank(self) -> bool:
        """Whether nothing was posted into the row."""
        return not any(self.form.answers().values())


@dataclass
class Difference:
    """One field that somebody else changed meanwhile: their text and ours."""

    label: str
    theirs: str
    ours: str


@dataclass
class SectionPage:
    application: Application
    section: Section
    form: DraftForm
    row_forms: dict[Group, list[RowForm]] = field(default_factory=dict)
    version: int = 0

    # Reading

    @classmethod
    def stored(cls, application: Application, section: Section, reader: User | None = None) -> Self:
        """The page as saved, each field with what the checks say about it.

        On a section that nobody has saved yet, what the account of its ``reader`` knows is offered.
        """
        filing = Filing.of(application, section)
        answers = filing.answers[section.slug]
        page = cls(
            application,
            section,
            section.form(instance=answers, round=application.round),
            version=answers.version,
        )
        if reader and not answers.version and application.is_editable:
            known = {n: getattr(reader, of) for n, of in KNOWN.items() if n in page.form.fields}
            page.form.initial.update(known)
        for group in section.page_groups:
            rows = filing.rows[group.slug]
            page.row_forms[group] = [
                page._row_form(group, row, number) for number, row in enumerate(rows, 1)
            ]
            if group.fixed is None:
                page.add_row(group)
        page._show(checks.findings(filing))
        return page

    def add_row(self, group: Group) -> None:
        """Offer one blank row to fill in."""
        row = group.model(application=self.application, key=random_key())
        number = len(self.row_forms[group]) + 1
        self.row_forms[group].append(self._row_form(group, row, number, is_new=True))

    def offer_rows(self) -> None:
        """Offer a blank row in each group of a posted page that ends with none."""
        for group, row_forms in self.row_forms.items():
            if group.fixed is None:
                if row_forms and row_forms[-1].is_blank:
                    row_forms[-1].is_new = True
                else:
                    self.add_row(group)

    def _row_form(
        self,
        group: Group,
        row: Row,
        number: int,
        data: QueryDict | None = None,
        is_new: bool = False,
    ) -> RowForm:
        form = group.form(
            data, instance=row, prefix=f"{group.slug}-{row.key}", round=self.application.round
        )
        return RowForm(row, form, checks.row_name(group, row, number), is_new)

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
                form.complain(finding.field, message, finding.brief)

    # Writing

    @classmethod
    def posted(cls, application: Application, section: Section, data: QueryDict) -> Self:
        """The page as typed; needs nothing from the database."""
        answers = section.model(application=application)
        page = cls(
            application,
            section,
            section.form(data, instance=answers, round=application.round),
            version=whole_number(data.get("version")),
        )
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
        return [
            group.model(application=self.application, key=key, order=order)
            for order, key in enumerate(keys, 1)
        ]

    def values(self) -> dict[str, Any]:
        return self.form.answers()

    def rows(self) -> list[tuple[Group, list[Row], list[str]]]:
        """For each group the rows to store and the keys to remove.

        Rows that people add and leave or make entirely blank are removed.
        """
        stored = []
        for group, row_forms in self.row_forms.items():
            changed, removed = [], []
            for row_form in row_forms:
                if row_form.is_removed or (group.fixed is None and row_form.is_blank):
                    removed.append(row_form.row.key)
                    continue
                for name, value in row_form.form.answers().items():
                    setattr(row_form.row, name, value)
                changed.append(row_form.row)
            stored.append((group, changed, removed))
        return stored

    @property
    def mistakes(self) -> int:
        """How many fields there is something to say about."""
        return sum(len(form.errors) for form in self._forms())

    def _forms(self) -> Iterator[DraftForm]:
        yield self.form
        for rows in self.row_forms.values():
            yield from (row.form for row in rows if not row.is_removed)

    def freeze(self) -> None:
        """Let what was typed be read and copied, but not changed."""
        for form in self._forms():
            form.freeze()

    def differences(self, application: Application) -> list[Difference]:
        """Where the stored section differs from this page as typed."""
        stored = SectionPage.stored(application, self.section)
        found = differences(self.form, stored.form)
        theirs = {r.form.prefix: r for rows in stored.row_forms.values() for r in rows}
        for row_forms in self.row_forms.values():
            for ours in row_forms:
                if ours.is_removed:
                    continue
                other = theirs.get(ours.form.prefix)
                found += differences(ours.form, other.form if other else None, f"{ours.name}：")
        return found


def differences(ours: DraftForm, theirs: DraftForm | None, title: str = "") -> list[Difference]:
    """The fields in which a posted form differs from the stored one (blank when there is none)."""
    theirs = theirs or type(ours)(instance=type(ours.instance)(), round=ours.round)
    found = []
    for name in ours.fields:
        mine, other = _shown(ours, name), _shown(theirs, name)
        if mine != other:
            found.append(Difference(f"{title}{ours.fields[name].label}", other, mine))
    return found


def _shown(form: DraftForm, name: str) -> str:
    """A field's present content in words."""
    bound = form[name]
    value = bound.value()
    choices = getattr(form.fields[name], "choices", None)
    if choices is not None:
        for key, label in choices:
            members = label if isinstance(label, list | tuple) else [(key, label)]
            for member, text in members:
                if str(member) == str(value):
                    return str(text) if member != "" else ""
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(bound.field.widget.format_value(value) or "")


def whole_number(text: str | None) -> int:
    """A posted number; 0, which is no version and no id, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
