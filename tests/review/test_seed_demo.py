"""``seed_demo``: may be run again, larger, and with a bureau more."""

from io import StringIO

import pytest
from django.core.management import call_command

from applications.models import Application
from applications.states import Status
from portal.catalogue.models import Bureau
from portal.rounds.models import Round
from review.management.commands import seed_demo
from review.models import ListEvent, RankedList, Seat

PLAN = (Status.ACCEPTED, Status.SUBMITTED, Status.RETURNED, Status.DRAFT)


@pytest.fixture
def seed(catalogue, db, monkeypatch):
    """Run the command for fewer enterprises than usual; how many applications there are then."""
    monkeypatch.setattr(seed_demo, "PLAN", PLAN)

    def run(scale: int = 1) -> int:
        call_command("seed_demo", scale=scale, stdout=StringIO())
        return Application.objects.count()

    return run


def lists() -> list[tuple]:
    seats = Seat.objects.filter(application__isnull=False).values_list("pk", "application")
    return [*RankedList.objects.values_list("pk", "status").order_by("pk"), *seats.order_by("pk")]


def test_every_bureau_has_its_enterprises_and_the_lists_are_in_all_states(seed):
    assert seed() == 12 * len(PLAN)
    assert set(RankedList.objects.values_list("status", flat=True)) == {"open", "sent", "received"}
    assert RankedList.objects.filter(returned_at__isnull=False).exists()


def test_run_again_it_changes_nothing(seed):
    before = (seed(), lists(), ListEvent.objects.count())
    assert (seed(), lists(), ListEvent.objects.count()) == before


def test_a_larger_scale_adds_enterprises_and_leaves_the_lists_alone(seed):
    seed()
    before = lists()
    assert seed(scale=2) == 2 * 12 * len(PLAN)
    assert lists() == before
    away = RankedList.objects.exclude(status="open").values("bureau")
    later = Application.objects.filter(bureau__in=away).order_by("-pk")[: len(PLAN)]
    assert {application.status for application in later} == {Status.DRAFT, Status.SUBMITTED}


def test_a_bureau_added_after_publishing_joins(seed):
    seed()
    late = Bureau.objects.create(
        code="149900", name="新设推荐单位", short_name="新设", kind="市", order=99
    )
    assert seed() == 13 * len(PLAN)
    assert Round.objects.get(slug="demo").ranked_lists.filter(bureau=late).exists()
