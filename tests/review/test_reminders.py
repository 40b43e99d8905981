"""Reminders: written once, filled for each, looked at, sent once."""

import pytest
from django.urls import reverse
from django.utils import timezone

from applications.models import Application
from applications.states import Status
from portal.accounts.models import Role
from portal.audit.models import Record
from portal.messaging.models import Message
from review import forecast
from review.models import Reminder
from tests import cast
from tests.review.test_pages import body, said


@pytest.fixture
def enterprise(round, officer):
    """One whose application was returned to it and lies there."""
    owner = cast.make_enterprise(1, name="被退企业")
    cast.bring_to(Status.RETURNED, round, owner, officer)
    Application.objects.update(touched_at=timezone.now() - 2 * forecast.IDLE)
    return owner


@pytest.fixture
def desk(client, province, round):
    """Posts to the reminder's page like its forms do."""
    client.force_login(province)
    url = reverse("review:remind", args=[round.slug])

    def post(step, **data):
        words = {"title": "请报送", "text": "{单位}：待审核 {待审核} 项。", "key": "once"}
        return client.post(url, {"step": step, **words, **data})

    return post


def letters():
    return Message.objects.filter(key__startswith="reminder:")


def send(desk, **data):
    """Preview and confirm."""
    previewed = desk("preview", **data)
    assert previewed.context["letters"], body(previewed)
    return desk("send", seen=previewed.context["seen"], **data)


def test_what_is_offered_holds_the_facts(client, round, province, officer, enterprise):
    client.force_login(province)
    url = reverse("review:remind", args=[round.slug])
    response = client.get(url, {"bureau": cast.TAIYUAN})
    assert "退回企业修改 1 项" in response.context["form"]["text"].value()
    assert "{截止}" in client.get(url).context["form"]["title"].value()
    response = client.get(url, {"scope": "enterprises"})
    assert "被退企业：" in response.context["form"]["text"].value()


def test_each_reads_what_the_preview_showed_once_however_often_it_is_sent(
    desk, officer, other_officer, enterprise
):
    previewed = body(desk("preview"))
    assert not letters().exists()
    first = send(desk)
    assert first.status_code == 302
    assert "已发送给 2 家，共 2 人" in said(first)
    again = send(desk)
    assert "没有重复发送" in said(again)
    assert Reminder.objects.count() == 1
    for person in (officer, other_officer):
        message = letters().get(recipient=person)
        assert message.title in previewed
        assert message.text in previewed
        assert message.text == f"{person.bureau.name}：待审核 0 项。"
    assert Record.objects.filter(verb="remind").count() == 1


def test_enterprises_are_reminded_on_the_page_of_their_application(desk, enterprise):
    send(desk, scope="enterprises", text="{企业}目前“{状态}”。", is_urgent="on")
    message = letters().get()
    assert (message.recipient, message.is_urgent) == (enterprise, True)
    assert message.text == "被退企业目前“退回修改”。"
    application = enterprise.enterprise.applications.get()
    assert message.url == reverse("applications:detail", args=[application.pk])
    assert message.due == application.round.bureau_deadline


def test_facts_that_change_after_the_preview_are_shown_again_first(
    desk, round, officer, enterprise
):
    previewed = desk("preview")
    cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(5), officer)
    response = desk("send", seen=previewed.context["seen"])
    assert "预览之后情况有变化" in body(response)
    assert "待审核 1 项" in body(response)
    assert not letters().exists()


def test_what_cannot_be_sent_is_explained_and_nothing_typed_is_lost(desk, officer):
    unknown = body(desk("preview", text="请{单位名称}尽快办理"))
    assert "“{单位名称}”不是可用的代号" in unknown
    assert "请{单位名称}尽快办理" in unknown
    assert "请填写标题" in body(desk("preview", title=""))
    assert "最多 100 字" in body(desk("preview", title="字" * 101))
    edited = desk("edit", text="写了一半")
    assert edited.context["form"]["text"].value() == "写了一半"


def test_a_unit_nobody_can_sign_in_for_is_named_and_gets_nothing(desk, officer, client, round):
    page = body(client.get(reverse("review:remind", args=[round.slug])))
    assert page.count("没有可登录的账号") == 11
    officer.is_active = False
    officer.save()
    assert "没有可以提醒的收件人" in body(desk("preview"))


def test_the_log_says_who_reminded_whom_and_how_many_read_it(
    client, desk, round, officer, other_officer, province
):
    send(desk)
    letters().filter(recipient=officer).read()
    client.force_login(cast.make_user("auditor", Role.AUDITOR))
    page = body(client.get(reverse("review:remind", args=[round.slug])))
    assert "1 / 2 人" in page
    assert str(province) in page
    assert "写提醒" not in page
    assert client.post(reverse("review:remind", args=[round.slug]), {}).status_code == 403
