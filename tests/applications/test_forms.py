"""What people really type into a draft: taken where it can be, kept as typed where it cannot."""

from datetime import date
from decimal import Decimal

import pytest
from django import forms as django_forms
from django.db import models
from django.http import QueryDict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from applications import forms
from applications.editing import SEEN, SectionPage, save_section
from applications.models import Application
from applications.models.rows import FixedRow
from applications.sections import BY_SLUG, Section
from portal.catalogue.models import Division, Industry, Segment
from portal.documents.model import clean_text
from portal.rounds.models import RoundVersion
from tests.applications.conftest import form_as_sent

NO_RULES = RoundVersion()
NO_RULES.deviations = {}
"""A version that asks of each field what the portal asks by itself."""


def answers(form_class, version=NO_RULES, **typed):
    return form_class(typed, version=version).answers()


def shown_again(form_class, values, version=NO_RULES):
    """The form as the next visitor sees it."""
    row = form_class._meta.model(**values)
    if form_class is forms.IndicatorValueForm:
        row.fixed = FixedRow("1", "指标")
    return form_class(instance=row, version=version)


def number(typed):
    return answers(forms.FactoryOverviewForm, total_investment=typed)


def day(typed):
    return answers(forms.FactoryOverviewForm, started_on=typed)


def line(typed):
    return answers(forms.FactoryOverviewForm, project_name=typed)


def prose(typed):
    return answers(forms.FactoryOverviewForm, introduction=typed)


def staff(typed):
    return answers(forms.FinanceYearForm, staff=typed)


# Numbers


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1234.5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1，234.50", "1234.50"),
        ("１２３４．５", "1234.5"),
        ("1 234.5", "1234.5"),
        ("1234.5万元", "1234.5"),
        ("1,234.5 万元", "1234.5"),
        ("１２３４万元", "1234"),
        ("  0 ", "0"),
        ("0.00", "0"),
        ("\u200b1234\ufeff", "1234"),
        ("\t1234\r\n", "1234"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_a_number_is_read_however_it_is_written(typed, value):
    result = number(typed)
    assert (result["total_investment"], result["unparsed"]) == (Decimal(value), {})


@pytest.mark.parametrize("typed", ["45.5%", "45.5 %", "４５．５％"])
def test_a_percentage_may_bring_its_sign(typed):
    result = answers(forms.FinanceYearForm, debt_ratio=typed)
    assert (result["debt_ratio"], result["unparsed"]) == (Decimal("45.5"), {})


@pytest.mark.parametrize("typed", ["-5.25", "－５．２５"])
def test_a_loss_is_a_number_below_zero(typed):
    assert answers(forms.FinanceYearForm, profit=typed)["profit"] == Decimal("-5.25")


@pytest.mark.parametrize("typed", ["", "   ", "\u3000", "\u200b"])
def test_nothing_typed_is_no_number_and_no_mistake(typed):
    result = number(typed)
    assert (result["total_investment"], result["unparsed"]) == (None, {})


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("abc", "请填写数字，例如 1234.56（单位已在栏目名称中，不必填写）。"),
        ("约三百", "请填写数字，例如 1234.56（单位已在栏目名称中，不必填写）。"),
        ("1.2.3", "请填写数字，例如 1234.56（单位已在栏目名称中，不必填写）。"),
        ("1000-2000", "请填写数字，例如 1234.56（单位已在栏目名称中，不必填写）。"),
        ("NaN", "请填写数字，例如 1234.56（单位已在栏目名称中，不必填写）。"),
        ("Infinity", "请填写数字，例如 1234.56（单位已在栏目名称中，不必填写）。"),
        ("12.345", "最多保留 2 位小数。"),
        ("1234567890123", "数字过大，请核对单位（整数部分最多 12 位）。"),
        ("123456789012345", "数字过大，请核对单位。"),
        ("1e400", "数字过大，请核对单位。"),
        ("-1", "不能为负数。"),
    ],
)
def test_what_is_no_number_is_kept_as_typed_and_shown_with_its_error(typed, message):
    result = number(typed)
    assert (result["total_investment"], result["unparsed"]) == (None, {"total_investment": typed})
    form = shown_again(forms.FactoryOverviewForm, result)
    assert form["total_investment"].value() == typed
    assert message in form.errors["total_investment"]
    assert set(form.errors) == {"total_investment"}


