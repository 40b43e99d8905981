"""A section's page: what is shown, what comes back, and what somebody else did meanwhile."""

import pytest
from django.http import QueryDict

from applications import workflow
from applications.editing import SEEN, SectionPage, save_section, whole_number
from applications.models import Application, FactoryOverview, FinanceYear, Integrator
from applications.sections import BY_SLUG, Filing
from tests import cast
from tests.applications.conftest import as_sent

FACTORY, BASIC, RESULTS = BY_SLUG["factory"], BY_SLUG["basic"], BY_SLUG["results"]


def with_sections(application):
    return Application.objects.with_sections().get(pk=application.pk)


def shown(application, section):
    return SectionPage.stored(with_sections(application), section)


def save(application, section, data, actor):
    page, outcome = save_section(application.pk, section, data, actor=actor)
    assert (outcome.clashes, outcome.gone) == ([], [])
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


def with_rows(application, *rows):
    """The page of the factory section holding just these integrators: (key, name, work)."""
    data = QueryDict(mutable=True)
    data[SEEN] = shown(application, FACTORY).seen
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


@pytest.mark.parametrize("section", BY_SLUG.values(), ids=BY_SLUG)
@pytest.mark.parametrize("seen", ["", "{}", "[]", "null", "7", '{"": 3}'])
def test_a_request_with_no_fields_at_all_changes_nothing(seen, section, filled, enterprise):
    before = contents(filled)
    save(filled, section, QueryDict(f"seen={seen}"), enterprise)
    assert contents(filled) == before


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
    save(draft, FACTORY, with_rows(draft, (rows[0].row.key, "甲", "总包")), enterprise)
    (rows,) = shown(draft, FACTORY).row_forms.values()
    assert [row.is_new for row in rows] == [False, True]


def test_rows_are_stored_in_the_order_of_the_page(draft, enterprise):
    save(draft, FACTORY, with_rows(draft, ("b", "乙", "二"), ("a", "甲", "一")), enterprise)
    assert integrators(draft) == [("b", "乙", "二"), ("a", "甲", "一")]


def test_a_row_bears_who_edited_it(draft, enterprise):
    save(draft, FACTORY, with_rows(draft, ("a", "甲", "一")), enterprise)
    row = Integrator.objects.get()
    assert row.edited_by == enterprise
    assert row.edited_at is not None


@pytest.mark.parametrize("blank", ["", "  ", "\u3000", "\u200b"])
def test_a_blank_row_is_not_stored(blank, draft, enterprise):
    save(draft, FACTORY, with_rows(draft, ("a", blank, blank), ("b", "乙", "")), enterprise)
    assert integrators(draft) == [("b", "乙", "")]


def test_a_row_made_blank_is_removed(draft, enterprise):
    save(draft, FACTORY, with_rows(draft, ("a", "甲", "一"), ("b", "乙", "二")), enterprise)
    save(draft, FACTORY, with_rows(draft, ("a", "", ""), ("b", "乙", "二")), enterprise)
    assert integrators(draft) == [("b", "乙", "二")]


def test_a_row_ticked_for_deletion_is_removed_whatever_it_says(draft, enterprise):
    save(draft, FACTORY, with_rows(draft, ("a", "甲", "一"), ("b", "乙", "二")), enterprise)
    data = with_rows(draft, ("a", "甲改", "一"), ("b", "乙", "二"))
    data["integrators-a-delete"] = "on"
    save(draft, FACTORY, data, enterprise)
    assert integrators(draft) == [("b", "乙", "二")]


def test_deleting_a_row_that_never_was_is_no_mistake(draft, enterprise):
    data = with_rows(draft, ("new", "甲", "一"))
    data["integrators-new-delete"] = "on"
    save(draft, FACTORY, data, enterprise)
    assert integrators(draft) == []


def test_a_row_left_out_of_the_page_stays(draft, enterprise):
    save(draft, FACTORY, with_rows(draft, ("a", "甲", "一")), enterprise)
    save(draft, FACTORY, with_rows(draft), enterprise)
    assert integrators(draft) == [("a", "甲", "一")]


def test_a_row_with_nothing_but_a_mistake_is_kept(draft, enterprise):
    save(draft, FACTORY, with_rows(draft, ("a", "字" * 101, "")), enterprise)
    row = Integrator.objects.get()
    assert (row.name, row.unparsed) == ("", {"name": "字" * 101})
    (rows,) = shown(draft, FACTORY).row_forms.values()
    assert rows[0].form["name"].value() == "字" * 101
    assert list(rows[0].form.errors) == ["name"]


@pytest.mark.parametrize(
    "key", ["", "../a", "a b", "键", "a" * 33, "a_b", "a\n", "-" * 33, "<script>", "a.b"]
)
def test_a_forged_key_is_ignored(key, draft, enterprise):
    save(draft, FACTORY, with_rows(draft, (key, "甲", "一"), ("b", "乙", "二")), enterprise)
    assert integrators(draft) == [("b", "乙", "二")]


def test_a_key_sent_twice_is_one_row(draft, enterprise):
    data = with_rows(draft, ("a", "甲", "一"))
    data.setlist("integrators", ["a", "a"])
    save(draft, FACTORY, data, enterprise)
    assert integrators(draft) == [("a", "甲", "一")]


