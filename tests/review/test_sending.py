"""Sending a list, and what the province does with it."""

import re
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse

from applications.models import Application, Event
from applications.states import Status
from portal.errors import Closed, NotAllowed, StaleState
from review import ranking
from review.models import ListEvent, RankedList
from tests import cast

DEADLINE = datetime(2025, 11, 23, tzinfo=ZoneInfo("Asia/Shanghai"))  # “22日前”


def fresh(ranked_list):
    return RankedList.objects.select_related("round", "bureau").get(pk=ranked_list.pk)


def send(ranked_list, officer, **changes):
    now = {"version": fresh(ranked_list).version, "regrets": cast.regrets(ranked_list)}
    arguments = {**now, "signatory": "李堃", **changes}
    ranking.send(ranked_list, actor=officer, **arguments)
    return fresh(ranked_list)


def statuses(applications):
    return [cast.fresh(application).status for application in applications]


def refused(ranked_list, act, error, match=None):
    """The act is refused and leaves neither an event nor any change of the list."""

    def everything():
        return (
            RankedList.objects.values().get(pk=ranked_list.pk),
            list(ranking.seats_of(ranked_list)),
            list(Application.objects.order_by("pk").values_list("pk", "status")),
            Event.objects.count(),
            ListEvent.objects.count(),
        )

    before = everything()
    with pytest.raises(error, match=match):
        act()
    assert everything() == before


@pytest.fixture
def ranked(ranked_list, make_accepted, officer):
    """Two on the list, in this order."""
    applications = make_accepted(2)
    for application in applications:
        ranking.recommend(ranked_list, application, actor=officer)
    return applications


# Sending


def test_sending_recommends_the_members_and_passes_over_the_others(
    ranked_list, ranked, make_accepted, officer
):
    [left_over] = make_accepted(1)
    sent = send(ranked_list, officer, signatory=" 李堃 ", statement=" 说明 ")
    assert sent.status == RankedList.Status.SENT
    assert (sent.signatory, sent.statement) == ("李堃", "说明")
    assert sent.sent_at is not None
    assert sent.received_at is None
    assert statuses([*ranked, left_over]) == ["recommended", "recommended", "unlisted"]
    for application in ranked:
        event = application.events.first()
        assert (event.verb, event.source, event.target) == ("recommend", "accepted", "recommended")
        assert event.actor == officer


def test_what_was_sent_is_recorded_with_the_receipts_in_their_order(ranked_list, ranked, officer):
    first, second = ranked
    ranking.replace_order(
        ranked_list, [second.pk, first.pk], version=fresh(ranked_list).version, actor=officer
    )
    send(ranked_list, officer, statement="说明")
    [event] = ranked_list.events.all()
    assert (event.verb, event.actor, event.comment) == ("send", officer, "说明")
    assert event.receipts == [second.current_revision.receipt, first.current_revision.receipt]


@pytest.mark.parametrize("signatory", ["", "  "])
def test_a_list_is_not_sent_without_a_signatory(ranked_list, ranked, officer, signatory):
    refused(
        ranked_list,
        lambda: send(ranked_list, officer, signatory=signatory),
        NotAllowed,
        "请填写签发人姓名",
    )


@pytest.mark.parametrize("statement", ["", " \n"])
def test_an_empty_list_is_not_sent_without_a_statement(ranked_list, officer, statement):
    refused(
        ranked_list,
        lambda: send(ranked_list, officer, statement=statement),
        NotAllowed,
        "名单为空：请填写情况说明",
    )


def test_an_empty_list_with_a_statement_is_sent(ranked_list, officer):
    sent = send(ranked_list, officer, statement="本市本批次无符合条件的项目。")
    assert sent.status == RankedList.Status.SENT
    assert sent.events.get().receipts == []


def test_only_the_bureau_itself_sends_its_list(ranked_list, ranked, province, other_officer):
    refused(ranked_list, lambda: send(ranked_list, province), NotAllowed)
    refused(ranked_list, lambda: send(ranked_list, other_officer), StaleState)
    assert fresh(ranked_list).is_open


