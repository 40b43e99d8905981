"""The officers' accounts: opened by link or by sheet, looked after by the province and by units."""

import re

import pytest
from django.contrib.auth import get_user
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.accounts import team
from portal.accounts.models import Invitation, Role, User
from portal.audit.models import Record
from portal.catalogue.models import Bureau
from portal.errors import NotAllowed
from tests.catalogue.sheets import (
    client_of,
    label,
    labels,
    person,
    rows_of,
    sheet_of,
    staff_client,
    taiyuan,
    workbook,
)

pytestmark = pytest.mark.django_db

OFFICERS = "/accounts/officers/"
TEAM = "/accounts/team/"
OFFICER_HEAD = (
    *labels(User, "username", "name", "mobile", "role", "bureau", "is_unit_admin", "is_active"),
    "初始密码",
)
SECRET = "Lüliang-7-mountains"


@pytest.fixture
def staff():
    taiyuan()
    return staff_client()


def officer(username="ty01", name="李四", mobile="13900139000", password=SECRET, **more):
    row = {"role": "推荐单位", "bureau": "太原市", "admin": "否", "active": "是"} | more
    return (
        username,
        name,
        mobile,
        row["role"],
        row["bureau"],
        row["admin"],
        row["active"],
        password,
    )


def upload(client: Client, data: bytes) -> str:
    """The page that answers an upload."""
    sheet = SimpleUploadedFile("表.xlsx", data)
    response = client.post(reverse("accounts:import_officers"), {"file": sheet}, follow=True)
    assert response.status_code in (200, 409)
    return response.content.decode()


def download(client: Client) -> bytes:
    return client.post(reverse("accounts:export_officers")).content


# By sheet


def test_officers_are_created_with_hashed_passwords_and_can_sign_in(staff):
    rows = [
        officer("TY01", mobile=13900139000),
        officer("st02", role="省厅", bureau="", mobile="139 0013-9001", active="否"),
    ]
    assert "新增 2 行" in upload(staff, workbook(OFFICER_HEAD, *rows))
    bureau, province = User.objects.get(username="ty01"), User.objects.get(username="st02")
    assert (bureau.role, bureau.bureau, bureau.mobile) == (Role.BUREAU, taiyuan(), "13900139000")
    assert not bureau.is_staff
    assert SECRET not in bureau.password
    assert Client().login(username="ty01", password=SECRET)
    assert (province.role, province.mobile) == (Role.PROVINCE, "13900139001")
    assert not Client().login(username="st02", password=SECRET)


def test_passwords_are_never_exported(staff):
    upload(staff, workbook(OFFICER_HEAD, officer()))
    data = download(staff)
    rows = rows_of(data)
    assert rows[0] == OFFICER_HEAD
    assert {row[-1] for row in rows[1:]} == {None}
    assert not any("md5" in str(cell) or SECRET in str(cell) for row in rows for cell in row)


def test_officers_come_back_unchanged_and_keep_their_passwords(staff):
    upload(staff, workbook(OFFICER_HEAD, officer()))
    before = list(User.objects.order_by("pk").values())
    data = download(staff)
    assert sheet_of(data)["C2"].data_type == "s"
    assert "更新 0 行，未变或空白 2 行" in upload(staff, data)
    assert list(User.objects.order_by("pk").values()) == before


def test_who_moves_gets_another_account(staff):
    upload(staff, workbook(OFFICER_HEAD, officer()))
    Bureau.objects.create(
        code="140200", name="大同市工业和信息化局", short_name="大同市", kind="市", order=3
    )
    for moved in (officer(bureau="大同市"), officer(role="省厅", bureau="")):
        assert "已有的行不能更改这一列" in upload(staff, workbook(OFFICER_HEAD, moved))
    known = User.objects.get(username="ty01")
    assert (known.role, known.bureau) == (Role.BUREAU, taiyuan())


