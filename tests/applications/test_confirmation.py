"""法定代表人确认: who signs, for exactly which content, and what makes it void."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from applications import confirming, workflow
from applications.models import Confirmation, Revision
from applications.sections import INSTANCES
from applications.states import Status
from portal.accounts.models import Role, User
from portal.catalogue.models import Bureau
from portal.errors import NotAllowed, StaleState
from portal.rounds import versions
from portal.rounds.models import Round, RoundVersion
from tests import cast
from tests.applications.conftest import filing_of

pytestmark = pytest.mark.django_db

TEXT = "本人确认内容真实。\n不涉密。"


@pytest.fixture
def round(province) -> Round:
    """A round that asks for a confirmation."""
    return cast.make_round(province, confirmation_text=TEXT)


@pytest.fixture
def clerk(enterprise) -> User:
    """A colleague who fills in and may not sign."""
    return cast.make_user("clerk", Role.ENTERPRISE, enterprise=enterprise.enterprise)


def address(name: str, application) -> str:
    return reverse(f"applications:{name}", args=[application.pk])


def standing(application) -> confirming.Standing:
    return confirming.standing(filing_of(application))


def confirm(application, actor, **more) -> Confirmation:
    return workflow.confirm(application, "王䶮", actor=actor, **more)


def submit(application, actor) -> Revision:
    application = cast.fresh(application)
    return workflow.submit(application, cast.declarations(application.round), actor=actor)


def sign(browser, application, **changes):
    data = {
        "seen": standing(application).content_sha256,
        "signer_name": "王䶮",
        "password": cast.PASSWORD,
    } | changes
    return browser.post(address("confirm", application), data, follow=True)


def text_of(browser, name, application) -> str:
    return browser.get(address(name, application)).content.decode()


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# Signing


def test_a_round_that_asks_for_nothing_shows_and_keeps_nothing(province, enterprise, browser):
    application = workflow.start(cast.make_round(province), actor=enterprise)
    cast.complete(application, enterprise)
    assert confirm(application, enterprise) is None
    assert "法定代表人确认" not in text_of(browser, "detail", application)
    assert browser.get(address("confirm", application)).url == address("submit", application)
    assert "confirmation" not in submit(application, enterprise).data


def test_without_a_confirmation_nothing_is_submitted(filled, enterprise):
    with pytest.raises(NotAllowed, match="须由法定代表人或授权签字人"):
        submit(filled, enterprise)
    assert cast.fresh(filled).status == Status.DRAFT


def test_the_signatory_signs_with_name_and_password_and_then_it_is_submitted(
    filled, enterprise, browser
):
    text = text_of(browser, "submit", filled)
    assert "待确认" in text and "去确认" in text
    assert "作出承诺并提交" not in text
    text = text_of(browser, "confirm", filled)
    for shown in (
        "示范智能工厂",
        enterprise.enterprise.name,
        "王䶮",
        "本人确认内容真实。",
        "实例5",
    ):
        assert shown in text
    response = sign(browser, filled)
    assert messages_of(response) == ["已确认。现在可以提交；此后如再修改内容，须重新确认。"]
    assert "作出承诺并提交" in response.content.decode()
    confirmation = Confirmation.objects.get()
    assert (confirmation.signer, confirmation.signer_name) == (enterprise, "王䶮")
    assert (confirmation.text, confirmation.text_version) == (TEXT, 1)
    revision = submit(filled, enterprise)
    assert revision.data["confirmation"] == {
        "signer": f"王䶮（账号：{enterprise.name}）",
        "text": TEXT,
        "version": 1,
        "at": confirmation.at.isoformat(),
        "content_sha256": confirmation.content_sha256,
    }
    assert Revision.objects.get().is_intact


def test_what_was_confirmed_is_what_was_submitted(filled, enterprise):
    confirm(filled, enterprise)
    data = submit(filled, enterprise).data
    content = {
        name: part
        for name, part in data.items()
        if name not in ("confirmation", "declarations", "bureau", "checks")
    }
    assert Revision.digest(content) == data["confirmation"]["content_sha256"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "wrong"}, "密码不正确，请重新输入"),
        ({"password": ""}, "请再输一次您的登录密码。"),
        ({"signer_name": " \u200e "}, "请填写本人姓名。"),
        ({"signer_name": "字" * 41}, "最多 40 字，现有 41 字"),
    ],
)
def test_a_signature_that_is_wrong_says_so_and_signs_nothing(filled, browser, changes, said):
    response = sign(browser, filled, **changes)
    assert said in response.content.decode()
    assert not Confirmation.objects.exists()


def test_who_edits_a_section_is_told_that_the_confirmation_is_at_stake(filled, enterprise, browser):
    place = reverse("applications:section", args=[filled.pk, "results"])
    assert "已作法定代表人确认" not in browser.get(place).content.decode()
    confirm(filled, enterprise)
    for part in (place, reverse("applications:instance", args=[filled.pk, "k1"])):
        assert "此后的任何修改都使它失效" in browser.get(part).content.decode()


def test_nobody_signs_with_an_invented_name(filled, enterprise, browser):
    assert "既不是本账号的姓名" in messages_of(sign(browser, filled, signer_name="王五"))[0]
    assert not Confirmation.objects.exists()
    sign(browser, filled, signer_name=enterprise.name)
    assert Confirmation.objects.get().signed_as == enterprise.name


def test_the_name_typed_stays_when_the_password_was_wrong(filled, browser):
    text = sign(browser, filled, password="wrong").content.decode()
    assert 'value="王䶮"' in text
    assert 'value="wrong"' not in text


def test_signing_twice_signs_once(filled, browser):
    sign(browser, filled)
    assert messages_of(sign(browser, filled))[0].startswith("已确认")
    assert Confirmation.objects.count() == 1


def test_what_is_not_complete_cannot_be_confirmed(draft, enterprise, browser):
    with pytest.raises(workflow.NotReady):
        confirm(draft, enterprise)
    text = text_of(browser, "confirm", draft)
    assert "完成后才能确认" in text
    assert 'name="password"' not in text
    assert "须改正后才能" in messages_of(sign(browser, draft))[0]
    assert not Confirmation.objects.exists()


def test_a_change_by_a_colleague_after_the_page_was_opened_is_not_confirmed_unseen(
    filled, enterprise, browser
):
    seen = standing(filled).content_sha256
    cast.save(filled, "factory", {"introduction": "改过。"}, enterprise)
    assert "又有修改" in messages_of(sign(browser, filled, seen=seen))[0]
    assert not Confirmation.objects.exists()
    with pytest.raises(StaleState):
        confirm(filled, enterprise, seen=seen)


def test_whoever_is_not_a_signatory_sees_who_is_and_cannot_sign(filled, clerk, enterprise, client):
    client.force_login(clerk)
    text = text_of(client, "confirm", filled)
    assert f"可以确认的人员：{enterprise.name}" in text
    assert 'name="password"' not in text
    assert messages_of(sign(client, filled)) == ["只有本单位的法定代表人或授权签字人可以确认。"]
    User.objects.filter(pk=enterprise.pk).update(is_signatory=False)
    assert "本单位还没有签字人" in text_of(client, "confirm", filled)
    assert not Confirmation.objects.exists()


def test_whoever_may_not_sign_may_still_submit_what_is_confirmed(filled, clerk, enterprise):
    confirm(filled, enterprise)
    assert submit(filled, clerk).submitted_by == clerk


def test_nobody_signs_for_another_enterprise(filled, rival, client):
    client.force_login(rival)
    assert client.get(address("confirm", filled)).status_code == 404
    with pytest.raises(StaleState):
        confirm(filled, rival)


def test_what_is_submitted_is_confirmed_no_more(filled, enterprise, browser):
    confirm(filled, enterprise)
    submit(filled, enterprise)
    with pytest.raises(StaleState):
        confirm(filled, enterprise)
    assert browser.get(address("confirm", filled)).status_code == 302


# Void, and holding again


def test_any_edit_makes_it_void_and_says_who_and_when(
    filled, enterprise, clerk, browser, time_machine
):
    confirm(filled, enterprise)
    assert "已确认" in text_of(browser, "detail", filled)
    time_machine.move_to(timezone.now() + timedelta(minutes=5))
    cast.save(filled, "results", {"effect": "改过的成效。"}, clerk)
    text = text_of(browser, "detail", filled)
    assert "确认已失效" in text
    assert f"（最近：{clerk.name} " in text and "修改“实施成效”）" in text
    assert "作出承诺并提交" not in text_of(browser, "submit", filled)
    with pytest.raises(NotAllowed):
        submit(filled, enterprise)
    confirm(filled, enterprise)
    assert submit(filled, enterprise)


def test_a_deleted_row_makes_it_void(filled, enterprise, browser):
    cast.add_instance(filled, enterprise, segment=filled.version.segments[0], name="多余的实例")
    confirm(filled, enterprise)
    last = filled.instances.order_by("-pk").first()
    browser.post(reverse("applications:instance_delete", args=[filled.pk, last.key]))
    assert not standing(filled).holds
    assert "确认已失效" in text_of(browser, "submit", filled)


def test_the_order_of_the_scenarios_is_part_of_what_is_confirmed(filled, enterprise, browser):
    confirm(filled, enterprise)
    key = filled.instances.first().key
    url = reverse("applications:instance_move", args=[filled.pk, key])
    browser.post(url, {"step": "down"})
    assert filled.instances.first().key != key
    assert not standing(filled).holds


def test_an_edit_that_is_taken_back_leaves_it_holding(filled, enterprise):
    confirm(filled, enterprise)
    for text in ("改过的成效。", "成效。"):
        cast.save(filled, "results", {"effect": text}, enterprise)
    assert standing(filled).holds


def test_a_return_asks_for_a_new_confirmation_only_of_a_new_content(filled, enterprise, officer):
    confirm(filled, enterprise)
    submit(filled, enterprise)
    returned = cast.decide(filled, "return_for_changes", officer, "请补充。")
    assert standing(returned).holds
    cast.save(returned, "results", {"effect": "补充的成效。"}, enterprise)
    with pytest.raises(NotAllowed):
        submit(returned, enterprise)
    confirm(returned, enterprise)
    assert submit(returned, enterprise).number == 2


def test_a_corrected_bureau_leaves_it_holding(filled, enterprise):
    """A draft is submitted to whichever bureau the enterprise then has."""
    confirm(filled, enterprise)
    enterprise.enterprise.bureau = Bureau.objects.get(code=cast.DATONG)
    enterprise.enterprise.save()
    assert submit(filled, enterprise).data["bureau"]["code"] == cast.DATONG


def test_a_later_version_of_the_round_asks_nothing_anew(filled, enterprise):
    confirm(filled, enterprise)
    later = versions.copy(filled.version, to=filled.round)
    RoundVersion.objects.filter(pk=later.pk).update(
        confirmation_text="新的内容。", published_at=timezone.now()
    )
    assert standing(filled).holds
    data = submit(filled, enterprise).data["confirmation"]
    assert (data["text"], data["version"]) == (filled.version.confirmation_text, 1)


# Reading


def test_the_whole_draft_can_be_read_before_signing(filled, enterprise, browser):
    text = text_of(browser, "read", filled)
    assert "草稿，尚未提交" in text
    assert "项目的先进性与特色" in text and "实例5" in text
    assert "校验值不符" not in text
    confirm(filled, enterprise)
    submit(filled, enterprise)
    response = browser.get(address("read", filled))
    assert response.url == reverse("applications:revision", args=[filled.pk, 1])


def test_a_revision_shows_who_confirmed_it(filled, enterprise, browser):
    confirm(filled, enterprise)
    submit(filled, enterprise)
    url = reverse("applications:revision", args=[filled.pk, 1])
    text = browser.get(url).content.decode()
    assert "法定代表人确认" in text and "王䶮" in text and "本人确认内容真实。" in text


def test_the_contents_lead_to_every_part_of_a_revision(filled, enterprise, officer, client):
    confirm(filled, enterprise)
    submit(filled, enterprise)
    revision = reverse("applications:revision", args=[filled.pk, 1])
    reader = reverse("review:reader", args=[filled.pk])
    for user, url in ((enterprise, revision), (officer, reader)):
        client.force_login(user)
        text = client.get(url).content.decode()
        parts = re.findall(r'id="part-(\w+)"', text)
        assert parts[-2:] == ["declarations", "confirmation"]
        assert re.findall(r'href="#part-(\w+)"', text) == parts


# Who edited what last


def test_the_fields_changed_last_are_listed_with_who_and_when(
    filled, enterprise, clerk, time_machine, browser
):
    later = timezone.now() + timedelta(minutes=5)
    time_machine.move_to(later, tick=False)
    cast.save(filled, "factory", {"project_name": "新名称"}, clerk)
    key = filled.instances.first().key
    cast.save_row(filled, INSTANCES, key, {"name": "新实例名"}, enterprise)
    edits = confirming.recent_edits(filing_of(filled))
    assert len(edits) == 10
    assert {(e.section.slug, e.row, e.field, e.by) for e in edits[:2]} == {
        ("factory", "", "智能工厂项目名称", clerk.name),
        ("scenarios", "典型场景实例 1：新实例名", "实例名称", enterprise.name),
    }
    assert all(edit.at == later.replace(microsecond=0) for edit in edits[:2])
    assert "智能工厂基本情况 · 智能工厂项目名称" in text_of(browser, "detail", filled)


def test_nothing_is_listed_where_nothing_was_edited(draft, browser):
    draft.basic.edits = {}
    draft.basic.save()
    assert "最近修改" not in text_of(browser, "detail", draft)


def test_the_list_asks_the_database_nothing(filled, django_assert_num_queries):
    filing = filing_of(filled)
    with django_assert_num_queries(0):
        confirming.recent_edits(filing)
