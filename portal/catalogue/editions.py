"""目录版本: whole editions of the catalogue, taken in from one sheet or copied from another year.

An edition is new as long as no published round uses it; from then on a correction is another one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tablib
from django.db import models, transaction
from import_export.fields import Field
from import_export.widgets import Widget

from portal.audit import trail
from portal.catalogue.models import (
    Area,
    ClosedEdition,
    Condition,
    Indicator,
    Scenario,
    Segment,
    forget_cached_rows,
)
from portal.catalogue.resources import Choice, SheetResource, SheetResult, cell_text, column
from portal.catalogue.spreadsheet import SheetRefused
from portal.errors import NotAllowed

Part = ClosedEdition.Part

FIRST_YEAR, LAST_YEAR = 2015, 2099
"""Whatever is outside is a slip of the pen."""

WRONG_YEAR = f"年份请填 {FIRST_YEAR} 到 {LAST_YEAR} 之间的四位数。"

MOST_ROWS = 1_000
"""An edition has a hundred or so; its rows travel through a page (see the views)."""


class Areas(Widget):
    """大环节, several in one cell: 工厂建设、研发设计."""

    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> list[str]:
        names = [name for name in cell_text(value).replace("，", "、").split("、") if name]
        if unknown := [name for name in names if name not in Area.values]:
            raise ValueError(f"没有“{unknown[0]}”这个大环节，请填：{'、'.join(Area.values)}。")
        return names

    def render(self, value: list[str] | None, obj: Any = None, **kwargs: Any) -> str:
        return "、".join(value or ())


class EditionSheet(SheetResource):
    """One edition as a sheet, without its year: that is chosen where the sheet is taken in."""

    def __init__(self, edition: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edition = edition

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        super().before_import(dataset, **kwargs)
        part = self._meta.model.PART
        if not FIRST_YEAR <= self.edition <= LAST_YEAR:
            dataset.wipe()
            raise SheetRefused(WRONG_YEAR)
        if len(dataset) > MOST_ROWS:
            dataset.wipe()
            raise SheetRefused(f"一个版本最多 {MOST_ROWS} 行。")
        if self.edition in years(part):
            dataset.wipe()
            raise SheetRefused(
                f"{part.label} {self.edition} 年版已经有了。请换一个年份；"
                "尚未启用的版本也可以先删除，再重新导入。"
            )

    def get_instance(self, instance_loader: Any, row: dict) -> None:
        """Every row is new."""

    def after_init_instance(
        self, instance: models.Model, new: bool, row: dict, **kwargs: Any
    ) -> None:
        super().after_init_instance(instance, new, row, **kwargs)
        instance.edition = self.edition

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(edition=self.edition)


class ConditionSheet(EditionSheet):
    level = column(
        Condition, "level", Choice([("", "各级"), *Condition._meta.get_field("level").choices])
    )
    areas = column(Condition, "areas", Areas())

    class Meta:
        model = Condition
        fields = ("code", "level", "where", "text", "modality", "rule", "minimum", "areas", "order")
        import_id_fields = ("code",)


class IndicatorSheet(EditionSheet):
    class Meta:
        model = Indicator
        fields = ("no", "category", "name", "unit", "kind", "reference_formula")
        import_id_fields = ("no",)


class NewSegment(Widget):
    """环节: made from the sheet before its rows are read, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, Segment] = {}

    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> Segment | None:
        return self.made.get(cell_text(value))

    def render(self, value: Segment | None, obj: Any = None, **kwargs: Any) -> str:
        return value.name if value else ""


class AreaOfSegment(Choice):
    """大环节: said once of each segment, or each time the same."""

    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> str:
        return super().clean(value) if cell_text(value) else ""


class ScenarioSheet(EditionSheet):
    segment = column(Scenario, "segment", NewSegment())
    area = Field(
        "segment__area",
        str(Segment._meta.get_field("area").verbose_name),
        AreaOfSegment(Area.choices),
    )

    class Meta:
        model = Scenario
        fields = ("segment", "area", "name", "number", "certainty", "source")
        import_id_fields = ("segment", "name")

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        super().before_import(dataset, **kwargs)
        names = [cell_text(name) for name in dataset[self.fields["segment"].column_name]]
        areas = [cell_text(area) for area in dataset[self.fields["area"].column_name]]
        said: dict[str, str] = {}
        for name, area in zip(names, areas, strict=True):
            if name:
                said[name] = said.get(name) or area
        made = self.fields["segment"].widget.made = {}
        for order, (name, area) in enumerate(said.items(), 1):
            segment = Segment(edition=self.edition, name=name, order=order)
            segment.area = area if area in Area.values else ""
            segment.full_clean()
            segment.save()
            made[name] = segment

    def import_field(
        self, field: Field, instance: models.Model, row: dict, *args: Any, **kwargs: Any
    ) -> None:
        if field.column_name != self.fields["area"].column_name:
            super().import_field(field, instance, row, *args, **kwargs)
            return
        said = field.clean(row)
        segment = self.fields["segment"].clean(row)
        if said and segment and said != segment.area:
            raise ValueError(f"前面的行说“{segment}”属于“{segment.area}”，这里不一致。")

    def after_init_instance(
        self, instance: models.Model, new: bool, row: dict, **kwargs: Any
    ) -> None:
        # The year is the segment's.
        SheetResource.after_init_instance(self, instance, new, row, **kwargs)

    def get_queryset(self) -> models.QuerySet:
        scenarios = SheetResource.get_queryset(self).select_related("segment")
        return scenarios.filter(segment__edition=self.edition)


