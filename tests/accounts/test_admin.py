"""Enterprises and accounts in the back office."""

import pytest

from portal.accounts.admin import BUREAU_CORRECTED, CODE_IS_FIXED, NO_ACCOUNT
from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import Bureau
from portal.catalogue.resources import cell_text
from tests.catalogue.sheets import (
    download,
    enterprise,
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
SECRET = "Lüliang-7-mountains"


@pytest.fixture
def staff():
    taiyuan()
    return staff_client()


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
    assert "第 2 行 · 统一社会信用代码：单元格是数字格式，Excel 只保留前 15 位" in text
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
    assert "第 3 行 · 统一社会信用代码：第 18 位校验码不符" in text
    assert "第 3 行 · 推荐单位：没有名为“大同”的推荐单位。" in text
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


def test_the_code_of_an_enterprise_with_an_account_stays_and_the_form_says_why(staff):
    person("91350100m000100y43", Role.ENTERPRISE)
    url = page(Enterprise, "change", enterprise().pk)
    text = staff.get(url).content.decode()
    assert CODE_IS_FIXED in text
    assert 'name="credit_code"' not in text
    new = {"name": "改名重工", "credit_code": "914403001922038216", "bureau": taiyuan().pk}
    assert staff.post(url, new).status_code == 302
    row = Enterprise.objects.get()
    assert (row.name, row.credit_code) == ("改名重工", "91350100M000100Y43")


def test_the_code_of_an_enterprise_without_an_account_can_be_corrected(staff):
    url = page(Enterprise, "change", enterprise().pk)
    assert NO_ACCOUNT in staff.get(url).content.decode()
    new = {"name": "样例重工", "credit_code": "914403001922038216", "bureau": taiyuan().pk}
    assert staff.post(url, new).status_code == 302
    assert Enterprise.objects.get().credit_code == "914403001922038216"


def test_another_code_in_a_sheet_is_another_enterprise(staff):
    person("91350100m000100y43", Role.ENTERPRISE)
    rows = [("改名重工", "91350100M000100Y43", "太原市"), ("乙", "914403001922038216", "太原市")]
    assert "新增 1 行，更新 1 行" in upload(staff, Enterprise, workbook(ENTERPRISE_HEAD, *rows))
    theirs = User.objects.get(role=Role.ENTERPRISE).enterprise
    assert (theirs.name, theirs.credit_code) == ("改名重工", "91350100M000100Y43")


def test_the_import_page_says_which_columns_there_are_and_which_one_identifies(staff):
    text = staff.get(page(Enterprise, "import")).content.decode()
    assert "企业名称、统一社会信用代码、推荐单位。按“统一社会信用代码”认出已有的行" in text


def test_the_list_shows_how_many_accounts_each_enterprise_has(staff):
    person("91350100m000100y43", Role.ENTERPRISE)
    person("colleague", Role.ENTERPRISE)
    Enterprise.objects.create(name="乙", credit_code="914403001922038216", bureau=taiyuan())
    response = staff.get(page(Enterprise, "changelist"), {"o": "3"})
    counts = [(row.name, row.account_count) for row in response.context["cl"].result_list]
    assert counts == [("乙", 0), ("样例重工", 2)]
    text = response.content.decode()
    assert "账号数为 0 的企业尚未注册账号，可用其统一社会信用代码自行注册。" in text


def test_the_list_of_enterprises_asks_the_same_number_of_questions_however_long(
    staff, django_assert_max_num_queries, django_assert_num_queries
):
    person("w0", Role.ENTERPRISE)
    with django_assert_max_num_queries(15) as short:
        staff.get(page(Enterprise, "changelist"))
    for n in range(1, 5):
        person(f"w{n}", Role.ENTERPRISE)
        Enterprise.objects.create(name=f"企业{n}", credit_code=str(n), bureau=taiyuan())
    with django_assert_num_queries(len(short)):
        staff.get(page(Enterprise, "changelist"))


def test_whoever_corrects_the_bureau_is_told_which_applications_follow(staff):
    url = page(Enterprise, "change", enterprise().pk)
    assert BUREAU_CORRECTED in staff.get(url).content.decode()
    assert BUREAU_CORRECTED not in staff.get(page(Enterprise, "add")).content.decode()
    other = Bureau.objects.create(
        code="140200", name="大同市工业和信息化局", short_name="大同市", kind="市", order=3
    )
    new = {"name": "样例重工", "credit_code": "91350100M000100Y43", "bureau": other.pk}
    assert staff.post(url, new).status_code == 302
    assert Enterprise.objects.get().bureau == other


# Accounts


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
            "enterprise": enterprise().pk,
        },
    )
    assert response.status_code == 302
    assert User.objects.get(username="zhao").check_password(SECRET)


def test_the_form_offers_to_reset_a_password_and_shows_nothing_of_it(staff):
    other = person("other")
    text = staff.get(page(User, "change", other.pk)).content.decode()
    assert "重置密码" in text
    assert "md5" not in text
    assert other.password.split("$")[1] not in text


def test_officers_come_and_go_on_the_portals_own_page_only(staff):
    other = person("other", Role.BUREAU)
    data = {"username": "other", "name": "改名", "mobile": "13800138000", "role": "province"}
    assert staff.post(page(User, "change", other.pk), data).status_code == 302
    other.refresh_from_db()
    assert (other.name, other.role, other.is_active) == ("改名", Role.BUREAU, True)


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
