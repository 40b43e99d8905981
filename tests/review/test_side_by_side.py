"""Applications side by side: what stands in a line, what is best in it, and who may look."""

import html
from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import commenting, interests, workflow
from applications.models import Application
from applications.sections import GROUPS, INSTANCES
from applications.states import Status
from portal.accounts.models import User
from review import checklist, ranking, side_by_side
from review.models import SiteVisit
from review.side_by_side import Cell, Line
from tests import cast

Fill = Callable[[Application, User], None]


@pytest.fixture
def accept(round, officer) -> Callable[..., Application]:
    """File an application, filled by ``fill`` over what every complete one says, and accept it."""

    def accepted(number: int, fill: Fill | None = None) -> Application:
        actor = cast.make_enterprise(number)
        application = workflow.start(round, actor=actor)
        cast.complete(application, actor)
        if fill:
            fill(application, actor)
        workflow.submit(application, cast.declarations(round), actor=actor)
        return cast.decide(application, "accept", officer)

    return accepted


def indicator(key: str, **values) -> Fill:
    def fill(application: Application, actor: User) -> None:
        cast.save_row(application, GROUPS["indicator_values"], key, values, actor)

    return fill


def read(*applications: Application, reader: User) -> list[side_by_side.Part]:
    whole = [Application.objects.get(pk=application.pk) for application in applications]
    return side_by_side.compare(side_by_side.candidates(whole, reader))


def line(parts: list[side_by_side.Part], slug: str, label: str) -> Line:
    [part] = [part for part in parts if part.slug == slug]
    return next(line for line in part.lines if line.label.startswith(label))


def marks(*applications: Application, reader: User, label: str) -> list[str]:
    return [
        c.best for c in line(read(*applications, reader=reader), "indicator_values", label).cells
    ]


# What is best


def test_the_highest_value_of_an_indicator_is_marked(accept, officer):
    low, high = accept(1, indicator("1", value=80)), accept(2, indicator("1", value=95))
    assert marks(low, high, reader=officer, label="1. ") == ["", "最优"]


def test_of_a_decrease_the_deeper_one_is_better(accept, officer):
    slight = accept(1, indicator("9", before=50, after=40, value=None))
    deep = accept(2, indicator("9", before=10, after=2, value=None))
    assert marks(slight, deep, reader=officer, label="9. ") == ["", "最优"]


def test_equal_values_are_marked_alike(accept, officer):
    three = (
        accept(1, indicator("1", value=95)),
        accept(2, indicator("1", value=80)),
        accept(3, indicator("1", value=95)),
    )
    assert marks(*three, reader=officer, label="1. ") == ["并列最优", "", "并列最优"]


def test_what_does_not_apply_is_not_compared(accept, officer):
    without = accept(1, indicator("1", value=None, is_not_applicable=True, note="没有数控设备。"))
    low, high = accept(2, indicator("1", value=80)), accept(3, indicator("1", value=95))
    assert marks(without, low, high, reader=officer, label="1. ") == ["", "", "最优"]
    assert marks(without, high, reader=officer, label="1. ") == ["", ""]
    [cell, _] = line(read(without, high, reader=officer), "indicator_values", "1. ").cells
    assert (cell.text, cell.pairs) == ("不适用", (("口径说明或理由", "没有数控设备。"),))


def test_a_value_unlike_its_own_figures_is_never_the_best_and_says_why(accept, officer):
    typed = accept(1, indicator("7", before=80, after=88, value=60, note="口径不同。"))
    first, second = accept(2, indicator("7", value=20)), accept(3, indicator("7", value=10))
    three = line(read(typed, first, second, reader=officer), "indicator_values", "7. ")
    assert [cell.best for cell in three.cells] == ["", "最优", ""]
    assert three.cells[0].text == "60.00"
    assert three.cells[0].note == "按建设前后的值应为 10.00，不参与比较"


def test_values_before_and_after_stand_with_their_years(accept, officer):
    values = {"before": 80, "before_year": 2020, "after": 88, "after_year": 2023, "value": None}
    two = accept(1, indicator("7", **values)), accept(2)
    [cell, _] = line(read(*two, reader=officer), "indicator_values", "7. ").cells
    assert cell.text == "10.00"
    assert cell.pairs == (("建设前", "80（2020年）"), ("建设后", "88（2023年）"))


# What else stands in a line


def test_the_same_field_stands_in_one_line_and_three_years_in_one_cell(accept, officer):
    parts = read(accept(1), accept(2), reader=officer)
    assert line(parts, "factory", "总投资").cells == (Cell("12,345.60"),) * 2
    [cell, _] = line(parts, "finance_years", "利润总额").cells
    assert cell.pairs == (("2022年", "-5.25"), ("2023年", "-5.25"), ("2024年", "-5.25"))


