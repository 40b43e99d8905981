"""The reminder before submitting: what it stops at, what it passes over, what it leaves behind.

The numbers are invented; those that are to be found pass their check digits.
"""

import logging

import pytest
from django.urls import reverse

from applications import checks, workflow
from applications.checks.sensitive import passages
from applications.models import Event
from portal.errors import NotAllowed
from tests import cast
from tests.applications.conftest import filing_of

IDENTITY = "11010519491231002X"  # the example of GB 11643
CARD = "6222020000000000000"
MOBILE = "13800138000"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "text",
    [
        "机密★",
        "秘密 ★ 10年",
        "【内部资料】",
        "（秘密）",
        "密级：机密",
        "本资料为内部资料，注意保存。",
        "内部文件，严禁外传",
        "第一行\n绝密\n第三行",
        "产品为机密级。",
        "本项目涉及国家秘密。",
    ],
)
def test_a_mark_of_secrecy_is_stopped_at(text):
    ((kind, shown),) = passages(text)
    assert kind == "密级或内部字样"
    assert shown in text


@pytest.mark.parametrize(
    "text",
    [
        "申报材料不涉及国家秘密、商业秘密。",
        "未涉及国家秘密",
        "保证数据的机密性、完整性和可用性。",
        "建立商业秘密保护制度。",
        "内部资料管理系统",
        "防止涉及国家秘密的内容外泄",
        "不含内部资料，严禁外传的内容一律未列入",
        "密级管理制度健全",
        "项目属于国家重点研发计划",
        "发现了节能的秘密",
    ],
)
def test_talk_of_secrecy_is_no_mark(text):
    assert list(passages(text)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"身份证{IDENTITY}。", ("疑似身份证号", "110***********002X")),
        ("身份证１１０１０５１９４９１２３１００２ｘ", ("疑似身份证号", "110***********002X")),
        ("110105 19491231 002X", ("疑似身份证号", "110***********002X")),
        (f"联系张工{MOBILE}", ("疑似手机号", "138****8000")),
        ("电话 138 0013 8000", ("疑似手机号", "138****8000")),
        (f"+86{MOBILE}", ("疑似手机号", "861******8000")),
        (f"{MOBILE} 分机 2", ("疑似手机号", "138****8000")),
        ("138-0013-8000", ("疑似手机号", "138****8000")),
        (f"卡号 {CARD}", ("疑似银行卡号", "622************0000")),
        ("6222 0200 0000 0000 000", ("疑似银行卡号", "622************0000")),
        ("护照号：E12345678", ("疑似护照号", "E12**5678")),
    ],
)
def test_a_personal_number_is_stopped_at_and_masked(text, found):
    assert list(passages(text)) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # the check digit is another
        "110105194902300021",  # there is no such day
        "6222020000000000001",
        "12345678901",
        "138001380001234",
        "A13800138000",
        "设备编号 E12345678",
        "总投资 13800138000.00 元",
        "91140100MAX080078L",
        "2022 2023 2024",
        "0351-3183088",
        "1.13800138000",
        "版本 2024-11-22-08-30-15-001",
        "",
    ],
)
def test_other_numbers_are_passed_over(text):
    assert list(passages(text)) == []


def test_the_same_number_twice_in_a_field_is_one_reminder(filing):
    filing.answers["factory"].introduction = f"{MOBILE}，或{MOBILE}"
    (reminder,) = checks.sensitive(filing)
    assert reminder.message == "“项目简介”中有疑似手机号：138****8000"
    assert reminder.anchor == "id_introduction"


def test_a_row_is_named_and_linked(filing):
    filing.rows["instances"][1].effect = "密级：秘密"
    (reminder,) = checks.sensitive(filing)
    assert reminder.message == "典型场景实例 2：“应用成效”中有密级或内部字样：密级：秘密"
    assert (reminder.group, reminder.key) == ("instances", filing.rows["instances"][1].key)


def test_the_fields_that_ask_for_a_number_may_hold_it(filing):
    filing.answers["basic"].contact_phone = MOBILE
    assert filing.answers["basic"].contact_mobile
    assert checks.sensitive(filing) == []


