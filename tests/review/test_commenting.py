"""The bureau's pages for asking for changes, and what it reads when the answers come."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import commenting, interests, workflow
from applications.models import Comment
from applications.states import Status
from portal.accounts.models import Role
from review import bulk
from review.phrases import STARTERS
from tests import cast

CONTENT = ("scenarios", "instances", "k2", "content")
REVENUE = ("basic", "finance_years", "2023", "revenue")
PROJECT = ("factory", "", "", "project_name")


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1)


@pytest.fixture
def application(round, owner):
    return cast.file_application(round, owner)


@pytest.fixture
def desk(client, officer):
    """A browser in which the officer has signed in."""
    client.force_login(officer)
    return client


def reader(application):
    return reverse("review:reader", args=[application.pk])


def ask(application, place):
    section, group, key, field = place
    url = reverse("review:comment_add", args=[application.pk, section])
    return f"{url}?group={group}&key={key}&field={field}"


def form(application, text="请核对。", kind="wrong", field=""):
    revision = application.current_revision_id
    return {"text": text, "kind": kind, "field": field, "revision": revision}


def remark(application, place, officer, text="请核对。"):
    revision = application.current_revision_id
    return commenting.add(application, place, "wrong", text, revision=revision, actor=officer)


def answered(application, owner, officer, *places, text="请核对。"):
    """Ask for changes at these places, have 已改 said to each, and submit again."""
    for place in places:
        remark(application, place, officer, text)
    application = cast.decide(application, "return_for_changes", officer)
    for comment in application.current_revision.comments.all():
        commenting.answer(comment, "changed", seen=None, actor=owner)
    cast.save(application, "factory", {"project_name": "改过的名称"}, owner)
    workflow.submit(application, cast.declarations(application.round), actor=owner)
    return cast.fresh(application)


def close(application, officer):
    """Be content with every answer."""
    for comment in application.comments.undecided():
        revision = application.current_revision_id
        commenting.close(comment, revision=revision, actor=officer)


def body(response):
    return html.unescape(response.content.decode())


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", body(response)).split())


# Writing


def test_every_place_of_the_current_revision_has_a_link_that_opens(desk, application):
    links = re.findall(
        r'class="ask"\s+data-ask\s+href="([^"]+)"', body(desk.get(reader(application)))
    )
    places = sum(
        1
        + len(section["fields"])
        + sum(
            1 + (len(row["fields"]) if group["slug"] == "instances" else 0)
            for group in section["groups"]
            for row in group["rows"]
        )
        for section in application.current_revision.data["sections"]
    )
    assert len(links) == len(set(links)) == places
    for link in [*links[:5], *links[-25:-20]]:
        assert desk.get(link).status_code == 200


@pytest.mark.parametrize("place", [CONTENT, REVENUE, PROJECT, ("factory", "", "", "")])
def test_a_comment_is_written_at_its_place_and_shown_there(desk, application, officer, place):
    page = desk.get(ask(application, place))
    assert page.context["form"].initial["field"] == place[3]
    response = desk.post(ask(application, place), form(application, "请补充。", field=place[3]))
    comment = Comment.objects.get()
    assert response.url == f"{reader(application)}#comment-{comment.pk}"
    assert (comment.place, comment.author) == (place, officer)
    page = body(desk.get(reader(application)))
    assert page.count(f'id="comment-{comment.pk}"') == 1
    assert "1 条，尚未发送" in page


def test_a_row_of_a_table_lets_the_field_be_chosen(desk, application):
    url = ask(application, (*REVENUE[:3], ""))
    assert "整行" in body(desk.get(url))
    desk.post(url, form(application, field="profit"))
    assert Comment.objects.get().place == (*REVENUE[:3], "profit")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"text": ""}, "请填写意见"),
        ({"text": " \r\n "}, "请填写意见"),
        ({"text": "字" * 1001}, "请删减 1 字"),
        ({"kind": "nonsense"}, "从列出的类别中选择"),
        ({"field": "nonsense"}, "从列出的栏目中选择"),
        ({"revision": ""}, "请刷新页面"),
        ({"revision": "999999"}, "新的版本"),
    ],
)
def test_what_cannot_be_taken_is_shown_again_with_a_sentence(desk, application, data, sentence):
    response = desk.post(ask(application, PROJECT), {**form(application, "写好的话。"), **data})
    assert response.status_code == 409
    assert sentence in text_of(response)
    assert data.get("text", "写好的话。").strip() in text_of(response)
    assert not Comment.objects.exists()


def test_a_place_that_is_not_there_leads_back_with_a_sentence(desk, application):
    url = ask(application, ("scenarios", "instances", "gone", "content"))
    assert "没有您要提意见的位置" in text_of(desk.get(url, follow=True))
    response = desk.post(url, form(application, "写好的话。"))
    assert response.status_code == 409
    assert "写好的话。" in text_of(response)


def test_what_was_typed_survives_a_new_revision_and_can_then_be_saved(desk, application, owner):
    typed = form(application, "写好的话。", field=PROJECT[3])
    workflow.withdraw(application, actor=owner)
    workflow.submit(application, cast.declarations(application.round), actor=owner)
    response = desk.post(ask(application, PROJECT), typed)
    assert response.status_code == 409
    hidden = re.search(r'name="revision" value="(\d+)"', body(response))[1]
    desk.post(ask(application, PROJECT), typed | {"revision": hidden})
    assert Comment.objects.get().text == "写好的话。"


def test_an_own_comment_is_changed_a_colleague_s_only_removed(desk, application, officer):
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(application, colleague)
    mine = remark(application, CONTENT, officer, "原话。")
    theirs = remark(application, PROJECT, colleague)
    page = body(desk.get(reader(application)))
    change = {
        c: reverse("review:comment_change", args=[application.pk, c.pk]) for c in (mine, theirs)
    }
    assert f'"{change[mine]}"' in page and f'"{change[theirs]}"' not in page
    assert "原话。" in body(desk.get(change[mine]))
    desk.post(change[mine], form(application, "改后。", "advice", field="effect"))
    mine.refresh_from_db()
    assert (mine.text, mine.kind, mine.field) == ("改后。", "advice", "effect")
    response = desk.post(change[theirs], form(application, "改后。"))
    assert response.status_code == 409 and "只能由本人修改" in text_of(response)
    desk.post(reverse("review:comment_remove", args=[application.pk, theirs.pk]))
    assert list(Comment.objects.all()) == [mine]


@pytest.mark.parametrize("meanwhile", ["return_for_changes", "remove"])
def test_what_was_typed_is_given_back_when_the_comment_went_out_or_away_meanwhile(
    desk, application, officer, meanwhile
):
    comment = remark(application, CONTENT, officer, "原话。")
    url = reverse("review:comment_change", args=[application.pk, comment.pk])
    typed = form(application, "写了很久的话。")
    if meanwhile == "remove":
        commenting.remove(comment, actor=officer)
    else:
        cast.decide(application, meanwhile, officer)
    assert desk.get(url).status_code == 404
    response = desk.post(url, typed)
    assert "写了很久的话。" in body(response) and "没有保存" in body(response)
    assert f'href="{reader(application)}"' in body(response)
    response = desk.post(url, typed, headers={"Accept": "application/json"})
    assert response.status_code == 409
    assert "没有保存" in response.json()["message"]


def test_nobody_else_reads_or_touches_what_is_not_sent(
    client, application, officer, other_officer, province, owner
):
    comment = remark(application, CONTENT, officer, "机密的话。")
    addresses = [
        ask(application, CONTENT),
        reverse("review:comment_change", args=[application.pk, comment.pk]),
        reverse("review:comment_remove", args=[application.pk, comment.pk]),
    ]
    for user in (other_officer, province, owner):
        client.force_login(user)
        for url in addresses:
            assert client.post(url, form(application)).status_code in (403, 404)
    client.force_login(province)
    assert "机密的话" not in body(client.get(reader(application)))
    assert "提意见" not in body(client.get(reader(application)))
    assert Comment.objects.get().text == "机密的话。"


@pytest.mark.parametrize("status", [Status.RETURNED, Status.DECLINED])
def test_where_nothing_can_be_returned_nothing_can_be_asked(desk, round, officer, owner, status):
    application = cast.bring_to(status, round, owner, officer)
    assert 'class="ask"' not in body(desk.get(reader(application)))
    response = desk.post(ask(application, PROJECT), form(application, "话。"))
    assert response.status_code == 409 and "话。" in text_of(response)


# Phrases


def offered(desk, application, kind="wrong"):
    form = desk.get(ask(application, PROJECT)).context["form"]
    label = Comment.Kind(kind).label
    groups = dict(form.fields["phrase"].widget.choices[1:])
    return [phrase for phrase, _ in groups[label]]


def test_a_bureau_that_has_written_nothing_is_offered_a_few_phrases(desk, application):
    for kind in Comment.Kind.values:
        assert offered(desk, application, kind) == list(STARTERS[kind])


def test_what_was_written_often_is_offered_first_the_own_before_the_bureau_s(
    desk, application, officer
):
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(application, colleague)
    for _ in range(3):
        remark(application, PROJECT, colleague, "同事常说。")
    for text in ("自己常说。", "自己常说。", "只说过一次。", "长" * 81, "长" * 81):
        remark(application, PROJECT, officer, text)
    assert offered(desk, application)[:2] == ["自己常说。", "同事常说。"]
    assert not {"只说过一次。", "长" * 81} & set(offered(desk, application))
    assert "自己常说。" not in offered(desk, application, "missing")


def test_no_phrase_comes_out_of_an_application_that_is_closed_to_the_officer(
    desk, application, round, officer, other_officer
):
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    hidden = cast.file_application(round, cast.make_enterprise(2))
    elsewhere = cast.file_application(round, cast.make_enterprise(3, cast.DATONG))
    interests.declare([hidden], has_conflict=True, note="亲属任职。", actor=officer)
    for _ in range(2):
        remark(hidden, PROJECT, colleague, "回避的。")
        remark(elsewhere, PROJECT, other_officer, "别市的。")
    assert not {"回避的。", "别市的。"} & set(offered(desk, application))


@pytest.mark.parametrize(
    ("text", "stored"), [("", "请核对数值。"), ("尤其是单位。", "请核对数值。尤其是单位。")]
)
def test_without_script_a_chosen_phrase_goes_before_what_is_typed(desk, application, text, stored):
    desk.post(ask(application, PROJECT), form(application, text) | {"phrase": "请核对数值。"})
    assert Comment.objects.get().text == stored


def test_a_phrase_and_a_text_that_are_too_long_together_are_both_shown_again(desk, application):
    typed = form(application, "字" * 998) | {"phrase": "请补充证明材料。"}
    response = desk.post(ask(application, PROJECT), typed)
    assert response.status_code == 409 and "请删减" in text_of(response)
    assert typed["text"] in text_of(response)
    assert 'value="请补充证明材料。" selected' in body(response)


# What a script asks


def test_a_script_gets_the_comment_or_the_refusal(desk, application):
    data = {"Accept": "application/json"}
    url = ask(application, PROJECT)
    refused = desk.post(url, form(application, " "), headers=data)
    assert (refused.status_code, refused.json()["message"]) == (409, "请填写意见。")
    stale = desk.post(url, form(application) | {"revision": 9999}, headers=data)
    assert (stale.status_code, "新的版本" in stale.json()["message"]) == (409, True)
    saved = desk.post(url, form(application), headers=data)
    assert saved.json() == {"comment": Comment.objects.get().pk}


# Sending


def test_the_button_of_the_return_sends_them_without_general_words(desk, application, officer):
    remark(application, CONTENT, officer)
    page = body(desk.get(reader(application)))
    button = re.search(r"<button[^>]*return_for_changes[^>]*>", page)[0]
    assert "formnovalidate" in button
    url = reverse("review:decide", args=[application.pk, "return_for_changes"])
    desk.post(url, {"comment": "", "revision": application.current_revision_id})
    assert Comment.objects.get().event.comment == "请按 1 条逐项意见修改。"
    page = desk.get(reader(application))
    assert "待企业答复" in text_of(page) and "尚未发送" not in text_of(page)


def test_a_return_without_a_word_is_refused_on_the_page_and_in_bulk(desk, application, officer):
    url = reverse("review:decide", args=[application.pk, "return_for_changes"])
    response = desk.post(url, {"comment": " ", "revision": application.current_revision_id})
    assert response.status_code == 409
    seen, ranked_list = [bulk.Seen.of(application)], cast.list_of(application)

    def in_bulk():
        [item] = bulk.carry_out(ranked_list, seen, "return_for_changes", comment="", actor=officer)
        return item.refusal

    assert "请填写“退回修改”的理由" in in_bulk()
    remark(application, PROJECT, officer)
    assert in_bulk() == ""
    assert cast.fresh(application).status == Status.RETURNED


def test_what_waits_for_the_enterprise_cannot_be_put_again(desk, application, officer):
    comment = remark(application, PROJECT, officer)
    cast.decide(application, "return_for_changes", officer)
    url = reverse("review:comment_reopen", args=[application.pk, comment.pk])
    assert desk.get(url).status_code == 200
    assert desk.post(url, form(application, "话。")).status_code == 409


# Reading the answers


def test_answers_stay_unread_until_the_enterprise_submits_again(desk, application, owner, officer):
    comment = remark(application, CONTENT, officer)
    cast.decide(application, "return_for_changes", officer)
    commenting.answer(comment, "explained", "还在斟酌的话。", seen=None, actor=owner)
    page = desk.get(reader(application))
    assert "斟酌" not in text_of(page) and "待企业答复" in text_of(page)
    workflow.submit(cast.fresh(application), cast.declarations(application.round), actor=owner)
    assert "斟酌" in text_of(desk.get(reader(application)))


def test_the_answer_stands_at_its_place_and_says_when_nothing_changed(
    desk, application, owner, officer
):
    application = answered(application, owner, officer, PROJECT, CONTENT)
    page = body(desk.get(reader(application)))
    for comment in Comment.objects.all():
        place = re.search(rf'id="comment-{comment.pk}".*?</div>', page, re.S)[0]
        assert "已改" in place
        assert ("内容与退回时相同" in place) == (comment.place == CONTENT)


def test_later_rounds_keep_the_history_by_return(desk, application, owner, officer):
    application = answered(application, owner, officer, PROJECT, text="第一轮意见。")
    close(application, officer)
    application = answered(application, owner, officer, CONTENT, text="第二轮意见。")
    page = body(desk.get(reader(application)))
    history = page[page.index('id="history"') :]
    assert history.index("第二轮意见。") < history.index("第一轮意见。")
    document = page[: page.index('id="history"')]
    assert "第二轮意见。" in document and "第一轮意见。" not in document


def settle(desk, application, comment, verb, **data):
    url = reverse(f"review:comment_{verb}", args=[application.pk, comment.pk])
    return desk.post(url, {"revision": application.current_revision_id, **data}, follow=True)


def test_each_answer_is_closed_or_put_again_at_its_place(desk, application, owner, officer):
    application = answered(application, owner, officer, PROJECT, CONTENT, REVENUE)
    shut, again, waiting = application.comments.all()
    page = text_of(desk.get(reader(application)))
    assert "以前退回的意见 3 条：已关闭 0，待核对 3" in page
    assert "已关闭。" in text_of(settle(desk, application, shut, "close"))
    response = settle(desk, application, again, "reopen", kind="missing", text="仍请补充。")
    new = Comment.objects.get(text="仍请补充。")
    assert response.redirect_chain == [(f"{reader(application)}#comment-{new.pk}", 302)]
    page = body(response)
    assert "以前退回的意见 3 条：已关闭 1，重提 1，待核对 1" in page
    places = {
        c: re.search(rf'id="comment-{c.pk}".*?</div>\s*</div>', page, re.S)[0]
        for c in (shut, again, waiting)
    }
    assert "撤销关闭" in places[shut] and f"{officer} 20" in places[shut]
    assert "重提，尚未发送" in places[again]
    assert "重提<" in places[waiting] and "关闭<" in places[waiting]
    response = settle(desk, application, shut, "undo_close")
    assert "已关闭 0，重提 1，待核对 2" in text_of(response)
    response = settle(desk, application, new, "remove")
    assert "已关闭 0，待核对 3" in text_of(response)


def test_the_old_and_the_new_text_stand_at_the_place(desk, application, owner, officer):
    application = answered(application, owner, officer, PROJECT, CONTENT)
    page = body(desk.get(reader(application)))
    name, content = (
        re.search(rf'id="comment-{c.pk}".*?</form>', page, re.S)[0]
        for c in application.comments.all()
    )
    assert re.search(r"<del>示范智能工厂</del>.*<ins>改过的名称</ins>", name, re.S)
    assert "<del>" not in content


def test_what_is_accepted_too_early_is_refused_with_how_many_and_where(
    desk, application, owner, officer
):
    application = answered(application, owner, officer, PROJECT, CONTENT)
    url = reverse("review:decide", args=[application.pk, "accept"])
    data = {"revision": application.current_revision_id, "comment": "可以。"}
    response = desk.post(url, data)
    assert response.status_code == 409
    assert "还有 2 条没有了结：“智能工厂项目名称”、“典型场景实例 2" in text_of(response)
    assert "可以。" in text_of(response)
    close(application, officer)
    desk.post(url, data)
    assert cast.fresh(application).status == Status.ACCEPTED


def test_a_comment_on_a_row_that_is_gone_is_decided_on_in_the_list(
    desk, application, owner, officer
):
    remark(application, (*CONTENT[:3], ""), officer, "请核对整行。")
    application = cast.decide(application, "return_for_changes", officer)
    comment = application.comments.get()
    commenting.answer(comment, "explained", "已另写一条。", seen=None, actor=owner)
    application.instances.filter(key="k2").update(key="k9")
    workflow.submit(application, cast.declarations(application.round), actor=owner)
    application = cast.fresh(application)
    page = body(desk.get(reader(application)))
    listed = page[page.index('id="before"') : page.index('id="unsent"')]
    assert "新版本中已没有这一行" in listed and f'id="comment-{comment.pk}"' in listed
    settle(desk, application, comment, "close")
    assert not application.comments.undecided()


def test_what_nobody_decided_on_stays_on_the_list_through_another_return(
    desk, application, owner, officer
):
    application = answered(application, owner, officer, PROJECT, text="第一轮意见。")
    application = answered(application, owner, officer, CONTENT, text="第二轮意见。")
    assert "以前退回的意见 2 条：已关闭 0，待核对 2" in text_of(desk.get(reader(application)))


def test_a_second_officer_sees_who_closed_it_and_is_refused(desk, application, owner, officer):
    application = answered(application, owner, officer, PROJECT)
    comment = application.comments.get()
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(application, colleague)
    revision = application.current_revision_id
    commenting.close(comment, revision=revision, actor=colleague)
    response = settle(desk, application, comment, "close")
    assert "colleague用户已在" in text_of(response)
    url = reverse("review:comment_reopen", args=[application.pk, comment.pk])
    response = desk.post(url, form(application, "写好的话。"))
    assert response.status_code == 409
    assert "关闭了这条意见" in text_of(response) and "写好的话。" in text_of(response)


def test_the_province_reads_the_decisions_and_makes_none(
    client, application, owner, officer, province
):
    application = answered(application, owner, officer, PROJECT, CONTENT)
    first, second = application.comments.all()
    revision = application.current_revision_id
    commenting.close(first, revision=revision, actor=officer)
    commenting.reopen(second, "wrong", "未发的话。", revision=revision, actor=officer)
    client.force_login(province)
    page = body(client.get(reader(application)))
    assert "以前退回的意见 2 条：已关闭 1，待核对 1" in page
    assert str(officer) in page and "未发的话。" not in page
    assert "data-settle" not in page and "data-ask" not in page
    assert settle(client, application, first, "undo_close").status_code == 403


def test_the_province_reads_what_was_sent_with_its_answer(
    client, application, owner, officer, province
):
    application = answered(application, owner, officer, CONTENT, text="发出的意见。")
    remark(application, PROJECT, officer, "未发的意见。")
    client.force_login(province)
    page = body(client.get(reader(application)))
    assert "发出的意见。" in page and "未发的意见。" not in page


def test_comments_are_read_in_few_queries(desk, application, owner, officer):
    def asked():
        desk.get(reader(application))
        with CaptureQueriesContext(connection) as captured:
            desk.get(reader(application))
        return len(captured)

    few = asked()
    application = answered(application, owner, officer, PROJECT, CONTENT, REVENUE)
    for place in (PROJECT, CONTENT, REVENUE):
        remark(application, place, officer)
    many = asked()
    assert many <= 12
    assert many - few <= 2