def test_a_list_is_sent_once(ranked_list, ranked, officer):
    send(ranked_list, officer)
    refused(ranked_list, lambda: send(ranked_list, officer), StaleState, "已报送")


def test_a_sent_list_and_all_its_bureaus_applications_are_frozen(
    round, ranked_list, ranked, make_accepted, officer
):
    [left_over] = make_accepted(1)
    submitted = cast.file_application(round, cast.make_enterprise(900))
    now = send(ranked_list, officer).version
    member = cast.fresh(ranked[0])
    for act in (
        lambda: ranking.recommend(ranked_list, left_over, actor=officer),
        lambda: ranking.recommend(ranked_list, left_over, version=now, actor=officer),
        lambda: ranking.replace_order(ranked_list, [ranked[0].pk], version=now, actor=officer),
        lambda: ranking.save_opinions(ranked_list, {1: "改"}, version=now, actor=officer),
        lambda: ranking.decide(ranked_list, submitted, "accept", actor=officer),
        lambda: ranking.decide(ranked_list, left_over, "decline", actor=officer, comment="否"),
        lambda: ranking.decide(ranked_list, member, "decline", actor=officer, comment="否"),
    ):
        refused(
            ranked_list,
            act,
            StaleState,
            "^推荐名单已报送，不能再改动；如需修改，请撤回或联系省厅退回。$",
        )


def test_another_bureaus_list_stays_open(ranked_list, ranked, round, officer, other_officer):
    send(ranked_list, officer)
    application = cast.bring_to(
        Status.ACCEPTED, round, cast.make_enterprise(901, cast.DATONG), other_officer
    )
    ranking.recommend(cast.list_of(application), application, actor=other_officer)


# The deadline: an instant in Beijing, already too late itself


@pytest.fixture
def due(province):
    """A round whose bureaus must send before the end of 22 November, Beijing time."""
    return cast.make_round(
        province,
        slug="due",
        opens_at=DEADLINE - timedelta(days=20),
        enterprise_deadline=DEADLINE,
        bureau_deadline=DEADLINE,
    )


@pytest.fixture
def due_list(due):
    return RankedList.objects.select_related("round", "bureau").get(
        round=due, bureau__code=cast.TAIYUAN
    )


def send_at(instant, ranked_list, officer):
    with time_machine.travel(instant, tick=False):
        return send(ranked_list, officer, statement="无。")


def test_a_list_is_sent_until_the_last_microsecond(due_list, officer):
    last = DEADLINE - timedelta(microseconds=1)
    assert send_at(last, due_list, officer).sent_at == last


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=1), timedelta(days=300)])
def test_from_the_deadline_on_a_list_is_not_sent(due_list, officer, late):
    refused(
        due_list,
        lambda: send_at(DEADLINE + late, due_list, officer),
        Closed,
        re.escape("已过推荐单位报送截止时间（2025-11-22 24:00（周六））"),
    )


def test_a_list_is_not_sent_before_the_round_opens(due_list, officer):
    early = due_list.round.opens_at - timedelta(seconds=1)
    refused(due_list, lambda: send_at(early, due_list, officer), Closed, "尚未开始")


def test_a_list_that_the_province_returned_may_be_sent_after_the_deadline(
    due_list, officer, province
):
    send_at(DEADLINE - timedelta(hours=1), due_list, officer)
    late = DEADLINE + timedelta(days=2)
    with time_machine.travel(late, tick=False):
        cast.send_back(due_list, province, "请补充。")
    assert send_at(late, due_list, officer).sent_at == late


# Receiving


def test_the_province_receives_a_sent_list(ranked_list, ranked, officer, province):
    send(ranked_list, officer)
    cast.receive(ranked_list, province)
    received = fresh(ranked_list)
    assert received.status == RankedList.Status.RECEIVED
    assert received.received_at >= received.sent_at
    event = ranked_list.events.first()
    assert (event.verb, event.actor) == ("receive", province)
    assert event.receipts == [application.current_revision.receipt for application in ranked]
    assert statuses(ranked) == ["recommended"] * 2


