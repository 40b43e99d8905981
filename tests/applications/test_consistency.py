"""What does not go together is asked about, naming both places; what goes together is let be.

Every rule is shown once speaking and, on what merely looks like it, silent.
"""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from applications import checks
from applications.checks import Severity
from applications.models import Integrator
from tests.applications.test_checks import indicator, only

# The rules ask no database, but the filing they are shown was made in one.
pytestmark = pytest.mark.django_db


def change(answers, **values):
    for name, value in values.items():
        setattr(answers, name, value)


def said(filing):
    """What there is to say beyond blanks."""
    return [finding.message for finding in checks.findings(filing) if not finding.is_gap]


def silent(filing):
    return said(filing) == []


def year(filing, number):
    return next(row for row in filing.rows["finance_years"] if row.key == str(number))


def warns(filing, anchor, *words):
    """One warning, at this place, with all these words."""
    finding = only(filing)
    assert (finding.severity, finding.anchor) == (Severity.WARN, anchor)
    for word in words:
        assert word in finding.message
    return True


# 一、申报单位基本信息


@pytest.mark.parametrize(
    "phone",
    ["", "0351-1234567", "(0351)1234567", "03511234567", "0351 1234567-8012", "1234567、7654321"]
    + ["400-800-8000", "０３５１－１２３４５６７", "+86-0351-1234567", "0351—1234567转801"],
)
def test_a_landline_may_be_written_in_every_usual_way(phone, filing):
    filing.answers["basic"].contact_phone = phone
    assert silent(filing)


@pytest.mark.parametrize("phone", ["12345", "无", "0351-12345678901", "见上"])
def test_what_is_no_landline_is_asked_about(phone, filing):
    filing.answers["basic"].contact_phone = phone
    assert warns(filing, "id_contact_phone", f"“{phone}”不像电话号码")


def test_the_mobile_number_again_is_no_landline(filing):
    basic = filing.answers["basic"]
    basic.contact_phone = "199 1234 5678"
    assert basic.contact_mobile == "19912345678"
    assert warns(filing, "id_contact_phone", "与“联系方式（手机号）”相同")


def test_a_branch_says_whose_it_is(filing):
    basic = filing.answers["basic"]
    basic.is_branch = True
    assert (only(filing).anchor, only(filing).is_gap) == ("id_branch_note", True)
    basic.branch_note = "属某某有限公司。"
    assert checks.findings(filing) == []
    change(basic, is_branch=False, branch_note="")
    assert checks.findings(filing) == []


@pytest.mark.parametrize(
    ("score", "level"),
    [
        ("2.8", 3),
        ("3.79", 3),
        ("3.8", 4),
        ("4.79", 4),
        ("4.8", 5),
        ("5", 5),
    ],
)
def test_the_bounds_of_a_maturity_level_belong_to_the_higher_one(score, level, filing):
    change(filing.answers["basic"], maturity_level=level, maturity_score=Decimal(score))
    assert silent(filing)
    filing.answers["basic"].maturity_level = 5 if level == 3 else 3
    assert warns(filing, "id_maturity_score", f"对应 {level} 级", "GB/T 39116-2020")


def test_a_score_below_every_level_is_asked_about(filing):
    filing.answers["basic"].maturity_score = Decimal("0.79")
    assert warns(filing, "id_maturity_score", "未达到 1 级", "3 级")


def test_a_profit_above_the_revenue_is_asked_about(filing):
    row = year(filing, 2024)
    row.profit = row.revenue
    assert silent(filing)
    row.profit += 1
    assert warns(filing, "id_finance_years-2024-profit", "利润总额 10001.00", "10000.00")


@pytest.mark.parametrize(
    ("revenue", "asked"), [("999999", False), ("1000000", True), ("101", False), ("100", True)]
)
def test_a_sum_that_leaps_a_hundredfold_was_typed_in_another_unit(revenue, asked, filing):
    row = year(filing, 2024)
    change(row, revenue=Decimal(revenue), profit=Decimal(1), research_spending=Decimal(100))
    for answer in filing.rows["requirement_answers"]:
        answer.fixed = SimpleNamespace(**{**vars(answer.fixed), "title": "不谈规模"})
    assert bool(said(filing)) == asked
    if asked:
        assert warns(filing, "id_finance_years-2024-revenue", "2023年为 10000", "请核对单位")


