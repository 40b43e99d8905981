"""公示: what becomes public and when, who may object and how, who reads that."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from applications.models import Application
from applications.states import Status
from portal.accounts.models import Role
from portal.audit.models import Record
from portal.errors import NotAllowed, StaleState
from portal.messaging.models import Message
from review import announcing, objections, ranking
from review.models import Announcement, Objection
from tests import cast

pytestmark = pytest.mark.django_db

BEIJING = ZoneInfo("Asia/Shanghai")
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def received(round, officer, other_officer, province) -> list[Application]:
    """Two on the received list of Taiyuan, one on the list of Datong, which is only sent."""
    first, second = (
        cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(n, name=name), officer)
        for n, name in ((1, f"众{EVIL}有限公司"), (2, "百工有限公司"))
    )
    for application in (first, second):
        ranking.recommend(cast.list_of(application), application, actor=officer)
    found = cast.send(first, officer)
    found.refresh_from_db()
    ranking.receive(found, version=found.version, actor=province)
    enterprise = cast.make_enterprise(3, cast.DATONG, "大同之三有限公司")
    cast.bring_to(Status.RECOMMENDED, round, enterprise, other_officer)
    return [first, second]


def days(opens: int, closes: int) -> dict[str, date]:
    today = timezone.localdate()
    return {"opens_on": today + timedelta(opens), "closes_on": today + timedelta(closes)}


@pytest.fixture
def draft(round, received, province) -> Announcement:
    values = announcing.suggested(round) | days(0, 6) | {"contact": "装备处 0351-0000000"}
    announcement = Announcement(round=round, **values)
    announcing.keep(announcement, [each.pk for each in received], actor=province)
    return announcement


@pytest.fixture
def published(draft, province) -> Announcement:
    publish(draft, province)
    return draft


def publish(announcement, actor):
    announcing.publish(announcement, seen=announcing.fingerprint(announcement), actor=actor)


@pytest.fixture
def as_province(province) -> Client:
    client = Client()
    client.force_login(province)
    return client


def public(announcement, client=None):
    return (client or Client()).get(reverse("announcement", args=[announcement.pk]))


# Publishing


def test_only_received_lists_are_announced_by_name_and_not_by_rank(round, received):
    rows = announcing.candidates(round)
    assert [row["enterprise"] for row in rows] == ["百工有限公司", f"众{EVIL}有限公司"]
    assert {row["bureau"] for row in rows} == {"太原市工业和信息化局"}


def test_the_province_drafts_looks_and_publishes(as_province, round, received):
    new = reverse("review:announcement_new") + f"?round={round.slug}"
    form = as_province.get(new).context["form"]
    data = {name: form[name].value() for name in form.fields} | {"contact": "装备处"}
    period = {name: data[name] for name in ("opens_on", "closes_on")}
    assert Announcement(round=round, **period).working_days == announcing.USUAL_DAYS
    wrong = as_province.post(new, data | {"closes_on": "2020-01-01", "title": EVIL})
    assert wrong.status_code == 409
    page = wrong.content.decode()
    assert "公示止不能早于公示起" in page and "2020-01-01" in page and EVIL not in page
    today = timezone.localdate().isoformat()
    shown = as_province.post(new, data | {"opens_on": today, "title": f"公示{EVIL}"}, follow=True)
    announcement = Announcement.objects.get()
    assert "核对无误" in shown.content.decode()
    assert public(announcement).status_code == 404
    assert "预览" in public(announcement, as_province).content.decode()
    seen = shown.context["fingerprint"]
    as_province.post(reverse("review:announcement_publish", args=[announcement.pk]), {"seen": seen})
    page = public(announcement).content.decode()
    assert "百工有限公司" in page and "示范智能工厂" in page
    assert EVIL not in page and "&lt;script&gt;" in page
    verbs = set(
        Record.objects.filter(verb__startswith="announcement").values_list("verb", flat=True)
    )
    assert verbs == {"announcement_draft", "announcement_publish"}


def test_what_was_published_is_not_changed_any_more(published, province, as_province):
    published.title = "改"
    with pytest.raises(StaleState):
        announcing.keep(published, [], actor=province)
    with pytest.raises(StaleState):
        announcing.discard(published, actor=province)
    change = reverse("review:announcement_change", args=[published.pk])
    assert as_province.get(change).status_code == 302


def test_a_draft_changed_since_it_was_looked_at_is_not_published(draft, province, received):
    seen = announcing.fingerprint(draft)
    announcing.keep(draft, [received[0].pk], actor=province)
    with pytest.raises(StaleState, match="又有修改"):
        announcing.publish(draft, seen=seen, actor=province)


def test_a_draft_that_no_longer_says_what_the_lists_say_is_not_published(draft, province, received):
    bureau = received[0].bureau
    bureau.name = "改名后的推荐单位"
    bureau.save()
    with pytest.raises(NotAllowed, match="百工有限公司.*有变化"):
        publish(draft, province)
    announcing.keep(draft, [each.pk for each in received], actor=province)
    publish(draft, province)


def test_a_period_that_began_before_anybody_could_read_it_is_refused(draft, province):
    with (
        time_machine.travel(datetime.now(BEIJING) + timedelta(days=1), tick=False),
        pytest.raises(NotAllowed, match="早于今天"),
    ):
        publish(draft, province)


@pytest.mark.parametrize("role", [Role.BUREAU, Role.AUDITOR])
def test_nobody_but_the_province_announces(role, draft, officer):
    actor = officer if role == Role.BUREAU else cast.make_user("auditor", role)
    with pytest.raises(NotAllowed):
        publish(draft, actor)
    with pytest.raises(NotAllowed):
        announcing.withdraw(draft, "错", actor=actor)


def test_what_was_withdrawn_says_why_and_names_nobody(published, as_province):
    url = reverse("review:announcement_withdraw", args=[published.pk])
    assert as_province.post(url, {"reason": " "}).status_code == 409
    as_province.post(url, {"reason": "名单有误，将重新公示。"})
    page = public(published).content.decode()
    assert "已撤下" in page and "名单有误" in page
    assert "百工" not in page and "示范智能工厂" not in page
    assert Client().get(reverse("object", args=[published.pk])).status_code == 302
    late = object_to(published).content.decode()
    assert "数据不实" in late, "what was typed comes back"
    assert "大同" not in late and "示范智能工厂" not in late
    assert not Objection.objects.exists()


def test_a_visitor_learns_the_published_rows_and_no_more(published, draft, round, province):
    cast.make_round(province, slug="secret", title="未发布批次", published=False)
    other = Announcement(round=round, **announcing.suggested(round) | {"title": "另一草稿"})
    announcing.keep(other, [], actor=province)
    pages = [
        Client().get(url).content.decode()
        for url in (
            reverse("home"),
            reverse("announcements"),
            reverse("announcement", args=[published.pk]),
            reverse("object", args=[published.pk]),
            reverse("notices"),
            reverse("notice", args=[round.slug]),
        )
    ]
    for word in ("另一草稿", "未发布批次", "大同之三", "张喆", "19912345678", "名次"):
        assert not any(word in page for page in pages), word
    assert str(published) in pages[0] and str(published) in pages[1]


# Days, in Beijing


@pytest.mark.parametrize(
    ("at", "status", "state"),
    [
        ("2026-03-01 23:59:59", 404, ""),
        ("2026-03-02 00:00:00", 200, "公示中"),
        ("2026-03-08 23:59:59", 200, "公示中"),
        ("2026-03-09 00:00:00", 200, "已结束"),
    ],
)
def test_a_period_is_whole_days_of_beijing(at, status, state, published):
    Announcement.objects.update(opens_on=date(2026, 3, 2), closes_on=date(2026, 3, 8))
    with time_machine.travel(datetime.fromisoformat(at).replace(tzinfo=BEIJING), tick=False):
        response = public(published)
        assert response.status_code == status
        assert state in response.content.decode()
        posted = object_to(published)
        assert posted.status_code == {404: 404, 200: 302 if state == "公示中" else 409}[status]
        assert Objection.objects.count() == (state == "公示中")


# Objecting


SAID = {
    "enterprise": "百工有限公司",
    "name": "王喆",
    "mobile": "139 1234 5678",
    "text": f"数据不实。{EVIL}",
}


def object_to(announcement, client=None, **changes):
    url = reverse("object", args=[announcement.pk])
    return (client or Client()).post(url, SAID | changes)


def test_an_objection_gives_a_number_and_nothing_else(published, province):
    response = object_to(published)
    said = Objection.objects.get()
    assert (said.enterprise, said.mobile) == ("百工有限公司", "13912345678")
    page = Client().get(response.url).content.decode()
    assert said.number in page
    assert not any(word in page for word in ("王喆", "1391", "百工"))
    assert Client().get(response.url[:-2] + "x/").status_code == 404
    [message] = Message.objects.filter(key__startswith="objection")
    assert message.recipient == province
    assert message.url == reverse("review:objection", args=[said.pk])
    told = f"{message.title}{message.text}" + str(Record.objects.values_list("target", "detail"))
    assert "王喆" not in told and "1391" not in told
    assert mail.outbox == []


def test_the_second_of_two_clicks_gets_the_number_of_the_first(published):
    assert object_to(published).url == object_to(published).url
    assert object_to(published, text="另有一事。").url != object_to(published).url
    assert Objection.objects.count() == 2
    assert Record.objects.filter(verb="objection_file").count() == 2
    assert Message.objects.filter(key__startswith="objection").count() == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "匿名的异议无法核实"),
        ({"mobile": "12345"}, "请填写 11 位手机号码"),
        ({"enterprise": "别的企业"}, "请选择公示中的企业"),
        ({"text": "长" * 2001}, "请删减 1 字"),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(changes, sentence, published):
    response = object_to(published, **changes)
    page = response.content.decode()
    assert response.status_code == 409
    assert sentence in page and "数据不实" in page or changes.get("text", "无") in page
    assert not Objection.objects.exists()


def test_one_address_objects_a_few_times_an_hour_and_all_together_not_without_end(
    published, monkeypatch
):
    for number in range(objections.MOST_PER_ADDRESS):
        assert object_to(published, text=f"第 {number} 件。").status_code == 302
    refused = object_to(published, text="再一件。")
    assert refused.status_code == 429
    assert "再一件。" in refused.content.decode() and "请稍后再提交" in refused.content.decode()
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert object_to(published, elsewhere, text="别处一件。").status_code == 302
    monkeypatch.setattr(objections, "MOST_IN_ALL", objections.MOST_PER_ADDRESS)
    assert object_to(published, elsewhere, text="又一件。").status_code == 429


def test_only_the_province_reads_and_settles_an_objection(published, as_province, officer):
    object_to(published)
    said = Objection.objects.get()
    page, detail = (
        reverse("review:announcement", args=[published.pk]),
        reverse("review:objection", args=[said.pk]),
    )
    listed = as_province.get(page).content.decode()
    assert "139****5678" in listed and "13912345678" not in listed
    shown = as_province.get(detail).content.decode()
    assert "13912345678" in shown and EVIL not in shown
    assert Record.objects.filter(verb="objection_read", target=said.number).count() == 1
    auditor = Client()
    auditor.force_login(cast.make_user("auditor", Role.AUDITOR))
    assert auditor.get(detail).status_code == 200
    assert auditor.post(detail, {"outcome": "改"}).status_code == 403
    for user in (officer, cast.make_enterprise(9)):
        stranger = Client()
        stranger.force_login(user)
        assert stranger.get(detail).status_code == 403
        assert not Objection.objects.visible_to(user).exists()
    as_province.post(detail, {"outcome": "经核实，数据属实。"})
    again = as_province.post(detail, {"outcome": "另一结论。"})
    assert again.status_code == 409 and "另一结论。" in again.content.decode()
    said.refresh_from_db()
    assert said.outcome == "经核实，数据属实。"