def test_the_key_of_a_rivals_row_makes_a_row_of_ones_own(round, draft, enterprise, rival):
    other = workflow.start(round, actor=rival)
    save(other, FACTORY, with_rows(other, ("a", "对手", "机密")), rival)
    save(draft, FACTORY, with_rows(draft, ("a", "甲", "一")), enterprise)
    data = with_rows(draft, ("a", "甲", "一"))
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
    assert stored == {"2023": 1000}


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
    for revenue in "12":
        data = as_sent(shown(draft, BASIC), **{"finance_years-2023-revenue": revenue})
        save(draft, BASIC, data, enterprise)
    assert FinanceYear.objects.get().revenue == 2


# What somebody else did meanwhile


def differences(application, section, data, actor):
    page, outcome = save_section(application.pk, section, data, actor=actor)
    found = shown(application, section).keep_typed(outcome, page)
    return [(d.label, d.theirs, d.ours) for d in found]


def test_only_what_both_changed_differs(filled, enterprise):
    mine = as_sent(
        shown(filled, FACTORY), project_name="我的名称", started_on="2022年3月1日", is_authentic=[]
    )
    theirs = {"project_name": "他的名称", "total_investment": 7}
    cast.save(filled, "factory", theirs, enterprise)
    assert differences(filled, FACTORY, mine, enterprise) == [
        ("智能工厂项目名称", "他的名称", "我的名称")
    ]
    stored = FactoryOverview.objects.get(application=filled)
    assert (stored.project_name, stored.total_investment) == ("他的名称", 7)
    assert (str(stored.started_on), stored.is_authentic) == ("2022-03-01", False)


def test_choices_are_compared_in_words(filled, enterprise):
    mine = as_sent(shown(filled, BASIC), nature="foreign", scale="", maturity_level="4")
    theirs = {"nature": "joint", "scale": "small", "maturity_level": 5}
    cast.save(filled, "basic", theirs, enterprise)
    assert differences(filled, BASIC, mine, enterprise) == [
        ("企业性质", "中外合资", "外商独资"),
        ("企业规模", "小型", ""),
        ("智能制造能力成熟度等级", "五级（引领级）", "四级（优化级）"),
    ]


def test_a_difference_in_a_row_names_the_row(filled, enterprise):
    mine = as_sent(shown(filled, BASIC), **{"finance_years-2023-staff": "600"})
    finance = BASIC.groups[0]
    cast.save_row(filled, finance, "2023", {"staff": 700}, enterprise)
    assert differences(filled, BASIC, mine, enterprise) == [
        ("2023年：从业人数（人）", "700", "600")
    ]


def test_what_they_typed_wrongly_is_compared_as_typed(filled, enterprise):
    mine = as_sent(shown(filled, FACTORY), total_investment="12346")
    data = as_sent(shown(filled, FACTORY), total_investment="约一亿")
    save(filled, FACTORY, data, enterprise)
    assert differences(filled, FACTORY, mine, enterprise) == [("总投资（万元）", "约一亿", "12346")]


def test_the_page_after_a_clash_holds_mine_and_says_whose_the_other_is(filled, enterprise):
    mine = as_sent(shown(filled, FACTORY), project_name="我的名称")
    cast.save(filled, "factory", {"project_name": "他的名称"}, enterprise)
    page, outcome = save_section(filled.pk, FACTORY, mine, actor=enterprise)
    again = shown(filled, FACTORY)
    [difference] = again.keep_typed(outcome, page)
    assert (difference.place, difference.by) == ("project_name", enterprise.name)
    assert again.form["project_name"].value() == "我的名称"
    save(filled, FACTORY, as_sent(again), enterprise)
    assert FactoryOverview.objects.get(application=filled).project_name == "我的名称"


def test_a_box_ticked_keeps_what_the_other_stored(filled, enterprise):
    mine = as_sent(shown(filled, FACTORY), project_name="我的名称", results="我的成效")
    cast.save(filled, "factory", {"project_name": "他的名称", "results": "他的"}, enterprise)
    page, outcome = save_section(filled.pk, FACTORY, mine, actor=enterprise)
    again = shown(filled, FACTORY)
    again.keep_typed(outcome, page)
    save(filled, FACTORY, as_sent(again, theirs=["project_name"]), enterprise)
    stored = FactoryOverview.objects.get(application=filled)
    assert (stored.project_name, stored.results) == ("他的名称", "我的成效")


def test_a_row_they_deleted_is_offered_anew_with_what_was_typed(filled, enterprise):
    mine = as_sent(shown(filled, FACTORY), **{"integrators-a1-work": "总集成与运维"})
    Integrator.objects.all().delete()
    page, outcome = save_section(filled.pk, FACTORY, mine, actor=enterprise)
    again = shown(filled, FACTORY)
    assert again.keep_typed(outcome, page) == []
    [kept] = [row for rows in again.row_forms.values() for row in rows if row.row.key == "a1"]
    assert kept.form["work"].value() == "总集成与运维"
    save(filled, FACTORY, as_sent(again), enterprise)
    assert ("a1", "本单位", "总集成与运维") in integrators(filled)
