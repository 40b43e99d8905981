"""The enterprise's pages, as a browser without script meets them."""

import re
from datetime import datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from applications import checks, workflow
from applications.editing import SectionPage
from applications.models import (
    Application,
    FactoryOverview,
    Revision,
    ScenarioConstruction,
)
from applications.sections import BY_SLUG, INSTANCES, SECTIONS
from applications.states import Status
from portal.accounts.models import Role
from portal.catalogue.models import Bureau
from portal.rounds.times import closing
from tests import cast
from tests.applications.conftest import as_sent, filing_of, form_as_sent

FACTORY = BY_SLUG["factory"]


def url(name, *args):
    return reverse(f"applications:{name}", args=args)


def section_url(application, slug="factory"):
    return url("section", application.pk, slug)


def text_of(response):
    """What a reader reads: no tags, no repeated blanks."""
    html = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def ids_of(response):
    return set(re.findall(r'\bid="([^"]+)"', response.content.decode()))


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def shown(application, slug="factory"):
    fresh = Application.objects.with_sections().get(pk=application.pk)
    return SectionPage.stored(fresh, BY_SLUG[slug])


def sent(application, slug="factory", **changes):
    return dict(as_sent(shown(application, slug), **changes).lists())


def agreed(application):
    """What the submit page sends with every box ticked, as it stands now."""
    ticks = {f"declaration_{d.pk}": "on" for d in application.version.declarations.all()}
    return ticks | {"seen": cast.fresh(application).touched_at.isoformat()}


def project_name(application):
    return FactoryOverview.objects.get(application=application).project_name


# Starting


def test_the_front_page_offers_the_open_round(browser, round):
    response = browser.get(url("index"))
    assert [offered for offered, _due in response.context["rounds"]] == [round]
    assert "测试批次" in text_of(response)


def test_the_front_page_names_the_bureau_that_will_review_and_the_sign_in_name(
    browser, round, enterprise
):
    page = text_of(browser.get(url("index")))
    bureau = enterprise.enterprise.bureau
    assert f"将由 {bureau} 审核；如选错请在提交前联系省厅更正。" in page
    assert f"登录名 {enterprise.enterprise.credit_code}" in page


def test_a_colleague_sees_the_name_of_their_own_account(client, round, enterprise):
    client.force_login(
        cast.make_user("colleague", Role.ENTERPRISE, enterprise=enterprise.enterprise)
    )
    assert "登录名 colleague" in text_of(client.get(url("index")))


def test_starting_leads_to_the_task_list(browser, round):
    response = browser.post(url("start", "test"))
    application = Application.objects.get()
    assert response.status_code == 302
    assert response.url == url("detail", application.pk)
    response = browser.get(url("index"))
    assert list(response.context["applications"]) == [application]
    assert list(response.context["rounds"]) == []


def test_starting_twice_leads_to_the_same_task_list(browser, round):
    first, second = (browser.post(url("start", "test")) for _ in range(2))
    assert first.url == second.url
    assert Application.objects.count() == 1


def test_starting_takes_a_button_not_a_link(browser, round):
    assert browser.get(url("start", "test")).status_code == 405
    assert not Application.objects.exists()


def test_an_unknown_or_unpublished_round_is_not_found(browser, province):
    cast.make_round(province, published=False, slug="secret")
    assert browser.post(url("start", "secret")).status_code == 404
    assert browser.post(url("start", "nothing")).status_code == 404


def test_starting_too_late_is_refused_in_words(browser, round):
    round.enterprise_deadline = timezone.now()
    round.save()
    response = browser.post(url("start", "test"), follow=True)
    assert messages_of(response)[0].startswith("已过企业申报截止时间")
    assert not Application.objects.exists()


# The task list


def counts(response):
    return {
        part["section"].slug: (part["done"], part["required"])
        for part in response.context["sections"]
    }


def test_the_task_list_of_an_empty_draft_counts_everything(browser, draft):
    response = browser.get(url("detail", draft.pk))
    assert counts(response) == {
        "basic": (2, 40),
        "factory": (0, 8),
        "scenarios": (0, 3),
        "results": (0, 23),
    }
    assert "还有 72 项待填写或改正" in text_of(response)
    assert "必填 2 / 40" in text_of(response)
    assert "尚未提交" in text_of(response)


