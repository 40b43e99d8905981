"""A submission is a thing: frozen, numbered, hashed, and deaf to whatever changes afterwards."""

import hashlib
import json
import re
from decimal import Decimal
from functools import partial

import pdfplumber
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from applications import commenting, receipts, workflow
from applications.models import Comment, Revision
from portal.catalogue.models import Indicator, Scenario, Segment
from portal.jobs.models import Job
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
    scenario = next(s for s in filled.version.scenarios if s.segment.area)
    row = filled.instances.first()
    values = {"segment": scenario.segment, "scenario": scenario, "own_scenario": ""}
    cast.save_row(filled, cast.INSTANCES, row.key, values, enterprise)
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
    noun = "卓越级智能工厂项目"
    assert revision.data["round"] == {"slug": "test", "title": "测试批次", "noun": noun}
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


# The pages


def url(name, *args):
    return reverse(f"applications:{name}", args=args)


def text_of(response):
    """What a reader reads, without tags and white space."""
    return re.sub(r"<[^>]+>|\s", "", response.content.decode())


@pytest.fixture
def answered(submitted, enterprise, officer):
    """Returned with one request, and submitted again with that and another change."""
    place, revision = ("factory", "", "", "project_name"), submitted.current_revision
    request = commenting.add(
        submitted, place, "wrong", "请写全称。", revision=revision.pk, actor=officer
    )
    workflow.act(submitted, "return_for_changes", actor=officer)
    Comment.objects.filter(pk=request.pk).update(answer="changed")
    changes = {"project_name": "第二版", "total_investment": Decimal("13345.60")}
    cast.save(submitted, "factory", changes, enterprise)
    application = cast.fresh(submitted)
    workflow.submit(application, cast.declarations(application.round), actor=enterprise)
    return cast.fresh(submitted)


def test_every_submission_is_listed_with_the_one_that_counts(browser, answered, enterprise):
    page = text_of(browser.get(url("revisions", answered.pk)))
    first, second = answered.revisions.all()
    for revision, verb in ((first, "提交"), (second, "重新提交")):
        at = timezone.localtime(revision.submitted_at)
        assert f"第{revision.number}版{verb}·{enterprise.name}{at:%Y-%m-%d%H:%M:%S}" in page
        assert f"{revision.receipt}{revision.sha256[:12]}" in page
    assert (page.count("当前有效"), page.count("不再有效")) == (1, 1)
    assert page.count("与上一版比较") == 1


def test_before_the_first_submission_the_list_says_so(browser, draft):
    assert "还没有提交过" in text_of(browser.get(url("revisions", draft.pk)))


def test_after_a_withdrawal_no_receipt_counts(browser, submitted, enterprise):
    workflow.withdraw(submitted, actor=enterprise)
    assert "当前有效" not in text_of(browser.get(url("revisions", submitted.pk)))
    page = text_of(browser.get(url("revision_receipt", submitted.pk, 1)))
    assert "不再有效" in page and "撤回" in page


def test_the_overview_leads_to_the_list(browser, submitted, filled):
    assert url("revisions", submitted.pk) in browser.get(url("detail", filled.pk)).content.decode()


def test_a_comparison_counts_the_changes_and_marks_what_nobody_asked_for(browser, answered):
    response = browser.get(url("compare", answered.pk, 2))
    page = text_of(response)
    assert "2处改动，其中1处未要求" in page
    assert "智能工厂项目名称按意见修改旧示范智能工厂→新第二版" in page
    assert "总投资（万元）未要求的改动旧12,345.60→新13,345.60万元增加1,000.00万元" in page
    assert "<del>示范智能工厂</del>" in re.sub(r"\s", "", response.content.decode())
    assert "法定代表人" not in page


def test_a_comparison_shows_what_did_not_change_when_asked(browser, answered):
    page = text_of(browser.get(url("compare", answered.pk, 2), {"all": "1"}))
    assert "法定代表人王䶮" in page
    assert "2处改动" in page


def test_a_return_without_a_place_marks_nothing(browser, submitted, enterprise, officer):
    resubmit(submitted, enterprise, officer)
    page = text_of(browser.get(url("compare", submitted.pk, 2)))
    assert "1处改动。" in page
    assert "未要求" not in page


def test_any_two_revisions_are_compared_the_older_first(browser, answered, enterprise, officer):
    third = resubmit(answered, enterprise, officer)
    assert third.number == 3
    forth = browser.get(url("compare", answered.pk, 3), {"from": "1"})
    back = browser.get(url("compare", answered.pk, 1), {"from": "3"})
    for response in (forth, back):
        assert (response.context["old"].number, response.context["new"].number) == (1, 3)
        # The request was made on the first, and answered by then.
        assert "1处未要求" in text_of(response)


def test_a_first_revision_has_nothing_to_be_compared_with(browser, submitted):
    response = browser.get(url("compare", submitted.pk, 1))
    assert response.status_code == 200
    assert "第一次提交的版本" in text_of(response)


@pytest.mark.parametrize("base", ["0", "9", "-1", "x", "", "٣", "1" * 30])
def test_a_revision_that_does_not_exist_is_not_compared(browser, answered, base):
    assert browser.get(url("compare", answered.pk, 2), {"from": base}).status_code == 404
    assert browser.get(url("compare", answered.pk, 9)).status_code == 404


def test_a_revision_that_was_tampered_with_is_named_and_not_compared(browser, answered):
    first = answered.revisions.get(number=1)
    first.data["sections"][1]["fields"][0]["text"] = "伪造"
    first.save()
    page = text_of(browser.get(url("compare", answered.pk, 2)))
    assert "第1版的内容与提交时的校验值不符" in page
    assert "处改动" not in page and "伪造" not in page


