"""The officers' pages: what they show, what their buttons do, and that nothing typed gets lost."""

import html
import re
from urllib.parse import quote

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from applications import workflow
from applications.models import Application
from applications.states import Status
from portal.errors import StaleState
from review import ranking
from review.models import RankedList
from tests import cast


@pytest.fixture
def as_officer(client, officer):
    client.force_login(officer)
    return client


@pytest.fixture
def as_province(client, province):
    client.force_login(province)
    return client


def body(response) -> str:
    return html.unescape(response.content.decode())


def said(response) -> str:
    """The messages a person reads on the page that follows."""
    return "".join(str(message) for message in get_messages(response.wsgi_request))


def listed(response) -> list[str]:
    return [application.enterprise.name for application in response.context["page"]]


def order(ranked_list) -> list[int]:
    return ranking.order_of(ranking.seats_of(ranked_list))


def opinions(ranked_list) -> list[str]:
    return [seat.opinion for seat in ranking.seats_of(ranked_list)]


# Inbox and the province's list


@pytest.fixture
def filed(round, officer):
    """One application of Taiyuan in each of four states, by state."""
    names = {
        Status.DRAFT: "百分之百%有限公司",
        Status.SUBMITTED: "待审_有限公司",
        Status.RETURNED: "退回有限公司",
        Status.ACCEPTED: "通过有限公司",
    }
    return {
        status: cast.bring_to(status, round, cast.make_enterprise(number, name=name), officer)
        for number, (status, name) in enumerate(names.items(), 1)
    }


def test_what_waits_for_the_bureau_comes_first(as_officer, filed):
    assert listed(as_officer.get(reverse("review:inbox")))[0] == "待审_有限公司"


def test_states_are_counted_and_called_as_the_bureau_calls_them(as_officer, filed):
    page = as_officer.get(reverse("review:inbox"), {"status": "accepted"})
    counts = {label: number for _value, label, number in page.context["counts"]}
    assert counts["全部"] == 4
    assert counts["待审核"] == counts["审核通过"] == 1
    assert counts["不予推荐"] == 0
    assert listed(page) == ["通过有限公司"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("退回", ["退回有限公司"]),
        ("  退回 ", ["退回有限公司"]),
        ("示范智能工厂", ["待审_有限公司", "退回有限公司", "通过有限公司"]),
        ("%", ["百分之百%有限公司"]),
        ("_", ["待审_有限公司"]),
        ("91140100max000003", ["退回有限公司"]),
        ("000003", []),
        ("没有这家", []),
        ("'; DROP TABLE--", []),
    ],
)
@pytest.mark.parametrize("page", ["inbox", "applications"])
def test_search_finds_names_projects_and_codes_literally(
    client, filed, officer, province, page, text, found
):
    client.force_login({"inbox": officer, "applications": province}[page])
    response = client.get(reverse(f"review:{page}"), {"q": text})
    assert sorted(listed(response)) == sorted(found)
    assert "没有" in body(response) or found


@pytest.mark.parametrize(
    "query",
    [
        *("q=%00", "round=%00", "bureau=%00", "status=%00", "q=%ff%fe", "page=%00"),
        *("page=-1", "page=x", "page=999999999999999999999", "status=nonsense", "bureau=999999"),
        *("q=" + "字" * 500, "round=", "q=", "round=test&round=", "q[]=1"),
    ],
)
@pytest.mark.parametrize("page", ["inbox", "applications", "cockpit", "summary"])
def test_an_odd_address_is_no_error(client, filed, officer, province, page, query):
    client.force_login(officer if page == "inbox" else province)
    url = f"{reverse(f'review:{page}')}?{quote(query, safe='=&%[]')}"
    assert client.get(url, follow=True).status_code == 200


@pytest.mark.parametrize("number", [0, 32768, 2**31, 2**63, 10**30])
def test_a_number_that_names_nothing_is_not_found(client, round, officer, province, number):
    for user, name in ((officer, "reader"), (province, "ranked_list")):
        client.force_login(user)
        url = reverse(f"review:{name}", args=[0]).replace("/0/", f"/{number}/")
        assert client.get(url).status_code == 404