def test_the_task_list_counts_each_answer(browser, draft, enterprise):
    cast.save(draft, "factory", {"project_name": "甲", "introduction": "乙"}, enterprise)
    response = browser.get(url("detail", draft.pk))
    assert counts(response)["factory"] == (2, 8)
    assert "还有 70 项待填写或改正" in text_of(response)
    assert str(enterprise) in text_of(response)


def test_a_complete_application_is_said_to_be_ready(browser, filled):
    response = browser.get(url("detail", filled.pk))
    assert all(done == required for done, required in counts(response).values())
    assert "已齐备，可以提交" in text_of(response)


def test_a_mistake_is_listed_and_counted(browser, filled, enterprise):
    cast.save(filled, "factory", {"introduction": "字" * 2001}, enterprise)
    page = text_of(browser.get(url("detail", filled.pk)))
    assert "还有 1 项待填写或改正" in page
    assert "“项目简介”最多 2000 字，现有 2001 字，请删减 1 字。" in page


def test_every_finding_leads_to_a_place_that_exists(browser, draft, enterprise):
    cast.save_row(draft, INSTANCES, "k1", {"effect": "成效。"}, enterprise)
    cast.save(draft, "factory", {"introduction": "字" * 2001}, enterprise)
    page = browser.get(url("detail", draft.pk)).content.decode()
    links = re.findall(r'href="([^"#]+)#([^"]*)"', page)
    targets = {place for place, _anchor in links}
    found = {place: ids_of(browser.get(place)) for place in targets if place.startswith("/app")}
    findings = checks.findings(filing_of(draft))
    assert len(found) == 5
    assert {anchor for place, anchor in links if place in found} >= {f.anchor for f in findings}
    assert [(p, a) for p, a in links if p in found and a not in found[p]] == []


def test_what_the_bureau_said_is_on_the_task_list(browser, submitted, officer):
    workflow.act(submitted, "return_for_changes", actor=officer, comment="请补充能耗数据。")
    page = text_of(browser.get(url("detail", submitted.pk)))
    assert "请补充能耗数据。" in page
    assert "退回修改" in page


def test_a_returned_application_without_gaps_is_not_called_ready(browser, returned):
    page = text_of(browser.get(url("detail", returned.pk)))
    assert "没有缺项；请按退回意见修改后重新提交" in page
    assert "已齐备" not in page
    assert "已退回 ，修改后请重新提交" in page
    assert "尚未提交" not in page


@pytest.mark.parametrize("page", ["section", "instance", "instance_new", "submit"])
def test_what_the_bureau_said_is_at_hand_while_mending(page, browser, returned):
    places = {
        "section": section_url(returned),
        "instance": url("instance", returned.pk, returned.instances.first().key),
        "instance_new": url("instance_new", returned.pk),
        "submit": url("submit", returned.pk),
    }
    html = browser.get(places[page]).content.decode()
    assert re.search(r"<details[^>]*opinion.*?请补充能耗数据。.*?</details>", html, re.S)


def test_only_a_returned_application_shows_what_the_bureau_said(browser, returned, enterprise):
    workflow.submit(returned, cast.declarations(returned.round), actor=enterprise)
    workflow.withdraw(returned, actor=enterprise)
    assert "请补充能耗数据。" not in text_of(browser.get(section_url(returned)))


# A section


@pytest.fixture
def returned(submitted, officer):
    workflow.act(submitted, "return_for_changes", actor=officer, comment="请补充能耗数据。")
    return cast.fresh(submitted)


@pytest.mark.parametrize("slug", BY_SLUG)
@pytest.mark.parametrize("state", ["draft", "filled", "submitted"])
def test_every_section_opens_in_every_state(slug, state, browser, request):
    application = request.getfixturevalue(state)
    response = browser.get(section_url(application, slug))
    assert response.status_code == 200
    assert 'name="seen"' in response.content.decode()


def test_an_unknown_section_is_not_found(browser, draft):
    assert browser.get(section_url(draft, "nothing")).status_code == 404


def test_saving_returns_to_the_page_and_tells_the_time(browser, draft):
    # Within the session and the round, whatever the time of day.
    moment = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(minutes=61)
    with time_machine.travel(moment.astimezone(ZoneInfo("UTC")), tick=False):
        response = browser.post(section_url(draft), sent(draft, project_name="一号"), follow=True)
    assert response.redirect_chain == [(section_url(draft), 302)]
    assert messages_of(response) == [f"已保存 {moment:%H:%M:%S}"]
    assert response.context["page"].form["project_name"].value() == "一号"


