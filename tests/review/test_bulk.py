"""Many at once: nothing without a preview, and what is skipped is said with its reason."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.urls import reverse

from applications import commenting, interests, workflow
from applications.models import Event, Interest
from applications.states import Status
from review import bulk, ranking
from review.bulk import Seen
from tests import cast
from tests.review.test_pages import body


@pytest.fixture
def filed(round, officer):
    numbers = iter(range(1, 100))

    def file(name, status=Status.SUBMITTED):
        return cast.bring_to(status, round, cast.make_enterprise(next(numbers), name=name), officer)

    return file


@pytest.fixture
def owner_of():
    return lambda application: application.enterprise.user_set.get()


def preview(client, round, verb, applications=(), **data):
    named = [application.pk for application in applications]
    url = reverse("review:bulk", args=[round.slug])
    return client.post(url, {"verb": verb, "scope": "ticked", "application": named, **data})


def confirm(client, round, shown, comment="", **data):
    """The form of a preview page, sent off."""
    page = body(shown)
    data = {
        "verb": re.search(r'name="verb" value="(\w+)"', page)[1],
        "seen": re.findall(r'name="seen" value="([^"]+)"', page),
        "comment": comment,
        **data,
    }
    return client.post(reverse("review:bulk_confirm", args=[round.slug]), data)


def names(items) -> list[str]:
    return [item.application.enterprise.name for item in items]


def possible(response) -> list[str]:
    return names(item for item, _ in response.context["possible"])


def skipped(response) -> dict[str, str]:
    return {item.application.enterprise.name: item.refusal for item in response.context["skipped"]}


def said(response) -> str:
    return "\n".join(str(message) for message in get_messages(response.wsgi_request))


def statuses(*applications) -> list[str]:
    return [cast.fresh(application).status for application in applications]


def remark(application, officer):
    return commenting.add(
        application,
        ("factory", "", "", "introduction"),
        "missing",
        "请补充说明。",
        revision=application.current_revision_id,
        actor=officer,
    )


# Preview


def test_a_preview_changes_nothing(as_officer, round, filed):
    application = filed("甲")
    before = Event.objects.count()
    response = preview(as_officer, round, "accept", [application])
    assert possible(response) == ["甲"]
    assert "还没有办理" in body(response)
    assert statuses(application) == [Status.SUBMITTED]
    assert Event.objects.count() == before


def test_a_preview_says_of_each_why_it_would_be_skipped(as_officer, round, filed, officer):
    good, accepted, seated = filed("可以"), filed("已过", "accepted"), filed("在名单", "accepted")
    ranking.recommend(cast.list_of(seated), seated, actor=officer)
    unstated, aside = filed("未声明"), filed("回避")
    Interest.objects.filter(application=unstated).delete()
    interests.declare([aside], has_conflict=True, note="亲属", actor=officer)
    draft = filed("没交", "draft")
    every = [good, accepted, seated, unstated, aside, draft]
    response = preview(as_officer, round, "decline", every)
    assert possible(response) == ["可以", "已过"]
    assert skipped(response) == {
        "在名单": "该申报在推荐名单中，请先移出名单，再办理“不予推荐”。",
        "未声明": "请先对“未声明”作利害关系声明，再办理。",
        "没交": "现在的状态是“企业填报中”，不能办理“不予推荐”。",
        "回避": "您已声明对“回避”回避，请由同事办理。",
    }


def test_a_preview_after_the_deadline_skips_all_returns(as_officer, round, filed, officer):
    application = filed("甲")
    with time_machine.travel(round.bureau_deadline + timedelta(seconds=1)):
        as_officer.force_login(officer)
        late = preview(as_officer, round, "return_for_changes", [application])
        assert "已过推荐单位报送截止时间" in skipped(late)["甲"]
        assert possible(preview(as_officer, round, "accept", [application])) == ["甲"]


def test_once_the_list_is_sent_everything_is_skipped(as_officer, round, filed, officer):
    filed("在名单", Status.RECOMMENDED)
    response = preview(as_officer, round, "accept", [filed("甲")])
    assert possible(response) == []
    assert "推荐名单已报送" in skipped(response)["甲"]


def test_a_return_with_comments_on_places_needs_no_further_words(as_officer, round, filed, officer):
    remarked, bare = filed("有意见"), filed("没意见")
    remark(remarked, officer)
    response = preview(as_officer, round, "return_for_changes", [remarked, bare])
    assert names(response.context["wordless"]) == ["没意见"]
    assert "发出逐项意见 1 条" in body(response)
    response = confirm(as_officer, round, response)
    assert statuses(remarked, bare) == [Status.RETURNED, Status.SUBMITTED]
    assert "没意见：请填写“退回修改”的理由" in said(response)


def test_a_comment_on_an_earlier_revision_does_not_go_out(
    as_officer, round, filed, officer, owner_of
):
    application = filed("甲")
    remark(application, officer)
    owner = owner_of(application)
    workflow.withdraw(application, actor=owner)
    workflow.submit(cast.fresh(application), cast.declarations(round), actor=owner)
    response = preview(as_officer, round, "return_for_changes", [application])
    assert names(response.context["wordless"]) == ["甲"]
    assert "发出逐项意见" not in body(response)


def test_an_acceptance_waits_for_what_a_return_asked(as_officer, round, filed, officer, owner_of):
    application = filed("甲")
    comment = remark(application, officer)
    cast.decide(application, "return_for_changes", officer)
    comment.refresh_from_db()
    commenting.answer(comment, "changed", seen=None, actor=owner_of(application))
    workflow.submit(cast.fresh(application), cast.declarations(round), actor=owner_of(application))
    response = preview(as_officer, round, "accept", [application])
    assert "还有 1 条没有了结" in skipped(response)["甲"]


def test_the_selection_is_what_is_ticked_the_page_or_all_that_is_found(
    as_officer, round, filed, settings
):
    settings.PAGE_SIZE = 2
    one, two, three, other = (filed(name) for name in ("甲一", "甲二", "甲三", "乙"))
    listed = [one.pk, two.pk]
    for scope, expected in (
        ({"scope": "ticked"}, ["乙"]),
        ({"scope": "page", "listed": listed}, ["甲一", "甲二"]),
        ({"scope": "all", "q": "甲"}, ["甲一", "甲二", "甲三"]),
        ({"scope": "all"}, ["甲一", "甲二", "甲三", "乙"]),
    ):
        response = preview(as_officer, round, "accept", [other], **scope)
        assert possible(response) == expected


@pytest.mark.parametrize("named", [[], ["x", "-1", "9" * 40]])
def test_a_preview_of_nothing_says_what_to_do(as_officer, round, filed, named):
    response = preview(as_officer, round, "accept", application=named)
    assert response.url == f"{reverse('review:inbox')}?round=test"
    assert "请先勾选" in said(response)


@pytest.mark.parametrize("verb", ["", "recommend", "release", "submit", "pass_over", "recall"])
def test_only_the_readers_verbs_are_for_many(as_officer, round, filed, verb):
    application = filed("甲", Status.ACCEPTED)
    assert preview(as_officer, round, verb, [application]).status_code == 302
    url = reverse("review:bulk_confirm", args=[round.slug])
    as_officer.post(url, {"verb": verb, "seen": str(Seen.of(application)), "comment": "意"})
    assert statuses(application) == [Status.ACCEPTED]


def test_another_bureaus_applications_are_not_there(client, round, filed, other_officer):
    application = filed("甲")
    client.force_login(other_officer)
    assert preview(client, round, "accept", [application]).status_code == 302
    url = reverse("review:bulk_confirm", args=[round.slug])
    client.post(url, {"verb": "accept", "seen": str(Seen.of(application))})
    assert statuses(application) == [Status.SUBMITTED]


def test_what_another_round_holds_is_not_decided_on_the_page_of_this_one(
    as_officer, round, province, officer
):
    """Its list may be sent already, and is not the one that is asked."""
    other = cast.make_round(province, slug="other", title="另一批次")
    application = cast.bring_to(Status.SUBMITTED, other, cast.make_enterprise(1), officer)
    url = reverse("review:bulk_confirm", args=[round.slug])
    response = as_officer.post(url, {"verb": "accept", "seen": str(Seen.of(application))})
    assert response.status_code == 409
    assert statuses(application) == [Status.SUBMITTED]


def test_so_many_at_a_time_and_it_says_so(as_officer, round, filed, monkeypatch):
    monkeypatch.setattr(bulk, "MOST", 1)
    response = preview(as_officer, round, "accept", [filed("甲"), filed("乙")])
    assert possible(response) == ["甲"]
    assert "一次最多办理 1 项" in body(response)


# Confirming


@pytest.mark.parametrize(
    ("verb", "source", "target"),
    [
        ("accept", Status.SUBMITTED, Status.ACCEPTED),
        ("return_for_changes", Status.SUBMITTED, Status.RETURNED),
        ("decline", Status.ACCEPTED, Status.DECLINED),
        ("undo_decline", Status.DECLINED, Status.SUBMITTED),
    ],
)
def test_every_verb_is_done_to_all_with_the_words_typed_once(
    as_officer, round, filed, verb, source, target
):
    applications = [filed(name, source) for name in "甲乙"]
    shown = preview(as_officer, round, verb, applications, q="甲")
    response = confirm(as_officer, round, shown, "同样的话", q="甲")
    assert response.status_code == 302
    assert "q=%E7%94%B2" in response.url
    assert statuses(*applications) == [target, target]
    assert f"{len(applications)} 项" in said(response)
    for application in applications:
        assert application.events.first().comment == "同样的话"


def test_what_changed_since_the_preview_is_skipped_and_said(
    as_officer, round, filed, officer, owner_of
):
    same, decided, withdrawn, newer = (filed(name) for name in ("没变", "已定", "撤回", "新版"))
    shown = preview(as_officer, round, "decline", [same, decided, withdrawn, newer])
    cast.decide(decided, "accept", officer)
    for application in (withdrawn, newer):
        workflow.withdraw(cast.fresh(application), actor=owner_of(application))
    workflow.submit(cast.fresh(newer), cast.declarations(round), actor=owner_of(newer))
    response = confirm(as_officer, round, shown, "理由")
    assert statuses(same, decided, withdrawn, newer) == [
        Status.DECLINED,
        Status.ACCEPTED,
        Status.DRAFT,
        Status.SUBMITTED,
    ]
    words = said(response)
    assert "已办理“不予推荐” 1 项" in words
    assert "已定：预览之后，状态已变为“审核通过”" in words
    assert "撤回：预览之后，状态已变为“企业填报中”" in words
    assert "新版：企业已提交新的版本" in words


def test_what_was_typed_is_still_there_when_nothing_could_be_done(
    as_officer, round, filed, officer
):
    application = filed("甲")
    shown = preview(as_officer, round, "decline", [application])
    cast.decide(application, "decline", officer, "同事更快")
    response = confirm(as_officer, round, shown, "写了很久的话")
    assert response.status_code == 409
    assert "写了很久的话" in body(response)
    assert "预览之后，状态已变为“不予推荐”" in body(response)


def test_words_that_are_too_long_are_still_there_and_nothing_is_done(as_officer, round, filed):
    application = filed("甲")
    shown = preview(as_officer, round, "decline", [application])
    response = confirm(as_officer, round, shown, "长" * 2001)
    assert response.status_code == 409
    assert "长" * 2001 in body(response)
    assert "2000 字以内" in body(response)
    assert statuses(application) == [Status.SUBMITTED]


def test_a_decision_that_needs_words_asks_for_them_again(as_officer, round, filed):
    application = filed("甲")
    response = confirm(as_officer, round, preview(as_officer, round, "decline", [application]))
    assert response.status_code == 409
    assert "请填写“不予推荐”的理由" in body(response)
    assert statuses(application) == [Status.SUBMITTED]


@pytest.mark.parametrize(
    "seen",
    [
        *("", "x", "1-2", "1-2-nonsense", "1-2-3-4", "--submitted", "٣-1-submitted"),
        f"{'9' * 40}-1-submitted",
    ],
)
def test_what_no_preview_wrote_is_refused_with_words(as_officer, round, seen):
    url = reverse("review:bulk_confirm", args=[round.slug])
    response = as_officer.post(url, {"verb": "accept", "seen": seen}, follow=True)
    assert response.status_code in (200, 409)


def test_a_preview_reads_back_what_it_wrote(filed):
    seen = Seen.of(filed("甲"))
    assert Seen.read(str(seen)) == seen
