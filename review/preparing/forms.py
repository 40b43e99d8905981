"""The forms in which the province fills in a round: itself, its rules, what it asks of each field.

What is stored is only what a form has checked as a whole; what was typed into one that is not right
is shown again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Fieldset, Layout
from crispy_forms.layout import Row as LayoutRow
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone

from applications import field_rules
from applications.fields import DayField, DayInput, WholeNumberField, draft_field, tidy
from applications.sections import SECTIONS, Group, Section
from portal.catalogue.editions import FIRST_YEAR, LAST_YEAR, at_hand
from portal.catalogue.models import Bureau
from portal.catalogue.spreadsheet import SheetField
from portal.documents.model import clean_text
from portal.forms import PlainForm
from portal.rounds.models import Declaration, FieldRule, Material, Round, RoundVersion
from portal.rounds.times import closing, opening

MOST_SEATS = 99
MOST_MB = 100_000
MOST_FILES = 100

INSTANTS = {"opens_at": opening, "enterprise_deadline": closing, "bureau_deadline": closing}
"""The three times of a round, with how each is said."""

SHORTEST_REVIEW = timedelta(days=3)
"""With less time of their own, bureaus can hardly look at what comes on the last day."""

AFTER_PUBLISHING = ("contact_office", "contact_phone", "notice")
"""What of a published round may still be put right: nobody is judged by it."""


class TimeInput(forms.TextInput):
    """A time of day that may be 24:00, which no clock of a browser offers."""


class InstantWidget(forms.MultiWidget):
    """A day, and a time on it; midnight belongs to the day that ends."""

    def __init__(self, label: str, *, ends: bool) -> None:
        self.ends = ends
        names = {"day": "日期", "time": "时刻"}
        widgets = {
            "day": DayInput(format="%Y-%m-%d"),
            "time": TimeInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 6}),
        }
        for name, widget in widgets.items():
            widget.attrs["aria-label"] = f"{label}：{names[name]}"
        super().__init__(widgets)

    def decompress(self, value: datetime | None) -> list[Any]:
        if not value:
            return [None, "24:00" if self.ends else "00:00"]
        local = timezone.localtime(value)
        if self.ends and local.time() == time(0):
            return [local.date() - timedelta(days=1), "24:00"]
        return [local.date(), f"{local:%H:%M:%S}".removesuffix(":00")]


class InstantField(forms.MultiValueField):
    """An instant in Beijing time. A deadline ``ends`` a day: 24:00 is the midnight after it."""

    def __init__(self, *, label: str, ends: bool, **kwargs: Any) -> None:
        self.name = label
        fields = (DayField(), forms.CharField())
        super().__init__(fields, label=label, widget=InstantWidget(label, ends=ends), **kwargs)
        self.error_messages["required"] = self.error_messages["incomplete"] = (
            f"请填写{label}的日期和时刻。"
        )

    def compress(self, values: list[Any]) -> datetime | None:
        if not values:
            return None
        day, text = values
        return timezone.make_aware(datetime.combine(*self._split(day, tidy(text))))

    @staticmethod
    def _split(day: date, text: str) -> tuple[date, time]:
        text = text.replace("：", ":")
        try:
            if text in ("24:00", "24:00:00"):
                return day + timedelta(days=1), time(0)
            return day, time.fromisoformat(text.zfill(5) if text.count(":") == 1 else text)
        except (ValueError, OverflowError):
            raise ValidationError("时刻请写成 09:00 或 24:00 这样的形式。") from None


class TextField(forms.CharField):
    """Text of any length, in paragraphs."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def to_python(self, value: Any) -> str:
        return clean_text(super().to_python(value).replace("\r\n", "\n")).strip()


