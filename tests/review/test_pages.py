"""The officers' pages: what they show, what their buttons do, and that nothing typed gets lost."""

import html
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from applications import workflow
from applications.models import Application
from applications.states import Status
from portal.catalogue.models import Bureau
from portal.rounds.models import Round
from review import ranking
from review.models import RankedList
from tests import cast


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
        *("q=%ff%fe", "q=%07%1b", "round=%07", "bureau=%ed%a0%80", "round=../../etc"),
        *("page=-1", "page=x", "page=999999999999999999999", "status=nonsense", "bureau=999999"),
        *("q=" + "字" * 500, "round=", "q=", "round=test&round=", "q[]=1"),
    ],
)
@pytest.mark.parametrize("page", ["inbox", "applications", "cockpit", "summary"])
def test_an_odd_address_is_no_error(client, filed, officer, province, page, query):
    client.force_login(officer if page == "inbox" else province)
    url = f"{reverse(f'review:{page}')}?{quote(query, safe='=&%[]')}"
    assert client.get(url, follow=True).status_code == 200


@pytest.mark.parametrize("name", ["q", "round", "bureau", "status", "page"])
@pytest.mark.parametrize("page", ["inbox", "applications", "cockpit", "summary"])
def test_an_address_that_no_person_types_is_refused(client, round, officer, province, page, name):
    client.force_login(officer if page == "inbox" else province)
    assert client.get(f"{reverse(f'review:{page}')}?{name}=a%00b").status_code == 400


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
        (Status.ACCEPTED, ["return_for_changes", "decline"]),
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


@pytest.mark.parametrize("end", ["return_for_changes", "seated", "sent"])
def test_where_nothing_can_be_decided_any_more_the_typed_opinion_is_given_back(
    as_officer, filed, officer, end
):
    application = cast.fresh(filed[Status.SUBMITTED])
    if end == "return_for_changes":
        cast.decide(application, end, officer, "同事的意见")
    else:
        cast.decide(application, "accept", officer)
        ranking.recommend(cast.list_of(application), application, actor=officer)
    if end == "sent":
        cast.send(application, officer)
    response = decide(as_officer, application, "decline", comment="写了很久的意见")
    assert response.status_code == 409
    assert "您刚才写的意见没有保存" in body(response)
    assert "写了很久的意见" in body(response)


@pytest.mark.parametrize("page", ["reader", "checklist", "visits", "interest", "similarity"])
def test_the_place_on_an_open_list_is_the_bureaus_own_affair(
    client, filed, officer, province, page
):
    application = filed[Status.ACCEPTED]
    ranking.recommend(cast.list_of(application), application, actor=officer)
    url = reverse(f"review:{page}", args=[application.pk])
    for user, sees in ((officer, True), (province, False)):
        client.force_login(user)
        assert ("推荐名单第 1 名" in body(client.get(url))) is sees
    cast.send(application, officer)
    client.force_login(province)
    assert "推荐名单第 1 名" in body(client.get(url))


def test_when_a_colleague_was_faster_the_typed_opinion_is_still_there(as_officer, filed, officer):
    application = filed[Status.SUBMITTED]
    cast.decide(application, "accept", officer)
    response = decide(as_officer, application, "accept", comment="写了很久的意见")
    assert response.status_code == 409
    assert "已被他人处理" in body(response)
    assert "写了很久的意见" in body(response)


# Sending


def sending(client, ranked_list, **data):
    """Sign and send, from a page as fresh as can be, knowing that enterprises still may file."""
    ranked_list.refresh_from_db()
    url = reverse("review:send", args=[ranked_list.round.slug])
    signed = {"version": ranked_list.version, "signatory": "李堃", "early": "on"}
    regrets = {f"regret-{pk}": reason for pk, reason in cast.regrets(ranked_list).items()}
    return client.post(url, {**signed, **regrets, **data})


