"""Import and export of rows through Excel: whole sheets or nothing, every error by row and column.

Headers are the models' verbose_name, so no label is typed twice. A sheet is imported in one step,
without the library's preview: that keeps the upload, which may hold initial passwords, on disk.
"""

import logging
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import tablib
from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from import_export.admin import ImportExportModelAdmin
from import_export.fields import Field
from import_export.forms import ImportForm
from import_export.resources import ModelResource
from import_export.results import Error, Result, RowResult
from import_export.widgets import Widget

from portal.adminsite import ProvinceModelAdmin
from portal.audit import trail
from portal.catalogue.models import ClosedEdition
from portal.catalogue.spreadsheet import SheetRefused, Spreadsheet, WorkbookField, is_blank
from portal.documents.model import clean_text

logger = logging.getLogger(__name__)

EXACT_NUMBERS = 10**15


def cell_text(value: Any) -> str:
    """A cell as the text a person sees in it, on one line."""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_NUMBERS:
        value = int(value)
    if isinstance(value, int | float) and _is_rounded(value):
        raise ValueError(
            "单元格是数字格式，Excel 只保留前 15 位。请先把这一列设为“文本”格式，再重新填写。"
        )
    return "" if value is None else clean_text(str(value)).replace("\n", " ").strip()


def _is_rounded(number: float) -> bool:
    """Whether a spreadsheet program has lost the digits after the fifteenth."""
    if abs(number) < EXACT_NUMBERS:
        return False
    return isinstance(number, float) or not str(number)[15:].strip("0")


class Text(Widget):
    """Text, also where Excel made a number of it."""

    def __init__(self, tidy: Callable[[str], str] = str) -> None:
        super().__init__()
        self.tidy = tidy

    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> str:
        return self.tidy(cell_text(value))


class WholeNumber(Widget):
    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> int | None:
        text = cell_text(value)
        try:
            return int(text) if text else None
        except ValueError:
            raise ValueError(f"“{text}”不是整数。") from None

    def render(self, value: int | None, obj: Any = None, **kwargs: Any) -> int | None:
        return value


class Choice(Widget):
    """One of a few values, by its label."""

    def __init__(self, choices: Iterable[tuple[Any, str]]) -> None:
        super().__init__()
        self.labels = {value: str(label) for value, label in choices}

    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> Any:
        text = cell_text(value)
        for known, label in self.labels.items():
            if text == label:
                return known
        raise ValueError(f"“{text}”不是可填的内容，请填：{'、'.join(self.labels.values())}。")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return self.labels.get(value, "")


class Lookup(Widget):
    """A row of another model, by any of its unique names; exported by the first of them."""

    def __init__(self, model: type[models.Model], *names: str) -> None:
        super().__init__()
        self.model = model
        self.names = names

    @cached_property
    def known(self) -> dict[str, models.Model]:
        # The library copies a resource's widgets for each run, so this never grows stale.
        return {getattr(row, name): row for row in self.model.objects.all() for name in self.names}

    def clean(self, value: Any, row: dict | None = None, **kwargs: Any) -> models.Model | None:
        text = cell_text(value)
        if text and text not in self.known:
            raise ValueError(f"没有名为“{text}”的{self.model._meta.verbose_name}。")
        return self.known.get(text)

    def render(self, value: models.Model | None, obj: Any = None, **kwargs: Any) -> str:
        return getattr(value, self.names[0], "")


def column(model: type[models.Model], name: str, widget: Widget | None = None) -> Field:
    """The column of a model field, under the field's own label."""
    field = model._meta.get_field(name)
    return Field(name, str(field.verbose_name), widget or _widget_for(field))


def _widget_for(field: models.Field) -> Widget:
    if isinstance(field, models.BooleanField):
        return Choice([(True, "是"), (False, "否")])
    if isinstance(field, models.IntegerField):
        return WholeNumber()
    return Choice(field.choices) if field.choices else Text()


class RowError(Error):
    """A sentence for the person who uploaded the sheet; the page must not show a traceback."""

    traceback = ""


class SheetResult(Result):
    def row_errors(self) -> list[tuple[int, list[Error]]]:
        """The errors by row of the sheet, whose first row is the header."""
        return [(row.number + 1, row.errors) for row in self.error_rows]