def test_only_a_sent_list_is_received_and_only_once(ranked_list, ranked, officer, province):
    def receive():
        cast.receive(ranked_list, province)

    refused(ranked_list, receive, StaleState)
    send(ranked_list, officer)
    receive()
    refused(ranked_list, receive, StaleState)


def test_a_list_that_changed_since_it_was_read_is_neither_received_nor_sent_back(
    ranked_list, ranked, officer, province
):
    read = send(ranked_list, officer).version
    cast.send_back(ranked_list, province)
    ranking.replace_order(
        ranked_list, [ranked[1].pk], version=fresh(ranked_list).version, actor=officer
    )
    send(ranked_list, officer)
    for act in (
        lambda: ranking.receive(ranked_list, version=read, actor=province),
        lambda: ranking.send_back(ranked_list, version=read, reason="退", actor=province),
    ):
        refused(ranked_list, act, StaleState, "名单在您打开页面之后已有变化")


def test_a_received_list_stays_as_it_is(ranked_list, ranked, officer, province):
    now = send(ranked_list, officer).version
    cast.receive(ranked_list, province)
    for act in (
        lambda: cast.send_back(ranked_list, province, "退"),
        lambda: ranking.replace_order(ranked_list, [], version=now, actor=officer),
        lambda: send(ranked_list, officer),
    ):
        refused(ranked_list, act, StaleState)


def test_only_the_province_receives_and_sends_back(ranked_list, ranked, officer):
    send(ranked_list, officer)
    for actor in (officer, ranked[0].enterprise.user_set.get()):
        for act in (
            lambda actor: cast.receive(ranked_list, actor),
            lambda actor: cast.send_back(ranked_list, actor, "退"),
        ):
            refused(ranked_list, lambda act=act, actor=actor: act(actor), NotAllowed, "只有省厅")


# Sending back


def test_sending_back_reopens_the_list_with_its_order_and_opinions(
    ranked_list, ranked, officer, province
):
    ranking.save_opinions(
        ranked_list,
        {ranked[0].pk: "甲", ranked[1].pk: "乙"},
        version=fresh(ranked_list).version,
        actor=officer,
    )
    before = send(ranked_list, officer).version
    cast.send_back(ranked_list, province, " 第 2 名请核对。 ")
    returned = fresh(ranked_list)
    assert returned.is_open
    assert returned.was_returned
    assert returned.return_reason == "第 2 名请核对。"
    assert returned.sent_at is None
    assert returned.version > before
    assert [(seat.application, seat.opinion) for seat in ranking.seats_of(ranked_list)] == [
        (ranked[0], "甲"),
        (ranked[1], "乙"),
        (None, ""),
    ]


def test_sending_back_frees_the_members_but_the_reason_is_the_bureaus(
    ranked_list, ranked, officer, province
):
    send(ranked_list, officer)
    cast.send_back(ranked_list, province, "第 2 名请核对。")
    assert statuses(ranked) == ["accepted"] * 2
    for application in ranked:
        event = application.events.first()
        assert (event.verb, event.source, event.target) == ("release", "recommended", "accepted")
        assert event.actor == province
        assert event.comment == ""
    event = ranked_list.events.first()
    assert (event.verb, event.actor, event.comment) == ("return", province, "第 2 名请核对。")
    assert event.receipts == [application.current_revision.receipt for application in ranked]


@pytest.mark.parametrize("reason", ["", " \n"])
def test_sending_back_needs_a_reason(ranked_list, ranked, officer, province, reason):
    send(ranked_list, officer)
    refused(
        ranked_list,
        lambda: cast.send_back(ranked_list, province, reason),
        NotAllowed,
        "请填写退回理由",
    )


