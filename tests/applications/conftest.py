"""The people of the enterprise side, and one application of theirs."""

from copy import deepcopy

import pytest
from django.db import transaction
from django.forms import CheckboxInput, RadioSelect, Select
from django.http import QueryDict

from applications import checks, workflow
from applications.editing import SEEN, SectionPage
from applications.forms import DraftForm
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


@pytest.fixture(scope="session")
def _complete_filing(django_db_setup, django_db_blocker) -> Filing:
    with django_db_blocker.unblock(), transaction.atomic():
        cast.load_catalogue()
        enterprise = cast.make_enterprise(1)
        application = workflow.start(cast.make_round(cast.make_province()), actor=enterprise)
        cast.complete(application, enterprise)
        filing = filing_of(application)
        # What the checks read is remembered from here on.
        assert checks.findings(filing) == []
        assert filing.application.version.segments and filing.application.version.scenarios
        transaction.set_rollback(True)
    return filing


@pytest.fixture
def filing(_complete_filing) -> Filing:
    """Everything a complete application says, in memory only: no database behind it."""
    return deepcopy(_complete_filing)


def filing_of(application: Application) -> Filing:
    return Filing.of(Application.objects.with_sections().get(pk=application.pk))


@pytest.fixture
def browser(client, enterprise):
    """A browser in which the enterprise has signed in."""
    client.force_login(enterprise)
    return client


def as_sent(page: SectionPage, **changes: object) -> QueryDict:
    """What a browser sends for the page as shown, with ``changes`` typed into it."""
    data = QueryDict(mutable=True)
    data[SEEN] = page.seen
    forms = [page.form]
    for group, rows in page.row_forms.items():
        forms += [row.form for row in rows]
        if group.fixed is None:
            data.setlist(group.slug, [row.row.key for row in rows])
    for form in forms:
        data.update(form_as_sent(form))
    for name, value in changes.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def form_as_sent(form: DraftForm) -> dict[str, str]:
    sent = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field.widget, CheckboxInput):
            if value:
                sent[bound.html_name] = "on"
        elif isinstance(bound.field.widget, RadioSelect):
            if value not in (None, ""):
                sent[bound.html_name] = str(value)
        elif isinstance(bound.field.widget, Select):
            sent[bound.html_name] = "" if value is None else str(value)
        else:
            sent[bound.html_name] = bound.field.widget.format_value(value) or ""
    return sent