def test_a_password_in_the_sheet_of_a_known_officer_replaces_the_old_one(staff):
    upload(staff, workbook(OFFICER_HEAD, officer()))
    assert "更新 1 行" in upload(
        staff, workbook(OFFICER_HEAD, officer(password="Another-1-secret"))
    )
    assert Client().login(username="ty01", password="Another-1-secret")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (officer(password=""), "初始密码：新账号须填初始密码。"),
        (officer(password=12345678901), "初始密码：密码"),
        (officer(password="Kx3-pQ"), "初始密码：密码太短，至少要有 10 个字符。"),
        (officer(mobile="0351-318308"), "手机号码：请填写 11 位手机号码"),
        (officer(role="企业"), "角色：“企业”不是可填的内容，请填：推荐单位、省厅、审计（只读）。"),
        (officer(bureau=""), "角色与所属单位不一致"),
        (
            officer(active="也许"),
            f"{label(User, 'is_active')}：“也许”不是可填的内容，请填：是、否。",
        ),
        (officer(name=""), "姓名：此字段不能为空。"),
        (officer(username=""), f"{label(User, 'username')}：此字段不能为空。"),
    ],
)
def test_a_wrong_officer_is_refused_and_the_good_ones_with_him(staff, row, sentence):
    text = upload(staff, workbook(OFFICER_HEAD, officer("good"), row))
    assert f"第 3 行 · {sentence}" in text
    assert User.objects.count() == 1


def test_the_people_of_enterprises_are_not_in_the_sheet_and_not_changed_by_it(staff):
    theirs = person("worker", Role.ENTERPRISE)
    assert "worker" not in [row[0] for row in rows_of(download(staff))]
    text = upload(staff, workbook(OFFICER_HEAD, officer("worker")))
    assert "第 2 行 · " in text
    theirs.refresh_from_db()
    assert theirs.role == Role.ENTERPRISE
    assert theirs.check_password("a long enough secret")


@pytest.mark.parametrize(
    "row", [officer("office", role="省厅", bureau="", active="否"), officer("office")]
)
def test_nobody_locks_himself_out_by_a_sheet(staff, row):
    assert "不能停用自己的账号或更改自己的角色" in upload(staff, workbook(OFFICER_HEAD, row))
    assert User.objects.get().is_active


def test_what_is_no_sheet_is_refused_in_a_sentence(staff):
    assert "这不是 Excel 工作簿" in upload(staff, b"hello")
    assert "表头缺少：手机号码" in upload(staff, workbook(("登录名", "姓名"), ("a", "b")))


# By link


def invited(client: Client, **said) -> str:
    """The link of an invitation made on the page."""
    data = {"name": "李四", "role": "bureau", "bureau": taiyuan().pk} | said
    page = client.post(reverse("accounts:invite_officer"), data, follow=True).content.decode()
    return re.search(r"/accounts/join/[\w-]+/", page)[0]


def join(link: str, username: str = "lisi"):
    typed = {"username": username, "mobile": "19912345678"}
    return Client().post(link, typed | {"password": SECRET, "password_again": SECRET})


def test_the_province_opens_an_officers_account_by_a_link_and_knows_no_password(staff):
    link = invited(staff, is_unit_admin="on")
    assert "太原市工业和信息化局" in Client().get(link).content.decode()
    assert join(link).status_code == 302
    user = User.objects.get(username="lisi")
    assert (user.role, user.bureau, user.is_unit_admin) == (Role.BUREAU, taiyuan(), True)
    assert join(link, "again").status_code == 404
    assert join(invited(staff, role="auditor", bureau=""), "shenji").status_code == 302
    assert User.objects.get(username="shenji").role == Role.AUDITOR
    verbs = set(Record.objects.values_list("verb", flat=True))
    assert {"invite", "join"} <= verbs


def test_a_role_and_a_unit_that_do_not_fit_are_refused_beside_the_field(staff):
    for said, sentence in (
        ({"role": "bureau", "bureau": ""}, "请选择推荐单位。"),
        ({"role": "auditor", "bureau": taiyuan().pk}, "省厅和审计账号不属于推荐单位"),
        ({"role": "enterprise", "bureau": ""}, "请从列出的角色中选择"),
        ({"role": "province", "bureau": "", "name": " "}, "请填写姓名。"),
    ):
        data = {"name": "李四"} | said
        response = staff.post(reverse("accounts:invite_officer"), data)
        assert response.status_code == 409
        assert sentence in response.content.decode(), sentence
    assert not Invitation.objects.exists()


