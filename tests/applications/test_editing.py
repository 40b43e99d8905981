"""A section's page: what is shown, what comes back, and what somebody else did meanwhile."""

import pytest
from django.http import QueryDict

from applications import workflow
from applications.editing import SectionPage, whole_number
from applications.models import Application, FactoryOverview, FinanceYear, Integrator
from applications.sections import BY_SLUG, Filing
from tests import cast
from tests.applications.conftest import as_sent

FACTORY, BASIC, RESULTS = BY_SLUG["factory"], BY_SLUG["basic"], BY_SLUG["results"]


def with_sections(application):
    return Application.objects.with_sections().get(pk=application.pk)


def shown(application, section):
    return SectionPage.stored(with_sections(application), section)


def posted(application, section, data):
    return SectionPage.posted(cast.fresh(application), section, data)


def save(application, section, data, actor):
    page = posted(application, section, data)
    workflow.save_section(
        application, section, page.values(), version=page.version, rows=page.rows(), actor=actor
    )
    return page


def contents(application):
    """Every answer and row of the application, without the traces of saving."""
    filing = Filing.of(with_sections(application))
    return [
        (section.slug, group and (group.slug, answers.key), answers.unparsed)
        + tuple((f.name, getattr(answers, f.name)) for f in answers.answer_fields())
        for section, group, answers, _number in filing.blocks()
    ]


def integrators(application):
    return [(row.key, row.name, row.work) for row in application.integrators.all()]


def with_rows(version, *rows):
    """A page of the factory section holding just these integrators: (key, name, work)."""
    data = QueryDict(mutable=True)
    data["version"] = str(version)
    data.setlist("integrators", [key for key, _name, _work in rows])
    for key, name, work in rows:
        data[f"integrators-{key}-name"] = name
        data[f"integrators-{key}-work"] = work
    return data


# The page as a whole


@pytest.mark.parametrize("section", BY_SLUG.values(), ids=BY_SLUG)
def test_saving_a_page_as_shown_changes_no_answer(section, filled, enterprise):
    before = contents(filled)
    page = save(filled, section, as_sent(shown(filled, section)), enterprise)
    assert page.mistakes == 0
    assert contents(filled) == before


@pytest.mark.parametrize("section", BY_SLUG.values(), ids=BY_SLUG)
def test_an_empty_page_is_saved_without_a_word(section, draft, enterprise):
    page = save(draft, section, as_sent(shown(draft, section)), enterprise)
    assert page.mistakes == 0
    assert shown(draft, section).version == 1


@pytest.mark.parametrize("section", BY_SLUG.values(), ids=BY_SLUG)
def test_a_request_with_no_fields_at_all_is_no_accident(section, draft, enterprise):
    save(draft, section, QueryDict(), enterprise)
    assert shown(draft, section).version == 1


def test_what_did_not_parse_is_shown_again_after_reloading(filled, enterprise):
    data = as_sent(
        shown(filled, FACTORY),
        total_investment="约三亿",
        started_on="2024-02-30",
        project_name="字" * 101,
    )
    assert save(filled, FACTORY, data, enterprise).mistakes == 3
    page = shown(filled, FACTORY)
    assert page.form["total_investment"].value() == "约三亿"
    assert page.form["started_on"].value() == "2024-02-30"
    assert page.form["project_name"].value() == "字" * 101
    assert set(page.form.errors) == {"total_investment", "started_on", "project_name"}
    stored = FactoryOverview.objects.get(application=filled)
    assert (stored.total_investment, stored.started_on, stored.project_name) == (None, None, "")
    assert stored.introduction == "项目简介。"


def test_what_was_mended_is_no_longer_kept_as_typed(filled, enterprise):
    save(filled, FACTORY, as_sent(shown(filled, FACTORY), total_investment="约三亿"), enterprise)
    save(filled, FACTORY, as_sent(shown(filled, FACTORY), total_investment="30000"), enterprise)
    stored = FactoryOverview.objects.get(application=filled)
    assert (stored.total_investment, stored.unparsed) == (30000, {})