def test_an_open_list_cannot_be_sent_back(ranked_list, ranked, province):
    refused(
        ranked_list,
        lambda: cast.send_back(ranked_list, province, "退"),
        StaleState,
    )


def test_a_returned_list_can_be_changed_and_sent_again(
    ranked_list, ranked, make_accepted, officer, province
):
    first, second = ranked
    send(ranked_list, officer)
    cast.send_back(ranked_list, province, "退")
    ranking.replace_order(
        ranked_list, [second.pk], version=fresh(ranked_list).version, actor=officer
    )
    ranking.decide(ranked_list, cast.fresh(first), "decline", actor=officer, comment="更换。")
    [third] = make_accepted(1)
    ranking.recommend(ranked_list, third, actor=officer)
    sent = send(ranked_list, officer)
    assert not sent.was_returned
    assert statuses([first, second, third]) == ["declined", "recommended", "recommended"]
    assert [(event.verb, len(event.receipts)) for event in sent.events.all()] == [
        ("send", 2),
        ("return", 2),
        ("send", 2),
    ]
    cast.receive(ranked_list, province)
    assert fresh(ranked_list).status == RankedList.Status.RECEIVED


@pytest.mark.parametrize("status", ["sent", "received", "nonsense"])
def test_the_database_knows_no_sent_list_without_its_date(ranked_list, status):
    with pytest.raises(IntegrityError, match="ranked_list_status"), transaction.atomic():
        RankedList.objects.filter(pk=ranked_list.pk).update(status=status)


# Those left out


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_list_is_not_sent_without_a_reason_for_each_that_is_left_out(
    ranked_list, ranked, make_accepted, officer, reason
):
    told, untold = make_accepted(2)
    refused(
        ranked_list,
        lambda: send(ranked_list, officer, regrets={told.pk: "名额有限。", untold.pk: reason}),
        NotAllowed,
        f"请填写“{untold.enterprise}”未列入推荐名单的理由",
    )


def test_who_is_left_out_reads_its_own_reason_and_nothing_of_the_list(
    ranked_list, ranked, make_accepted, officer, client
):
    [left_over] = make_accepted(1)
    send(
        ranked_list, officer, regrets={left_over.pk: " 名额有限，欢迎下批再报。 "}, statement="内情"
    )
    event = left_over.events.first()
    assert (event.verb, event.target) == ("pass_over", "unlisted")
    assert event.comment == "名额有限，欢迎下批再报。"
    client.force_login(left_over.enterprise.user_set.get())
    for url in (
        reverse("applications:index"),
        reverse("applications:detail", args=[left_over.pk]),
    ):
        page = client.get(url).content.decode()
        assert "本批次未列入推荐名单" in page
        assert "内情" not in page
        for member in ranked:
            assert str(member.enterprise) not in page
    assert "名额有限，欢迎下批再报。" in page


def test_a_member_reads_that_it_is_recommended_but_not_on_which_place(
    ranked_list, ranked, officer, client
):
    send(ranked_list, officer)
    client.force_login(ranked[0].enterprise.user_set.get())
    page = client.get(reverse("applications:detail", args=[ranked[0].pk])).content.decode()
    assert "已推荐" in page
    assert f"{officer.bureau}已将本项目列入推荐名单" in page
    assert "第 1 名" not in page


def test_a_declined_or_unfinished_application_is_not_passed_over(
    round, ranked_list, ranked, make_accepted, officer
):
    [declined] = make_accepted(1)
    cast.decide(declined, "decline", officer, "否。")
    submitted = cast.file_application(round, cast.make_enterprise(900))
    send(ranked_list, officer, regrets={})
    assert statuses([declined, submitted]) == ["declined", "submitted"]


def test_when_a_list_comes_back_those_left_out_are_candidates_again(
    ranked_list, ranked, make_accepted, officer, province
):
    [left_over] = make_accepted(1)
    send(ranked_list, officer)
    cast.send_back(ranked_list, province, "请核对。")
    assert statuses([*ranked, left_over]) == ["accepted"] * 3
    ranking.recommend(ranked_list, cast.fresh(left_over), actor=officer)
    send(ranked_list, officer)
    recall(ranked_list, officer)
    assert statuses([*ranked, left_over]) == ["accepted"] * 3
    assert [event.verb for event in left_over.events.all()[:4]] == [
        "recall",
        "recommend",
        "release",
        "pass_over",
    ]


