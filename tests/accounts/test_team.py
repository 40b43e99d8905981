"""An enterprise's people: who invites, who joins, who leaves, and who is left in charge."""

import re
from datetime import timedelta
from importlib import import_module
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.contrib.auth import get_user
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts import team
from portal.accounts.models import Invitation, Role, User
from portal.errors import NotAllowed, PortalError
from tests import cast
from tests.catalogue.sheets import page, staff_client

pytestmark = pytest.mark.django_db

TEAM = "/accounts/team/"
PASSWORD = "Fen-River-2026"
JSON = "application/json"


@pytest.fixture
def admin(db) -> User:
    cast.load_catalogue()
    return cast.make_enterprise(1)


@pytest.fixture
def colleague(admin) -> User:
    return colleague_of(admin)


def colleague_of(admin: User, name: str = "colleague", **roles) -> User:
    return cast.make_user(name, Role.ENTERPRISE, enterprise=admin.enterprise, **roles)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def invite(admin: User, name: str = "李四", **more) -> tuple[Invitation, str]:
    return team.invite(name, **{"is_signatory": False, **more}, actor=admin)


def link_to(token: str) -> str:
    return reverse("accounts:join", args=[token])


def typed(**changes) -> dict:
    """What an invited person types, with changes."""
    return {
        "username": "lisi",
        "mobile": "199 1234 5678",
        "password": PASSWORD,
        "password_again": PASSWORD,
    } | changes


def change(verb: str, member: User, actor: User) -> None:
    team.apply(team.BY_VERB[verb], member, actor=actor)
    member.refresh_from_db()


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# Who is in charge


def test_the_first_account_of_an_enterprise_is_administrator_and_signatory(client, admin):
    data = {
        "name": "山西示范制造有限公司",
        "credit_code": cast.invented_code(7),
        "bureau": str(admin.enterprise.bureau_id),
        "contact": "张喆",
        "mobile": "19912345678",
        "password": PASSWORD,
        "password_again": PASSWORD,
    }
    client.post("/accounts/register/", data)
    user = get_user(client)
    assert (user.is_unit_admin, user.is_signatory) == (True, True)


def test_an_enterprise_with_people_is_joined_by_invitation_only(client, admin):
    """Its code is public: whoever registers with it must not land among its people."""
    admin.username = "opened-by-the-province"
    admin.save()
    data = {
        "name": "冒名有限公司",
        "credit_code": admin.enterprise.credit_code,
        "bureau": str(admin.enterprise.bureau_id),
        "contact": "冒名",
        "mobile": "19912345678",
        "password": PASSWORD,
        "password_again": PASSWORD,
    }
    response = client.post("/accounts/register/", data)
    assert "该统一社会信用代码已注册" in response.content.decode()
    assert User.objects.count() == 1


def test_of_the_accounts_there_were_before_the_oldest_that_can_sign_in_takes_charge(admin):
    gone, heir, younger = (colleague_of(admin, name) for name in ("gone", "heir", "younger"))
    lonely = cast.make_enterprise(2)
    User.objects.update(is_unit_admin=False, is_signatory=False)
    User.objects.filter(pk__in=[admin.pk, gone.pk]).update(is_active=False)
    migration = import_module("portal.accounts.migrations.0002_team")
    migration.name_first_accounts(apps, None)
    in_charge = User.objects.filter(is_unit_admin=True, is_signatory=True)
    assert set(in_charge) == {heir, lonely}