def test_a_units_administrator_invites_into_the_own_unit_and_no_higher():
    admin = person("admin", Role.BUREAU, is_unit_admin=True)
    browser = client_of(admin)
    browser.post(reverse("accounts:invite"), {"name": "李四", "is_signatory": "on"})
    invitation = Invitation.objects.get()
    assert (invitation.role, invitation.bureau, invitation.is_signatory) == (
        Role.BUREAU,
        taiyuan(),
        False,
    )
    with pytest.raises(NotAllowed):
        team.invite_officer("王五", Role.PROVINCE, None, actor=admin)
    with pytest.raises(NotAllowed):
        team.invite("王五", actor=person("plain", Role.BUREAU))


# Looked after


def test_the_province_lets_an_officer_go_at_once_and_brings_him_back(staff):
    officer = person("ty01", Role.BUREAU, is_unit_admin=True)
    browser = client_of(officer)
    assert browser.get(TEAM).status_code == 200
    _invitation, token = team.invite("李四", actor=officer)
    change = reverse("accounts:change_member", args=[officer.pk, "deactivate"])
    assert "已停用" in staff.post(change, follow=True).content.decode()
    assert browser.get(TEAM).url.startswith(reverse("accounts:login"))
    assert not get_user(browser).is_authenticated
    staff.post(reverse("accounts:change_member", args=[officer.pk, "reactivate"]))
    assert browser.get(TEAM).status_code == 200
    assert join(f"/accounts/join/{token}/").status_code == 404  # void for good


def test_nobody_lets_himself_go_and_a_unit_keeps_an_administrator(staff):
    me = User.objects.get(username="office")
    page = staff.post(
        reverse("accounts:change_member", args=[me.pk, "deactivate"]), follow=True
    ).content.decode()
    assert "不能停用自己的账号" in page
    admin = person("admin", Role.BUREAU, is_unit_admin=True)
    with pytest.raises(NotAllowed, match="至少保留一名单位管理员"):
        team.apply(team.BY_VERB["drop_admin"], admin, actor=admin)
    with pytest.raises(NotAllowed, match="不能办理"):
        team.apply(team.BY_VERB["make_signatory"], admin, actor=me)
    team.apply(team.BY_VERB["drop_admin"], admin, actor=me)  # the province can name another
    assert User.objects.filter(is_active=True).count() == 2


def test_an_enterprises_people_are_none_of_the_provinces_affair_on_this_page(staff):
    worker = person("worker", Role.ENTERPRISE, is_unit_admin=True)
    assert "worker" not in staff.get(OFFICERS).content.decode()
    change = reverse("accounts:change_member", args=[worker.pk, "deactivate"])
    assert staff.post(change).status_code == 404


def test_an_auditor_reads_the_page_and_changes_nothing():
    browser = client_of(person("auditor", Role.AUDITOR))
    page = browser.get(OFFICERS).content.decode()
    assert "auditor" in page
    assert "<form" not in page.partition("<main")[2]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_officers_of_the_province_who_let_each_other_go_leave_one(at_once):
    first, second = person("first"), person("second")
    deactivate = team.BY_VERB["deactivate"]
    at_once(
        lambda: team.apply(deactivate, second, actor=first),
        lambda: team.apply(deactivate, first, actor=second),
    )
    assert User.objects.filter(is_active=True).count() == 1


def test_the_page_costs_the_same_however_many_officers_there_are(
    staff, django_assert_max_num_queries, django_assert_num_queries
):
    staff.get(OFFICERS)
    with django_assert_max_num_queries(12) as short:
        staff.get(OFFICERS)
    for n in range(5):
        person(f"b{n}", Role.BUREAU)
        person(f"p{n}")
    with django_assert_num_queries(len(short)):
        staff.get(OFFICERS)
