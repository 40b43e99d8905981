"""Readiness: what a complete filing lacks once something is taken away from it.

A filing is changed in memory: the checks read what is there, and ask no database.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine

from applications import checks
from applications.checks import Severity
from applications.models import Integrator, ScenarioInstance
from applications.sections import BY_SLUG, INSTANCES
from portal.catalogue.models import Area, Level
from tests.applications.conftest import filing_of

TODAY = datetime(2026, 3, 1, 0, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
"""Half past midnight in Beijing is still yesterday in UTC."""

REQUIRED = {
    "basic": [
        "registered_division",
        "registered_address",
        "factory_address",
        "nature",
        "industry",
        "scale",
        "legal_representative",
        "founded_on",
        "registered_capital",
        "contact_name",
        "contact_mobile",
        "maturity_level",
    ],
    "factory": [
        "project_name",
        "started_on",
        "finished_on",
        "total_investment",
        "introduction",
        "results",
        "is_authentic",
    ],
    "scenarios": ["overall", "system_integration"],
    "results": ["advancement", "effect", "follow_up_plan"],
    "finance_years": ["revenue", "profit", "assets", "debt_ratio", "research_spending", "staff"],
    "requirement_answers": ["answer", "explanation"],
    "integrators": ["name", "work"],
    "instances": [
        "segment",
        "name",
        "pain_point",
        "content",
        "equipment",
        "software",
        "effect",
        "uses_ai",
    ],
    "indicator_values": ["value"],
}
OPTIONAL = {
    "basic": [
        "is_branch",
        "branch_note",
        "industry_detail",
        "contact_position",
        "contact_phone",
        "contact_email",
        "maturity_score",
        "maturity_report",
        "maturity_assessed_on",
        "honours",
    ],
    "factory": [
        "equipment_investment",
        "software_investment",
        "integration_investment",
        "other_investment",
    ],
    "finance_years": ["is_unaudited"],
    "integrators": ["is_own"],
    "instances": ["scenario"],
    "explanations": ["reason"],
    "results": ["is_new_plant", "baseline"],
    "indicator_values": [
        *("before", "before_year", "after", "after_year"),
        *("is_not_applicable", "note"),
    ],
}
GROUPS = {group.slug: (section, group) for section in BY_SLUG.values() for group in section.groups}


def places(fields):
    return [
        pytest.param(place, name, id=f"{place}-{name}")
        for place, names in fields.items()
        for name in names
    ]


def blank(db_field):
    return None if db_field.null else db_field.get_default()


def answers_at(filing, place):
    """The first set of answers at a place, with its section's slug."""
    if place in GROUPS:
        return filing.rows[place][0], GROUPS[place][0].slug
    return filing.answers[place], place


def brief(found):
    return [(f.section, f.group, f.key, f.field, f.severity) for f in found]


def messages(filing):
    return [finding.message for finding in checks.findings(filing)]


def only(filing):
    """The one thing there is to say."""
    (finding,) = checks.findings(filing)
    return finding


def indicator(filing, no):
    """One row of the table, with the years that values before and after are of."""
    row = next(row for row in filing.rows["indicator_values"] if row.key == str(no))
    row.before_year, row.after_year = 2021, 2024
    return row


def give_a_reason(filing):
    """Why a clause worded 原则上 is not met, so that only its warning is left."""
    for row in filing.rows["explanations"]:
        row.reason = "由集团统一建设。"


# Field by field


def test_a_complete_filing_has_nothing_to_mend(filing):
    assert checks.findings(filing) == []


def test_these_lists_name_every_field_there_is(filing):
    for place in [*BY_SLUG, *GROUPS]:
        answers, _section = answers_at(filing, place)
        named = {*REQUIRED.get(place, []), *OPTIONAL.get(place, [])}
        conditional = {"own_scenario"} if place == "instances" else set()
        assert {field.name for field in answers.answer_fields()} == named | conditional