def test_without_any_round_every_page_still_says_something(client, officer, province):
    client.force_login(officer)
    assert client.get(reverse("review:inbox")).status_code == 200
    client.force_login(province)
    for page in ("cockpit", "applications", "summary"):
        response = client.get(reverse(f"review:{page}"))
        assert response.url == reverse("review:rounds")
    assert client.get(reverse("review:rounds")).status_code == 200


def test_an_unpublished_round_cannot_be_opened_by_its_name(client, province, officer):
    cast.make_round(province, slug="later", title="以后的批次", published=False)
    for user, page in ((officer, "inbox"), (province, "applications")):
        client.force_login(user)
        assert "page" not in (
            client.get(reverse(f"review:{page}"), {"round": "later"}).context or ()
        )


# Reading and deciding


def decide(client, application, verb, **data):
    url = reverse("review:decide", args=[application.pk, verb])
    return client.post(url, {"revision": application.current_revision_id, **data})


def test_the_reader_shows_the_revision_and_not_the_draft(as_officer, filed):
    application = filed[Status.RETURNED]
    owner = application.enterprise.user_set.get()
    cast.save(application, "factory", {"introduction": "改了一半的话"}, owner)
    page = body(as_officer.get(reverse("review:reader", args=[application.pk])))
    assert "项目简介。" in page
    assert "改了一半的话" not in page


def test_an_application_never_submitted_shows_no_answers(as_officer, filed):
    application = filed[Status.DRAFT]
    owner = application.enterprise.user_set.get()
    cast.save(application, "factory", {"introduction": "还没提交的话"}, owner)
    page = body(as_officer.get(reverse("review:reader", args=[application.pk])))
    assert "还没提交的话" not in page
    assert "还没有提交过" in page


def test_an_older_revision_can_be_read_again(as_officer, round, filed):
    application = filed[Status.RETURNED]
    owner = application.enterprise.user_set.get()
    cast.save(application, "factory", {"introduction": "第二版的话"}, owner)
    workflow.submit(application, cast.declarations(round), actor=owner)
    old, new = (
        body(as_officer.get(reverse("review:revision", args=[application.pk, number])))
        for number in (1, 2)
    )
    assert "项目简介。" in old
    assert "第二版的话" not in old
    assert "第二版的话" in new
    url = reverse("review:revision", args=[application.pk, 3])
    assert as_officer.get(url).status_code == 404


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (Status.DRAFT, []),
        (Status.SUBMITTED, ["accept", "return_for_changes", "decline"]),
        (Status.RETURNED, []),
        (Status.ACCEPTED, ["decline"]),
    ],
)
def test_the_reader_offers_what_can_be_done(as_officer, filed, status, offered):
    page = body(as_officer.get(reverse("review:reader", args=[filed[status].pk])))
    assert re.findall(r'formaction="[^"]*/(\w+)/"', page) == offered


def test_every_button_of_the_reader_works(as_officer, filed):
    for status, verb, target in (
        (Status.SUBMITTED, "decline", Status.DECLINED),
        (Status.DECLINED, "undo_decline", Status.SUBMITTED),
        (Status.SUBMITTED, "accept", Status.ACCEPTED),
    ):
        application = cast.fresh(filed[Status.SUBMITTED])
        assert application.status == status
        here = reverse("review:reader", args=[application.pk])
        page = body(as_officer.get(here))
        [revision] = re.findall(r'name="revision" value="(\d+)"', page)
        response = decide(as_officer, application, verb, comment="意见", revision=revision)
        assert response.url == here
        assert "已办理" in said(response)
        assert cast.fresh(application).status == target


@pytest.mark.parametrize("verb", ["submit", "withdraw", "recommend", "release", "nonsense"])
def test_no_other_verb_is_carried_out(as_officer, filed, verb):
    response = decide(as_officer, filed[Status.ACCEPTED], verb, comment="意见")
    assert response.status_code == 404
    assert cast.fresh(filed[Status.ACCEPTED]).status == Status.ACCEPTED


def test_a_decision_without_its_reason_is_refused_with_words(as_officer, filed):
    response = decide(as_officer, filed[Status.SUBMITTED], "decline", comment="  ")
    assert response.status_code == 409
    assert "请填写“不予推荐”的理由" in body(response)


def test_an_opinion_that_is_too_long_is_still_there(as_officer, filed):
    typed = "长" * 2001
    response = decide(as_officer, filed[Status.SUBMITTED], "decline", comment=typed)
    assert response.status_code == 409
    assert typed in body(response)
    assert cast.fresh(filed[Status.SUBMITTED]).status == Status.SUBMITTED


