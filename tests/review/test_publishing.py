"""Publishing a round: a list and numbered seats for every bureau, and no way to a seat more."""

import pytest
from django.db import IntegrityError, transaction

from portal.catalogue.models import Bureau, Indicator
from portal.errors import NotAllowed, StaleState
from portal.rounds.models import Quota, Round
from review import publishing, ranking
from review.models import RankedList, Seat
from tests import cast


@pytest.fixture
def draft_round(province):
    return cast.make_round(province, published=False)


def seats_by_bureau(round):
    """For every bureau the (number, quota) of its seats."""
    found = {bureau.code: [] for bureau in Bureau.objects.all()}
    for seat in Seat.objects.filter(round=round).select_related("bureau"):
        found[seat.bureau.code].append((seat.number, seat.quota))
    return found


def test_every_bureau_gets_an_open_empty_list_and_three_free_seats(draft_round, province):
    publishing.publish(draft_round, actor=province)
    assert seats_by_bureau(draft_round) == {
        bureau.code: [(1, 3), (2, 3), (3, 3)] for bureau in Bureau.objects.all()
    }
    assert not Seat.objects.filter(application__isnull=False).exists()
    lists = RankedList.objects.filter(round=draft_round)
    assert [str(found.bureau) for found in lists] == [str(b) for b in Bureau.objects.all()]
    assert {found.status for found in lists} == {RankedList.Status.OPEN}


def test_the_rounds_own_number_of_seats_counts(province):
    round = cast.make_round(province, seats_per_bureau=5)
    assert set(map(len, seats_by_bureau(round).values())) == {5}


def test_a_bureau_with_a_quota_of_its_own_gets_that_many_seats(draft_round, province, datong):
    Quota.objects.create(round=draft_round, bureau=datong, seats=2)
    Quota.objects.create(round=draft_round, bureau=Bureau.objects.get(code=cast.TAIYUAN), seats=15)
    publishing.publish(draft_round, actor=province)
    seats = seats_by_bureau(draft_round)
    assert seats.pop(cast.DATONG) == [(1, 2), (2, 2)]
    assert seats.pop(cast.TAIYUAN) == [(number, 15) for number in range(1, 16)]
    assert set(map(len, seats.values())) == {3}


def test_a_quota_of_none_leaves_a_bureau_without_seats_but_with_a_list(
    draft_round, province, datong
):
    Quota.objects.create(round=draft_round, bureau=datong, seats=0)
    publishing.publish(draft_round, actor=province)
    assert seats_by_bureau(draft_round)[cast.DATONG] == []
    assert RankedList.objects.filter(round=draft_round, bureau=datong).exists()


def test_a_round_is_published_once(draft_round, province):
    publishing.publish(draft_round, actor=province)
    published_at = draft_round.published_at
    with pytest.raises(StaleState, match="已发布"):
        publishing.publish(draft_round, actor=province)
    draft_round.refresh_from_db()
    assert draft_round.published_at == published_at
    assert Seat.objects.filter(round=draft_round).count() == 36


@pytest.mark.parametrize("edition", ["scenario_edition", "indicator_edition", "condition_edition"])
def test_a_round_with_an_edition_that_is_not_there_stays_unpublished(province, edition):
    round = cast.make_round(province, published=False, **{edition: 2031})
    with pytest.raises(NotAllowed, match="2031 年版未导入"):
        publishing.publish(round, actor=province)
    round.refresh_from_db()
    assert not round.is_published
    assert not Seat.objects.filter(round=round).exists()


def test_everything_that_is_missing_is_said_at_once(draft_round, province):
    draft_round.version.declarations.all().delete()
    Indicator.objects.all().delete()
    with pytest.raises(NotAllowed) as refusal:
        publishing.publish(draft_round, actor=province)
    assert str(refusal.value) == ("“测试批次”还不能发布：绩效指标 2024 年版未导入；没有承诺事项。")


