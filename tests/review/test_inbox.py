"""The inbox: what needs the officer before when, what is new, found and exported."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from applications import commenting, interests, workflow
from applications.states import Status
from portal.documents import Format
from portal.jobs.models import Job
from portal.rounds.times import closing
from review import ranking, readings
from tests import cast
from tests.portal.documents.readers import read_rows, read_texts
from tests.review.test_pages import body


@pytest.fixture
def filed(round, officer):
    """Applications by the name of their enterprise, taken to a state when asked for."""
    numbers = iter(range(1, 100))

    def file(name, status=Status.SUBMITTED):
        return cast.bring_to(status, round, cast.make_enterprise(next(numbers), name=name), officer)

    return file


def inbox(client, **query):
    return client.get(reverse("review:inbox"), query)


def listed(response) -> list[str]:
    return [application.cells["enterprise"] for application in response.context["page"]]


def needed(response) -> dict[str, str]:
    return {row.cells["enterprise"]: row.cells["need"] for row in response.context["page"]}


def resubmit(application):
    owner = application.enterprise.user_set.get()
    workflow.submit(cast.fresh(application), cast.declarations(application.round), actor=owner)


# What is needed


def test_every_application_says_what_it_waits_for(as_officer, filed, officer):
    for status in Status:
        if status not in (Status.RECOMMENDED, Status.UNLISTED):
            filed(status.label, status)
    resubmit(filed("又交", Status.RETURNED))
    seated = filed("在名单", Status.ACCEPTED)
    ranking.recommend(cast.list_of(seated), seated, actor=officer)
    interests.declare([filed("回避")], has_conflict=True, note="亲属", actor=officer)
    page = inbox(as_officer)
    assert list(needed(page).items()) == [
        ("已提交", "待审核（首次提交）"),
        ("又交", "待核对（重新提交）"),
        ("审核通过", "待排序"),
        ("在名单", "待名单报送"),
        ("退回修改", "等待企业修改"),
        ("填报中", "等待企业提交"),
        ("不予推荐", "已办结"),
        ("回避", "已回避，由同事办理"),
    ]
    assert 'badge-open">回避' in body(page)


def test_a_conflict_is_the_officers_own(client, filed, officer):
    interests.declare([filed("甲")], has_conflict=True, note="亲属", actor=officer)
    client.force_login(cast.make_user("colleague", officer.role, bureau=officer.bureau))
    assert needed(inbox(client)) == {"甲": "待审核（首次提交）"}


def test_with_every_seat_taken_the_others_need_no_ranking(as_officer, filed, officer, round):
    accepted = [filed(name, Status.ACCEPTED) for name in "甲乙丙丁"]
    assert set(needed(inbox(as_officer)).values()) == {"待排序"}
    for application in accepted[:3]:
        ranking.recommend(cast.list_of(application), application, actor=officer)
    assert set(needed(inbox(as_officer)).values()) == {"待名单报送"}


def test_once_the_list_is_sent_nothing_is_the_officers_turn(as_officer, filed, officer):
    filed("甲", Status.RECOMMENDED)
    filed("乙")
    page = inbox(as_officer)
    assert needed(page) == {"甲": "已办结", "乙": "名单已报送，暂不能办理"}
    assert 'id="bulk"' not in body(page)
    assert listed(inbox(as_officer, show="mine")) == []


def test_of_two_that_need_the_same_the_one_that_waits_longer_comes_first(
    as_officer, filed, officer
):
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        filed("后来")
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        filed("先来")
    with time_machine.travel(timezone.now() + timedelta(days=3, hours=1, minutes=1)):
        as_officer.force_login(officer)
        page = inbox(as_officer)
    assert listed(page) == ["先来", "后来"]
    assert [row.cells["waited"] for row in page.context["page"]] == ["3 天", "2 天"]


def test_waiting_is_counted_from_what_was_done_last(as_officer, filed, officer):
    application = filed("甲")
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        cast.decide(application, "accept", officer)
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
        as_officer.force_login(officer)
        [row] = inbox(as_officer).context["page"]
    assert row.cells["waited"] == "2 天"


def test_of_what_is_settled_the_latest_comes_first(as_officer, filed):
    filed("先", Status.DECLINED)
    filed("后", Status.DECLINED)
    assert listed(inbox(as_officer)) == ["后", "先"]


def test_comments_that_are_not_closed_are_counted(as_officer, filed, officer):
    application = filed("甲")
    for field in ("introduction", "results"):
        commenting.add(
            application,
            ("factory", "", "", field),
            "missing",
            "请补充。",
            revision=application.current_revision_id,
            actor=officer,
        )
    [row] = inbox(as_officer).context["page"]
    assert row.cells["unclosed"] == 2
    cast.decide(application, "return_for_changes", officer)
    application.comments.filter(field="results").update(closed_at=timezone.now())
    [row] = inbox(as_officer).context["page"]
    assert row.cells["unclosed"] == 1


def test_a_comment_that_is_put_again_counts_once(as_officer, filed, officer, round):
    application = filed("甲")
    place, written = ("factory", "", "", "results"), ("missing", "请补充。")
    read = {"revision": application.current_revision_id, "actor": officer}
    commenting.add(application, place, *written, **read)
    cast.decide(application, "return_for_changes", officer)
    owner = application.enterprise.user_set.get()
    commenting.answer(application.comments.get(), "changed", seen=None, actor=owner)
    workflow.submit(cast.fresh(application), cast.declarations(round), actor=owner)
    application = cast.fresh(application)
    read["revision"] = application.current_revision_id
    commenting.reopen(application.comments.get(), *written, **read)
    [row] = inbox(as_officer).context["page"]
    assert row.cells["unclosed"] == 1


def test_each_need_has_the_deadline_that_counts_for_it(as_officer, filed, round):
    filed("甲")
    filed("乙", Status.DRAFT)
    filed("丙", Status.DECLINED)
    due = {row.cells["enterprise"]: row.cells["due"] for row in inbox(as_officer).context["page"]}
    assert due == {
        "甲": closing(round.bureau_deadline),
        "乙": closing(round.enterprise_deadline),
        "丙": "",
    }


def test_the_order_goes_on_over_the_pages(as_officer, filed, settings):
    settings.PAGE_SIZE = 2
    for name, status in (("甲", "draft"), ("乙", "accepted"), ("丙", "submitted")):
        filed(name, Status(status))
    assert listed(inbox(as_officer)) == ["丙", "乙"]
    assert listed(inbox(as_officer, page=2)) == ["甲"]


def test_what_needs_the_officer_is_counted_and_filtered(as_officer, filed):
    for name, status in (("甲", "draft"), ("乙", "accepted"), ("丙", "submitted")):
        filed(name, Status(status))
    page = inbox(as_officer, show="mine")
    assert listed(page) == ["丙", "乙"]
    assert ("mine", "需要我办理", 2) in page.context["shown"]


# What is new


def test_new_is_what_was_submitted_and_never_opened(as_officer, filed, officer):
    application = filed("甲")
    filed("乙", Status.DRAFT)
    assert listed(inbox(as_officer, show="new")) == ["甲"]
    assert ("new", "新动态", 1) in inbox(as_officer).context["shown"]
    readings.note(application, officer)
    assert listed(inbox(as_officer, show="new")) == []


def test_what_others_do_after_the_last_reading_is_new_what_one_does_oneself_is_not(
    as_officer, filed, officer
):
    application = filed("甲")
    readings.note(application, officer)
    cast.decide(application, "return_for_changes", officer, "请补充。")
    assert listed(inbox(as_officer, show="new")) == []
    resubmit(application)
    assert listed(inbox(as_officer, show="new")) == ["甲"]
    assert "tag-new" in body(inbox(as_officer))


def test_reading_is_each_officers_own(client, filed, officer):
    readings.note(filed("甲"), officer)
    client.force_login(cast.make_user("colleague", officer.role, bureau=officer.bureau))
    assert listed(inbox(client, show="new")) == ["甲"]


def test_nothing_is_new_to_whoever_has_stepped_aside(as_officer, filed, officer):
    interests.declare([filed("甲")], has_conflict=True, note="亲属", actor=officer)
    assert listed(inbox(as_officer, show="new")) == []


def test_a_reading_is_remembered_once_and_moves_on(filed, officer):
    application = filed("甲")
    assert readings.since(application, officer) is None
    readings.note(application, officer)
    first = readings.since(application, officer)
    readings.note(application, officer)
    assert readings.since(application, officer) > first
    assert officer.readings.count() == 1


# What is found


def test_what_no_page_sends_is_cleaned_before_anybody_searches_for_it(client, officer, round):
    """PostgreSQL takes no NUL; a form may hold one, an address may not."""
    client.force_login(officer)
    url = reverse("review:export_list", args=[round.slug])
    assert client.post(url, {"bureau": "\x00", "q": "\x00", "status": "\x00"}).status_code == 302
    assert Job.objects.get(owner=officer).parameters["query"] == {"round": round.slug}


@pytest.mark.parametrize("text", ["tyzg", "TYZG", "ty zg", "ｔｙｚｇ", "zggf", "sxtyzg"])
@pytest.mark.parametrize("page", ["inbox", "applications"])
def test_a_name_is_found_by_its_initials(client, filed, officer, province, page, text):
    filed("山西太原重工股份有限公司")
    filed("大同煤机有限公司")
    client.force_login({"inbox": officer, "applications": province}[page])
    response = client.get(reverse(f"review:{page}"), {"q": text})
    assert listed(response) == ["山西太原重工股份有限公司"]


def test_a_filter_of_the_bureau_is_no_filter_of_the_province(client, filed, province):
    filed("甲", Status.DECLINED)
    client.force_login(province)
    response = client.get(reverse("review:applications"), {"show": "mine"})
    assert listed(response) == ["甲"]


# The file


def exported(client, work_off_jobs, user, page, **query) -> list[tuple[str, ...]]:
    """The rows of the file that the page's own export form makes."""
    client.force_login(user)
    shown = client.get(reverse(f"review:{page}"), query)
    form = shown.context["query"].parameters
    url = reverse("review:export_list", args=[shown.context["round"].slug])
    assert f'action="{url}"' in body(shown)
    response = client.post(url, form)
    work_off_jobs()
    job = Job.objects.get(owner=user)
    assert response.url == reverse("jobs:detail", args=[job.pk])
    assert job.status == Job.Status.DONE, job.message
    content = b"".join(client.get(reverse("jobs:file", args=[job.pk])).streaming_content)
    return read_rows(content, Format.XLSX)


