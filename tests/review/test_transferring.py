"""转办: what goes along to the other bureau, who reads it then, and what is refused."""

import pytest
from django.urls import reverse

from applications import commenting, interests, workflow
from applications.models import Application
from applications.states import Status
from portal.accounts.models import Enterprise, Role
from portal.audit.models import Record
from portal.errors import NotAllowed
from portal.jobs.models import Job
from portal.jobs.tasks import start
from portal.messaging.models import Message
from review import ranking, transferring
from review.models import RankedList
from tests import cast


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1)


@pytest.fixture
def application(round, owner, officer) -> Application:
    return cast.file_application(round, owner)


def move(application, bureau, actor, **more) -> Application:
    transferring.transfer(cast.fresh(application), bureau, "注册地已迁移。", actor=actor, **more)
    return cast.fresh(application)


def status_of(client, user, name, *args) -> int:
    client.force_login(user)
    return client.get(reverse(name, args=args)).status_code


def test_the_new_bureau_gets_all_of_it_and_the_old_one_loses_it_at_once(
    client, application, owner, officer, other_officer, province, datong
):
    place, revision = ("factory", "", "", "results"), application.current_revision_id
    commenting.add(application, place, "wrong", "请补充。", revision=revision, actor=officer)
    job = start(owner=officer, kind="book", title="申报书", application=application.pk)
    Job.objects.update(status=Job.Status.DONE)
    receipt = application.current_revision.receipt
    moved = move(application, datong, province)
    assert (moved.bureau, moved.status) == (datong, Status.SUBMITTED)
    assert moved.current_revision.receipt == receipt
    assert Enterprise.objects.get(pk=moved.enterprise_id).bureau.code == cast.TAIYUAN
    for name in ("review:reader", "review:interest", "review:checklist"):
        assert status_of(client, officer, name, moved.pk) == 404
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    # The other's officers read it after their own statement, as always.
    assert status_of(client, other_officer, "review:reader", moved.pk) == 302
    interests.declare([moved], has_conflict=False, actor=other_officer)
    client.force_login(other_officer)
    page = client.get(reverse("review:reader", args=[moved.pk])).content.decode()
    assert "由太原市转至大同市：注册地已迁移。" in page
    assert "请补充。" in page
    client.force_login(owner)
    page = client.get(reverse("applications:detail", args=[moved.pk])).content.decode()
    assert "由太原市转至大同市：注册地已迁移。" in page
    told = Message.objects.filter(key__startswith="transfer-")
    assert {message.recipient for message in told} == {owner, officer, other_officer}
    assert Record.objects.filter(verb="transfer", target_id=moved.pk).count() == 1


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.DECLINED])
def test_what_the_old_bureau_decided_is_decided_anew(
    status, round, owner, officer, province, datong
):
    application = cast.bring_to(status, round, owner, officer)
    assert move(application, datong, province).status == Status.SUBMITTED


def test_a_returned_application_is_submitted_to_the_new_bureau(
    round, owner, officer, other_officer, province, datong
):
    application = cast.bring_to(Status.RETURNED, round, owner, officer)
    moved = move(application, datong, province, with_enterprise=True)
    assert moved.status == Status.RETURNED
    workflow.submit(moved, cast.declarations(round), actor=owner)
    moved = cast.decide(moved, "accept", other_officer)
    assert (moved.bureau, moved.status) == (datong, Status.ACCEPTED)
    assert Enterprise.objects.get(pk=moved.enterprise_id).bureau == datong


def test_a_draft_goes_with_its_enterprise(round, owner, officer, province, datong):
    draft = workflow.start(round, actor=owner)
    cast.complete(draft, owner)
    moved = move(draft, datong, province)
    owner.refresh_from_db()
    assert owner.enterprise.bureau == datong
    workflow.submit(moved, cast.declarations(round), actor=owner)
    assert cast.fresh(draft).bureau == datong


def test_what_has_a_place_or_is_sent_and_a_list_that_is_closed_refuse(
    round, application, owner, officer, other_officer, province, datong
):
    lists = RankedList.objects.filter(round=round)
    accepted = cast.decide(application, "accept", officer)
    ranking.recommend(cast.list_of(accepted), accepted, actor=officer)
    with pytest.raises(NotAllowed, match="先由该单位移出名单"):
        move(accepted, datong, province)
    ranking.replace_order(
        cast.list_of(accepted), [], version=cast.list_of(accepted).version, actor=officer
    )
    theirs = lists.get(bureau=datong)
    ranking.send(
        theirs, version=theirs.version, signatory="签发人", statement="无。", actor=other_officer
    )
    with pytest.raises(NotAllowed, match="大同市工业和信息化局的推荐名单已报送"):
        move(accepted, datong, province)
    cast.send_back(theirs, province)
    ranking.recommend(cast.list_of(accepted), accepted, actor=officer)
    cast.send(accepted, officer)
    with pytest.raises(NotAllowed, match="须先退回名单"):
        move(accepted, datong, province)
    for actor in (officer, owner, cast.make_user("auditor", Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            move(accepted, datong, actor)
    assert cast.fresh(accepted).bureau.code == cast.TAIYUAN


def test_the_page_transfers_and_says_what_is_missing(
    client, application, officer, province, datong
):
    url = reverse("review:transfer", args=[application.pk])
    client.force_login(province)
    response = client.post(url, {"reason": "已迁移。"})
    assert response.status_code == 409
    html = response.content.decode()
    assert "请选择转至哪个推荐单位" in html
    assert "已迁移。" in html
    said = {"bureau": datong.pk, "reason": "已迁移。", "with_enterprise": "on"}
    page = client.post(url, said, follow=True).content.decode()
    assert "已转至大同市工业和信息化局" in page
