"""Form fields that take what people really type, and say in Chinese what they cannot take."""

import unicodedata
from collections.abc import Callable, Hashable
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import models
from django.utils.html import format_html

from portal.accounts.forms import LimitedField, MobileField
from portal.accounts.models import mobile_validator
from portal.catalogue.models import CatalogueModel, Division, Industry, Scenario, Segment
from portal.documents.model import clean_text
from portal.rounds.models import RoundVersion

LONG_LINE = 300
"""From this length on, a line is written in a box of two rows."""


def tidy(text: str) -> str:
    """Half-width, with a plain minus, without the blanks and invisible characters of a paste."""
    return "".join(clean_text(unicodedata.normalize("NFKC", text)).split()).replace("\u2212", "-")


class LineField(LimitedField):
    """One line of text, cleaned of control characters."""

    def to_python(self, value: Any) -> str:
        text = clean_text(super().to_python(value))
        return " ".join(text.split("\n")).strip()

    def limit_to(self, limit: int) -> None:
        """State a round's own limit (字), which is for the checks to enforce."""
        self.help_text = f"{self.help_text}限 {limit} 字。"


class MailField(LineField):
    default_validators = [EmailValidator("请填写有效的电子邮箱，如 name@example.com。")]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"inputmode": "email", "autocomplete": "email"}


class ProseField(forms.CharField):
    """Longer text. ``limit`` (字) feeds the meter; exceeding it is for the checks to say."""

    def __init__(self, *, limit: int, help_text: str = "", **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea, **kwargs)
        self.explanation = help_text
        self.limit_to(limit)

    def limit_to(self, limit: int) -> None:
        # Without script the meter simply states the limit.
        self.help_text = format_html(
            '{} <span class="meter">限 {} 字</span>', self.explanation, limit
        )
        self.widget.attrs |= {"rows": 4 if limit <= 1000 else 8, "data-limit": limit}

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).replace("\r\n", "\n").replace("\r", "\n")
        return clean_text(text).strip()