def test_figures_that_are_missing_or_zero_leap_nowhere(filing):
    change(year(filing, 2023), revenue=None, assets=Decimal(0))
    assert silent(filing)


@pytest.mark.parametrize(("revenue", "asked"), [("2000", False), ("1999.99", True)])
def test_above_designated_size_is_two_thousand_in_the_latest_year(revenue, asked, filing):
    year(filing, 2024).revenue = Decimal(revenue)
    assert silent(filing) != asked
    if asked:
        assert warns(
            filing, "id_requirement_answers-B1-answer", "规模以上", "1,999.99", "2024年", "2000"
        )


def test_a_small_year_before_the_latest_is_nothing(filing):
    year(filing, 2022).revenue = Decimal(1500)
    assert silent(filing)


# 二、智能工厂基本情况


def test_building_begins_after_the_company_was_founded(filing):
    basic, factory = filing.answers["basic"], filing.answers["factory"]
    basic.founded_on = factory.started_on
    assert silent(filing)
    basic.founded_on = date(2022, 1, 2)
    assert warns(filing, "id_started_on", "2022年1月1日", "早于“成立日期”为 2022年1月2日")


def test_an_assessment_is_made_after_building_began(filing):
    basic = filing.answers["basic"]
    basic.maturity_assessed_on = date(2022, 1, 1)
    assert silent(filing)
    basic.maturity_assessed_on = date(2021, 12, 31)
    assert warns(filing, "id_maturity_assessed_on", "2021年12月31日", "2022年1月1日")


@pytest.mark.parametrize(
    ("parts", "asked"),
    [
        (("50", "30", "15", "5"), False),
        (("50", "20", "10", "0"), False),
        (("50", "20", "9", "0"), True),
        (("50", "20", "9", None), False),
        (("1", None, None, None), False),
        (("50", "30", "15", "6"), True),
    ],
)
def test_the_parts_of_the_investment_make_up_the_total(parts, asked, filing):
    names = ("equipment", "software", "integration", "other")
    factory = filing.answers["factory"]
    factory.total_investment = Decimal(100)
    for name, part in zip(names, parts, strict=True):
        setattr(factory, f"{name}_investment", part and Decimal(part))
    assert silent(filing) != asked
    if asked:
        assert warns(filing, "id_total_investment", "各项投资合计", "100 万元")


def test_an_investment_of_ten_times_the_assets_was_typed_in_another_unit(filing):
    factory = filing.answers["factory"]
    factory.total_investment = Decimal(200000)
    assert silent(filing)
    factory.total_investment = Decimal(200001)
    assert warns(filing, "id_total_investment", "200,001.00", "20000.00", "请核对单位")


@pytest.mark.parametrize(
    ("name", "is_own", "asked"),
    [
        ("测试企业1有限公司", True, False),
        ("测试企业1有限公司", False, True),
        ("测试企业 1 有限公司", False, True),
        ("本单位自建", True, False),
        ("本公司信息中心", True, False),
        ("信息化部", True, False),
        ("测试企业1智能装备有限公司", True, False),
        ("某某软件股份有限公司", True, True),
        ("某某软件股份有限公司", False, False),
        ("某大学", True, True),
        ("", True, False),
    ],
)
def test_who_built_it_and_the_tick_tell_the_same(name, is_own, asked, filing):
    filing.rows["integrators"] = [Integrator(key="x", name=name, work="集成", is_own=is_own)]
    assert silent(filing) != asked
    if asked:
        assert warns(filing, "id_integrators-x-is_own", name, "“自建”")


# 三、智能工厂场景建设情况


