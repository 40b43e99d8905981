"""SECTIONS: the one declaration of the four material sections (Annex 3).

Pages, the task list, checks, revisions and documents all walk it; adding a field means adding a
model field and giving it a place in its form's ``fieldsets``, and nothing here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models

from applications import forms
from applications.models import (
    Answers,
    Application,
    Attachment,
    Comment,
    FixedRow,
    Row,
    SectionAnswers,
)
from applications.models.sections import Money
from portal.accounts.models import Enterprise
from portal.catalogue.models import CatalogueModel, Condition, Modality
from portal.documents.model import Kind, text_of
from portal.rounds.models import Material, RoundVersion


def finance_years(version: RoundVersion) -> list[FixedRow]:
    """近三年: the three full years before the round's year."""
    end = version.round.year
    return [FixedRow(str(year), f"{year}年") for year in range(end - 3, end)]


def basic_requirements(version: RoundVersion) -> list[FixedRow]:
    """附件2 一、基础要求, clause by clause."""
    rules = {Condition.Rule.BASIC_REQUIREMENT, Condition.Rule.MATURITY}
    return [
        FixedRow(c.code, c.text, c.where, name=c.short_where)
        for c in version.conditions
        if c.rule in rules
    ]


def principles(version: RoundVersion) -> list[FixedRow]:
    """The clauses worded 原则上, each of which may be left unmet for a reason."""
    binding = Modality.IN_PRINCIPLE
    return [FixedRow(c.code, c.text, c.where) for c in version.conditions if c.modality == binding]


def indicators(version: RoundVersion) -> list[FixedRow]:
    """附件2 附1: the official indicators in their groups."""
    return [
        FixedRow(str(i.no), f"{i.no}. {i}", i.reference_formula, i.category, i.kind)
        for i in version.indicators
    ]


@dataclass(frozen=True)
class Group:
    """Rows that repeat inside a section."""

    slug: str
    form: type[forms.DraftForm]
    fixed: Callable[[RoundVersion], list[FixedRow]] | None = None
    minimum: int = 0
    own_page: bool = False
    blanks_say_nothing: bool = False
    """Whether a fixed row left blank is no answer at all, and is left out of a revision."""

    @property
    def model(self) -> type[Row]:
        return self.form._meta.model

    @property
    def title(self) -> str:
        return str(self.model._meta.verbose_name)

    def related(self, application: Application) -> models.QuerySet:
        relations = [f.name for f in self.model.answer_fields() if f.is_relation]
        return getattr(application, self.slug).select_related("edited_by", *relations)

    def rows(self, application: Application) -> list[Row]:
        """The stored rows; with fixed rows, all of them, the missing ones blank."""
        if self.fixed is None:
            return list(self.related(application))
        blanks = self.blank_rows(application)
        by_key = {row.key: row for row in self.related(application)} if blanks else {}
        rows = []
        for blank in blanks:
            row = by_key.get(blank.key, blank)
            row.fixed = blank.fixed
            rows.append(row)
        return rows

    def blank_rows(self, application: Application) -> list[Row]:
        """The fixed rows of its version with nothing filled in; none where people add rows."""
        rows = []
        for order, fixed in enumerate(self.fixed(application.version) if self.fixed else (), 1):
            row = self.model(application=application, key=fixed.key, order=order)
            row.fixed = fixed
            rows.append(row)
        return rows

    def numbered(self, row: Row, number: int) -> str:
        """The official title of a row, or its place among those that people added."""
        return row.fixed.title if row.fixed else f"{self.title} {number}"

    def row_title(self, row: Row, number: int) -> str:
        """What people call a row, e.g. 典型场景实例 2：视觉质检."""
        return _with_name(self.numbered(row, number), row.known_by[-1] if row.known_by else "")

    def row_name(self, row: Row, number: int) -> str:
        """What a sentence calls a row; short, for it says more of it."""
        return (row.fixed and row.fixed.name) or shortened(self.numbered(row, number))


def frozen_title(row: dict[str, Any]) -> str:
    """What people call a row of a snapshot, in the words of ``Group.row_title``."""
    name = next((each["text"] for each in row["fields"] if each["name"] == "name"), "")
    return _with_name(row["title"], name)


