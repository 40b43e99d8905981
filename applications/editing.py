"""A section's page: the form of the section and the forms of its rows, and what was posted."""

import re
from dataclasses import dataclass, field
from typing import Any, Self

from django.http import QueryDict

from applications import checks
from applications.forms import DraftForm
from applications.models import Application, Row
from applications.models.rows import random_key
from applications.sections import Filing, Group, Section

KEY = re.compile(r"[0-9A-Za-z-]{1,32}")


@dataclass
class RowForm:
    """One row's form; ``is_new`` until it is stored."""

    row: Row
    form: DraftForm
    is_new: bool = False

    @property
    def delete_name(self) -> str:
        return f"{self.form.prefix}-delete"


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
    removed: dict[Group, list[str]] = field(default_factory=dict)
    version: int = 0

    # Reading

    @classmethod
    def stored(cls, application: Application, section: Section) -> Self:
        """The page as saved, each field with what the checks say about it."""
        filing = Filing.of(application, section)
        answers = filing.answers[section.slug]
        page = cls(
            application,
            section,
            section.form(instance=answers, round=application.round),
            version=answers.version,
        )
        for group in section.page_groups:
            rows = filing.rows[group.slug]
            page.row_forms[group] = [page._row_form(group, row) for row in rows]
            if group.fixed is None:
                page.add_row(group)
        page._show(checks.findings(filing))
        return page

    def add_row(self, group: Group) -> None:
        """Offer one blank row to fill in."""
        row = group.model(application=self.application, key=random_key())
        self.row_forms[group].append(self._row_form(group, row, is_new=True))

    def _row_form(
        self, group: Group, row: Row, data: QueryDict | None = None, is_new: bool = False
    ) -> RowForm:
        form = group.form(
            data, instance=row, prefix=f"{group.slug}-{row.key}", round=self.application.round
        )
        return RowForm(row, form, is_new)

    def _show(self, findings: list[checks.Finding]) -> None:
        """Put each finding beside its field; blanks not filled yet are left in peace."""
        forms = {("", ""): self.form}
        for group, rows in self.row_forms.items():
            forms |= {(group.slug, row.row.key): row.form for row in rows}
        for finding in findings:
            form = forms.get((finding.group, finding.key))
            kept_as_typed = form is not None and finding.field in form.errors
            if form and finding.field and not finding.is_gap and not kept_as_typed:
                form.complain(finding.field, finding.message)

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
            page.row_forms[group], page.removed[group] = [], []
            for row in page._posted_rows(group, data):
                form = page._row_form(group, row, data)
                if data.get(form.delete_name):
                    page.removed[group].append(row.key)
                else:
                    page.row_forms[group].append(form)
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
            changed, removed = [], [*self.removed[group]]
            for row_form in row_forms:
                values = row_form.form.answers()
                if group.fixed is None and not any(values.values()):
                    removed.append(row_form.row.key)
                    continue
                for name, value in values.items():
                    setattr(row_form.row, name, value)
                changed.append(row_form.row)
            stored.append((group, changed, removed))
        return stored

    @property
    def mistakes(self) -> int:
        """How many fields hold something that does not parse."""
        forms = [self.form, *(r.form for rows in self.row_forms.values() for r in rows)]
        return sum(len(form.errors) for form in forms)

    def differences(self, application: Application) -> list[Difference]:
        """Where the stored section differs from this page as typed."""
        stored = SectionPage.stored(application, self.section)
        found = differences(self.form, stored.form)
        theirs = {r.form.prefix: r for rows in stored.row_forms.values() for r in rows}
        for group, row_forms in self.row_forms.items():
            for number, ours in enumerate(row_forms, 1):
                title = group.row_title(ours.row, number)
                other = theirs.get(ours.form.prefix)
                found += differences(ours.form, other.form if other else None, f"{title}：")
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