def test_a_scenario_belongs_to_the_chosen_segment(filing):
    row, version = filing.rows["instances"][0], filing.application.version
    scenario = next(s for s in version.scenarios if s.segment_id == row.segment_id)
    change(row, scenario=scenario, own_scenario="")
    assert checks.findings(filing) == []
    other = next(s for s in version.scenarios if s.segment_id != row.segment_id)
    row.scenario = other
    finding = only(filing)
    assert (finding.anchor, finding.severity) == ("id_scenario", Severity.BLOCK)
    assert finding.message == (
        f"典型场景实例 1：场景“{other.name}”属于环节“{other.segment}”，"
        f"与所选环节“{row.segment}”不符。"
    )


def test_a_scenario_is_chosen_or_named_not_both(filing):
    row, version = filing.rows["instances"][0], filing.application.version
    row.scenario = next(s for s in version.scenarios if s.segment_id == row.segment_id)
    finding = only(filing)
    assert (finding.anchor, finding.severity) == ("id_own_scenario", Severity.BLOCK)
    assert f"“{row.scenario.name}”" in finding.message
    assert "“自填场景”" in finding.message


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("基于机器学习的质量预测。", True),
        ("部署了 AI 视觉检测。", False),  # a blank between: not sure enough
        ("部署了AI视觉检测。", True),
        ("应用ＡＩ算法。", True),
        ("行业大模型辅助排产。", True),
        ("未应用人工智能技术。", False),
        ("下一步将引入人工智能。", False),
        ("计划应用深度学习。", False),
        ("采用16路AI/AO模块采集。", False),
        ("建成智能化仓储系统。", False),
        ("MAIN 算法。", False),
    ],
)
def test_an_instance_said_to_use_no_ai_does_not_write_of_it(text, asked, filing):
    row = filing.rows["instances"][0]
    row.content = text
    assert silent(filing) != asked
    if asked:
        assert warns(filing, "id_uses_ai", "填的是“否”", "“建设内容”")


def test_the_pain_before_may_speak_of_ai(filing):
    filing.rows["instances"][0].pain_point = "人工智能应用不足。"
    assert silent(filing)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("建设立体仓库和输送线，人工搬运减少。" * 20, True),
        ("建设立体仓库和输送线，人工搬运减少。" * 20 + "用神经网络识别。", False),
        ("采用自适应控制和预测模型。" * 20, False),
        ("建设立体仓库。", False),
    ],
)
def test_an_instance_said_to_use_ai_writes_a_word_of_it(text, asked, filing):
    row = filing.rows["instances"][0]
    change(row, uses_ai=True, content=text)
    indicator(filing, 3).value = Decimal(20)
    assert silent(filing) != asked
    if asked:
        assert warns(filing, "id_uses_ai", "填的是“是”", "没有写到")


@pytest.mark.parametrize(
    ("integration", "software", "lacking"),
    [
        ("MES 与 ERP 互通。", "制造执行系统（MES）", "ERP"),
        ("MES、APS、SRM 经总线互通。", "MES", "APS、SRM"),
        ("ＭＥＳ与 erp 互通。", "MES、ERP", ""),
        ("MES 与 ERP 互通。", "制造执行系统、企业资源计划系统", ""),
        ("WMS 下达指令。", "仓库管理系统", ""),
        ("SCADA 采集数据。", "数据平台", "SCADA"),
        ("SCADA 采集数据。", "数据采集与监控系统", ""),
        ("SCADA 采集数据。", "数据采集与监视控制系统", ""),
        ("各系统经 MESH 网络互通。", "数据平台", ""),
        ("后续计划建设 APS。", "数据平台", ""),
        ("尚未建设 PLM。", "数据平台", ""),
        ("制造执行系统与企业资源计划互通。", "数据平台", "制造执行系统"),
        ("企业资源计划（ERP）与制造执行系统互通。", "MES", "ERP"),
        ("计划、质量和设备数据同源。", "数据平台", ""),
        ("建立质量管理体系。", "数据平台", ""),
    ],
)
def test_a_system_that_is_connected_is_at_work_in_some_instance(
    integration, software, lacking, filing
):
    filing.answers["scenarios"].system_integration = integration
    filing.rows["instances"][2].software = software
    assert silent(filing) == (not lacking)
    if lacking:
        assert warns(filing, "id_system_integration", f"写到 {lacking}，", "“软件系统”")


