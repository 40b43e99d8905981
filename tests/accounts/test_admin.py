"""Enterprises and officers in the back office, and the officers' sheet."""

import pytest
from django.test import Client

from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.resources import cell_text
from tests.catalogue.sheets import (
    download,
    enterprise,
    label,
    labels,
    page,
    person,
    rows_of,
    sheet_of,
    staff_client,
    taiyuan,
    upload,
    workbook,
)

pytestmark = pytest.mark.django_db

ENTERPRISE_HEAD = labels(Enterprise, "name", "credit_code", "bureau")
OFFICER_HEAD = (
    *labels(User, "username", "name", "mobile", "role", "bureau", "is_active"),
    "初始密码",
)
SECRET = "Lüliang-7-mountains"


@pytest.fixture
def staff():
    taiyuan()
    return staff_client()


def officer(username="ty01", name="李四", mobile="13900139000", password=SECRET, **more):
    row = {"role": "推荐单位", "bureau": "太原市", "active": "是"} | more
    return (username, name, mobile, row["role"], row["bureau"], row["active"], password)


# Enterprises


@pytest.mark.parametrize(
    "code",
    [
        "914403001922038216",
        " 9144 0300 1922 038216 ",
        "９１４４０３００１９２２０３８２１６",
    ],
)
def test_a_credit_code_is_taken_as_people_type_it(staff, code):
    upload(staff, Enterprise, workbook(ENTERPRISE_HEAD, ("样例公司", code, "太原市")))
    assert Enterprise.objects.get().credit_code == "914403001922038216"


def test_a_credit_code_that_excel_has_rounded_is_refused(staff):
    text = upload(
        staff, Enterprise, workbook(ENTERPRISE_HEAD, ("样例公司", 914403001922038216, "太原市"))
    )
    assert "行号: 2 - 统一社会信用代码：单元格是数字格式，Excel 只保留前 15 位" in text
    assert not Enterprise.objects.exists()


@pytest.mark.parametrize("number", [914403001922038216, 13800138000, 13800138000.0, 0, -1])
def test_a_number_cell_that_is_still_exact_is_read_as_its_digits(number):
    assert cell_text(number) == str(int(number))


@pytest.mark.parametrize("number", [914403001922038000, 9.144030019220382e17, 1e15, -1e300])
def test_a_number_cell_that_has_lost_digits_is_refused(number):
    with pytest.raises(ValueError, match="只保留前 15 位"):
        cell_text(number)


def test_a_wrong_credit_code_is_named_by_row_and_column(staff):
    rows = [("甲", "914403001922038216", "太原市"), ("乙", "914403001922038217", "大同")]
    text = upload(staff, Enterprise, workbook(ENTERPRISE_HEAD, *rows))
    assert "行号: 3 - 统一社会信用代码：第 18 位校验码不符" in text
    assert "行号: 3 - 推荐单位：没有名为“大同”的推荐单位。" in text
    assert not Enterprise.objects.exists()


