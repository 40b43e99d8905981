"""The forms of the four sections and their rows, for crispy-forms to render.

A draft form requires nothing and loses nothing: ``answers`` splits what was posted into values for
the columns and, as typed, whatever did not parse. Required fields, limits and consistency are the
business of ``checks``.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crispy_forms.bootstrap import InlineRadios
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Div, Fieldset, Layout
from crispy_forms.layout import Row as LayoutRow
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field
from django.forms.utils import ErrorDict
from django.template import Context
from django.template.loader import render_to_string

from applications import field_rules
from applications.fields import CatalogueField, StatementField, draft_field
from applications.models import (
    Answers,
    BasicInformation,
    Comment,
    Confirmation,
    Explanation,
    FactoryOverview,
    FinanceYear,
    IndicatorValue,
    Integrator,
    RequirementAnswer,
    Results,
    ScenarioConstruction,
    ScenarioInstance,
)
from portal.accounts import throttling
from portal.accounts.forms import NameField
from portal.accounts.models import User
from portal.documents.model import clean_text
from portal.forms import PlainForm
from portal.rounds.models import RoundVersion

FIRST_CLAUSE = re.compile(r"[^，。；（]*")


class DraftBoundField(forms.BoundField):
    @property
    def comments(self) -> list[Comment]:
        """What the bureau asks of this field."""
        return self.form.comments.get(self.name, [])

    @property
    def is_warned(self) -> bool:
        """Whether all there is to say about the field is a warning."""
        return self.name in self.form.warned

    def css_classes(self, extra_classes: str | None = None) -> str:
        classes = super().css_classes(extra_classes)
        return f"{classes} is-warned".strip() if self.is_warned else classes

    @property
    def aria_describedby(self) -> str:
        asked = [f"asked-{comment.pk}" for comment in self.comments]
        return " ".join(filter(None, [*asked, super().aria_describedby]))

    @property
    def complaint(self) -> str:
        """What is wrong in a few words, for a narrow cell; the whole stands in the box above."""
        brief = self.form.briefs.get(self.name)
        return brief or FIRST_CLAUSE.match(self.errors[0] if self.errors else "").group()


class Asked:
    """A layout object: what the bureau asks of the field below it, or of the whole."""

    def __init__(self, comments: Sequence[Comment], *, titled: bool = False) -> None:
        self.context = {"comments": comments, "titled": titled}

    def render(self, form: forms.Form, context: Context, **kwargs: Any) -> str:
        if not self.context["comments"]:
            return ""
        return render_to_string("applications/_asked.html", self.context)


class DraftForm(PlainForm, forms.ModelForm):
    """A section or a row while it is being written."""

    bound_field_class = DraftBoundField
    fieldsets: tuple[tuple[str, tuple[str | tuple[str, ...], ...]], ...] = ()

    def __init__(
        self, *args: Any, version: RoundVersion, only: Collection[str] | None = None, **kwargs: Any
    ) -> None:
        """``only`` keeps the named fields, for saving a few of many."""
        if only is not None:
            # Before they are copied for this form, which would cost more than saving one.
            self.base_fields = {n: f for n, f in self.base_fields.items() if n in only}
        super().__init__(*args, **kwargs)
        self.version = version
        self.briefs: dict[str, str] = {}
        self.warned: set[str] = set()
        self.comments: dict[str, list[Comment]] = {}
        for field in self.fields.values():
            if isinstance(field, CatalogueField):
                field.offer(version)
        self._follow(version)
        if not self.is_bound:
            self._show_unparsed()

    def _follow(self, version: RoundVersion) -> None:
        """Say of each field what the version asks of it, where that is its own."""
        for name, rule in field_rules.rules_of(version, self._meta.model).items():
            field = self.fields.get(name)
            if field and rule.is_required is not None:
                # A widget draws no attribute that is False.
                field.widget.attrs["data-optional"] = not rule.is_required
            if field and rule.max_length:
                field.limit_to(rule.max_length)

    def _show_unparsed(self) -> None:
        """Show again, with its error, what was kept as typed."""
        typed = {n: raw for n, raw in self.instance.unparsed.items() if n in self.fields}
        self._errors = ErrorDict(renderer=self.renderer)
        if not typed:
            return
        self.initial.update(typed)
        data = {self.add_prefix(name): text for name, text in typed.items()}
        errors = type(self)(data, prefix=self.prefix, version=self.version, only=typed).errors
        for name in typed:
            if name in errors:
                self._errors[name] = errors[name]

    def _get_validation_exclusions(self) -> set[str]:
        """A catalogue row was chosen among those offered: to ask for each again is no use."""
        chosen = {n for n, field in self.fields.items() if isinstance(field, CatalogueField)}
        return super()._get_validation_exclusions() | chosen

    def complain(self, field: str, message: str, brief: str = "", *, blocks: bool = True) -> None:
        """Show a finding of the checks beside its field."""
        if blocks:
            self.warned.discard(field)
        elif field not in self.errors:
            self.warned.add(field)
        fresh = self.error_class(renderer=self.renderer, field_id=self[field].auto_id)
        self.errors.setdefault(field, fresh).append(message)
        if brief:
            self.briefs.setdefault(field, brief)

    @property
    def mistakes(self) -> int:
        """How many fields must be mended."""
        return len(self.errors) - len(self.warned)

    def ask(self, comment: Comment, field: str = "") -> None:
        """Show what the bureau asks beside a field; on top, with its title, without ``field``."""
        place = field if field in self.fields else ""
        self.comments.setdefault(place, []).append(comment)

    def freeze(self) -> None:
        """Let what was typed be read and copied, but not changed."""
        for field in self.fields.values():
            typing = isinstance(field.widget, forms.TextInput | forms.Textarea | forms.DateInput)
            field.widget.attrs["readonly" if typing else "disabled"] = True

    def answers(self) -> dict[str, Any]:
        """Column values for everything posted, with ``unparsed`` holding the rest as typed."""
        values: dict[str, Any] = {"unparsed": {}}
        for name in self.fields:
            if name in self.errors:
                db_field = self._meta.model._meta.get_field(name)
                values[name] = None if db_field.null else db_field.get_default()
                values["unparsed"][name] = clean_text(self.data.get(self.add_prefix(name), ""))
            else:
                values[name] = self.cleaned_data[name]
        return values

    def typed(self) -> Answers:
        """The instance, unsaved, holding ``answers``."""
        for name, value in self.answers().items():
            setattr(self.instance, name, value)
        return self.instance

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        helper.layout = Layout(
            Asked(self.comments.get("", ()), titled=True),
            *(
                Fieldset(title, *(self._line(line) for line in lines), css_class="fieldset")
                for title, lines in self.fieldsets
            ),
        )
        return helper

    def _line(self, line: str | tuple[str, ...]) -> Any:
        if isinstance(line, str):
            return self._place(line)
        columns = (
            Column(self._place(name), css_class=f"col-md-{12 // len(line)}") for name in line
        )
        return LayoutRow(*columns)

    def _place(self, name: str) -> Any:
        """A field as laid out; radios stand in one line, which a link can point at like a field."""
        placed: Any = name
        if isinstance(self.fields[name].widget, forms.RadioSelect):
            placed = Div(InlineRadios(name), css_id=self[name].auto_id)
        if name in self.comments:
            return Div(Asked(self.comments[name]), placed)
        return placed


class DraftMeta:
    exclude = ("id", "application")
    formfield_callback = draft_field


class BasicInformationForm(DraftForm):
    fieldsets = (
        (
            "企业概况",
            (
                ("registered_division", "registered_address"),
                "factory_address",
                ("nature", "scale"),
                ("industry", "industry_detail"),
                ("is_branch", "branch_note"),
                ("legal_representative", "founded_on", "registered_capital"),
            ),
        ),
        (
            "联系方式",
            (
                ("contact_name", "contact_mobile", "contact_position"),
                ("contact_phone", "contact_email"),
            ),
        ),
        (
            "智能制造能力成熟度",
            (
                ("maturity_level", "maturity_score"),
                ("maturity_report", "maturity_assessed_on"),
                "honours",
            ),
        ),
    )

    class Meta(DraftMeta):
        model = BasicInformation


class FactoryOverviewForm(DraftForm):
    fieldsets = (
        (
            "项目",
            (
                "project_name",
                ("started_on", "finished_on"),
                "total_investment",
                (
                    "equipment_investment",
                    "software_investment",
                    "integration_investment",
                    "other_investment",
                ),
            ),
        ),
        ("简介与成效", ("introduction", "results")),
        ("承诺", ("is_authentic",)),
    )

    class Meta(DraftMeta):
        model = FactoryOverview


class ScenarioConstructionForm(DraftForm):
    fieldsets = (("总体与集成", ("overall", "system_integration")),)

    class Meta(DraftMeta):
        model = ScenarioConstruction


class ResultsForm(DraftForm):
    fieldsets = (
        ("先进性、成效与计划", ("advancement", "effect", "follow_up_plan")),
        ("关键绩效指标的对比基准", ("is_new_plant", "baseline")),
    )

    class Meta(DraftMeta):
        model = Results


class FinanceYearForm(DraftForm):
    class Meta(DraftMeta):
        model = FinanceYear


class RequirementAnswerForm(DraftForm):
    class Meta(DraftMeta):
        model = RequirementAnswer


class IntegratorForm(DraftForm):
    class Meta(DraftMeta):
        model = Integrator


class ScenarioInstanceForm(DraftForm):
    fieldsets = (
        (
            "环节—场景—实例",
            (("segment", "scenario"), ("own_scenario", "name")),
        ),
        (
            "建设情况",
            ("pain_point", "content", "equipment", "software", "effect", "uses_ai"),
        ),
    )

    class Meta(DraftMeta):
        model = ScenarioInstance

    def clean(self) -> dict[str, Any]:
        """A scenario chosen without its 环节 brings it along; contradictions are for the checks."""
        data = super().clean()
        scenario = data.get("scenario")
        if scenario and "segment" in data and data["segment"] is None:
            data["segment"] = scenario.segment
        return data


class ExplanationForm(DraftForm):
    class Meta(DraftMeta):
        model = Explanation


class IndicatorValueForm(DraftForm):
    class Meta(DraftMeta):
        model = IndicatorValue


class DeclarationForm(PlainForm):
    """The statements of the notice, each to be agreed to before submitting.

    Where there are ``reminders`` of what may be secret or personal, that they were looked at.
    """

    def __init__(
        self, *args: Any, version: RoundVersion, reminders: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if reminders:
            self.fields["acknowledged"] = forms.BooleanField(
                label=f"我已逐条核对上列 {reminders} 处内容，不涉及国家秘密、商业秘密，"
                "其中的个人信息确需保留。",
                error_messages={"required": "请核对上列内容，修改或勾选确认后再提交。"},
            )
        self.declarations = version.declarations_list
        for declaration in self.declarations:
            self.fields[f"declaration_{declaration.pk}"] = forms.BooleanField(
                label=declaration.text,
                help_text=f"依据：{declaration.clause}" if declaration.clause else "",
                error_messages={"required": "请阅读并勾选此项承诺后再提交。"},
            )


class SignatureForm(forms.Form):
    """The signature of a confirmation: a name typed out, and the password of who is signed in."""

    signer_name = NameField(
        label=Confirmation._meta.get_field("signer_name").verbose_name,
        max_length=Confirmation._meta.get_field("signer_name").max_length,
        help_text="请填写本人姓名，作为签字；须是法定代表人，或本账号的姓名。",
        error_messages={"required": "请填写本人姓名。"},
    )
    password = forms.CharField(
        label="登录密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="再输一次您的登录密码，以确认是本人。",
        error_messages={"required": "请再输一次您的登录密码。"},
    )

    def __init__(self, *args: Any, user: User, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.address = user, address

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        try:
            if throttling.is_right(password, self.user, self.address):
                return password
        except throttling.Paused as paused:
            raise ValidationError(str(paused)) from None
        raise ValidationError("密码不正确，请重新输入；密码区分大小写。")


class RemarkForm(PlainForm):
    """A request of the bureau, on a section or row or on one of its fields.

    Without ``choices`` its place stands: it puts another one again. A chosen one of the ``phrases``
    (by kind) goes before what is typed.
    """

    field = forms.ChoiceField(
        label="栏目",
        required=False,
        error_messages={"invalid_choice": "请从列出的栏目中选择。"},
    )
    kind = forms.ChoiceField(
        label=Comment._meta.get_field("kind").verbose_name,
        choices=Comment.Kind,
        widget=forms.RadioSelect,
        initial=Comment.Kind.WRONG,
        error_messages={"required": "请选择类别。", "invalid_choice": "请从列出的类别中选择。"},
    )
    phrase = forms.CharField(label="常用语", required=False, widget=forms.Select)
    text = StatementField(Comment._meta.get_field("text"), required=False)
    revision = forms.IntegerField(error_messages={"required": "请刷新页面后再试。"})
    """The id of what was read while writing; the page says it afresh each time it is shown."""

    def __init__(
        self,
        *args: Any,
        choices: list[tuple[str, str]],
        phrases: Mapping[str, list[str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["field"].choices = choices
        if not choices:
            del self.fields["field"]
        self.fields["phrase"].widget.choices = [
            ("", "不用常用语"),
            *(
                (Comment.Kind(kind).label, [(phrase, phrase) for phrase in of_kind])
                for kind, of_kind in phrases.items()
            ),
        ]

    def clean_text(self) -> str:
        """What is typed, after the phrase."""
        whole = self.cleaned_data.get("phrase", "") + self.cleaned_data["text"]
        return StatementField(Comment._meta.get_field("text")).clean(whole)

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        place = ["field"] if "field" in self.fields else []
        helper.layout = Layout(*place, InlineRadios("kind"), "phrase", "text")
        return helper


class AnswerForm(forms.Form):
    """The enterprise's answer to one comment; ``seen`` is when the answer on show was given."""

    answer = forms.ChoiceField(
        choices=Comment.Answer,
        error_messages={
            "required": "请选择“已改”或“说明”。",
            "invalid_choice": "请选择“已改”或“说明”。",
        },
    )
    reply = StatementField(Comment._meta.get_field("reply"), required=False)
    seen = forms.DateTimeField(required=False)

    def clean_seen(self) -> datetime | None:
        """In UTC, in which the database compares; forged ones may have no place in it."""
        seen = self.cleaned_data["seen"]
        try:
            return seen and seen.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError("请刷新页面后再答复。") from error


class PasteForm(PlainForm):
    """A table pasted from Excel or WPS, or uploaded as a file."""

    text = forms.CharField(
        label="表格内容",
        strip=False,
        required=False,
        help_text="在 Excel 或 WPS 中选中表格（最好连同表头）复制，再粘贴到这里。",
        widget=forms.Textarea(attrs={"rows": 8, "wrap": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label="或上传 Excel 文件",
        required=False,
        help_text="只读取第一张工作表；文件的内容会代替上面的内容。",
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )
    start = forms.ChoiceField(
        label="没有表头时，内容从哪一栏开始",
        required=False,
        error_messages={"invalid_choice": "请从列出的栏目中选择。"},
    )

    def __init__(self, *args: Any, fields: Sequence[Field], **kwargs: Any) -> None:
        """``fields`` are the columns that a table may have."""
        super().__init__(*args, **kwargs)
        columns = [(each.name, each.verbose_name) for each in fields]
        self.fields["start"].choices = [("", "按表头识别"), *columns]

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        helper.layout = Layout(
            "text", LayoutRow(*(Column(name, css_class="col-md-6") for name in ("file", "start")))
        )
        return helper
