"""The cockpit: every number opens the list behind it, worst first, as a drawing too."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from applications import workflow
from applications.states import Status
from portal.catalogue.models import Bureau
from portal.rounds.models import Deadline, Extension
from review import charts, cockpit, ranking, readings
from review.cockpit import Day, Trend
from tests import cast
from tests.review.test_pages import as_province, body  # noqa: F401


@pytest.fixture
def filed(round, officer, other_officer):
    """Taiyuan has one in almost every state, Datong a draft and two submitted."""
    applications = [
        cast.bring_to(status, round, cast.make_enterprise(number), officer)
        for number, status in enumerate(
            (Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.ACCEPTED, Status.DECLINED), 1
        )
    ]
    for number in (11, 12):
        cast.bring_to(
            Status.SUBMITTED, round, cast.make_enterprise(number, cast.DATONG), other_officer
        )
    cast.bring_to(Status.DRAFT, round, cast.make_enterprise(13, cast.DATONG), other_officer)
    return applications


def unit_of(round, user, code=cast.TAIYUAN):
    return next(u for u in cockpit.units(round, user) if u.bureau.code == code)


def numbers(page: str) -> list[tuple[str, int]]:
    """Every link of the page that is a number, and the number."""
    return [
        (url, int(number))
        for url, number in re.findall(r'<a[^>]*?href="([^"]+)"[^>]*>(\d+)</a>', page)
    ]


def test_a_round_published_ahead_of_its_time_does_not_hide_the_one_under_way(
    as_province,  # noqa: F811
    round,
    province,
):
    ahead = timezone.now() + timedelta(days=300)
    times = dict.fromkeys(("enterprise_deadline", "bureau_deadline"), ahead + timedelta(days=20))
    cast.make_round(province, slug="next", title="明年批次", opens_at=ahead, **times)
    assert as_province.get(reverse("review:cockpit")).context["round"] == round
    assert as_province.get(reverse("review:cockpit"), {"round": "next"}).status_code == 200


def test_every_number_opens_exactly_the_list_behind_it(as_province, round, filed, province):  # noqa: F811
    links = numbers(body(as_province.get(reverse("review:cockpit"))))
    # Seven states, all, unopened and late; for each unit and in all; and the key figure.
    assert len(links) == 13 * 10 + 1
    for url, number in links:
        assert as_province.get(url).context["page"].paginator.count == number, url
    assert {number for _, number in links} >= {0, 1, 2, 3, 5, 8}


def test_the_numbers_of_seats_and_lists_open_the_lists(
    as_province,  # noqa: F811
    round,
    make_accepted,
    officer,
):
    *members, _rest = make_accepted(3)
    for application in members:
        ranking.recommend(cast.list_of(application), application, actor=officer)
    sent = cast.send(members[0], officer)
    page = body(as_province.get(reverse("review:cockpit")))
    url = reverse("review:ranked_list", args=[sent.pk])
    assert re.findall(rf'href="{url}">(\d+) / (\d+)<', page) == [("2", "3")]
    places = as_province.get(url).context["places"]
    assert len([place for place in places if place.application_id]) == 2
    [waiting, received] = re.findall(r"<summary>(\d+)<.*?</details>", page, re.DOTALL)[:2]
    assert (waiting, received) == ("1", "0")
    assert url in page.partition("名单待受理")[2].partition("</details>")[0]


def test_unopened_is_what_no_officer_of_the_bureau_has_opened_since(
    round, filed, province, officer, other_officer
):
    submitted = filed[1]
    assert unit_of(round, province).unopened == 1
    readings.note(submitted, other_officer)
    assert unit_of(round, province).unopened == 1
    readings.note(submitted, officer)
    assert unit_of(round, province).unopened == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        cast.decide(submitted, "return_for_changes", officer, "请补充。")
        owner = submitted.enterprise.user_set.get()
        workflow.submit(cast.fresh(submitted), cast.declarations(round), actor=owner)
    assert unit_of(round, province).unopened == 1


def test_a_unit_shows_its_own_time_and_its_officers_last_act(round, filed, province, officer):
    unit = unit_of(round, province)
    last = cast.fresh(filed[4]).events.get(verb="decline").at
    assert unit.acted_at == last
    assert unit_of(round, province, "140300").acted_at is None
    until = round.bureau_deadline + timedelta(days=3)
    Extension.objects.create(
        round=round,
        deadline=Deadline.BUREAU,
        bureau=officer.bureau,
        until=until,
        reason="停电。",
        asked_by=officer,
        confirmed_by=province,
        confirmed_at=timezone.now(),
    )
    fresh = type(round).objects.get(pk=round.pk)
    assert unit_of(fresh, province).due.instant == until
    assert unit_of(fresh, province, cast.DATONG).due.instant == round.bureau_deadline


def test_the_table_is_in_the_notices_order_or_worst_first_by_any_column(
    as_province,  # noqa: F811
    round,
    filed,
):
    def order(sort=""):
        response = as_province.get(reverse("review:cockpit"), {"sort": sort})
        return [row.bureau.code for row in response.context["rows"]]

    notice = list(Bureau.objects.order_by("order").values_list("code", flat=True))
    assert order() == order("nonsense") == notice
    assert order("unopened")[:2] == [cast.DATONG, cast.TAIYUAN]
    assert order("returned")[0] == cast.TAIYUAN
    assert order("acted")[-1] == cast.TAIYUAN
    for sort in cockpit.SORTS:
        assert sorted(order(sort)) == sorted(notice)
        page = body(as_province.get(reverse("review:cockpit"), {"sort": sort}))
        assert page.count("aria-sort=") == 1, sort


def test_the_trend_counts_each_application_once_on_the_day_it_first_came_in(
    round, filed, province, officer
):
    owner = filed[1].enterprise.user_set.get()
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        workflow.withdraw(cast.fresh(filed[1]), actor=owner)
        workflow.submit(cast.fresh(filed[1]), cast.declarations(round), actor=owner)
        cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(20), officer)
        figures = cockpit.trend(round, province)
    assert [(day.new, day.so_far) for day in figures.days[-3:]] == [(0, 0), (6, 6), (1, 7)]
    assert (figures.last - figures.first).days == 29
    assert figures.last == figures.closes_on


def test_the_drawings_say_in_words_what_they_show(round, filed, province):
    drawn = charts.overview(cockpit.units(round, province))
    assert "太原市：填报中 1，待推荐单位审核 1，退回修改 1，审核通过 1，不予推荐 1；" in drawn
    assert drawn.count('class="fill-free"') == 12 * 3 + 1
    today = timezone.localdate()
    days = [Day(today - timedelta(days=1), 4, 4), Day(today, 2, 6)]
    week = timedelta(days=7)
    drawn = charts.trend(Trend(today - week, today + week, today + week, days))
    assert "累计首次提交 6 项" in drawn
    heights = [
        float(height)
        for height in re.findall(r'class="fill-day".*?height="([\d.]+)"', drawn, re.DOTALL)
    ]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.1)


def test_a_round_without_any_application_is_drawn_too(as_province, round):  # noqa: F811
    page = body(as_province.get(reverse("review:cockpit")))
    assert "太原市：尚无申报" in page
    assert "这些天没有提交" in page