class StatementField(LimitedField):
    """What one side says to the other about an application."""

    def __init__(self, db_field: models.Field, **kwargs: Any) -> None:
        super().__init__(
            label=db_field.verbose_name,
            max_length=db_field.max_length,
            widget=forms.Textarea(attrs={"rows": 4}),
            error_messages={"required": f"请填写{db_field.verbose_name}。"},
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return clean_text(super().to_python(value)).strip()


class NumberField(forms.DecimalField):
    """A number as people paste it: full-width digits, thousands separators, a trailing unit."""

    default_error_messages = {
        "invalid": "请填写数字，例如 1234.56（单位已在栏目名称中，不必填写）。",
        "max_digits": "数字过大，请核对单位。",
        "max_decimal_places": "最多保留 %(max)s 位小数。",
        "max_whole_digits": "数字过大，请核对单位（整数部分最多 %(max)s 位）。",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(**kwargs)

    def to_python(self, value: Any):
        if isinstance(value, str):
            value = tidy(value).replace(",", "").removesuffix("%").removesuffix("万元")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """Without the zeros that only the column's width adds."""
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class WholeNumberField(forms.IntegerField):
    default_error_messages = {
        "invalid": "请填写整数。",
        "min_value": "不能小于 %(limit_value)s。",
        "max_value": "数字过大，请核对单位。",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            value = tidy(value).replace(",", "").removesuffix("人").removesuffix("年")
        return super().to_python(value)


class DayInput(forms.DateInput):
    """A calendar; a plain line for what is no date, of which a calendar would show nothing."""

    input_type = "date"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        if not _is_iso_day(context["widget"]["value"] or ""):
            context["widget"]["type"] = "text"
        return context


def _is_iso_day(text: str) -> bool:
    try:
        return not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


EARLIEST_YEAR, LATEST_YEAR = 1800, 2999
"""Beyond these a date is a slip, and a day more or another zone may be no date at all."""


class DayField(forms.DateField):
    """A date in any of the usual Chinese spellings; picked from a calendar where there is one."""

    default_error_messages = {
        "invalid": "日期请写成 2024-11-22 这样的形式，并确认这一天存在。",
        "year": f"日期的年份请填 {EARLIEST_YEAR} 到 {LATEST_YEAR} 之间的四位数。",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = DayInput(format="%Y-%m-%d")
        kwargs["input_formats"] = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]
        super().__init__(**kwargs)

    def to_python(self, value: Any):
        if isinstance(value, str):
            value = tidy(value)
        day = super().to_python(value)
        if day and not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise ValidationError(self.error_messages["year"])
        return day


class YesNoField(forms.TypedChoiceField):
    """是 or 否, or not answered yet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[("True", "是"), ("False", "否")],
            coerce=lambda value: value == "True",
            empty_value=None,
            widget=forms.RadioSelect,
            **kwargs,
        )


def _area_of(segment: Segment) -> str:
    # An area and a segment may bear the same name: 工厂建设, 生产作业.
    return f"大环节：{segment.get_area_display()}" if segment.area else "不计入大环节覆盖"


# For each catalogue: its rows in a version of a round, and what its options are grouped by.
CATALOGUES: dict[type, tuple[Callable[[RoundVersion], list], Callable[[Any], Hashable]]] = {
    Division: (lambda version: Division.objects.cached(), lambda row: row.city),
    Industry: (lambda version: Industry.objects.cached(), lambda row: row.section),
    Segment: (lambda version: version.segments, _area_of),
    Scenario: (lambda version: version.scenarios, lambda row: row.segment.name),
}


class CatalogueField(forms.TypedChoiceField):
    """A choice among catalogue rows; cleans to the row. Costs no query when the cache is warm."""

    def __init__(self, *, model: type[CatalogueModel], **kwargs: Any) -> None:
        self.model = model
        super().__init__(empty_value=None, **kwargs)

    def offer(self, version: RoundVersion) -> None:
        """Offer the rows of the version's editions."""
        load, group = CATALOGUES[self.model]
        rows = load(version)
        # Not in __init__: each form works on a copy of the field.
        self.coerce = {str(row.pk): row for row in rows}.__getitem__
        self.choices = [
            ("", "请选择"),
            *(
                (title, [(row.pk, str(row)) for row in members])
                for title, members in groupby(rows, key=group)
            ),
        ]


class Option(NamedTuple):
    value: Any
    label: str
    heading: str
    """What it is offered under, where the choices are grouped."""


def options_of(form_field: forms.Field) -> list[Option]:
    """The choices of a control in one row, without the blank one."""
    options = []
    for value, label in getattr(form_field, "choices", ()):
        is_group = isinstance(label, list | tuple)
        members, heading = (label, str(value)) if is_group else ([(value, label)], "")
        options += [Option(each, str(text), heading) for each, text in members if each != ""]
    return options


def draft_field(db_field: models.Field, **kwargs: Any) -> forms.Field:
    """The form field for a model field in a draft: never required."""
    common = {
        "label": db_field.verbose_name,
        "help_text": db_field.help_text,
        "required": False,
    }
    match db_field:
        case models.ForeignKey():
            field = CatalogueField(model=db_field.remote_field.model, **common)
        case models.TextField():
            field = ProseField(limit=db_field.max_length, **common)
        case models.BooleanField() if db_field.null:
            field = YesNoField(**common)
        case models.BooleanField():
            field = forms.BooleanField(**common)
        case models.Field() if db_field.choices and len(db_field.flatchoices) == 2:
            field = forms.TypedChoiceField(
                choices=db_field.flatchoices,
                coerce=db_field.to_python,
                empty_value=None if db_field.null else "",
                widget=forms.RadioSelect,
                **common,
            )
        case models.Field() if db_field.choices:
            field = forms.TypedChoiceField(
                choices=[("", "请选择"), *db_field.flatchoices],
                coerce=db_field.to_python,
                empty_value=None if db_field.null else "",
                **common,
            )
        case models.DateField():
            field = DayField(**common)
        case models.DecimalField():
            field = NumberField(
                max_digits=db_field.max_digits, decimal_places=db_field.decimal_places, **common
            )
        case models.IntegerField():
            field = WholeNumberField(min_value=0, max_value=2**31 - 1, **common)
        case models.CharField() if mobile_validator in db_field.validators:
            field = MobileField(**common)
        case models.EmailField():
            field = MailField(max_length=db_field.max_length, **common)
        case models.CharField() if db_field.max_length >= LONG_LINE:
            rows = forms.Textarea(attrs={"rows": 2})
            field = LineField(max_length=db_field.max_length, widget=rows, **common)
        case _:
            field = LineField(max_length=db_field.max_length, **common)
    # A scenario may only be left out for a name of one's own, so a relation is never called 选填.
    if db_field.blank and not db_field.is_relation:
        field.widget.attrs["data-optional"] = True
    return field