@pytest.fixture
def sending(client, officer, ranked_list):
    """Press the button of the sending page with these fields; the page is a fresh one."""
    client.force_login(officer)
    url = reverse("review:send", args=[ranked_list.round.slug])

    def press(**changes):
        data = {"version": fresh(ranked_list).version, "signatory": "李堃", "early": "on"}
        return client.post(url, data | changes)

    press.url = url
    return press


def test_the_page_offers_a_reason_for_each_that_is_left_out(
    ranked_list, ranked, make_accepted, officer, client, sending
):
    [left_over] = make_accepted(1)
    page = client.get(sending.url)
    [field] = page.context["form"].regret_fields
    assert field.label == str(left_over.enterprise)
    assert "未列入推荐名单" in field.value()
    assert sending(**{field.name: "改写的理由。"}).status_code == 302
    assert left_over.events.first().comment == "改写的理由。"


def test_typed_reasons_survive_a_refusal(ranked_list, ranked, make_accepted, sending):
    [left_over] = make_accepted(1)
    name = f"regret-{left_over.pk}"
    stale = fresh(ranked_list).version - 1
    for changes in ({"signatory": ""}, {"signatory": "\u200b"}, {"version": stale}):
        page = sending(**{name: "改写的理由。", **changes})
        assert page.status_code == 200
        assert page.context["form"][name].value() == "改写的理由。"
    assert fresh(ranked_list).is_open


def test_one_accepted_since_the_page_was_opened_is_shown_before_the_list_is_sent(
    ranked_list, ranked, make_accepted, sending
):
    [late] = make_accepted(1)
    page = sending()
    name = f"regret-{late.pk}"
    assert page.context["form"].errors[name] == ["该申报刚刚审核通过，请核对理由后再报送。"]
    assert "未列入推荐名单" in page.context["form"][name].value()
    assert fresh(ranked_list).is_open


@pytest.mark.parametrize("name", ["detail", "submit"])
def test_who_has_not_submitted_is_told_that_the_list_is_gone(
    round, ranked_list, ranked, officer, province, client, name
):
    enterprise = cast.make_enterprise(900)
    draft = cast.bring_to(Status.DRAFT, round, enterprise, officer)
    client.force_login(enterprise)
    url = reverse(f"applications:{name}", args=[draft.pk])
    said = "向省厅报送本批次推荐名单。现在仍可提交"
    assert said not in client.get(url).content.decode()
    send(ranked_list, officer)
    assert said in client.get(url).content.decode()
    cast.send_back(ranked_list, province)
    assert said not in client.get(url).content.decode()


# Taking it back


def recall(ranked_list, officer, reason="名次有误。", **changes):
    arguments = {"version": fresh(ranked_list).version, **changes}
    ranking.recall(ranked_list, reason=reason, actor=officer, **arguments)
    return fresh(ranked_list)


def test_a_bureau_takes_its_list_back_and_the_province_reads_why(ranked_list, ranked, officer):
    before = send(ranked_list, officer)
    recalled = recall(ranked_list, officer, " 名次有误。 ")
    assert recalled.is_open
    assert not recalled.was_returned
    assert recalled.sent_at is None
    assert recalled.version > before.version
    assert [seat.application for seat in ranking.seats_of(ranked_list)][:2] == ranked
    event = ranked_list.events.first()
    assert (event.verb, event.actor, event.comment) == ("recall", officer, "名次有误。")
    assert event.receipts == [application.current_revision.receipt for application in ranked]
    for application in ranked:
        event = application.events.first()
        assert (event.verb, event.target, event.comment) == ("recall", "accepted", "")