def test_enterprises_go_out_as_text_and_come_back_unchanged(staff):
    Enterprise.objects.create(name="=1+1 公司", credit_code="914403001922038216", bureau=taiyuan())
    data = download(staff, Enterprise)
    cell = sheet_of(data)["B2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("914403001922038216", "s", "@")
    assert rows_of(data)[1] == ("=1+1 公司", "914403001922038216", "太原市工业和信息化局")
    assert "未变或空白 1 行" in upload(staff, Enterprise, data)
    assert Enterprise.objects.get().name == "=1+1 公司"


def test_a_code_pasted_with_blanks_and_small_letters_is_accepted_in_the_form(staff):
    staff.post(
        page(Enterprise, "add"),
        {"name": "样例", "credit_code": " 9135 0100 m000 100y43", "bureau": taiyuan().pk},
    )
    assert Enterprise.objects.get().credit_code == "91350100M000100Y43"
    assert 'maxlength="18"' not in staff.get(page(Enterprise, "add")).content.decode()


# Officers


def test_officers_are_created_with_hashed_passwords_and_can_sign_in(staff):
    rows = [
        officer("TY01", mobile=13900139000),
        officer("st02", role="省厅", bureau="", mobile="139 0013-9001", active="否"),
    ]
    assert "新增 2 行" in upload(staff, User, workbook(OFFICER_HEAD, *rows))
    bureau, province = User.objects.get(username="ty01"), User.objects.get(username="st02")
    assert (bureau.role, bureau.bureau, bureau.mobile) == (Role.BUREAU, taiyuan(), "13900139000")
    assert not bureau.is_staff
    assert SECRET not in bureau.password
    assert Client().login(username="ty01", password=SECRET)
    assert (province.role, province.mobile) == (Role.PROVINCE, "13900139001")
    assert not Client().login(username="st02", password=SECRET)


def test_passwords_are_never_exported(staff):
    upload(staff, User, workbook(OFFICER_HEAD, officer()))
    data = download(staff, User)
    rows = rows_of(data)
    assert rows[0] == OFFICER_HEAD
    assert {row[-1] for row in rows[1:]} == {None}
    assert not any("md5" in str(cell) or SECRET in str(cell) for row in rows for cell in row)


def test_officers_come_back_unchanged_and_keep_their_passwords(staff):
    upload(staff, User, workbook(OFFICER_HEAD, officer()))
    before = list(User.objects.order_by("pk").values())
    data = download(staff, User)
    assert sheet_of(data)["C2"].data_type == "s"
    assert "更新 0 行，未变或空白 2 行" in upload(staff, User, data)
    assert list(User.objects.order_by("pk").values()) == before


def test_a_password_in_the_sheet_of_a_known_officer_replaces_the_old_one(staff):
    upload(staff, User, workbook(OFFICER_HEAD, officer()))
    assert "更新 1 行" in upload(
        staff, User, workbook(OFFICER_HEAD, officer(password="Another-1-secret"))
    )
    assert Client().login(username="ty01", password="Another-1-secret")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (officer(password=""), "初始密码：新帐号须填初始密码。"),
        (officer(password=12345678901), "初始密码：密码"),
        (officer(mobile="0351-318308"), "手机号码：请填写 11 位手机号码"),
        (officer(role="企业"), "角色：“企业”不是可填的内容，请填：推荐单位、省厅。"),
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
    text = upload(staff, User, workbook(OFFICER_HEAD, officer("good"), row))
    assert f"行号: 3 - {sentence}" in text
    assert User.objects.count() == 1


def test_the_people_of_enterprises_are_not_in_the_sheet_and_not_changed_by_it(staff):
    theirs = person("worker", Role.ENTERPRISE)
    assert "worker" not in [row[0] for row in rows_of(download(staff, User))]
    text = upload(staff, User, workbook(OFFICER_HEAD, officer("worker")))
    assert "行号: 2 - " in text
    theirs.refresh_from_db()
    assert theirs.role == Role.ENTERPRISE
    assert theirs.check_password("a long enough secret")


@pytest.mark.parametrize(
    "row", [officer("office", role="省厅", bureau="", active="否"), officer("office")]
)
def test_nobody_locks_himself_out_by_a_sheet(staff, row):
    assert "不能停用自己的帐号或更改自己的角色" in upload(staff, User, workbook(OFFICER_HEAD, row))
    assert User.objects.get().is_active


def test_nobody_locks_himself_out_by_the_form(staff):
    me = User.objects.get()
    staff.post(
        page(User, "change", me.pk),
        {"username": "office", "name": "王五", "mobile": "13800138000", "role": "bureau"},
    )
    me.refresh_from_db()
    assert (me.name, me.role, me.is_active, me.is_staff) == ("王五", Role.PROVINCE, True, True)


def test_a_person_is_added_by_the_form(staff):
    response = staff.post(
        page(User, "add"),
        {
            "username": "Zhao",
            "password1": SECRET,
            "password2": SECRET,
            "name": "赵六",
            "mobile": "13800138001",
            "role": "enterprise",
            "enterprise": enterprise().pk,
            "bureau": "",
        },
    )
    assert response.status_code == 302
    assert User.objects.get(username="zhao").check_password(SECRET)


def test_a_role_without_its_unit_is_refused_by_the_form(staff):
    other = person("other")
    text = staff.post(
        page(User, "change", other.pk),
        {"username": "other", "name": "x", "mobile": "13800138000", "role": "bureau"},
    ).content.decode()
    assert "角色与所属单位不一致" in text


def test_accounts_cannot_be_deleted(staff):
    assert staff.get(page(User, "delete", person("other").pk)).status_code == 403


def test_the_list_asks_the_same_number_of_questions_however_long(
    staff, django_assert_max_num_queries, django_assert_num_queries
):
    with django_assert_max_num_queries(15) as short:
        staff.get(page(User, "changelist"))
    for n in range(5):
        person(f"w{n}", Role.ENTERPRISE)
        person(f"b{n}", Role.BUREAU)
    with django_assert_num_queries(len(short)):
        staff.get(page(User, "changelist"))
