"""Uploading in a real browser: many files at once, dropped, refused, cut off, by keyboard alone."""

from base64 import b64encode
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from applications import workflow
from applications.models import Application
from portal.rounds.models import Material
from tests import cast
from tests.e2e.test_every_page import sign_in
from tests.files import image, pdf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def draft(live_server) -> Application:
    cast.load_catalogue()
    round = cast.make_round(cast.make_province())
    for order, values in enumerate(
        (
            {"name": "营业执照", "accepts": "pdf"},
            {"name": "审计报告", "accepts": "pdf", "max_files": 3},
            {"name": "现场照片", "accepts": "image", "scope": "instances", "max_files": 4},
        ),
        1,
    ):
        Material.objects.create(version=round.version, order=order, max_mb=1, **values)
    enterprise = cast.make_enterprise(1)
    draft = workflow.start(round, actor=enterprise)
    cast.complete(draft, enterprise)
    return draft


@pytest.fixture
def files_page(page: Page, draft) -> Page:
    sign_in(page, draft.enterprise.user_set.get())
    page.goto(f"/applications/{draft.pk}/attachments/")
    return page


@pytest.fixture
def folder(tmp_path) -> Path:
    for pages in range(1, 6):
        (tmp_path / f"{pages}.pdf").write_bytes(pdf(pages))
    (tmp_path / "不是.pdf").write_bytes(b"hello")
    (tmp_path / "过大.pdf").write_bytes(b"%PDF-" + b"\0" * 1024 * 1024)
    (tmp_path / "现场.png").write_bytes(image())
    return tmp_path


def slot(page: Page, name: str):
    return page.locator("[data-slot]").filter(has=page.get_by_role("heading", name=name))


def names(draft: Application) -> list[str]:
    return sorted(attachment.name for attachment in draft.attachments.current())


def test_many_files_go_up_by_themselves_and_each_refusal_says_why(files_page, draft, folder):
    reports = slot(files_page, "审计报告")
    chosen = [folder / name for name in ("1.pdf", "不是.pdf", "过大.pdf")]
    reports.locator("input[type=file]").set_input_files(chosen)
    expect(reports.get_by_role("link", name="1.pdf")).to_be_visible()
    expect(reports.get_by_text("“不是.pdf”的内容无法识别")).to_be_visible()
    expect(reports.get_by_text("超过 1.0 MB 的上限")).to_be_visible()
    reports.get_by_role("button", name="关闭 不是.pdf").click()
    expect(reports.get_by_text("“不是.pdf”的内容无法识别")).to_be_hidden()
    assert names(draft) == ["1.pdf"]


def test_what_finds_no_room_is_named_and_a_refused_file_takes_none(files_page, draft, folder):
    reports = slot(files_page, "审计报告")
    chosen = [folder / name for name in ("不是.pdf", "1.pdf", "2.pdf", "3.pdf", "4.pdf")]
    reports.locator("input[type=file]").set_input_files(chosen)
    left_out = reports.locator(".upload-failed").filter(has_text="4.pdf")
    expect(left_out).to_contain_text("此处已满，没有上传")
    expect(reports.locator(".upload-failed")).to_have_count(2)
    assert names(draft) == ["1.pdf", "2.pdf", "3.pdf"]


def test_of_two_files_dropped_on_a_slot_for_one_the_second_replaces_nothing(files_page, draft):
    files_page.evaluate(
        """(texts) => {
            const transfer = new DataTransfer();
            texts.forEach((text, index) => {
                const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
                transfer.items.add(new File([bytes], `${index}.pdf`));
            });
            const init = { dataTransfer: transfer, bubbles: true, cancelable: true };
            document.querySelector("[data-slot]").dispatchEvent(new DragEvent("drop", init));
        }""",
        [b64encode(content).decode() for content in (b"hello", pdf(1), pdf(2))],
    )
    licence = slot(files_page, "营业执照")
    expect(licence.locator(".upload-failed").filter(has_text="2.pdf")).to_contain_text("没有上传")
    assert names(draft) == ["1.pdf"]
    licence.get_by_role("button", name="重试 2.pdf").click()
    expect(licence.get_by_role("link", name="2.pdf")).to_be_visible()
    assert names(draft) == ["2.pdf"]


