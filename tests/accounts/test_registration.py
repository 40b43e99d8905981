"""Registering an enterprise, signing in, and what an account may be."""

import pytest
from django.contrib.auth import get_user
from django.db import IntegrityError, transaction
from django.urls import reverse

from portal.accounts.credit_code import UNUSED, check_character
from portal.accounts.forms import RegistrationForm
from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import Bureau
from tests import cast

pytestmark = pytest.mark.django_db

REGISTER, LOGIN = "/accounts/register/", "/accounts/login/"
PASSWORD = "Fen-River-2026"
CODE = cast.invented_code(7)
BEIJING_CODE = cast.invented_code(7, region="110105")


@pytest.fixture
def bureau():
    return Bureau.objects.create(
        code="140100", name="太原市工业和信息化局", short_name="太原市", kind="市", order=2
    )


@pytest.fixture
def typed(bureau):
    """What somebody types, with changes."""

    def fill(**changes):
        return {
            "name": "山西示范制造有限公司",
            "credit_code": CODE,
            "bureau": str(bureau.pk),
            "contact": "张喆",
            "mobile": "19912345678",
            "password": PASSWORD,
            "password_again": PASSWORD,
        } | changes

    return fill


def errors(response):
    return {name: list(found) for name, found in response.context["form"].errors.items()}


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


# Registering


def test_registering_makes_enterprise_and_account_and_signs_in(client, typed, bureau):
    response = client.post(REGISTER, typed(), follow=True)
    assert [place for place, _status in response.redirect_chain] == [
        "/",
        reverse("applications:index"),
    ]
    assert messages_of(response) == [f"注册成功。您的登录名是 {CODE}。"]
    enterprise = Enterprise.objects.get()
    assert (enterprise.name, enterprise.credit_code, enterprise.bureau) == (
        "山西示范制造有限公司",
        CODE,
        bureau,
    )
    user = User.objects.get()
    assert (user.username, user.name, user.mobile, user.role, user.enterprise) == (
        CODE.lower(),
        "张喆",
        "19912345678",
        Role.ENTERPRISE,
        enterprise,
    )
    assert not user.is_staff
    assert user.check_password(PASSWORD)
    assert get_user(client) == user


def test_the_page_opens_for_a_visitor_and_not_for_somebody_signed_in(client, typed):
    assert client.get(REGISTER).status_code == 200
    client.post(REGISTER, typed())
    response = client.get(REGISTER)
    assert (response.status_code, response.url) == (302, "/")
    client.post(REGISTER, typed(credit_code=cast.invented_code(8)))
    assert Enterprise.objects.count() == 1


@pytest.mark.parametrize(
    "spelling",
    [
        CODE.lower(),
        f"  {CODE}\n",
        f"{CODE[:6]} {CODE[6:12]} {CODE[12:]}",
        f"{CODE[:8]}-{CODE[8:]}",
        "".join(chr(ord(c) + 0xFEE0) for c in CODE),
        f"\u200e{CODE}\ufeff",
    ],
)
def test_a_code_is_read_however_it_is_written(spelling, client, typed):
    client.post(REGISTER, typed(credit_code=spelling))
    assert Enterprise.objects.get().credit_code == CODE


@pytest.mark.parametrize("letter", UNUSED)
def test_a_letter_that_codes_do_not_use_is_named_with_what_it_may_be(letter, client, typed):
    response = client.post(REGISTER, typed(credit_code=f"{CODE[:9]}{letter}{CODE[10:]}"))
    assert errors(response) == {
        "credit_code": [
            f"第 10 位是“{letter}”：统一社会信用代码不使用字母 O、I、S、V、Z，"
            f"可能是“{UNUSED[letter]}”，请核对营业执照。"
        ]
    }


