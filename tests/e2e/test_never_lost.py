"""What is typed is never lost: whatever happens to the network, the session, the tab or the row."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from threading import Thread

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from applications import workflow
from applications.models import Application, Integrator, ScenarioInstance
from applications.sections import BY_SLUG
from portal.accounts.models import Role, User
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)


class Door:
    """A way to the server that can be closed, or let requests in and no answer out."""

    def __init__(self, port: int) -> None:
        self.behind = port
        self.is_open = self.lets_out = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        Thread(target=self._welcome, daemon=True).start()

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self.listener.accept()
                if self.is_open:
                    Thread(target=self._lead_in, args=[visitor], daemon=True).start()
                else:
                    visitor.close()

    def _lead_in(self, visitor: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.behind))
        Thread(target=self._pass_on, args=[visitor, server], daemon=True).start()
        self._pass_on(server, visitor, outwards=True)

    def _pass_on(self, source: socket.socket, target: socket.socket, outwards=False) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.is_open or (outwards and not self.lets_out):
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
            end.close()

    def close_for_good(self) -> None:
        self.listener.close()


@dataclass
class Stage:
    draft: Application
    owner: User
    colleague: User


@pytest.fixture
def stage(live_server) -> Stage:
    """A draft that two people of one enterprise fill in."""
    cast.load_catalogue()
    owner = cast.make_enterprise(1)
    colleague = cast.make_user("colleague", Role.ENTERPRISE, enterprise=owner.enterprise)
    draft = workflow.start(cast.make_round(cast.make_province()), actor=owner)
    return Stage(draft, owner, colleague)


@pytest.fixture
def door(live_server) -> Iterator[Door]:
    door = Door(live_server.thread.port)
    yield door
    door.close_for_good()


@pytest.fixture
def desk(browser: Browser, door: Door) -> Iterator[Callable[[User], BrowserContext]]:
    """A browser of its own in which somebody has signed in."""
    contexts = []

    def sit_down(user: User) -> BrowserContext:
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{door.port}", locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        context.set_default_timeout(10_000)
        visitor = Client()
        visitor.force_login(user)
        session = visitor.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": session,
                    "url": f"http://127.0.0.1:{door.port}",
                }
            ]
        )
        contexts.append(context)
        return context

    yield sit_down
    for context in contexts:
        context.close()


# A scripted fill of all four sections: where, which field, what is typed. Two of the texts are no
# number; one row is new on its page, one has a page of its own.
LONG = "建设以数据为驱动的智能工厂，覆盖㛃𬭎䶮等全部产线。" * 8
SCRIPT = [
    ("basic", "registered_address", "太原市小店区示范路 1 号"),
    ("basic", "factory_address", "太原市小店区示范路 2 号 B 座"),
    ("basic", "legal_representative", "王䶮"),
    ("basic", "registered_capital", "约一千万"),
    ("basic", "honours", f"先进级智能工厂。\n{LONG}"),
    ("basic", "finance_years-2023-revenue", "12345.67"),
    ("basic", "finance_years-2024-revenue", "审计中"),
    ("basic", "requirement_answers-B1-explanation", "依法经营，近三年无重大事故。"),
    ("factory", "project_name", "液压支架全流程智能工厂"),
    ("factory", "introduction", LONG),
    ("factory", "integrators-{row}-name", "本单位（自建）"),
    ("factory", "integrators-{row}-work", "总体集成与数据平台"),
    ("scenarios", "overall", LONG),
    ("scenarios", "system_integration", "MES 与 ERP 双向集成"),
    ("instances/new", "name", "订单智能排产"),
    ("instances/new", "pain_point", "排产靠人工，换线时间长。"),
    ("results", "advancement", LONG),
    ("results", "effect", "人均产值提高一倍。"),
    ("results", "indicator_values-3-note", "口径：合格数除以总数"),
    ("results", "indicator_values-5-before", "12.5"),
]


class Filling:
    """Somebody who fills in the script, and what disturbs them in the middle of a word."""

    def __init__(self, context: BrowserContext, door: Door, stage: Stage) -> None:
        self.context, self.door, self.draft = context, door, stage.draft
        self.page = context.new_page()
        self.address = self.row = ""
        self.turn = 0

    def open(self, where: str) -> None:
        self.address = f"/applications/{self.draft.pk}/{where}/"
        self.page.goto(self.address)

    def control(self, name: str):
        if name.endswith("{row}-name"):
            self.row = self.page.locator("tr[data-blank]").get_attribute("data-blank")
        return self.page.locator(f"#filling [name='{name.format(row=self.row)}']")

    def state(self):
        return self.page.locator("[data-save-state]")

    def leave_field(self) -> None:
        """As somebody who goes on to the next field: what was typed is sent at once."""
        self.page.keyboard.press("Tab")

    def is_saved(self) -> None:
        expect(self.state()).to_contain_text(re.compile("(已|最近)保存"))

    # Disturbances: each begins, lets the rest be typed, and ends

    @contextmanager
    def network_cut(self) -> Iterator[None]:
        self.context.set_offline(True)
        yield
        expect(self.state()).to_contain_text("离线，1 项待保存")
        self.context.set_offline(False)

    @contextmanager
    def session_expired(self) -> Iterator[None]:
        Session.objects.all().delete()
        cache.clear()
        yield
        password = self.page.get_by_role("dialog").get_by_label("密码")
        password.fill(cast.PASSWORD)
        password.press("Enter")
        expect(self.page.get_by_role("dialog")).to_be_hidden()

    @contextmanager
    def token_changed(self) -> Iterator[None]:
        self.turn += 1
        self.context.clear_cookies(name="csrftoken")
        if self.turn % 2:
            token = {"name": "csrftoken", "value": "t" * 32, "url": self.page.url.split("/app")[0]}
            self.context.add_cookies([token])
        yield

    @contextmanager
    def server_restarted(self) -> Iterator[None]:
        self.turn += 1
        # Every second time it still saves, and only its answer is lost.
        self.door.lets_out, self.door.is_open = False, bool(self.turn % 2)
        self.leave_field()
        expect(self.state()).to_contain_text("暂时连不上服务器，1 项待保存")
        yield
        expect(self.state()).to_contain_text("暂时连不上服务器，1 项待保存")
        self.door.lets_out = self.door.is_open = True
        if self.turn > 2:  # it asks again by itself, sooner when somebody comes back to the page
            self.page.evaluate("dispatchEvent(new Event('focus'))")

    @contextmanager
    def tab_closed(self) -> Iterator[None]:
        self.turn += 1
        is_cut = bool(self.turn % 2)
        self.context.set_offline(is_cut)
        yield
        address = self.page.evaluate("location.pathname")
        self.page.close()
        self.context.set_offline(False)
        self.page = self.context.new_page()
        self.page.goto(address)


DISTURBANCES = ["network_cut", "session_expired", "token_changed", "server_restarted", "tab_closed"]


def stored(draft: Application, where: str, name: str) -> str:
    """What the database has in a field, parsed or as typed."""
    if where == "instances/new":
        answers = ScenarioInstance.objects.get(application=draft)
    elif "-" in name:
        group, key, name = re.fullmatch(r"([a-z_]+)-(.+)-([a-z_]+)", name).groups()
        rows = getattr(draft, group)
        answers = rows.get() if key == "{row}" else rows.get(key=key)
    else:
        answers = BY_SLUG[where].model.objects.get(application=draft)
    return str(answers.unparsed.get(name) or getattr(answers, name))


@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_nothing_is_lost_at_twenty_moments_of_filling_in(disturbance, stage, desk, door):
    filling = Filling(desk(stage.owner), door, stage)
    here = None
    for where, name, text in SCRIPT:
        if where != here:
            filling.open(where)
            here = where
        half = len(text) // 2
        control = filling.control(name)
        control.press_sequentially(text[:half])
        with getattr(filling, disturbance)():
            control.press("Control+End")
            control.press_sequentially(text[half:])
            filling.leave_field()
        filling.is_saved()
    typed = [text for _, _, text in SCRIPT]
    assert [stored(stage.draft, where, name).rstrip("0") for where, name, _ in SCRIPT] == typed


# Two people


@pytest.fixture
def pair(stage, desk) -> tuple[Page, Page]:
    """The second section, open before both."""
    pages = tuple(desk(user).new_page() for user in (stage.owner, stage.colleague))
    for page in pages:
        page.goto(f"/applications/{stage.draft.pk}/factory/")
    return pages


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#filling [name='{name}']")


def state(page: Page) -> Locator:
    return page.locator("[data-save-state]")


def enter(page: Page, name: str, text: str) -> None:
    """Type over what is there and go on, which saves it."""
    field(page, name).fill(text)
    field(page, name).blur()


def saved(page: Page) -> None:
    expect(state(page)).to_contain_text("已保存")


def test_two_people_in_one_field_see_both_texts_and_one_click_chooses(stage, pair):
    one, other = pair
    for name in ("project_name", "introduction"):
        enter(one, name, "同事先写的")
    saved(one)
    for name in ("project_name", "introduction"):
        enter(other, name, "我后写的")
    expect(state(other)).to_contain_text("2 项与别处的修改不同")
    question = other.get_by_role("group", name="两处填写不同").first
    expect(question).to_contain_text("同事先写的")
    expect(question).to_contain_text("我后写的")
    expect(question).to_contain_text(stage.owner.name)
    assert stored(stage.draft, "factory", "project_name") == "同事先写的"
    field(other, "project_name").press("End")
    field(other, "project_name").press_sequentially("，还在写")
    expect(question).to_contain_text("我后写的，还在写")
    question.get_by_role("button", name="用我的").click()
    expect(state(other)).to_contain_text("1 项与别处的修改不同")
    question.get_by_role("button", name="用已保存的").press("Enter")
    saved(other)
    expect(field(other, "introduction")).to_have_value("同事先写的")
    assert stored(stage.draft, "factory", "project_name") == "我后写的，还在写"
    assert stored(stage.draft, "factory", "introduction") == "同事先写的"


def test_a_hundred_interleavings_in_two_open_pages_lose_nothing_unseen(stage, pair):
    labels = {"智能工厂项目名称": "project_name", "项目简介": "introduction", "建设成效": "results"}
    questions = 0
    for seed in range(100):
        random = Random(seed)
        for page in pair:
            page.reload()
        # What each person takes for saved: typed, and not given up for a text they were shown.
        taken_for_saved: dict[tuple[int, str], str] = {}
        for step in range(8):
            who, name = random.randrange(2), random.choice([*labels.values()])
            text = f"第{seed}轮第{step}次{'甲乙'[who]}写的"
            taken_for_saved[who, name] = text
            field(pair[who], name).fill(text)
            if random.random() < 0.6:
                field(pair[who], name).blur()
        for who, page in enumerate(pair):
            page.evaluate("document.activeElement.blur()")
            while is_asked(page):
                questions += 1
                question = page.get_by_role("group", name="两处填写不同")
                label = question.locator("[data-field]").first.inner_text()
                question, name = question.filter(has_text=label), labels[label]
                theirs = question.locator("[data-text=theirs]").inner_text()
                if random.random() < 0.5:
                    question.get_by_role("button", name="用已保存的").click()
                    del taken_for_saved[who, name]
                    continue
                question.get_by_role("button", name="用我的").click()
                if taken_for_saved.get((1 - who, name)) == theirs:
                    del taken_for_saved[1 - who, name]
        for (_, name), text in taken_for_saved.items():
            assert stored(stage.draft, "factory", name) == text
    assert questions > 100


def is_asked(page: Page) -> bool:
    """Whether, once everything that can be saved is saved, the person is asked to choose."""
    expect(state(page)).to_contain_text(re.compile("(已|最近)保存|请选择"))
    return "请选择" in state(page).inner_text()


def test_a_row_that_somebody_deleted_is_added_again_or_given_up(stage, pair):
    one, other = pair
    key = one.locator("tr[data-blank]").get_attribute("data-blank")
    enter(one, f"integrators-{key}-name", "集成商甲")
    saved(one)
    other.reload()
    Integrator.objects.all().delete()
    enter(one, f"integrators-{key}-work", "数据平台")
    gone = one.get_by_role("group", name="已被删除")
    gone.get_by_role("button", name="重新添加").click()
    saved(one)
    row = Integrator.objects.get()
    assert (row.name, row.work) == ("集成商甲", "数据平台")
    Integrator.objects.all().delete()
    enter(other, f"integrators-{key}-work", "其他")
    other.get_by_role("group", name="已被删除").get_by_role("button", name="放弃").click()
    expect(field(other, f"integrators-{key}-work")).to_have_count(0)
    assert not Integrator.objects.exists()


def test_what_is_typed_after_submitting_changes_nothing_and_stays_in_the_browser(stage, pair):
    page, _ = pair
    cast.complete(stage.draft, stage.owner)
    page.reload()
    revision = workflow.submit(
        cast.fresh(stage.draft), cast.declarations(stage.draft.round), actor=stage.owner
    )
    enter(page, "project_name", "迟到的名称")
    expect(state(page)).to_contain_text("申报现在不能修改，1 项没有存入")
    for _ in range(2):  # also when the page is opened again
        left = page.get_by_role("region", name="没有存入申报")
        expect(left).to_contain_text("迟到的名称")
        expect(left.get_by_role("button", name="复制")).to_be_visible()
        page.reload()
    left.get_by_text("不再保留").click()
    left.get_by_role("button", name="确认删除这些内容").click()
    page.reload()
    expect(left).to_be_hidden()
    assert stored(stage.draft, "factory", "project_name") != "迟到的名称"
    revision.refresh_from_db()
    assert revision.digest(revision.data) == revision.sha256


# One person


@pytest.fixture
def page_of_owner(stage, desk) -> Page:
    page = desk(stage.owner).new_page()
    page.goto(f"/applications/{stage.draft.pk}/factory/")
    return page


def test_what_does_not_parse_is_kept_with_its_error_until_it_is_mended(stage, page_of_owner, desk):
    page = page_of_owner
    enter(page, "total_investment", "八千万")
    amount = field(page, "total_investment")
    expect(amount).to_have_accessible_description(re.compile("请填写数字"))
    elsewhere = desk(stage.colleague).new_page()
    elsewhere.goto(page.url)
    for each in (page, elsewhere):
        each.reload()
        expect(field(each, "total_investment")).to_have_value("八千万")
        expect(each.get_by_text("请填写数字").first).to_be_visible()
    enter(page, "total_investment", "8,000")
    saved(page)
    expect(amount).not_to_have_accessible_description(re.compile("请填写数字"))
    assert stored(stage.draft, "factory", "total_investment") == "8000.00"


def test_the_save_button_stores_what_is_still_on_its_way(stage, page_of_owner):
    page = page_of_owner
    page.get_by_role("button", name="保存", exact=True).click()  # nothing to save
    expect(page.locator(".notice-success")).to_contain_text("已保存")
    field(page, "introduction").fill("刚刚写完的简介。")
    page.get_by_role("button", name="保存并继续").click()
    page.wait_for_url("**/scenarios/")
    assert stored(stage.draft, "factory", "introduction") == "刚刚写完的简介。"


def test_the_page_stands_still_once_a_field_has_the_focus(stage, page_of_owner):
    """Else a button pressed meanwhile has moved on when it is let go, and the click is lost."""
    page_of_owner.goto(f"/applications/{stage.draft.pk}/scenarios/")
    now, later = page_of_owner.evaluate(
        """() => new Promise((answer) => {
          document.querySelector("[name=explanations-C-excellent-reason]").focus();
          const now = scrollY;
          requestAnimationFrame(() => requestAnimationFrame(() => answer([now, scrollY])));
        })"""
    )
    assert now == later > 0


def test_what_a_closed_page_left_is_told_of_on_other_pages_and_saved_on_its_own(
    stage, page_of_owner
):
    page, context = page_of_owner, page_of_owner.context
    address = page.url
    context.set_offline(True)
    enter(page, "project_name", "断网时写的名称")
    key = page.locator("tr[data-blank]").get_attribute("data-blank")
    enter(page, f"integrators-{key}-name", "断网时加的集成商")
    expect(state(page)).to_contain_text("离线，2 项待保存")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"/applications/{stage.draft.pk}/")
    left = page.get_by_role("region", name="没有存入申报")
    expect(left).to_contain_text("断网时写的名称")
    left.get_by_role("link").first.click()
    page.wait_for_url(address)
    saved(page)
    expect(field(page, f"integrators-{key}-name")).to_have_value("断网时加的集成商")
    assert stored(stage.draft, "factory", "project_name") == "断网时写的名称"
    assert Integrator.objects.get().name == "断网时加的集成商"
    page.goto(f"/applications/{stage.draft.pk}/")
    expect(left).to_be_hidden()


def test_somebody_else_who_signs_in_does_not_send_what_the_first_has_typed(stage, page_of_owner):
    page, context = page_of_owner, page_of_owner.context
    second = context.new_page()
    context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    second.goto("/accounts/login/")
    second.get_by_label("登录名").fill(stage.colleague.username)
    second.get_by_label("密码").fill(cast.PASSWORD)
    second.locator("main").get_by_role("button", name="登录").click()
    second.wait_for_url("**/applications/")
    enter(page, "project_name", "第一个人写的")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("现在登录的是另一位人员")
    assert stored(stage.draft, "factory", "project_name") == ""
    dialog.get_by_label("密码").fill("不对的密码")
    dialog.get_by_role("button", name="登录并接着保存").click()
    expect(dialog).to_contain_text("登录名或密码不正确")
    dialog.get_by_label("密码").fill(cast.PASSWORD)
    dialog.get_by_role("button", name="登录并接着保存").click()
    saved(page)
    stage.draft.factory.refresh_from_db()
    assert stage.draft.factory.project_name == "第一个人写的"
    assert stage.draft.factory.edited_by == stage.owner


def test_a_browser_that_cannot_keep_anything_warns_before_unsaved_text_is_left(stage, desk):
    context = desk(stage.owner)
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked'); } })"
    )
    page = context.new_page()
    page.goto(f"/applications/{stage.draft.pk}/factory/")
    enter(page, "project_name", "没有暂存也能存")
    saved(page)
    context.set_offline(True)
    enter(page, "project_name", "还没有存上")
    expect(state(page)).to_contain_text("浏览器不能暂存，保存之前请勿关闭本页")
    with page.expect_event("dialog") as warning:
        page.close(run_before_unload=True)
    assert warning.value.type == "beforeunload"
    warning.value.dismiss()
    context.set_offline(False)
    saved(page)
    assert stored(stage.draft, "factory", "project_name") == "还没有存上"