SHEETS: dict[str, type[EditionSheet]] = {
    Part.SCENARIOS: ScenarioSheet,
    Part.INDICATORS: IndicatorSheet,
    Part.CONDITIONS: ConditionSheet,
}
"""How each part of the catalogue comes and goes as a sheet."""

ROWS = {Part.SCENARIOS: Segment, Part.INDICATORS: Indicator, Part.CONDITIONS: Condition}
"""The rows that make an edition of each part; scenarios hang on their segments."""


@dataclass(frozen=True)
class Edition:
    """One year's edition of one part, and how much is in it."""

    part: ClosedEdition.Part
    year: int
    count: int
    scenarios: int
    is_closed: bool

    def __str__(self) -> str:
        return f"{self.year} 年版（{self.contents}）"

    @property
    def contents(self) -> str:
        match self.part:
            case Part.SCENARIOS:
                return f"{self.count} 个环节、{self.scenarios} 个场景"
            case Part.INDICATORS:
                return f"{self.count} 项指标"
            case _:
                return f"{self.count} 条条件"


def years(part: ClosedEdition.Part) -> set[int]:
    """The editions of a part that have been taken in."""
    return set(ROWS[part].objects.order_by().values_list("edition", flat=True).distinct())


def at_hand() -> dict[ClosedEdition.Part, list[Edition]]:
    """Every edition of every part, the newest first; four statements."""
    closed = set(ClosedEdition.objects.values_list("part", "edition"))
    found = {}
    for part, model in ROWS.items():
        rows = model.objects.order_by("-edition").values("edition")
        numbers = {"count": models.Count("pk", distinct=True)}
        if part == Part.SCENARIOS:
            numbers["scenarios"] = models.Count("scenarios")
        found[part] = [
            Edition(
                part,
                row["edition"],
                row["count"],
                row.get("scenarios", 0),
                (part, row["edition"]) in closed,
            )
            for row in rows.annotate(**numbers)
        ]
    return found


def sheet(part: ClosedEdition.Part, year: int | None) -> tablib.Dataset:
    """The rows of an edition as people fill them in; without a year, the empty template."""
    resource = SHEETS[part](year)
    return resource.export(resource.get_queryset() if year else resource._meta.model.objects.none())


def check(part: ClosedEdition.Part, year: int, dataset: tablib.Dataset) -> SheetResult:
    """What taking the sheet in would do; nothing is stored."""
    result = SHEETS[part](year).import_data(dataset, dry_run=True)
    forget_cached_rows()
    return result


@transaction.atomic
def take_in(
    part: ClosedEdition.Part, year: int, dataset: tablib.Dataset, *, actor: Any
) -> SheetResult:
    """Store a sheet as a new edition, all rows or none."""
    actor.require_province("导入目录版本")
    result = SHEETS[part](year).import_data(dataset)
    forget_cached_rows()
    if not (result.has_errors() or result.has_validation_errors()):
        detail = f"{result.totals['new']} 行"
        _record("edition_import", "导入目录版本", part, year, actor=actor, detail=detail)
    return result


@transaction.atomic
def copy(part: ClosedEdition.Part, source: int, year: int, *, actor: Any) -> None:
    """Begin a new edition with the rows of another."""
    actor.require_province("复制目录版本")
    _require_year(year)
    _require_known(part, source)
    if year in years(part):
        raise NotAllowed(f"{part.label} {year} 年版已经有了，请换一个年份。")
    for row in ROWS[part].objects.filter(edition=source):
        scenarios = list(row.scenarios.all()) if part == Part.SCENARIOS else []
        _add(row, edition=year)
        for scenario in scenarios:
            _add(scenario, segment=row)
    _record("edition_copy", "复制目录版本", part, year, actor=actor, detail=f"自 {source} 年版")


def _add(row: models.Model, **changes: Any) -> None:
    row.pk = None
    row._state.adding = True
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()


@transaction.atomic
def delete(part: ClosedEdition.Part, year: int, *, actor: Any) -> None:
    """Remove an edition that no published round uses."""
    actor.require_province("删除目录版本")
    _require_known(part, year)
    # As if closed while it goes: whoever publishes waits, and then finds nothing to build on.
    going, is_open = ClosedEdition.objects.get_or_create(part=part, edition=year)
    if not is_open:
        raise NotAllowed(ClosedEdition.refusal(part, year))
    if part == Part.SCENARIOS:
        Scenario.objects.filter(segment__edition=year).delete()
    try:
        ROWS[part].objects.filter(edition=year).delete()
    except models.ProtectedError as error:
        raise NotAllowed(f"{part.label} {year} 年版还在试运行中使用，请先结束试运行。") from error
    going.delete()
    _record("edition_delete", "删除目录版本", part, year, actor=actor)


def _record(
    verb: str, act: str, part: ClosedEdition.Part, year: int, *, actor: Any, detail: str = ""
) -> None:
    trail.record(verb, act, actor=actor, named=f"{part.label} {year} 年版", detail=detail)


def _require_known(part: ClosedEdition.Part, year: int) -> None:
    if year not in years(part):
        raise NotAllowed(f"没有{part.label} {year} 年版。")


def _require_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotAllowed(WRONG_YEAR)


def lines(result: SheetResult) -> Iterator[tuple[int | None, str]]:
    """What keeps a sheet from being taken in: the row, where it is one's, and a sentence."""
    for error in result.base_errors:
        yield None, str(error.error)
    for number, errors in result.row_errors():
        for error in errors:
            yield number, str(error.error)