def test_a_decision_on_what_the_enterprise_has_replaced_is_not_carried_out(
    as_officer, round, filed
):
    read = filed[Status.SUBMITTED]
    owner = read.enterprise.user_set.get()
    workflow.withdraw(cast.fresh(read), actor=owner)
    workflow.submit(cast.fresh(read), cast.declarations(round), actor=owner)
    response = decide(as_officer, read, "decline", comment="写了很久的意见")
    assert response.status_code == 409
    assert "企业已提交新的版本" in body(response)
    assert "写了很久的意见" in body(response)
    assert cast.fresh(read).status == Status.SUBMITTED


def test_when_a_colleague_was_faster_the_typed_opinion_is_still_there(as_officer, filed, officer):
    application = filed[Status.SUBMITTED]
    cast.decide(application, "accept", officer)
    response = decide(as_officer, application, "return_for_changes", comment="写了很久的意见")
    assert response.status_code == 409
    assert "已被他人处理" in body(response)
    assert "写了很久的意见" in body(response)


# The board


@pytest.fixture
def three(ranked_list, make_accepted, officer):
    """Three on the list; a fourth accepted and waiting."""
    *three, _fourth = make_accepted(4)
    for application in three:
        ranking.recommend(ranked_list, application, actor=officer)
    return [application.pk for application in three]


def press(client, ranked_list, button, **data):
    """A button of the board, on a page as fresh as can be."""
    ranked_list.refresh_from_db()
    url = reverse(f"review:{button}", args=[ranked_list.round.slug])
    return client.post(url, {"version": ranked_list.version, **data})


def test_candidates_are_the_accepted_without_a_seat(as_officer, round, three, ranked_list):
    page = as_officer.get(reverse("review:board", args=[round.slug]))
    [candidate] = page.context["candidates"]
    assert candidate.pk not in three
    assert candidate.status == Status.ACCEPTED


@pytest.mark.parametrize(
    ("move", "which", "expected"),
    [
        ("up", 1, [1, 0, 2]),
        ("up", 2, [0, 2, 1]),
        ("down", 0, [1, 0, 2]),
        ("down", 1, [0, 2, 1]),
        ("remove", 0, [1, 2]),
        ("remove", 2, [0, 1]),
        ("up", 0, [0, 1, 2]),
        ("down", 2, [0, 1, 2]),
        ("sideways", 1, [0, 1, 2]),
        ("", 1, [0, 1, 2]),
    ],
)
def test_the_buttons_of_a_seat_move_it(as_officer, ranked_list, three, move, which, expected):
    response = press(as_officer, ranked_list, "reorder", application=three[which], move=move)
    assert response.url == reverse("review:board", args=[ranked_list.round.slug])
    assert order(ranked_list) == [three[place] for place in expected]


def test_no_button_of_the_board_loses_a_typed_opinion(as_officer, ranked_list, three):
    typed = {"opinion-1": "甲的理由", "opinion-2": "乙的理由"}
    press(as_officer, ranked_list, "reorder", application=three[0], move="down", **typed)
    assert opinions(ranked_list) == ["乙的理由", "甲的理由", ""]
    press(as_officer, ranked_list, "opinions", **{"opinion-3": "丙的\r\n理由"})
    assert opinions(ranked_list) == ["乙的理由", "甲的理由", "丙的\n理由"]
    press(
        as_officer,
        ranked_list,
        "reorder",
        application=three[2],
        move="remove",
        **{"opinion-1": "乙的新理由"},
    )
    assert opinions(ranked_list) == ["乙的新理由", "甲的理由", ""]


def test_on_a_list_that_a_colleague_changed_nothing_is_done_and_the_text_is_shown(
    as_officer, ranked_list, three, officer
):
    old = RankedList.objects.get(pk=ranked_list.pk).version
    ranking.replace_order(ranked_list, three[:2], version=old, actor=officer)
    for button, data in (
        ("reorder", {"application": three[1], "move": "up"}),
        ("opinions", {}),
    ):
        url = reverse(f"review:{button}", args=[ranked_list.round.slug])
        response = as_officer.post(url, {"version": old, "opinion-1": "写了很久的理由", **data})
        assert response.status_code == 409
        assert "刚被他人改动" in body(response)
        assert "写了很久的理由" in body(response)
        assert order(ranked_list) == three[:2]
        assert opinions(ranked_list) == ["", "", ""]