def test_saving_leads_on_through_the_sections_to_the_task_list(browser, filled):
    stations = [
        browser.post(section_url(filled, s.slug), sent(filled, s.slug) | {"then": "next"}).url
        for s in SECTIONS
    ]
    assert stations == [
        section_url(filled, "factory"),
        section_url(filled, "scenarios"),
        section_url(filled, "results"),
        url("detail", filled.pk),
    ]


def test_a_page_with_a_mistake_does_not_lead_on(browser, filled):
    data = sent(filled, total_investment="约三亿") | {"then": "next"}
    response = browser.post(section_url(filled), data, follow=True)
    assert response.redirect_chain == [(section_url(filled), 302)]
    (message,) = messages_of(response)
    assert message.startswith("已保存 ")
    assert "须改正以下 1 处" in text_of(response)
    html = response.content.decode()
    assert 'value="约三亿"' in html
    assert "请填写数字，例如 1234.56" in html
    assert 'value="约三亿"' in browser.get(section_url(filled)).content.decode()


def test_the_box_counts_what_it_lists(browser, filled):
    data = sent(
        filled, total_investment="约三亿", introduction="字" * 2001, software_investment="99999"
    )
    response = browser.post(section_url(filled), data, follow=True)
    html = response.content.decode()
    box = html.partition('aria-label="须改正和核对的内容"')[2].partition("</section>")[0]
    assert "须改正以下 2 处" in box and "不影响提交" not in box
    assert box.count("<li>") == 2
    assert "is-warned" not in html


def test_a_warning_does_not_look_like_a_mistake(browser, filled):
    data = sent(filled, software_investment="99999", introduction="字" * 2001)
    html = browser.post(section_url(filled), data, follow=True).content.decode()
    box = html.partition('aria-label="须改正和核对的内容"')[2].partition("</section>")[0]
    mistakes, warnings = box.split("请核对以下 1 处（不影响提交）")
    assert "须改正以下 1 处" in mistakes and 'href="#id_introduction"' in mistakes
    assert 'href="#id_total_investment"' in warnings and warnings.count("<li>") == 1
    assert re.findall(r'id="(div_\w+)" class="[^"]*is-warned', html) == ["div_id_total_investment"]


def test_the_reason_is_named_on_the_task_list_and_before_submitting(browser, filled):
    browser.post(section_url(filled), sent(filled, total_investment="约三亿"))
    for page in ("detail", "submit"):
        text = text_of(browser.get(url(page, filled.pk)))
        assert "“总投资（万元）”：请填写数字，例如 1234.56" in text


def test_the_contact_the_account_knows_is_filled_in(browser, draft, enterprise):
    form = browser.get(section_url(draft, "basic")).context["page"].form
    assert form["contact_name"].value() == enterprise.name
    assert form["contact_mobile"].value() == enterprise.mobile


def test_adding_an_instance_saves_the_section_first(browser, draft):
    place = section_url(draft, "scenarios")
    html = browser.get(place).content.decode()
    assert re.search(r'<button[^>]*form="filling"[^>]*name="then"[^>]*value="new"', html)
    assert 'id="filling"' in html
    response = browser.post(place, sent(draft, "scenarios", overall="总体文字") | {"then": "new"})
    assert response.url == url("instance_new", draft.pk)
    assert ScenarioConstruction.objects.get(application=draft).overall == "总体文字"


def test_the_table_of_indicators_says_how_to_fill_it(browser, draft):
    assert "每项填写指标值；" in text_of(browser.get(section_url(draft, "results")))
    assert "每项填写指标值；" not in text_of(browser.get(section_url(draft, "basic")))


def test_a_level_says_what_a_blank_value_takes(browser, draft):
    data = sent(draft, "results", **{"indicator_values-1-after": "88.5"})
    response = browser.post(section_url(draft, "results"), data, follow=True)
    assert "留空则取 88.50" in text_of(response)


def test_what_is_typed_is_never_markup(browser, draft):
    evil = '"><script>alert(1)</script>'
    browser.post(
        section_url(draft),
        sent(draft, project_name=evil, introduction=evil, total_investment=evil),
    )
    for place in (section_url(draft), url("detail", draft.pk), url("index")):
        assert "<script>alert" not in browser.get(place).content.decode()
    assert project_name(draft) == evil


