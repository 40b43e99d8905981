"""What the script of an open page learns when its session or its token is no longer good."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import cast

pytestmark = pytest.mark.django_db

SESSION = reverse("accounts:session")
DATA = {"headers": {"accept": "application/json"}}


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1)


def sign_in(client: Client, username: str, password: str):
    return client.post(SESSION, {"username": username, "password": password}, **DATA)


def test_nobody_is_signed_in_at_first_and_a_form_token_is_given(client):
    response = client.get(SESSION, **DATA)
    assert response.json() == {"user": None}
    assert "csrftoken" in response.cookies
    assert "no-store" in response["Cache-Control"]


def test_signing_in_answers_with_the_person(client, owner):
    assert sign_in(client, owner.username, cast.PASSWORD).json() == {"user": owner.pk}
    assert client.get(SESSION, **DATA).json() == {"user": owner.pk}


@pytest.mark.parametrize(
    "password, sentence",
    [("wrong", "登录名或密码不正确"), ("", "请填写“密码”")],
)
def test_a_wrong_password_is_refused_in_a_sentence(client, owner, password, sentence):
    response = sign_in(client, owner.username, password)
    assert response.status_code == 400
    assert sentence in response.json()["message"]
    assert client.get(SESSION, **DATA).json() == {"user": None}


def test_signing_in_gives_a_new_form_token_with_which_saving_goes_on(owner):
    client = Client(enforce_csrf_checks=True)
    before = client.get(SESSION, **DATA).cookies["csrftoken"].value
    credentials = {"username": owner.username, "password": cast.PASSWORD}
    response = client.post(SESSION, credentials, headers={"x-csrftoken": before})
    after = response.cookies["csrftoken"].value
    assert after != before
    logout = reverse("accounts:logout")
    assert client.post(logout, headers={"x-csrftoken": before}).status_code == 403
    assert client.post(logout, headers={"x-csrftoken": after}).status_code == 302


def test_a_script_without_a_session_gets_data_and_a_person_gets_a_page(client):
    url = reverse("applications:index")
    response = client.get(url, **DATA)
    assert response.status_code == 401
    assert response.json() == {"message": "登录已失效，请重新登录。"}
    assert "no-store" in response["Cache-Control"]
    assert client.post(url, {"text": "写好的"}, **DATA).status_code == 401
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    assert client.get(url, headers=browser).status_code == 302
    assert "写好的" in client.post(url, {"text": "写好的"}, headers=browser).content.decode()


def test_a_script_with_a_stale_token_gets_data(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    response = client.post(reverse("accounts:logout"), **DATA)
    assert response.status_code == 403
    assert response.json() == {"message": "页面已过期，请刷新后再试。"}


def test_a_script_of_the_wrong_role_gets_data(client, owner):
    client.force_login(owner)
    response = client.get(reverse("review:inbox"), **DATA)
    assert response.status_code == 403
    assert response.json() == {"message": "您的账号不能使用此功能。"}