def test_what_was_cleared_is_no_longer_kept_as_typed(filled, enterprise):
    save(filled, FACTORY, as_sent(shown(filled, FACTORY), started_on="去年"), enterprise)
    save(filled, FACTORY, as_sent(shown(filled, FACTORY), started_on=""), enterprise)
    stored = FactoryOverview.objects.get(application=filled)
    assert (stored.started_on, stored.unparsed) == (None, {})


def test_blanks_of_a_new_draft_are_not_shouted_about(draft):
    page = shown(draft, BASIC)
    assert page.form.errors == {}
    assert all(not row.form.errors for rows in page.row_forms.values() for row in rows)


def test_findings_stand_beside_their_fields(filled, enterprise):
    data = as_sent(shown(filled, FACTORY), started_on="2024-06-02", finished_on="2024-06-01")
    assert save(filled, FACTORY, data, enterprise).mistakes == 0
    assert list(shown(filled, FACTORY).form.errors) == ["finished_on"]


def test_a_finding_about_a_row_stands_in_that_row(filled, enterprise):
    data = as_sent(shown(filled, RESULTS), **{"indicator_values-4-value": "1.5"})
    save(filled, RESULTS, data, enterprise)
    (rows,) = shown(filled, RESULTS).row_forms.values()
    assert {row.row.key: list(row.form.errors) for row in rows if row.form.errors} == {
        "4": ["value"]
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("0", 0),
        ("", 0),
        (None, 0),
        ("-1", 0),
        ("abc", 0),
        ("１２", 0),
        ("²", 0),
        ("1.0", 0),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, 0),
    ],
)
def test_a_tampered_version_is_none(text, number):
    assert whole_number(text) == number


# Rows that people add


def test_one_blank_row_is_always_offered(draft, enterprise):
    (rows,) = shown(draft, FACTORY).row_forms.values()
    assert [row.is_new for row in rows] == [True]
    save(draft, FACTORY, with_rows(0, (rows[0].row.key, "甲", "总包")), enterprise)
    (rows,) = shown(draft, FACTORY).row_forms.values()
    assert [row.is_new for row in rows] == [False, True]


def test_rows_are_stored_in_the_order_of_the_page(draft, enterprise):
    save(draft, FACTORY, with_rows(0, ("b", "乙", "二"), ("a", "甲", "一")), enterprise)
    assert integrators(draft) == [("b", "乙", "二"), ("a", "甲", "一")]
    save(draft, FACTORY, with_rows(1, ("a", "甲", "一"), ("b", "乙", "二")), enterprise)
    assert integrators(draft) == [("a", "甲", "一"), ("b", "乙", "二")]


def test_a_row_bears_who_edited_it(draft, enterprise):
    save(draft, FACTORY, with_rows(0, ("a", "甲", "一")), enterprise)
    row = Integrator.objects.get()
    assert row.edited_by == enterprise
    assert row.edited_at is not None


@pytest.mark.parametrize("blank", ["", "  ", "\u3000", "\u200b"])
def test_a_blank_row_is_not_stored(blank, draft, enterprise):
    save(draft, FACTORY, with_rows(0, ("a", blank, blank), ("b", "乙", "")), enterprise)
    assert integrators(draft) == [("b", "乙", "")]


def test_a_row_made_blank_is_removed(draft, enterprise):
    save(draft, FACTORY, with_rows(0, ("a", "甲", "一"), ("b", "乙", "二")), enterprise)
    save(draft, FACTORY, with_rows(1, ("a", "", ""), ("b", "乙", "二")), enterprise)
    assert integrators(draft) == [("b", "乙", "二")]


def test_a_row_ticked_for_deletion_is_removed_whatever_it_says(draft, enterprise):
    save(draft, FACTORY, with_rows(0, ("a", "甲", "一"), ("b", "乙", "二")), enterprise)
    data = with_rows(1, ("a", "甲改", "一"), ("b", "乙", "二"))
    data["integrators-a-delete"] = "on"
    save(draft, FACTORY, data, enterprise)
    assert integrators(draft) == [("b", "乙", "二")]