def test_the_page_for_sending_shows_the_table_and_what_is_left_undone(
    as_officer, round, ranked_list, three
):
    cast.file_application(round, cast.make_enterprise(900))
    page = as_officer.get(reverse("review:send", args=[round.slug]))
    assert page.context["unfinished"] == {"submitted": 1, "returned": 0, "draft": 0}
    assert page.context["free"] == 0
    for text in ("测试企业1有限公司", "示范智能工厂", "张喆", "19912345678", "自填场景—实例5"):
        assert text in body(page)


def test_the_page_for_sending_counts_all_that_will_be_left(as_officer, round, filed):
    page = as_officer.get(reverse("review:send", args=[round.slug]))
    for text in ("1 项待审核", "1 项已退回，企业尚未重新提交", "1 项企业填报中，尚未提交"):
        assert text in body(page)


def test_the_page_for_sending_shows_the_opinions(as_officer, officer, round, three):
    found = cast.list_of(Application.objects.get(pk=three[1]))
    ranking.save_opinions(found, {three[1]: "第二名的理由"}, version=found.version, actor=officer)
    page = body(as_officer.get(reverse("review:send", args=[round.slug])))
    assert "第二名的理由" in page
    assert page.count("没有填写") == 2


def test_before_the_enterprises_deadline_sending_asks_whether_that_is_known(
    as_officer, round, ranked_list, three
):
    response = sending(as_officer, ranked_list, early="")
    assert response.status_code == 200
    assert "企业申报尚未截止" in body(response)
    assert "请先确认上面这一条" in body(response)
    ranked_list.refresh_from_db()
    assert ranked_list.is_open
    Round.objects.filter(pk=round.pk).update(enterprise_deadline=timezone.now())
    assert "企业申报尚未截止" not in body(as_officer.get(response.request["PATH_INFO"]))
    sending(as_officer, ranked_list, early="")
    ranked_list.refresh_from_db()
    assert not ranked_list.is_open


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
    ranking.save_opinions(
        ranked_list, {three[0]: "首位理由"}, version=ranked_list.version, actor=officer
    )
    ranked_list.refresh_from_db()
    ranking.send(
        ranked_list,
        version=ranked_list.version,
        signatory="李堃",
        statement="情况说明文字",
        regrets=cast.regrets(ranked_list),
        actor=officer,
    )
    ranked_list.refresh_from_db()
    return ranked_list


def act_on(client, ranked_list, button, **data):
    """A button of a list's page, as fresh as can be."""
    ranked_list.refresh_from_db()
    url = reverse(f"review:{button}", args=[ranked_list.pk])
    return client.post(url, {"version": ranked_list.version, **data})


@pytest.mark.parametrize("page", ["cockpit", "summary"])
def test_a_table_wider_than_a_phone_says_that_it_slides(as_province, round, page):
    assert "左右滑动查看全表" in body(as_province.get(reverse(f"review:{page}")))


def test_the_cockpit_counts_seats_and_lists(as_province, sent):
    context = as_province.get(reverse("review:cockpit")).context
    assert (context["totals"].taken, context["totals"].quota) == (3, 36)
    assert (context["sent"], context["received"]) == ([sent], [])
    act_on(as_province, sent, "receive")
    context = as_province.get(reverse("review:cockpit")).context
    assert (context["sent"], context["received"]) == ([], [sent])


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
    page = body(as_province.get(reverse("review:ranked_list", args=[sent.pk])))
    main = page.partition("<main")[2]
    sure = main.partition("<details")[2].partition("</details>")[0]
    assert reverse("review:receive", args=[sent.pk]) in sure
    assert "确认受理" in sure
    assert "已受理" in said(act_on(as_province, sent, "receive"))
    sent.refresh_from_db()
    assert sent.status == RankedList.Status.RECEIVED
    assert "已有变化" in said(act_on(as_province, sent, "receive"))


