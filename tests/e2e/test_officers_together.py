"""Two officers of one bureau and one of another at work at the same time, each in a browser."""

from collections.abc import Callable, Iterable

import pytest
from playwright.sync_api import Browser, Page, expect

from applications.models import Application, Interest
from portal.accounts.models import Role, User
from portal.rounds.models import Round
from review import ranking
from tests import cast
from tests.e2e.test_every_page import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

OURS = ("甲厂", "乙厂", "丙厂")
THEIRS = "丁厂"


@pytest.fixture
def round(live_server) -> Round:
    cast.load_catalogue()
    return cast.make_round(cast.make_province())


@pytest.fixture
def filed(round) -> dict[str, Application]:
    """Three applications of Taiyuan and one of Datong, submitted; nobody has opened any."""
    filed = {}
    for number, name in enumerate((*OURS, THEIRS)):
        bureau = cast.DATONG if name == THEIRS else cast.TAIYUAN
        enterprise = cast.make_enterprise(number, bureau, name=name)
        filed[name] = cast.file_application(round, enterprise)
    return filed


@pytest.fixture
def officers(filed) -> tuple[User, User, User]:
    """Two of Taiyuan, one of Datong; none has stated an interest yet."""
    first, other = cast.make_officer(), cast.make_officer(cast.DATONG)
    second = cast.make_user("officer-2", Role.BUREAU, bureau=first.bureau)
    Interest.objects.all().delete()
    return first, second, other


@pytest.fixture
def desk(browser: Browser, live_server) -> Iterable[Callable[[User], Page]]:
    """A browser of one's own, signed in."""
    contexts = []

    def sit_down(officer: User) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="zh-CN")
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        sign_in(page, officer)
        return page

    yield sit_down
    for context in contexts:
        context.close()


def open_file(page: Page, name: str, *, also: bool = False) -> None:
    """From the inbox to the content, by the statement that is asked for on the way."""
    page.goto("/review/bureau/")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name="利害关系声明")).to_be_visible()
    page.get_by_label("不存在利害关系", exact=True).check()
    if also:
        page.get_by_label("同时对本批次其余").check()
    page.get_by_role("button", name="声明").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def accept(page: Page, name: str, application: Application) -> None:
    page.goto(f"/review/applications/{application.pk}/")
    page.get_by_role("button", name="审核通过").click()
    expect(page.get_by_text("已办理：审核通过。")).to_be_visible()


def seats(application: Application) -> list[str]:
    places = ranking.seats_of(cast.list_of(application))
    return [place.application.enterprise.name for place in places if place.application]


def test_three_officers_work_at_once_and_none_undoes_or_sees_what_is_not_theirs(
    filed, officers, desk
):
    first, second, other = map(desk, officers)

    # Each sees the own bureau's, and nothing of the other's.
    for page in (first, second):
        page.goto("/review/bureau/")
        for name in OURS:
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
        expect(page.get_by_text(THEIRS)).to_have_count(0)
    other.goto(f"/review/applications/{filed['甲厂'].pk}/")
    expect(other.get_by_text("甲厂")).to_have_count(0)

    # One steps aside from 甲厂; the content stays closed to that officer alone.
    open_file(first, "甲厂", also=True)
    open_file(second, "乙厂", also=False)
    second.goto(f"/review/applications/{filed['甲厂'].pk}/")
    second.get_by_label("存在利害关系，申请回避").check()
    second.get_by_label("说明").fill("配偶在该企业任职。")
    second.get_by_role("button", name="声明").click()
    expect(second.get_by_text("您已声明回避")).to_be_visible()
    open_file(other, THEIRS)

    # The one marks, the other sees it.
    second.goto(f"/review/applications/{filed['乙厂'].pk}/checklist/")
    row = second.locator("[data-row]").first
    row.get_by_role("textbox").fill("证照与名称不一致")
    row.get_by_label("不符合").check()
    expect(second.locator("[data-save-state]")).to_contain_text("已保存")
    first.goto(f"/review/applications/{filed['乙厂'].pk}/checklist/")
    expect(first.get_by_text("证照与名称不一致")).to_be_visible()

    # Both decide on 乙厂: the second is told, and what was typed is still there.
    second.goto(f"/review/applications/{filed['乙厂'].pk}/")
    second.get_by_label("审核意见").fill("材料齐全。")
    accept(first, "乙厂", filed["乙厂"])
    accept(first, "甲厂", filed["甲厂"])
    accept(other, THEIRS, filed[THEIRS])
    second.get_by_role("button", name="审核通过").click()
    expect(second.locator(".notice-error").first).to_be_visible()
    expect(second.get_by_text("材料齐全。").first).to_be_visible()

    # Both rank; the page that is behind is refused, and shows the fresh list with the own wish.
    for page in (first, second, other):
        page.goto("/review/bureau/test/ranking/")
    other.get_by_role("button", name=f"推荐{THEIRS}").click()
    expect(other.locator("[data-said]")).to_contain_text("次序已保存")
    first.get_by_role("button", name="推荐甲厂").click()
    expect(first.locator("[data-said]")).to_contain_text("次序已保存")
    second.get_by_role("button", name="推荐乙厂").click()
    expect(second.get_by_text("您要的次序没有保存")).to_be_visible()
    assert seats(filed["甲厂"]) == ["甲厂"]
    second.get_by_role("button", name="推荐乙厂").click()
    expect(second.locator("[data-said]")).to_contain_text("次序已保存")
    assert seats(filed["甲厂"]) == ["甲厂", "乙厂"]
    assert seats(filed[THEIRS]) == [THEIRS]