def _with_name(title: str, name: str) -> str:
    return f"{title}：{name}" if name else title


def shortened(text: str, length: int = 22) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


@dataclass(frozen=True)
class Section:
    """One of the four material sections of Annex 3: its form, and the rows that repeat in it."""

    slug: str
    numeral: str
    clause: str
    """Where the notice lists what the section asks for."""
    form: type[forms.DraftForm]
    groups: tuple[Group, ...] = ()
    registered: tuple[str, ...] = ()
    """Fields of the enterprise that the section repeats; known since registration."""

    @property
    def model(self) -> type[SectionAnswers]:
        return self.form._meta.model

    @property
    def title(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def page_groups(self) -> list[Group]:
        """The groups filled on the section's own page."""
        return [group for group in self.groups if not group.own_page]

    def answers(self, application: Application) -> SectionAnswers:
        return getattr(application, self.slug)

    def registered_fields(self, application: Application) -> list[dict[str, Any]]:
        """The repeated fields, in the form in which a snapshot keeps all answers."""
        values = {name: getattr(application.enterprise, name) for name in self.registered}
        return [
            {
                "name": f"enterprise_{name}",
                "label": str(Enterprise._meta.get_field(name).verbose_name),
                "value": value,
                "text": value,
            }
            for name, value in values.items()
        ]


INSTANCES = Group("instances", forms.ScenarioInstanceForm, minimum=1, own_page=True)

SECTIONS = (
    Section(
        "basic",
        "一",
        "附件3 1",
        forms.BasicInformationForm,
        (
            Group("finance_years", forms.FinanceYearForm, fixed=finance_years),
            Group("requirement_answers", forms.RequirementAnswerForm, fixed=basic_requirements),
        ),
        registered=("name", "credit_code"),
    ),
    Section(
        "factory",
        "二",
        "附件3 2",
        forms.FactoryOverviewForm,
        (Group("integrators", forms.IntegratorForm, minimum=1),),
    ),
    Section(
        "scenarios",
        "三",
        "附件3 3",
        forms.ScenarioConstructionForm,
        (
            INSTANCES,
            Group("explanations", forms.ExplanationForm, fixed=principles, blanks_say_nothing=True),
        ),
    ),
    Section(
        "results",
        "四",
        "附件3 4",
        forms.ResultsForm,
        (Group("indicator_values", forms.IndicatorValueForm, fixed=indicators),),
    ),
)

BY_SLUG = {section.slug: section for section in SECTIONS}
GROUPS = {group.slug: group for section in SECTIONS for group in section.groups}
SECTION_OF = {group: section for section in SECTIONS for group in section.groups}


@dataclass
class Filing:
    """Everything an application says at one moment: each section's answers and rows.

    Read as a whole, also the current ``attachments`` with the ``materials`` of the round, and all
    ``comments`` that the bureau's returns have sent.
    """

    application: Application
    answers: dict[str, SectionAnswers] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    materials: list[Material] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)

    @classmethod
    def of(cls, application: Application, *sections: Section) -> "Filing":
        """Read the given sections (everything when none is named); one query a group."""
        filing = cls(application)
        if not sections:
            filing.materials = application.version.materials_list
            if application.current_revision_id:  # only of a revision can anything be said
                filing.comments = list(application.comments.sent().for_reading())
        for section in sections or SECTIONS:
            filing.answers[section.slug] = section.answers(application)
            for group in section.groups:
                filing.rows[group.slug] = group.rows(application)
        if not sections:
            # Files of a row that was deleted stay with the draft and are not part of what it says.
            rows = {(slug, row.key) for slug, rows in filing.rows.items() for row in rows}
            current = application.attachments.current().select_related("material", "uploaded_by")
            filing.attachments = [a for a in current if not a.group or (a.group, a.key) in rows]
        return filing

    def last_edited(self, section: Section) -> Answers | None:
        """The section's answers, or the row of it, that was saved last."""
        rows = [row for group in section.groups for row in self.rows[group.slug]]
        saved = [each for each in (self.answers[section.slug], *rows) if each.edited_at]
        return max(saved, key=lambda each: each.edited_at, default=None)

    def blocks(self) -> Iterator[tuple[Section, Group | None, Answers, int]]:
        """Every set of answers with its section, its group and its number in the group."""
        for slug, answers in self.answers.items():
            section = BY_SLUG[slug]
            yield section, None, answers, 0
            for group in section.groups:
                for number, row in enumerate(self.rows[group.slug], 1):
                    yield section, group, row, number