def test_moving_what_is_no_longer_on_the_list_is_refused(as_officer, ranked_list, three):
    response = press(as_officer, ranked_list, "reorder", application=three[0], move="remove")
    response = press(as_officer, ranked_list, "reorder", application=three[0], move="up")
    assert response.status_code == 409
    assert "已不在名单中" in body(response)


def test_a_fourth_is_refused_with_words(as_officer, ranked_list, three):
    fourth = Application.objects.exclude(pk__in=three).get()
    response = press(as_officer, ranked_list, "recommend", application=fourth.pk)
    assert response.status_code == 409
    assert "3 个名额已满；如需更换，请先移出一个。" in body(response)
    assert order(ranked_list) == three


@pytest.mark.parametrize("pk", ["", "x", "-1", "1e3", "９", "9" * 40])
def test_recommending_nothing_in_particular_is_not_found(as_officer, ranked_list, pk):
    assert press(as_officer, ranked_list, "recommend", application=pk).status_code == 404


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 11, "9" * 40])
def test_a_version_that_is_none_changes_nothing(as_officer, ranked_list, three, version):
    url = reverse("review:reorder", args=[ranked_list.round.slug])
    data = {"version": version, "application": three[0], "move": "remove"}
    assert as_officer.post(url, data).status_code == 409
    assert order(ranked_list) == three


# Sending


def sending(client, ranked_list, **data):
    ranked_list.refresh_from_db()
    url = reverse("review:send", args=[ranked_list.round.slug])
    return client.post(url, {"version": ranked_list.version, "signatory": "李堃", **data})


def test_the_page_for_sending_shows_the_table_and_what_is_left_undone(
    as_officer, round, ranked_list, three
):
    cast.file_application(round, cast.make_enterprise(900))
    page = as_officer.get(reverse("review:send", args=[round.slug]))
    assert page.context["pending"] == 1
    assert page.context["free"] == 0
    for text in ("测试企业1有限公司", "示范智能工厂", "张喆", "19912345678", "自填场景—实例5"):
        assert text in body(page)


def test_a_list_is_sent_from_its_page(as_officer, round, ranked_list, three):
    response = sending(as_officer, ranked_list)
    assert response.url == reverse("review:board", args=[round.slug])
    ranked_list.refresh_from_db()
    assert ranked_list.status == RankedList.Status.SENT
    page = as_officer.get(response.url)
    assert "推荐名单已报送省厅" in body(page)
    assert "李堃" in body(page)
    assert sending(as_officer, ranked_list).url == response.url


def test_what_keeps_a_list_from_being_sent_is_said(as_officer, round, ranked_list):
    for data, sentence in (
        ({"signatory": " ", "statement": "无。"}, "请填写签发人姓名"),
        ({"statement": ""}, "名单为空：请填写情况说明"),
        ({"statement": "无。", "version": 999}, "刚被他人改动"),
    ):
        response = sending(as_officer, ranked_list, **data)
        assert response.status_code == 200
        assert sentence in body(response)
        assert data["statement"] in body(response)
    ranked_list.refresh_from_db()
    assert ranked_list.is_open


def test_a_list_sent_from_a_page_that_a_colleague_overtook_is_not_sent(
    as_officer, round, ranked_list, three, officer
):
    old = RankedList.objects.get(pk=ranked_list.pk).version
    ranking.replace_order(ranked_list, three[:1], version=old, actor=officer)
    response = sending(as_officer, ranked_list, version=old)
    assert "刚被他人改动" in body(response)
    ranked_list.refresh_from_db()
    assert ranked_list.is_open
    # The page now shows, and would send, the list as it is.
    assert f'name="version" value="{ranked_list.version}"' in body(response)


# The province


@pytest.fixture
def sent(ranked_list, three, officer):
    ranked_list.refresh_from_db()
    ranking.save_opinions(ranked_list, {1: "首位理由"}, version=ranked_list.version, actor=officer)
    ranked_list.refresh_from_db()
    ranking.send(
        ranked_list,
        version=ranked_list.version,
        signatory="李堃",
        statement="情况说明文字",
        actor=officer,
    )
    ranked_list.refresh_from_db()
    return ranked_list


