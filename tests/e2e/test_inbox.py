"""The inbox in a real browser: many at once, by keyboard alone, and without script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from applications.states import Status
from tests import cast
from tests.e2e.test_every_page import DESK, PHONE
from tests.e2e.test_main_job import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def filed(live_server):
    """Two submitted applications, one accepted, one the officer has stated nothing about."""
    cast.load_catalogue()
    round = cast.make_round(cast.make_province())
    officer = cast.make_officer()
    filed = [
        cast.bring_to(status, round, cast.make_enterprise(number, name=f"企业{number}"), officer)
        for number, status in enumerate((Status.SUBMITTED, Status.SUBMITTED, Status.ACCEPTED), 1)
    ]
    officer.interests.filter(application=filed[1]).delete()
    return filed


def states(filed) -> list[str]:
    return [cast.fresh(application).status for application in filed]


def test_many_are_decided_by_keyboard_after_a_preview(page: Page, filed):
    sign_in(page, f"officer-{cast.TAIYUAN}")
    page.get_by_label("全选本页").focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("选择企业2")).to_be_checked()
    page.get_by_label("选择企业1").focus()
    page.keyboard.press("Space")
    assert page.get_by_label("全选本页").evaluate("box => box.indeterminate")
    page.keyboard.press("Space")
    page.get_by_role("button", name="预览").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="将办理 1 项")).to_be_visible()
    expect(page.get_by_role("heading", name="将跳过 2 项")).to_be_visible()
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        problems = Axe().run(page).response["violations"]
        assert not problems, problems
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert states(filed) == [Status.SUBMITTED, Status.SUBMITTED, Status.ACCEPTED]
    page.get_by_label("意见").fill("材料齐全。")
    page.get_by_role("button", name="确认审核通过 1 项").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已办理“审核通过” 1 项")
    assert states(filed) == [Status.ACCEPTED, Status.SUBMITTED, Status.ACCEPTED]


def test_without_script_everything_is_a_plain_form(browser: Browser, live_server, filed):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, f"officer-{cast.TAIYUAN}")
    expect(page.get_by_label("全选本页")).to_be_hidden()
    page.get_by_role("searchbox").fill("qy")
    page.get_by_role("button", name="查找").click()
    page.get_by_label("批量办理").select_option("page")
    page.get_by_role("button", name="预览").click()
    page.get_by_role("button", name="确认审核通过 1 项").click()
    expect(page.get_by_role("status")).to_contain_text("已办理“审核通过” 1 项")
    expect(page.get_by_role("searchbox")).to_have_value("qy")
    page.get_by_role("button", name="导出 Excel（3 项）").click()
    expect(page.get_by_role("heading", name="申报清单")).to_be_visible()
    context.close()
