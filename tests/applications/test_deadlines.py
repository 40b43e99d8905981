"""Deadlines to the microsecond, by the server's clock, whatever its time zone.

The round of these tests opens on 1 November, closes for enterprises at 2024-11-22 24:00 and for
bureaus at 2024-11-25 24:00, Beijing time.
"""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction

from applications import workflow
from applications.models import Application, FactoryOverview
from applications.states import Status
from portal.errors import Closed
from portal.rounds.models import Round
from tests import cast

BEIJING = ZoneInfo("Asia/Shanghai")
OPENS = datetime(2024, 11, 1, 9, tzinfo=BEIJING)
ENTERPRISE_DEADLINE = datetime(2024, 11, 23, tzinfo=BEIJING)
BUREAU_DEADLINE = datetime(2024, 11, 26, tzinfo=BEIJING)
TICK = timedelta(microseconds=1)

MOMENTS = {
    "a day before": (-timedelta(days=1), True),
    "a second before": (-timedelta(seconds=1), True),
    "a microsecond before": (-TICK, True),
    "the instant itself": (timedelta(0), False),
    "a microsecond after": (TICK, False),
    "eight hours after": (timedelta(hours=8), False),
}
EXPECTED = {moment: is_open for moment, (_, is_open) in MOMENTS.items()}


def at(instant):
    """Stop the clock; in UTC, so that travelling leaves the process's time zone alone."""
    return time_machine.travel(instant.astimezone(UTC), tick=False)


