"""The main job in a real browser: register, fill, submit, review, rank, send, receive, Annex 1."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pdfplumber
import pytest
from docx import Document as open_docx
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from applications.models import Application
from portal.catalogue.models import Bureau
from review.models import Seat
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)

TITLES = [
    "序号",
    "申报单位名称",
    "卓越级智能工厂项目名称",
    "涉及典型场景实例（罗列）",
    "联系人",
    "联系方式（手机号）",
]
# A formula-looking name and rare characters must come out as typed.
COMPANY = "=山西䶮㛃𬭎测试装备有限公司"
PROJECT = "液压支架全流程智能工厂"
CONTACT = "张喆堃"
MOBILE = "19912345678"
LINES = [
    "1. 生产作业—人机协同作业—多机协同的壳体柔性加工与检测",
    "2. 计划调度—智能排产调度（自建）—订单智能排产",
]


@pytest.fixture
def stage(live_server):
    """The catalogue, an open round, one officer, the province and three accepted applications."""
    cast.load_catalogue()
    province = cast.make_province()
    round = cast.make_round(province)
    officer = cast.make_officer()
    for number in (1, 2, 3):
        account = cast.make_enterprise(number, name=f"先到企业{number}有限公司")
        application = cast.file_application(round, account, project=f"先到项目{number}")
        cast.decide(application, "accept", officer)
    return round, officer, province


@pytest.fixture
def visitor(browser: Browser, live_server) -> Iterable[Callable[[], Page]]:
    """A new browser window with nobody signed in."""
    contexts = []

    def open_window() -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": 1366, "height": 768},
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


def sign_in(page: Page, username: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("登录名").fill(username)
    page.get_by_label("密码").fill(cast.PASSWORD)
    page.locator("main").get_by_role("button", name="登录").click()
    page.wait_for_load_state()  # only then have the page's scripts run


def fill(page: Page, **answers: str) -> None:
    """Fill fields by name: choose in lists, pick radios and boxes, type in the rest."""
    for name, value in answers.items():
        field = page.locator(f"[name='{name.replace('__', '-')}']")
        match field.first.evaluate("element => element.type"):
            case "select-one":
                field.select_option(label=value)
            case "radio":
                page.locator(f"[name='{name.replace('__', '-')}'][value='{value}']").check()
            case "checkbox":
                field.check()
            case _:
                field.fill(value)


def save(page: Page, button: str = "保存") -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".notice-success")).to_contain_text("已保存")


def register(page: Page) -> None:
    page.goto("/")
    page.locator("main").get_by_role("link", name="企业注册").click()
    code = cast.invented_code(777)
    fill(page, name=COMPANY, credit_code=code[:-1] + "O", contact=CONTACT, mobile=MOBILE)
    fill(page, bureau="太原市工业和信息化局", password=cast.PASSWORD, password_again=cast.PASSWORD)
    page.get_by_role("button", name="注册并进入").click()
    expect(page.get_by_text("第 18 位是“O”").first).to_be_visible()
    assert page.locator("[name='name']").input_value() == COMPANY
    fill(
        page, credit_code=f" {code.lower()} ", password=cast.PASSWORD, password_again=cast.PASSWORD
    )
    page.get_by_role("button", name="注册并进入").click()
    expect(page.get_by_text("注册成功")).to_be_visible()


def fill_basic(page: Page) -> None:
    page.get_by_role("link", name="申报单位基本信息").first.click()
    fill(
        page,
        registered_division="太原市小店区",
        registered_address="示范路 1 号",
        factory_address="示范路 1 号",
        nature="民营",
        scale="大型",
        industry="C35 专用设备制造业",
        legal_representative="王䶮",
        founded_on="2001-02-03",
        registered_capital="一千万",
        contact_name=CONTACT,
        contact_mobile=MOBILE,
        maturity_level="三级（集成级）",
    )
    for year in ("2022", "2023", "2024"):
        for name in ("revenue", "profit", "assets", "debt_ratio", "research_spending", "staff"):
            fill(page, **{f"finance_years__{year}__{name}": "１，２３４"})
    for clause in ("B1", "B2", "B3", "B4", "B5-excellent"):
        prefix = f"requirement_answers-{clause}"
        page.locator(f"[name='{prefix}-answer'][value='yes']").check()
        page.locator(f"[name='{prefix}-explanation']").fill("符合。")
    save(page)
    # What does not parse is kept as typed, with its error, and survives a reload.
    page.reload()
    assert page.locator("[name='registered_capital']").input_value() == "一千万"
    expect(page.get_by_text("请填写数字").first).to_be_visible()
    assert page.locator("[name='finance_years-2024-revenue']").input_value() == "1234"
    fill(page, registered_capital="1,000.00")
    save(page)


def fill_rest(page: Page, go: Callable[[str], None]) -> None:
    go("factory")
    fill(
        page,
        project_name=PROJECT,
        started_on="2024-06-01",
        finished_on="2022-06-01",
        total_investment="8000",
        introduction="简介。",
        results="成效。",
        is_authentic="on",
    )
    row = page.locator("[name='integrators']").first.input_value()
    fill(page, **{f"integrators__{row}__name": "本单位", f"integrators__{row}__work": "集成"})
    save(page)
    expect(page.get_by_text("早于“建设开始日期”").first).to_be_visible()
    fill(page, started_on="2021-06-01")
    save(page)
    go("scenarios")
    fill(page, overall="总体。", system_integration="集成。")
    # 原则上: two of the five areas are covered, so the clause asks for a reason.
    fill(page, **{"explanations__C-excellent__reason": "其余环节按二期规划建设。"})
    save(page)
    texts = dict.fromkeys(("pain_point", "content", "equipment", "software", "effect"), "内容。")
    go("instances/new")
    fill(page, segment="计划调度", own_scenario="智能排产调度（自建）", name="订单智能排产")
    fill(page, uses_ai="True", **texts)
    save(page, "保存并再添加一个")
    fill(page, segment="生产作业", scenario="人机协同作业", name="多机协同的壳体柔性加工与检测")
    fill(page, uses_ai="False", **texts)
    save(page)
    page.get_by_role("button", name="上移").last.click()
    first = LINES[0].removeprefix("1. ")
    expect(page.get_by_role("link", name=first, exact=True)).to_be_visible()
    go("results")
    fill(page, advancement="先进。", effect="成效。", follow_up_plan="计划。")
    for number in range(1, 21):
        if number == 5:  # a change is computed from before and after
            fill(page, indicator_values__5__before="10", indicator_values__5__after="8")
        else:
            fill(page, **{f"indicator_values__{number}__value": "12"})
    save(page)


def submit(page: Page, go: Callable[[str], None]) -> None:
    go("submit")
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    page.locator("main").get_by_role("button", name="提交").click()
    expect(page.get_by_text("回执编号").first).to_be_visible()


def review_and_rank(page: Page, application: Application) -> None:
    """Accept; three others sit already, so there is no fourth place; swap one out; send."""
    page.goto(f"/review/applications/{application.pk}/")
    page.get_by_label("不存在利害关系", exact=True).check()
    page.get_by_role("button", name="声明并继续").click()
    expect(page.get_by_text(PROJECT).first).to_be_visible()
    page.get_by_role("button", name="审核通过").click()
    expect(page.get_by_text("已办理：审核通过")).to_be_visible()
    page.goto("/review/bureau/test/ranking/")
    for number in (1, 2, 3):
        page.get_by_role("button", name=f"推荐先到企业{number}有限公司").click()
        expect(page.get_by_text(f"已放到第 {number} 名，次序已保存")).to_be_visible()
    refused = page.context.request.post(
        "/review/bureau/test/ranking/recommend/",
        form={
            "application": str(application.pk),
            "csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.input_value(),
        },
        headers={"Referer": page.url},
    )
    assert "3 个名额已满" in refused.text()
    assert Seat.objects.filter(application__isnull=False).count() == 3
    page.goto("/review/bureau/test/ranking/")
    page.get_by_role("button", name="移出").nth(1).click()
    expect(page.get_by_text("“先到企业2有限公司”已移出名单，次序已保存")).to_be_visible()
    page.get_by_role("button", name=f"推荐{COMPANY}").click()
    expect(page.get_by_text("已放到第 3 名，次序已保存")).to_be_visible()
    seats = page.locator(".seat")
    for place in (1, 0):
        page.get_by_role("button", name=f"将{COMPANY}上移一名").click()
        expect(seats.nth(place)).to_contain_text(COMPANY)
        expect(page.get_by_text(f"已放到第 {place + 1} 名，次序已保存")).to_be_visible()
    page.goto("/review/bureau/test/send/")
    page.get_by_label("签发人").fill("李昇")
    page.get_by_label("企业申报尚未截止").check()
    page.get_by_role("button", name="报送省厅").click()
    expect(page.get_by_text("推荐名单已报送省厅")).to_be_visible()


def export(page: Page, work_off_jobs: Callable[[], int], folder: Path) -> dict[str, Path]:
    files = {}
    for name, suffix in (("PDF", "pdf"), ("Excel", "xlsx"), ("Word", "docx")):
        page.goto("/review/province/summary/")
        page.get_by_label("仍要导出").check()
        page.get_by_role("button", name=name).first.click()
        page.wait_for_url("**/jobs/*/")
        work_off_jobs()
        with page.expect_download() as download:
            page.get_by_role("link", name="下载").click()
        files[suffix] = folder / f"a.{suffix}"
        assert download.value.suggested_filename == f"2025年度卓越级智能工厂项目推荐汇总表.{suffix}"
        download.value.save_as(files[suffix])
    return files


def read_pdf(path: Path) -> list[list[str]]:
    with pdfplumber.open(path) as pdf:
        return [row for page in pdf.pages for table in page.extract_tables() for row in table]


def read_xlsx(path: Path) -> list[list[str]]:
    sheet = load_workbook(path).active
    return [[str(v) if v is not None else "" for v in r] for r in sheet.iter_rows(values_only=True)]


def read_docx(path: Path) -> list[list[str]]:
    table = open_docx(path).tables[0]
    return [[cell.text for cell in row.cells] for row in table.rows]


def squeeze(text: str | None) -> str:
    return "".join((text or "").split())


def rows_of(table: list[list[str]]) -> list[list[str]]:
    """The numbered rows, without the white space that each format adds in its own way."""
    squeezed = [[squeeze(cell) for cell in row] for row in table]
    return [row for row in squeezed if row and row[0].isdigit()]


def test_from_registration_to_the_three_files(page, visitor, stage, work_off_jobs, tmp_path):
    round, officer, province = stage
    register(page)
    page.get_by_role("button", name="开始").first.click()
    application = Application.objects.get(enterprise__name=COMPANY)

    def go(where: str) -> None:
        page.goto(f"/applications/{application.pk}/{where}/")

    fill_basic(page)
    fill_rest(page, go)
    submit(page, go)

    office = visitor()
    sign_in(office, officer.username)
    review_and_rank(office, application)

    desk = visitor()
    sign_in(desk, province.username)
    desk.goto("/review/province/")
    unit = desk.get_by_role("row").filter(has_text="太原市")
    unit.get_by_role("link", name="已报送").click()
    desk.get_by_text("受理名单").first.click()
    desk.get_by_role("button", name="确认受理").click()
    expect(desk.get_by_text("已受理太原市")).to_be_visible()

    files = export(desk, work_off_jobs, tmp_path)
    tables = [read_pdf(files["pdf"]), read_xlsx(files["xlsx"]), read_docx(files["docx"])]
    expected = [
        ["1", COMPANY, PROJECT, squeeze("".join(LINES)), CONTACT, MOBILE],
        ["2", "先到企业1有限公司", "先到项目1"],
        ["3", "先到企业3有限公司", "先到项目3"],
    ]
    for table in tables:
        assert TITLES in [[squeeze(cell) for cell in row] for row in table]
        rows = rows_of(table)
        assert rows[0] == expected[0]
        assert [row[:3] for row in rows[1:]] == expected[1:]
        assert Bureau.objects.get(code=cast.TAIYUAN).name in [squeeze(row[0]) for row in table]