def test_a_clash_shows_both_and_keeps_what_was_typed(browser, filled, enterprise):
    mine = sent(filled, project_name="我的名称", introduction="我的简介")
    cast.save(filled, "factory", {"project_name": "他的名称"}, enterprise)
    response = browser.post(section_url(filled), mine)
    assert response.status_code == 409
    assert [(d.theirs, d.ours) for d in response.context["differences"]] == [
        ("他的名称", "我的名称")
    ]
    page = text_of(response)
    assert "他的名称" in page
    assert "尚未保存" in page
    assert 'value="我的名称"' in response.content.decode()
    assert project_name(filled) == "他的名称"
    assert FactoryOverview.objects.get(application=filled).introduction == "我的简介"


def test_saving_again_after_a_clash_is_deliberate_and_works(browser, filled, enterprise):
    mine = sent(filled, project_name="我的名称")
    cast.save(filled, "factory", {"project_name": "他的名称"}, enterprise)
    response = browser.post(section_url(filled), mine)
    again = mine | {"seen": response.context["seen"]}
    assert browser.post(section_url(filled), again).status_code == 302
    assert project_name(filled) == "我的名称"


def test_the_others_text_is_kept_by_ticking_it(browser, filled, enterprise):
    mine = sent(filled, project_name="我的名称")
    cast.save(filled, "factory", {"project_name": "他的名称"}, enterprise)
    response = browser.post(section_url(filled), mine)
    [(name, value)] = re.findall(
        r'type="checkbox"\s+name="(theirs)"\s+value="([^"]+)"\s+form="filling"',
        response.content.decode(),
    )
    again = mine | {"seen": response.context["seen"], name: value}
    assert browser.post(section_url(filled), again).status_code == 302
    assert project_name(filled) == "他的名称"


def assert_not_taken_for_stored(response, stored):
    """The typed text can be read and copied, and nothing on the page can be changed or saved."""
    assert "您未保存的文字，可复制" in text_of(response)
    html = response.content.decode()
    assert f'<a href="{stored}">查看已保存的内容</a>' in html
    form = html[html.index('class="sheet filling') :].partition("</form>")[0]
    boxes = re.findall(r"<(?:input(?! type=.hidden)|textarea|select)\b[^>]*>", form)
    assert boxes
    assert [box for box in boxes if "readonly" not in box and "disabled" not in box] == []
    assert "最近保存" not in form
    assert 'name="then"' not in form


def test_an_instance_saved_after_the_submission_is_not_taken_for_stored(
    browser, filled, enterprise
):
    place, mine = edit_instance(browser, filled, name="迟到的实例")
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    response = browser.post(place, mine)
    assert response.status_code == 409
    assert 'value="迟到的实例"' in response.content.decode()
    assert_not_taken_for_stored(response, section_url(filled, "scenarios"))


def test_a_save_after_the_submission_is_refused_and_keeps_what_was_typed(
    browser, filled, enterprise
):
    mine = sent(filled, project_name="迟到的名称")
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    response = browser.post(section_url(filled), mine)
    assert response.status_code == 409
    assert "迟到的名称" in response.content.decode()
    assert messages_of(response) == ["申报已提交或状态已变化，现在不能修改；您刚才的改动没有保存。"]
    assert_not_taken_for_stored(response, section_url(filled))
    assert project_name(filled) == "示范智能工厂"


# An instance


def new_instance(browser, application, **changes):
    """What the page of a new instance sends."""
    response = browser.get(url("instance_new", application.pk))
    data = form_as_sent(response.context["form"]) | {"seen": response.context["seen"]}
    return data | {"key": response.context["row"].key} | changes


def test_a_new_instance_is_stored_under_the_key_of_its_page(browser, draft):
    data = new_instance(browser, draft, name="实例甲")
    response = browser.post(url("instance_new", draft.pk), data)
    assert response.url == section_url(draft, "scenarios")
    assert [(row.key, row.name) for row in draft.instances.all()] == [(data["key"], "实例甲")]


def test_saving_with_another_leads_to_a_blank_one(browser, draft):
    data = new_instance(browser, draft, name="实例甲", then="another")
    assert browser.post(url("instance_new", draft.pk), data).url == url("instance_new", draft.pk)


