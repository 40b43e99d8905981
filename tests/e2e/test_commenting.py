"""Asking for changes and deciding on the answers in the text one reads, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from applications import commenting, workflow
from applications.models import Application, Comment
from applications.states import Status
from portal.accounts.models import Role, User
from tests import cast
from tests.e2e.test_every_page import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NAME = ("factory", "", "", "project_name")
REVENUE = ("basic", "finance_years", "2024", "revenue")


@pytest.fixture
def officer(live_server) -> User:
    cast.load_catalogue()
    return cast.make_officer()


@pytest.fixture
def application(page: Page, officer) -> Application:
    """Submitted again after a return with two comments, open before the officer."""
    enterprise, round = cast.make_enterprise(1), cast.make_round(cast.make_province())
    application = cast.bring_to(Status.SUBMITTED, round, enterprise, officer)
    revision = application.current_revision_id
    for place in (NAME, REVENUE):
        commenting.add(application, place, "wrong", "请核对。", revision=revision, actor=officer)
    cast.decide(application, "return_for_changes", officer)
    for comment in application.comments.all():
        commenting.answer(comment, "explained", "已核对。", seen=None, actor=enterprise)
    workflow.submit(cast.fresh(application), cast.declarations(round), actor=enterprise)
    sign_in(page, officer)
    page.goto(f"/review/applications/{application.pk}/")
    return cast.fresh(application)


def link(page: Page, field: str = "results"):
    return page.locator(f'a.ask[href$="/factory/?field={field}"]')


def opened(page: Page, field: str = "results"):
    link(page, field).press("Enter")
    text = page.locator(".asking textarea")
    expect(text).to_be_focused()
    return text


def test_a_comment_is_written_by_keyboard_alone_and_appears_at_its_place(page, application):
    page.locator("#comment").fill("正在写的总体意见")
    opened(page).press_sequentially("请补充数据。")
    page.keyboard.press("Control+Enter")
    written = page.locator("dd", has=link(page)).locator(".asked")
    expect(written).to_contain_text("请补充数据。")
    expect(written).to_be_focused()
    expect(page.locator("#unsent")).to_contain_text("1 条，尚未发送")
    expect(page.locator("#comment-help")).to_contain_text("一并发出逐项意见 1 条")
    expect(page.locator(".asking")).to_have_count(0)
    expect(page.locator("#comment")).to_have_value("正在写的总体意见")
    comment = application.comments.unsent().get()
    assert comment.place == ("factory", "", "", "results")


def test_the_form_opens_in_sight_below_what_is_asked_about(page, application):
    page.set_viewport_size({"width": 1366, "height": 600})
    for place in (link(page), page.locator('a.ask[href*="key=2023"]').first):
        place.evaluate("link => link.focus({ preventScroll: true })")
        page.keyboard.press("Enter")
        expect(page.locator(".asking textarea")).to_be_focused()
        for part in (place, page.locator(".asking")):
            expect(part).to_be_in_viewport(ratio=1)
        page.keyboard.press("Escape")


def test_deciding_on_answers_does_not_repeat_a_decision_that_was_refused(page, application):
    page.get_by_role("button", name="审核通过").click()
    expect(page.get_by_text("还有 2 条没有了结")).to_be_visible()
    for number, comment in enumerate(application.comments.all(), 1):
        page.locator(f"#comment-{comment.pk}").get_by_role("button", name="关闭").click()
        expect(page.locator("#before")).to_contain_text(f"已关闭 {number}")
    assert cast.fresh(application).status == Status.SUBMITTED


def test_escape_folds_the_form_and_keeps_what_was_typed(page, application):
    opened(page).press_sequentially("写了一半")
    page.keyboard.press("Escape")
    expect(page.locator(".asking")).to_have_count(0)
    expect(link(page)).to_be_focused()
    expect(opened(page)).to_have_value("写了一半")


def test_a_second_form_does_not_open_over_what_is_not_saved(page, application):
    opened(page).press_sequentially("写了一半")
    link(page, "introduction").click()
    expect(page.locator(".asking")).to_have_count(1)
    expect(page.locator(".asking [role=alert]")).to_contain_text("还没有保存")
    expect(page.locator(".asking textarea")).to_have_value("写了一半")


def test_a_phrase_goes_in_where_one_is_writing(page, application):
    text = opened(page)
    text.press_sequentially("甲乙")
    page.keyboard.press("ArrowLeft")
    page.get_by_label("缺失").check()
    page.get_by_role("button", name="请补充证明材料。").click()
    expect(text).to_have_value("甲请补充证明材料。乙")
    expect(text).to_be_focused()


def test_who_was_signed_out_signs_in_over_the_page_and_nothing_is_lost(page, application):
    opened(page).press_sequentially("请补充数据。")
    page.context.clear_cookies()
    page.keyboard.press("Control+Enter")
    page.locator("#sign-in-password").fill(cast.PASSWORD)
    page.get_by_role("button", name="登录并接着保存").click()
    expect(page.locator("dd", has=link(page)).locator(".asked")).to_contain_text("请补充数据。")


def test_what_is_refused_stays_in_the_form_with_the_reason(page, application):
    opened(page).press("Control+Enter")
    expect(page.locator(".asking [role=alert]")).to_have_text("请填写意见。")
    enterprise = application.enterprise.user_set.get()
    workflow.withdraw(application, actor=enterprise)
    workflow.submit(application, cast.declarations(application.round), actor=enterprise)
    page.keyboard.type("写好的话。")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".asking [role=alert]")).to_contain_text("新的版本")
    expect(page.locator(".asking textarea")).to_have_value("写好的话。")


def test_a_cell_s_comment_stands_under_its_row(page, application):
    row = page.locator("tr", has=page.locator('a.ask[href*="key=2023"]')).first
    row.locator("a.ask").press("Enter")
    page.get_by_label("栏目").select_option("profit")
    page.locator(".asking textarea").fill("利润有误。")
    page.locator(".asking textarea").press("Control+Enter")
    page.wait_for_url(re.compile("#comment-"))
    comment = application.comments.unsent().get()
    expect(page.locator(f"tr.asked-row #comment-{comment.pk}")).to_contain_text("利润有误。")


def test_answers_are_decided_on_where_they_stand(page, application, officer):
    name, revenue = application.comments.all()
    first, second = (page.locator(f"#comment-{each.pk}") for each in (name, revenue))
    first.get_by_role("button", name="关闭").click()
    expect(first).to_contain_text("已关闭")
    expect(page.locator("#before")).to_contain_text("已关闭 1，待核对 1")
    second.get_by_role("link", name="重提").click()
    page.locator(".asking textarea").fill("仍不一致。")
    page.keyboard.press("Control+Enter")
    expect(second).to_contain_text("重提，尚未发送")
    expect(page.locator(".asked-row", has=second)).to_contain_text("仍不一致。")
    expect(page.locator("#before")).to_contain_text("已关闭 1，重提 1，待核对 0")
    again = Comment.objects.get(reopens=revenue)
    page.locator(f"#comment-{again.pk}").get_by_role("button", name="移除").click()
    expect(page.locator("#before")).to_contain_text("已关闭 1，待核对 1")
    expect(page.locator(f"#comment-{again.pk}")).to_have_count(0)


def test_who_is_slower_than_a_colleague_reads_who_decided(page, application, officer):
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(application, colleague)
    comment = application.comments.first()
    revision = application.current_revision_id
    commenting.close(comment, revision=revision, actor=colleague)
    place = page.locator(f"#comment-{comment.pk}")
    place.get_by_role("button", name="关闭").click()
    expect(place.get_by_role("alert")).to_contain_text("colleague用户已在")