@pytest.mark.parametrize("name", ["revenue", "assets", "debt_ratio", "research_spending"])
def test_only_the_profit_may_be_negative(name):
    assert answers(forms.FinanceYearForm, **{name: "-0.01"})["unparsed"] == {name: "-0.01"}


@pytest.mark.parametrize(
    ("typed", "value"),
    [("500", 500), ("1,500", 1500), ("５００", 500), (" 1 500 ", 1500), ("500人", 500), ("0", 0)],
)
def test_a_head_count_is_read(typed, value):
    result = staff(typed)
    assert (result["staff"], result["unparsed"]) == (value, {})


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("500.5", "请填写整数。"),
        ("约500", "请填写整数。"),
        ("-1", "不能小于 0。"),
        ("2147483648", "数字过大，请核对单位。"),
        ("9" * 5000, "请填写整数。"),
    ],
)
def test_what_is_no_head_count_is_kept_as_typed(typed, message):
    result = staff(typed)
    assert (result["staff"], result["unparsed"]) == (None, {"staff": typed})
    assert shown_again(forms.FinanceYearForm, result).errors["staff"] == [message]


@pytest.mark.parametrize("typed", ["100000.01", "-100000.01"])
def test_an_indicator_out_of_all_reason_is_kept_as_typed(typed):
    result = answers(forms.IndicatorValueForm, value=typed)
    assert (result["value"], result["unparsed"]) == (None, {"value": typed})


# Dates


@pytest.mark.parametrize(
    "typed",
    [
        "2024-11-02",
        "2024/11/02",
        "2024.11.02",
        "2024年11月02日",
        "20241102",
        "2024-11-2",
        "2024/11/2",
        "2024年11月2日",
        "2024 年 11 月 2 日",
        " 2024-11-02\n",
        "２０２４－１１－０２",
        "２０２４年１１月２日",
        "\u200e2024-11-02",
    ],
)
def test_a_day_is_read_however_it_is_written(typed):
    result = day(typed)
    assert (result["started_on"], result["unparsed"]) == (date(2024, 11, 2), {})


@pytest.mark.parametrize(
    "typed",
    ["2024-02-30", "2023-02-29", "2024-13-01", "22/11/2024", "2024年11月", "2024", "去年", "abc"],
)
def test_a_day_that_is_none_is_kept_as_typed_and_shown_with_its_error(typed):
    result = day(typed)
    assert (result["started_on"], result["unparsed"]) == (None, {"started_on": typed})
    form = shown_again(forms.FactoryOverviewForm, result)
    assert form["started_on"].value() == typed
    assert form.errors["started_on"] == ["日期请写成 2024-11-22 这样的形式，并确认这一天存在。"]
    assert f'value="{typed}"' in str(form["started_on"])
    assert 'type="text"' in str(form["started_on"]), "a calendar would show nothing at all"


def test_a_day_that_is_one_is_shown_in_a_calendar():
    form = shown_again(forms.FactoryOverviewForm, day("2024年11月2日"))
    assert 'type="date"' in str(form["started_on"])
    assert 'value="2024-11-02"' in str(form["started_on"])


# Text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  两端空白 ", "两端空白"),
        ("甲\r\n乙\r丙", "甲\n乙\n丙"),
        ("甲\t乙", "甲 乙"),
        ("甲\x00乙\x07丙\x1b", "甲乙丙"),
        ("甲\ud800乙", "甲乙"),
        ("甲\u200b\u202e乙\ufeff", "甲乙"),
        ("甲\u2028乙", "甲\n乙"),
        ("🏭👷", "🏭👷"),
        ("㛃𬭎䶮喆堃昇犇翀", "㛃𬭎䶮喆堃昇犇翀"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=SUM(A1)", "=SUM(A1)"),
        ("", ""),
        (" \x00 ", ""),
    ],
)
def test_prose_is_kept_without_what_nobody_can_see(typed, kept):
    result = prose(typed)
    assert (result["introduction"], result["unparsed"]) == (kept, {})