def test_deleting_a_row_that_never_was_is_no_mistake(draft, enterprise):
    data = with_rows(0, ("new", "甲", "一"))
    data["integrators-new-delete"] = "on"
    save(draft, FACTORY, data, enterprise)
    assert integrators(draft) == []


def test_a_row_left_out_of_the_page_stays(draft, enterprise):
    save(draft, FACTORY, with_rows(0, ("a", "甲", "一")), enterprise)
    save(draft, FACTORY, with_rows(1), enterprise)
    assert integrators(draft) == [("a", "甲", "一")]


def test_a_row_with_nothing_but_a_mistake_is_kept(draft, enterprise):
    save(draft, FACTORY, with_rows(0, ("a", "字" * 101, "")), enterprise)
    row = Integrator.objects.get()
    assert (row.name, row.unparsed) == ("", {"name": "字" * 101})
    (rows,) = shown(draft, FACTORY).row_forms.values()
    assert rows[0].form["name"].value() == "字" * 101
    assert list(rows[0].form.errors) == ["name"]


@pytest.mark.parametrize(
    "key", ["", "../a", "a b", "键", "a" * 33, "a_b", "a\n", "-" * 33, "<script>", "a.b"]
)
def test_a_forged_key_is_ignored(key, draft, enterprise):
    save(draft, FACTORY, with_rows(0, (key, "甲", "一"), ("b", "乙", "二")), enterprise)
    assert integrators(draft) == [("b", "乙", "二")]


def test_a_key_sent_twice_is_one_row(draft, enterprise):
    data = with_rows(0, ("a", "甲", "一"))
    data.setlist("integrators", ["a", "a"])
    save(draft, FACTORY, data, enterprise)
    assert integrators(draft) == [("a", "甲", "一")]


def test_the_key_of_a_rivals_row_makes_a_row_of_ones_own(round, draft, enterprise, rival):
    other = workflow.start(round, actor=rival)
    save(other, FACTORY, with_rows(0, ("a", "对手", "机密")), rival)
    save(draft, FACTORY, with_rows(0, ("a", "甲", "一")), enterprise)
    data = with_rows(1, ("a", "甲", "一"))
    data["integrators-a-delete"] = "on"
    save(draft, FACTORY, data, enterprise)
    assert integrators(other) == [("a", "对手", "机密")]
    assert integrators(draft) == []


# Rows of the notice


def test_only_the_rounds_own_years_are_stored(draft, enterprise):
    data = as_sent(shown(draft, BASIC), **{"finance_years-2023-revenue": "1,000"})
    data["finance_years-1999-revenue"] = "5"
    data.setlist("finance_years", ["1999", "2023"])
    save(draft, BASIC, data, enterprise)
    stored = {row.key: row.revenue for row in draft.finance_years.all()}
    assert stored == {"2022": None, "2023": 1000, "2024": None}


def test_a_row_of_the_notice_is_never_deleted(filled, enterprise):
    data = as_sent(shown(filled, BASIC), **{"finance_years-2023-revenue": ""})
    save(filled, BASIC, data, enterprise)
    assert [row.key for row in filled.finance_years.all()] == ["2022", "2023", "2024"]
    data = as_sent(shown(filled, BASIC), **{"finance_years-2023-delete": "on"})
    save(filled, BASIC, data, enterprise)
    (years, _requirements) = shown(filled, BASIC).row_forms.values()
    assert [row.row.key for row in years] == ["2022", "2023", "2024"]


def test_a_mistake_in_a_row_of_the_notice_is_shown_in_that_row(draft, enterprise):
    data = as_sent(shown(draft, BASIC), **{"finance_years-2023-revenue": "约一亿"})
    assert save(draft, BASIC, data, enterprise).mistakes == 1
    row = FinanceYear.objects.get(key="2023")
    assert (row.revenue, row.unparsed) == (None, {"revenue": "约一亿"})
    (years, _requirements) = shown(draft, BASIC).row_forms.values()
    assert years[1].form["revenue"].value() == "约一亿"
    assert [list(row.form.errors) for row in years] == [[], ["revenue"], []]