@pytest.fixture(params=["Asia/Shanghai", "UTC", "America/New_York"])
def zone(request, monkeypatch):
    """The time zone that the server happens to be set to."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def round(province):
    with at(OPENS - timedelta(days=2)):
        return cast.make_round(
            province,
            opens_at=OPENS,
            enterprise_deadline=ENTERPRISE_DEADLINE,
            bureau_deadline=BUREAU_DEADLINE,
        )


@pytest.fixture
def draft(round, enterprise):
    with at(OPENS):
        return workflow.start(round, actor=enterprise)


@pytest.fixture
def filled(draft, enterprise):
    with at(OPENS):
        cast.complete(draft, enterprise)
    return cast.fresh(draft)


@pytest.fixture
def submitted(filled, enterprise):
    with at(OPENS):
        submit(filled, enterprise)
    return cast.fresh(filled)


@pytest.fixture
def returned(submitted, officer):
    with at(OPENS):
        give_back(submitted, officer)
    return cast.fresh(submitted)


def submit(application, actor):
    workflow.submit(application, cast.declarations(application.round), actor=actor)


def give_back(application, actor):
    workflow.act(application, "return_for_changes", actor=actor, comment="请补充。")


def withdraw(application, actor):
    workflow.withdraw(application, actor=actor)


def verdicts(act, application, actor, deadline):
    """At which moments around the deadline the verb goes through, each tried by itself."""
    found = {}
    for moment, (offset, _) in MOMENTS.items():
        with at(deadline + offset), transaction.atomic():
            tried = cast.fresh(application)
            before = tried.status, tried.events.count(), tried.revisions.count()
            try:
                act(tried, actor)
            except Closed:
                tried = cast.fresh(application)
                assert (tried.status, tried.events.count(), tried.revisions.count()) == before
                found[moment] = False
            else:
                found[moment] = True
            transaction.set_rollback(True)
    return found


def test_submitting_ends_with_the_enterprises_deadline(filled, enterprise, zone):
    assert verdicts(submit, filled, enterprise, ENTERPRISE_DEADLINE) == EXPECTED


def test_resubmitting_ends_with_the_bureaus_deadline(returned, enterprise, zone):
    assert verdicts(submit, returned, enterprise, BUREAU_DEADLINE) == EXPECTED


def test_withdrawing_ends_with_the_enterprises_deadline(submitted, enterprise, zone):
    assert verdicts(withdraw, submitted, enterprise, ENTERPRISE_DEADLINE) == EXPECTED


def test_returning_ends_with_the_bureaus_deadline(submitted, officer, zone):
    assert verdicts(give_back, submitted, officer, BUREAU_DEADLINE) == EXPECTED


@pytest.mark.parametrize("moment", MOMENTS)
def test_starting_ends_with_the_enterprises_deadline(moment, round, enterprise):
    with at(ENTERPRISE_DEADLINE + MOMENTS[moment][0]):
        assert (round in Round.objects.open()) is EXPECTED[moment]
        with suppress(Closed):
            workflow.start(round, actor=enterprise)
    assert Application.objects.exists() is EXPECTED[moment]


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(-timedelta(seconds=1), False), (-TICK, False), (timedelta(0), True), (TICK, True)],
)
def test_starting_begins_with_the_instant_of_opening(offset, expected, round, enterprise, zone):
    with at(OPENS + offset):
        try:
            workflow.start(round, actor=enterprise)
        except Closed as closed:
            assert str(closed) == "“测试批次”尚未开始，开始时间为 2024-11-01 09:00:00。"
    assert Application.objects.exists() is expected


def test_a_first_submission_does_not_get_the_bureaus_longer_time(filled, enterprise):
    with at(BUREAU_DEADLINE - timedelta(days=1)), pytest.raises(Closed):
        submit(filled, enterprise)


def test_a_returned_application_does_get_the_bureaus_longer_time(returned, enterprise):
    with at(BUREAU_DEADLINE - timedelta(days=1)):
        submit(returned, enterprise)
    assert cast.fresh(returned).status == Status.SUBMITTED


def test_the_refusal_names_the_deadline_and_the_present_moment(filled, enterprise, zone):
    with at(datetime(2024, 11, 23, 0, 0, 5, tzinfo=BEIJING)), pytest.raises(Closed) as closed:
        submit(filled, enterprise)
    assert str(closed.value) == (
        "已过企业申报截止时间（2024-11-22 24:00（周五）），现在是 2024-11-23 00:00:05，不能再办理。"
        "如有特殊情况，请联系推荐单位或省厅。"
    )


def test_the_refusal_of_a_resubmission_names_the_bureaus_deadline(returned, enterprise):
    with (
        at(BUREAU_DEADLINE),
        pytest.raises(Closed, match="已过推荐单位报送截止时间（2024-11-25 24:00"),
    ):
        submit(returned, enterprise)


def test_the_receipt_bears_the_instant_of_the_last_moment(filled, enterprise, zone):
    instant = ENTERPRISE_DEADLINE - TICK
    with at(instant):
        submit(filled, enterprise)
    assert filled.revisions.get().submitted_at == instant


def test_the_draft_stays_editable_after_the_deadline(filled, enterprise):
    with at(BUREAU_DEADLINE + timedelta(days=30)):
        cast.save(filled, "factory", {"project_name": "明年再报"}, enterprise)
    assert FactoryOverview.objects.get(application=filled).project_name == "明年再报"


def test_the_started_draft_is_found_again_after_the_deadline(draft, enterprise):
    with at(ENTERPRISE_DEADLINE + timedelta(days=1)):
        assert workflow.start(draft.round, actor=enterprise) == draft


@pytest.mark.parametrize(("verb", "target"), [("accept", "accepted"), ("decline", "declined")])
def test_judging_is_never_closed_by_time(verb, target, submitted, officer):
    with at(BUREAU_DEADLINE + timedelta(days=30)):
        workflow.act(submitted, verb, actor=officer, comment="意见。")
    assert cast.fresh(submitted).status == target


def test_a_deadline_put_off_lets_everybody_in_again(filled, enterprise):
    round = filled.round
    round.enterprise_deadline = ENTERPRISE_DEADLINE + timedelta(days=1)
    round.save()
    with at(ENTERPRISE_DEADLINE + timedelta(hours=1)):
        submit(cast.fresh(filled), enterprise)
    assert cast.fresh(filled).status == Status.SUBMITTED
