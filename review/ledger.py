"""台账: the applications of a round, one a row, in any of the columns that there are.

What an enterprise says is read from its current revision; a draft has only what the portal itself
knows of it. Names of columns stay as they are: saved sets and other systems know them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from import_export import fields, resources

from applications.models import Application, Attachment, Revision
from applications.models.rows import FixedRow
from applications.sections import GROUPS, INSTANCES, SECTIONS, Group, Section, kind_of
from applications.states import Status
from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import Area
from portal.documents.model import Column as Heading
from portal.documents.model import Kind, Value
from portal.rounds.models import Round, RoundVersion
from portal.rounds.times import moment
from review.lists import Query
from review.models import ColumnSet, Seat

TITLE = "台账"
HEAD = "申报与办理"
FINANCE = GROUPS["finance_years"]
CHUNK = 20
"""How many applications are in memory at a time: all that one says may take a megabyte."""


@dataclass(frozen=True)
class Column:
    """One thing that the ledger can say of an application.

    ``label`` is its heading, ``group`` what it is chosen under; of a row that every application
    has, ``row`` and ``field`` are the two parts of the label.
    """

    name: str
    label: str
    kind: Kind
    group: str
    value: Callable[[Application], Value]
    row: str = ""
    field: str = ""


def _label(model: type[models.Model], field: str) -> str:
    return str(model._meta.get_field(field).verbose_name)


# What the portal knows


def _head() -> Iterator[Column]:
    def column(name: str, label: str, value: Callable, kind: Kind = Kind.TEXT) -> Column:
        return Column(name, label, kind, HEAD, value)

    def submitted(name: str, label: str, value: Callable, kind: Kind = Kind.TEXT) -> Column:
        """Of the current revision."""
        return column(name, label, lambda row: _of_revision(row, value), kind)

    def seated(name: str, label: str, value: Callable[[Seat], Value]) -> Column:
        """Of the place on a list, once that is announced."""
        return column(name, label, lambda row: _of_seat(row, value))

    yield column("id", "申报编号", lambda row: row.pk, Kind.INTEGER)
    yield column("enterprise", _label(Enterprise, "name"), lambda row: row.enterprise.name)
    code = _label(Enterprise, "credit_code")
    yield column("credit_code", code, lambda row: row.enterprise.credit_code)
    bureau = _label(Application, "bureau")
    yield column("bureau", bureau, lambda row: row.bureau.name)
    yield column("bureau_code", f"{bureau}代码", lambda row: row.bureau.code)
    status = _label(Application, "status")
    yield column("status", status, lambda row: row.status_label(Role.PROVINCE))
    version = _label(Application, "version")
    yield column("version", version, lambda row: row.version.number, Kind.INTEGER)
    for name in ("created_at", "touched_at"):
        yield column(name, _label(Application, name), lambda row, n=name: moment(getattr(row, n)))
    yield submitted("project_name", _label(Revision, "project_name"), lambda r: r.project_name)
    yield submitted("receipt", _label(Revision, "receipt"), lambda r: r.receipt)
    yield submitted("revision", _label(Revision, "number"), lambda r: r.number, Kind.INTEGER)
    submitted_at = _label(Revision, "submitted_at")
    yield submitted("submitted_at", submitted_at, lambda r: moment(r.submitted_at))
    yield submitted("confirmed_at", "法定代表人确认时间", lambda r: moment(r.confirmed_at))
    yield submitted("sha256", f"内容 {_label(Revision, 'sha256')}", lambda r: r.sha256)
    attachments = f"{Attachment._meta.verbose_name}数"
    yield submitted("attachments", attachments, lambda r: len(r.attachments), Kind.INTEGER)
    yield seated("place", f"推荐{_label(Seat, 'number')}", lambda seat: seat.place)
    for name in ("exempt_reason", "opinion"):
        yield seated(name, _label(Seat, name), lambda seat, n=name: getattr(seat, n))


def _of_revision(row: Application, value: Callable[[Revision], Value]) -> Value:
    return value(row.current_revision) if row.current_revision_id else None


def _of_seat(row: Application, value: Callable[[Seat], Value]) -> Value:
    # Until its list is sent, the order is the bureau's own affair.
    return value(row.seat) if row.status == Status.RECOMMENDED else None


# What the enterprise says


def _answer(place: tuple[str, str, str], kind: Kind) -> Callable[[Application], Value]:
    return lambda row: _of_revision(row, lambda revision: _typed(revision.answers.get(place), kind))


def _typed(answer: dict[str, Any] | None, kind: Kind) -> Value:
    """An answer as a value of its column; what was of another type once, as its text."""
    if answer is None or answer["value"] is None:
        return None
    try:
        match kind:
            case Kind.DECIMAL | Kind.MONEY:
                return Decimal(answer["value"])
            case Kind.DATE:
                return date.fromisoformat(answer["value"])
            case Kind.INTEGER:
                return int(answer["value"])
    except (ValueError, TypeError, InvalidOperation):
        pass
    return answer["text"]


def _kind(db_field: models.Field) -> Kind:
    # A document's decimals have two places: 建设前 0.0045 is only right as its text.
    exact = isinstance(db_field, models.DecimalField) and db_field.decimal_places > 2
    return Kind.TEXT if exact else kind_of(db_field)


def _of_section(section: Section) -> Iterator[Column]:
    for db_field in section.model.answer_fields():
        place, kind = (section.slug, "", db_field.name), _kind(db_field)
        yield Column(
            f"{section.slug}.{db_field.name}",
            str(db_field.verbose_name),
            kind,
            f"{section.numeral}、{section.title}",
            _answer(place, kind),
        )


def _fixed_rows(group: Group, versions: Iterable[RoundVersion]) -> dict[str, FixedRow]:
    """The rows that any version of the round asks for, under what tells them apart.

    Years go by their place, so that a set of columns means the latest three in the next round, too.
    What a later version words otherwise under the same key is a row of its own.
    """
    found: dict[str, FixedRow] = {}
    told: set[tuple[str, str]] = set()
    for version in versions:
        for number, fixed in enumerate(group.fixed(version), 1):
            key = str(number) if group is FINANCE else fixed.key
            if (key, fixed.title) not in told:
                told.add((key, fixed.title))
                found[f"{key}@{version.number}" if key in found else key] = fixed
    return found


def _of_fixed_rows(group: Group, versions: Iterable[RoundVersion]) -> Iterator[Column]:
    for key, fixed in _fixed_rows(group, versions).items():
        name = "" if "@" in key else fixed.name  # which the older row has, too
        for db_field in group.model.answer_fields():
            field, kind = str(db_field.verbose_name), _kind(db_field)
            yield Column(
                f"{group.slug}.{key}.{db_field.name}",
                f"{name or fixed.title} {field}",
                kind,
                group.title,
                _answer((group.slug, fixed.title, db_field.name), kind),
                fixed.title,
                field,
            )


def _of_added_rows(group: Group) -> Iterator[Column]:
    """All rows that people added in one cell, each as a line."""
    names = [db_field.name for db_field in group.model.answer_fields()]

    def lines(revision: Revision) -> tuple[str, ...]:
        rows: dict[str, list[str]] = {}
        for (slug, title, name), answer in revision.answers.items():
            if slug == group.slug and name in names and answer["value"] not in (None, "", False):
                is_tick = answer["value"] is True
                rows.setdefault(title, []).append(answer["label" if is_tick else "text"])
        return tuple("，".join(row) for row in rows.values())

    title = group.title
    yield Column(group.slug, title, Kind.NUMBERED, title, lambda row: _of_revision(row, lines))


def _of_instances() -> Iterator[Column]:
    title = INSTANCES.title

    def counted(area: Area) -> Callable[[Revision], int | None]:
        return lambda revision: next(
            (
                each["count"]
                for each in (revision.checks or {}).get("areas", ())
                if each["area"] == area
            ),
            None,
        )

    def column(name: str, label: str, kind: Kind, value: Callable[[Revision], Value]) -> Column:
        return Column(
            f"{INSTANCES.slug}.{name}", label, kind, title, lambda row: _of_revision(row, value)
        )

    yield column("lines", title, Kind.NUMBERED, lambda r: tuple(r.scenario_lines))
    yield column("count", f"{title}数", Kind.INTEGER, lambda r: len(r.scenario_lines))
    for area in Area:
        yield column(f"in.{area.name.lower()}", f"{area.label}实例数", Kind.INTEGER, counted(area))


# All of it


def _columns(versions: Iterable[RoundVersion]) -> dict[str, Column]:
    columns = list(_head())
    for section in SECTIONS:
        columns += _of_section(section)
        for group in section.groups:
            if group is INSTANCES:
                columns += _of_instances()
            elif group.fixed:
                columns += _of_fixed_rows(group, versions)
            else:
                columns += _of_added_rows(group)
    return {column.name: column for column in columns}


COLUMNS = _columns(())
"""What there is in every round, by name."""


def columns_of(round: Round) -> dict[str, Column]:
    """Those and the years, clauses and indicators that the versions of this round ask for."""
    versions = round.versions.filter(published_at__isnull=False).order_by("number")
    return _columns(list(versions))


DEFAULT = (
    *("enterprise", "credit_code", "bureau", "status", "project_name", "receipt", "place"),
    *("instances.lines", "basic.contact_name", "basic.contact_mobile"),
)


def chosen(names: Iterable[str], columns: dict[str, Column]) -> list[Column]:
    """The columns of these names, in this order, each once, as far as the round has them."""
    return [columns[name] for name in dict.fromkeys(names) if name in columns]


def applications(query: Query, user: User) -> models.QuerySet[Application]:
    """The rows of the list of that query by unit, with all that a column may say."""
    rows = query.rows(user).select_related("seat").defer(None)
    return rows.order_by("bureau__order", "pk")


WIDTHS = {Kind.TEXT: 24, Kind.NUMBERED: 60, Kind.INTEGER: 10}


def headings(columns: Iterable[Column]) -> list[Heading]:
    """The columns as a sheet has them."""
    return [Heading(c.label, c.kind, WIDTHS.get(c.kind, 16)) for c in columns]


class _Field(fields.Field):
    def __init__(self, column: Column) -> None:
        super().__init__(column_name=column.label, readonly=True)
        self.column = column

    def export(self, instance: Application, **kwargs: Any) -> Value:
        return self.column.value(instance)


class LedgerResource(resources.Resource):
    """Reads applications in chunks and gives their values, typed.

    ``rows`` takes the place of ``export``, which would hold the whole table in memory.
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        super().__init__()
        self.fields = {column.name: _Field(column) for column in columns}

    def iter_queryset(
        self, queryset: models.QuerySet[Application] | Iterable[Application]
    ) -> Iterator[Application]:
        if not isinstance(queryset, models.QuerySet):
            yield from queryset
            return
        # By ids: to sort them, a database would put all that everybody says side by side.
        pks = list(queryset.values_list("pk", flat=True))
        for start in range(0, len(pks), CHUNK):
            yield from queryset.filter(pk__in=pks[start : start + CHUNK])

    def rows(self, applications: Iterable[Application]) -> Iterator[list[Value]]:
        columns = self.get_export_fields()
        for application in self.iter_queryset(applications):
            yield [column.export(application) for column in columns]
            # It and its revision know each other: Python would let them go late, and many at once.
            application._state.fields_cache.clear()


# Sets of columns


def remember(user: User, names: list[str]) -> None:
    """What somebody chose last is a set of theirs without a name."""
    ColumnSet.objects.update_or_create(owner=user, name="", defaults={"columns": names})


def keep(user: User, name: str, names: list[str], *, is_shared: bool) -> tuple[ColumnSet, bool]:
    """Keep columns under a name, in place of one's own set of that name; and whether it is new."""
    kept = {"columns": names, "is_shared": is_shared}
    return ColumnSet.objects.update_or_create(owner=user, name=name, defaults=kept)