def test_saving_again_updates_the_rows_and_adds_none(draft, enterprise):
    for _ in range(2):
        save(draft, BASIC, as_sent(shown(draft, BASIC)), enterprise)
    assert FinanceYear.objects.count() == 3


# What somebody else did meanwhile


def differences(application, section, data):
    page = posted(application, section, data)
    found = page.differences(with_sections(application))
    return [(d.label, d.theirs, d.ours) for d in found]


def test_a_page_that_nobody_changed_has_no_differences(filled):
    for section in BY_SLUG.values():
        assert differences(filled, section, as_sent(shown(filled, section))) == []


def test_both_values_of_every_changed_field_are_there(filled, enterprise):
    mine = as_sent(
        shown(filled, FACTORY),
        project_name="我的名称",
        started_on="2022年3月1日",
        is_authentic=[],
    )
    cast.save(filled, "factory", {"project_name": "他的名称", "total_investment": 7}, enterprise)
    assert differences(filled, FACTORY, mine) == [
        ("智能工厂项目名称", "他的名称", "我的名称"),
        ("建设开始日期", "2022-01-01", "2022年3月1日"),
        ("总投资（万元）", "7", "12345.6"),
        ("真实性承诺", "是", "否"),
    ]


def test_choices_are_compared_in_words(filled, enterprise):
    mine = as_sent(shown(filled, BASIC), nature="foreign", scale="", maturity_level="4")
    cast.save(filled, "basic", {"nature": "joint"}, enterprise)
    assert differences(filled, BASIC, mine) == [
        ("企业性质", "中外合资", "外商独资"),
        ("企业规模", "大型", ""),
        ("智能制造能力成熟度等级", "三级（集成级）", "四级（优化级）"),
    ]


def test_a_difference_in_a_row_names_the_row(filled, enterprise):
    mine = as_sent(shown(filled, BASIC), **{"finance_years-2023-staff": "600"})
    cast.save(filled, "basic", {}, enterprise)
    assert differences(filled, BASIC, mine) == [("2023年：从业人数（人）", "500", "600")]


def test_a_row_they_deleted_is_shown_with_what_is_ours(filled, enterprise):
    mine = as_sent(shown(filled, FACTORY), **{"integrators-a1-work": "总集成与运维"})
    group = FACTORY.groups[0]
    cast.save(filled, "factory", {}, enterprise, rows=[(group, [], ["a1"])])
    assert differences(filled, FACTORY, mine) == [
        ("集成商 1：集成商名称", "", "本单位"),
        ("集成商 1：承担内容", "", "总集成与运维"),
    ]


def test_what_they_typed_wrongly_is_compared_as_typed(filled, enterprise):
    mine = as_sent(shown(filled, FACTORY), total_investment="12345")
    data = as_sent(shown(filled, FACTORY), total_investment="约一亿")
    save(filled, FACTORY, data, enterprise)
    assert differences(filled, FACTORY, mine) == [("总投资（万元）", "约一亿", "12345")]


def test_a_conflict_keeps_both_versions(filled, enterprise):
    mine = as_sent(shown(filled, FACTORY), project_name="我的名称")
    theirs = as_sent(shown(filled, FACTORY), project_name="他的名称")
    save(filled, FACTORY, theirs, enterprise)
    before = contents(filled)
    with pytest.raises(workflow.Conflict) as conflict:
        save(filled, FACTORY, mine, enterprise)
    assert conflict.value.theirs.project_name == "他的名称"
    assert contents(filled) == before
    mine["version"] = str(conflict.value.theirs.version)
    save(filled, FACTORY, mine, enterprise)
    assert FactoryOverview.objects.get(application=filled).project_name == "我的名称"
