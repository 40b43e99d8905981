"""After too many wrong passwords one waits; nobody else does, and nothing is given away."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from applications import workflow
from portal.accounts import throttling
from portal.audit.models import Record
from tests import cast

MOST = throttling.MOST_FOR_NAME_FROM_PLACE
SIGN_IN = reverse("accounts:login")


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to("2026-11-22T06:00:00Z", tick=False)  # 14:00 in Beijing
    return time_machine


def tried(name: str, password: str = "wrong", place: str = "10.0.0.1", url: str = SIGN_IN) -> str:
    """What a visitor from some address reads; nothing if the password opened the door."""
    client = Client(REMOTE_ADDR=place)
    data = {"username": name, "password": password}
    return re.sub(
        r"\s+", " ", client.post(url, data).text if url == SIGN_IN else _said(client, data)
    )


def _said(client: Client, data: dict[str, str]) -> str:
    return client.post(reverse("accounts:session"), data).json().get("message", "")


def test_after_ten_wrong_passwords_even_the_right_one_waits_a_quarter_of_an_hour(owner, clock):
    for _ in range(MOST - 1):
        tried(owner.username)
    clock.shift(60)
    assert "登录名或密码不正确" in tried(owner.username)
    refusal = "密码输错次数过多，请在 14:16 以后再试"
    assert refusal in tried(owner.username, cast.PASSWORD)
    assert refusal in tried(owner.username, cast.PASSWORD, url="session")
    clock.move_to("2026-11-22T06:14:59Z", tick=False)
    assert refusal in tried(owner.username, cast.PASSWORD)
    clock.move_to("2026-11-22T06:15:00Z", tick=False)
    assert tried(owner.username, cast.PASSWORD) == ""


def test_a_name_that_nobody_has_waits_the_same_and_is_written_nowhere(owner):
    answers = [tried("my-secret-passw0rd", url="session") for _ in range(MOST + 1)]
    known = [tried(owner.username, url="session") for _ in range(MOST + 1)]
    assert answers == known
    assert "请在" in answers[-1]
    records = Record.objects.filter(verb=throttling.FAILED)
    assert set(records.values_list("target", flat=True)) == {
        "没有这个登录名",
        f"{owner.username}（{owner.enterprise}）",
    }
    assert not any("secret" in str(row) for row in records.values())
    assert not any("10.0.0.1" in str(row) for row in records.values())
    assert records.count() == 2 * MOST, "who waits is not counted on"


def test_a_stranger_cannot_lock_out_an_enterprise_whose_code_is_public(owner):
    for _ in range(MOST + 1):
        tried(owner.username, place="10.9.9.9")
    assert tried(owner.username, cast.PASSWORD) == ""


def test_whoever_tries_many_names_or_from_many_places_waits_too(owner):
    for number in range(throttling.MOST_FROM_PLACE):
        throttling.note_failure(f"name{number}", "10.0.0.1")
    assert "请在" in tried(owner.username, cast.PASSWORD)
    for number in range(throttling.MOST_FOR_NAME):
        throttling.note_failure(owner.username, f"10.1.{number}.1")
    assert "请在" in tried(owner.username, cast.PASSWORD, place="10.2.0.1")


def test_where_somebody_has_signed_in_before_others_cannot_lock_them_out(owner):
    assert tried(owner.username, cast.PASSWORD, place="10.2.0.1") == ""
    for number in range(throttling.MOST_FOR_NAME):
        throttling.note_failure(owner.username, f"10.1.{number}.1")
    assert tried(owner.username, cast.PASSWORD, place="10.2.0.1") == ""
    assert "请在" in tried(owner.username, cast.PASSWORD, place="10.2.0.2")


def test_behind_the_proxy_the_visitors_own_address_counts(owner, settings):
    settings.BEHIND_PROXY = True
    for _ in range(MOST):
        Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="10.5.5.5").post(
            SIGN_IN, {"username": owner.username, "password": "wrong"}
        )
    assert tried(owner.username, cast.PASSWORD) == ""


def test_a_password_asked_for_once_more_is_no_way_to_guess_it(owner, client):
    round = cast.make_round(cast.make_province(), confirmation_text="本人确认内容真实。")
    application = workflow.start(round, actor=owner)
    cast.complete(application, owner)
    client.force_login(owner)
    change, confirm = (
        reverse("accounts:password"),
        reverse("applications:confirm", args=[application.pk]),
    )
    for _ in range(MOST // 2):
        new = "another-long-Secret-1"
        passwords = {"old_password": "wrong", "new_password1": new, "new_password2": new}
        assert "旧密码" in client.post(change, passwords).text
        assert "密码不正确" in client.post(confirm, {"signer_name": "王", "password": "w"}).text
    passwords["old_password"] = cast.PASSWORD
    assert "请在 14:16 以后再试" in client.post(change, passwords).text
    data = {"signer_name": "王", "password": cast.PASSWORD}
    assert "请在 14:16 以后再试" in client.post(confirm, data).text
    assert set(Record.objects.filter(verb=throttling.FAILED).values_list("actor_id", "act")) == {
        (owner.pk, "再次输入密码有误")
    }


def test_coming_going_and_a_new_password_are_on_the_trail(owner, client):
    client.post(SIGN_IN, {"username": owner.username, "password": cast.PASSWORD})
    new = "another-long-Secret-1"
    client.post(
        reverse("accounts:password"),
        {"old_password": cast.PASSWORD, "new_password1": new, "new_password2": new},
    )
    client.post(reverse("accounts:logout"))
    acts = Record.objects.filter(actor_id=owner.pk).order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["登录", "修改密码", "退出登录"]