@pytest.mark.parametrize(("place", "name"), places(REQUIRED))
def test_a_required_answer_that_is_missing_is_named(place, name, filing):
    give_a_reason(filing)  # without its 环节, an instance covers no 大环节
    answers, section = answers_at(filing, place)
    db_field = answers._meta.get_field(name)
    setattr(answers, name, blank(db_field))
    (finding,) = checks.blocking(checks.findings(filing))
    group, key = (place, answers.key) if place in GROUPS else ("", "")
    assert brief([finding]) == [(section, group, key, name, Severity.BLOCK)]
    assert finding.is_gap
    assert f"“{db_field.verbose_name}”" in finding.message
    assert "请填写" in finding.message or "请勾选" in finding.message
    on_own_page = place in ("", "instances") or not group
    assert finding.anchor == (f"id_{name}" if on_own_page else f"id_{group}-{key}-{name}")


@pytest.mark.parametrize(("place", "name"), places(OPTIONAL))
def test_an_optional_answer_may_be_missing(place, name, filing):
    answers, _section = answers_at(filing, place)
    setattr(answers, name, blank(answers._meta.get_field(name)))
    assert checks.findings(filing) == []


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("basic", "registered_capital"),
        ("factory", "total_investment"),
        ("finance_years", "revenue"),
        ("finance_years", "profit"),
        ("finance_years", "debt_ratio"),
        ("finance_years", "staff"),
        ("indicator_values", "value"),
    ],
)
@pytest.mark.parametrize("zero", [0, Decimal("0.00")])
def test_zero_is_an_answer(place, name, zero, filing):
    setattr(answers_at(filing, place)[0], name, zero)
    assert checks.blocking(checks.findings(filing)) == []


@pytest.mark.parametrize(("answer", "share"), [(True, 100), (False, 0)])
def test_both_yes_and_no_answer_whether_ai_is_used(answer, share, filing):
    for row in filing.rows["instances"]:
        row.uses_ai = answer
    indicator(filing, 3).value = Decimal(share)
    assert checks.findings(filing) == []


def test_a_value_that_did_not_parse_blocks_even_where_it_is_optional(filing):
    filing.answers["factory"].unparsed = {"software_investment": "约三百"}
    finding = only(filing)
    assert finding.message.startswith("“软件投资（万元）”：请填写数字，例如 1234.56")
    assert (finding.field, finding.severity, finding.is_gap) == (
        "software_investment",
        Severity.BLOCK,
        False,
    )


def test_a_required_value_that_did_not_parse_is_complained_of_once_and_why(filing, db):
    basic = filing.answers["basic"]
    basic.founded_on, basic.unparsed = None, {"founded_on": "2024-02-30"}
    assert messages(filing) == ["“成立日期”：日期请写成 2024-11-22 这样的形式，并确认这一天存在。"]


def test_a_kept_text_that_would_be_taken_today_is_to_be_saved_again(filing):
    filing.answers["factory"].unparsed = {"software_investment": "300"}
    assert only(filing).message == "“软件投资（万元）”：未能保存，请核对后重新保存。"


def test_what_did_not_parse_in_a_row_names_row_and_reason(filing):
    row = filing.rows["integrators"][0]
    row.name, row.unparsed = "", {"name": "字" * 103}
    assert messages(filing) == ["集成商 1：“集成商名称”：最多 100 字，现有 103 字，请删减 3 字。"]


def test_a_text_at_its_limit_is_fine(filing):
    filing.answers["factory"].introduction = "字" * 2000
    assert checks.findings(filing) == []


def test_a_text_over_its_limit_says_how_much_to_cut(filing):
    filing.answers["factory"].introduction = "字" * 2013
    finding = only(filing)
    assert finding.message == "“项目简介”最多 2000 字，现有 2013 字，请删减 13 字。"
    assert (finding.severity, finding.is_gap) == (Severity.BLOCK, False)


def test_a_too_long_text_of_a_row_names_the_row(filing):
    filing.rows["instances"][1].content = "字" * 3001
    assert messages(filing) == [
        "典型场景实例 2：“建设内容”最多 3000 字，现有 3001 字，请删减 1 字。"
    ]