def test_the_only_administrator_can_neither_be_let_go_nor_step_down(admin, colleague):
    for verb in ("deactivate", "drop_admin"):
        with pytest.raises(NotAllowed, match="至少保留一名单位管理员"):
            change(verb, admin, admin)
    admin.refresh_from_db()
    assert admin.is_active and admin.is_unit_admin
    change("make_admin", colleague, admin)
    change("drop_admin", admin, admin)
    assert team.has_admin(admin.enterprise)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_demote_each_other_leave_one(at_once):
    cast.load_catalogue()
    first = cast.make_enterprise(1)
    second = colleague_of(first, is_unit_admin=True)
    for verb in ("drop_admin", "deactivate") * 10:
        User.objects.update(is_unit_admin=True, is_active=True)
        outcomes = at_once(
            lambda verb=verb: change(verb, second, first),
            lambda verb=verb: change(verb, first, second),
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NotAllowed"]
        assert User.objects.filter(is_active=True, is_unit_admin=True).count() == 1


def test_only_administrators_change_anything(admin, colleague):
    invitation, _token = invite(admin)
    for act in (
        lambda: change("make_admin", colleague, colleague),
        lambda: invite(colleague),
        lambda: team.withdraw_invitation(invitation, actor=colleague),
    ):
        with pytest.raises(NotAllowed, match="只有单位管理员"):
            act()
    browser = signed_in(colleague)
    for url, data in (
        (reverse("accounts:change_member", args=[admin.pk, "deactivate"]), {}),
        (reverse("accounts:invite"), {"name": "王五"}),
    ):
        response = browser.post(url, data, follow=True)
        assert messages_of(response) == ["只有单位管理员可以管理本单位人员。"]
    withdraw = reverse("accounts:withdraw_invitation", args=[invitation.pk])
    assert browser.post(withdraw).status_code == 404
    assert Invitation.objects.open().count() == 1


def test_a_right_that_was_taken_away_meanwhile_is_not_used(admin):
    as_it_was = User.objects.get(pk=admin.pk)
    colleague_of(admin, is_unit_admin=True)
    change("drop_admin", admin, admin)
    with pytest.raises(NotAllowed):
        invite(as_it_was)


def test_another_enterprises_people_cannot_be_touched(admin):
    stranger = cast.make_enterprise(2)
    with pytest.raises(NotAllowed):
        change("deactivate", stranger, admin)
    url = reverse("accounts:change_member", args=[stranger.pk, "deactivate"])
    assert signed_in(admin).post(url).status_code == 404
    stranger.refresh_from_db()
    assert stranger.is_active


def test_a_change_that_does_not_exist_has_no_page(admin, colleague):
    url = reverse("accounts:change_member", args=[colleague.pk, "delete"])
    assert signed_in(admin).post(url).status_code == 404


def test_officers_have_no_team_roles(admin):
    with pytest.raises(IntegrityError), transaction.atomic():
        cast.make_user("someone", Role.PROVINCE, is_unit_admin=True)


# The page


def test_the_page_lists_everybody_with_the_mobile_of_others_masked(admin, colleague):
    User.objects.filter(pk=admin.pk).update(mobile="19911112222")
    User.objects.filter(pk=colleague.pk).update(mobile="19933334444", is_active=False)
    stranger = cast.make_enterprise(2)
    text = signed_in(User.objects.get(pk=admin.pk)).get(TEAM).content.decode()
    assert "19911112222" in text
    assert "199****4444" in text and "19933334444" not in text
    assert "已停用" in text and "还没有登录过" in text
    assert stranger.username not in text


def test_whoever_is_not_in_charge_reads_only_and_sees_who_is(admin, colleague):
    text = signed_in(colleague).get(TEAM).content.decode()
    assert "请找本单位的单位管理员" in text
    assert admin.name in text
    assert "确认停用" not in text and "生成邀请链接" not in text


def test_each_button_of_the_page_does_what_it_says(admin, colleague):
    browser = signed_in(admin)
    for verb, flag, value, said in (
        ("make_admin", "is_unit_admin", True, "已设为单位管理员"),
        ("drop_admin", "is_unit_admin", False, "已取消单位管理员"),
        ("make_signatory", "is_signatory", True, "已设为签字人"),
        ("drop_signatory", "is_signatory", False, "已取消签字人"),
        ("deactivate", "is_active", False, "已停用"),
        ("reactivate", "is_active", True, "已恢复"),
    ):
        url = reverse("accounts:change_member", args=[colleague.pk, verb])
        assert url in browser.get(TEAM).content.decode()
        response = browser.post(url, follow=True)
        assert messages_of(response) == [f"{colleague}：{said}。"]
        colleague.refresh_from_db()
        assert getattr(colleague, flag) is value


def test_the_page_costs_the_same_however_many_people_there_are(
    admin, colleague, django_assert_num_queries
):
    browser = signed_in(admin)
    invite(admin)
    with django_assert_num_queries(3):  # user, people, invitations
        browser.get(TEAM)
    for number in range(5):
        colleague_of(admin, f"colleague{number}")
        invite(admin)
    with django_assert_num_queries(3):
        browser.get(TEAM)


# Inviting


def test_the_link_is_shown_once_and_only_its_digest_is_kept(admin):
    browser = signed_in(admin)
    shown = browser.post(reverse("accounts:invite"), {"name": "李四"}, follow=True)
    link = re.search(r'id="link" value="([^"]+)"', shown.content.decode())[1]
    token = urlsplit(link).path.split("/")[-2]
    assert link == f"http://testserver{link_to(token)}"
    assert token not in browser.get(TEAM).content.decode()
    assert token not in str(list(Invitation.objects.values()))
    assert Client().get(link_to(token)).status_code == 200


def test_a_cookie_that_holds_no_token_is_forgotten(admin):
    browser = signed_in(admin)
    browser.cookies["invitation"] = "a/b"
    response = browser.get(TEAM)
    assert (response.status_code, response.context["link"]) == (200, "")
    assert response.cookies["invitation"].value == ""


def test_an_invitation_without_a_name_says_what_is_missing(admin):
    response = signed_in(admin).post(
        reverse("accounts:invite"), {"name": " ", "is_signatory": "on"}
    )
    text = response.content.decode()
    assert "请填写受邀同事的姓名。" in text
    assert re.search(r'name="is_signatory"[^>]* checked', text)
    assert not Invitation.objects.exists()


def test_there_is_an_end_to_open_invitations(admin):
    for number in range(team.MOST_OPEN):
        invite(admin, f"同事{number}")
    with pytest.raises(NotAllowed, match="请先撤销"):
        invite(admin)
    team.withdraw_invitation(Invitation.objects.first(), actor=admin)
    assert invite(admin)


# Joining


def test_an_invited_colleague_opens_an_account_of_his_own(client, admin):
    _invitation, token = invite(admin, is_signatory=True)
    text = client.get(link_to(token)).content.decode()
    assert all(word in text for word in (admin.enterprise.name, "李四", admin.name, "签字人"))
    response = client.post(link_to(token), typed(username=" Li Si "), follow=True)
    assert messages_of(response) == ["账号已建立。您的登录名是 lisi。"]
    user = get_user(client)
    assert (user.name, user.mobile, user.enterprise) == ("李四", "19912345678", admin.enterprise)
    assert user.check_password(PASSWORD)
    assert (user.is_signatory, user.is_unit_admin, user.is_staff) == (True, False, False)
    assert Invitation.objects.get().accepted_by == user


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"username": ""}, "username", "请填写“登录名”。"),
        ({"username": "a b*c"}, "username", "登录名只用文字、数字和 @ . + - _ 。"),
        ({"username": cast.invented_code(9)}, "username", "统一社会信用代码留给企业首次注册"),
        ({"username": cast.invented_code(1)}, "username", "统一社会信用代码留给企业首次注册"),
        ({"username": "COLLEAGUE"}, "username", "该登录名已被使用，请换一个。"),
        ({"username": "字" * 31}, "username", "最多 30 字，现有 31 字"),
        ({"mobile": "123"}, "mobile", "请填写 11 位手机号码"),
        ({"password": "short-1", "password_again": "short-1"}, "password", "密码至少 10 位。"),
        ({"password_again": "another"}, "password_again", "两次输入的密码不一致。"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said_at_its_field(
    client, admin, colleague, changes, field, said
):
    _invitation, token = invite(admin)
    response = client.post(link_to(token), typed(**changes))
    [message] = response.context["form"].errors[field]
    assert message.startswith(said)
    assert User.objects.count() == 2
    assert client.post(link_to(token), typed()).status_code == 302


def test_a_link_that_opens_nothing_says_why(client, admin):
    used, withdrawn, expired = (invite(admin, name) for name in ("甲", "乙", "丙"))
    client.post(link_to(used[1]), typed())
    client.logout()
    team.withdraw_invitation(withdrawn[0], actor=admin)
    Invitation.objects.filter(pk=expired[0].pk).update(expires_at=timezone.now())
    for token, said in (
        (used[1], "已经使用过"),
        (withdrawn[1], "已被撤销"),
        (expired[1], "已过期"),
        ("guessed", "没有这个邀请"),
    ):
        for response in (client.get(link_to(token)), client.post(link_to(token), typed())):
            assert response.status_code == 404
            text = response.content.decode()
            assert said in text
            assert admin.enterprise.name not in text
    assert User.objects.count() == 2


def test_a_link_is_good_for_seven_days(client, admin, time_machine):
    _invitation, token = invite(admin)
    time_machine.move_to(timezone.now() + timedelta(days=7) - timedelta(seconds=5))
    assert client.get(link_to(token)).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(seconds=10))
    assert client.get(link_to(token)).status_code == 404