def test_a_double_click_stores_one_instance(browser, draft):
    data = new_instance(browser, draft, name="实例甲")
    first, second = (browser.post(url("instance_new", draft.pk), data) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert draft.instances.count() == 1


def test_a_mistake_leads_back_to_the_instance_and_is_shown(browser, draft):
    data = new_instance(browser, draft, name="字" * 101)
    response = browser.post(url("instance_new", draft.pk), data, follow=True)
    assert response.redirect_chain == [(url("instance", draft.pk, data["key"]), 302)]
    assert "须改正以下 1 处" in text_of(response)
    assert response.context["form"]["name"].value() == "字" * 101


@pytest.mark.parametrize("key", ["", "a b", "../x", "a" * 33, "键"])
def test_a_forged_key_of_an_instance_is_not_found(key, browser, draft):
    response = browser.post(url("instance_new", draft.pk), {"key": key, "name": "甲"})
    assert response.status_code == 404
    assert draft.instances.count() == 0


def test_an_instance_that_is_not_there_is_not_found(browser, draft):
    assert browser.get(url("instance", draft.pk, "gone")).status_code == 404


def edit_instance(browser, application, **changes):
    key = application.instances.first().key
    response = browser.get(url("instance", application.pk, key))
    data = form_as_sent(response.context["form"])
    return url("instance", application.pk, key), data | {
        "seen": response.context["seen"],
        **changes,
    }


def test_an_instance_is_edited(browser, filled):
    place, data = edit_instance(browser, filled, name="改后")
    assert browser.post(place, data).status_code == 302
    row = filled.instances.first()
    assert (row.name, row.content) == ("改后", "内容。")


def test_a_conflict_over_an_instance_shows_both(browser, filled, enterprise):
    place, mine = edit_instance(browser, filled, name="我的实例")
    key = filled.instances.first().key
    cast.save_row(filled, INSTANCES, key, {"name": "他的实例"}, enterprise)
    response = browser.post(place, mine)
    assert response.status_code == 409
    assert [(d.label, d.theirs, d.ours) for d in response.context["differences"]] == [
        ("实例名称", "他的实例", "我的实例")
    ]
    assert 'value="我的实例"' in response.content.decode()
    assert filled.instances.first().name == "他的实例"
    again = browser.post(place, mine | {"seen": response.context["seen"]})
    assert again.status_code == 302
    assert filled.instances.first().name == "我的实例"


def test_an_instance_deleted_meanwhile_can_be_added_again(browser, filled, enterprise):
    place, mine = edit_instance(browser, filled, name="我的实例")
    filled.instances.first().delete()
    response = browser.post(place, mine)
    assert response.status_code == 409
    assert "已被他人删除" in messages_of(response)[0]
    assert 'value="我的实例"' in response.content.decode()
    assert browser.post(place, mine | {"seen": response.context["seen"]}).status_code == 302
    assert "我的实例" in [row.name for row in filled.instances.all()]


def test_instances_are_moved_and_deleted_by_buttons(browser, filled):
    first, second = filled.instances.all()[:2]
    browser.post(url("instance_move", filled.pk, second.key), {"step": "up"})
    assert filled.instances.first() == second
    browser.post(url("instance_move", filled.pk, second.key), {"step": "down"})
    assert filled.instances.first() == first
    browser.post(url("instance_delete", filled.pk, first.key))
    assert filled.instances.first() == second
    assert browser.get(url("instance_delete", filled.pk, second.key)).status_code == 405


# Submitting


def test_the_submit_page_lists_what_is_missing_and_has_no_button(browser, draft):
    response = browser.get(url("submit", draft.pk))
    assert len(response.context["blocking"]) == 72
    assert "请填写“智能工厂项目名称”。" in text_of(response)
    assert "还有 72 项" in text_of(response)
    assert "declaration_" not in response.content.decode()


def test_a_warning_is_shown_and_does_not_stop(browser, filled, enterprise):
    filled.instances.last().delete()
    reason = cast.over_rows(filled, "explanations", lambda row: {"reason": "由集团统一运营。"})
    cast.save(filled, "scenarios", {}, enterprise, rows=reason)
    response = browser.get(url("submit", filled.pk))
    assert response.context["blocking"] == []
    assert "尚未覆盖：运营管理（环节：营销与售后、供应链管理）。" in text_of(response)
    assert "附件2 四（一）" in text_of(response)
    response = browser.post(url("submit", filled.pk), agreed(filled))
    assert response.url == url("receipt", filled.pk)


def test_submitting_leads_to_the_receipt(browser, filled):
    response = browser.post(url("submit", filled.pk), agreed(filled), follow=True)
    assert response.redirect_chain == [(url("receipt", filled.pk), 302)]
    revision = Revision.objects.get()
    page = text_of(response)
    assert revision.receipt in page
    assert revision.sha256 in page
    assert "示范智能工厂" in page
    local = timezone.localtime(revision.submitted_at)
    assert f"{local:%H:%M:%S}" in page


def test_the_receipt_says_what_was_submitted_whatever_is_corrected_later(browser, submitted):
    enterprise = submitted.enterprise
    name, code, bureau = enterprise.name, enterprise.credit_code, str(submitted.bureau)
    enterprise.name, enterprise.credit_code = "更名有限公司", cast.invented_code(99)
    enterprise.save()
    other = Bureau.objects.get(code=cast.DATONG)
    Application.objects.filter(pk=submitted.pk).update(bureau=other)
    html = browser.get(url("receipt", submitted.pk)).content.decode()
    receipt = html[html.index("facts-receipt") :]
    assert f"{name}（{code}）" in receipt
    assert bureau in receipt
    assert "更名有限公司" not in receipt
    assert str(other) not in receipt


def test_submitting_twice_leads_to_the_same_receipt(browser, filled):
    for _ in range(2):
        response = browser.post(url("submit", filled.pk), agreed(filled))
        assert response.url == url("receipt", filled.pk)
    assert [r.number for r in filled.revisions.all()] == [1]
    assert browser.get(url("submit", filled.pk)).url == url("receipt", filled.pk)


def test_a_declaration_not_ticked_stops(browser, filled):
    some = dict(list(agreed(filled).items())[:1])
    response = browser.post(url("submit", filled.pk), some)
    assert response.status_code == 200
    assert "请阅读并勾选此项承诺后再提交。" in text_of(response)
    assert cast.fresh(filled).status == Status.DRAFT


def test_submitting_with_a_gap_says_what_is_missing(browser, filled, enterprise):
    cast.save(filled, "basic", {"contact_name": ""}, enterprise)
    response = browser.post(url("submit", filled.pk), agreed(filled), follow=True)
    assert response.redirect_chain == [(url("submit", filled.pk), 302)]
    assert messages_of(response) == ["还有 1 项须改正后才能提交。第一项：请填写“联系人”。"]
    assert not Revision.objects.exists()


def test_submitting_too_late_names_the_deadline_and_the_time(browser, filled):
    deadline = filled.round.enterprise_deadline
    with time_machine.travel(deadline + timedelta(seconds=5), tick=False):
        browser.force_login(filled.enterprise.user_set.get())
        response = browser.post(url("submit", filled.pk), agreed(filled), follow=True)
    local = timezone.localtime(deadline)
    assert messages_of(response) == [
        f"已过企业申报截止时间（{closing(deadline)}），"
        f"现在是 {local + timedelta(seconds=5):%Y-%m-%d %H:%M:%S}，"
        "不能再办理。如有特殊情况，请联系推荐单位或省厅。"
    ]
    assert not Revision.objects.exists()


def test_there_is_no_receipt_before_there_is_one(browser, filled):
    assert browser.get(url("receipt", filled.pk)).url == url("detail", filled.pk)


def test_the_submitted_text_can_be_read_again(browser, submitted):
    response = browser.get(url("revision", submitted.pk, 1))
    assert response.status_code == 200
    page = text_of(response)
    assert "示范智能工厂" in page
    assert "王䶮" in page
    assert browser.get(url("revision", submitted.pk, 2)).status_code == 404


# Withdrawing


def test_withdrawing_makes_it_a_draft_again(browser, submitted):
    response = browser.post(url("withdraw", submitted.pk), follow=True)
    assert response.redirect_chain == [(url("detail", submitted.pk), 302)]
    assert cast.fresh(submitted).status == Status.DRAFT
    assert "尚未提交" in text_of(response)
    assert browser.get(url("receipt", submitted.pk)).url == url("detail", submitted.pk)


def test_withdrawing_after_the_acceptance_is_refused_in_words(browser, submitted, officer):
    workflow.act(submitted, "accept", actor=officer)
    response = browser.post(url("withdraw", submitted.pk), follow=True)
    assert messages_of(response) == ["已被他人处理，请查看最新情况后再操作。"]
    assert cast.fresh(submitted).status == Status.ACCEPTED


def test_withdrawing_is_offered_only_while_it_is_possible(browser, submitted):
    detail = url("detail", submitted.pk)
    assert browser.get(detail).context["can_withdraw"] is True
    round = submitted.round
    round.enterprise_deadline = timezone.now()
    round.save()
    assert browser.get(detail).context["can_withdraw"] is False
    browser.post(url("withdraw", submitted.pk))
    assert cast.fresh(submitted).status == Status.SUBMITTED


# Who may come in


@pytest.fixture
def places(filled, enterprise):
    key = filled.instances.first().key
    gets = [
        url("detail", filled.pk),
        section_url(filled),
        url("submit", filled.pk),
        url("receipt", filled.pk),
        url("revision", filled.pk, 1),
        url("instance_new", filled.pk),
        url("instance", filled.pk, key),
    ]
    posts = [
        section_url(filled),
        url("submit", filled.pk),
        url("withdraw", filled.pk),
        url("instance", filled.pk, key),
        url("instance_move", filled.pk, key),
        url("instance_delete", filled.pk, key),
    ]
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    return gets, posts


def statuses(client, places):
    gets, posts = places
    return {client.get(place).status_code for place in gets} | {
        client.post(place, {"name": "外人"}).status_code for place in posts
    }


def test_a_rivals_application_is_not_found(client, rival, places):
    client.force_login(rival)
    assert statuses(client, places) == {404}


def test_a_rivals_draft_is_not_found_and_not_touched(client, rival, filled):
    client.force_login(rival)
    response = client.post(section_url(filled), sent(filled, project_name="外人"))
    assert response.status_code == 404
    assert client.post(url("submit", filled.pk), agreed(filled)).status_code == 404
    assert project_name(filled) == "示范智能工厂"
    assert cast.fresh(filled).status == Status.DRAFT


@pytest.mark.parametrize("who", ["officer", "province"])
def test_officers_have_pages_of_their_own(who, client, places, request):
    client.force_login(request.getfixturevalue(who))
    assert statuses(client, places) == {403}


def test_a_stranger_is_asked_to_sign_in(client, places):
    gets, _posts = places
    for place in gets:
        assert client.get(place).url == f"{reverse('accounts:login')}?next={place}"


def test_what_a_stranger_posts_changes_nothing_and_is_handed_back(client, places):
    _gets, posts = places
    for place in posts:
        response = client.post(place, {"name": "登录已失效的字"})
        assert response.status_code == 403
        assert "登录已失效的字" in text_of(response)


def test_nothing_of_it_is_kept_in_a_cache(browser, filled):
    for place in (url("index"), url("detail", filled.pk), section_url(filled)):
        assert "no-store" in browser.get(place)["Cache-Control"]


def test_a_save_needs_the_forms_token(draft, enterprise):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(enterprise)
    assert strict.post(section_url(draft), sent(draft, project_name="甲")).status_code == 403
    assert project_name(draft) == ""


@pytest.mark.parametrize(
    "seen",
    [
        *("2026-13-45T00:00:00+08:00", "昨天", "", "0001-01-01", "0001-01-01T00:00:00+14:00"),
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_page_that_does_not_say_what_it_showed_submits_nothing(browser, filled, seen):
    response = browser.post(url("submit", filled.pk), {**agreed(filled), "seen": seen})
    assert response.status_code == 302
    assert cast.fresh(filled).status == Status.DRAFT


def test_a_change_after_the_submit_page_was_opened_is_looked_at_first(browser, filled, enterprise):
    page = browser.get(url("submit", filled.pk))
    agreed = {f"declaration_{d.pk}": "on" for d in filled.version.declarations.all()}
    seen = page.context["application"].touched_at.isoformat()
    cast.save(filled, "factory", {"results": "同事刚改过的成效。"}, enterprise)
    response = browser.post(url("submit", filled.pk), {**agreed, "seen": seen}, follow=True)
    assert messages_of(response) == ["您打开页面之后，内容又有修改。请再核对一遍后提交。"]
    assert cast.fresh(filled).status == Status.DRAFT