def test_a_fixed_row_is_named_by_its_official_title(filing):
    filing.rows["finance_years"][2].revenue = None
    assert messages(filing) == ["2024年：请填写“营业收入（万元）”。"]


def test_a_basic_requirement_is_named_by_its_number_not_by_its_clause(filing):
    filing.rows["requirement_answers"][3].explanation = ""
    assert messages(filing) == ["基础要求 4：请填写“情况说明”。"]


def test_the_three_full_years_before_the_round_are_asked_for(filing):
    assert [row.key for row in filing.rows["finance_years"]] == ["2022", "2023", "2024"]


def test_the_basic_requirements_of_the_rounds_level_are_asked_for(filing):
    keys = [row.key for row in filing.rows["requirement_answers"]]
    assert keys == ["B1", "B2", "B3", "B4", "B5-excellent"]


def test_all_twenty_indicators_are_asked_for(filing):
    assert [row.key for row in filing.rows["indicator_values"]] == [str(n) for n in range(1, 21)]


# Numbers of rows


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("integrators", "请至少填写 1 条“集成商”。"),
        ("instances", "请至少填写 1 条“典型场景实例”。"),
    ],
)
def test_at_least_one_row_is_needed(group, message, filing):
    filing.rows[group] = []
    finding = only(filing)
    assert (finding.message, finding.anchor, finding.is_gap) == (message, group, True)
    assert finding.severity == Severity.BLOCK


def test_a_second_integrator_is_checked_as_well(filing):
    filing.rows["integrators"].append(Integrator(key="b2", name="乙公司"))
    finding = only(filing)
    assert finding.message == "集成商 2：请填写“承担内容”。"
    assert finding.anchor == "id_integrators-b2-work"


# Dates


@pytest.fixture
def today():
    with time_machine.travel(TODAY, tick=False):
        yield TODAY.date()


def test_an_end_before_the_beginning_is_noticed(filing):
    factory = filing.answers["factory"]
    factory.started_on, factory.finished_on = date(2024, 6, 2), date(2024, 6, 1)
    finding = only(filing)
    assert (finding.field, finding.severity) == ("finished_on", Severity.BLOCK)
    assert finding.message == "“建设完成日期”早于“建设开始日期”（2024-06-02），请核对。"


def test_a_factory_built_in_a_day_is_believed(filing):
    factory = filing.answers["factory"]
    factory.started_on = factory.finished_on = date(2024, 6, 1)
    assert checks.findings(filing) == []


def test_a_factory_finished_today_in_beijing_is_finished(filing, today):
    filing.answers["factory"].finished_on = today
    assert checks.findings(filing) == []


def test_a_factory_finished_tomorrow_is_not_finished_yet(filing, today):
    filing.answers["factory"].finished_on = today + timedelta(days=1)
    finding = only(filing)
    assert finding.message == "“建设完成日期”为 2026-03-02，尚未到；申报主体应已完成智能工厂建设。"
    assert (finding.field, finding.severity) == ("finished_on", Severity.BLOCK)
    assert finding.clause == "通知一、申报条件（二）"


@pytest.mark.parametrize(
    ("place", "name"),
    [("basic", "founded_on"), ("basic", "maturity_assessed_on"), ("factory", "started_on")],
)
def test_what_lies_behind_cannot_lie_ahead(place, name, filing, today):
    answers, factory = filing.answers[place], filing.answers["factory"]
    factory.started_on = factory.finished_on = None
    setattr(answers, name, today)
    assert [f for f in checks.findings(filing) if not f.is_gap] == []
    setattr(answers, name, today + timedelta(days=1))
    (finding,) = [f for f in checks.findings(filing) if not f.is_gap]
    assert (finding.field, finding.severity) == (name, Severity.BLOCK)
    assert "在今天之后" in finding.message


# Money


