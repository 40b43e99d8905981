"""What the bureau asks to be changed, and how the enterprise answers it."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import commenting, workflow
from applications.models import Comment
from applications.models.comments import requested_places
from applications.sections import INSTANCES
from applications.states import Status
from portal.accounts.models import Role
from portal.errors import NotAllowed, PortalError, StaleState
from tests import cast

NAME = ("factory", "", "", "project_name")
REVENUE = ("basic", "finance_years", "2023", "revenue")
ROW = ("scenarios", "instances", "k2", "")
CONTENT = ("scenarios", "instances", "k2", "content")
INTEGRATOR = ("factory", "integrators", "a1", "work")
SECTION = ("results", "", "", "")
REGISTERED = ("basic", "", "", "enterprise_name")


def remark(application, place, officer, text="请核对。", kind="wrong", revision=None):
    application = cast.fresh(application)
    revision = revision or application.current_revision_id
    return commenting.add(application, place, kind, text, revision=revision, actor=officer)


def send_back(application, officer, comment=""):
    return cast.decide(application, "return_for_changes", officer, comment)


def resubmit(application, enterprise):
    application = cast.fresh(application)
    workflow.submit(application, cast.declarations(application.round), actor=enterprise)
    return cast.fresh(application)


def reply(comment, actor, answer="changed", text="", seen=None):
    commenting.answer(comment, answer, text, seen=seen, actor=actor)
    comment.refresh_from_db()


@pytest.fixture
def returned(submitted, officer):
    """Returned with one comment on each kind of place."""
    for place in (NAME, REVENUE, ROW, CONTENT, INTEGRATOR, SECTION, REGISTERED):
        remark(submitted, place, officer, f"请核对{'-'.join(place)}。")
    return send_back(submitted, officer)


@pytest.fixture
def comment(returned):
    return Comment.objects.get(field="project_name")


def address(application, name, *args):
    return reverse(f"applications:{name}", args=[application.pk, *args])


def text_of(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def forms_of(response):
    return set(re.findall(r'<form id="(answer-\d+)"', response.content.decode()))


# The bureau writes


@pytest.mark.parametrize(
    ("place", "title"),
    [
        (NAME, "智能工厂项目名称"),
        (REVENUE, "2023年 · 营业收入（万元）"),
        (ROW, "典型场景实例 2：实例2"),
        (CONTENT, "典型场景实例 2：实例2 · 建设内容"),
        (SECTION, "智能工厂建设成效"),
    ],
)
def test_a_comment_is_called_what_the_revision_calls_its_place(submitted, officer, place, title):
    assert remark(submitted, place, officer).title == title


@pytest.mark.parametrize(
    "place",
    [
        ("nowhere", "", "", ""),
        ("factory", "", "", "no_field"),
        ("factory", "instances", "k2", "content"),
        ("scenarios", "instances", "gone", "content"),
        ("scenarios", "instances", "", ""),
        ("scenarios", "", "k2", ""),
    ],
)
def test_a_place_that_the_revision_does_not_have_is_refused(submitted, officer, place):
    with pytest.raises(NotAllowed, match="没有您要提意见的位置"):
        remark(submitted, place, officer)
    assert not Comment.objects.exists()


def test_comments_are_written_only_where_a_return_is_possible(round, officer):
    for number, status in enumerate(Status, 1):
        if status == Status.RECOMMENDED:
            continue
        application = cast.bring_to(status, round, cast.make_enterprise(number), officer)
        if status in (Status.SUBMITTED, Status.ACCEPTED):
            remark(application, NAME, officer)
        else:
            with pytest.raises(NotAllowed):
                remark(application, NAME, officer)


def test_nobody_but_the_own_bureau_writes_or_takes_back(
    submitted, officer, other_officer, enterprise, province
):
    comment = remark(submitted, NAME, officer)
    for stranger in (other_officer, enterprise, province):
        with pytest.raises(PortalError):
            remark(submitted, NAME, stranger)
        with pytest.raises(PortalError):
            commenting.remove(comment, actor=stranger)
    assert Comment.objects.count() == 1


def test_what_was_written_on_an_older_revision_is_not_taken_for_the_new_one(
    submitted, officer, enterprise
):
    old = submitted.current_revision_id
    workflow.withdraw(submitted, actor=enterprise)
    resubmit(submitted, enterprise)
    with pytest.raises(StaleState, match="新的版本"):
        remark(submitted, NAME, officer, revision=old)


def test_a_comment_left_on_an_older_revision_is_carried_over_by_changing_it(
    submitted, officer, enterprise
):
    comment = remark(submitted, NAME, officer)
    workflow.withdraw(submitted, actor=enterprise)
    cast.save(submitted, "factory", {"project_name": "新名称"}, enterprise)
    application = resubmit(submitted, enterprise)
    current = application.current_revision_id
    commenting.change(
        comment, application, NAME, "advice", "请改。", revision=current, actor=officer
    )
    send_back(application, officer)
    comment.refresh_from_db()
    assert (comment.revision_id, comment.text, comment.kind) == (current, "请改。", "advice")
    assert comment.event_id


def test_two_officers_of_a_bureau_both_write_but_change_only_their_own_words(submitted, officer):
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(submitted, colleague)
    mine, theirs = remark(submitted, NAME, officer), remark(submitted, ROW, colleague)
    change = {"revision": submitted.current_revision_id, "actor": officer}
    commenting.change(mine, submitted, NAME, "wrong", "改过。", **change)
    with pytest.raises(NotAllowed, match="只能由本人修改"):
        commenting.change(theirs, submitted, ROW, "wrong", "改过。", **change)
    commenting.remove(theirs, actor=officer)
    assert [c.text for c in Comment.objects.all()] == ["改过。"]


# The return sends


def test_a_return_sends_all_at_once_and_needs_no_other_words(submitted, officer, enterprise):
    for place in (NAME, ROW):
        remark(submitted, place, officer)
    assert not Comment.objects.visible_to(enterprise).exists()
    returned = send_back(submitted, officer)
    event = returned.events.get(target=Status.RETURNED)
    assert event.comment == "请按 2 条逐项意见修改。"
    assert set(Comment.objects.visible_to(enterprise)) == set(event.comments.all())
    assert requested_places(returned.current_revision) == {NAME, ROW}


def test_the_general_words_of_a_return_stay_as_written(submitted, officer):
    remark(submitted, NAME, officer)
    returned = send_back(submitted, officer, "总体请补充。")
    assert returned.events.get(target=Status.RETURNED).comment == "总体请补充。"


def test_a_return_without_any_words_is_refused(submitted, officer):
    with pytest.raises(NotAllowed, match="退回修改"):
        send_back(submitted, officer)
    assert cast.fresh(submitted).status == Status.SUBMITTED


@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_other_verbs_leave_comments_with_the_bureau(submitted, officer, enterprise, province, verb):
    comment = remark(submitted, NAME, officer)
    cast.decide(submitted, verb, officer, "意见。")
    comment.refresh_from_db()
    assert comment.event is None
    assert list(Comment.objects.visible_to(officer)) == [comment]
    for other in (enterprise, province):
        assert not Comment.objects.visible_to(other).exists()


def test_what_is_accepted_and_returned_later_is_sent_then(submitted, officer):
    comment = remark(submitted, NAME, officer)
    cast.decide(submitted, "accept", officer)
    send_back(submitted, officer)
    comment.refresh_from_db()
    assert comment.event.target == Status.RETURNED
    with pytest.raises(StaleState):
        commenting.remove(comment, actor=officer)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_comment_written_while_a_colleague_returns_is_sent_or_refused(
    submitted, officer, at_once
):
    remark(submitted, NAME, officer)
    written, _ = at_once(
        lambda: remark(submitted, ROW, officer), lambda: send_back(submitted, officer)
    )
    sent = Comment.objects.sent().count()
    assert sent == (1 if isinstance(written, PortalError) else 2)
    assert not Comment.objects.unsent().exists()


# The enterprise reads


def test_the_overview_lists_every_comment_with_a_way_to_its_place(browser, returned):
    page = browser.get(address(returned, "detail"))
    for comment in Comment.objects.all():
        assert comment.text in text_of(page)
        assert f"answer-{comment.pk}" in forms_of(page)
    body = page.content.decode()
    assert f"{address(returned, 'section', 'factory')}#id_project_name" in body
    assert f"{address(returned, 'section', 'basic')}#id_finance_years-2023-revenue" in body
    assert f"{address(returned, 'instance', 'k2')}#id_content" in body
    assert "7 条待答复" in text_of(page)


def test_only_what_was_asked_is_marked_on_the_section_page(browser, returned, comment):
    page = browser.get(address(returned, "section", "factory")).content.decode()
    control = re.search(r'<input[^>]*name="project_name"[^>]*>', page)[0]
    assert f"asked-{comment.pk}" in re.search(r'aria-describedby="([^"]*)"', control)[1].split()
    assert page.count('class="asked-text"') == 2
    for other in Comment.objects.exclude(section="factory"):
        assert f'id="asked-{other.pk}"' not in page


def test_a_comment_on_a_cell_stands_under_its_row_and_marks_the_cell(browser, returned):
    comment = Comment.objects.get(key="2023")
    page = browser.get(address(returned, "section", "basic")).content.decode()
    control = re.search(r'<input[^>]*name="finance_years-2023-revenue"[^>]*>', page)[0]
    assert f"asked-{comment.pk}" in control
    assert page.count('class="asked-mark"') == 1
    assert page.count(f'id="asked-{comment.pk}"') == 1


def test_what_has_no_field_on_the_page_stands_on_top(browser, returned):
    comment = Comment.objects.get(field="enterprise_name")
    page = browser.get(address(returned, "section", "basic")).content.decode()
    assert page.count(f'id="asked-{comment.pk}"') == 1


def test_the_instance_page_shows_its_own_comments(browser, returned):
    page = browser.get(address(returned, "instance", "k2"))
    shown = set(re.findall(r'id="asked-(\d+)"', page.content.decode()))
    assert shown == {str(c.pk) for c in Comment.objects.filter(key="k2")}
    other = browser.get(address(returned, "instance", "k1")).content.decode()
    assert 'class="asked"' not in other


def test_the_list_of_instances_says_which_are_asked_about(browser, returned):
    page = browser.get(address(returned, "section", "scenarios"))
    assert text_of(page).count("退回意见 2 条，待答复") == 1


def test_the_rail_counts_what_waits_in_each_section(browser, returned, enterprise, comment):
    url = address(returned, "section", "results")
    assert "2 条意见待答复" in text_of(browser.get(url))
    for each in Comment.objects.filter(section="factory"):
        reply(each, enterprise)
    rail = re.search(r'<nav class="rail".*?</nav>', browser.get(url).content.decode(), re.S)[0]
    assert re.findall(r"(\d) 条意见待答复", rail) == ["2", "2", "1"]


def test_a_comment_outlives_its_row(browser, returned, enterprise):
    returned.instances.filter(key="k2").delete()
    returned.integrators.filter(key="a1").delete()
    page = browser.get(address(returned, "detail"))
    assert "典型场景实例 2：实例2 · 建设内容" in text_of(page)
    assert address(returned, "instance", "k2") not in page.content.decode()
    factory = address(returned, "section", "factory")
    assert f"{factory}#integrators" in page.content.decode()
    assert f"{factory}#id_integrators-a1" not in page.content.decode()
    for comment in Comment.objects.filter(field__in=("content", "work")):
        section = browser.get(address(returned, "section", comment.section))
        assert f'id="asked-{comment.pk}"' in section.content.decode()
        alone = browser.get(address(returned, "answer", comment.pk))
        assert f"#{comment.group}" in alone.content.decode()
    comment = Comment.objects.get(field="content")
    reply(comment, enterprise, "explained", "已删除该实例。")
    assert comment.answer == "explained"


def test_strangers_get_nothing(client, returned, comment, rival, officer):
    url = address(returned, "answer", comment.pk)
    client.force_login(rival)
    assert client.get(url).status_code == 404
    assert client.post(url, {"answer": "changed"}).status_code == 404
    client.force_login(officer)
    assert client.post(url, {"answer": "changed"}).status_code == 403
    comment.refresh_from_db()
    assert comment.answer == ""


# The enterprise answers


def test_an_answer_brings_back_to_where_it_was_given(browser, returned, comment, enterprise):
    back = address(returned, "section", "factory")
    cast.save(returned, "factory", {"project_name": "新名称"}, enterprise)
    url = address(returned, "answer", comment.pk)
    response = browser.post(url, {"answer": "changed", "back": back})
    assert response.url == f"{back}#comment-{comment.pk}"
    comment.refresh_from_db()
    assert (comment.answer, comment.answered_by) == ("changed", enterprise)


def test_an_answer_beside_a_field_brings_back_to_the_field(browser, returned, comment, enterprise):
    back = address(returned, "section", "factory")
    cast.save(returned, "factory", {"project_name": "新名称"}, enterprise)
    page = browser.get(back).content.decode()
    url = f"{address(returned, 'answer', comment.pk)}?beside"
    assert f'formaction="{url}"' in page
    response = browser.post(url, {"answer": "changed", "back": back})
    assert response.url == f"{back}#asked-{comment.pk}"
    assert f'id="asked-{comment.pk}"' in page


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "", "x"])
def test_an_answer_leads_nowhere_else(browser, returned, comment, back):
    url = address(returned, "answer", comment.pk)
    response = browser.post(url, {"answer": "explained", "reply": "说明。", "back": back})
    assert "elsewhere" not in response.url


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"answer": "explained", "reply": " \r\n"}, "请写明说明的内容"),
        ({"answer": "explained", "reply": "字" * 1001}, "请删减 1 字"),
        ({"answer": "maybe", "reply": "话"}, "请选择"),
        ({"reply": "话"}, "请选择"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_shown_again(browser, returned, comment, data, sentence):
    response = browser.post(address(returned, "answer", comment.pk), data)
    assert response.status_code == 409
    assert sentence in text_of(response)
    assert data["reply"].strip() in text_of(response)
    comment.refresh_from_db()
    assert comment.answer == ""


def test_two_colleagues_do_not_overwrite_each_other(browser, returned, comment, enterprise):
    url = address(returned, "answer", comment.pk)
    reply(comment, enterprise, "explained", "同事的说明。")
    response = browser.post(url, {"answer": "explained", "reply": "我的说明。", "seen": ""})
    assert response.status_code == 409
    for text in ("同事刚刚答复", "同事的说明。", "我的说明。"):
        assert text in text_of(response)
    seen = comment.answered_at.isoformat()
    browser.post(url, {"answer": "explained", "reply": "我的说明。", "seen": seen})
    comment.refresh_from_db()
    assert comment.reply == "我的说明。"


def test_the_form_on_the_page_changes_an_answer(browser, returned, comment, enterprise):
    reply(comment, enterprise, "explained", "原说明。")
    page = browser.get(address(returned, "detail")).content.decode()
    form = re.search(rf'<form id="answer-{comment.pk}".*?</form>', page, re.S)[0]
    data = dict(re.findall(r'name="(back|seen)" value="([^"]*)"', form))
    assert "原说明。" in form
    browser.post(address(returned, "answer", comment.pk), {**data, "answer": "changed"})
    comment.refresh_from_db()
    assert comment.answer == "changed"


def test_changed_with_the_same_content_is_told_and_can_be_mended(
    browser, returned, comment, enterprise
):
    url = address(returned, "answer", comment.pk)
    page = browser.post(url, {"answer": "changed"}, follow=True)
    assert "与退回时相同，请核对" in text_of(page)
    assert "内容与退回时相同" in text_of(page)
    cast.save(returned, "factory", {"project_name": "新名称"}, enterprise)
    assert "与退回时相同" not in text_of(browser.get(address(returned, "detail")))


@pytest.mark.parametrize(
    ("place", "is_unchanged"),
    [
        (NAME, False),
        (("factory", "", "", ""), False),
        (("factory", "", "", "introduction"), True),
        (INTEGRATOR, True),
        (("factory", "integrators", "a1", ""), True),
        (ROW, False),
        (CONTENT, False),
        (("scenarios", "", "", ""), False),
        (("scenarios", "instances", "k1", ""), True),
        (SECTION, True),
    ],
)
def test_whether_something_changed_is_read_at_the_place_itself(
    submitted, officer, enterprise, place, is_unchanged
):
    comment = remark(submitted, place, officer)
    returned = send_back(submitted, officer)
    cast.save(returned, "factory", {"project_name": "新名称"}, enterprise)
    cast.save_row(returned, INSTANCES, "k2", {"content": "新内容。"}, enterprise)
    reply(comment, enterprise)
    new = resubmit(returned, enterprise).current_revision
    commenting.compare([comment], returned.current_revision.data, new.data)
    assert comment.is_unchanged is is_unchanged


def test_a_file_added_to_a_row_is_a_change_of_the_row_but_not_of_its_fields(submitted, officer):
    old = submitted.current_revision.data
    photo = {"material": "现场照片", "group": "instances", "key": "k2", "sha256": "0" * 64}
    new = {**old, "attachments": [photo]}
    row, content, other, section = (
        Comment(section=p[0], group=p[1], key=p[2], field=p[3], answer="changed")
        for p in (ROW, CONTENT, (*ROW[:2], "k1", ""), ("scenarios", "", "", ""))
    )
    commenting.compare([row, content, other, section], old, new)
    found = [c.is_unchanged for c in (row, content, other, section)]
    assert found == [False, True, True, False]


# Submitting again


def test_submitting_again_waits_for_every_answer(returned, enterprise):
    with pytest.raises(workflow.NotReady, match="退回意见"):
        resubmit(returned, enterprise)
    for comment in Comment.objects.all():
        reply(comment, enterprise, "explained", "说明。")
    assert resubmit(returned, enterprise).status == Status.SUBMITTED


def test_answers_are_frozen_by_submitting_again(browser, submitted, officer, enterprise):
    comment = remark(submitted, NAME, officer)
    returned = send_back(submitted, officer)
    reply(comment, enterprise, "explained", "说明。")
    application = resubmit(returned, enterprise)
    with pytest.raises(StaleState):
        reply(comment, enterprise, "changed", seen=comment.answered_at)
    # Nor when it is open again for another reason.
    workflow.withdraw(application, actor=enterprise)
    with pytest.raises(StaleState, match="以前的提交"):
        reply(comment, enterprise, "changed", seen=comment.answered_at)
    comment.refresh_from_db()
    assert comment.answer == "explained"
    page = browser.get(address(application, "detail"))
    assert not forms_of(page)
    assert comment.text in text_of(page)


def test_each_return_keeps_its_own_comments(browser, submitted, officer, enterprise):
    for number in (1, 2):
        comment = remark(submitted, NAME, officer, f"第{number}轮意见。")
        returned = send_back(submitted, officer)
        if number == 1:
            reply(comment, enterprise, "explained", "第一轮说明。")
            resubmit(returned, enterprise)
    first = Comment.objects.get(text="第1轮意见。")
    with pytest.raises(StaleState, match="以前的提交"):
        reply(first, enterprise, "changed", seen=first.answered_at)
    page = browser.get(address(submitted, "detail"))
    assert forms_of(page) == {f"answer-{comment.pk}"}
    for text in ("第1轮意见。", "第一轮说明。", "第2轮意见。"):
        assert text_of(page).count(text) >= 1


# The bureau decides on the answers


@pytest.fixture
def answered(submitted, officer, enterprise):
    """Asked about a name and a row, answered, submitted again."""
    for place in (NAME, ROW):
        remark(submitted, place, officer, f"请核对{'-'.join(place)}。")
    returned = send_back(submitted, officer)
    for comment in Comment.objects.all():
        reply(comment, enterprise, "explained", "说明。")
    return resubmit(returned, enterprise)


def decided(comment, act, officer, *said):
    comment = Comment.objects.select_related("application").get(pk=comment.pk)
    revision = comment.application.current_revision_id
    return act(comment, *said, revision=revision, actor=officer)


def close_all(application, officer):
    for comment in application.comments.undecided():
        decided(comment, commenting.close, officer)


def test_only_what_was_answered_and_submitted_again_waits_for_the_officer(
    submitted, officer, enterprise
):
    comment = remark(submitted, NAME, officer)
    waiting = submitted.comments.undecided()
    assert not waiting
    returned = send_back(submitted, officer)
    assert not waiting.all()
    with pytest.raises(NotAllowed, match="不能核对"):
        decided(comment, commenting.close, officer)
    reply(comment, enterprise)
    resubmit(returned, enterprise)
    assert list(waiting.all()) == [comment]


def test_nothing_is_accepted_while_an_answer_waits(answered, officer):
    first, _ = answered.comments.all()
    decided(first, commenting.close, officer)
    with pytest.raises(NotAllowed, match="还有 1 条没有了结：“典型场景实例 2：实例2”"):
        cast.decide(answered, "accept", officer)
    assert cast.fresh(answered).status == Status.SUBMITTED
    close_all(answered, officer)
    assert cast.decide(answered, "accept", officer).status == Status.ACCEPTED


@pytest.mark.parametrize("verb", ["decline", "return_for_changes"])
def test_declining_and_returning_do_not_wait_for_decisions(answered, officer, verb):
    cast.decide(answered, verb, officer, "意见。")
    assert answered.comments.undecided().count() == 2


def test_what_is_closed_says_by_whom_and_can_be_taken_back(answered, officer, enterprise):
    comment = answered.comments.first()
    decided(comment, commenting.close, officer)
    comment.refresh_from_db()
    assert comment.closed_by == officer and comment.closed_at
    decided(comment, commenting.undo_close, officer)
    assert comment in answered.comments.undecided()
    with pytest.raises(StaleState):
        decided(comment, commenting.undo_close, officer)


def test_what_is_put_again_goes_out_with_the_next_return_and_begins_anew(
    answered, officer, enterprise
):
    old = answered.comments.first()
    new = decided(old, commenting.reopen, officer, "missing", "仍请补充。")
    assert (new.place, new.title, new.reopens) == (old.place, old.title, old)
    assert new.revision_id == answered.current_revision_id
    assert old in answered.comments.undecided()
    assert new not in Comment.objects.visible_to(enterprise)
    returned = send_back(answered, officer)
    assert old not in returned.comments.undecided()
    with pytest.raises(workflow.NotReady):
        resubmit(returned, enterprise)
    reply(new, enterprise, "explained", "已补。")
    application = resubmit(returned, enterprise)
    assert new in application.comments.undecided()


def test_what_was_put_again_and_not_sent_keeps_from_accepting(answered, officer):
    close, again = answered.comments.all()
    decided(close, commenting.close, officer)
    new = decided(again, commenting.reopen, officer, "wrong", "仍不对。")
    with pytest.raises(NotAllowed, match="没有了结"):
        cast.decide(answered, "accept", officer)
    commenting.remove(new, actor=officer)
    decided(again, commenting.close, officer)
    assert cast.decide(answered, "accept", officer).status == Status.ACCEPTED


def test_what_is_put_again_is_reworded_at_its_place_even_if_the_row_is_gone(
    submitted, officer, enterprise
):
    comment = remark(submitted, ROW, officer)
    returned = send_back(submitted, officer)
    reply(comment, enterprise, "explained", "已删除。")
    returned.instances.filter(key="k2").update(key="k9")  # another row, as people see it
    application = resubmit(returned, enterprise)
    new = decided(comment, commenting.reopen, officer, "wrong", "不应删除。")
    revision = application.current_revision_id
    commenting.change(
        new, application, NAME, "advice", "建议恢复。", revision=revision, actor=officer
    )
    new.refresh_from_db()
    assert (new.place, new.title, new.text) == (ROW, comment.title, "建议恢复。")


def test_of_two_officers_the_second_is_told_what_the_first_decided(answered, officer):
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(answered, colleague)
    first, second = answered.comments.all()
    decided(first, commenting.close, colleague)
    with pytest.raises(StaleState, match="colleague用户已在 .+ 关闭"):
        decided(first, commenting.reopen, officer, "wrong", "不对。")
    decided(second, commenting.reopen, colleague, "wrong", "不对。")
    with pytest.raises(StaleState, match="colleague用户已在 .+ 重提"):
        decided(second, commenting.close, officer)


def test_an_answer_is_decided_on_only_against_what_was_read(answered, officer, enterprise):
    comment, read = answered.comments.first(), answered.current_revision_id
    workflow.withdraw(answered, actor=enterprise)
    resubmit(answered, enterprise)
    comment = Comment.objects.select_related("application").get(pk=comment.pk)
    for act, said in ((commenting.close, ()), (commenting.reopen, ("wrong", "话。"))):
        with pytest.raises(StaleState, match="新的版本"):
            act(comment, *said, revision=read, actor=officer)
    assert comment in answered.comments.undecided()


def test_nobody_but_officers_of_the_bureau_decides(
    answered, officer, other_officer, enterprise, province
):
    comment = answered.comments.first()
    late = cast.make_user("late", Role.BUREAU, bureau=officer.bureau)
    for stranger in (other_officer, enterprise, province, late):
        with pytest.raises(PortalError):
            decided(comment, commenting.close, stranger)
        with pytest.raises(PortalError):
            decided(comment, commenting.reopen, stranger, "wrong", "话。")
    assert answered.comments.undecided().count() == 2
    assert answered.comments.count() == 2


def test_the_enterprise_reads_what_was_closed_and_what_was_put_again(
    browser, answered, officer, enterprise
):
    close, again = answered.comments.all()
    decided(close, commenting.close, officer)
    decided(again, commenting.reopen, officer, "wrong", "仍不清楚。")
    page = text_of(browser.get(address(answered, "detail")))
    assert "已关闭 1" in page and "仍不清楚" not in page and "重提" not in page
    send_back(answered, officer)
    page = browser.get(address(answered, "detail")).content.decode()
    asked = re.search(rf'id="comment-{again.reopened_as.pk}".*?</li>', page, re.S)[0]
    for words in ("重提", "仍不清楚。", again.text, "说明。"):
        assert words in asked
    assert "已重提" in page


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_closing_and_putting_again_at_once_one_is_done(answered, officer, at_once):
    for comment in list(answered.comments.all()):
        for _ in range(5):
            results = at_once(
                lambda comment=comment: decided(comment, commenting.close, officer),
                lambda comment=comment: decided(
                    comment, commenting.reopen, officer, "wrong", "话。"
                ),
                lambda comment=comment: decided(comment, commenting.close, officer),
            )
            refused = [each for each in results if isinstance(each, PortalError)]
            assert len(refused) == 2
            comment.refresh_from_db()
            again = Comment.objects.filter(reopens=comment).first()
            assert bool(comment.closed_at) != bool(again)
            if again:
                commenting.remove(again, actor=officer)
            else:
                decided(comment, commenting.undo_close, officer)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_no_decision_is_taken_back_under_an_acceptance(answered, officer, at_once):
    close_all(answered, officer)
    comment = answered.comments.first()
    at_once(
        lambda: cast.decide(answered, "accept", officer),
        lambda: decided(comment, commenting.undo_close, officer),
    )
    is_accepted = cast.fresh(answered).status == Status.ACCEPTED
    assert is_accepted != answered.comments.undecided().exists()


# How much it asks


@pytest.mark.parametrize(
    ("page", "most"),
    [
        (("section", "basic"), 8),
        (("section", "scenarios"), 8),
        (("section", "results"), 8),
        (("instance", "k2"), 8),
        (("detail",), 12),
    ],
)
def test_comments_cost_a_page_no_more_than_its_share(browser, returned, enterprise, page, most):
    for comment in Comment.objects.filter(section="factory"):
        reply(comment, enterprise)
    url = address(returned, *page)
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        browser.get(url)
    assert len(asked) <= most, "\n".join(query["sql"][:150] for query in asked)


def test_comments_on_a_row_are_as_wide_as_their_table(browser, returned):
    for slug, group in (("basic", "finance_years"), ("factory", "integrators")):
        page = browser.get(address(returned, "section", slug)).content.decode()
        table = page.split(f'data-rows="{group}"')[1].split("</table>")[0]
        [width] = re.findall(r'<tr class="asked-row">\s*<td colspan="(\d+)"', table)
        assert int(width) == table.count('scope="col"')
