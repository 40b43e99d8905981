"""Files looked at in place: a page of a PDF as a picture, its neighbours, and who may see it."""

import io

import pypdfium2
import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from applications import attachments, viewing, workflow
from applications.models import Attachment
from portal.accounts.models import Role
from portal.rounds.models import Material
from tests import cast
from tests.files import as_upload, image, letter, pdf

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(draft, round, enterprise):
    """Upload a file for the whole application."""
    material = Material.objects.create(
        version=round.version, order=1, name="佐证材料", accepts="office", max_files=9
    )
    photos = Material.objects.create(version=round.version, order=2, name="照片", accepts="image")

    def act(content: bytes, name: str = "报告.pdf") -> Attachment:
        slot = photos if name.endswith(("png", "jpg")) else material
        return attachments.take(draft, slot, as_upload(content, name), actor=enterprise)[0]

    return act


def page(attachment, number=1):
    return reverse("applications:file_page", args=[attachment.pk, number])


def view(attachment, number=None):
    url = reverse("applications:file_view", args=[attachment.pk])
    return url if number is None else f"{url}?page={number}"


def two_colours() -> bytes:
    """A PDF of a wide page that is red and a small one that is green."""
    document = pypdfium2.PdfDocument.new()
    for colour, size in (("red", (2000, 1000)), ("green", (300, 200))):
        target = io.BytesIO()
        Image.new("RGB", size, colour).save(target, "PDF")
        document.import_pages(pypdfium2.PdfDocument(target.getvalue()))
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def pixels(response) -> Image.Image:
    return Image.open(io.BytesIO(response.content))


def test_each_page_of_a_pdf_is_drawn_as_it_looks_and_no_larger_than_a_screen_needs(browser, take):
    attachment = take(two_colours())
    first, second = (pixels(browser.get(page(attachment, number))) for number in (1, 2))
    assert first.size == (1600, 800)
    assert max(second.size) <= 1600
    for picture, colour in ((first, (255, 0, 0)), (second, (0, 128, 0))):
        middle = picture.getpixel((picture.width // 2, picture.height // 2))
        assert all(abs(a - b) < 8 for a, b in zip(middle, colour, strict=True))


def test_a_small_page_is_not_blown_up(browser, take):
    assert pixels(browser.get(page(take(pdf())))).size == (400, 400)


def test_a_photo_is_its_own_only_page_and_stands_upright(browser, take):
    photo, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("L", (4000, 2000)).save(photo, "JPEG", exif=exif)
    attachment = take(photo.getvalue(), "照片.jpg")
    picture = pixels(browser.get(page(attachment)))
    assert picture.size == (800, 1600)
    assert not picture.getexif()
    assert browser.get(page(attachment, 2)).status_code == 404


def test_a_picture_of_a_page_is_sealed_and_kept_nowhere(browser, take):
    response = browser.get(page(take(pdf())))
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("number", [0, 4, 10**9])
def test_a_page_that_there_is_not_is_not_found(browser, take, number):
    assert browser.get(page(take(pdf(3)), number)).status_code == 404


def test_a_page_of_a_word_file_is_not_found(browser, take):
    assert browser.get(page(take(letter(), "说明.docx"))).status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (pdf(), "报告.pdf", "文件已损坏，无法显示。请下载原文件查看。"),
        (image("PNG"), "图.png", "图片已损坏，无法显示。请下载原文件查看。"),
    ],
)
def test_a_file_that_broke_on_the_disk_is_a_sentence(browser, take, content, name, sentence):
    attachment = take(content, name)
    with default_storage.open(attachment.file.name, "wb") as stored:
        stored.write(content[:20] + b"x" * 40)
    response = browser.get(page(attachment))
    assert response.status_code == 404
    assert sentence in response.content.decode()


def test_a_page_too_intricate_to_be_drawn_in_time_is_a_sentence(browser, take, monkeypatch):
    attachment = take(two_colours())
    monkeypatch.setattr(viewing, "PATIENCE", -1)
    response = browser.get(page(attachment))
    assert response.status_code == 404
    assert "这一页过于复杂" in response.content.decode()


def test_a_file_that_is_gone_from_the_disk_is_an_honest_page(browser, take):
    attachment = take(pdf())
    default_storage.delete(attachment.file.name)
    assert "没有找到文件本身" in browser.get(page(attachment)).content.decode()


@pytest.mark.parametrize(
    ("asked", "shown", "ways"),
    [
        (None, 1, ["2"]),
        (2, 2, ["1", "3"]),
        (3, 3, ["2"]),
        (99, 3, ["2"]),
        (-1, 1, ["2"]),
        ("二", 1, ["2"]),
    ],
)
def test_a_long_file_is_read_page_by_page_without_script(browser, take, asked, shown, ways):
    attachment = take(pdf(3))
    shows = browser.get(view(attachment, asked)).content.decode()
    assert f'src="{page(attachment, shown)}"' in shows
    assert [n for n in "123" if f'href="?page={n}"' in shows] == ways
    assert shows.count("<img") == 1


def test_what_cannot_be_shown_says_so_and_is_offered_for_download(browser, take):
    attachment = take(letter(), "说明.docx")
    shows = browser.get(view(attachment)).content.decode()
    assert "DOCX 文件不能在网页中显示" in shows
    assert f"{reverse('applications:file', args=[attachment.pk])}?download" in shows
    assert "<img" not in shows


def test_pages_are_seen_by_whoever_may_see_the_file(
    client, filled, take, enterprise, rival, officer, other_officer
):
    attachment = take(pdf())
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    draft = {enterprise: 200, rival: 404, officer: 404, colleague: 404, other_officer: 404}
    assert statuses(client, attachment, draft) == draft
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    submitted = {**draft, officer: 200}  # the colleague has not stated 无利害关系
    assert statuses(client, attachment, submitted) == submitted


def statuses(client, attachment, users):
    found = {}
    for user in users:
        client.force_login(user)
        [found[user]] = {
            client.get(url).status_code for url in (page(attachment), view(attachment))
        }
    return found