@pytest.mark.parametrize(
    ("equipment", "software", "warned"),
    [
        (None, None, False),
        (Decimal("12345.60"), None, False),
        (Decimal("12345.59"), Decimal("0.01"), False),
        (Decimal("12345.60"), Decimal("0.01"), True),
        (None, Decimal("12345.61"), True),
    ],
)
def test_parts_above_the_total_are_to_be_looked_at(equipment, software, warned, filing):
    factory = filing.answers["factory"]
    factory.equipment_investment, factory.software_investment = equipment, software
    found = [(f.severity, f.field, f.message) for f in checks.findings(filing)]
    message = "各项投资合计 12345.61 万元，超过“总投资” 12345.60 万元。"
    assert found == ([(Severity.WARN, "total_investment", message)] if warned else [])


@pytest.mark.parametrize("name", ["integration_investment", "other_investment"])
def test_every_part_counts_towards_the_total(name, filing):
    factory = filing.answers["factory"]
    factory.equipment_investment = factory.total_investment
    setattr(factory, name, Decimal("0.01"))
    assert only(filing).severity == Severity.WARN


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("debt_ratio", "100", ""),
        ("debt_ratio", "100.01", "2024年：资产负债率为 100.01%，超过 100%，请核对。"),
        ("research_spending", "10000", ""),
        (
            "research_spending",
            "10000.01",
            "2024年：研发投入 10000.01 万元，超过营业收入 10000.00 万元，请核对。",
        ),
    ],
)
def test_figures_of_a_year_that_do_not_go_together_are_to_be_looked_at(
    name, value, message, filing
):
    row = filing.rows["finance_years"][2]
    setattr(row, name, Decimal(value))
    found = [(f.severity, f.key, f.field, f.message) for f in checks.findings(filing)]
    assert found == ([(Severity.WARN, "2024", name, message)] if message else [])


# Scenario instances


def test_an_instance_needs_a_scenario_of_the_guide_or_its_own(filing):
    filing.rows["instances"][0].own_scenario = ""
    finding = only(filing)
    assert finding.message == "典型场景实例 1：请选择“场景”，或自行填写场景名。"
    assert (finding.anchor, finding.is_gap) == ("id_scenario", True)


def test_a_scenario_refused_at_the_form_is_complained_of_once(filing):
    row = filing.rows["instances"][0]
    row.own_scenario, row.unparsed = "", {"scenario": "99"}
    (message,) = messages(filing)
    assert message.startswith("典型场景实例 1：“场景”：")


def test_the_same_instance_twice_is_to_be_looked_at(filing):
    first, second = filing.rows["instances"][0], filing.rows["instances"][1]
    filing.rows["instances"].append(
        ScenarioInstance(
            **{f.name: getattr(first, f.name) for f in first.answer_fields()}, key="again"
        )
    )
    finding = only(filing)
    assert finding.message == f"典型场景实例 6 与第 1 条重复：{first.line}"
    assert (finding.severity, finding.key, finding.field) == (Severity.WARN, "again", "name")
    filing.rows["instances"][-1].segment = second.segment
    assert checks.findings(filing) == []


def test_unnamed_instances_are_not_called_duplicates(filing):
    give_a_reason(filing)
    rows = filing.rows["instances"]
    for row in (rows[0], rows[1]):
        row.name = ""
    rows[1].segment = rows[0].segment
    assert [f.field for f in checks.blocking(checks.findings(filing))] == ["name", "name"]


# Indicators


@pytest.mark.parametrize(
    ("no", "value", "complaint"),
    [
        (1, "0", ""),
        (1, "100", ""),
        (1, "100.01", "是比率，应在 0 到 100 之间"),
        (1, "-0.01", "是比率，应在 0 到 100 之间"),
        (4, "0", ""),
        (4, "12.00", ""),
        (4, "12.5", "是数量，应为不小于 0 的整数"),
        (4, "-1", "是数量，应为不小于 0 的整数"),
        (5, "100", ""),
        (5, "100.01", "最多下降 100%"),
        (6, "250", ""),
        (6, "-100.01", "最多下降 100%"),
    ],
)
def test_an_indicators_value_lies_in_its_range(no, value, complaint, filing):
    row = indicator(filing, no)
    row.value = Decimal(value)
    found = checks.findings(filing)
    if not complaint:
        assert found == []
        return
    (finding,) = found
    assert complaint in finding.message
    assert (finding.severity, finding.anchor) == (
        Severity.BLOCK,
        f"id_indicator_values-{no}-value",
    )