@pytest.mark.parametrize("reason", ["", " \n"])
def test_taking_a_list_back_needs_a_reason(ranked_list, ranked, officer, reason):
    send(ranked_list, officer)
    act = partial(recall, ranked_list, officer, reason)
    refused(ranked_list, act, NotAllowed, "请填写撤回理由")


def test_only_the_bureau_itself_takes_its_list_back(
    ranked_list, ranked, officer, other_officer, province
):
    send(ranked_list, officer)
    enterprise = ranked[0].enterprise.user_set.get()
    for actor, error in (
        (province, NotAllowed),
        (enterprise, NotAllowed),
        (other_officer, StaleState),
    ):
        refused(ranked_list, partial(recall, ranked_list, actor), error)


def test_only_the_list_that_was_read_is_taken_back_and_only_before_it_is_received(
    ranked_list, ranked, officer, province
):
    refused(ranked_list, partial(recall, ranked_list, officer), StaleState)
    read = send(ranked_list, officer).version
    cast.send_back(ranked_list, province)
    send(ranked_list, officer)
    refused(ranked_list, partial(recall, ranked_list, officer, version=read), StaleState)
    cast.receive(ranked_list, province)
    refused(ranked_list, partial(recall, ranked_list, officer), StaleState)


def recall_at(instant, ranked_list, officer):
    with time_machine.travel(instant, tick=False):
        assert fresh(ranked_list).may_be_recalled
        return recall(ranked_list, officer)


def test_a_list_is_taken_back_until_the_bureaus_deadline(due_list, officer):
    send_at(DEADLINE - timedelta(hours=1), due_list, officer)
    with time_machine.travel(DEADLINE, tick=False):
        assert not fresh(due_list).may_be_recalled
        refused(due_list, partial(recall, due_list, officer), Closed, "已过推荐单位报送截止时间")
    assert recall_at(DEADLINE - timedelta(microseconds=1), due_list, officer).is_open


def test_a_list_that_the_province_had_returned_is_taken_back_and_sent_after_the_deadline(
    due_list, officer, province
):
    send_at(DEADLINE - timedelta(hours=1), due_list, officer)
    late = DEADLINE + timedelta(days=2)
    with time_machine.travel(late, tick=False):
        cast.send_back(due_list, province, "请补充。")
    send_at(late, due_list, officer)
    assert recall_at(late + timedelta(hours=1), due_list, officer).was_returned
    assert send_at(late + timedelta(hours=2), due_list, officer).sent_at


def test_a_list_is_taken_back_by_button_and_the_reason_survives_a_refusal(
    ranked_list, ranked, officer, client, province
):
    slug = ranked_list.round.slug
    board, url = (reverse(f"review:{name}", args=[slug]) for name in ("board", "recall"))
    client.force_login(officer)
    assert url not in client.get(board).content.decode()
    seen = send(ranked_list, officer).version
    assert url in client.get(board).content.decode()
    assert "撤回推荐名单" in client.get(url).content.decode()
    stale = client.post(url, {"version": seen - 1, "reason": "名次有误。"})
    assert stale.status_code == 409
    assert "名次有误。" in stale.content.decode()
    assert "请填写撤回理由。" in client.post(url, {"version": seen}).content.decode()
    assert client.post(url, {"version": seen, "reason": "名次有误。"}).url == board
    assert fresh(ranked_list).is_open
    client.force_login(province)
    page = client.get(reverse("review:ranked_list", args=[ranked_list.pk])).content.decode()
    assert "撤回" in page
    assert "名次有误。" in page


def test_a_received_list_offers_no_way_back(ranked_list, ranked, officer, province, client):
    send(ranked_list, officer)
    cast.receive(ranked_list, province)
    slug = ranked_list.round.slug
    client.force_login(officer)
    url = reverse("review:recall", args=[slug])
    assert url not in client.get(reverse("review:board", args=[slug])).content.decode()
    assert "省厅已受理这份名单，不能再撤回" in client.get(url).content.decode()
