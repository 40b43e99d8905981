"""The checklist in a browser: each mark is saved as it is set, and none is lost."""

import re

import pytest
from playwright.sync_api import Page, expect

from applications.states import Status
from portal.accounts.models import Role
from review import checklist
from review.models import ClauseMark
from tests import cast
from tests.e2e.test_every_page import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def officer(live_server):
    cast.load_catalogue()
    return cast.make_officer()


@pytest.fixture
def application(officer):
    round = cast.make_round(cast.make_province())
    return cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(1), officer)


@pytest.fixture
def marking(page: Page, officer, application) -> Page:
    sign_in(page, officer)
    page.goto(f"/review/applications/{application.pk}/checklist/")
    return page


def row(page: Page, number: int):
    return page.locator("[data-row]").nth(number)


def marks() -> list[tuple[str, str]]:
    return list(ClauseMark.objects.order_by("condition__order").values_list("verdict", "note"))


def saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"^已保存 \d\d:\d\d:\d\d$"))


def test_a_choice_and_a_note_save_themselves_by_keyboard_alone(marking):
    row(marking, 0).get_by_label("符合", exact=True).focus()
    marking.keyboard.press("ArrowRight")
    saved(marking)
    expect(marking.locator("[data-done]")).to_have_text("1")
    marking.keyboard.press("Tab")
    marking.keyboard.type("见营业执照")
    with marking.expect_response("**/bureau/**/checklist/"):
        marking.keyboard.press("Tab")
    expect(row(marking, 1).get_by_role("link")).to_be_focused()
    marking.keyboard.press("Tab")
    expect(row(marking, 1).get_by_label("未审")).to_be_focused()
    saved(marking)
    marking.reload()
    expect(row(marking, 0).get_by_label("不符合")).to_be_checked()
    expect(row(marking, 0).get_by_role("textbox")).to_have_value("见营业执照")


def test_a_note_without_a_verdict_is_asked_for_one_beside_it(marking):
    row(marking, 0).get_by_role("textbox").fill("只有说明")
    row(marking, 1).get_by_label("符合", exact=True).check()
    expect(row(marking, 0).locator("[data-said]")).to_have_text("请选择结论，说明才能保存。")
    row(marking, 0).get_by_label("待核实").check()
    expect(row(marking, 0).locator("[data-said]")).to_be_hidden()
    saved(marking)
    assert marks() == [("verify", "只有说明"), ("met", "")]


def test_marks_set_without_a_connection_are_saved_when_it_is_back(marking):
    marking.context.set_offline(True)
    row(marking, 0).get_by_label("符合", exact=True).check()
    expect(marking.locator("[data-save-state]")).to_contain_text("暂时连不上服务器")
    row(marking, 1).get_by_label("不符合").check()
    marking.context.set_offline(False)
    saved(marking)
    expect(marking.locator("[data-done]")).to_have_text("2")
    assert marks() == [("met", ""), ("unmet", "")]


def test_after_the_session_has_ended_one_signs_in_over_the_page(marking):
    marking.context.clear_cookies()
    row(marking, 0).get_by_label("符合", exact=True).check()
    marking.get_by_role("dialog").get_by_label("密码").fill(cast.PASSWORD)
    marking.get_by_role("button", name="登录并接着保存").click()
    saved(marking)
    assert marks() == [("met", "")]


def test_two_officers_mark_at_once_and_see_where_they_differ(
    marking, browser, live_server, officer, application
):
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(application, colleague)
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    other = context.new_page()
    sign_in(other, colleague)
    other.goto(marking.url)
    row(marking, 0).get_by_label("符合", exact=True).check()
    row(other, 0).get_by_label("不符合").check()
    saved(marking)
    saved(other)
    other.reload()
    expect(row(other, 0)).to_contain_text("结论不一致")
    row(other, 0).get_by_label("符合", exact=True).check()
    expect(row(other, 0).locator("[data-disputed]")).to_be_hidden()
    saved(other)
    context.close()
    assert [line.is_disputed for line in checklist.lines(cast.fresh(application), officer)] == [
        False
    ] * 14