def test_what_did_not_parse_is_read_as_typed(filing):
    filing.answers["factory"].unparsed = {"project_name": f"{MOBILE}" + "字" * 200}
    (reminder,) = checks.sensitive(filing)
    assert MOBILE not in reminder.message


# Submitting


@pytest.fixture
def telling(filled, enterprise):
    """Complete, with a mobile number and an identity number left in texts."""
    cast.save(filled, "factory", {"introduction": f"联系{MOBILE}，{IDENTITY}。"}, enterprise)
    return cast.fresh(filled)


def test_submitting_waits_for_the_acknowledgement(telling, enterprise):
    with pytest.raises(NotAllowed, match="逐条核对"):
        workflow.submit(telling, cast.declarations(telling.round), actor=enterprise)
    assert cast.fresh(telling).current_revision is None


def test_what_was_acknowledged_is_kept_masked(telling, enterprise):
    agreed = cast.declarations(telling.round)
    revision = workflow.submit(telling, agreed, actor=enterprise, acknowledged=True)
    assert revision.data["acknowledged"] == [
        "“项目简介”中有疑似手机号：138****8000",
        "“项目简介”中有疑似身份证号：110***********002X",
    ]
    event = Event.objects.get(revision=revision)
    assert event.comment == "提交前已核对 2 处涉密或个人信息提示。"


def test_without_anything_to_acknowledge_nothing_is_kept(submitted):
    assert "acknowledged" not in submitted.current_revision.data
    assert submitted.events.get(verb="submit").comment == ""


def test_the_numbers_never_reach_the_log(telling, enterprise, browser, caplog):
    caplog.set_level(logging.DEBUG)
    url = reverse("applications:submit", args=[telling.pk])
    browser.get(url)
    browser.post(url, {})
    written = [r.getMessage() for r in caplog.records if not r.name.startswith("django.db")]
    assert not any(MOBILE in line or IDENTITY in line for line in written)


def post_all(browser, application, **extra):
    ticks = {f"declaration_{d.pk}": "on" for d in application.version.declarations.all()}
    ticks["seen"] = cast.fresh(application).touched_at.isoformat()
    url = reverse("applications:submit", args=[application.pk])
    return browser.post(url, {**ticks, **extra}, follow=True)


def test_the_page_lists_them_masked_and_asks_for_a_tick(telling, browser):
    page = browser.get(reverse("applications:submit", args=[telling.pk])).content.decode()
    assert "138****8000" in page
    assert MOBILE not in page
    assert "我已逐条核对上列 2 处内容" in page
    refused = post_all(browser, telling)
    assert "请核对上列内容，修改或勾选确认后再提交。" in refused.content.decode()
    assert cast.fresh(telling).is_editable
    post_all(browser, telling, acknowledged="on")
    assert not cast.fresh(telling).is_editable


def test_without_any_the_page_asks_for_no_tick(filled, browser):
    page = browser.get(reverse("applications:submit", args=[filled.pk])).content.decode()
    assert "acknowledged" not in page
    post_all(browser, filled)
    assert not cast.fresh(filled).is_editable


def test_the_reader_sees_what_was_acknowledged(telling, enterprise, browser):
    agreed = cast.declarations(telling.round)
    workflow.submit(telling, agreed, actor=enterprise, acknowledged=True)
    page = browser.get(reverse("applications:revision", args=[telling.pk, 1])).content.decode()
    assert "“项目简介”中有疑似手机号：138****8000" in page


def test_a_submission_with_a_comment_of_its_own_is_no_opinion(telling, enterprise, browser):
    agreed = cast.declarations(telling.round)
    workflow.submit(telling, agreed, actor=enterprise, acknowledged=True)
    page = browser.get(reverse("applications:detail", args=[telling.pk])).content.decode()
    assert "opinion-title" not in page
    assert "提交前已核对 2 处" in page


def test_an_empty_draft_reminds_of_nothing(draft):
    assert checks.sensitive(filing_of(draft)) == []