def test_a_system_named_in_what_was_built_is_at_work_too(filing):
    filing.answers["scenarios"].system_integration = "APS 排产。"
    filing.rows["instances"][0].content = "建设 APS 高级排产。"
    assert silent(filing)


# 四、智能工厂建设成效


@pytest.mark.parametrize(
    ("no", "value", "asked"), [(7, "500", False), (7, "500.01", True), (4, "1000", False)]
)
def test_an_unlikely_value_is_asked_about(no, value, asked, filing):
    indicator(filing, no).value = Decimal(value)
    assert silent(filing) != asked
    if asked:
        assert warns(filing, f"id_indicator_values-{no}-value", "不多见", value)


def test_a_share_before_building_lies_between_nought_and_a_hundred(filing):
    row = indicator(filing, 1)
    row.before, row.after = Decimal(100), Decimal(12)
    assert silent(filing)
    row.before = Decimal("100.01")
    finding = only(filing)
    assert (finding.anchor, finding.severity) == ("id_indicator_values-1-before", Severity.BLOCK)


def test_a_rate_of_more_than_a_hundred_is_asked_about(filing):
    row = indicator(filing, 10)  # 设备综合利用率提升
    change(row, before=Decimal(80), after=Decimal(100), value=None)
    assert silent(filing)
    change(row, before=Decimal(90), after=Decimal(108))
    assert warns(filing, "id_indicator_values-10-after", "比率应在 0 到 100 之间")
    row = indicator(filing, 7)  # 生产效率提升: in whatever unit
    change(row, before=Decimal(900), after=Decimal(1080), value=None)
    assert len(said(filing)) == 1


def test_a_value_typed_over_the_computed_one_has_a_reason(filing):
    row = indicator(filing, 7)
    change(row, before=Decimal(10), after=Decimal(12), value=Decimal(25))
    warning, gap = checks.findings(filing)
    assert (warning.severity, warning.field) == (Severity.WARN, "value")
    assert (gap.severity, gap.is_gap, gap.anchor) == (
        Severity.BLOCK,
        True,
        "id_indicator_values-7-note",
    )
    row.note = "按产线加权平均。"
    assert checks.findings(filing) == []


def test_percentage_points_typed_for_a_rate_are_recognised(filing):
    row = indicator(filing, 10)
    change(row, before=Decimal(80), after=Decimal(90), value=Decimal(10))
    warning, _gap = checks.findings(filing)
    assert "应为 12.50" in warning.message and "百分点" in warning.message


def test_the_years_of_values_are_asked_for_once_for_all_rows(filing):
    for no in (5, 7, 9):
        row = indicator(filing, no)
        change(row, before=Decimal(10), after=Decimal(8 if no != 7 else 12), value=None)
        row.before_year = None
    assert warns(filing, "id_indicator_values-5-before_year", "指标 5、7、9 ")


def test_values_without_a_comparison_need_no_years(filing):
    change(indicator(filing, 1), after=Decimal(12), before_year=None, after_year=None)
    change(indicator(filing, 7), after=Decimal(12), before_year=None, after_year=None)
    assert silent(filing)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        (2021, 2024, ""),
        (2022, 2024, ""),
        (2024, 2024, "before_year"),
        (2021, 2021, "after_year"),
        (2021, 2022, ""),
        (None, None, ""),
    ],
)
def test_values_are_from_before_and_after_the_building(before, after, field, filing):
    change(indicator(filing, 7), before_year=before, after_year=after)
    assert silent(filing) == (not field)
    if field:
        assert warns(filing, f"id_indicator_values-7-{field}", "“建设开始日期”为 2022年1月1日")


def test_the_year_after_lies_not_before_the_year_before(filing):
    change(indicator(filing, 7), before_year=2022, after_year=2021)
    blocking = checks.blocking(checks.findings(filing))
    assert [f.anchor for f in blocking] == ["id_indicator_values-7-after_year"]
    assert "2021，早于“建设前年度”为 2022" in blocking[0].message