def test_every_number_of_the_cockpit_opens_the_list_behind_it(
    as_province, round, filed, other_officer
):
    cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(50, cast.DATONG), other_officer)
    page = body(as_province.get(reverse("review:cockpit")))
    numbers = re.findall(r'href="(/review/province/applications/[^"]*)"[^>]*>(\d+)</a>', page)
    assert len(numbers) > 12 * 7
    for url, number in numbers:
        if number != "0" or "140100" in url:
            assert as_province.get(url).context["page"].paginator.count == int(number), url
    assert sorted(int(number) for _, number in numbers)[-1] == 5


def test_the_cockpit_counts_seats_and_lists(as_province, sent):
    context = as_province.get(reverse("review:cockpit")).context
    assert context["seats"] == {"taken": 3, "total": 36}
    assert (context["sent"], context["received"]) == (1, 0)
    as_province.post(reverse("review:receive", args=[sent.pk]))
    context = as_province.get(reverse("review:cockpit")).context
    assert (context["sent"], context["received"]) == (0, 1)


def test_an_open_list_is_not_shown_to_the_province_before_it_is_sent(
    as_province, ranked_list, three
):
    page = body(as_province.get(reverse("review:ranked_list", args=[ranked_list.pk])))
    assert "测试企业1有限公司" not in page
    assert "尚未报送" in page


def test_a_sent_list_is_shown_with_its_opinions_statement_and_signatory(as_province, sent):
    page = body(as_province.get(reverse("review:ranked_list", args=[sent.pk])))
    for text in ("测试企业1有限公司", "首位理由", "情况说明文字", "李堃"):
        assert text in page


def test_a_list_is_received_from_its_page_once(as_province, sent):
    url = reverse("review:receive", args=[sent.pk])
    assert "已受理" in said(as_province.post(url))
    sent.refresh_from_db()
    assert sent.status == RankedList.Status.RECEIVED
    assert str(StaleState()) in said(as_province.post(url))


def test_a_list_is_sent_back_from_its_page_and_the_bureau_reads_why(
    client, sent, province, officer
):
    client.force_login(province)
    url = reverse("review:send_back", args=[sent.pk])
    assert client.post(url, {"reason": " "}).status_code == 409
    client.post(url, {"reason": "第 2 名请核对。"})
    sent.refresh_from_db()
    assert sent.was_returned
    client.force_login(officer)
    for page in (reverse("review:inbox"), reverse("review:board", args=[sent.round.slug])):
        assert "第 2 名请核对。" in body(client.get(page))


def test_a_reason_typed_too_late_is_still_there(as_province, sent, province):
    cast.receive(sent, province)
    url = reverse("review:send_back", args=[sent.pk])
    response = as_province.post(url, {"reason": "写了很久的理由"})
    assert response.status_code == 409
    assert str(StaleState()) in body(response)


def test_the_summary_page_says_what_the_files_say(as_province, round, sent):
    page = body(as_province.get(reverse("review:summary")))
    for text in (
        "卓越级智能工厂项目推荐汇总表",
        "卓越级智能工厂项目名称",
        "涉及典型场景实例（罗列）",
        "测试企业1有限公司",
        "19912345678",
        "注：1.推荐的卓越级智能工厂项目按优先次序排名；",
    ):
        assert text in page
    assert page.count("尚未报送") == 11


def test_a_round_is_published_from_the_list_of_rounds_once(as_province, province):
    draft = cast.make_round(province, slug="next", title="下一批次", published=False)
    url = reverse("review:publish", args=["next"])
    assert url in body(as_province.get(reverse("review:rounds")))
    assert "已发布，各推荐单位的名额已建立" in said(as_province.post(url))
    draft.refresh_from_db()
    assert draft.is_published
    assert url not in body(as_province.get(reverse("review:rounds")))
    assert "该批次已发布" in said(as_province.post(url))


def test_a_round_that_lacks_something_cannot_be_published_and_says_what(as_province, province):
    draft = cast.make_round(province, slug="next", published=False, scenario_edition=2031)
    page = body(as_province.get(reverse("review:rounds")))
    assert "场景指引 2031 年版未导入" in page
    response = as_province.post(reverse("review:publish", args=["next"]))
    assert "场景指引 2031 年版未导入" in said(response)
    draft.refresh_from_db()
    assert not draft.is_published
