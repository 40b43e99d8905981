"""审查清单: each officer's marks on the clauses, beside what the checks found."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import interests, workflow
from applications.models import Application
from applications.states import Status
from portal.accounts.models import Role
from portal.errors import NotAllowed, StaleState
from review import checklist
from review.checklist import Said
from review.models import ClauseMark
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(round, officer) -> Application:
    return cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(1), officer)


@pytest.fixture
def colleague(application):
    user = cast.make_user("colleague", Role.BUREAU, bureau=application.bureau)
    cast.no_interest(application, user)
    return user


@pytest.fixture
def conditions(application):
    return application.version.conditions


def mark(application, officer, *said: Said) -> None:
    application = cast.fresh(application)
    checklist.mark(application, said, revision=application.current_revision_id, actor=officer)


def resubmit(application, officer) -> Application:
    cast.decide(application, "return_for_changes", officer, "请补充。")
    owner = application.enterprise.user_set.get()
    workflow.submit(cast.fresh(application), cast.declarations(application.round), actor=owner)
    return cast.fresh(application)


def page_of(client, user, application):
    client.force_login(user)
    return client.get(reverse("review:checklist", args=[application.pk]))


def post(client, user, application, json=False, **data):
    client.force_login(user)
    url = reverse("review:mark", args=[application.pk])
    data = {"revision": application.current_revision_id, **data}
    if not json:
        return client.post(url, data)
    headers = {"Accept": "application/json"}
    return client.post(url, data, content_type="application/json", headers=headers)


def line(application, user, condition):
    lines = checklist.lines(cast.fresh(application), user)
    return next(each for each in lines if each.condition == condition)


# The page


def test_every_clause_of_the_level_stands_under_its_part_of_the_notice(
    client, application, officer
):
    response = page_of(client, officer, application)
    parts = {heading: len(rows) for heading, rows in response.context["parts"]}
    assert parts == {"通知一、申报条件": 3, "通知二": 1, "附件2 一、基础要求": 5, "附件2 四": 5}
    text = response.content.decode()
    for condition in application.version.conditions:
        assert condition.text in text
        assert condition.get_modality_display() in text


def test_beside_a_clause_stands_what_was_found_when_it_was_submitted(
    client, application, officer, conditions
):
    coverage = next(each for each in conditions if each.code == "C-excellent")
    found = line(application, officer, coverage).found
    assert (found["state_label"], found["basis"]) == ("满足", "已覆盖 5 / 5")
    text = page_of(client, officer, application).content.decode()
    assert "已覆盖 5 / 5" in text
    reader = reverse("review:reader", args=[application.pk])
    assert f"{reader}#{found['anchor']}" in text
    assert f'id="{found["anchor"]}"' in client.get(reader).content.decode()


def test_a_revision_from_before_the_checks_were_kept_can_be_marked(
    client, application, officer, conditions
):
    revision = application.current_revision
    del revision.data["checks"]
    revision.save()
    assert "没有留存系统检查的结果" in page_of(client, officer, application).content.decode()
    mark(application, officer, Said(conditions[0], "met", ""))
    assert line(application, officer, conditions[0]).is_done


def test_colleagues_and_the_province_see_whose_mark_it_is_and_where_two_differ(
    client, application, officer, colleague, province, conditions
):
    mark(application, colleague, Said(conditions[0], "unmet", "注册地不符"))
    response = page_of(client, officer, application).content.decode()
    assert "注册地不符" in response and str(colleague) in response
    assert not line(application, officer, conditions[0]).is_disputed
    mark(application, officer, Said(conditions[0], "met", ""))
    assert line(application, officer, conditions[0]).is_disputed
    assert line(application, province, conditions[0]).is_disputed
    response = page_of(client, province, application).content.decode()
    assert str(officer) in response and str(colleague) in response
    assert "<textarea" not in response


# Marking


def test_the_page_posted_as_a_whole_is_saved_and_progress_counted(
    client, application, officer, conditions
):
    data = {f"c{each.pk}-verdict": "" for each in conditions}
    data |= {f"c{conditions[0].pk}-verdict": "met", f"c{conditions[1].pk}-verdict": "verify"}
    data[f"c{conditions[1].pk}-note"] = "看\r\n验收报告"
    response = post(client, officer, application, **data)
    assert response.status_code == 302
    context = client.get(response.url).context
    assert (context["done"], context["total"]) == (2, 14)
    assert line(application, officer, conditions[1]).mine.note == "看\n验收报告"


def test_only_rows_that_changed_are_written(client, application, officer, conditions):
    mark(application, officer, Said(conditions[0], "met", "甲"), Said(conditions[1], "met", ""))
    before = dict(ClauseMark.objects.values_list("condition", "at"))
    mark(application, officer, Said(conditions[0], "met", "甲"), Said(conditions[1], "unmet", ""))
    after = dict(ClauseMark.objects.values_list("condition", "at"))
    assert after[conditions[0].pk] == before[conditions[0].pk]
    assert after[conditions[1].pk] > before[conditions[1].pk]


def test_nobody_touches_a_colleagues_marks(client, application, officer, colleague, conditions):
    mark(application, colleague, Said(conditions[0], "unmet", "理由"))
    data = {f"c{each.pk}-verdict": "met" for each in conditions}
    post(client, officer, application, **data)
    post(client, officer, application, **dict.fromkeys(data, ""))
    assert [(m.officer, m.verdict, m.note) for m in ClauseMark.objects.all()] == [
        (colleague, "unmet", "理由")
    ]


def test_what_cannot_be_kept_is_said_beside_its_row_and_the_rest_is_saved(
    client, application, officer, conditions
):
    first, second, third = (f"c{each.pk}" for each in conditions[:3])
    response = post(
        client,
        officer,
        application,
        **{
            f"{first}-verdict": "met",
            f"{second}-verdict": "",
            f"{second}-note": "只写了说明",
            f"{third}-verdict": "met",
            f"{third}-note": "长" * 1001,
        },
    )
    assert response.status_code == 409
    text = response.content.decode()
    assert "请选择结论，说明才能保存。" in text and "只写了说明" in text
    assert "最多 1000 字，现有 1001 字" in text and "长" * 1001 in text
    assert [each.condition for each in ClauseMark.objects.all()] == [conditions[0]]


def test_one_row_sent_by_the_script_leaves_the_others_alone(
    client, application, officer, conditions
):
    mark(application, officer, Said(conditions[0], "met", ""))
    row = f"c{conditions[1].pk}"
    response = post(client, officer, application, json=True, **{f"{row}-verdict": "unmet"})
    assert response.status_code == 200
    assert response.json()["done"] == 2
    assert response.json()["errors"] == {}
    response = post(
        client, officer, application, json=True, **{f"{row}-verdict": "", f"{row}-note": "说明"}
    )
    assert response.json()["errors"] == {row: "请选择结论，说明才能保存。"}
    assert ClauseMark.objects.count() == 2


@pytest.mark.parametrize(
    "body", ["null", "[]", "nonsense", "{", "\xff", pytest.param("[" * 99_999, id="deep")]
)
def test_what_no_page_sends_is_refused_in_a_sentence(client, application, officer, body):
    client.force_login(officer)
    url = reverse("review:mark", args=[application.pk])
    response = client.post(url, body, content_type="application/json")
    assert response.status_code == 400
    assert "请刷新页面后再试" in response.json()["message"]


@pytest.mark.parametrize("value", ["maybe", 7, None, ["met"], {"a": 1}])
def test_a_verdict_that_is_none_is_refused(client, application, officer, conditions, value):
    row = f"c{conditions[0].pk}"
    response = post(client, officer, application, json=True, **{f"{row}-verdict": value})
    assert response.status_code == 200
    assert not ClauseMark.objects.exists()


@pytest.mark.parametrize("revision", ["", "0", "999999", "x"])
def test_a_mark_speaks_of_a_revision_of_its_application(
    client, application, officer, conditions, revision
):
    data = {f"c{conditions[0].pk}-verdict": "met", f"c{conditions[0].pk}-note": "写过的"}
    response = post(client, officer, application, **data, revision=revision)
    assert response.status_code == 409
    assert "写过的" in response.content.decode()
    assert not ClauseMark.objects.exists()


def test_only_an_officer_of_the_bureau_who_has_no_interest_marks(
    application, officer, province, other_officer, conditions
):
    said = Said(conditions[0], "met", "")
    interests.declare([application], has_conflict=True, note="曾任职", actor=officer)
    for actor in (officer, other_officer):
        with pytest.raises(NotAllowed):
            mark(application, actor, said)


def test_a_page_opened_before_a_resubmission_marks_the_revision_it_showed(
    application, officer, conditions
):
    read = application.current_revision_id
    application = resubmit(application, officer)
    said = [Said(conditions[0], "met", "")]
    checklist.mark(application, said, revision=read, actor=officer)
    found = line(application, officer, conditions[0])
    assert found.mine.revision.number == 1
    assert not found.is_done
    with pytest.raises(StaleState):
        checklist.mark(application, said, revision=read + 1000, actor=officer)


# After a resubmission


def test_marks_on_an_earlier_revision_ask_to_be_looked_at_again(
    client, application, officer, conditions
):
    mark(application, officer, *(Said(each, "met", "") for each in conditions[:3]))
    application = resubmit(application, officer)
    response = page_of(client, officer, application)
    assert response.context["done"] == 0
    assert response.content.decode().count("针对第 1 版") == 3
    first, second, third = (f"c{each.pk}" for each in conditions[:3])
    post(
        client,
        officer,
        application,
        **{
            f"{first}-verdict": "met",  # posted with the page, not looked at again
            f"{second}-verdict": "met",
            f"{second}-again": "on",
            f"{third}-verdict": "unmet",
        },
    )
    done = [line(application, officer, each).is_done for each in conditions[:3]]
    assert done == [False, True, True]


# The counts for lists


def test_the_summary_counts_each_clause_once_by_its_gravest_mark(
    application, officer, colleague, province, conditions
):
    mark(
        application,
        officer,
        Said(conditions[0], "met", ""),
        Said(conditions[1], "met", ""),
        Said(conditions[2], "verify", ""),
        Said(conditions[3], "met", ""),
    )
    mark(
        application,
        colleague,
        Said(conditions[0], "met", ""),
        Said(conditions[1], "unmet", ""),
        Said(conditions[2], "met", ""),
    )
    expected = {"met": 2, "unmet": 1, "verify": 1, "open": 10}
    for user in (officer, province):
        assert checklist.summary([application], user) == {application.pk: expected}
    application = resubmit(application, officer)
    assert checklist.summary([application], officer)[application.pk]["open"] == 14


def test_the_summary_of_many_takes_no_more_queries_than_that_of_one(
    application, round, officer, conditions
):
    others = [
        cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(number), officer)
        for number in (2, 3)
    ]
    for each in (application, *others):
        mark(each, officer, Said(conditions[0], "met", ""))
    checklist.summary([application], officer)
    counts = []
    for listed in ([application], [application, *others]):
        with CaptureQueriesContext(connection) as asked:
            assert len(checklist.summary(listed, officer)) == len(listed)
        counts.append(len(asked))
    assert counts == [1, 1]


def test_the_page_asks_the_database_no_more_for_many_marks(
    client, application, officer, colleague, conditions
):
    counts = []
    for _ in range(2):
        page_of(client, officer, application)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("review:checklist", args=[application.pk]))
        counts.append(len(asked))
        for user in (officer, colleague):
            mark(application, user, *(Said(each, "met", "") for each in conditions))
    assert counts[0] == counts[1] <= 12