def wrong(code):
    """The code with another last character."""
    return code[:-1] + ("0" if code[-1] != "0" else "1")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (CODE[:-1], "统一社会信用代码应为 18 位，现在是 17 位。"),
        (f"{CODE}0", "统一社会信用代码应为 18 位，现在是 19 位。"),
        (f"{CODE[:3]}A{CODE[4:]}", "第 4 位应为数字（第 3–8 位是登记机关行政区划码）。"),
        (f"{CODE[:9]}*{CODE[10:]}", "第 10 位“*”不是数字或大写字母，请核对。"),
        (
            wrong(CODE),
            f"第 18 位校验码不符：按前 17 位推算应为“{check_character(CODE[:-1])}”，"
            f"填的是“{wrong(CODE)[-1]}”。请逐位核对营业执照，可能有一位抄错。",
        ),
    ],
)
def test_a_wrong_code_is_explained(code, message, client, typed):
    assert errors(client.post(REGISTER, typed(credit_code=code))) == {"credit_code": [message]}
    assert not Enterprise.objects.exists()


@pytest.mark.parametrize("name", ["name", "credit_code", "contact", "mobile"])
def test_no_box_cuts_a_paste(name, client, bureau):
    html = str(client.get(REGISTER).context["form"][name])
    assert "maxlength" not in html


def test_too_long_a_name_says_how_much_to_cut(client, typed):
    response = client.post(REGISTER, typed(name="字" * 103))
    assert errors(response) == {"name": ["最多 100 字，现有 103 字，请删减 3 字。"]}


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("name", 'autocomplete="organization"'),
        ("credit_code", 'autocomplete="username"'),
        ("contact", 'autocomplete="name"'),
        ("mobile", 'inputmode="tel"'),
    ],
)
def test_browsers_are_told_what_a_box_is_for(name, attribute, client, bureau):
    assert attribute in str(client.get(REGISTER).context["form"][name])


def test_a_code_of_another_province_is_remarked_on_and_accepted(client, typed):
    response = client.post(REGISTER, typed(credit_code=BEIJING_CODE), follow=True)
    assert messages_of(response) == [
        f"注册成功。您的登录名是 {BEIJING_CODE}。",
        "提示：代码第 3–8 位 110105 显示登记机关不在山西省。"
        "如工厂确在省内注册，请忽略；申报条件要求申报主体在山西省境内注册。",
    ]
    assert Enterprise.objects.get().credit_code == BEIJING_CODE


def taken():
    return "该统一社会信用代码已注册，请直接登录，或联系本单位管理员。"


@pytest.mark.parametrize("spelling", [CODE, CODE.lower(), f" {CODE} "])
def test_a_code_registers_once(spelling, client, typed):
    client.post(REGISTER, typed())
    client.logout()
    response = client.post(REGISTER, typed(credit_code=spelling, name="冒名有限公司"))
    assert errors(response) == {"credit_code": [taken()]}
    assert Enterprise.objects.get().name == "山西示范制造有限公司"
    assert User.objects.count() == 1


def test_a_code_taken_between_check_and_save_is_said_to_be_taken(typed):
    first, second = (RegistrationForm(typed()) for _ in range(2))
    assert first.is_valid() and second.is_valid()
    assert first.register() is not None
    assert second.register() is None
    assert second.errors == {"credit_code": [taken()]}
    assert (Enterprise.objects.count(), User.objects.count()) == (1, 1)


def test_a_code_that_somebody_signs_in_with_is_taken(client, typed):
    cast.make_user(CODE, Role.PROVINCE)
    response = client.post(REGISTER, typed())
    assert errors(response) == {"credit_code": [taken()]}
    assert not Enterprise.objects.exists(), "the enterprise must not stay behind without account"


@pytest.mark.parametrize(
    "password",
    ["short-1", "1234567890123", "password123", CODE.lower(), ""],
    ids=["short", "digits", "common", "the-code", "none"],
)
def test_a_weak_password_is_refused(password, client, typed):
    response = client.post(REGISTER, typed(password=password, password_again=password))
    assert "password" in errors(response)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short-1", ["密码至少 10 位。"]),
        ("8264019375", ["密码不能全是数字，请加入字母或符号。"]),
        ("qwertyuiop", ["这个密码太常见，容易被猜到，请换一个。"]),
        (CODE, ["密码与登录名或姓名太相似，请换一个。"]),
    ],
)
def test_what_is_weak_about_a_password_is_said_plainly(password, said, client, typed):
    response = client.post(REGISTER, typed(password=password, password_again=password))
    assert errors(response) == {"password": said}


def test_two_different_passwords_are_refused(client, typed):
    response = client.post(REGISTER, typed(password_again=f"{PASSWORD} "))
    assert errors(response) == {"password_again": ["两次输入的密码不一致。"]}


