"""现场核查: who went, when, what they found, and the photos they took."""

import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from applications import interests
from applications.models import Application
from applications.states import Status
from portal.accounts.models import Role
from portal.errors import NotAllowed, PortalError
from review import visits
from review.models import SitePhoto, SiteVisit
from tests import cast
from tests.files import as_upload, image, pdf

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(round, officer) -> Application:
    return cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(1), officer)


@pytest.fixture
def colleague(application):
    user = cast.make_user("colleague", Role.BUREAU, bureau=application.bureau)
    cast.no_interest(application, user)
    return user


@pytest.fixture
def visit(application, officer) -> SiteVisit:
    return visits.record(application, said(), actor=officer)


def said(**changes) -> dict:
    today = timezone.localdate()
    return {"visited_on": today, "people": "张三、李四", "findings": "运行正常。", **changes}


def record(client, user, application, *photos, **changes):
    client.force_login(user)
    url = reverse("review:visit_add", args=[application.pk])
    return client.post(url, {**said(**changes), "photos": photos})


def change(client, user, visit, *photos, **changes):
    client.force_login(user)
    url = reverse("review:visit_change", args=[visit.pk])
    return client.post(url, {**said(**changes), "photos": photos})


def text_of(response) -> str:
    return response.content.decode()


def turned() -> bytes:
    """A picture wider than high that a camera says is to be turned."""
    target = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 100)).save(target, "JPEG", exif=exif)
    return target.getvalue()


def test_a_visit_is_recorded_with_several_photos_and_read_by_colleagues_and_province(
    client, application, officer, colleague, province
):
    photos = as_upload(image(), "车间.png"), as_upload(image("JPEG"), "仓库.jpg")
    response = record(client, officer, application, *photos, findings="两条线\n都在运行")
    assert response.url == reverse("review:visits", args=[application.pk])
    for reader in (officer, colleague, province):
        client.force_login(reader)
        page = client.get(response.url)
        text = text_of(page)
        assert "张三、李四" in text and "两条线<br>都在运行" in text
        assert "车间.png" in text and "仓库.jpg" in text
        [visit] = page.context["visits"]
        assert (reverse("review:visit_change", args=[visit.pk]) in text) == (reader == officer)


def test_the_last_visit_stands_first_and_latest_gives_it(application, officer, client, round):
    other = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(2), officer)
    today = timezone.localdate()
    last = visits.record(application, said(), actor=officer)
    first = visits.record(application, said(visited_on=today - timedelta(9)), actor=officer)
    client.force_login(officer)
    page = client.get(reverse("review:visits", args=[application.pk]))
    assert list(page.context["visits"]) == [last, first]
    assert visits.latest([application, other]) == {application.pk: last}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"visited_on": timezone.localdate() + timedelta(days=2)}, "核查日期不能晚于今天。"),
        ({"visited_on": "昨天"}, "日期请写成"),
        ({"visited_on": ""}, "请填写核查日期。"),
        ({"people": " "}, "请填写核查人员。"),
        ({"people": "长" * 201}, "最多 200 字"),
        ({"findings": ""}, "请填写核查情况。"),
        ({"findings": "长" * 4001}, "最多 4000 字"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_typed_is_lost(
    client, application, officer, changes, sentence
):
    typed = {"people": "王五带队", "findings": "写了很久的情况"} | changes
    response = record(client, officer, application, as_upload(image(), "a.png"), **typed)
    assert response.status_code == 409
    text = text_of(response)
    assert sentence in text
    assert "请重新选择照片" in text
    assert all(str(value) in text for value in typed.values())
    assert not SiteVisit.objects.exists()


def test_the_same_visit_sent_twice_is_one(client, application, officer):
    for _ in range(2):
        record(client, officer, application, as_upload(image(), "a.png"))
    assert SiteVisit.objects.count() == SitePhoto.objects.count() == 1


# Photos


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (pdf(), "是 PDF 文件，“现场照片”只收图片（JPG、PNG）"),
        (image("GIF"), "是 GIF 图片"),
        (image("JPEG")[:-40], "已损坏"),
        (b"text", "的内容无法识别"),
        (b"", "是空文件"),
    ],
)
def test_a_refused_photo_keeps_neither_words_nor_the_other_photos_back(
    client, application, officer, content, sentence
):
    good = as_upload(image(), "好.png")
    response = record(client, officer, application, as_upload(content, "坏.jpg"), good)
    visit = SiteVisit.objects.get()
    assert response.url == reverse("review:visit_change", args=[visit.pk])
    text = text_of(client.get(response.url))
    assert f"“坏.jpg”{sentence}" in text
    assert "运行正常。" in text
    assert [photo.name for photo in visit.photos.all()] == ["好.png"]


