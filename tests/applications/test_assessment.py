"""梯度自评: the conditions of all four levels, asked of answers that are no application."""

import pytest
from django.urls import reverse

from applications import assessment, workflow
from applications.assessment import Verdict
from applications.models import SelfAssessment
from portal.accounts.models import Role
from portal.audit.models import Record
from portal.catalogue.models import Area, Condition, Division, Level
from tests import cast

pytestmark = pytest.mark.django_db

EVERYTHING = {
    "requirements": {"B1": "yes", "B2": "yes", "B3": "yes", "B4": "yes"},
    "maturity_level": 4,
    "areas": list(Area.values),
    "finished_on": "2024-06-30",
    "registered_division": "140105",
}


@pytest.fixture
def owner(catalogue):
    return cast.make_enterprise(1)


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


def assess(**changes):
    return assessment.assess(EVERYTHING | changes, 2024)


def verdicts(result):
    return [standing.verdict for standing in result.standings]


def at(result, level):
    return next(standing for standing in result.standings if standing.level == level)


def posted(**changes):
    said = EVERYTHING | changes
    division = str(next(d for d in Division.objects.cached() if d.code == "140105").pk)
    ticked = {f"r-{code}": answer for code, answer in said.pop("requirements").items()}
    return {**said, **ticked, "registered_division": division}


def test_who_meets_every_clause_reaches_all_four_levels(catalogue):
    result = assess()
    assert verdicts(result) == [Verdict.REACHED] * 4
    assert result.unreached == []


def test_without_an_answer_every_level_is_open(catalogue):
    assert verdicts(assessment.assess({}, 2024)) == [Verdict.OPEN] * 4


def test_the_levels_part_where_their_clauses_do(catalogue):
    production = [Area.PRODUCTION]
    result = assess(maturity_level=2, areas=production)
    met, lacking = Verdict.REACHED, Verdict.LACKING
    assert verdicts(result) == [met, lacking, lacking, lacking]
    [coverage] = at(result, Level.ADVANCED).lacking
    assert "生产管理" in coverage.findings[0].message
    excellent = at(result, Level.EXCELLENT)
    [maturity] = excellent.lacking
    assert maturity.findings[0].message == "成熟度等级为 2 级，卓越级要求 3 级及以上。"
    assert [clause.condition.code for clause in excellent.excusable] == ["C-excellent"]


def test_what_only_should_be_covered_keeps_nobody_from_excellent_and_everybody_from_leading(
    catalogue,
):
    result = assess(areas=[Area.PRODUCTION, Area.MANAGEMENT, Area.OPERATION])
    assert at(result, Level.EXCELLENT).verdict == Verdict.REACHED
    assert at(result, Level.EXCELLENT) in result.unreached  # a reason is due
    assert at(result, Level.LEADING).verdict == Verdict.LACKING


def test_a_basic_requirement_that_is_not_met_bars_every_level(catalogue):
    no = EVERYTHING["requirements"] | {"B2": "no"}
    assert verdicts(assess(requirements=no)) == [Verdict.LACKING] * 4


def test_the_table_has_one_line_for_clauses_of_a_kind(catalogue):
    lines = assess().lines
    assert len(lines) == 8
    coverage = next(line for line in lines if not line.is_common)
    assert [clause.condition.code for _level, clause in coverage.cells] == [
        f"C-{level}" for level in Level.values
    ]
    registered = next(line for line in lines if line.cells[2][1].condition.code == "N1")
    assert [clause is not None for _level, clause in registered.cells] == [
        False,
        False,
        True,
        False,
    ]


def test_the_newest_edition_that_knows_all_levels_is_asked(catalogue):
    assert assessment.edition() == 2024
    Condition.objects.create(
        edition=2030,
        code="X",
        level="leading",
        where="一",
        text="新",
        rule="judged",
        modality="must",
        order=1,
    )
    assert assessment.edition() == 2024
    unsaid = [standing.verdict for standing in assessment.assess(EVERYTHING, 2030).standings]
    assert unsaid == [Verdict.UNSAID] * 3 + [Verdict.REACHED]


def test_the_answers_are_kept_shown_again_and_asked_of_nobody(as_owner, owner):
    url = reverse("applications:assessment")
    response = as_owner.post(url, posted(maturity_level=2, areas=["生产作业"]), follow=True)
    page = response.content.decode()
    assert "自评已保存" in page and "距卓越级还差" in page and "卓越级要求 3 级" in page
    kept = SelfAssessment.objects.get()
    assert kept.answers == EVERYTHING | {"maturity_level": 2, "areas": ["生产作业"]}
    as_owner.post(url, posted(), follow=True)
    assert SelfAssessment.objects.get().answers == EVERYTHING
    assert [r.detail for r in Record.objects.filter(verb="assess")] == ["", ""]


def test_a_date_that_is_none_is_shown_again_with_what_is_wrong(as_owner):
    url = reverse("applications:assessment")
    response = as_owner.post(url, posted(finished_on="明年春天"))
    page = response.content.decode()
    assert response.status_code == 409
    assert "明年春天" in page and "日期请写成" in page
    assert not SelfAssessment.objects.exists()


def test_an_application_fills_it_in_and_nothing_is_kept_until_saved(as_owner, owner):
    round = cast.make_round(cast.make_province())
    application = workflow.start(round, actor=owner)
    cast.complete(application, owner)
    page = as_owner.get(reverse("applications:assessment"), {"use": ""})
    assert page.context["is_taken_over"]
    assert verdicts(page.context["result"])[:3] == [Verdict.REACHED] * 3
    assert at(page.context["result"], Level.LEADING).lacking[0].basis == "三级（集成级）"
    assert not SelfAssessment.objects.exists()


def test_neither_bureau_nor_province_nor_a_rival_sees_it(as_owner, client, owner):
    as_owner.post(reverse("applications:assessment"), posted())
    others = (
        cast.make_officer(),
        cast.make_province(),
        cast.make_user("auditor", Role.AUDITOR),
        cast.make_enterprise(2),
    )
    for user in others:
        assert not SelfAssessment.objects.visible_to(user).exists()
    client.force_login(others[-1])
    page = client.get(reverse("applications:assessment")).content.decode()
    assert "逐条对照" not in page


def test_a_visitor_gets_the_same_answer_and_leaves_nothing(client, catalogue):
    url = reverse("assessment")
    page = client.get(url, posted(maturity_level=2))
    assert verdicts(page.context["result"])[2:] == [Verdict.LACKING] * 2
    assert "距卓越级还差" in page.content.decode()
    assert not SelfAssessment.objects.exists()
    assert "sessionid" not in client.cookies
