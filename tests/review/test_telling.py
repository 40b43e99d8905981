"""Who hears what of a ranked list."""

from applications.states import Status
from portal.accounts.models import Enterprise, Role, User
from portal.messaging.models import Message
from review import ranking
from tests import cast


def told(user) -> list[tuple[str, bool]]:
    messages = Message.objects.filter(recipient=user).order_by("pk")
    lists = messages.exclude(url__startswith="/review/applications/")
    return [(message.title, message.is_urgent) for message in lists]


def test_a_list_on_its_way_is_told_to_the_other_side_only(
    ranked_list, three, officer, other_officer, province
):
    colleague = cast.make_user("colleague", Role.PROVINCE)
    auditor = cast.make_user("auditor", Role.AUDITOR)
    enterprise = cast.make_enterprise(1000)

    def send() -> None:
        ranked_list.refresh_from_db()
        signed = {"version": ranked_list.version, "signatory": "签发人"}
        ranking.send(ranked_list, **signed, regrets=cast.regrets(ranked_list), actor=officer)
        ranked_list.refresh_from_db()

    send()
    assert Message.objects.filter(recipient=province).unread().count() == 1
    ranking.recall(ranked_list, version=ranked_list.version, reason="更正。", actor=officer)
    send()
    cast.send_back(ranked_list, province, "请核对第二名。")
    send()
    cast.receive(ranked_list, province)
    sent = ("推荐名单已报送，请受理", False)
    recalled = ("推荐名单已撤回，修改后会重新报送", False)
    assert told(province) == told(colleague) == [sent, recalled, sent, sent]
    assert told(officer) == [
        ("省厅退回了推荐名单，请修改后重新报送", True),
        ("省厅受理了推荐名单", False),
    ]
    assert [told(user) for user in (other_officer, auditor, enterprise)] == [[], [], []]
    assert not Message.objects.filter(text__contains="请核对").exists()
    tasks = Message.objects.filter(kind=Message.Kind.TASK, recipient__in=[province, officer])
    assert not tasks.exclude(url__startswith="/review/applications/").unread().exists()


def test_a_dry_run_is_told_to_its_invented_people_only(ranked_list, officer, province, round):
    trial = cast.make_round(province, slug="trial", trial_of=round)
    invented = cast.make_user("invented", Role.BUREAU, bureau=officer.bureau, is_invented=True)
    enterprise = cast.make_enterprise(1)
    Enterprise.objects.filter(pk=enterprise.enterprise_id).update(is_invented=True)
    User.objects.filter(pk=enterprise.pk).update(is_invented=True)
    enterprise.refresh_from_db()
    application = cast.bring_to(Status.RECOMMENDED, trial, enterprise, invented)
    cast.send_back(cast.list_of(application), province)
    assert [len(told(user)) for user in (officer, province)] == [0, 0]
    assert len(told(enterprise)) == 2  # accepted, recommended
    assert told(invented) == [("省厅退回了推荐名单，请修改后重新报送", True)]
    assert Message.objects.filter(recipient=invented).count() == 2