def on_screen(response) -> list[tuple[str, ...]]:
    columns = response.context["columns"].values()
    rows = [
        tuple("" if value is None else str(value) for value in row.cells.values())
        for row in response.context["page"]
    ]
    return [tuple(column.title for column in columns), *rows]


@pytest.mark.parametrize("query", [{}, {"show": "mine"}, {"status": "draft"}, {"q": "有限"}])
@pytest.mark.parametrize("page", ["inbox", "applications"])
def test_the_file_is_the_page(client, filed, officer, province, work_off_jobs, page, query):
    for name, status in (("甲有限", "draft"), ("乙有限", "accepted"), ("丙", "submitted")):
        filed(name, Status(status))
    user = {"inbox": officer, "applications": province}[page]
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        rows = exported(client, work_off_jobs, user, page, **query)
        shown = client.get(reverse(f"review:{page}"), query)
    assert [tuple(row) for row in rows] == on_screen(shown)
    texts = body(shown)
    assert all(cell in texts for row in rows for cell in row)


def test_the_file_has_all_pages(client, filed, officer, work_off_jobs, settings):
    settings.PAGE_SIZE = 1
    filed("甲")
    filed("乙")
    assert len(exported(client, work_off_jobs, officer, "inbox")) == 3


def test_the_file_holds_what_its_owner_may_see_and_no_phone(
    client, filed, round, officer, other_officer, work_off_jobs
):
    filed("甲")
    cast.bring_to(
        Status.SUBMITTED, round, cast.make_enterprise(60, cast.DATONG, "乙"), other_officer
    )
    client.force_login(officer)
    for query in ({}, {"bureau": cast.DATONG}):
        client.post(reverse("review:export_list", args=[round.slug]), query)
    work_off_jobs()
    whole, foreign = (
        read_texts(job.file.read(), Format.XLSX) for job in officer.jobs.order_by("pk")
    )
    assert "甲" in whole
    assert "乙" not in whole + foreign
    assert "199" not in whole


def test_the_file_says_what_the_list_was_narrowed_to(client, filed, officer, work_off_jobs, round):
    filed("甲")
    client.force_login(officer)
    query = {"status": "submitted", "q": "甲"}
    response = client.post(reverse("review:export_list", args=[round.slug]), query)
    work_off_jobs()
    job = officer.jobs.get()
    said = read_texts(job.file.read(), Format.XLSX)
    assert f"{officer.bureau}；待审核；查找“甲”；共 1 项。" in said
    assert "校验码 " not in said
    back = client.get(response.url).context["job"].parameters["back"]
    assert listed(client.get(back)) == ["甲"]
