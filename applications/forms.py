"""The forms of the four sections and their rows, for crispy-forms to render.

A draft form requires nothing and loses nothing: ``answers`` splits what was posted into values for
the columns and, as typed, whatever did not parse. Required fields, limits and consistency are the
business of ``checks``.
"""

import re
from typing import Any

from crispy_forms.bootstrap import InlineRadios
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Div, Fieldset, Layout
from crispy_forms.layout import Row as LayoutRow
from django import forms
from django.forms.utils import ErrorDict

from applications.fields import CatalogueField, draft_field
from applications.models import (
    BasicInformation,
    FactoryOverview,
    FinanceYear,
    IndicatorValue,
    Integrator,
    RequirementAnswer,
    Results,
    ScenarioConstruction,
    ScenarioInstance,
)
from portal.documents.model import clean_text
from portal.rounds.models import Round

FIRST_CLAUSE = re.compile(r"[^，。；（]*")


class DraftBoundField(forms.BoundField):
    @property
    def complaint(self) -> str:
        """What is wrong in a few words, for a narrow cell; the whole stands in the box above."""
        brief = self.form.briefs.get(self.name)
        return brief or FIRST_CLAUSE.match(self.errors[0] if self.errors else "").group()


class DraftForm(forms.ModelForm):
    """A section or a row while it is being written."""

    bound_field_class = DraftBoundField
    fieldsets: tuple[tuple[str, tuple[str | tuple[str, ...], ...]], ...] = ()

    def __init__(self, *args: Any, round: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round = round
        self.briefs: dict[str, str] = {}
        for field in self.fields.values():
            if isinstance(field, CatalogueField):
                field.offer(round)
        if not self.is_bound:
            self._show_unparsed()

    def _show_unparsed(self) -> None:
        """Show again, with its error, what was kept as typed."""
        typed = {n: raw for n, raw in self.instance.unparsed.items() if n in self.fields}
        self._errors = ErrorDict(renderer=self.renderer)
        if not typed:
            return
        self.initial.update(typed)
        # With the other answers, for a mistake may lie in how two of them go together.
        data = {
            self.add_prefix(name): value
            for name, value in self.initial.items()
            if name in self.fields and value is not None
        }
        errors = type(self)(data, prefix=self.prefix, round=self.round).errors
        for name in typed:
            if name in errors:
                self._errors[name] = errors[name]

    def _get_validation_exclusions(self) -> set[str]:
        """A catalogue row was chosen among those offered: to ask for each again is no use."""
        chosen = {n for n, field in self.fields.items() if isinstance(field, CatalogueField)}
        return super()._get_validation_exclusions() | chosen

    def complain(self, field: str, message: str, brief: str = "") -> None:
        """Show a finding of the checks beside its field."""
        fresh = self.error_class(renderer=self.renderer, field_id=self[field].auto_id)
        self.errors.setdefault(field, fresh).append(message)
        if brief:
            self.briefs.setdefault(field, brief)

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

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(
            *(
                Fieldset(title, *(self._line(line) for line in lines), css_class="fieldset")
                for title, lines in self.fieldsets
            )
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
        if isinstance(self.fields[name].widget, forms.RadioSelect):
            return Div(InlineRadios(name), css_id=self[name].auto_id)
        return name


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
    fieldsets = (("先进性、成效与计划", ("advancement", "effect", "follow_up_plan")),)

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
        data = super().clean()
        scenario, segment = data.get("scenario"), data.get("segment")
        if scenario and not segment and "segment" not in self.errors:
            data["segment"] = scenario.segment
        elif scenario and segment and scenario.segment_id != segment.pk:
            self.add_error(
                "scenario",
                f"场景“{scenario.name}”属于环节“{scenario.segment}”，与所选环节“{segment}”不符。",
            )
        if scenario and data.get("own_scenario"):
            self.add_error("own_scenario", "已从指引中选择场景，请清空此栏，或把“场景”改为未选择。")
        return data


class IndicatorValueForm(DraftForm):
    class Meta(DraftMeta):
        model = IndicatorValue


class DeclarationForm(forms.Form):
    """The statements of the notice, each to be agreed to before submitting."""

    def __init__(self, *args: Any, round: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for declaration in round.declarations.all():
            self.fields[f"declaration_{declaration.pk}"] = forms.BooleanField(
                label=declaration.text,
                help_text=f"依据：{declaration.clause}" if declaration.clause else "",
                error_messages={"required": "请阅读并勾选此项承诺后再提交。"},
            )
        self.declarations = list(round.declarations.all())

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        return helper