def test_instances_stand_in_their_area_and_what_is_not_covered_is_said(accept, officer, round):
    def fill(application: Application, actor: User) -> None:
        first = application.instances.first()
        another = next(s for s in round.version.segments if s.area == "生产作业")
        cast.save_row(application, INSTANCES, first.key, {"segment": another}, actor)
        reasons = {"reason": "集团统一建设。"}
        cast.save_row(application, GROUPS["explanations"], "C-excellent", reasons, actor)

    parts = read(accept(1), accept(2, fill), reader=officer)
    missing, doubled = (line(parts, INSTANCES.slug, area) for area in ("工厂建设", "生产作业"))
    assert [(c.text, c.bar, len(c.folds)) for c in missing.cells] == [
        ("1 个", 1, 1),
        ("未覆盖", 0, 0),
    ]
    assert [c.bar for c in doubled.cells] == [1, 2]
    assert doubled.longest_bar == 2
    assert ("建设内容", "内容。") in doubled.cells[0].folds[0].pairs
    clause = line(parts, "clauses", "附件2 四（一）").cells[1]
    assert (clause.text, clause.state) == ("不满足", "unmet")
    assert clause.pairs == (("未达到的理由", "集团统一建设。"),)


def test_every_officers_mark_stands_with_its_clause_and_the_revision_it_was_made_on(
    accept, officer, round
):
    marked, other = accept(1), accept(2)
    clause = next(c for c in round.version.conditions if c.code == "B1")
    first = marked.current_revision_id
    said = [checklist.Said(clause, "verify", "待补证明。")]
    checklist.mark(marked, said, revision=first, actor=officer)
    mark = line(read(marked, other, reader=officer), "clauses", "基础要求 1").cells[0].pairs[-1]
    assert mark == (officer.name, "待核实：待补证明。")
    cast.decide(marked, "return_for_changes", officer, "请补充。")
    actor = User.objects.get(enterprise=marked.enterprise)
    workflow.submit(cast.fresh(marked), cast.declarations(round), actor=actor)
    mark = line(read(marked, other, reader=officer), "clauses", "基础要求 1").cells[0].pairs[-1]
    assert mark == (officer.name, "待核实：待补证明。（针对第 1 版）")


def test_only_marks_on_the_present_revision_are_counted(accept, officer, round):
    both = resubmitted, _other = accept(1), accept(2)
    for each in both:
        said = [checklist.Said(round.version.conditions[0], "met", "")]
        checklist.mark(each, said, revision=each.current_revision_id, actor=officer)
    cast.decide(resubmitted, "return_for_changes", officer, "请补充。")
    actor = User.objects.get(enterprise=resubmitted.enterprise)
    workflow.submit(cast.fresh(resubmitted), cast.declarations(round), actor=actor)
    cells = line(read(*both, reader=officer), "review", "审查清单").cells
    assert [cell.pairs for cell in cells] == [(), ((officer.name, "符合 1"),)]


def test_comments_and_visits_are_told_with_their_state(accept, officer):
    application, other = accept(1), accept(2)
    place = ("factory", "", "", "results")
    revision = application.current_revision_id
    commenting.add(application, place, "missing", "请补充。", revision=revision, actor=officer)
    SiteVisit.objects.create(
        application=application,
        visited_on=date(2024, 11, 3),
        people="张三、李四",
        findings="与申报一致。",
        author=officer,
    )
    parts = read(application, other, reader=officer)
    asked, nothing = line(parts, "review", "审核意见").cells
    assert asked.folds[0].title == "尚未发送 1 条"
    assert asked.folds[0].pairs == (("尚未发送", "建设成效：请补充。"),)
    assert nothing.text == "没有"
    [visit] = line(parts, "review", "现场核查").cells[0].folds
    assert visit.title == "2024年11月3日 张三、李四"


def test_only_lines_in_which_something_differs_are_left(accept, officer):
    two = accept(1, indicator("1", value=95)), accept(2)
    left = side_by_side.differing(read(*two, reader=officer))
    [part] = [part for part in left if part.slug == "indicator_values"]
    assert [line.label[:2] for line in part.lines] == ["1."]
    assert "finance_years" not in [part.slug for part in left]


# The page


def address(*applications: Application) -> str:
    chosen = "&".join(f"a={application.pk}" for application in applications)
    return f"{reverse('review:compare', args=['test'])}?{chosen}"


def body(response) -> str:
    return html.unescape(response.content.decode())


def test_the_page_asks_no_more_for_three_than_for_two(client, officer, make_accepted):
    three = make_accepted(3)
    client.force_login(officer)

    def queries(*applications: Application) -> int:
        client.get(address(*applications))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(*applications)).status_code == 200
        return len(captured)

    assert queries(*three) == queries(*three[:2]) <= 12