def test_nobody_comes_back_by_an_invitation_of_his_own(client, admin, colleague):
    change("make_admin", colleague, admin)
    _invitation, token = invite(colleague)
    change("deactivate", colleague, admin)
    assert "已被撤销" in client.get(link_to(token)).content.decode()
    assert client.post(link_to(token), typed()).status_code == 404


@pytest.mark.parametrize(
    ("leaving", "returning"), [("deactivate", "reactivate"), ("drop_admin", "make_admin")]
)
def test_an_invitation_stays_void_when_who_sent_it_comes_back(
    client, admin, colleague, leaving, returning
):
    change("make_admin", colleague, admin)
    _invitation, token = invite(colleague)
    _other, still_good = invite(admin)
    change(leaving, colleague, admin)
    change(returning, colleague, admin)
    assert client.post(link_to(token), typed()).status_code == 404
    assert client.get(link_to(still_good)).status_code == 200


def test_somebody_signed_in_is_not_asked_to_join(admin):
    _invitation, token = invite(admin)
    response = signed_in(admin).post(link_to(token), typed(), follow=True)
    assert "您已登录" in messages_of(response)[0]
    assert User.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("names", [("one", "two"), ("same", "same")])
def test_two_people_who_use_one_link_at_once_get_one_account(at_once, names):
    cast.load_catalogue()
    _invitation, token = invite(cast.make_enterprise(1))
    responses = at_once(
        *(lambda name=name: Client().post(link_to(token), typed(username=name)) for name in names)
    )
    assert sorted(response.status_code for response in responses) == [302, 404]
    assert User.objects.count() == 2


