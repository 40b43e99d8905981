"""What was not read in the portal is sent after its readers: once, and not before it can be."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from portal.jobs.models import Job
from portal.jobs.schedule import start_due
from portal.messaging import delivery, sms
from portal.messaging.models import Message
from portal.messaging.sending import send
from tests import cast

BEIJING = ZoneInfo("Asia/Shanghai")


class Refusing(EmailBackend):
    """A mail server that takes nothing for one address."""

    refused = ""

    def send_messages(self, messages) -> int:
        if any(self.refused in message.to for message in messages):
            raise ConnectionResetError(self.refused)
        return super().send_messages(messages)


class Gateway:
    sent: list[tuple[str, str]] = []

    def send(self, mobile: str, text: str) -> None:
        self.sent.append((mobile, text))


class Broken:
    def send(self, mobile: str, text: str) -> None:
        raise OSError


@pytest.fixture
def reader(catalogue, db):
    return reachable(cast.make_enterprise(1), "one@example.cn")


def reachable(user, address):
    user.email = address
    user.save()
    return user


def tell(*users, title="申报审核通过", **more) -> None:
    said = {"kind": Message.Kind.OUTCOME, "sender": "太原市", "url": "/applications/1/"}
    send(users, **{**said, "title": title, "key": title, **more})


def test_a_digest_holds_all_that_is_unread_and_comes_once(reader, settings):
    settings.PUBLIC_URL = "https://portal.example.gov.cn"
    tell(reader, title="已读的")
    Message.objects.all().read()
    tell(reader, text="示范<项目>\n请尽快办理", due=datetime(2026, 11, 22, 16, tzinfo=UTC))
    tell(reader, title="第二条")
    for _ in range(2):
        delivery.send_digests()
    [sent] = mail.outbox
    assert sent.to == ["one@example.cn"]
    assert sent.subject == "【智能工厂申报门户】您有 2 条未读消息"
    html = sent.alternatives[0].content
    link = f"https://portal.example.gov.cn/messages/{Message.objects.exclude(text='').get().pk}/"
    for text in (sent.body, html):
        assert link in text
        assert "第二条" in text
        assert "截止 2026-11-22 24:00（周日）" in text
        assert "已读的" not in text
    assert "\n   示范<项目>\n   请尽快办理\n" in sent.body
    assert "示范&lt;项目&gt;" in html
    tell(reader, title="第三条")
    delivery.send_digests()
    assert mail.outbox[1].subject.endswith("您有 1 条未读消息")


@pytest.mark.parametrize(
    "changes", [{"wants_digest": False}, {"email": ""}, {"is_active": False}], ids=str
)
def test_no_digest_for_whoever_cannot_or_will_not_have_it(reader, changes):
    type(reader).objects.filter(pk=reader.pk).update(**changes)
    tell(reader)
    delivery.send_digests()
    assert mail.outbox == []


def test_what_a_server_refuses_is_tried_again_and_keeps_nobody_else_waiting(reader, settings):
    other = reachable(cast.make_enterprise(2), "two@example.cn")
    tell(reader, other)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    Refusing.refused = reader.email
    delivery.send_digests()
    assert [sent.to for sent in mail.outbox] == [[other.email]]
    Refusing.refused = ""
    delivery.send_digests()
    assert [sent.to for sent in mail.outbox] == [[other.email], [reader.email]]


def test_the_urgent_goes_out_at_once_by_mail_and_sms(
    reader, settings, work_off_jobs, django_capture_on_commit_callbacks
):
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    Gateway.sent = []
    reader.wants_digest = False
    reader.save()
    tell(reader, title="不紧急的")
    with django_capture_on_commit_callbacks(execute=True):
        tell(reader, title="申报已退回", is_urgent=True)
    work_off_jobs()
    assert [sent.subject for sent in mail.outbox] == ["【智能工厂申报门户】申报已退回"]
    assert Gateway.sent == [(reader.mobile, "申报已退回。请登录智能工厂申报门户办理。")]
    delivery.send_urgent()
    assert (len(mail.outbox), len(Gateway.sent)) == (1, 1)


def test_one_job_sends_all_the_urgent_messages_of_one_act(
    reader, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(3):
            tell(reader, title=f"第 {number} 条", is_urgent=True)
    assert [job.kind for job in Job.objects.all()] == ["urgent"]


def test_nothing_urgent_goes_out_to_invented_people_or_after_its_deadline(reader, settings):
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    Gateway.sent = []
    tell(reader, title="已过", is_urgent=True, due=timezone.now())
    type(reader).objects.update(is_invented=True)
    tell(reader, title="试运行", is_urgent=True)
    delivery.send_urgent()
    assert (mail.outbox, Gateway.sent) == ([], [])


def test_an_sms_the_gateway_did_not_take_is_sent_within_a_day_or_never(reader, settings):
    tell(reader, is_urgent=True)
    settings.SMS_BACKEND = f"{__name__}.Broken"
    delivery.send_urgent()
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    Gateway.sent = []
    Message.objects.update(created_at=timezone.now() - timedelta(days=1))
    delivery.send_urgent()
    assert Gateway.sent == []
    Message.objects.update(created_at=timezone.now() - timedelta(hours=23))
    delivery.send_urgent()
    assert len(Gateway.sent) == 1


def test_an_sms_is_never_longer_than_one():
    message = Message(title="长" * 120, due=datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC))
    text = sms.text_of(message)
    assert len(text) <= sms.LONGEST
    assert text.endswith("截止 2026-11-22 17:30:15（周日）。请登录智能工厂申报门户办理。")


def test_the_console_masks_the_number(capsys):
    sms.Console().send("13812345678", "申报已退回。")
    assert capsys.readouterr().out == "短信 138****5678：申报已退回。\n"


def test_the_digest_is_begun_at_six_in_the_evening_once_a_day(db, work_off_jobs):
    begun = []
    for day, *clock in ((20, 18, 0, 0), (21, 17, 59, 59), (21, 18, 0, 0), (21, 23, 59, 59)):
        with time_machine.travel(datetime(2026, 11, day, *clock, tzinfo=BEIJING), tick=False):
            begun.append("digest" in start_due())
    assert begun == [True, False, True, False]


def test_a_title_with_a_long_name_is_cut_and_hinders_nothing(catalogue, db):
    reader = cast.make_officer()
    about = {"sender": "测试", "url": "/", "key": "long", "is_urgent": True}
    send([reader], kind=Message.Kind.NOTICE, title="长" * 130, **about)
    title = Message.objects.get(recipient=reader).title
    assert title == "长" * 119 + "…"