def test_one_by_one_the_officer_is_led_through_the_statements(client, officer, make_accepted):
    first, second = make_accepted(2)
    officer.interests.all().delete()
    client.force_login(officer)
    here = address(first, second)
    for application in (first, second):
        page = reverse("review:interest", args=[application.pk])
        asked = client.get(here)
        assert (asked.status_code, asked.url) == (302, f"{page}?{urlencode({'next': here})}")
        cast.no_interest(application, officer)
    assert client.get(here).status_code == 200


def test_who_stepped_aside_is_not_shown_it_beside_others(client, officer, make_accepted):
    first, second = make_accepted(2)
    interests.declare([second], has_conflict=True, note="亲属任职。", actor=officer)
    client.force_login(officer)
    assert client.get(address(first, second)).status_code == 302


def test_strangers_drafts_and_other_rounds_are_not_found(
    client, officer, other_officer, make_accepted, round, province
):
    own = make_accepted(1)[0]
    draft = workflow.start(round, actor=cast.make_enterprise(80))
    stranger = cast.file_application(round, cast.make_enterprise(81, cast.DATONG))
    elsewhere = cast.file_application(
        cast.make_round(province, slug="other", title="另一批次"), cast.make_enterprise(82)
    )
    client.force_login(officer)
    for application in (draft, stranger, elsewhere):
        assert client.get(address(own, application)).status_code == 404
    for address_of_nothing in (f"{address(own)}&a=999999", f"{address(own)}&a=x"):
        assert client.get(address_of_nothing).status_code == 404


def test_too_few_or_too_many_are_asked_to_be_chosen_again(client, officer, make_accepted):
    four = make_accepted(4)
    client.force_login(officer)
    page = body(client.get(address(four[0])))
    assert "请勾选 2 到 3 份申报；现在选了 1 份。" in page
    assert page.count(" checked") == 1
    page = body(client.get(address(*four)))
    assert "现在选了 4 份" in page
    assert page.count(" checked") == 4
    assert "请勾选" not in body(client.get(reverse("review:compare", args=["test"])))


def test_the_same_one_twice_is_one(client, officer, make_accepted):
    [application] = make_accepted(1)
    client.force_login(officer)
    assert "现在选了 1 份" in body(client.get(address(application, application)))


def test_a_candidate_is_recommended_from_here(client, officer, make_accepted, ranked_list):
    two = make_accepted(2)
    client.force_login(officer)
    page = body(client.get(address(*two)))
    assert page.count(f'action="{reverse("review:recommend", args=["test"])}"') == 2
    client.post(reverse("review:recommend", args=["test"]), {"application": two[1].pk})
    page = body(client.get(address(*two)))
    assert page.count(f'action="{reverse("review:recommend", args=["test"])}"') == 1
    assert "第 1 名" in page


def test_with_all_seats_taken_the_page_points_to_the_list(client, officer, make_accepted):
    four = make_accepted(4)
    for application in four[:3]:
        ranking.recommend(cast.list_of(application), application, actor=officer)
    client.force_login(officer)
    page = body(client.get(address(*four[2:])))
    assert "名额已满" in page
    assert reverse("review:recommend", args=["test"]) not in page


def test_the_province_learns_no_place_before_the_list_is_sent(
    client, officer, province, make_accepted
):
    two = make_accepted(2)
    ranking.recommend(cast.list_of(two[0]), two[0], actor=officer)
    client.force_login(province)
    assert "第 1 名" not in body(client.get(address(*two)))
    cast.send(two[0], officer)
    assert "第 1 名" in body(client.get(address(*two)))


def test_a_long_text_is_folded_and_whole(client, officer, accept):
    text = "".join(f"第{n}条线已改造。" for n in range(100))

    def fill(application: Application, actor: User) -> None:
        cast.save(application, "factory", {"introduction": text}, actor)

    two = accept(1, fill), accept(2)
    client.force_login(officer)
    page = body(client.get(address(*two)))
    assert f"全文 {len(text)} 字" in page
    assert text in page


def test_only_differences_are_shown_when_asked_for(client, officer, make_accepted):
    two = make_accepted(2)
    client.force_login(officer)
    everything, less = (body(client.get(address(*two) + m)) for m in ("", "&differing=1"))
    assert "总投资（万元）" in everything
    assert "总投资（万元）" not in less
    assert "统一社会信用代码" in less


def test_what_still_waits_for_review_may_be_named_too(client, officer, make_accepted, round):
    submitted = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(90), officer)
    client.force_login(officer)
    assert client.get(address(make_accepted(1)[0], submitted)).status_code == 200
