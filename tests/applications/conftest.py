"""The people of the enterprise side, and one application of theirs."""

import pytest

from applications import workflow
from applications.models import Application
from applications.sections import Filing
from portal.accounts.models import User
from portal.rounds.models import Round
from tests import cast


@pytest.fixture
def province(db) -> User:
    cast.load_catalogue()
    return cast.make_province()


@pytest.fixture
def round(province) -> Round:
    """Open for a week, published."""
    return cast.make_round(province)


@pytest.fixture
def enterprise(province) -> User:
    return cast.make_enterprise(1)


@pytest.fixture
def rival(province) -> User:
    """Another enterprise of the same bureau."""
    return cast.make_enterprise(2)


@pytest.fixture
def officer(province) -> User:
    return cast.make_officer()


@pytest.fixture
def other_officer(province) -> User:
    return cast.make_officer(cast.DATONG)


@pytest.fixture
def draft(round, enterprise) -> Application:
    """Just started: nothing is filled in."""
    return workflow.start(round, actor=enterprise)


@pytest.fixture
def filled(draft, enterprise) -> Application:
    """Complete, not yet submitted."""
    cast.complete(draft, enterprise)
    return cast.fresh(draft)


@pytest.fixture
def submitted(filled, enterprise) -> Application:
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    return cast.fresh(filled)


@pytest.fixture
def filing(filled) -> Filing:
    """Everything a complete application says; changing it stores nothing."""
    return filing_of(filled)


def filing_of(application: Application) -> Filing:
    return Filing.of(Application.objects.with_sections().get(pk=application.pk))


@pytest.fixture
def browser(client, enterprise):
    """A browser in which the enterprise has signed in."""
    client.force_login(enterprise)
    return client
