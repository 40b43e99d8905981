"""What the province does while others act: extensions and transfers, on SQLite and PostgreSQL.

In a module of their own: a transaction that a module's fixtures keep open locks all others out.
"""

from datetime import timedelta

import pytest

from applications import workflow
from applications.states import Status
from portal.accounts.models import Role
from portal.errors import PortalError, StaleState
from portal.messaging.models import Message
from portal.rounds.models import Deadline, Extension
from review import extensions, ranking, transferring
from review.models import RankedList
from tests import cast


@pytest.fixture(autouse=True)
def _committed(transactional_db) -> None:
    cast.load_catalogue()


@pytest.mark.race
def test_an_extension_confirmed_and_revoked_at_once_is_revoked_and_nobody_told_half(at_once):
    province, second = cast.make_province(), cast.make_user("province2", Role.PROVINCE)
    round, owner = cast.make_round(province), cast.make_enterprise(1)
    until = round.bureau_deadline + timedelta(days=30)
    extension = extensions.ask(
        round,
        Deadline.ENTERPRISE,
        until,
        "故障。",
        enterprise=owner.enterprise,
        actor=province,
    )
    results = at_once(
        lambda: extensions.confirm(Extension.objects.get(pk=extension.pk), actor=second),
        lambda: extensions.revoke(Extension.objects.get(pk=extension.pk), "误填。", actor=province),
    )
    confirmed, revoked = (not isinstance(result, Exception) for result in results)
    assert revoked, results
    assert isinstance(results[0], StaleState) or confirmed
    assert not Extension.objects.get().is_in_force
    told = Message.objects.visible_to(owner).filter(key__startswith="extension").count()
    assert told == (2 if confirmed else 0)


@pytest.mark.race
@pytest.mark.parametrize("rival", ["submit", "recommend", "accept"])
def test_a_transfer_and_another_verb_leave_it_in_one_place(rival, at_once):
    province = cast.make_province()
    officer, owner = cast.make_officer(), cast.make_enterprise(1)
    round = cast.make_round(province)
    goal = {"submit": Status.RETURNED, "recommend": Status.ACCEPTED, "accept": Status.SUBMITTED}
    application = cast.bring_to(goal[rival], round, owner, officer)
    ranked_list = cast.list_of(application)
    datong = RankedList.objects.get(round=round, bureau__code=cast.DATONG).bureau
    acts = {
        "submit": lambda: workflow.submit(
            cast.fresh(application), cast.declarations(round), actor=owner
        ),
        "recommend": lambda: ranking.recommend(ranked_list, application, actor=officer),
        "accept": lambda: ranking.decide(ranked_list, application, "accept", actor=officer),
    }

    def move() -> None:
        transferring.transfer(cast.fresh(application), datong, "注册地已迁移。", actor=province)

    results = at_once(acts[rival], move)
    errors = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, PortalError) for error in errors), errors
    assert len(errors) <= 1
    after = cast.fresh(application)
    assert (after.bureau == datong) is not isinstance(results[1], Exception)
    if after.bureau == datong:
        assert not hasattr(after, "seat")
        assert after.status in (Status.SUBMITTED, Status.RETURNED)
