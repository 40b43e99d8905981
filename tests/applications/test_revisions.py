"""A submission is a thing: frozen, numbered, hashed, and deaf to whatever changes afterwards."""

import hashlib
import json
import re
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from applications import workflow
from applications.models import Revision
from portal.catalogue.models import Indicator, Scenario, Segment
from portal.rounds.models import Declaration
from tests import cast


@pytest.fixture
def revision(submitted):
    return submitted.current_revision


def resubmit(application, enterprise, officer):
    application = cast.fresh(application)
    workflow.act(application, "return_for_changes", actor=officer, comment="请补充。")
    cast.save(application, "factory", {"project_name": "第二版"}, enterprise)
    return workflow.submit(application, cast.declarations(application.round), actor=enterprise)


def test_submitting_freezes_the_first_revision(filled, enterprise):
    revision = workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    stored = Revision.objects.get()
    assert stored == revision == cast.fresh(filled).current_revision
    assert (stored.number, stored.project_name, stored.submitted_by) == (
        1,
        "示范智能工厂",
        enterprise,
    )
    assert stored.is_intact


def test_the_hash_is_that_of_the_stored_content(revision):
    stored = Revision.objects.get(pk=revision.pk)
    text = json.dumps(stored.data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert stored.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_one_changed_letter_in_the_content_is_noticed(revision):
    revision.data["sections"][1]["fields"][0]["value"] = "示范智能工广"
    revision.save()
    assert not Revision.objects.get(pk=revision.pk).is_intact


def test_the_receipt_names_year_bureau_application_and_revision(revision):
    assert re.fullmatch(r"2025-140100-\d{5,}-01", revision.receipt)


def test_a_resubmission_is_the_second_revision_and_leaves_the_first(submitted, enterprise, officer):
    first = submitted.current_revision
    second = resubmit(submitted, enterprise, officer)
    assert [r.number for r in submitted.revisions.all()] == [1, 2]
    assert cast.fresh(submitted).current_revision == second
    assert second.receipt == f"{first.receipt[:-2]}02"
    stored = Revision.objects.get(pk=first.pk)
    assert (stored.data, stored.sha256) == (first.data, first.sha256)
    assert (stored.text("factory", "project_name"), second.text("factory", "project_name")) == (
        "示范智能工厂",
        "第二版",
    )
    assert second.sha256 != first.sha256


def test_a_withdrawn_and_submitted_application_gets_the_next_number(submitted, enterprise):
    workflow.withdraw(submitted, actor=enterprise)
    second = workflow.submit(
        cast.fresh(submitted), cast.declarations(submitted.round), actor=enterprise
    )
    assert second.number == 2


def test_a_withdrawn_application_still_knows_what_it_had_submitted(submitted, enterprise):
    workflow.withdraw(submitted, actor=enterprise)
    assert cast.fresh(submitted).current_revision.number == 1


def test_receipts_of_different_applications_differ(round, enterprise, rival):
    mine, theirs = (cast.file_application(round, who) for who in (enterprise, rival))
    assert mine.current_revision.receipt != theirs.current_revision.receipt


def test_the_database_refuses_a_receipt_twice(round, enterprise, rival):
    mine, theirs = (cast.file_application(round, who) for who in (enterprise, rival))
    copy = theirs.current_revision
    copy.receipt = mine.current_revision.receipt
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_the_database_refuses_a_number_twice(submitted, enterprise, officer):
    second = resubmit(submitted, enterprise, officer)
    second.number = 1
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()


def test_nothing_renamed_afterwards_reaches_the_revision(revision, submitted, enterprise, officer):
    before = json.dumps(revision.data, sort_keys=True)
    workflow.act(submitted, "return_for_changes", actor=officer, comment="请补充。")
    cast.save(submitted, "factory", {"project_name": "改"}, enterprise)
    submitted.instances.update(name="改")
    Segment.objects.update(area="")
    Scenario.objects.update(source="改")
    Indicator.objects.update(name="改")
    Declaration.objects.update(text="改")
    submitted.enterprise.name = "改名有限公司"
    submitted.enterprise.save()
    stored = Revision.objects.get(pk=revision.pk)
    assert json.dumps(stored.data, sort_keys=True) == before
    assert stored.is_intact
    assert stored.project_name == "示范智能工厂"


def test_a_scenario_renamed_afterwards_keeps_its_old_name_in_the_revision(filled, enterprise):
    scenario = next(s for s in filled.round.scenarios if s.segment.area)
    row = filled.instances.first()
    workflow.save_row(
        filled,
        cast.INSTANCES,
        row.key,
        {"segment": scenario.segment, "scenario": scenario, "own_scenario": ""},
        version=row.version,
        actor=enterprise,
    )
    revision = workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    line = f"{scenario.segment.name}—{scenario.name}—实例1"
    Scenario.objects.filter(pk=scenario.pk).update(name="改名后")
    Segment.objects.filter(pk=scenario.segment_id).update(name="改名环节")
    stored = Revision.objects.get(pk=revision.pk)
    assert stored.scenario_lines[0] == line
    assert stored.is_intact


def test_the_revision_says_who_filed_what_where(revision, submitted):
    assert revision.data["enterprise"] == {
        "name": submitted.enterprise.name,
        "credit_code": submitted.enterprise.credit_code,
    }
    assert revision.data["round"] == {"slug": "test", "title": "测试批次"}
    assert revision.data["bureau"] == {"code": "140100", "name": submitted.bureau.name}
    assert revision.data["declarations"] == ["内容真实。", "不涉密。"]
    assert [section["slug"] for section in revision.data["sections"]] == [
        "basic",
        "factory",
        "scenarios",
        "results",
    ]


def test_the_lines_for_annex_1_come_in_the_enterprises_order(revision, submitted):
    names = [line.split("—")[2] for line in revision.scenario_lines]
    assert names == ["实例1", "实例2", "实例3", "实例4", "实例5"]
    assert revision.scenario_lines == [row.line for row in submitted.instances.all()]


def rows_of(revision, section, group):
    groups = revision.section(section)["groups"]
    return next(g["rows"] for g in groups if g["slug"] == group)


def test_numbers_are_kept_exactly_and_shown_readably(revision):
    finance = rows_of(revision, "basic", "finance_years")[0]
    cell = {field["name"]: (field["value"], field["text"]) for field in finance["fields"]}
    assert cell == {
        "revenue": ("10000.00", "10,000.00"),
        "profit": ("-5.25", "-5.25"),
        "assets": ("20000.00", "20,000.00"),
        "debt_ratio": ("45.50", "45.50"),
        "research_spending": ("300.00", "300.00"),
        "staff": (500, "500"),
        "is_unaudited": (False, "否"),
    }


def test_small_values_before_and_after_are_not_rounded_away(filled, enterprise):
    filled.indicator_values.filter(key="9").update(
        before=Decimal("0.0045"), after=Decimal("0.0036"), value=None
    )
    revision = workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    row = next(r for r in rows_of(revision, "results", "indicator_values") if r["key"] == "9")
    text = {field["name"]: field["text"] for field in row["fields"]}
    assert (text["before"], text["after"], text["value"]) == ("0.0045", "0.0036", "20.00")


def test_rows_are_known_by_keys_that_do_not_change(submitted, enterprise, officer):
    first = submitted.current_revision
    second = resubmit(submitted, enterprise, officer)
    for section, group in [
        ("basic", "finance_years"),
        ("basic", "requirement_answers"),
        ("factory", "integrators"),
        ("scenarios", "instances"),
        ("results", "indicator_values"),
    ]:
        keys = [row["key"] for row in rows_of(first, section, group)]
        assert keys == [row["key"] for row in rows_of(second, section, group)]
        assert len(set(keys)) == len(keys)


def test_a_rare_character_comes_back_as_it_went_in(filled, enterprise):
    cast.save(filled, "factory", {"project_name": "㛃𬭎䶮喆堃🏭工厂"}, enterprise)
    revision = workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    stored = Revision.objects.get(pk=revision.pk)
    assert stored.text("factory", "project_name") == "㛃𬭎䶮喆堃🏭工厂"
    assert stored.is_intact
