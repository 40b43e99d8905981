"""Files: what is taken, what is refused and in which words, their history, who may read them."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageFile

from applications import attachments, inspection, workflow
from applications.attachments import Refused
from applications.models import Application, Attachment
from applications.sections import Filing, snapshot
from portal.errors import PortalError, StaleState
from portal.rounds.models import Material, RoundVersion
from tests import cast
from tests.files import (
    archive,
    as_upload,
    garbled,
    image,
    letter,
    of_many_disks,
    pdf,
    with_part,
    workbook,
)

pytestmark = pytest.mark.django_db


OLD_WORD = inspection.OLE + b"x" * 600


# The stage: a slot for one PDF or image, one for three Office files, and one for each row


@pytest.fixture
def materials(round) -> dict[str, Material]:
    rows = {
        "licence": {"name": "营业执照", "accepts": "pdf_image"},
        "report": {"name": "审计报告", "accepts": "office", "max_files": 3},
        "photo": {"name": "现场照片", "accepts": "image", "scope": "instances", "max_files": 2},
        "proof": {"name": "佐证材料", "accepts": "pdf_image", "scope": "indicator_values"},
    }
    return {
        key: Material.objects.create(version=round.version, order=order, max_mb=1, **values)
        for order, (key, values) in enumerate(rows.items(), 1)
    }


@pytest.fixture
def take(draft, materials, enterprise):
    """Upload into a slot of the draft; returns the attachment."""

    def act(slot: str, content: bytes, name: str = "a.pdf", **options) -> Attachment:
        return attachments.take(
            draft, materials[slot], as_upload(content, name), actor=enterprise, **options
        )[0]

    return act


def current(application: Application) -> list[str]:
    return [attachment.name for attachment in application.attachments.current()]


# What is taken


@pytest.mark.parametrize(
    ("slot", "content", "type_", "pages"),
    [
        ("licence", pdf(3), inspection.PDF, 3),
        ("licence", image("JPEG"), inspection.JPEG, None),
        ("licence", image("PNG"), inspection.PNG, None),
        ("report", letter(), inspection.DOCX, None),
        ("report", workbook(), inspection.XLSX, None),
    ],
)
def test_a_file_is_taken_for_what_it_is(take, slot, content, type_, pages):
    attachment = take(slot, content, "无后缀")
    assert (attachment.content_type, attachment.pages) == (type_, pages)
    assert attachment.name == f"无后缀{inspection.SUFFIXES[type_][0]}"
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    assert attachment.file.open("rb").read() == content
    assert bool(attachment.thumbnail) == attachment.is_image


@pytest.mark.parametrize(
    ("name", "content_type", "kept"),
    [
        ("报告.pdf", inspection.PDF, "报告.pdf"),
        ("报告.PDF", inspection.PDF, "报告.pdf"),
        ("photo.jpeg", inspection.JPEG, "photo.jpeg"),
        ("photo.png", inspection.JPEG, "photo.jpg"),
        ("run.exe", inspection.PNG, "run.exe.png"),
        ("2024.1 版", inspection.PDF, "2024.1 版.pdf"),
        ("C:\\用户\\报告.pdf", inspection.PDF, "报告.pdf"),
        ("../../etc/passwd", inspection.PDF, "passwd.pdf"),
        (".pdf", inspection.PDF, ".pdf.pdf"),
        ("长" * 300 + ".pdf", inspection.PDF, "长" * 196 + ".pdf"),
    ],
)
def test_a_name_loses_its_folders_and_ends_as_its_content_does(name, content_type, kept):
    assert attachments.fitting_name(name, content_type) == kept


def test_invisible_characters_are_cleaned_out_of_a_name(take):
    assert take("licence", pdf(), "报\u202e告\u0007\n.pdf").name == "报告.pdf"


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_half_an_image_is_refused_also_where_pdf_is_written(take, format, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as loading WeasyPrint does
    with pytest.raises(Refused, match="图片不完整"):
        take("licence", image(format)[:-40], "a.png")
    assert ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    ("slot", "content", "name", "sentence"),
    [
        ("licence", b"", "空.pdf", "“空.pdf”是空文件"),
        ("licence", b"hello", "a.pdf", "“a.pdf”的内容无法识别，“营业执照”只收PDF 或图片"),
        ("licence", b"%PDF-1.7 and nothing else", "a.pdf", "已损坏"),
        ("licence", image("PNG")[:-40], "a.png", "图片不完整"),
        ("licence", image("JPEG")[:-40], "a.jpg", "图片不完整"),
        ("licence", image("GIF"), "a.gif", "GIF 图片。请用看图或画图软件另存为 JPG 或 PNG"),
        ("licence", image("PNG", (9000, 9000)), "a.png", "像素过大（9000×9000）"),
        ("licence", image("PNG", (5001, 5000)), "a.png", "请缩小到 2500 万像素以内"),
        ("licence", image("PNG", (20000, 20000), "1"), "a.png", "像素过大"),
        ("licence", workbook(), "台账.xlsx", "是 XLSX 文件，“营业执照”只收PDF 或图片"),
        ("licence", b"x" * (1024 * 1024 + 1), "a.pdf", "超过“营业执照”单个文件 1 MB 的上限"),
        ("report", OLD_WORD, "旧版.doc", "另存为 .docx、.xlsx 或 PDF"),
        ("report", archive(a="b"), "一包.zip", "是压缩包。请解压后逐个上传"),
        ("report", workbook()[:-60], "a.xlsx", "请重新保存后再上传"),
        ("report", garbled(workbook(), "xl/styles.xml"), "a.xlsx", "请重新保存后再上传"),
        (
            "report",
            garbled(letter(), "word/document.xml", zipfile.ZIP_LZMA),
            "a.docx",
            "请重新保存后再上传",
        ),
        ("report", of_many_disks(letter()), "a.docx", "请重新保存后再上传"),
        ("report", with_part(workbook(), "xl/vbaProject.bin", ""), "a.xlsm", "含有宏"),
        (
            "report",
            with_part(workbook(), "xl/media/bomb", "0" * (inspection.MOST_UNPACKED + 1)),
            "a.xlsx",
            "解压后过大",
        ),
        ("photo", pdf(), "a.pdf", "“现场照片”只收图片"),
    ],
)
def test_what_is_not_taken_is_refused_in_words_that_say_what_to_do(
    take, draft, slot, content, name, sentence
):
    with pytest.raises(Refused, match="。") as refused:
        take(slot, content, name)
    assert sentence in str(refused.value)
    assert current(draft) == []
    assert list(Path(settings.MEDIA_ROOT).rglob("*.*")) == []


def test_a_pdf_that_asks_for_a_password_is_refused_and_one_that_only_forbids_printing_is_not(
    take,
):
    folder = Path(__file__).parent / "files"
    with pytest.raises(Refused, match="需要密码才能打开"):
        take("licence", (folder / "locked.pdf").read_bytes())
    assert take("licence", (folder / "no-printing.pdf").read_bytes()).pages == 1


# Slots and quota


def test_the_same_content_is_not_stored_twice_in_a_slot(take, draft, materials, enterprise):
    first = take("report", pdf(), "一.pdf")
    again, is_new = attachments.take(
        draft, materials["report"], as_upload(pdf(), "二.pdf"), actor=enterprise
    )
    assert (again, is_new) == (first, False)
    take("licence", pdf(), "三.pdf")
    assert current(draft) == ["三.pdf", "一.pdf"]


def test_a_full_slot_takes_no_more(take, draft):
    for pages in (1, 2, 3):
        take("report", pdf(pages))
    with pytest.raises(Refused, match="“审计报告”最多 3 个文件，已满。请替换或移除其中一个"):
        take("report", pdf(4))
    assert len(current(draft)) == 3


def test_the_quota_counts_what_is_there_and_what_was_submitted(take, draft, round, enterprise):
    RoundVersion.objects.filter(round=round).update(attachment_quota=1)
    draft.version.refresh_from_db()
    half = b"\0" * 500_000
    first = take("report", pdf(1) + half, "一.pdf")
    take("report", pdf(2) + half, "二.pdf")
    with pytest.raises(Refused, match="每份申报的附件合计不超过 1 MB，已用"):
        take("report", pdf(3) + half, "三.pdf")
    take("licence", pdf(4))
    attachments.remove(first, actor=enterprise)
    take("report", pdf(3) + half, "三.pdf")
    with pytest.raises(Refused, match="合计不超过"):
        attachments.restore(first, actor=enterprise)
    draft.attachments.update(frozen_at="2026-01-01T00:00:00Z")
    attachments.remove(draft.attachments.get(name="三.pdf"), actor=enterprise)
    with pytest.raises(Refused, match="合计不超过"):
        take("report", pdf(5) + half)


def test_what_was_ever_uploaded_has_an_end_too(take, draft, round, enterprise):
    RoundVersion.objects.filter(round=round).update(attachment_quota=1)
    draft.version.refresh_from_db()
    most = b"\0" * 900_000
    for pages in range(1, attachments.MOST_HISTORY + 1):
        attachments.remove(take("licence", pdf(pages) + most), actor=enterprise)
    with pytest.raises(Refused, match="历次替换、移除的文件已经过多"):
        take("licence", pdf(99) + most)


def test_what_is_restored_was_counted_when_it_came(take, round, draft, enterprise):
    RoundVersion.objects.filter(round=round).update(attachment_quota=1)
    draft.version.refresh_from_db()
    most = b"\0" * 1_000_000
    for pages in range(1, attachments.MOST_HISTORY + 1):
        last = take("licence", pdf(pages) + most, f"{pages}.pdf")
        attachments.remove(last, actor=enterprise)
    attachments.restore(last, actor=enterprise)
    assert current(draft) == [last.name]


def test_a_file_of_a_row_needs_the_row(filled, take):
    assert take("photo", image(), "现场.png", key="k1").group == "instances"
    assert take("proof", pdf(), key="20").key == "20"
    for slot, content, key in (
        ("photo", image(), "k9"),
        ("photo", image(), ""),
        ("licence", pdf(), "k1"),
    ):
        with pytest.raises(StaleState, match="已被删除，文件没有上传"):
            take(slot, content, key=key)


# History


def test_a_replaced_file_keeps_its_history_and_can_come_back(take, draft, enterprise):
    old = take("licence", pdf(1), "旧.pdf")
    new = take("licence", pdf(2), "新.pdf", replaces=old.pk)
    old.refresh_from_db()
    assert (old.replaced_by, old.retired_by) == (new, enterprise)
    assert old.retired_at and old.file.open("rb").read() == pdf(1)
    attachments.restore(old, actor=enterprise)
    assert current(draft) == ["旧.pdf"]
    new.refresh_from_db()
    assert new.replaced_by == old


def test_a_file_replaced_by_a_colleague_is_not_replaced_again_unseen(take, draft):
    seen = take("licence", pdf(1), "一.pdf")
    take("licence", pdf(2), "二.pdf", replaces=seen.pk)
    with pytest.raises(StaleState, match="已被他人替换或移除，新文件没有上传"):
        take("licence", pdf(3), "三.pdf", replaces=seen.pk)
    with pytest.raises(Refused, match="已满"):
        take("licence", pdf(3), "三.pdf")
    assert current(draft) == ["二.pdf"]


def test_a_removed_file_can_be_restored_while_there_is_room(take, draft, enterprise):
    first, *_ = (take("report", pdf(pages), f"{pages}.pdf") for pages in (1, 2, 3))
    attachments.remove(first, actor=enterprise)
    assert current(draft) == ["2.pdf", "3.pdf"]
    fourth = take("report", pdf(4), "4.pdf")
    with pytest.raises(Refused, match="“审计报告”已满，请先移除一个文件再恢复“1.pdf”"):
        attachments.restore(first, actor=enterprise)
    attachments.remove(fourth, actor=enterprise)
    attachments.restore(first, actor=enterprise)
    attachments.restore(first, actor=enterprise)
    assert current(draft) == ["1.pdf", "2.pdf", "3.pdf"]


def test_nothing_changes_once_it_is_submitted(filled, take, materials, enterprise):
    kept = take("licence", pdf(1), "一.pdf")
    submit(filled, enterprise)
    for act in (
        lambda: take("licence", pdf(2), replaces=kept.pk),
        lambda: attachments.remove(kept, actor=enterprise),
        lambda: attachments.restore(kept, actor=enterprise),
    ):
        with pytest.raises(StaleState, match="现在不能修改"):
            act()
    assert current(filled) == ["一.pdf"]
    assert len(list(Path(settings.MEDIA_ROOT).rglob("attachments/*/*"))) == 1


# Submitting


def submit(application: Application, actor):
    fresh = cast.fresh(application)
    return workflow.submit(fresh, cast.declarations(fresh.round), actor=actor)


def test_a_submission_freezes_the_files_it_contains(filled, take, enterprise, officer):
    take("licence", pdf(1), "旧.pdf")
    old = filled.attachments.get()
    photo = take("photo", image(), "现场.png", key="k1")
    take("licence", pdf(2), "新.pdf", replaces=old.pk)
    revision = submit(filled, enterprise)
    assert [
        (f["material"], f["group"], f["key"], f["name"]) for f in revision.data["attachments"]
    ] == [
        ("营业执照", "", "", "新.pdf"),
        ("现场照片", "instances", "k1", "现场.png"),
    ]
    assert revision.attachments[1]["place"] == revision.scenario_lines[0]
    assert revision.data["attachments"][1]["sha256"] == photo.sha256
    seen = Attachment.objects.visible_to(officer)
    assert [attachment.name for attachment in seen] == ["新.pdf", "现场.png"]


def test_files_of_a_deleted_instance_stay_with_the_draft_and_out_of_the_submission(
    filled, take, browser
):
    take("photo", image(), "现场.png", key="k5")
    browser.post(reverse("applications:instance_delete", args=[filled.pk, "k5"]))
    fresh = Application.objects.with_sections().get(pk=filled.pk)
    assert snapshot(Filing.of(fresh))["attachments"] == []
    page = browser.get(reverse("applications:attachments", args=[filled.pk])).content.decode()
    assert "所属的一条已删除" in page and "现场.png" in page


# Pages


def upload(browser: Client, application, material, *contents: bytes, json=False, **data):
    files = [as_upload(content, f"{number}.pdf") for number, content in enumerate(contents, 1)]
    headers = {"Accept": "application/json"} if json else {"Accept": "text/html"}
    url = reverse("applications:upload", args=[application.pk, material.pk])
    return browser.post(url, {"files": files, **data}, headers=headers, follow=not json)


def test_a_plain_form_uploads_several_files_and_says_what_became_of_each(browser, draft, materials):
    page = upload(browser, draft, materials["report"], pdf(1), b"hello", pdf(1)).content.decode()
    assert "已上传“1.pdf”。" in page
    assert "“2.pdf”的内容无法识别" in page
    assert "内容与已有的相同，没有重复保存" in page
    assert current(draft) == ["1.pdf"]
    page = upload(browser, draft, materials["report"]).content.decode()
    assert "没有收到文件。请选择文件后再上传，单个文件不超过 1 MB。" in page


def test_the_script_gets_the_slot_as_it_now_is(browser, draft, materials):
    answer = upload(browser, draft, materials["licence"], pdf(7), json=True)
    assert answer.status_code == 200
    assert "1.pdf" in answer.json()["html"] and "7 页" in answer.json()["html"]
    assert answer.json()["used"] == len(pdf(7))
    refused = upload(browser, draft, materials["licence"], b"hello", json=True)
    assert (refused.status_code, "的内容无法识别" in refused.json()["message"]) == (400, True)
    stale = upload(browser, draft, materials["licence"], pdf(2), json=True, replaces="999")
    assert (stale.status_code, "新文件没有上传" in stale.json()["message"]) == (409, True)


@pytest.mark.parametrize("replaces", ["9" * 5000, "²", "x"])
def test_what_is_no_number_replaces_nothing(browser, draft, materials, replaces):
    upload(browser, draft, materials["licence"], pdf(), replaces=replaces)
    assert current(draft) == ["1.pdf"]


def test_a_material_of_another_round_is_no_slot(browser, draft, province):
    other = cast.make_round(province, slug="other")
    material = Material.objects.create(version=other.version, order=1, name="别处")
    assert upload(browser, draft, material, pdf()).status_code == 404


def test_a_file_beyond_all_limits_never_reaches_the_disk(browser, draft, materials, settings):
    settings.LARGEST_UPLOAD_MB = 1
    page = upload(browser, draft, materials["licence"], pdf() + b"\0" * 1024 * 1024)
    assert "没有收到文件" in page.content.decode()
    assert list(settings.FILE_UPLOAD_TEMP_DIR.iterdir()) == []


def test_removing_and_restoring_work_as_plain_forms(browser, draft, take):
    attachment = take("licence", pdf(), "执照.pdf")
    page = browser.post(reverse("applications:file_remove", args=[attachment.pk]), follow=True)
    assert "已移除“执照.pdf”" in page.content.decode()
    assert "已替换或移除 1 个" in page.content.decode()
    page = browser.post(reverse("applications:file_restore", args=[attachment.pk]), follow=True)
    assert "已恢复“执照.pdf”" in page.content.decode()


def test_the_overview_names_every_slot_and_counts_the_files(browser, filled, take):
    take("licence", pdf(3), "执照.pdf")
    take("photo", image(), "现场.png", key="k2")
    page = browser.get(reverse("applications:attachments", args=[filled.pk])).content.decode()
    for text in (
        "营业执照",
        "审计报告",
        "PDF、Word 或 Excel",
        "执照.pdf",
        "3 页",
        "1 个文件",
        "20. ",
    ):
        assert text in page
    page = browser.get(reverse("applications:instance", args=[filled.pk, "k2"])).content.decode()
    assert "现场.png" in page
    page = browser.get(
        reverse("applications:section", args=[filled.pk, "results"])
    ).content.decode()
    assert "佐证材料" in page
    page = browser.get(reverse("applications:detail", args=[filled.pk])).content.decode()
    assert "已上传 <b>2</b> 个" in page


@pytest.mark.parametrize("files", [1, 30])
def test_the_overview_asks_as_little_for_many_files_as_for_one(
    browser, filled, take, materials, files, django_assert_max_num_queries
):
    Material.objects.update(max_files=30)
    materials["photo"].refresh_from_db()
    for number in range(files):
        take("photo", image(size=(10, number + 1)), f"{number}.png", key="k1")
    browser.get("/applications/")
    with django_assert_max_num_queries(8):
        browser.get(reverse("applications:attachments", args=[filled.pk]))


# The files themselves


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_a_pdf_and_an_image_open_in_the_browser_and_nothing_else_does(browser, take):
    for slot, content, disposition in (
        ("licence", pdf(), "inline"),
        ("report", workbook(), "attachment"),
    ):
        attachment = take(slot, content, "报告 䶮")
        response = browser.get(reverse("applications:file", args=[attachment.pk]))
        assert body(response) == content
        assert response["Content-Disposition"].startswith(f"{disposition}; filename*=utf-8''")
        assert response["Content-Type"] == attachment.content_type
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert "no-store" in response["Cache-Control"]


def test_a_pdf_can_be_downloaded_too(browser, take):
    url = reverse("applications:file", args=[take("licence", pdf()).pk])
    disposition = browser.get(url, {"download": ""})["Content-Disposition"]
    assert disposition.startswith("attachment")


def test_a_thumbnail_is_small_and_sealed(browser, take):
    attachment = take("licence", image("PNG", (3000, 1000)), "宽.png")
    response = browser.get(reverse("applications:thumbnail", args=[attachment.pk]))
    assert "sandbox" in response["Content-Security-Policy"]
    assert Image.open(io.BytesIO(body(response))).size == (320, 107)
    pdf_file = take("report", pdf())
    assert browser.get(reverse("applications:thumbnail", args=[pdf_file.pk])).status_code == 404


def test_a_photo_larger_than_any_png_stands_upright_in_its_thumbnail(take):
    photo, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("L", (6400, 4800)).save(photo, "JPEG", exif=exif)
    attachment = take("licence", photo.getvalue(), "照片.jpg")
    assert Image.open(attachment.thumbnail.open("rb")).size == (240, 320)


def test_a_draft_s_file_is_the_enterprise_s_own(filled, take, enterprise, rival, officer, client):
    attachment = take("licence", pdf())
    url = reverse("applications:file", args=[attachment.pk])
    for user in (rival, officer):
        client.force_login(user)
        assert client.get(url).status_code == 404
    submit(filled, enterprise)
    other = cast.make_officer(cast.DATONG)
    for user, status in ((rival, 404), (officer, 200), (other, 404)):
        client.force_login(user)
        assert client.get(url).status_code == status


def test_the_bureau_finds_the_files_in_the_revision(filled, take, enterprise, officer, client):
    attachment = take("licence", pdf(2), "执照.pdf")
    submit(filled, enterprise)
    client.force_login(officer)
    page = client.get(reverse("review:reader", args=[filled.pk])).content.decode()
    assert reverse("applications:file", args=[attachment.pk]) in page and "执照.pdf" in page


def test_a_file_that_is_gone_from_the_disk_is_an_honest_page(browser, take, draft, enterprise):
    attachment = take("licence", pdf(), "执照.pdf")
    default_storage.delete(attachment.file.name)
    response = browser.get(reverse("applications:file", args=[attachment.pk]))
    assert response.status_code == 404
    assert "没有找到文件本身" in response.content.decode()
    assert attachment.sha256 in response.content.decode()
    attachments.remove(attachment, actor=enterprise)
    with pytest.raises(PortalError, match="不能恢复，请重新上传"):
        attachments.restore(attachment, actor=enterprise)


# Races


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_slots_and_quota_hold_when_many_upload_at_once(at_once, draft, materials, enterprise):
    RoundVersion.objects.update(attachment_quota=1)
    draft.version.refresh_from_db()
    half = b"\0" * 400_000

    def act(slot: str, pages: int):
        return lambda: attachments.take(
            Application.objects.with_parties().get(pk=draft.pk),
            materials[slot],
            as_upload(pdf(pages) + half),
            actor=enterprise,
        )

    outcomes = at_once(
        *(act("licence", n) for n in (1, 2, 3)), *(act("report", n) for n in (4, 5, 6))
    )
    taken = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    assert len(taken) == 2
    assert all(isinstance(outcome, tuple | Refused) for outcome in outcomes)
    assert draft.attachments.filter(material=materials["licence"]).count() <= 1
    assert attachments.used(draft) <= 1024 * 1024
    stored = Path(settings.MEDIA_ROOT).rglob(f"attachments/{draft.pk}/*")
    assert len(list(stored)) == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_an_upload_is_in_the_submission_or_is_refused(at_once, filled, materials, enterprise):
    outcomes = at_once(
        lambda: submit(filled, enterprise),
        *(
            lambda pages=pages: attachments.take(
                cast.fresh(filled), materials["report"], as_upload(pdf(pages)), actor=enterprise
            )
            for pages in (1, 2)
        ),
    )
    application = cast.fresh(filled)
    if application.current_revision:
        listed = {file["id"] for file in application.current_revision.data["attachments"]}
        assert set(application.attachments.values_list("pk", flat=True)) == listed
        assert not application.attachments.filter(frozen_at=None).exists()
    else:
        assert isinstance(outcomes[0], StaleState)