# Leaving


def test_whoever_is_let_go_is_signed_out_at_once_and_comes_back_as_before(admin, colleague):
    browser = signed_in(colleague)
    assert browser.get(TEAM).status_code == 200
    change("deactivate", colleague, admin)
    assert browser.get(TEAM).url.startswith(reverse("accounts:login"))
    saved = browser.post(reverse("applications:save", args=[1]), headers={"Accept": JSON})
    assert saved.status_code == 401
    data = {"username": colleague.username, "password": cast.PASSWORD}
    assert Client().post("/accounts/login/", data).status_code == 200
    change("reactivate", colleague, admin)
    assert Client().post("/accounts/login/", data).status_code == 302


def test_somebody_inactive_cannot_act(admin):
    colleague = colleague_of(admin, is_unit_admin=True)
    as_it_was = User.objects.get(pk=colleague.pk)
    change("deactivate", colleague, admin)
    with pytest.raises(PortalError):
        invite(as_it_was)


# The back office


def test_the_back_office_leaves_no_enterprise_without_an_administrator(admin, colleague):
    staff = staff_client()
    data = {
        "username": admin.username,
        "name": admin.name,
        "mobile": admin.mobile,
        "role": Role.ENTERPRISE,
        "enterprise": admin.enterprise.pk,
        "is_unit_admin": "on",
    }
    response = staff.post(page(User, "change", admin.pk), data, follow=True)
    assert (
        f"没有可登录的单位管理员，已将最早的账号 {colleague.username}" in response.content.decode()
    )
    admin.refresh_from_db()
    colleague.refresh_from_db()
    assert (admin.is_active, colleague.is_unit_admin) == (False, True)


def test_an_invitation_stays_void_when_the_back_office_brings_back_who_sent_it(
    client, admin, colleague
):
    change("make_admin", colleague, admin)
    _invitation, token = invite(colleague)
    data = {
        "username": colleague.username,
        "name": colleague.name,
        "mobile": colleague.mobile,
        "role": Role.ENTERPRISE,
        "enterprise": admin.enterprise.pk,
        "is_unit_admin": "on",
    }
    staff = staff_client()
    for more in ({}, {"is_active": "on"}):
        assert staff.post(page(User, "change", colleague.pk), data | more).status_code == 302
    colleague.refresh_from_db()
    assert colleague.is_active and colleague.is_unit_admin
    assert client.post(link_to(token), typed()).status_code == 404


def test_the_first_account_that_the_back_office_opens_is_administrator(admin):
    enterprise = cast.make_enterprise(2).enterprise
    enterprise.user_set.all().delete()
    data = {
        "username": "zhao",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "name": "赵六",
        "mobile": "13800138001",
        "enterprise": enterprise.pk,
    }
    assert staff_client().post(page(User, "add"), data).status_code == 302
    assert User.objects.get(username="zhao").is_unit_admin