def form_field(db_field: models.Field, **kwargs: Any) -> forms.Field:
    """The form field for what the province fills in: what has no ``blank`` is required."""
    label = str(db_field.verbose_name)
    match db_field:
        case models.TextField():
            field = TextField(label=label, help_text=db_field.help_text)
        case models.DateTimeField():
            field = InstantField(label=label, ends=db_field.name != "opens_at")
        case models.SlugField():
            field = forms.SlugField(label=label, help_text=db_field.help_text, max_length=50)
            field.error_messages["invalid"] = "只能用英文字母、数字和连字符，如 2024-excellent。"
        case models.BooleanField():
            return db_field.formfield()
        case _:
            field = draft_field(db_field)
            field.widget.attrs.pop("data-optional", None)
    field.required = not db_field.blank
    if db_field.has_default():
        field.initial = db_field.get_default()
    if field.required:
        field.error_messages.setdefault("required", "")
        if not isinstance(field, InstantField):
            field.error_messages["required"] = f"请填写{label}。"
    else:
        field.widget.attrs["data-optional"] = True
    return field


class SeatTable:
    """A layout object: a number of seats for each bureau that has one of its own."""

    def render(self, form: forms.Form, context: Context, **kwargs: Any) -> str:
        return render_to_string("review/_round_seats.html", {"fields": form.seat_fields})