def test_a_paste_far_too_long_is_kept_whole():
    text = "一二三四五六七八" * 1000
    assert prose(text)["introduction"] == text


def test_the_browser_is_not_told_to_cut_a_paste():
    form = forms.FactoryOverviewForm(version=NO_RULES)
    assert "maxlength" not in str(form["introduction"])
    assert "maxlength" not in str(form["project_name"])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("一号\n工厂", "一号 工厂"), ("一号\x00工厂\t二", "一号工厂 二"), ("\ud83c工厂", "工厂")],
)
def test_a_line_is_one_line(typed, kept):
    assert line(typed)["project_name"] == kept


def test_a_line_over_its_limit_is_kept_as_typed():
    text = "字" * 101
    result = line(text)
    assert (result["project_name"], result["unparsed"]) == ("", {"project_name": text})
    form = shown_again(forms.FactoryOverviewForm, result)
    assert form["project_name"].value() == text
    assert form.errors["project_name"] == ["最多 100 字，现有 101 字，请删减 1 字。"]
    assert line("字" * 100)["project_name"] == "字" * 100


def test_what_is_kept_as_typed_holds_nothing_a_database_refuses():
    assert number("约\x00三\ud800百")["unparsed"] == {"total_investment": "约三百"}


# Choices


@pytest.fixture
def basic(round):
    def fill(**typed):
        return answers(forms.BasicInformationForm, version=round.version, **typed)

    return fill


def test_a_catalogue_choice_becomes_its_row(basic):
    division, industry = Division.objects.last(), Industry.objects.last()
    result = basic(registered_division=str(division.pk), industry=str(industry.pk))
    assert (result["registered_division"], result["industry"]) == (division, industry)
    assert result["unparsed"] == {}


@pytest.mark.parametrize("typed", ["0", "999999", "-1", "abc", "1.5", "甲"])
def test_a_catalogue_choice_that_is_not_there_is_refused_but_kept(typed, basic, round):
    result = basic(registered_division=typed)
    assert result["registered_division"] is None
    assert result["unparsed"] == {"registered_division": typed}
    form = shown_again(forms.BasicInformationForm, result, round.version)
    assert "registered_division" in form.errors


def test_no_choice_is_no_mistake(basic):
    result = basic(registered_division="", nature="", maturity_level="")
    assert result["unparsed"] == {}
    assert (result["registered_division"], result["nature"], result["maturity_level"]) == (
        None,
        "",
        None,
    )


@pytest.mark.parametrize(
    ("name", "typed", "empty"), [("nature", "nobody", ""), ("maturity_level", "6", None)]
)
def test_a_choice_that_is_not_offered_is_refused_but_kept(name, typed, empty, basic):
    result = basic(**{name: typed})
    assert (result[name], result["unparsed"]) == (empty, {name: typed})


def test_a_level_is_a_number(basic):
    assert basic(maturity_level="3")["maturity_level"] == 3


@pytest.mark.parametrize(("typed", "value"), [("True", True), ("False", False), ("", None)])
def test_yes_no_and_not_answered_are_three_answers(typed, value, filing):
    result = answers(forms.ScenarioInstanceForm, filing.application.version, uses_ai=typed)
    assert (result["uses_ai"], result["unparsed"]) == (value, {})


@pytest.mark.parametrize(
    "typed",
    [
        "19912345678",
        "199 1234 5678",
        "199-1234-5678",
        "１９９１２３４５６７８",
        "\u202d19912345678",
    ],  # noqa: E501
)
def test_a_mobile_number_is_read_however_its_digits_are_grouped(typed, basic):
    result = basic(contact_mobile=typed)
    assert (result["contact_mobile"], result["unparsed"]) == ("19912345678", {})