def test_a_new_file_replaces_the_one_in_a_slot_for_one_and_the_old_comes_back(
    files_page, draft, folder
):
    licence = slot(files_page, "营业执照")
    for name in ("1.pdf", "2.pdf"):
        licence.locator("input[type=file]").set_input_files(folder / name)
        expect(licence.get_by_text(f"已上传“{name}”。")).to_be_visible()
    assert names(draft) == ["2.pdf"]
    licence.get_by_text("已替换或移除 1 个").click()
    licence.get_by_role("button", name="恢复 1.pdf").click()
    expect(licence.get_by_text("已恢复“1.pdf”。")).to_be_visible()
    assert names(draft) == ["1.pdf"]


def test_files_can_be_dropped_on_a_slot_and_elsewhere_do_no_harm(files_page, draft):
    def drop(selector: str) -> None:
        files_page.evaluate(
            """([selector, text]) => {
                const transfer = new DataTransfer();
                const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
                transfer.items.add(new File([bytes], "拖.pdf"));
                const init = { dataTransfer: transfer, bubbles: true, cancelable: true };
                const target = document.querySelector(selector);
                target.dispatchEvent(new DragEvent("dragover", init));
                target.dispatchEvent(new DragEvent("drop", init));
            }""",
            [selector, b64encode(pdf(9)).decode()],
        )

    drop("footer")
    drop("[data-slot]")
    expect(slot(files_page, "营业执照").get_by_role("link", name="拖.pdf")).to_be_visible()
    assert names(draft) == ["拖.pdf"]


def test_a_cut_line_and_a_lost_session_keep_the_file_to_try_again(files_page, draft, folder):
    licence = slot(files_page, "营业执照")

    def cut(route: Route) -> None:
        route.abort()

    files_page.route("**/attachments/*/", cut)
    licence.locator("input[type=file]").set_input_files(folder / "3.pdf")
    expect(licence.get_by_text("网络中断，没有上传")).to_be_visible()
    files_page.unroute("**/attachments/*/", cut)
    cookies = files_page.context.cookies()
    files_page.context.clear_cookies(name="sessionid")
    licence.get_by_role("button", name="重试 3.pdf").click()
    expect(licence.get_by_text("登录已失效")).to_be_visible()
    files_page.context.add_cookies(cookies)
    licence.get_by_role("button", name="重试 3.pdf").click()
    expect(licence.get_by_text("已上传“3.pdf”。")).to_be_visible()
    assert names(draft) == ["3.pdf"]


def test_an_upload_under_way_can_be_cancelled(files_page, draft, folder):
    reports = slot(files_page, "审计报告")
    held: list[Route] = []
    files_page.route("**/attachments/*/", lambda route: held.append(route))
    reports.locator("input[type=file]").set_input_files([folder / "1.pdf", folder / "2.pdf"])
    reports.get_by_role("button", name="取消 1.pdf").click()
    reports.get_by_role("button", name="取消 2.pdf").click()
    expect(reports.locator(".upload-row")).to_have_count(0)
    files_page.unroute_all(behavior="ignoreErrors")
    assert names(draft) == []


def test_a_photo_goes_up_beside_its_instance_by_keyboard(files_page, draft, folder):
    # Listening starts before the page is there: a listener and a key sent together may overtake
    # each other in the browser, and the dialog would open unheard.
    files_page.on("filechooser", lambda chooser: chooser.set_files(folder / "现场.png"))
    files_page.goto(f"/applications/{draft.pk}/instances/k1/")
    photos = slot(files_page, "现场照片")
    photos.locator("input[type=file]").press("Enter")
    expect(photos.get_by_role("link", name="现场.png")).to_be_visible()
    photos.get_by_role("button", name="移除 现场.png").press("Enter")
    expect(photos.get_by_text("已移除“现场.png”")).to_be_visible()
    assert names(draft) == []
    assert files_page.url.endswith("/instances/k1/")
