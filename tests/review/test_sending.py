"""Sending a list, and what the province does with it."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction

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
    arguments = {"version": fresh(ranked_list).version, "signatory": "李堃", **changes}
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


def test_sending_recommends_the_members_and_nobody_else(
    ranked_list, ranked, make_accepted, officer
):
    [left_over] = make_accepted(1)
    sent = send(ranked_list, officer, signatory=" 李堃 ", statement=" 说明 ")
    assert sent.status == RankedList.Status.SENT
    assert (sent.signatory, sent.statement) == ("李堃", "说明")
    assert sent.sent_at is not None
    assert sent.received_at is None
    assert statuses([*ranked, left_over]) == ["recommended", "recommended", "accepted"]
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
            "^推荐名单已报送，不能再改动；如需修改请联系省厅退回。$",
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
        ranked_list, {1: "甲", 2: "乙"}, version=fresh(ranked_list).version, actor=officer
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