def test_a_password_may_begin_and_end_with_blanks(client, typed):
    client.post(REGISTER, typed(password=f" {PASSWORD} ", password_again=f" {PASSWORD} "))
    assert User.objects.get().check_password(f" {PASSWORD} ")


@pytest.mark.parametrize("mobile", ["199 1234 5678", "199-1234-5678", "１９９１２３４５６７８"])
def test_a_mobile_number_is_read_however_its_digits_are_grouped(mobile, client, typed):
    client.post(REGISTER, typed(mobile=mobile))
    assert User.objects.get().mobile == "19912345678"


@pytest.mark.parametrize(
    "mobile", ["1991234567", "199123456789", "0351-7654321", "12912345678", "199１２３４567a"]
)
def test_a_wrong_mobile_number_is_explained(mobile, client, typed):
    response = client.post(REGISTER, typed(mobile=mobile))
    assert errors(response) == {"mobile": ["请填写 11 位手机号码，例如 13800000000。"]}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  山西\t示范 ", "山西 示范"),
        ("山西\x07示范\u200b", "山西示范"),
        ("山西\u202e示范\r\n公司", "山西示范 公司"),
        ("山西\x00示范", "山西示范"),
        ("㛃𬭎䶮（山西）", "㛃𬭎䶮（山西）"),
    ],
)
def test_names_are_kept_without_what_nobody_can_see(name, kept, client, typed):
    client.post(REGISTER, typed(name=name, contact=name))
    assert (Enterprise.objects.get().name, User.objects.get().name) == (kept, kept)


@pytest.mark.parametrize("field", ["name", "contact"])
@pytest.mark.parametrize("name", ["", "  ", "\u200b\u200b", "\x07"])
def test_a_name_that_nobody_can_see_is_none(field, name, client, typed):
    assert set(errors(client.post(REGISTER, typed(**{field: name})))) == {field}
    assert not Enterprise.objects.exists()


@pytest.mark.parametrize("choice", ["", "999999", "abc"])
def test_a_bureau_must_be_chosen(choice, client, typed):
    assert set(errors(client.post(REGISTER, typed(bureau=choice)))) == {"bureau"}


def test_what_was_typed_stays_on_the_page_except_the_passwords(client, typed):
    response = client.post(REGISTER, typed(credit_code="123", password_again="other"))
    html = response.content.decode()
    for value in ("山西示范制造有限公司", "123", "张喆", "19912345678"):
        assert f'value="{value}"' in html
    assert f'<option value="{typed()["bureau"]}" selected>' in html
    assert PASSWORD not in html


def test_an_empty_form_asks_for_everything(client, bureau):
    response = client.post(REGISTER, dict.fromkeys(RegistrationForm.base_fields, ""))
    assert errors(response) == {
        "name": ["请填写“企业名称”。"],
        "credit_code": ["请填写“统一社会信用代码”。"],
        "bureau": ["请选择“推荐单位”。"],
        "contact": ["请填写“联系人姓名”。"],
        "mobile": ["请填写“联系人手机号码”。"],
        "password": ["请填写“密码”。"],
        "password_again": ["请填写“再输一次密码”。"],
    }


def test_what_is_wrong_is_listed_on_top_with_links_to_the_boxes(client, typed):
    html = client.post(REGISTER, typed(mobile="123", name="")).content.decode()
    assert "须改正以下 2 处" in html
    for name in ("name", "mobile"):
        assert f'<a href="#id_{name}">' in html
        assert f'id="id_{name}"' in html
    assert "请核对" not in client.get(REGISTER).content.decode()


# Signing in


@pytest.fixture
def account(client, typed):
    client.post(REGISTER, typed())
    client.logout()
    return User.objects.get()


@pytest.mark.parametrize(
    "spelling", [CODE, CODE.lower(), f" {CODE} ", f"{CODE[:8]} {CODE[8:]}", f"\ufeff{CODE}"]
)
def test_the_code_signs_in_however_it_is_written(spelling, client, account):
    response = client.post(LOGIN, {"username": spelling, "password": PASSWORD})
    assert response.status_code == 302
    assert get_user(client) == account


