"""利害关系声明: nothing of an application opens before it, nor after stepping aside."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from applications import commenting, interests
from applications.models import Application, Attachment, Interest
from applications.states import Status
from portal.accounts.models import Role
from portal.errors import NotAllowed
from portal.rounds.models import Material
from review import visits
from tests import cast
from tests.files import as_upload, image
from tests.test_access import TABLE

pytestmark = pytest.mark.django_db

STATEMENT = "review:interest"
# Whose first argument is the application, and what an officer opens by another row's id.
ABOUT_ONE = sorted(
    name
    for name, (wanted, get, _post) in TABLE.items()
    if name.startswith("review:") and wanted.split()[:1] == ["application"]
    if get[3] != 403 and name != STATEMENT  # the fourth is the bureau's officer
)
PARTS_OF_ONE = [
    ("applications:file", "attachment"),
    ("applications:thumbnail", "attachment"),
    ("review:visit_change", "visit"),
    ("review:photo", "photo"),
    ("review:photo_thumbnail", "photo"),
]
VALUES = {"number": 1, "section": "basic", "verb": "accept"}
"""Of the arguments that name no row of their own."""


@pytest.fixture
def application(round, officer) -> Application:
    owner = cast.make_enterprise(1, name="晋美有限公司")
    return cast.bring_to(Status.SUBMITTED, round, owner, officer)


@pytest.fixture
def colleague(application):
    """Of the same bureau, come after the application; has stated nothing yet."""
    return cast.make_user("colleague", Role.BUREAU, bureau=application.bureau)


@pytest.fixture
def desk(client, colleague):
    client.force_login(colleague)
    return client


@pytest.fixture
def parts(application, officer) -> dict[str, int]:
    """What the officer, and the enterprise, have added to the application."""
    stored = default_storage.save("attachments/a", ContentFile(image()))
    attachment = Attachment.objects.create(
        application=application,
        material=Material.objects.create(version=application.version, order=1, name="材料"),
        name="图.png",
        file=stored,
        thumbnail=stored,
        content_type="image/png",
        size=5,
        sha256="0" * 64,
        uploaded_by=officer,
        frozen_at=timezone.now(),
    )
    comment = commenting.add(
        application,
        ("basic", "", "", ""),
        "wrong",
        "请核对。",
        revision=application.current_revision_id,
        actor=officer,
    )
    said = {"visited_on": timezone.localdate(), "people": "张三", "findings": "正常。"}
    visit = visits.record(application, said, actor=officer)
    photo = visits.add_photo(visit, as_upload(image(), "a.png"), actor=officer)
    return {
        "attachment": attachment.pk,
        "comment": comment.pk,
        "unsent": comment.pk,
        "visit": visit.pk,
        "photo": photo.pk,
    }


def statement_of(application) -> str:
    return reverse(STATEMENT, args=[application.pk])


def address(name: str, application, parts) -> str:
    _, *others = TABLE[name][0].split()
    return reverse(name, args=[application.pk, *((VALUES | parts)[each] for each in others)])


def state(client, application, choice="no", note="", query="", **more):
    data = {"has_conflict": choice, "note": note, **more}
    return client.post(f"{statement_of(application)}{query}", data)


# What stays closed


@pytest.mark.parametrize("conflict", ["", "亲属任职"])
@pytest.mark.parametrize("name", ABOUT_ONE)
def test_no_page_about_an_application_opens_without_a_statement(
    desk, application, colleague, parts, name, conflict
):
    if conflict:
        interests.declare([application], has_conflict=True, note=conflict, actor=colleague)
    url = address(name, application, parts)
    _, get, _post = TABLE[name]
    if get[3] != 405:
        response = desk.get(url)
        assert response.status_code == 302
        assert response.url == f"{statement_of(application)}?next={url.replace('/', '%2F')}"
    response = desk.post(url, {"comment": "写了很久的意见"})
    assert response.status_code in (403, 405)
    if response.status_code == 403:
        assert "写了很久的意见" in response.content.decode()
        assert statement_of(application) in response.content.decode()
    assert cast.fresh(application).status == Status.SUBMITTED


@pytest.mark.parametrize(("name", "part"), PARTS_OF_ONE)
def test_no_part_of_an_application_opens_by_its_own_address(
    desk, parts, application, colleague, name, part
):
    url = reverse(name, args=[parts[part]])
    assert desk.get(url).status_code == 404
    cast.no_interest(application, colleague)
    assert desk.get(url).status_code in (200, 302)
    interests.declare([application], has_conflict=True, note="亲属任职", actor=colleague)
    assert desk.get(url).status_code == 404


def test_a_script_is_told_in_a_sentence(desk, application):
    response = desk.post(
        reverse("review:mark", args=[application.pk]), headers={"Accept": "application/json"}
    )
    assert response.status_code == 409
    assert "利害关系声明" in response.json()["message"]


def test_the_page_shows_who_it_is_about_and_nothing_of_the_content(desk, application):
    text = desk.get(statement_of(application)).content.decode()
    for shown in ("晋美有限公司", application.enterprise.credit_code, "示范智能工厂", "王䶮"):
        assert shown in text
    for hidden in ("项目简介。", "张喆", "12345.60", "实例1"):
        assert hidden not in text


# Stating


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("/review/bureau/?q=1", "/review/bureau/?q=1"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_having_stated_it_one_goes_on_to_where_one_was_going_but_never_elsewhere(
    desk, application, target, reached
):
    response = desk.post(
        statement_of(application), {"has_conflict": "no"}, query_params={"next": target}
    )
    assert response.status_code == 302
    assert response.url == (reached or reverse("review:reader", args=[application.pk]))


def test_a_conflict_closes_the_application_and_says_who_takes_over(
    desk, application, colleague, officer
):
    response = state(desk, application, "yes", "配偶在该企业任职")
    assert response.url == statement_of(application)
    text = desk.get(response.url).content.decode()
    assert "配偶在该企业任职" in text
    assert f"请由同事办理：{officer}" in text.replace("\n", "").replace("  ", "")
    assert desk.get(reverse("review:reader", args=[application.pk])).status_code == 302


def test_without_a_colleague_the_province_is_named(client, application, officer):
    client.force_login(officer)
    state(client, application, "yes", "曾任职")
    assert "没有其他可以办理的审核人员" in client.get(statement_of(application)).content.decode()


@pytest.mark.parametrize("note", ["", "  ", "长" * 501])
def test_a_conflict_needs_a_note_that_fits_and_what_was_chosen_stays(desk, application, note):
    response = state(desk, application, "yes", note)
    assert response.status_code == 409
    assert not Interest.objects.filter(officer__username="colleague").exists()
    text = response.content.decode()
    assert note.strip() in text
    assert 'value="yes" ' in text.replace("\n", " ")
    assert "checked" in text


def test_choosing_nothing_is_answered_with_a_sentence(desk, application):
    response = state(desk, application, "")
    assert response.status_code == 409
    assert "请选择一项。" in response.content.decode()


def test_a_conflict_found_later_closes_what_was_open(desk, application, colleague):
    cast.no_interest(application, colleague)
    reader = reverse("review:reader", args=[application.pk])
    assert statement_of(application) in desk.get(reader).content.decode()
    state(desk, application, "yes", "刚刚得知亲属任职")
    assert desk.get(reader).status_code == 302


def test_nobody_takes_a_conflict_back_alone(desk, application, colleague):
    state(desk, application, "yes", "误填")
    response = state(desk, application, "no")
    assert response.status_code == 409
    assert "不能自行撤销" in response.content.decode()
    assert interests.conflicts(colleague, [application.pk])


def test_nothing_is_stated_on_another_bureaus_application(application, other_officer):
    interests.declare([application], has_conflict=False, actor=other_officer)
    assert not application.interests.filter(officer=other_officer).exists()


def test_stating_the_same_again_keeps_when_it_was_stated(application, officer):
    before = Interest.objects.get(officer=officer)
    cast.no_interest(application, officer)
    assert Interest.objects.get(officer=officer).at == before.at


def test_one_statement_may_cover_the_others_named_on_the_page(desk, application, round, colleague):
    named = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(2), colleague)
    Interest.objects.filter(officer=colleague).delete()
    draft = cast.bring_to(Status.DRAFT, round, cast.make_enterprise(3), colleague)
    elsewhere = cast.file_application(round, cast.make_enterprise(4, cast.DATONG))
    page = desk.get(statement_of(application))
    assert list(page.context["others"]) == [named]
    late = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(5), colleague)
    Interest.objects.filter(officer=colleague).delete()
    state(desk, application, also="on", others=[named.pk, elsewhere.pk, draft.pk, "x"])
    stated = Interest.objects.filter(officer=colleague, has_conflict=False)
    assert {each.application for each in stated} == {application, named}
    assert not interests.is_open(late, colleague)


def test_a_conflict_covers_only_the_one_it_was_stated_on(desk, application, round, colleague):
    other = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(2), colleague)
    Interest.objects.filter(officer=colleague).delete()
    state(desk, application, "yes", "曾任职", also="on", others=[other.pk])
    assert [each.application for each in Interest.objects.filter(officer=colleague)] == [
        application
    ]


def test_a_statement_on_others_passes_over_a_conflict_stated_meanwhile(
    desk, application, round, colleague
):
    other = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(2), colleague)
    Interest.objects.filter(officer=colleague).delete()
    interests.declare([other], has_conflict=True, note="曾任职", actor=colleague)
    assert state(desk, application, also="on", others=[other.pk]).status_code == 302
    assert interests.conflicts(colleague, [other.pk])
    assert interests.is_open(application, colleague)


# Who reads it


def test_colleagues_and_the_province_see_who_stated_what(client, application, officer, province):
    other = cast.make_user("other", Role.BUREAU, bureau=application.bureau)
    other.name = "王五"
    other.save()
    interests.declare([application], has_conflict=True, note="持有股份", actor=other)
    for reader in (officer, province):
        client.force_login(reader)
        text = client.get(statement_of(application)).content.decode()
        assert "王五" in text and "持有股份" in text and str(officer) in text


def test_the_province_states_nothing(client, application, province):
    client.force_login(province)
    assert state(client, application).status_code == 403
    with pytest.raises(NotAllowed):
        cast.no_interest(application, province)


def test_the_province_deletes_a_mistaken_statement_and_the_officer_is_asked_anew(
    client, application, province, colleague
):
    interests.declare([application], has_conflict=True, note="误填", actor=colleague)
    wrong = Interest.objects.get(officer=colleague)
    client.force_login(province)
    back_office = reverse("admin:applications_interest_changelist")
    assert back_office in client.get(statement_of(application)).content.decode()
    listed = client.get(back_office, {"application__id__exact": application.pk})
    assert "误填" in listed.content.decode()
    client.post(
        back_office, {"action": "delete_selected", "_selected_action": wrong.pk, "post": "yes"}
    )
    assert not Interest.objects.filter(officer=colleague).exists()
    cast.no_interest(application, colleague)
    assert interests.is_open(application, colleague)
