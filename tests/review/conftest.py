"""A published round, its officers, and applications that were really filed and accepted."""

from collections.abc import Callable

import pytest
from django.test import Client

from applications.models import Application
from applications.states import Status
from portal.accounts.models import User
from portal.catalogue.models import Bureau
from portal.rounds.models import Round
from review import ranking
from review.models import RankedList
from tests import cast


@pytest.fixture
def province(catalogue, db) -> User:
    return cast.make_province()


@pytest.fixture
def officer(catalogue, db) -> User:
    return cast.make_officer()


@pytest.fixture
def as_officer(client, officer) -> Client:
    client.force_login(officer)
    return client


@pytest.fixture
def other_officer(catalogue, db) -> User:
    return cast.make_officer(cast.DATONG)


@pytest.fixture
def round(province) -> Round:
    return cast.make_round(province)


@pytest.fixture
def ranked_list(round) -> RankedList:
    """The list of Taiyuan, as yet empty."""
    return RankedList.objects.select_related("round", "bureau").get(
        round=round, bureau__code=cast.TAIYUAN
    )


@pytest.fixture
def make_accepted(round, officer) -> Callable[..., list[Application]]:
    """File and accept applications of Taiyuan."""
    numbers = iter(range(1, 1000))

    def make(count: int) -> list[Application]:
        return [
            cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(next(numbers)), officer)
            for _ in range(count)
        ]

    return make


@pytest.fixture
def three(ranked_list, make_accepted, officer) -> list[int]:
    """The ids of three on the list; a fourth is accepted and waiting."""
    *three, _fourth = make_accepted(4)
    for application in three:
        ranking.recommend(ranked_list, application, actor=officer)
    return [application.pk for application in three]


@pytest.fixture
def datong(catalogue, db) -> Bureau:
    return Bureau.objects.get(code=cast.DATONG)