@pytest.mark.parametrize(
    ("username", "password"),
    [(CODE, PASSWORD.lower()), (CODE, f"{PASSWORD} "), (cast.invented_code(8), PASSWORD)],
)
def test_a_wrong_name_and_a_wrong_password_are_answered_alike(username, password, client, account):
    response = client.post(LOGIN, {"username": username, "password": password})
    assert errors(response) == {
        "__all__": ["登录名或密码不正确。企业首个账号的登录名是统一社会信用代码；密码区分大小写。"]
    }
    assert not get_user(client).is_authenticated


def test_an_inactive_account_does_not_sign_in(client, account):
    account.is_active = False
    account.save()
    response = client.post(LOGIN, {"username": CODE, "password": PASSWORD})
    assert response.status_code == 200
    assert not get_user(client).is_authenticated


def test_an_account_made_inactive_is_signed_out_at_once(client, account):
    client.post(LOGIN, {"username": CODE, "password": PASSWORD})
    User.objects.update(is_active=False)
    response = client.get(reverse("applications:index"))
    assert response.url.startswith(reverse("accounts:login"))


def test_signing_in_leads_where_one_wanted_to_go(client, account):
    wanted = reverse("applications:index")
    response = client.post(f"{LOGIN}?next={wanted}", {"username": CODE, "password": PASSWORD})
    assert response.url == wanted


def test_signing_in_never_leads_to_another_site(client, account):
    data = {"username": CODE, "password": PASSWORD, "next": "https://example.com/"}
    assert client.post(LOGIN, data).url == "/"


def test_somebody_on_the_way_somewhere_is_told_to_sign_in_first(client):
    said = "请先登录，登录后回到您要打开的页面。"
    response = client.get(reverse("applications:index"), follow=True)
    assert said in response.content.decode()
    assert said not in client.get(LOGIN).content.decode()


def test_the_page_says_whom_to_ask_about_a_forgotten_password(client, db):
    page = client.get(LOGIN).content.decode()
    assert "忘记密码：企业请联系推荐单位或省厅；推荐单位、省厅人员请联系省厅管理员。" in page


def test_signing_in_without_a_name_or_a_password_says_so(client, db):
    response = client.post(LOGIN, {"username": "", "password": ""})
    assert errors(response) == {
        "username": ["请填写“登录名”。"],
        "password": ["请填写“密码”。"],
    }


# Changing the password


def change_password(client, new):
    return client.post(
        reverse("accounts:password"),
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )


def test_a_weak_new_password_is_refused_plainly(client, account):
    client.force_login(account)
    response = change_password(client, "short-1")
    assert errors(response) == {"new_password2": ["密码至少 10 位。"]}
    account.refresh_from_db()
    assert account.check_password(PASSWORD)


def test_a_good_new_password_is_taken(client, account):
    client.force_login(account)
    assert change_password(client, "Another-River-2027").status_code == 302
    account.refresh_from_db()
    assert account.check_password("Another-River-2027")


# What an account may be


@pytest.mark.parametrize(
    ("role", "has_enterprise", "has_bureau", "is_possible"),
    [
        ("enterprise", True, False, True),
        ("enterprise", False, False, False),
        ("enterprise", True, True, False),
        ("enterprise", False, True, False),
        ("bureau", False, True, True),
        ("bureau", False, False, False),
        ("bureau", True, True, False),
        ("bureau", True, False, False),
        ("province", False, False, True),
        ("province", True, False, False),
        ("province", False, True, False),
        ("nobody", False, False, False),
    ],
)
def test_the_database_ties_a_role_to_its_unit(
    role, has_enterprise, has_bureau, is_possible, bureau
):
    enterprise = Enterprise.objects.create(name="甲", credit_code=CODE, bureau=bureau)
    unit = {
        "enterprise": enterprise if has_enterprise else None,
        "bureau": bureau if has_bureau else None,
    }
    try:
        with transaction.atomic():
            User.objects.create_user("someone", role=role, **unit)
    except IntegrityError:
        assert not is_possible
    else:
        assert is_possible


def test_one_name_in_two_spellings_is_one_account(bureau):
    cast.make_user("Officer", Role.BUREAU, bureau=bureau)
    with pytest.raises(IntegrityError), transaction.atomic():
        cast.make_user(" ＯＦＦＩＣＥＲ ", Role.BUREAU, bureau=bureau)