@pytest.mark.parametrize("no", [5, 6])
def test_a_change_for_the_worse_is_to_be_looked_at(no, filing):
    indicator(filing, no).value = Decimal("-30")
    finding = only(filing)
    assert (finding.severity, finding.field) == (Severity.WARN, "value")
    assert finding.message.endswith("-30 是负数，表示建设后不如建设前，请核对。")


@pytest.mark.parametrize(
    ("no", "typed", "warned"),
    [
        (5, "20.01", False),
        (5, "20.02", True),
        (5, "19.98", True),
        (1, "8.00", False),
        (1, "9", True),
    ],
)
def test_a_typed_value_unlike_the_computed_one_is_to_be_looked_at(no, typed, warned, filing):
    row = indicator(filing, no)
    row.before, row.after, row.value = Decimal(10), Decimal(8), Decimal(typed)
    found = checks.findings(filing)
    assert [f.field for f in found] == (["value", "note"] if warned else [])
    if warned:
        assert (found[0].severity, found[1].severity) == (Severity.WARN, Severity.BLOCK)
        assert f"填写的是 {typed}，按建设前后的值应为 {row.computed}" in found[0].message


@pytest.mark.parametrize("no", [5, 6])
def test_a_change_from_zero_cannot_be_computed_and_says_so(no, filing):
    row = indicator(filing, no)
    row.value, row.before, row.after = None, Decimal("0.0000"), Decimal(10)
    finding = only(filing)
    assert finding.message.endswith("：建设前为 0，无法计算，请直接填写指标值。")
    assert (finding.field, finding.severity, finding.is_gap) == ("value", Severity.BLOCK, False)
    row.value = Decimal(7)
    assert checks.findings(filing) == []


def test_not_applicable_needs_a_reason_and_no_value(filing):
    row = indicator(filing, 5)
    row.is_not_applicable, row.value = True, None
    finding = only(filing)
    assert (finding.field, finding.is_gap, finding.severity) == ("note", True, Severity.BLOCK)
    row.note = "本单位不从事研发。"
    assert checks.findings(filing) == []


def test_the_range_of_what_is_not_applicable_does_not_matter(filing):
    row = indicator(filing, 1)
    row.is_not_applicable, row.note, row.value = True, "无此设备。", Decimal("900")
    assert checks.findings(filing) == []


@pytest.mark.parametrize(
    ("no", "before", "after", "expected"),
    [
        (5, "10", "8", "20.00"),
        (5, "8", "10", "-25.00"),
        (5, "3", "2", "33.33"),
        (5, "10", "0", "100.00"),
        (6, "8", "10", "25.00"),
        (6, "10", "8", "-20.00"),
        (6, "-10", "5", "150.00"),
        (6, "-10", "-12", "-20.00"),
        (6, "10", "10", "0.00"),
        (6, "0.0001", "0.0002", "100.00"),
        (6, "0", "10", None),
        (1, "40", "50", "50.00"),
        (1, "0", "50.006", "50.01"),
        (4, "4", "5", "5.00"),
    ],
)
def test_a_blank_value_is_computed_in_the_indicators_good_direction(
    no, before, after, expected, filing
):
    row = indicator(filing, no)
    row.value, row.before, row.after = None, Decimal(before), Decimal(after)
    value = row.value_of("value")
    assert value == (expected and Decimal(expected))
    blocking = checks.blocking(checks.findings(filing))
    assert [f.field for f in blocking] == ([] if expected else ["value"])


def test_a_level_needs_no_value_from_before(filing):
    row = indicator(filing, 18)
    row.value, row.before, row.after = None, None, Decimal("96.5")
    assert row.value_of("value") == Decimal("96.50")
    assert checks.findings(filing) == []


def test_a_number_of_things_taken_from_after_must_be_whole(filing):
    row = indicator(filing, 4)
    row.value, row.after = None, Decimal("4.5")
    assert "是数量，应为不小于 0 的整数" in only(filing).message