def test_a_list_is_sent_back_from_its_page_and_the_bureau_reads_why(
    client, sent, province, officer
):
    client.force_login(province)
    assert act_on(client, sent, "send_back", reason=" ").status_code == 409
    act_on(client, sent, "send_back", reason="第 2 名请核对。")
    sent.refresh_from_db()
    assert sent.was_returned
    client.force_login(officer)
    for page in (reverse("review:inbox"), reverse("review:board", args=[sent.round.slug])):
        assert "第 2 名请核对。" in body(client.get(page))


def test_a_reason_typed_too_late_is_still_there(as_province, sent, province):
    cast.receive(sent, province)
    response = act_on(as_province, sent, "send_back", reason="写了很久的理由")
    assert response.status_code == 409
    assert "已有变化" in body(response)


def test_the_summary_page_says_what_the_files_say(as_province, round, sent):
    page = body(as_province.get(reverse("review:summary"), {"sent": "1"}))
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


def test_a_round_is_published_from_its_page_once(as_province, province):
    draft = cast.make_round(province, slug="next", title="下一批次", published=False)
    url, page = (reverse(f"review:{name}", args=["next"]) for name in ("publish", "round"))
    assert url in body(as_province.get(page))
    assert "已发布，各推荐单位的名额已建立" in said(as_province.post(url))
    draft.refresh_from_db()
    assert draft.is_published
    assert url not in body(as_province.get(page))
    assert "该批次已发布" in said(as_province.post(url))


def test_a_bureau_that_joined_later_is_told_so_and_seated_from_the_page_of_the_round(
    client, round, province
):
    late = Bureau.objects.create(
        code="149900", name="新设推荐单位", short_name="新设市", kind="市", order=99
    )
    newcomer = cast.make_officer(late.code)
    client.force_login(newcomer)
    page = client.get(reverse("review:inbox"))
    assert page.status_code == 200
    assert "本单位在该批次还没有名额" in body(page)
    client.force_login(province)
    url = reverse("review:seat", args=[round.slug])
    assert "还没有名额：新设市" in body(client.get(reverse("review:rounds")))
    page = reverse("review:round", args=[round.slug])
    assert url in body(client.get(page))
    assert "均已有名额" in said(client.post(url))
    assert url not in body(client.get(page))
    assert round.ranked_lists.filter(bureau=late).exists()


def test_publishing_late_says_that_nobody_can_file_any_more(as_province, province):
    draft = cast.make_round(province, slug="next", published=False)
    past = timezone.now() - timedelta(hours=1)
    said_of = []
    for deadline in (draft.enterprise_deadline, past):
        Round.objects.filter(pk=draft.pk).update(enterprise_deadline=deadline)
        page = body(as_province.get(reverse("review:round", args=["next"])))
        said_of.append("发布后企业不能申报" in page)
    assert said_of == [False, True]


def test_a_bureau_without_a_recommendation_is_noted_and_not_missing(
    as_province, round, ranked_list, officer
):
    ranking.send(ranked_list, version=0, signatory="签", statement="无。", actor=officer)
    assert f"{officer.bureau.name}：已报送，本批次无推荐项目" in body(
        as_province.get(reverse("review:summary"), {"sent": "1"})
    )
    page = as_province.get(reverse("review:ranked_list", args=[ranked_list.pk]))
    assert "已报送，本批次无推荐项目。" in body(page)


def test_the_address_of_a_button_explains_itself(as_province, sent):
    response = as_province.get(reverse("review:receive", args=[sent.pk]))
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "这个地址不能直接打开" in body(response)


def test_what_was_just_submitted_has_not_waited_no_minutes(as_officer, filed):
    assert "刚刚</td>" in body(as_officer.get(reverse("review:inbox")))


def test_a_round_that_lacks_something_cannot_be_published_and_says_what(as_province, province):
    draft = cast.make_round(province, slug="next", published=False, scenario_edition=2031)
    page = body(as_province.get(reverse("review:rounds")))
    assert "场景指引 2031 年版未导入" in page
    response = as_province.post(reverse("review:publish", args=["next"]))
    assert "场景指引 2031 年版未导入" in said(response)
    draft.refresh_from_db()
    assert not draft.is_published
