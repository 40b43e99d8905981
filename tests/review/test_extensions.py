"""延期: whose deadline it moves, to the microsecond; who asks, who confirms, who is told."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from applications import workflow
from applications.states import Status
from portal.accounts.models import Role, User
from portal.audit.models import Record
from portal.catalogue.models import Bureau
from portal.errors import Closed, NotAllowed, StaleState
from portal.messaging.models import Message
from portal.rounds.models import Deadline, Extension, Round
from review import extensions, ranking
from review.models import RankedList
from tests import cast

TICK = timedelta(microseconds=1)
LONGER = timedelta(days=30)


@pytest.fixture
def second(catalogue, db) -> User:
    """The other officer of the province."""
    return cast.make_user("province2", Role.PROVINCE)


@pytest.fixture
def taiyuan(catalogue, db) -> Bureau:
    return Bureau.objects.get(code=cast.TAIYUAN)


@pytest.fixture
def owner(catalogue, db) -> User:
    return cast.make_enterprise(1)


@pytest.fixture
def rival(catalogue, db) -> User:
    return cast.make_enterprise(2)


@pytest.fixture
def until(round):
    return round.bureau_deadline + LONGER


@pytest.fixture
def grant(round, province, second, until):
    """Ask for an extension and have it confirmed."""

    def granted(which=Deadline.ENTERPRISE, **whom) -> Extension:
        extension = extensions.ask(round, which, until, "系统故障。", actor=province, **whom)
        extensions.confirm(extension, actor=second)
        return extension

    return granted


def at(instant):
    return time_machine.travel(instant, tick=False)


def goes_through(act, instant) -> bool:
    """Whether the verb goes through at an instant; tried and taken back."""
    with at(instant), transaction.atomic():
        try:
            act()
        except Closed:
            return False
        else:
            return True
        finally:
            transaction.set_rollback(True)


def ends_at(act, instant) -> bool:
    """Whether the verb goes through to the last microsecond before, and no more from then on."""
    moments = [instant - timedelta(seconds=1), instant - TICK, instant, instant + TICK]
    return [goes_through(act, moment) for moment in moments] == [True, True, False, False]


def submitting(application, actor):
    def submit():
        workflow.submit(cast.fresh(application), cast.declarations(application.round), actor=actor)

    return submit


@pytest.fixture
def drafts(round, owner, rival):
    """A complete draft of ``owner`` and one of ``rival``."""
    applications = [workflow.start(round, actor=actor) for actor in (owner, rival)]
    for application, actor in zip(applications, (owner, rival), strict=True):
        cast.complete(application, actor)
    return applications


def test_an_enterprises_extension_is_its_own_and_ends_to_the_microsecond(
    drafts, owner, rival, grant, round, until
):
    mine, other = drafts
    assert ends_at(submitting(mine, owner), round.enterprise_deadline)
    with at(round.enterprise_deadline + timedelta(days=1)):  # after the close
        grant(enterprise=owner.enterprise)
    assert ends_at(submitting(mine, owner), until)
    assert ends_at(submitting(other, rival), round.enterprise_deadline)


def test_a_bureaus_extension_is_that_of_its_enterprises_and_of_no_others(
    drafts, owner, grant, round, until, taiyuan
):
    grant(bureau=taiyuan)
    assert ends_at(submitting(drafts[0], owner), until)
    elsewhere = cast.make_enterprise(3, cast.DATONG)
    fresh = Round.objects.get(pk=round.pk)
    assert fresh.deadline(Deadline.ENTERPRISE, enterprise=elsewhere.enterprise) == (
        fresh.deadline(Deadline.ENTERPRISE)
    )


def test_starting_ends_with_the_extension_and_the_round_is_offered_until_then(
    round, owner, rival, grant, until
):
    grant(enterprise=owner.enterprise)

    def start():
        workflow.start(Round.objects.get(pk=round.pk), actor=owner)

    assert ends_at(start, until)
    with at(until - TICK):
        assert round in Round.objects.open(enterprise=owner.enterprise)
        assert round not in Round.objects.open(enterprise=rival.enterprise)
        assert round not in Round.objects.open()
    with at(until):
        assert round not in Round.objects.open(enterprise=owner.enterprise)


def test_what_may_be_submitted_late_may_be_returned_and_corrected_as_late(
    round, owner, officer, grant, until
):
    application = cast.bring_to(Status.RETURNED, round, owner, officer)
    assert ends_at(submitting(application, owner), round.bureau_deadline)
    grant(enterprise=owner.enterprise)
    assert ends_at(submitting(application, owner), until)
    submitting(application, owner)()

    def give_back():
        cast.decide(application, "return_for_changes", officer, "请补充。")

    assert ends_at(give_back, until)


def test_sending_and_recalling_end_with_the_bureaus_extension_only(
    round, owner, officer, grant, until, ranked_list, taiyuan
):
    def send():
        fresh = RankedList.objects.get(pk=ranked_list.pk)
        ranking.send(
            fresh, version=fresh.version, signatory="签发人", statement="无。", actor=officer
        )

    grant(Deadline.BUREAU, enterprise=owner.enterprise)
    grant(Deadline.ENTERPRISE, bureau=taiyuan)
    assert ends_at(send, round.bureau_deadline)
    grant(Deadline.BUREAU, bureau=taiyuan)
    assert ends_at(send, until)
    send()
    sent = RankedList.objects.get(pk=ranked_list.pk)
    with at(until - TICK):
        assert sent.may_be_recalled
    with at(until):
        assert not sent.may_be_recalled

    def recall():
        fresh = RankedList.objects.get(pk=ranked_list.pk)
        ranking.recall(fresh, version=fresh.version, reason="改。", actor=officer)

    assert ends_at(recall, until)


def test_an_extension_for_all_is_everybodys(round, owner, grant, until, taiyuan):
    grant(Deadline.BUREAU)
    fresh = Round.objects.get(pk=round.pk)
    assert fresh.deadline(Deadline.BUREAU) == fresh.deadline(Deadline.BUREAU, bureau=taiyuan)
    assert fresh.deadline(Deadline.BUREAU, enterprise=owner.enterprise) == until
    assert fresh.deadline(Deadline.ENTERPRISE) == round.enterprise_deadline


def test_what_is_not_confirmed_or_is_taken_back_moves_nothing(
    round, owner, province, second, until
):
    whom = {"enterprise": owner.enterprise}
    extension = extensions.ask(round, Deadline.ENTERPRISE, until, "故障。", actor=province, **whom)

    def deadline():
        return Round.objects.get(pk=round.pk).deadline(Deadline.ENTERPRISE, **whom)

    assert deadline() == round.enterprise_deadline
    extensions.confirm(extension, actor=second)
    assert deadline() == until
    extensions.revoke(extension, "误填。", actor=second)
    assert deadline() == round.enterprise_deadline
    with pytest.raises(StaleState):
        extensions.confirm(extension, actor=second)


def test_nobody_confirms_what_he_asked_for_not_even_past_the_portal(
    round, owner, province, second, until
):
    extension = extensions.ask(
        round, Deadline.ENTERPRISE, until, "故障。", enterprise=owner.enterprise, actor=province
    )
    with pytest.raises(NotAllowed, match="另一位"):
        extensions.confirm(extension, actor=province)
    with pytest.raises(IntegrityError), transaction.atomic():
        Extension.objects.update(confirmed_by=province, confirmed_at=timezone.now())
    for stranger in (owner, cast.make_officer(), cast.make_user("auditor", Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            extensions.confirm(extension, actor=stranger)
    assert Extension.objects.get().is_waiting


def test_nothing_is_ever_made_shorter(round, owner, province, grant, until):
    grant(enterprise=owner.enterprise)
    fresh = Round.objects.get(pk=round.pk)
    for instant in (until, until - timedelta(days=1), timezone.now() - TICK):
        with pytest.raises(NotAllowed):
            extensions.ask(
                fresh,
                Deadline.ENTERPRISE,
                instant,
                "故障。",
                enterprise=owner.enterprise,
                actor=province,
            )


def test_those_concerned_are_told_and_every_step_is_on_the_trail(
    round, owner, rival, officer, other_officer, province, second, until, drafts
):
    def told(user) -> int:
        return Message.objects.visible_to(user).filter(key__startswith="extension").count()

    asked = {"enterprise": owner.enterprise, "actor": province}
    extension = extensions.ask(round, Deadline.ENTERPRISE, until, "内部理由。", **asked)
    assert [told(user) for user in (second, province, owner, officer)] == [1, 0, 0, 0]
    extensions.confirm(extension, actor=second)
    assert [told(user) for user in (owner, officer, province)] == [1, 1, 1]
    assert [told(user) for user in (rival, other_officer)] == [0, 0]
    message = Message.objects.visible_to(owner).get()
    assert message.due == until
    assert "内部理由" not in message.text
    extensions.revoke(extension, "误填。", actor=province)
    assert "误填。" in Message.objects.visible_to(owner).first().text
    verbs = Record.objects.filter(target_type="extension").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        "ask_extension",
        "confirm_extension",
        "revoke_extension",
    ]


# The pages


@pytest.fixture
def page(round) -> str:
    return f"{reverse('review:extensions')}?round={round.slug}"


def asked(round, **changes) -> dict[str, str]:
    day = timezone.localdate(round.bureau_deadline) + LONGER
    said = {
        "whom": "enterprise",
        "enterprise": cast.invented_code(1),
        "deadline": "enterprise",
        "day": f"{day:%Y-%m-%d}",
        "reason": "系统故障。",
    }
    return said | changes


def test_an_extension_is_asked_for_and_confirmed_on_the_page(
    client, page, round, owner, province, second, drafts
):
    client.force_login(province)
    html = client.post(page, asked(round), follow=True).content.decode()
    extension = Extension.objects.get()
    assert extension.enterprise == owner.enterprise
    local = timezone.localtime(extension.until)
    assert (local.hour, local.minute, local.second) == (0, 0, 0)  # 24:00 of the day named
    assert "晚于太原市工业和信息化局的报送截止" in html.replace("\n", "")
    assert "确认延期</button>" not in html
    client.force_login(second)
    assert "确认延期</button>" in client.get(page).content.decode()
    client.post(reverse("review:extension_confirm", args=[extension.pk]))
    assert "生效中" in client.get(page).content.decode()
    client.force_login(owner)
    shown = client.get(reverse("applications:index")).content.decode()
    assert "延期" in shown
    assert f"{local - timedelta(days=1):%Y-%m-%d} 24:00" in shown


def test_a_form_that_cannot_be_taken_says_why_and_keeps_what_was_typed(
    client, page, round, owner, rival, province
):
    client.force_login(province)
    for changes, complaint in (
        ({"enterprise": "测试企业"}, "有多家企业符合"),
        ({"enterprise": "没有这家"}, "没有找到“没有这家”"),
        ({"whom": "bureau"}, "请选择推荐单位"),
        ({"day": "2999-12-31"}, "请核对年份"),
        ({"day": "2020-01-01"}, "须晚于现在"),
        ({"time": "25:99"}, "时刻请写成"),
        ({"reason": ""}, "请填写理由"),
    ):
        response = client.post(page, asked(round, **changes))
        html = response.content.decode()
        assert response.status_code == 409
        assert complaint in html, complaint
        assert all(typed in html for typed in asked(round, **changes).values())
    assert not Extension.objects.exists()


def test_the_inbox_marks_what_was_put_off(client, round, owner, officer, grant, drafts):
    grant(enterprise=owner.enterprise)
    client.force_login(officer)
    html = client.get(reverse("review:inbox"), {"round": round.slug}).content.decode()
    assert html.count("（延期）") == 1