@pytest.mark.parametrize(("before", "after"), [(None, "8"), ("10", None)])
def test_nothing_is_computed_from_half(before, after, filing):
    row = indicator(filing, 5)
    row.value = None
    row.before, row.after = before and Decimal(before), after and Decimal(after)
    assert [(f.field, f.is_gap) for f in checks.findings(filing)] == [("value", True)]


def test_a_typed_value_wins_over_the_computed_one(filing):
    row = indicator(filing, 5)
    row.before, row.after, row.value = Decimal(10), Decimal(8), Decimal("19.5")
    assert row.value_of("value") == Decimal("19.5")


def test_a_value_that_did_not_parse_is_not_replaced_by_the_computed_one(filing):
    row = indicator(filing, 5)
    row.before, row.after, row.value, row.unparsed = Decimal(10), Decimal(8), None, {"value": "约2"}
    assert row.value_of("value") is None
    assert [f.field for f in checks.findings(filing)] == ["value"]


def test_a_computed_fall_below_zero_is_impossible(filing):
    row = indicator(filing, 5)
    row.value, row.before, row.after = None, Decimal(10), Decimal(-1)
    assert "最多下降 100%" in only(filing).message


# Clause by clause


@pytest.fixture
def at_level(filled):
    """The same answers in a round of another level."""

    def change(level, maturity):
        filled.round.level = level
        filled.round.save()
        filing = filing_of(filled)
        filing.answers["basic"].maturity_level = maturity
        for row in filing.rows["requirement_answers"]:
            row.answer, row.explanation = "yes", "符合。"
        return filing

    return change


@pytest.mark.parametrize(
    ("level", "minimum"), [("basic", 2), ("advanced", 2), ("excellent", 3), ("leading", 4)]
)
def test_the_maturity_each_level_asks_for_blocks(level, minimum, at_level):
    assert checks.findings(at_level(level, minimum)) == []
    assert checks.findings(at_level(level, 5)) == []
    finding = only(at_level(level, minimum - 1))
    said = f"成熟度等级为 {minimum - 1} 级，{Level(level).label}要求 {minimum} 级及以上。"
    assert finding.message == said
    assert (finding.field, finding.severity) == ("maturity_level", Severity.BLOCK)
    assert finding.clause == "附件2 一、基础要求 5"


@pytest.mark.parametrize("number", range(5))
def test_a_requirement_not_met_blocks_with_its_clause(number, filing):
    row = filing.rows["requirement_answers"][number]
    row.answer = "no"
    finding = only(filing)
    assert finding.message == (
        f"基础要求 {number + 1} 自查为“不符合”。不符合基础要求的不能申报；如填错请改正。"
    )
    assert finding.clause == f"附件2 一、基础要求 {number + 1}"
    assert (finding.severity, finding.is_gap) == (Severity.BLOCK, False)
    assert finding.anchor == f"id_requirement_answers-{row.key}-answer"


@pytest.mark.parametrize(
    ("level", "maturity", "severity", "clause"),
    [
        ("excellent", 3, Severity.WARN, "附件2 四（一）"),
        ("leading", 4, Severity.BLOCK, "附件2 五（一）"),
    ],
)
def test_an_area_not_covered_weighs_as_its_clause_is_worded(
    level, maturity, severity, clause, at_level
):
    filing = at_level(level, maturity)
    give_a_reason(filing)
    lost = filing.rows["instances"].pop(1).segment.area
    finding = only(filing)
    assert (finding.severity, finding.clause, finding.section) == (severity, clause, "scenarios")
    counting = [s.name for s in filing.application.version.segments if s.area == lost]
    assert finding.message.endswith(
        f"尚未覆盖：{Area(lost).label}（环节：{'、'.join(counting)}）。"
    )