def test_only_the_province_publishes(draft_round, officer):
    for actor in (officer, cast.make_enterprise(1)):
        with pytest.raises(NotAllowed, match="只有省厅"):
            publishing.publish(draft_round, actor=actor)
    assert not Round.objects.get(pk=draft_round.pk).is_published


# A bureau that joins a round under way


@pytest.fixture
def newcomer(round):
    return Bureau.objects.create(
        code="149900", name="新设推荐单位", short_name="新设", kind="市", order=99
    )


def test_a_bureau_that_joins_later_gets_its_list_and_seats_and_the_others_keep_theirs(
    round, newcomer, province, ranked_list, make_accepted, officer
):
    ranking.recommend(ranked_list, *make_accepted(1), actor=officer)
    before = list(Seat.objects.exclude(bureau=newcomer).order_by("pk").values())
    publishing.seat_bureaus(round, actor=province)
    assert seats_by_bureau(round)["149900"] == [(1, 3), (2, 3), (3, 3)]
    assert RankedList.objects.get(round=round, bureau=newcomer).is_open
    assert list(Seat.objects.exclude(bureau=newcomer).order_by("pk").values()) == before


def test_seating_the_newcomers_again_changes_nothing(round, newcomer, province):
    for _ in range(2):
        publishing.seat_bureaus(round, actor=province)
    assert Seat.objects.filter(round=round).count() == 39
    assert RankedList.objects.filter(round=round).count() == 13


def test_newcomers_are_seated_by_the_province_in_published_rounds_only(newcomer, officer, province):
    draft = cast.make_round(province, slug="draft", published=False)
    for actor, round in ((province, draft), (officer, Round.objects.get(slug="test"))):
        with pytest.raises(NotAllowed):
            publishing.seat_bureaus(round, actor=actor)
    assert not Seat.objects.filter(bureau=newcomer).exists()


# Seats are furniture: what follows goes past all our code, as the admin or a shell would.


def refused(act, constraint):
    """The database refuses, and says which rule it is that was broken."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        act()
    return constraint in str(refusal.value) or "UNIQUE" in str(refusal.value)


def seat(ranked_list, **changes):
    return Seat(
        **{
            "round": ranked_list.round,
            "bureau": ranked_list.bureau,
            "number": 4,
            "quota": 3,
            **changes,
        }
    )


@pytest.mark.parametrize("number", [0, 4, 32767])
def test_the_database_refuses_a_seat_beyond_the_quota(ranked_list, number):
    assert refused(lambda: seat(ranked_list, number=number).save(), "seat_within_quota")
    assert refused(
        lambda: Seat.objects.bulk_create([seat(ranked_list, number=number)]), "seat_within_quota"
    )


def test_the_database_refuses_a_second_seat_of_one_number(ranked_list):
    assert refused(lambda: seat(ranked_list, number=3).save(), "seat_number_once")
    assert refused(
        lambda: Seat.objects.bulk_create([seat(ranked_list, number=3)]), "seat_number_once"
    )


def test_the_database_refuses_to_renumber_a_seat_beyond_the_quota(ranked_list):
    third = Seat.objects.filter(bureau=ranked_list.bureau, number=3)
    assert refused(lambda: third.update(number=4), "seat_within_quota")
    assert refused(lambda: third.update(number=2), "seat_number_once")
    assert refused(lambda: third.update(quota=2), "seat_within_quota")


def test_the_database_refuses_one_application_on_two_seats(ranked_list, make_accepted):
    [application] = make_accepted(1)
    seats = Seat.objects.filter(bureau=ranked_list.bureau)
    seats.filter(number=1).update(application=application)
    assert refused(lambda: seats.filter(number=2).update(application=application), "application_id")
    assert refused(
        lambda: Seat.objects.filter(number=1).update(application=application), "application_id"
    )


def test_the_database_refuses_a_second_list_of_one_bureau(ranked_list):
    assert refused(
        lambda: RankedList.objects.create(round=ranked_list.round, bureau=ranked_list.bureau),
        "ranked_list_once_per_bureau",
    )