def test_a_photo_beyond_the_limit_is_refused(visit, officer, monkeypatch):
    monkeypatch.setattr(visits.PHOTOS, "max_mb", 0)
    with pytest.raises(PortalError, match="上限"):
        visits.add_photo(visit, as_upload(image(), "大.png"), actor=officer)
    assert not default_storage.exists("sitephoto")


def test_one_photo_too_many_is_refused_and_leaves_no_file(visit, officer, monkeypatch):
    monkeypatch.setattr(visits.PHOTOS, "max_files", 1)
    visits.add_photo(visit, as_upload(image(), "a.png"), actor=officer)
    with pytest.raises(PortalError, match="已满"):
        visits.add_photo(visit, as_upload(image(size=(9, 9)), "b.png"), actor=officer)
    assert len(default_storage.listdir("sitephoto")[1]) == 2


def test_the_photo_opens_sealed_and_its_thumbnail_stands_upright(client, visit, officer):
    photo = visits.add_photo(visit, as_upload(turned(), "现场.jpg"), actor=officer)
    client.force_login(officer)
    for name in ("review:photo", "review:photo_thumbnail"):
        response = client.get(reverse(name, args=[photo.pk]))
        assert response["Content-Type"] == "image/jpeg"
        assert "sandbox" in response["Content-Security-Policy"]
        assert response["X-Content-Type-Options"] == "nosniff"
        content = b"".join(response.streaming_content)
    width, height = Image.open(io.BytesIO(content)).size
    assert height > width


def test_a_photo_whose_file_has_gone_is_not_found(client, visit, officer):
    photo = visits.add_photo(visit, as_upload(image(), "a.png"), actor=officer)
    default_storage.delete(photo.file.name)
    client.force_login(officer)
    assert client.get(reverse("review:photo", args=[photo.pk])).status_code == 404


def test_a_removed_photo_goes_with_its_files(
    client, visit, officer, django_capture_on_commit_callbacks
):
    photos = [
        visits.add_photo(visit, as_upload(image(size=(n, n)), f"{n}.png"), actor=officer)
        for n in (5, 6)
    ]
    with django_capture_on_commit_callbacks(execute=True):
        change(client, officer, visit, remove=[photos[0].pk, "x"])
    assert list(visit.photos.all()) == [photos[1]]
    assert len(default_storage.listdir("sitephoto")[1]) == 2


# Changing


def test_the_author_changes_a_visit_and_when_is_shown(client, visit, officer):
    client.force_login(officer)
    page = client.get(reverse("review:visit_change", args=[visit.pk]))
    assert "运行正常。" in text_of(page)
    assert change(client, officer, visit, findings="停机检修").status_code == 302
    visit.refresh_from_db()
    assert visit.findings == "停机检修"
    assert visit.edited_at > visit.recorded_at


def test_nobody_but_the_author_changes_a_visit(
    client, visit, officer, colleague, other_officer, province
):
    for user, status in ((colleague, 302), (other_officer, 404), (province, 403)):
        assert change(client, user, visit, findings="改写").status_code == status
    with pytest.raises(NotAllowed):
        visits.change(visit, said(findings="改写"), actor=colleague)
    with pytest.raises(NotAllowed):
        visits.remove_photos(visit, [], actor=colleague)
    visit.refresh_from_db()
    assert visit.findings == "运行正常。"


def test_having_stepped_aside_an_officer_records_and_changes_nothing(application, visit, officer):
    interests.declare([application], has_conflict=True, note="曾任职", actor=officer)
    with pytest.raises(NotAllowed):
        visits.change(visit, said(), actor=officer)
    with pytest.raises(NotAllowed):
        visits.record(application, said(), actor=officer)
    assert not SitePhoto.objects.visible_to(officer).exists()
    assert not SiteVisit.objects.visible_to(officer).exists()


def test_the_enterprise_sees_nothing_of_it(client, visit, officer):
    photo = visits.add_photo(visit, as_upload(image(), "a.png"), actor=officer)
    owner = visit.application.enterprise.user_set.get()
    assert not SiteVisit.objects.visible_to(owner).exists()
    assert not SitePhoto.objects.visible_to(owner).exists()
    client.force_login(owner)
    assert client.get(reverse("review:photo", args=[photo.pk])).status_code == 403