class SheetResource(ModelResource):
    """Rows of a model as a sheet. An export can be imported again and changes nothing."""

    kept: tuple[str, ...] = ()
    """What a known row keeps, beside the columns it is known by: what is filed depends on it."""

    class Meta:
        use_transactions = True
        clean_model_instances = True
        skip_unchanged = True
        skip_html_diff = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._seen: dict[tuple, int] = {}

    @classmethod
    def field_from_django_field(
        cls, field_name: str, django_field: models.Field, readonly: bool
    ) -> Field:
        field = column(django_field.model, django_field.name)
        field.attribute, field.readonly = field_name, readonly
        return field

    @classmethod
    def get_result_class(cls) -> type[Result]:
        return SheetResult

    @classmethod
    def get_error_result_class(cls) -> type[Error]:
        return RowError

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        wanted = [field.column_name for field in self.get_import_fields()]
        missing = [name for name in wanted if name not in dataset.headers]
        if missing:
            dataset.wipe()  # or each row would complain once more
            raise SheetRefused(
                f"表头缺少：{'、'.join(missing)}。应有的列：{'、'.join(wanted)}。"
                "可先导出，在导出的表上修改。"
            )

    def import_row(self, row: dict, instance_loader: Any, **kwargs: Any) -> RowResult:
        if is_blank(row.values()):
            skipped = RowResult()
            skipped.import_type = RowResult.IMPORT_TYPE_SKIP
            return skipped
        result = super().import_row(row, instance_loader, **kwargs)
        sentences = self._sentences(result)
        if sentences:
            result.import_type, result.validation_error = RowResult.IMPORT_TYPE_ERROR, None
            result.errors = [RowError(sentence) for sentence in sentences]
        return result

    def get_instance(self, instance_loader: Any, row: dict) -> models.Model | None:
        # A key that cannot be read is reported by import_instance, beside its column.
        return super().get_instance(instance_loader, row) if self._key(row) else None

    def import_field(
        self, field: Field, instance: models.Model, row: dict, *args: Any, **kwargs: Any
    ) -> None:
        kept = instance.pk and field.attribute in self.kept
        before = getattr(instance, field.attribute) if kept else None
        super().import_field(field, instance, row, *args, **kwargs)
        if kept and getattr(instance, field.attribute) != before:
            raise ValueError(f"已有的行不能更改这一列，应仍为“{field.widget.render(before)}”。")

    def after_init_instance(
        self, instance: models.Model, new: bool, row: dict, **kwargs: Any
    ) -> None:
        # Otherwise the later row would silently overwrite the earlier one.
        number = kwargs["row_number"] + 1
        earlier = self._seen.setdefault(self._key(row) or (number,), number)
        if earlier != number:
            raise ValidationError(f"与第 {earlier} 行重复。")

    def _key(self, row: dict) -> tuple | None:
        try:
            key = tuple(self.fields[name].clean(row) for name in self.get_import_id_fields())
        except ValueError:
            return None
        return None if None in key or "" in key else key

    def _sentences(self, result: RowResult) -> list[str]:
        if result.errors:
            error = result.errors[0].error
            # Its text may quote the row, and nothing private is logged.
            logger.error("%s: a row failed with %s", type(self).__name__, type(error).__name__)
            return ["这一行无法导入，请检查各列内容；如仍不行，请联系技术支持。"]
        if not result.validation_error:
            return []
        columns = {f.attribute or name: f.column_name for name, f in self.fields.items()}
        errors = result.validation_error.update_error_dict({})
        return [
            message if name == NON_FIELD_ERRORS else f"{columns.get(name, name)}：{message}"
            for name, listed in errors.items()
            for message in ValidationError(listed).messages
        ]


class EditionRows(SheetResource):
    """Rows of a catalogue: those of an edition that a published round uses stay as they are."""

    @cached_property
    def _closed(self) -> set[int]:
        closed = ClosedEdition.objects.filter(part=self._meta.model.PART)
        return set(closed.values_list("edition", flat=True))

    def validate_instance(self, instance: models.Model, *args: Any, **kwargs: Any) -> None:
        # Rows that change nothing were skipped before.
        super().validate_instance(instance, *args, **kwargs)
        if instance.edition in self._closed:
            raise ValidationError(ClosedEdition.refusal(instance.PART, instance.edition))


class UploadForm(ImportForm):
    def __init__(self, formats: list, resources: list, **kwargs: Any) -> None:
        super().__init__(formats, resources, **kwargs)
        sheet = resources[0]()
        names = [field.column_name for field in sheet.get_import_fields()]
        keys = [sheet.fields[name].column_name for name in sheet.get_import_id_fields()]
        self.fields["import_file"] = WorkbookField(
            help_text=f"第一行是表头，与导出的表相同：{'、'.join(names)}。"
            f"按“{'”“'.join(keys)}”认出已有的行并更新其他各列，没有的行新增。"
            "任何一行有错，整份表都不导入。"
        )


class SheetAdmin(ProvinceModelAdmin, ImportExportModelAdmin):
    """A model's admin pages with 导入 and 导出."""

    formats = [Spreadsheet]
    import_form_class = UploadForm
    import_template_name = "admin/import_sheet.html"
    skip_import_confirm = True
    skip_export_form = True

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def add_data_read_fail_error_to_form(self, form: forms.Form, e: Exception) -> None:
        form.add_error("import_file", str(e))

    @transaction.atomic
    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The rows and what is noted about them are stored together."""
        return super().import_action(request, **kwargs)

    def generate_log_entries(self, result: Result, request: HttpRequest) -> None:
        kinds = {RowResult.IMPORT_TYPE_NEW: ADDITION, RowResult.IMPORT_TYPE_UPDATE: CHANGE}
        for kind, flag in kinds.items():
            if changed := [row.instance for row in result if row.import_type == kind]:
                LogEntry.objects.log_actions(
                    request.user.pk,
                    changed,
                    flag,
                    change_message="从 Excel 导入",
                    # With single_object the library looks one entry up again; a list needs none.
                    single_object=False,
                )
        trail.record(
            "admin_import",
            f"导入{self.opts.verbose_name}",
            actor=request.user,
            detail=self._in_words(result),
        )

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        messages.success(request, f"导入完成：{self._in_words(result)}。")

    def _in_words(self, result: Result) -> str:
        new, updated, skipped = (
            result.totals[kind]
            for kind in (
                RowResult.IMPORT_TYPE_NEW,
                RowResult.IMPORT_TYPE_UPDATE,
                RowResult.IMPORT_TYPE_SKIP,
            )
        )
        return f"新增 {new} 行，更新 {updated} 行，未变或空白 {skipped} 行"

    def export_action(self, request: HttpRequest) -> HttpResponse:
        response = super().export_action(request)
        trail.record("admin_export", f"导出{self.opts.verbose_name}", actor=request.user)
        day = timezone.localdate()
        response["Content-Disposition"] = content_disposition_header(
            True, f"{self.opts.verbose_name}-{day:%Y%m%d}.xlsx"
        )
        return response