@pytest.mark.parametrize("typed", ["1991234567", "199123456789", "0351-7654321", "12912345678"])
def test_what_is_no_mobile_number_is_kept_as_typed(typed, basic, round):
    result = basic(contact_mobile=typed)
    assert (result["contact_mobile"], result["unparsed"]) == ("", {"contact_mobile": typed})
    form = shown_again(forms.BasicInformationForm, result, round.version)
    assert form.errors["contact_mobile"] == ["请填写 11 位手机号码，例如 13800000000。"]


@pytest.mark.parametrize(("typed", "is_kept"), [("a@b.cn", True), ("a@b", False), ("无", False)])
def test_a_mail_address_is_checked(typed, is_kept, basic, round):
    result = basic(contact_email=typed)
    assert result["contact_email"] == (typed if is_kept else "")
    assert result["unparsed"] == ({} if is_kept else {"contact_email": typed})
    errors = shown_again(forms.BasicInformationForm, result, round.version).errors
    said = ["请填写有效的电子邮箱，如 name@example.com。"]
    assert errors == ({} if is_kept else {"contact_email": said})


@pytest.mark.parametrize(("typed", "is_kept"), [("5", True), ("5.01", False), ("-1", False)])
def test_a_maturity_score_has_its_maximum(typed, is_kept, basic):
    assert basic(maturity_score=typed)["unparsed"] == ({} if is_kept else {"maturity_score": typed})


def test_the_segments_are_offered_under_the_names_of_their_areas(round):
    choices = forms.ScenarioInstanceForm(version=round.version).fields["segment"].choices
    areas = {title: [str(name) for _pk, name in members] for title, members in choices[1:]}
    assert list(areas) == [
        "大环节：工厂建设",
        "大环节：研发设计",
        "大环节：生产作业",
        "大环节：生产管理",
        "大环节：运营管理",
        "不计入大环节覆盖",
    ]
    assert areas["大环节：研发设计"] == ["产品设计", "工艺设计"]


# What a narrow cell says


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [("约三百", "请填写数字"), ("12.345", "最多保留 2 位小数"), ("-1", "不能为负数")],
)
def test_a_cell_says_in_a_few_words_what_is_wrong(typed, complaint):
    form = shown_again(forms.FinanceYearForm, answers(forms.FinanceYearForm, revenue=typed))
    assert form["revenue"].complaint == complaint
    assert form["profit"].complaint == ""


def test_a_cell_says_what_the_checks_say_in_brief():
    form = forms.FinanceYearForm(version=NO_RULES)
    form.complain("debt_ratio", "2024年：资产负债率为 120%，超过 100%，请核对。", "超过 100%")
    assert form["debt_ratio"].complaint == "超过 100%"


# 环节—场景—实例


@pytest.fixture
def instance(round):
    def fill(**typed):
        return answers(forms.ScenarioInstanceForm, round.version, **typed)

    return fill


@pytest.fixture
def scenario(round):
    return round.version.scenarios[0]


def test_a_scenario_chosen_alone_brings_its_segment(instance, scenario):
    result = instance(scenario=str(scenario.pk))
    assert (result["scenario"], result["segment"]) == (scenario, scenario.segment)
    assert result["unparsed"] == {}


def test_a_scenario_of_its_segment_is_taken(instance, scenario):
    result = instance(scenario=str(scenario.pk), segment=str(scenario.segment_id))
    assert (result["scenario"], result["unparsed"]) == (scenario, {})


def test_a_contradiction_between_fields_is_stored_for_the_checks_to_name(instance, scenario, round):
    other = next(s for s in round.version.segments if s != scenario.segment)
    result = instance(scenario=str(scenario.pk), segment=str(other.pk), own_scenario="我的场景")
    assert (result["segment"], result["scenario"]) == (other, scenario)
    assert (result["own_scenario"], result["unparsed"]) == ("我的场景", {})