def kind_of(db_field: models.Field) -> Kind:
    """How a document types an answer."""
    match db_field:
        case models.DateField():
            return Kind.DATE
        case Money():
            return Kind.MONEY
        case models.DecimalField():
            return Kind.DECIMAL
        case models.IntegerField() if not db_field.choices:
            return Kind.INTEGER
    return Kind.TEXT


def answer_text(answers: Answers, db_field: models.Field) -> str:
    """One answer in the words that every page and document shows."""
    value = answers.value_of(db_field.name)
    if isinstance(db_field, models.BooleanField):
        return {True: "是", False: "否", None: ""}[value]
    if db_field.choices:
        return str(getattr(answers, f"get_{db_field.name}_display")() or "")
    if isinstance(value, CatalogueModel):
        return str(value)
    if isinstance(value, Decimal) and db_field.decimal_places > 2:
        return f"{value.normalize() + 0:f}"  # 建设前 0.0045 is not 0.00
    return text_of(value, kind_of(db_field))


def _plain(value: Any) -> Any:
    """A value as JSON keeps it: numbers exactly, as text; catalogue rows by their code."""
    match value:
        case CatalogueModel():
            return getattr(value, "code", None) or value.name
        case Decimal() | date():
            return str(value)
    return value


def _fields(answers: Answers) -> list[dict[str, Any]]:
    return [
        {
            "name": f.name,
            "label": str(f.verbose_name),
            "value": _plain(answers.value_of(f.name)),
            "text": answer_text(answers, f),
        }
        for f in answers.answer_fields()
    ]


def _spoken(filing: Filing, section: Section) -> Iterator[tuple[Group, list[Row]]]:
    """The groups of a section with the rows that say something."""
    for group in section.groups:
        rows = filing.rows[group.slug]
        if group.blanks_say_nothing:
            rows = [r for r in rows if any(answer_text(r, f) for f in r.answer_fields())]
            if not rows:
                continue
        yield group, rows


def snapshot(filing: Filing) -> dict[str, Any]:
    """The content of a Revision: every answer with its label and text, needing no catalogue."""
    application = filing.application
    sections = []
    for section in SECTIONS:
        groups = [
            {
                "slug": group.slug,
                "title": group.title,
                "rows": [
                    {
                        "key": row.key,
                        "title": group.numbered(row, number),
                        "heading": row.fixed.heading if row.fixed else "",
                        "fields": _fields(row),
                    }
                    for number, row in enumerate(rows, 1)
                ],
            }
            for group, rows in _spoken(filing, section)
        ]
        sections.append(
            {
                "slug": section.slug,
                "numeral": section.numeral,
                "title": section.title,
                "fields": [
                    *section.registered_fields(application),
                    *_fields(filing.answers[section.slug]),
                ],
                "groups": groups,
            }
        )
    return {
        "round": {
            "slug": application.round.slug,
            "title": application.round.title,
            "noun": application.round.project_noun,
        },
        "enterprise": {
            "name": application.enterprise.name,
            "credit_code": application.enterprise.credit_code,
        },
        "bureau": {"code": application.bureau.code, "name": application.bureau.name},
        "sections": sections,
        "scenario_lines": [row.line for row in filing.rows[INSTANCES.slug]],
        "attachments": [
            {
                "id": attachment.pk,
                "material": attachment.material.name,
                "group": attachment.group,
                "key": attachment.key,
                "name": attachment.name,
                "size": attachment.size,
                "pages": attachment.pages,
                "is_image": attachment.is_image,
                "sha256": attachment.sha256,
            }
            for attachment in filing.attachments
        ],
    }
