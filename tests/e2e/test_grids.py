"""Tables in a browser: ordered by drag and by keyboard, pasted, previewed, taken back, computed."""

from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from applications import workflow
from applications.models import Application, FixedRow, IndicatorValue
from applications.sections import INSTANCES
from tests import cast
from tests.e2e.test_every_page import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = "环节\t场景\t实例名称\n生产作业\t人机协同作业\t焊接\n生产车间\t\t甲\n"


@pytest.fixture
def draft(live_server, page: Page) -> Application:
    """A complete draft, its enterprise signed in."""
    cast.load_catalogue()
    enterprise = cast.make_enterprise(1)
    application = workflow.start(cast.make_round(cast.make_province()), actor=enterprise)
    cast.complete(application, enterprise)
    sign_in(page, enterprise)
    return application


def names(application: Application) -> list[str]:
    return [row.name for row in INSTANCES.rows(application)]


def handles(page: Page) -> Locator:
    return page.locator("[data-handle]")


def said(page: Page) -> Locator:
    return page.locator("[data-order-said]")


def test_instances_are_ordered_by_dragging(page, draft):
    page.goto(f"/applications/{draft.pk}/scenarios/")
    before = names(draft)
    handles(page).nth(4).scroll_into_view_if_needed()
    first, third = handles(page).nth(0).bounding_box(), handles(page).nth(2).bounding_box()
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(third["x"] + 5, third["y"] + 20, steps=8)
    page.mouse.up()
    expect(said(page)).to_have_text("已移到第 3 条，次序已保存。")
    assert names(draft) == [before[1], before[2], before[0], *before[3:]]


def test_instances_are_ordered_by_keyboard_alone(page, draft):
    page.goto(f"/applications/{draft.pk}/scenarios/")
    before = names(draft)
    handles(page).nth(1).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(said(page)).to_have_text("已移到第 1 条，次序已保存。")
    assert names(draft)[:2] == [before[1], before[0]]
    expect(handles(page).nth(0)).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    expect(said(page)).to_have_text("已移到第 3 条，次序已保存。")
    assert names(draft)[:3] == [before[0], before[2], before[1]]


def test_moving_by_button_keeps_the_focus_there_or_beside_it_at_the_end(page, draft):
    page.goto(f"/applications/{draft.pk}/scenarios/")
    before = names(draft)
    up, down = page.locator("[value=up]"), page.locator("[value=down]")
    up.nth(2).press("Enter")
    expect(up.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(down.nth(0)).to_be_focused()
    assert names(draft)[:3] == [before[2], before[0], before[1]]
    expect(page.get_by_text("选中 ⠿ 后按 Alt+↑")).to_be_visible()


def test_an_order_that_cannot_be_saved_is_put_back_and_said(page, draft):
    page.goto(f"/applications/{draft.pk}/scenarios/")
    before = names(draft)
    lines = page.locator("[data-order] th")
    shown = lines.all_inner_texts()
    draft.instances.filter(name=before[4]).delete()
    handles(page).nth(1).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(said(page)).to_contain_text("次序没有保存")
    assert lines.all_inner_texts() == shown
    assert names(draft) == before[:4]


def test_a_table_is_pasted_looked_at_applied_and_taken_back(page, draft):
    before = names(draft)
    page.goto(f"/applications/{draft.pk}/scenarios/")
    page.get_by_role("link", name="粘贴或上传表格").click()
    page.get_by_label("表格内容").fill(TABLE)
    page.get_by_role("button", name="预览").click()
    preview = page.locator("#preview")
    expect(preview).to_be_focused()
    expect(preview.locator(".cell-refused")).to_contain_text("没有这个选项")
    page.get_by_role("button", name="采用").click()
    expect(page.get_by_text("新增 2 行，修改 0 行。")).to_be_visible()
    assert names(draft) == [*before, "焊接", "甲"]
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_text("已撤销")).to_be_visible()
    assert names(draft) == before


def test_a_value_is_computed_while_one_types_and_another_asks_for_a_reason(page, draft):
    page.goto(f"/applications/{draft.pk}/results/")
    row = page.locator("tr[data-kind=decrease]").first
    computed = row.locator(".computed")
    row.locator("[name$='-before']").fill("１00")
    row.locator("[name$='-after']").fill("80")
    row.locator("[name$='-value']").fill("")
    expect(computed).to_have_text("留空则取 20.00")
    row.locator("[name$='-value']").fill("30")
    expect(computed).to_have_text("计算值 20.00，请写明理由")
    row.locator("[name$='-note']").fill("按新口径")
    expect(computed).to_have_text("计算值 20.00")


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("increase", "200", "202.01"),
        ("increase", "200", "197.99"),
        ("increase", "-200", "-197.99"),
        ("increase", "1000", "1000.05"),
        ("increase", "1000", "999.97"),
        ("increase", "3", "4"),
        ("increase", "0.0007", "0.0011"),
        ("decrease", "800", "788.28"),
        ("decrease", "100", "100.005"),
        ("ratio", "1", "2.675"),
        ("ratio", "1", "1.005"),
    ],
)
def test_the_page_computes_and_complains_as_the_server_does(page, draft, kind, before, after):
    page.goto(f"/applications/{draft.pk}/results/")
    row = page.locator(f"tr[data-kind={kind}]").first
    computed = row.locator(".computed")
    stored = IndicatorValue(before=Decimal(before), after=Decimal(after))
    stored.fixed = FixedRow("", "", kind=kind)
    result = stored.computed
    row.locator("[name$='-before']").fill(before)
    row.locator("[name$='-after']").fill(after)
    row.locator("[name$='-value']").fill("")
    expect(computed).to_have_text(f"留空则取 {result}")
    for hundredths in range(-2, 3):
        stored.value = result + Decimal(hundredths) / 100
        row.locator("[name$='-value']").fill(str(stored.value))
        complaint = f"计算值 {result}，请写明理由" if stored.is_overridden else ""
        expect(computed).to_have_text(complaint)


def test_the_heading_follows_the_tick_of_a_new_plant(page, draft):
    page.goto(f"/applications/{draft.pk}/results/")
    heading = page.locator("thead .col-before")
    expect(heading.get_by_text("建设前", exact=True)).to_be_visible()
    page.get_by_label("新建工厂，没有建设前的数据").check()
    expect(heading.get_by_text("对比基准", exact=True)).to_be_visible()
    expect(heading.get_by_text("建设前", exact=True)).to_be_hidden()
