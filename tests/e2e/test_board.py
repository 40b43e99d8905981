"""The ranking board in a browser: by pointer, by keyboard, two officers at once, without script."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from applications.states import Status
from portal.accounts.models import Role, User
from portal.catalogue.models import Bureau
from review import ranking
from review.models import RankedList
from tests import cast
from tests.e2e.test_every_page import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

BOARD = "/review/bureau/test/ranking/"
NAMES = ("甲厂", "乙厂", "丙厂", "丁厂", "戊厂")


@pytest.fixture
def officer(live_server) -> User:
    cast.load_catalogue()
    return cast.make_officer()


@pytest.fixture
def ranked_list(officer) -> RankedList:
    """Five accepted ones, of whom the first two are seated; 不占名额 is possible."""
    round = cast.make_round(cast.make_province(), exempt_rule="上年度已通过预评审的项目。")
    for number, name in enumerate(NAMES):
        enterprise = cast.make_enterprise(number, name=name)
        application = cast.bring_to(Status.ACCEPTED, round, enterprise, officer)
        if number < 2:
            ranking.recommend(cast.list_of(application), application, actor=officer)
    return cast.list_of(application)


@pytest.fixture
def board(page: Page, officer, ranked_list) -> Page:
    sign_in(page, officer)
    page.goto(BOARD)
    return page


def order(ranked_list) -> list[str]:
    return [seat.application.enterprise.name for seat in taken(ranked_list)]


def taken(ranked_list):
    return [seat for seat in ranking.seats_of(ranked_list) if seat.application]


def handle(page: Page, name: str) -> Locator:
    return page.locator(f'[data-name="{name}"] [data-handle]')


def slot(page: Page, place: int) -> Locator:
    return page.locator("[data-slot]").nth(place - 1)


def said(page: Page) -> Locator:
    return page.locator("[data-said]")


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, name: str, to: Locator) -> None:
    page.mouse.move(*middle(handle(page, name)))
    page.mouse.down()
    page.mouse.move(*middle(to), steps=8)
    page.mouse.up()


def test_a_candidate_is_dragged_to_a_free_seat_and_to_a_taken_one(board, ranked_list):
    board.set_viewport_size({"width": 1366, "height": 1600})
    drag(board, "丙厂", slot(board, 3))
    expect(said(board)).to_contain_text("“丙厂”已放到第 3 名，次序已保存 ")
    assert order(ranked_list) == ["甲厂", "乙厂", "丙厂"]
    expect(slot(board, 3).get_by_label("推荐意见")).to_have_value(re.compile("^企业填报："))
    expect(slot(board, 3).get_by_text("按申报事实拟写")).to_be_visible()
    drag(board, "丁厂", slot(board, 1))
    expect(said(board)).to_contain_text("“丁厂”已放到第 1 名，换下“甲厂”，次序已保存 ")
    assert order(ranked_list) == ["丁厂", "乙厂", "丙厂"]
    drag(board, "丙厂", slot(board, 1))
    expect(said(board)).to_contain_text("“丙厂”已放到第 1 名，次序已保存 ")
    assert order(ranked_list) == ["丙厂", "乙厂", "丁厂"]
    drag(board, "乙厂", board.get_by_role("heading", name="候选申报"))
    expect(said(board)).to_contain_text("“乙厂”已移出名单，次序已保存 ")
    assert order(ranked_list) == ["丙厂", "丁厂"]
    expect(board.get_by_text("已用 2 个")).to_be_visible()


def test_the_list_is_made_by_keyboard_alone(board, ranked_list):
    handle(board, "丙厂").focus()
    board.keyboard.press("ArrowDown")
    expect(handle(board, "丁厂")).to_be_focused()
    board.keyboard.press("ArrowRight")
    expect(said(board)).to_contain_text("“丁厂”已放到第 3 名，次序已保存 ")
    expect(handle(board, "丁厂")).to_be_focused()
    board.keyboard.press("ArrowUp")
    board.keyboard.press("ArrowUp")
    expect(said(board)).to_contain_text("“丁厂”已放到第 1 名，次序已保存 ")
    assert order(ranked_list) == ["丁厂", "甲厂", "乙厂"]
    handle(board, "丙厂").focus()
    board.keyboard.press("ArrowRight")
    expect(said(board)).to_contain_text("3 个名额已满")
    handle(board, "甲厂").focus()
    board.keyboard.press("ArrowLeft")
    expect(said(board)).to_contain_text("“甲厂”已移出名单，次序已保存 ")
    expect(handle(board, "甲厂")).to_have_accessible_name("甲厂，候选申报，用方向键移动")
    assert order(ranked_list) == ["丁厂", "乙厂"]


def test_a_move_saves_what_was_typed_and_what_left_the_list_is_there_when_it_returns(
    board, ranked_list
):
    board.get_by_label("推荐意见：甲厂").fill("甲厂的理由")
    board.get_by_label("推荐意见：乙厂").fill("乙厂的理由")
    handle(board, "乙厂").press("ArrowLeft")
    expect(said(board)).to_contain_text("“乙厂”已移出名单，次序已保存 ")
    handle(board, "乙厂").press("ArrowRight")
    expect(said(board)).to_contain_text("“乙厂”已放到第 2 名，次序已保存 ")
    opinions = [seat.opinion for seat in taken(ranked_list)]
    assert opinions == ["甲厂的理由", "乙厂的理由"]
    board.goto(BOARD)  # nothing unsaved keeps anybody here
    expect(board.get_by_label("推荐意见：乙厂")).to_have_value("乙厂的理由")


def test_what_was_typed_after_a_move_is_not_left_behind_unasked(board, ranked_list):
    board.get_by_role("button", name="将乙厂上移一名").click()
    expect(said(board)).to_contain_text("次序已保存")
    board.get_by_label("推荐意见：甲厂").fill("离开之前写的")
    board.on("dialog", lambda dialog: dialog.dismiss())
    with board.expect_event("dialog") as asked:
        board.get_by_role("link", name="申报审核").first.click(no_wait_after=True)
    assert asked.value.type == "beforeunload"
    expect(board.get_by_label("推荐意见：甲厂")).to_have_value("离开之前写的")


def test_two_officers_at_once_the_slower_reads_both_orders_and_posts_the_own_again(
    board, browser, live_server, ranked_list
):
    colleague = cast.make_user(
        "colleague", Role.BUREAU, bureau=Bureau.objects.get(code=cast.TAIYUAN)
    )
    context = browser.new_context(base_url=live_server.url)
    other = context.new_page()
    sign_in(other, colleague)
    other.goto(BOARD)
    handle(other, "戊厂").press("ArrowRight")
    expect(said(other)).to_contain_text("次序已保存")
    context.close()
    board.get_by_label("推荐意见：乙厂").fill("还没保存的理由")
    handle(board, "乙厂").press("ArrowUp")
    expect(board.get_by_text("推荐名单刚被他人改动")).to_be_visible()
    wanted = board.get_by_text("您要的次序没有保存")
    expect(wanted).to_be_visible()
    expect(board.get_by_text("乙厂：还没保存的理由")).to_be_visible()
    expect(slot(board, 3)).to_contain_text("戊厂")
    assert order(ranked_list) == ["甲厂", "乙厂", "戊厂"]
    board.get_by_role("button", name="按我的次序和意见重新提交").click()
    expect(board.get_by_text("推荐次序已保存。")).to_be_visible()
    assert order(ranked_list) == ["乙厂", "甲厂"]
    assert taken(ranked_list)[0].opinion == "还没保存的理由"


def test_without_a_connection_the_old_order_comes_back_and_what_was_typed_stays(board, ranked_list):
    board.get_by_label("推荐意见：甲厂").fill("还在")
    board.context.set_offline(True)
    handle(board, "乙厂").press("ArrowUp")
    expect(said(board)).to_contain_text("网络不通，次序没有保存")
    expect(slot(board, 1)).to_contain_text("甲厂")
    board.context.set_offline(False)
    handle(board, "乙厂").press("ArrowUp")
    expect(said(board)).to_contain_text("次序已保存")
    assert [seat.opinion for seat in taken(ranked_list)] == ["", "还在"]


def test_everything_works_as_plain_forms(browser, live_server, officer, ranked_list):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, officer)
    page.goto(BOARD)
    expect(page.locator("[data-handle]").first).to_be_hidden()
    page.get_by_role("button", name="推荐丙厂").click()
    expect(page.get_by_text("已将“丙厂”列入推荐名单。")).to_be_visible()
    page.get_by_label("推荐意见：丙厂").fill("丙厂的理由")
    page.get_by_role("button", name="将丙厂上移一名").click()
    assert order(ranked_list) == ["甲厂", "丙厂", "乙厂"]
    page.get_by_label("放到第几名：丁厂").select_option("第 1 名")
    page.get_by_role("button", name="将丁厂放到所选名次").click()
    expect(page.get_by_text("换下“甲厂”")).to_be_visible()
    assert order(ranked_list) == ["丁厂", "丙厂", "乙厂"]
    assert taken(ranked_list)[1].opinion == "丙厂的理由"
    page.get_by_text("列为不占名额：戊厂").click()
    page.get_by_label("不占名额的理由").locator("visible=true").fill("上年度已通过。")
    page.get_by_role("button", name="列为不占名额").locator("visible=true").click()
    expect(page.get_by_text("已将“戊厂”列为不占名额推荐。")).to_be_visible()
    expect(page.get_by_text("另有不占名额 1 个")).to_be_visible()
    context.close()