def test_ones_own_name_in_a_segment_is_taken(instance, scenario):
    result = instance(segment=str(scenario.segment_id), own_scenario="我的场景")
    assert (result["scenario"], result["own_scenario"], result["unparsed"]) == (
        None,
        "我的场景",
        {},
    )


def test_a_scenario_of_another_edition_is_not_offered(instance, round):
    assert instance(scenario="99999999")["unparsed"] == {"scenario": "99999999"}
    editions = {s.segment.edition for s in round.version.scenarios}
    assert editions == {2024}


def test_a_row_of_another_editions_catalogue_cannot_be_chosen(round):
    segment = Segment.objects.create(edition=2030, name="新环节", order=1)
    result = answers(forms.ScenarioInstanceForm, round.version, segment=str(segment.pk))
    assert (result["segment"], result["unparsed"]) == (None, {"segment": str(segment.pk)})


# Whatever is typed

anything = st.text(st.characters(exclude_categories=()), max_size=120)
numberish = st.text("0123456789０１２.．,，-－+eE_ %％万元人\u200b", max_size=20)
dayish = st.text("0123456789０１２-/.年月日 \u200b", max_size=14)
typed_texts = st.one_of(anything, numberish, dayish)

FREE_FORMS = [
    forms.FactoryOverviewForm,
    forms.ScenarioConstructionForm,
    forms.ResultsForm,
    forms.FinanceYearForm,
    forms.IntegratorForm,
    forms.IndicatorValueForm,
]


def typed_fields(form_class):
    return [
        name
        for name, field in form_class.base_fields.items()
        if not isinstance(field, django_forms.ChoiceField | django_forms.BooleanField)
    ]


@given(st.sampled_from(FREE_FORMS), typed_texts)
@example(forms.FactoryOverviewForm, "0e1000000")
@example(forms.FactoryOverviewForm, "-0")
@example(forms.FactoryOverviewForm, "sNaN")
@example(forms.FactoryOverviewForm, "9" * 120)
@example(forms.FactoryOverviewForm, "\ud800\x00")
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_is_read_or_kept(form_class, text):
    names = typed_fields(form_class)
    result = answers(form_class, **dict.fromkeys(names, text))
    for name in names:
        db_field = form_class._meta.model._meta.get_field(name)
        if name in result["unparsed"]:
            assert result["unparsed"][name] == clean_text(text)
            assert result[name] in (None, "")
        elif isinstance(db_field, models.TextField):
            assert result[name] == clean_text(text).strip()
        elif isinstance(db_field, models.CharField):
            assert result[name] == " ".join(clean_text(text).split("\n")).strip()
        else:
            is_nothing = not "".join(clean_text(text).split())
            assert (
                is_nothing
                or result[name] is not None
                or set(clean_text(text)) <= set(" %％万元人年,，")
            )
    # Saving what is shown changes nothing: neither what was read nor what was kept.
    again = form_class(form_as_sent(shown_again(form_class, result)), version=NO_RULES)
    assert {name: again.answers()[name] for name in names} == {name: result[name] for name in names}
    assert again.answers()["unparsed"].keys() == result["unparsed"].keys()


@given(st.sampled_from(["basic", "factory"]), typed_texts)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_typed_survives_the_way_through_the_database(draft, enterprise, slug, text):
    section = BY_SLUG[slug]
    typed = dict.fromkeys(typed_fields(section.form), text)
    sent = QueryDict(mutable=True)
    sent.update({**typed, SEEN: shown(draft, section).seen})
    page, outcome = save_section(draft.pk, section, sent, actor=enterprise)
    assert outcome.clashes == []
    stored = shown(draft, section)
    values = page.form.answers()
    for name, kept in values["unparsed"].items():
        assert stored.form[name].value() == kept == clean_text(text)
        assert stored.form.errors[name]
    for name, value in values.items():
        if name in typed and name not in values["unparsed"]:
            assert getattr(stored.form.instance, name) == value


def shown(application: Application, section: Section) -> SectionPage:
    return SectionPage.stored(Application.objects.with_sections().get(pk=application.pk), section)
