"""Drafted opinions: every sentence has its fact, every number its place in the revision."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import interests, workflow
from applications.models import Application
from applications.models.history import canonical_json
from applications.sections import GROUPS, INSTANCES
from review import checklist, drafting, ranking
from review.models import SiteVisit
from tests import cast

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.fixture
def application(round, officer) -> Application:
    """Accepted; a few things said of it that an opinion should and should not repeat."""
    actor = cast.make_enterprise(1)
    application = workflow.start(round, actor=actor)
    cast.complete(application, actor)
    indicators, instances = GROUPS["indicator_values"], application.instances.all()
    for key, values in {
        "5": {"before": 50, "after": 20, "value": None},  # 60.00 shorter
        "7": {"before": 80, "after": 100, "value": None},  # 25.00 more
        "9": {"before": 50, "after": 10, "value": 95, "note": "口径不同。"},
        "10": {"value": None, "is_not_applicable": True, "note": "没有可比设备。"},
        "14": {"before": 50, "after": 60, "value": None},  # dearer than before
        "16": {"value": 33.3},
    }.items():
        cast.save_row(application, indicators, key, values, actor)
    cast.save_row(application, INSTANCES, instances[0].key, {"uses_ai": True}, actor)
    cast.save_row(application, indicators, "3", {"value": 20}, actor)
    workflow.submit(application, cast.declarations(round), actor=actor)
    return cast.decide(application, "accept", officer)


def whole(application: Application) -> Application:
    return Application.objects.select_related("round", "current_revision").get(pk=application.pk)


def visit(application: Application, officer, **changes) -> SiteVisit:
    return SiteVisit.objects.create(
        application=application,
        author=officer,
        findings="二号车间正在调试。",
        **{"visited_on": date(2024, 11, 3), "people": "张三、李四", **changes},
    )


def test_an_opinion_says_what_was_stated_and_nothing_else(application):
    assert drafting.draft(whole(application)) == (
        "企业填报：智能制造能力成熟度等级为三级（集成级），总投资 12,345.60 万元。"
        "已建典型场景实例 5 个，5 个大环节中覆盖 5 个"
        "（工厂建设、研发设计、生产作业、生产管理、运营管理），其中应用人工智能技术的 1 个。"
        "企业填报的成效：研制周期缩短 60.00%、单位产品综合能耗降低 33.30%、生产效率提升 25.00%。"
    )


def test_every_number_of_an_opinion_is_in_the_revision_or_counts_what_is_there(application):
    application = whole(application)
    data = application.current_revision.data
    counts = {len(data["scenario_lines"]), len(data["checks"]["areas"]), 1}
    numbers = NUMBER.findall(drafting.draft(application))
    stated = canonical_json(data)
    assert numbers
    assert all(f'"{number}"' in stated or int(number) in counts for number in numbers)


def test_values_disputed_by_their_own_figures_or_worse_than_before_are_not_named(
    application, monkeypatch
):
    monkeypatch.setattr(drafting, "MOST_CHANGES", 20)  # none is left out for being small
    text = drafting.draft(whole(application))
    assert not re.search("产品不良率|设备综合利用率|运营成本", text)


def test_what_the_officers_found_is_told_with_what_is_left(application, officer, round):
    nothing = checklist.summary([application], officer)[application.pk]
    assert "审查" not in drafting.draft(whole(application), marks=nothing)
    first, second = round.version.conditions[:2]
    checklist.mark(
        application,
        [checklist.Said(first, "met", ""), checklist.Said(second, "verify", "待补证明。")],
        revision=application.current_revision_id,
        actor=officer,
    )
    marks = checklist.summary([application], officer)[application.pk]
    total = len(round.version.conditions)
    assert (
        f"经审查要素条件 {total} 条：符合 1 条、待核实 1 条、尚未审查 {total - 2} 条。"
        in drafting.draft(whole(application), marks=marks)
    )


def test_a_visit_is_told_by_its_day_and_people_not_by_its_findings(application, officer):
    assert "现场核查" not in drafting.draft(whole(application))
    text = drafting.draft(whole(application), visit=visit(application, officer))
    assert text.endswith("2024年11月3日现场核查，张三、李四参加。")


def test_a_clause_in_principle_that_is_not_met_is_told_with_the_reason(round, officer):
    actor = cast.make_enterprise(2)
    application = workflow.start(round, actor=actor)
    cast.complete(application, actor)
    lost = application.instances.first()
    lost.delete()
    reasons = {"reason": "研发由集团统一承担。"}
    cast.save_row(application, GROUPS["explanations"], "C-excellent", reasons, actor)
    workflow.submit(application, cast.declarations(round), actor=actor)
    text = drafting.draft(whole(application))
    assert "5 个大环节中覆盖 4 个（" in text
    assert text.endswith(
        "附件2 四（一）“原则上应覆盖全部五个环节”不满足，"
        "企业填报的“未达到的理由”：研发由集团统一承担。"
    )


def test_a_revision_from_before_the_checks_were_kept_says_what_it_can(application):
    application = whole(application)
    del application.current_revision.data["checks"]
    assert "已建典型场景实例 5 个，其中应用" in drafting.draft(application)


# For the board


def test_only_seats_without_an_opinion_get_one_in_as_many_queries(
    make_accepted, ranked_list, officer
):
    three = make_accepted(3)
    for application in three[:2]:
        ranking.recommend(ranked_list, application, actor=officer)

    def drafted():
        seats = ranking.seats_of(ranked_list)
        with CaptureQueriesContext(connection) as captured:
            drafts = drafting.drafts(seats, officer)
        return {s.number: drafts[s.pk] for s in seats if s.pk in drafts}, len(captured)

    two, queries = drafted()
    assert [*two] == [1, 2]
    assert two[1].startswith("企业填报：")
    ranking.recommend(ranked_list, three[2], actor=officer)
    assert drafted() == ({**two, 3: two[1]}, queries)
    ranked_list.refresh_from_db()
    ranking.save_opinions(
        ranked_list, {three[0].pk: "首推。"}, version=ranked_list.version, actor=officer
    )
    assert [*drafted()[0]] == [2, 3]


def test_who_stepped_aside_gets_no_draft_of_what_the_enterprise_says(
    make_accepted, ranked_list, officer
):
    [application] = make_accepted(1)
    ranking.recommend(ranked_list, application, actor=officer)
    interests.declare([application], has_conflict=True, note="亲属任职。", actor=officer)
    assert drafting.drafts(ranking.seats_of(ranked_list), officer) == {}


def test_the_board_offers_the_draft_and_keeps_it_only_when_it_is_saved(
    client, make_accepted, ranked_list, officer
):
    seated, candidate = make_accepted(2)
    ranking.recommend(ranked_list, seated, actor=officer)
    client.force_login(officer)
    page = client.get(reverse("review:board", args=["test"])).content.decode()
    [seat] = [s for s in ranking.seats_of(ranked_list) if s.application_id]
    text = drafting.drafts([seat], officer)[seat.pk]
    assert f">{text}</textarea>" in page
    assert page.count(">按申报事实拟写，请修改后保存。") == 2
    assert page.count("hidden>按申报事实拟写，请修改后保存。") == 1  # the candidate's

    def press(button, **more):
        ranked_list.refresh_from_db()
        typed = {f"opinion-{seated.pk}": text, f"seen-{seated.pk}": text}
        version = {"version": ranked_list.version}
        client.post(reverse(f"review:{button}", args=["test"]), {**typed, **version, **more})
        seat.refresh_from_db()
        return seat.opinion

    assert press("recommend", application=candidate.pk) == ""
    assert press("opinions") == text


# For those not recommended


@pytest.mark.parametrize(("taken", "said"), [(3, "共推荐 3 个项目"), (0, "未推荐项目")])
def test_a_regret_tells_the_outcome_and_no_rank(round, taken, said):
    text = drafting.regret(round, taken)
    assert said in text
    assert str(round) in text
    assert not re.search("名次|第|排", text)