class RoundForm(PlainForm, forms.ModelForm):
    """The round itself: what it is called, when, how many seats each bureau has, its texts."""

    class Meta:
        model = Round
        fields = (
            *("title", "slug", "year", "level", "opens_at", "enterprise_deadline"),
            *("bureau_deadline", "seats_per_bureau", "exempt_rule", "notice_date"),
            *("national_platform", "contact_office", "contact_phone", "notice"),
        )
        formfield_callback = form_field
        error_messages = {"slug": {"unique": "该标识已用于另一个批次，请换一个。"}}

    def __init__(
        self,
        *args: Any,
        bureaus: Iterable[Bureau],
        quotas: Mapping[int, int],
        before: Round | None = None,
        **kwargs: Any,
    ) -> None:
        """``quotas`` holds what is stored, by bureau; ``before`` is the round that it follows."""
        super().__init__(*args, **kwargs)
        self.bureaus = list(bureaus)
        if self.instance.is_published:
            self.fields = {name: self.fields[name] for name in AFTER_PUBLISHING}
            return
        self.fields["notice"].widget.attrs["rows"] = 10
        for bureau in self.bureaus:
            self.fields[f"seats-{bureau.pk}"] = WholeNumberField(
                label=bureau.short_name,
                required=False,
                min_value=0,
                max_value=MOST_SEATS,
                initial=quotas.get(bureau.pk),
                error_messages={"max_value": f"名额最多 {MOST_SEATS} 个。"},
            )
        shown, said = (before, "上一批次：") if before else (self.instance, "现为 ")
        for name, in_words in INSTANTS.items():
            if instant := getattr(shown, name):
                self.fields[name].help_text = f"{said}{in_words(instant)}"

    @property
    def seat_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith("seats-")]

    def quotas(self) -> dict[int, int]:
        """The bureaus with a number of seats of their own."""
        said = {
            int(name.removeprefix("seats-")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("seats-")
        }
        return {pk: seats for pk, seats in said.items() if seats is not None}

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if slug == "new":  # the address of the page for a new one
            raise ValidationError("请换一个标识，如 2024-excellent。")
        return slug

    def clean_year(self) -> int:
        return _between(self.cleaned_data["year"], FIRST_YEAR, LAST_YEAR, "年度请写成四位数。")

    def clean_seats_per_bureau(self) -> int:
        said = self.cleaned_data["seats_per_bureau"]
        return _between(said, 1, MOST_SEATS, f"名额请填 1 到 {MOST_SEATS}。")

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        if self.instance.is_published:
            helper.layout = Layout(_line("contact_office", "contact_phone"), "notice")
            return helper
        helper.layout = Layout(
            Fieldset(
                "批次",
                _line("title", "slug"),
                _line("year", "level", "notice_date"),
                css_class="fieldset",
            ),
            Fieldset(
                "时间（北京时间）",
                _line("opens_at", "enterprise_deadline", "bureau_deadline"),
                css_class="fieldset instants",
            ),
            Fieldset(
                "名额",
                LayoutRow(Column("seats_per_bureau", css_class="col-md-4")),
                SeatTable(),
                "exempt_rule",
                css_class="fieldset",
            ),
            Fieldset(
                "通知与联系方式",
                _line("national_platform", "contact_office", "contact_phone"),
                "notice",
                css_class="fieldset",
            ),
        )
        return helper


def _line(*names: str) -> LayoutRow:
    return LayoutRow(*(Column(name, css_class=f"col-md-{12 // len(names)}") for name in names))


def _between(value: int | None, least: int, most: int, sentence: str) -> int | None:
    if value is not None and not least <= value <= most:
        raise ValidationError(sentence)
    return value


def warnings(round: Round) -> list[str]:
    """What may be meant so, and should be looked at once more."""
    said = []
    if round.deadlines_coincide:
        said.append(
            "企业申报截止与推荐单位报送截止是同一时刻：推荐单位没有单独的审核时间。"
            "如通知确实如此，可不修改。"
        )
    elif round.bureau_deadline - round.enterprise_deadline < SHORTEST_REVIEW:
        said.append(
            f"企业申报截止后，推荐单位不足 {SHORTEST_REVIEW.days} 天就要报送。"
            "如通知确实如此，可不修改。"
        )
    if not round.is_published and round.enterprise_deadline <= timezone.now():
        said.append("企业申报截止时间已过，发布后企业不能申报。")
    return said


class RulesForm(PlainForm, forms.ModelForm):
    """What an application is filled in and checked by, apart from the rows and the fields."""

    class Meta:
        model = RoundVersion
        fields = (
            *("scenario_edition", "indicator_edition", "condition_edition"),
            *("attachment_quota", "confirmation_text"),
        )
        formfield_callback = form_field

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hand = at_hand()
        for part, year in self.instance.editions.items():
            name = f"{part.removesuffix('s')}_edition"
            choices = [(each.year, str(each)) for each in hand[part]]
            if year and year not in dict(choices):
                choices.insert(0, (year, f"{year} 年版（未导入）"))
            db_field = RoundVersion._meta.get_field(name)
            self.fields[name] = forms.TypedChoiceField(
                label=db_field.verbose_name,
                choices=choices,
                coerce=int,
                error_messages={"required": f"请先导入{part.label}，再在这里选择。"},
            )

    def clean_attachment_quota(self) -> int:
        said = self.cleaned_data["attachment_quota"]
        return _between(said, 1, MOST_MB, f"附件总量请填 1 到 {MOST_MB}。")

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        helper.layout = Layout(
            Fieldset(
                "目录版本",
                _line("scenario_edition", "indicator_edition", "condition_edition"),
                css_class="fieldset",
            ),
            Fieldset(
                "附件总量与法定代表人确认",
                "attachment_quota",
                "confirmation_text",
                css_class="fieldset",
            ),
        )
        return helper


class RowForm(forms.ModelForm):
    """A row of one of the lists of a version."""

    typed: tuple[str, ...] = ()
    """The fields that people type: a row in which they are all empty is none."""

    @property
    def is_blank(self) -> bool:
        return not any(self[name].value() for name in self.typed)


class DeclarationForm(RowForm):
    typed = ("text", "clause")

    class Meta:
        model = Declaration
        fields = ("text", "clause")
        formfield_callback = form_field

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.attrs["rows"] = 2


class MaterialForm(RowForm):
    typed = ("name", "help")

    class Meta:
        model = Material
        fields = ("name", "scope", "accepts", "max_mb", "max_files", "is_required", "help")
        formfield_callback = form_field

    def clean_max_files(self) -> int:
        said = self.cleaned_data["max_files"]
        return _between(said, 1, MOST_FILES, f"文件数请填 1 到 {MOST_FILES}。")


class EditionForm(forms.Form):
    """An edition of the catalogue as a sheet, and the year it is to be known by."""

    year = WholeNumberField(
        label="版本（年）",
        min_value=FIRST_YEAR,
        max_value=LAST_YEAR,
        error_messages={
            "required": "请填写这一版的年份。",
            "min_value": "年份请写成四位数，如 2025。",
            "max_value": "年份请写成四位数，如 2025。",
        },
    )
    file = SheetField(help_text="第一行是表头，与模板相同；读取第一张工作表。")


@dataclass(frozen=True)
class Place:
    """A section, or a group of rows in one, with the fields whose rules may be set."""

    part: Section | Group
    fields: list[models.Field]

    @property
    def title(self) -> str:
        return self.part.title


def places() -> Iterator[Place]:
    """Everything an application asks for, in the order of Annex 3."""
    for section in SECTIONS:
        for part in (section, *section.groups):
            fields = [
                each
                for each in part.model.answer_fields()
                if field_rules.may_vary(each) or field_rules.ceiling(each)
            ]
            if fields:
                yield Place(part, fields)


class FieldRulesForm(PlainForm):
    """填写要求 of every field; what says the same as the portal is not stored."""

    def __init__(self, *args: Any, version: RoundVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version
        for place in places():
            for db_field in place.fields:
                self._add(place, db_field)

    def _add(self, place: Place, db_field: models.Field) -> None:
        stored = self.version.deviations.get((place.part.slug, db_field.name))
        name = f"{place.part.slug}-{db_field.name}"
        label = f"{place.title}：{db_field.verbose_name}"
        if field_rules.may_vary(db_field):
            default = "选填" if db_field.blank else "必填"
            self.fields[f"required-{name}"] = forms.TypedChoiceField(
                label=f"{label}：必填",
                choices=[("", f"门户默认（{default}）"), ("True", "必填"), ("False", "选填")],
                coerce=lambda value: value == "True",
                empty_value=None,
                required=False,
                initial="" if stored is None or stored.is_required is None else stored.is_required,
            )
        if most := field_rules.ceiling(db_field):
            self.fields[f"longest-{name}"] = WholeNumberField(
                label=f"{label}：{FieldRule._meta.get_field('max_length').verbose_name}",
                required=False,
                min_value=1,
                max_value=most,
                initial=stored and stored.max_length,
                error_messages={
                    "max_value": f"最多 {most} 字。",
                    "min_value": "至少 1 字；不限的请留空。",
                },
            )
            self.fields[f"longest-{name}"].widget.attrs["placeholder"] = db_field.max_length

    def lines(self) -> Iterator[tuple[Place, list[dict[str, Any]]]]:
        """For the page: each place with its fields and their two controls."""
        for place in places():
            yield (
                place,
                [
                    {"field": each, **self._controls(f"{place.part.slug}-{each.name}")}
                    for each in place.fields
                ],
            )

    def _controls(self, name: str) -> dict[str, forms.BoundField]:
        names = {which: f"{which}-{name}" for which in ("required", "longest")}
        return {which: self[full] for which, full in names.items() if full in self.fields}

    def rules(self) -> list[FieldRule]:
        """Only what deviates from the portal's own."""
        said = []
        for place in places():
            for db_field in place.fields:
                name = f"{place.part.slug}-{db_field.name}"
                required = self.cleaned_data.get(f"required-{name}")
                longest = self.cleaned_data.get(f"longest-{name}")
                required = None if required is (not db_field.blank) else required
                longest = None if longest == db_field.max_length else longest
                if required is not None or longest:
                    said.append(
                        FieldRule(
                            version=self.version,
                            place=place.part.slug,
                            field=db_field.name,
                            is_required=required,
                            max_length=longest,
                        )
                    )
        return said
