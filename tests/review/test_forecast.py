"""The forecast: how far drafts were day by day, and who will be late if they go on like that."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from applications import workflow
from applications.states import Status
from portal.jobs import schedule
from portal.rounds.models import Round
from review import forecast, ranking, readings
from review.models import Progress
from tests import cast
from tests.review.test_pages import body

DAY = timedelta(days=1)


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1, name="待填企业")


@pytest.fixture
def draft(round, owner):
    return workflow.start(round, actor=owner)


def outlook(round, user, **travel) -> forecast.Outlook | None:
    """Of the only one that may be late."""
    found = forecast.late(Round.objects.get(pk=round.pk), user)
    return found[0] if found else None


def noted(draft, ago: int, done: int, required: int = 60) -> None:
    now = timezone.now() - ago * DAY
    Progress.objects.create(
        application=draft,
        on=timezone.localdate(now),
        done=done,
        required=required,
        lacking={"factory": required - done},
        noted_at=now,
    )


def begun(draft, ago: int) -> None:
    type(draft).objects.filter(pk=draft.pk).update(created_at=timezone.now() - ago * DAY)


def test_drafts_are_noted_once_for_each_change_and_by_part(draft, owner, round, officer):
    filed = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(2), officer)
    assert forecast.note() == 1
    assert forecast.note() == 0
    first = Progress.objects.get()
    assert first.application == draft
    assert first.done < first.required
    assert set(first.lacking) == {"basic", "factory", "scenarios", "results"}
    cast.save(draft, "factory", {"project_name": "某项目"}, owner)
    cast.decide(filed, "return_for_changes", officer, "请补充。")
    assert forecast.note() == 2
    again = Progress.objects.get(application=draft)
    assert (again.pk, again.done) == (first.pk, first.done + 1)
    assert again.lacking["factory"] == first.lacking["factory"] - 1
    with time_machine.travel(timezone.now() + DAY, tick=False):
        cast.complete(draft, owner)
        forecast.note()
    days = draft.progress.values_list("done", "required", "lacking")
    assert (len(days), days[1][0], days[1][2]) == (2, days[1][1], {})


def test_what_can_no_longer_be_handed_in_is_not_noted(draft, round):
    with time_machine.travel(round.bureau_deadline, tick=False):
        assert forecast.note() == 0


def test_the_notes_are_regular_work_of_the_portal(draft, work_off_jobs):
    work_off_jobs()
    assert "progress" in schedule.start_due()
    assert "progress" not in schedule.start_due()
    work_off_jobs()
    assert draft.progress.count() == 1


@pytest.mark.parametrize(
    ("before", "today", "expected"),
    [
        (20, 34, 80),  # two a day, seven days left: 34 + 14 of 60
        (20, 40, None),  # 40 + 20: just in time
        (30, 30, 50),
        (40, 30, 50),  # what was deleted again is no pace to count on
    ],
)
def test_late_is_who_at_the_pace_of_a_week_will_not_be_done(
    draft, round, province, before, today, expected
):
    begun(draft, 30)
    noted(draft, 8, before)
    noted(draft, 0, today)
    now = round.enterprise_deadline - 7 * DAY
    with time_machine.travel(now, tick=False):
        found = outlook(round, province)
    assert (found and found.expected) == expected
    if found:
        assert found.reasons == [f"按现在的进度，截止时约填 {expected}%"]
        assert found.lacking == [f"第二部分 {60 - today} 项"]


def test_a_draft_younger_than_a_week_is_held_to_the_pace_of_its_life(draft, round, province):
    begun(draft, 2)
    noted(draft, 0, 11)
    assert outlook(round, province).expected == 82  # 11 + 5.5 a day for seven days, of 60


def test_late_is_also_who_stopped_who_was_returned_and_whom_nobody_opened(
    round, owner, province, officer
):
    application = cast.file_application(round, owner)
    assert outlook(round, province) is None
    with time_machine.travel(round.bureau_deadline - 2 * DAY, tick=False):
        assert outlook(round, province) is None
    with time_machine.travel(round.bureau_deadline - 1.9 * DAY, tick=False):
        assert outlook(round, province).waits_for_bureau
        ranked_list = cast.list_of(application)
        signed = {"version": ranked_list.version, "signatory": "签", "statement": "无"}
        ranking.send(ranked_list, **signed, actor=officer)
        assert outlook(round, province) is None
        cast.send_back(ranked_list, province)
        assert outlook(round, province).waits_for_bureau
        readings.note(application, officer)
        assert outlook(round, province) is None
    cast.decide(application, "return_for_changes", officer, "请补充。")
    assert outlook(round, province) is None
    for days, reasons in (
        (2.5, ["退回 2 天，未重新提交"]),  # less than seven days left
        (6, ["退回 6 天，未重新提交", "6 天没有编辑"]),
    ):
        with time_machine.travel(timezone.now() + days * DAY, tick=False):
            assert outlook(round, province).reasons == reasons
    with time_machine.travel(round.bureau_deadline, tick=False):
        assert outlook(round, province) is None


def test_the_page_tells_how_far_and_whom_to_call_but_nothing_that_a_draft_says(
    client, round, draft, owner, province
):
    begun(draft, 30)
    cast.save(draft, "factory", {"project_name": "机密项目名"}, owner)
    cast.save(draft, "basic", {"contact_name": "草稿联系人"}, owner)
    forecast.note()
    client.force_login(province)
    page = body(client.get(reverse("review:forecast"), {"bureau": cast.TAIYUAN}))
    done = draft.progress.get()
    for text in ("待填企业", f"{done.done} / {done.required}", "第三部分", "199****0000"):
        assert text in page
    for text in ("机密项目名", "草稿联系人", owner.mobile):
        assert text not in page
    other = client.get(reverse("review:forecast"), {"bureau": cast.DATONG})
    assert "目前没有可能来不及的申报" in body(other)
