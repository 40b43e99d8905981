"""消息: the list, the mark of having read, how one wants to be told."""

import pytest
from django.urls import reverse

from portal.messaging.models import Message
from portal.messaging.sending import send
from tests import cast

INDEX = reverse("messaging:index")


@pytest.fixture
def reader(catalogue, db):
    return cast.make_enterprise(1)


@pytest.fixture
def page(client, reader):
    client.force_login(reader)
    return lambda url=INDEX: client.get(url).content.decode()


def tell(user, title, **more) -> Message:
    said = {"kind": Message.Kind.OUTCOME, "sender": "太原市", "url": "/accounts/team/"}
    send([user], **{**said, "title": title, "key": title, **more})
    return Message.objects.get(recipient=user, key=more.get("key", title))


def test_nobody_is_told_the_same_thing_twice(reader):
    tell(reader, "先说的", key="同一件事")
    tell(reader, "后说的", key="同一件事")
    assert Message.objects.get().title == "先说的"


def test_the_unread_come_first_and_then_the_latest(page, client, reader):
    titles = ["消息甲", "消息乙", "消息丙"]
    messages = [tell(reader, title) for title in titles]
    client.get(reverse("messaging:open", args=[messages[2].pk]))
    assert [message.title for message in client.get(INDEX).context["page"]] == [
        "消息乙",
        "消息甲",
        "消息丙",
    ]


def test_following_a_message_reads_it_and_leads_where_it_says(page, client, reader):
    message = tell(reader, "办理结果")
    tell(reader, "另一条")
    assert 'class="unread">2<' in page()
    response = client.get(reverse("messaging:open", args=[message.pk]))
    assert response.url == "/accounts/team/"
    assert 'class="unread">1<' in page(response.url)


def test_a_message_opens_for_nobody_else(client, reader):
    message = tell(reader, "申报审核通过")
    client.force_login(cast.make_enterprise(2))
    assert client.get(reverse("messaging:open", args=[message.pk])).status_code == 404
    assert message.title not in client.get(INDEX).content.decode()
    message.refresh_from_db()
    assert message.read_at is None


def test_one_kind_at_a_time_if_asked(page, reader):
    tell(reader, "一件任务", kind=Message.Kind.TASK)
    tell(reader, "一个结果")
    only = page(f"{INDEX}?kind=task")
    assert "一件任务" in only
    assert "一个结果" not in only
    assert "一个结果" in page(f"{INDEX}?kind=nonsense")


def test_marking_all_leaves_what_came_after_the_page_was_shown(page, client, reader):
    tell(reader, "看到的")
    tell(cast.make_enterprise(2), "别人的")
    seen = client.get(INDEX).context["seen"]
    tell(reader, "后来的")
    unread = Message.objects.unread()
    for posted in ("", "9" * 30 + "x", str(seen)):
        assert unread.count() == 3
        client.post(reverse("messaging:read_all"), {"seen": posted})
    assert {message.title for message in unread.all()} == {"后来的", "别人的"}


def test_an_address_that_is_none_is_refused_and_shown_again(page, client, reader):
    url = reverse("messaging:preferences")
    refused = client.post(url, {"email": "zhang.example.cn"}).content.decode()
    assert "zhang.example.cn" in refused
    assert "有效的" in refused
    assert client.post(url, {"email": "zhang@example.cn"}).url == INDEX
    reader.refresh_from_db()
    assert (reader.email, reader.wants_digest) == ("zhang@example.cn", False)