def test_what_was_typed_is_no_markup_in_a_comparison(browser, submitted, enterprise, officer):
    workflow.act(submitted, "return_for_changes", actor=officer, comment="请补充。")
    values = {"overall": f"总体。{'<b>粗</b>' * 9}", "system_integration": "<script>集成"}
    cast.save(submitted, "scenarios", values, enterprise)
    application = cast.fresh(submitted)
    workflow.submit(application, cast.declarations(application.round), actor=enterprise)
    html = browser.get(url("compare", submitted.pk, 2)).content.decode()
    assert "<b>" not in html and "<script>集" not in html
    assert "&lt;b&gt;粗" in html


PAGES = ("revisions", "compare", "revision_receipt")


@pytest.mark.parametrize("name", (*PAGES, "receipt_pdf"))
def test_strangers_find_nothing(client, answered, rival, name):
    client.force_login(rival)
    act = client.post if name == "receipt_pdf" else client.get
    args = [answered.pk] if name == "revisions" else [answered.pk, 2]
    assert act(url(name, *args)).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_more_revisions_cost_no_more_queries(
    browser, answered, enterprise, officer, name, django_assert_max_num_queries
):
    args = [answered.pk] if name == "revisions" else [answered.pk, 2]
    with CaptureQueriesContext(connection) as before:
        browser.get(url(name, *args))
    for _ in range(3):
        resubmit(answered, enterprise, officer)
    args = [answered.pk] if name == "revisions" else [answered.pk, 5]
    with django_assert_max_num_queries(len(before)):
        browser.get(url(name, *args), {"from": "1"})
    assert len(before) <= 8


# Receipts


def test_a_receipt_that_was_superseded_says_by_which(browser, answered):
    first, second = answered.revisions.all()
    page = text_of(browser.get(url("revision_receipt", answered.pk, 1)))
    assert f"不再有效：之后提交了第2版（回执编号{second.receipt}）" in page
    assert first.sha256 in page
    page = text_of(browser.get(url("receipt", answered.pk)))
    assert second.receipt in page and "不再有效" not in page


def made_pdf(browser, work_off_jobs, application, number):
    response = browser.post(url("receipt_pdf", application.pk, number))
    job = Job.objects.get(owner__isnull=False)
    assert response.url == reverse("jobs:detail", args=[job.pk])
    assert work_off_jobs() == 1
    job.refresh_from_db()
    return job


def words_of(job):
    with pdfplumber.open(job.file) as pdf:
        assert len(pdf.pages) == 1
        return re.sub(r"\s", "", pdf.pages[0].extract_text())


def test_the_receipt_is_made_as_a_pdf_with_everything_that_proves_it(
    browser, submitted, work_off_jobs
):
    job = made_pdf(browser, work_off_jobs, submitted, 1)
    revision = submitted.current_revision
    assert (job.status, job.file_name) == (Job.Status.DONE, f"申报提交回执 {revision.receipt}.pdf")
    words = words_of(job)
    for text in (
        revision.receipt,
        f"{timezone.localtime(revision.submitted_at):%Y-%m-%d%H:%M:%S}（北京时间）",
        "示范智能工厂",
        f"{submitted.enterprise.name}（{submitted.enterprise.credit_code}）",
        submitted.bureau.name,
        "测试批次",
        "第1版",
        revision.sha256,
        f"校验码{receipts.document(submitted, revision).check_code}",
    ):
        assert text in words
    assert "不再有效" not in words


def test_the_pdf_of_a_superseded_receipt_says_so(browser, answered, work_off_jobs):
    assert "不再有效" in words_of(made_pdf(browser, work_off_jobs, answered, 1))


def test_no_receipt_is_made_of_a_revision_that_was_tampered_with(browser, submitted, work_off_jobs):
    submitted.revisions.update(sha256="0" * 64)
    job = made_pdf(browser, work_off_jobs, submitted, 1)
    assert (job.status, bool(job.file)) == (Job.Status.FAILED, False)
    assert "校验值不符" in job.message


# One receipt, however often the button is pressed


@pytest.mark.race
def test_the_button_pressed_several_times_at_once_gives_everybody_the_one_receipt(at_once):
    cast.load_catalogue()
    round, enterprise = cast.make_round(cast.make_province()), cast.make_enterprise(1)
    application = workflow.start(round, actor=enterprise)
    cast.complete(application, enterprise)
    visitors = [Client() for _ in range(6)]
    for visitor in visitors:
        visitor.force_login(enterprise)
    form = visitors[0].get(url("submit", application.pk)).context["form"]
    press = {field.html_name: "on" for field in form}
    press["seen"] = cast.fresh(application).touched_at.isoformat()
    responses = at_once(*(partial(v.post, url("submit", application.pk), press) for v in visitors))
    assert {response.url for response in responses} == {url("receipt", application.pk)}
    receipt = Revision.objects.get().receipt
    assert all(receipt in text_of(v.get(url("receipt", application.pk))) for v in visitors)
    assert application.events.filter(verb="submit").count() == 1


def test_a_retry_that_arrives_after_the_return_submits_nothing(browser, filled, officer):
    page = browser.get(url("submit", filled.pk))
    press = {field.html_name: "on" for field in page.context["form"]}
    press["seen"] = filled.touched_at.isoformat()
    browser.post(url("submit", filled.pk), press)
    workflow.act(cast.fresh(filled), "return_for_changes", actor=officer, comment="请补充。")
    response = browser.post(url("submit", filled.pk), press, follow=True)
    assert "内容又有修改" in text_of(response)
    assert filled.revisions.count() == 1