def test_every_area_not_covered_is_listed_in_the_notices_order(filing):
    give_a_reason(filing)
    del filing.rows["instances"][1:]
    assert only(filing).message.endswith(
        "尚未覆盖：研发设计（环节：产品设计、工艺设计）；"
        "生产作业（环节：生产作业、质量管控、设备管理）；"
        "生产管理（环节：计划调度、仓储物流、安全管控、能碳管理、环保管理）；"
        "运营管理（环节：营销与售后、供应链管理）。"
    )


def test_no_instance_at_all_is_said_once(filing):
    filing.rows["instances"] = []
    assert messages(filing) == ["请至少填写 1 条“典型场景实例”。"]


def test_a_segment_without_area_covers_none(filing):
    other = next(s for s in filing.application.version.segments if not s.area)
    filing.rows["instances"][1].segment = other
    give_a_reason(filing)
    assert [f.severity for f in checks.findings(filing)] == [Severity.WARN]


def test_the_lowest_level_asks_for_production_only(at_level):
    filing = at_level("basic", 2)
    rows = filing.rows["instances"]
    filing.rows["instances"] = [row for row in rows if row.segment.area == Area.PRODUCTION]
    assert checks.findings(filing) == []
    filing.rows["instances"] = [row for row in rows if row.segment.area != Area.PRODUCTION]
    finding = only(filing)
    assert finding.message == (
        "至少覆盖生产作业环节，尚未覆盖：生产作业（环节：生产作业、质量管控、设备管理）。"
    )
    assert (finding.severity, finding.clause) == (Severity.BLOCK, "附件2 二（一）")


# Progress


def test_a_complete_filing_is_complete_in_every_section(filing):
    progress = checks.progress(filing, checks.findings(filing))
    assert all(done == required > 0 for done, required in progress.values())
    assert list(progress) == list(BY_SLUG)


def test_an_empty_draft_has_done_nothing(draft):
    filing = filing_of(draft)
    progress = checks.progress(filing, checks.findings(filing))
    assert progress == {
        "basic": (2, 12 + 3 * 6 + 5 * 2),
        "factory": (0, 7 + 1),
        "scenarios": (0, 2 + 1),
        "results": (0, 3 + 20),
    }


def test_each_answer_counts_for_one(filing):
    before = checks.progress(filing, checks.findings(filing))["basic"]
    filing.answers["basic"].contact_name = ""
    filing.rows["finance_years"][0].staff = None
    done, required = checks.progress(filing, checks.findings(filing))["basic"]
    assert (done, required) == (before[0] - 2, before[1])


def test_a_required_answer_filled_wrongly_is_not_done(filing):
    factory = filing.answers["factory"]
    factory.started_on, factory.unparsed = None, {"started_on": "去年"}
    factory.introduction = "字" * 2001
    done, required = checks.progress(filing, checks.findings(filing))["factory"]
    assert done == required - 2


def test_a_mistake_in_an_optional_answer_leaves_the_required_ones_done(filing):
    filing.answers["factory"].unparsed = {"software_investment": "约三百"}
    done, required = checks.progress(filing, checks.findings(filing))["factory"]
    assert done == required


def test_a_warning_leaves_an_answer_done(filing):
    filing.rows["finance_years"][0].debt_ratio = Decimal(120)
    done, required = checks.progress(filing, checks.findings(filing))["basic"]
    assert done == required


def test_an_instance_without_a_scenario_is_not_done(filing):
    filing.rows["instances"][0].own_scenario = ""
    done, required = checks.progress(filing, checks.findings(filing))["scenarios"]
    assert done == required - 1


def test_findings_come_in_the_order_of_the_sections(draft):
    sections = [finding.section for finding in checks.findings(filing_of(draft))]
    assert sections == sorted(sections, key=list(BY_SLUG).index)


def test_a_page_of_one_section_is_checked_without_the_others(filled):
    filing = filing_of(filled)
    del filing.answers["basic"], filing.answers["scenarios"], filing.answers["results"]
    filing.rows = {"integrators": []}
    assert messages(filing) == ["请至少填写 1 条“集成商”。"]


def test_instances_are_edited_on_their_own_page():
    finding = checks.Finding("scenarios", "…", field="name", group=INSTANCES.slug, key="k")
    assert finding.anchor == "id_name"
