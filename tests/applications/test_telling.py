"""Who hears what of an application: the right people, once, and nothing of what it says."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse

from applications import interests, telling, workflow
from applications.states import Status
from portal.accounts.models import Role
from portal.messaging.models import Message
from portal.rounds.models import Deadline, Extension, Round
from review import ranking
from tests import cast

BEIJING = ZoneInfo("Asia/Shanghai")
CLOSES = datetime(2024, 11, 23, tzinfo=BEIJING)
BUREAUS_CLOSE = datetime(2024, 11, 26, tzinfo=BEIJING)


def titles(user) -> list[str]:
    return [message.title for message in Message.objects.filter(recipient=user).order_by("pk")]


@pytest.fixture
def colleague(enterprise):
    return cast.make_user("colleague", Role.ENTERPRISE, enterprise=enterprise.enterprise)


def test_a_submission_is_told_to_those_of_its_bureau_who_may_read_it(
    filled, enterprise, officer, other_officer
):
    away = cast.make_user("away", Role.BUREAU, bureau=officer.bureau, is_active=False)
    aside = cast.make_user("aside", Role.BUREAU, bureau=officer.bureau)
    interests.declare([filled], has_conflict=True, note="亲属。", actor=aside)
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    cast.decide(filled, "return_for_changes", officer, "请补充。")
    workflow.submit(cast.fresh(filled), cast.declarations(filled.round), actor=enterprise)
    assert titles(officer) == [
        "申报待审核：示范智能工厂",
        "申报已重新提交（第 2 版），待审核：示范智能工厂",
    ]
    assert [titles(user) for user in (away, aside, other_officer)] == [[], [], []]


def test_nobody_is_asked_any_more_to_review_what_was_decided_or_withdrawn(
    filled, enterprise, officer
):
    waiting = Message.objects.filter(recipient=officer).unread()
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    assert waiting.count() == 1
    workflow.withdraw(cast.fresh(filled), actor=enterprise)
    assert waiting.count() == 0
    workflow.submit(cast.fresh(filled), cast.declarations(filled.round), actor=enterprise)
    assert waiting.count() == 1
    cast.decide(filled, "accept", officer)
    assert waiting.count() == 0


def test_a_return_is_urgent_says_before_when_and_not_why(
    submitted, enterprise, colleague, rival, officer
):
    cast.decide(submitted, "return_for_changes", officer, "投资额与附件不符。")
    for user in (enterprise, colleague):
        message = Message.objects.get(recipient=user)
        assert message.is_urgent
        assert message.due == submitted.round.bureau_deadline
        assert message.url == reverse("applications:detail", args=[submitted.pk])
        assert "示范智能工厂" in message.text
        assert "投资额" not in message.title + message.text
    assert titles(rival) == []


def test_each_decision_reaches_the_enterprise_and_a_released_list_is_silent(
    submitted, enterprise, officer, province
):
    cast.decide(submitted, "decline", officer, "暂不推荐。")
    cast.decide(submitted, "undo_decline", officer)
    application = cast.decide(submitted, "accept", officer)
    ranking.recommend(cast.list_of(application), application, actor=officer)
    cast.send_back(cast.send(application, officer), province)
    assert titles(enterprise) == [
        telling.OUTCOMES[verb] for verb in ("decline", "undo_decline", "accept", "recommend")
    ]
    assert not Message.objects.filter(recipient=enterprise, is_urgent=True).exists()


def test_opening_the_application_reads_what_was_told_of_it(submitted, client, enterprise, officer):
    application = cast.decide(submitted, "return_for_changes", officer, "请补充。")
    reader = reverse("review:reader", args=[application.pk])
    page = reverse("applications:detail", args=[application.pk])
    client.force_login(officer)
    assert "企业尚未阅读" in client.get(reader).content.decode()
    client.force_login(enterprise)
    assert 'class="unread"' not in client.get(page).content.decode()
    client.force_login(officer)
    seen = client.get(reader).content.decode()
    assert f"企业已读：{enterprise.name} " in seen
    assert "企业尚未阅读" not in seen


def test_submitting_is_done_with_what_reminded_of_it(filled, enterprise, colleague, officer):
    with at(filled.round.enterprise_deadline - timedelta(days=1)):
        telling.remind()
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    assert not Message.objects.filter(recipient__in=[enterprise, colleague]).unread().exists()
    cast.decide(filled, "return_for_changes", officer, "请补充。")
    workflow.submit(cast.fresh(filled), cast.declarations(filled.round), actor=enterprise)
    returned = Message.objects.get(recipient=colleague, kind=Message.Kind.TASK)
    assert returned.read_at is None
    assert not Message.objects.filter(recipient=enterprise).unread().exists()


# Reminders. The round closes for enterprises on 22 November 24:00, for bureaus on the 25th.


def at(instant):
    return time_machine.travel(instant, tick=False)


@pytest.fixture
def closing(province) -> Round:
    with at(CLOSES - timedelta(days=20)):
        return cast.make_round(
            province,
            opens_at=CLOSES - timedelta(days=21),
            enterprise_deadline=CLOSES,
            bureau_deadline=BUREAUS_CLOSE,
        )


def reminded(user, *instants) -> list[str]:
    """What reminders come when the work is done at these moments."""
    for instant in instants:
        with at(instant):
            telling.remind()
    reminders = Message.objects.filter(recipient=user, kind=Message.Kind.DEADLINE)
    return [message.title for message in reminders.order_by("pk")]


def started(round, actor):
    with at(CLOSES - timedelta(days=15)):
        return workflow.start(round, actor=actor)


@pytest.mark.parametrize("days", telling.STEPS)
def test_a_reminder_comes_on_its_day_and_not_a_second_before(closing, enterprise, days):
    started(closing, enterprise)
    day = CLOSES - timedelta(days=days + 1)
    second = timedelta(seconds=1)
    # Before it, what was missed of the step before is caught up with.
    former = [f"申报尚未提交，还有 {days + 1} 天截止"] if days < max(telling.STEPS) else []
    assert reminded(enterprise, day - second) == former
    assert reminded(enterprise, day, day + second) == [
        *former,
        f"申报尚未提交，还有 {days} 天截止",
    ]


def test_each_step_comes_once_and_only_the_last_is_urgent(closing, enterprise, colleague):
    application = started(closing, enterprise)
    eight = [CLOSES - timedelta(days=days, hours=-8) for days in range(12, -3, -1)]
    expected = [f"申报尚未提交，还有 {days} 天截止" for days in (7, 3, 1)]
    assert reminded(enterprise, *eight) == expected
    assert titles(colleague) == expected
    urgent = Message.objects.filter(recipient=enterprise, is_urgent=True)
    assert [message.title for message in urgent] == expected[-1:]
    missing = Message.objects.filter(recipient=enterprise).first().text
    assert missing.startswith(f"申报，{closing}：还有 ")
    assert str(application.enterprise) not in missing


def test_what_the_worker_missed_is_caught_up_with_by_one_message(closing, enterprise):
    started(closing, enterprise)
    late = CLOSES - timedelta(seconds=1)
    assert reminded(enterprise, late, late) == ["申报尚未提交，今天截止"]


def test_nothing_comes_after_the_deadline_or_once_it_is_submitted(closing, enterprise, rival):
    started(closing, rival)
    with at(CLOSES - timedelta(days=15)):
        cast.file_application(closing, enterprise)
    assert reminded(enterprise, CLOSES - timedelta(days=1)) == []
    assert titles(rival) == ["申报尚未提交，今天截止"]
    assert reminded(rival, CLOSES, CLOSES + timedelta(days=1)) == titles(rival)


def test_what_was_returned_goes_by_the_deadline_of_the_bureaus(closing, enterprise, officer):
    with at(CLOSES - timedelta(days=15)):
        cast.bring_to(Status.RETURNED, closing, enterprise, officer)
    assert reminded(enterprise, CLOSES - timedelta(days=1)) == ["申报尚未提交，还有 3 天截止"]


def test_a_deadline_put_off_is_reminded_of_anew(closing, enterprise, province):
    started(closing, enterprise)
    reminded(enterprise, CLOSES - timedelta(days=1))
    Extension.objects.create(
        round=closing,
        deadline=Deadline.ENTERPRISE,
        enterprise=enterprise.enterprise,
        until=BUREAUS_CLOSE,
        reason="停电。",
        asked_by=province,
        confirmed_by=cast.make_user("second", Role.PROVINCE),
        confirmed_at=CLOSES,
    )
    assert reminded(enterprise, CLOSES, CLOSES + timedelta(days=1))[1:] == [
        "申报尚未提交，还有 2 天截止",
        "申报尚未提交，还有 1 天截止",
    ]