def test_nothing_was_measured_in_a_year_to_come(filing):
    indicator(filing, 7).after_year = 2099
    (finding,) = checks.findings(filing)
    assert (finding.severity, finding.field) == (Severity.BLOCK, "after_year")


def test_a_new_plant_names_what_it_compares_with(filing):
    results = filing.answers["results"]
    results.is_new_plant = True
    assert (only(filing).anchor, only(filing).is_gap) == ("id_baseline", True)
    results.baseline = "2023 年国内同行业平均水平"
    assert checks.findings(filing) == []


@pytest.mark.parametrize(
    ("baseline", "asked"),
    [
        ("老厂区", True),
        ("老厂区 2021 年数据", False),
        ("同行业平均水平", False),
        ("设计值", False),
    ],
)
def test_a_new_plant_has_no_past_of_its_own(baseline, asked, filing):
    change(filing.answers["results"], is_new_plant=True, baseline=baseline)
    indicator(filing, 7).before_year = 2021
    assert silent(filing) != asked
    if asked:
        assert warns(filing, "id_is_new_plant", "2021", "2022年1月1日")


def test_the_baseline_of_a_new_plant_may_be_later_than_its_beginning(filing):
    change(filing.answers["results"], is_new_plant=True, baseline="2023 年同行业平均水平")
    change(indicator(filing, 7), before_year=2025, after_year=2024)
    assert silent(filing)


@pytest.mark.parametrize(
    ("ticked", "value", "asked"),
    [
        (0, "0", False),
        (0, "12", True),
        (1, "0", True),
        (1, "20", False),
        (1, "40", False),
        (1, "40.01", True),
        (5, "100", False),
        (5, "60", True),
    ],
)
def test_the_share_of_ai_is_that_of_the_instances(ticked, value, asked, filing):
    for row in filing.rows["instances"][:ticked]:
        row.uses_ai = True
    indicator(filing, 3).value = Decimal(value)
    assert silent(filing) != asked
    if asked:
        assert warns(filing, "id_indicator_values-3-value", f"5 个典型场景实例中有 {ticked} 个")


def test_the_share_of_ai_waits_for_every_instance_to_answer(filing):
    filing.rows["instances"][0].uses_ai = None
    indicator(filing, 3).value = Decimal(12)
    assert silent(filing)


@pytest.fixture
def growing(filing):
    """Revenue that grew by a quarter from 2022 to 2024, staff as many as before."""
    year(filing, 2024).revenue = Decimal(12500)
    for no in (6, 15):
        change(indicator(filing, no), before_year=2022, after_year=2024)
        indicator(filing, no).value = Decimal(25)
    return filing


@pytest.mark.parametrize(
    ("value", "asked"), [("25", False), ("27.5", False), ("27.51", True), ("40", True)]
)
def test_the_growth_of_sales_is_that_of_the_revenue(value, asked, growing):
    indicator(growing, 6).value = Decimal(value)
    change(indicator(growing, 6), before_year=2022)
    assert silent(growing) != asked
    if asked:
        assert warns(growing, "id_indicator_values-6-value", "2022年、2024年的营业收入计算为 25.00")


@pytest.mark.parametrize(("value", "asked"), [("55", False), ("56", True)])
def test_productivity_is_not_far_from_revenue_per_head(value, asked, growing):
    change(indicator(growing, 15), before_year=2022, value=Decimal(value))
    assert silent(growing) != asked
    if asked:
        assert warns(growing, "id_indicator_values-15-value", "人均营业收入计算为 25.00")


def test_growth_from_before_the_three_years_cannot_be_told(growing):
    for no in (6, 15):
        change(indicator(growing, no), before_year=2019, value=Decimal(200))
    assert silent(growing)


def test_figures_of_a_new_plants_baseline_are_not_the_companys(growing):
    change(growing.answers["results"], is_new_plant=True, baseline="同行业平均水平")
    for no in (6, 15):
        change(indicator(growing, no), before_year=2022, value=Decimal(200))
    assert silent(growing)


