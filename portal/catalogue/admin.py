"""Back office of the catalogue: what a new notice or a new edition changes, without code."""

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from import_export.widgets import Widget

from portal.adminsite import ProvinceModelAdmin
from portal.catalogue.models import (
    Area,
    Bureau,
    ClosedEdition,
    Condition,
    Division,
    Indicator,
    Industry,
    Scenario,
    Segment,
)
from portal.catalogue.resources import (
    EditionRows,
    SheetAdmin,
    SheetResource,
    cell_text,
    column,
)


class BureauResource(SheetResource):
    class Meta:
        model = Bureau
        fields = ("code", "name", "short_name", "kind", "order")
        import_id_fields = ("code",)


@admin.register(Bureau)
class BureauAdmin(SheetAdmin):
    resource_classes = [BureauResource]
    list_display = ("name", "short_name", "code", "kind", "order")
    list_filter = ("kind",)
    search_fields = ("name", "short_name", "code")


class RowOfEdition(forms.ModelForm):
    """A row that is added to, or stays in, an edition which no published round uses."""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        segment = data.get("segment")
        edition = segment.edition if segment else data.get("edition")
        if refusal := ClosedEdition.refusal(self._meta.model.PART, edition):
            raise ValidationError(refusal)
        return data


class EditionAdmin(ProvinceModelAdmin):
    """Rows of an edition: read only from the moment a published round uses it."""

    form = RowOfEdition

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and not self._closed(obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not self._closed(obj)

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if closed := self._closed(kwargs.get("obj")):
            messages.info(request, closed)
        return super().render_change_form(request, context, *args, **kwargs)

    @staticmethod
    def _closed(row: models.Model | None) -> str:
        return ClosedEdition.refusal(row.PART, row.edition) if row else ""


class SegmentLookup(Widget):
    """环节: known by its name within the edition that the same row states."""

    edition_column = str(Segment._meta.get_field("edition").verbose_name)

    @cached_property
    def known(self) -> dict[tuple[str, str], Segment]:
        return {(str(s.edition), s.name): s for s in Segment.objects.all()}

    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> Segment | None:
        name, edition = cell_text(value), cell_text(row[self.edition_column])
        if name and (edition, name) not in self.known:
            raise ValueError(f"{edition} 年版没有“{name}”环节，请核对，或先在后台“环节”中添加。")
        return self.known.get((edition, name))

    def render(self, value: Segment | None, obj: Any = None, **kwargs: Any) -> str:
        return value.name if value else ""


class ScenarioResource(EditionRows):
    segment = column(Scenario, "segment", SegmentLookup())

    class Meta:
        model = Scenario
        fields = ("segment__edition", "segment", "name", "number", "certainty", "source")
        import_id_fields = ("segment", "name")


@admin.register(Scenario)
class ScenarioAdmin(EditionAdmin, SheetAdmin):
    deletable = True
    resource_classes = [ScenarioResource]
    list_display = ("name", "segment", "edition", "number", "certainty", "source")
    list_filter = ("segment__edition", "certainty", "segment__area")
    list_select_related = ("segment",)
    search_fields = ("name", "segment__name")

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        # Editions share names, so a name alone would not tell which segment is meant.
        field.label_from_instance = lambda segment: f"{segment.edition} 年版 · {segment.name}"
        return field

    @admin.display(
        description=Segment._meta.get_field("edition").verbose_name, ordering="segment__edition"
    )
    def edition(self, scenario: Scenario) -> int:
        return scenario.segment.edition


class IndicatorResource(EditionRows):
    kept = ("kind",)

    class Meta:
        model = Indicator
        fields = ("edition", "no", "category", "name", "unit", "kind", "reference_formula")
        import_id_fields = ("edition", "no")


@admin.register(Indicator)
class IndicatorAdmin(EditionAdmin, SheetAdmin):
    resource_classes = [IndicatorResource]
    fields = IndicatorResource.Meta.fields
    list_display = ("name", "unit", "kind", "category", "no", "edition")
    list_filter = ("edition", "category", "kind")
    search_fields = ("name",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Indicator | None = None
    ) -> tuple[str, ...]:
        """Answers know their indicator by its number: an existing one keeps it."""
        return ("edition", "no", "kind") if obj else ()


@admin.register(Segment)
class SegmentAdmin(EditionAdmin):
    deletable = True
    list_display = ("name", "area", "order", "edition")
    list_filter = ("edition", "area")
    search_fields = ("name",)


@admin.register(Condition)
class ConditionAdmin(EditionAdmin):
    fields = (
        *("edition", "code", "level", "where", "text"),
        *("modality", "rule", "minimum", "areas", "order"),
    )
    list_display = ("code", "level", "where", "modality", "rule", "minimum", "edition")
    list_filter = ("edition", "level", "rule", "modality")
    search_fields = ("code", "where", "text")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Condition | None = None
    ) -> tuple[str, ...]:
        """Answers know their clause by its code: an existing one keeps it."""
        return ("edition", "code") if obj else ()

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name == "areas":
            return forms.MultipleChoiceField(
                label=db_field.verbose_name,
                choices=Area,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text="只用于“覆盖大环节”。",
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Division)
class DivisionAdmin(ProvinceModelAdmin):
    list_display = ("name", "city", "code")
    list_filter = ("city",)
    search_fields = ("name", "city", "code")


@admin.register(Industry)
class IndustryAdmin(ProvinceModelAdmin):
    list_display = ("code", "name", "section")
    list_filter = ("section",)
    search_fields = ("code", "name")