# Numbers in texts


@pytest.mark.parametrize(
    ("no", "value", "text", "asked"),
    [
        (7, "25", "生产效率提升 20%。", "生产效率提升 20%"),
        (7, "25", "建成后，生产效率提高了20％，成本下降。", "生产效率提高了20%"),
        (7, "25", "工厂生产效率提升约10%。", "生产效率提升约10%"),
        (7, "25", "生产效率提升30%以上。", "生产效率提升30%以上"),
        (7, "25", "生产效率下降25%。", "生产效率下降25%"),
        (9, "30", "产品不良率降低 15.5%。", "产品不良率降低 15.5%"),
        (9, "30", "不良品率下降15%。", "不良品率下降15%"),
        (1, "80", "关键设备数控化率达到95%。", "关键设备数控化率达到95%"),
        (5, "20", "研制周期缩短40%。", "研制周期缩短40%"),
        (17, "20", "单位产品二氧化碳（CO₂）排放量降低40%。", "40%"),
        (7, "20", "生产效率提升 20%。", ""),
        (7, "20.4", "生产效率提升 20%。", ""),
        (7, "20.9", "生产效率提升 20%。", ""),
        (7, "25", "生产效率提升超过20%。", ""),
        (7, "25", "生产效率提升20%以上。", ""),
        (7, "21.5", "生产效率提升近23%。", ""),
        (7, "25", "生产效率提升 20 个百分点。", ""),
        (7, "25", "生产效率提升至95%。", ""),
        (7, "25", "焊接车间生产效率提升 40%。", ""),
        (7, "25", "焊接产线改造后，生产效率提升 40%。", ""),
        (7, "25", "同比生产效率提升 8%。", ""),
        (7, "25", "计划三年内生产效率提升 50%。", ""),
        (7, "25", "高于行业水平，生产效率提升 40%。", ""),
        (7, "25", "设备生产效率提升 40%。", ""),
        (7, "25", "生产效率、设备综合利用率分别提升 40%、15%。", ""),
        (7, "25", "生产效率明显提升。", ""),
        (15, "25", "劳动生产率提升 40%。", ""),
        (4, "25", "智能决策模型占 40%。", ""),
    ],
)
@pytest.mark.parametrize("place", [("factory", "results"), ("results", "effect")])
def test_a_figure_in_a_text_is_that_of_the_table(place, no, value, text, asked, filing):
    section, field = place
    indicator(filing, no).value = Decimal(value)
    setattr(filing.answers[section], field, f"项目成效显著。{text}")
    assert silent(filing) == (not asked)
    if asked:
        label = {"factory": "“建设成效”", "results": "“实施成效”"}[section]
        assert warns(filing, f"id_indicator_values-{no}-value", asked, value, label)


def test_a_figure_of_what_does_not_apply_is_let_be(filing):
    change(indicator(filing, 7), is_not_applicable=True, note="无。", value=None)
    filing.answers["results"].effect = "生产效率提升 20%。"
    assert silent(filing)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("研发投入占营业收入比重达到5%。", True),
        ("研发投入强度超过4%。", True),
        ("研发投入占比3%。", False),
        ("研发投入占比约3.4%。", False),
        ("研发投入强度2%以上。", False),
        ("研发投入占比高于行业平均，达8%。", False),
        ("计划研发投入占比达到8%。", False),
        ("研发人员占比15%。", False),
    ],
)
def test_the_share_of_research_in_a_text_is_that_of_a_year(text, asked, filing):
    filing.answers["factory"].introduction = text
    assert silent(filing) != asked
    if asked:
        assert warns(filing, "id_introduction", "3.00%、3.00%、3.00%", "“项目简介”")


def test_the_rules_are_at_least_a_dozen_and_each_says_why():
    rules = [rule for rule, _sections in checks.RULES]
    assert len(set(rules)) == len(rules) >= 24
    assert all(rule.__doc__ for rule in rules)
