"""The clauses of a round's level: where each stands, what it asks for, who is told."""

import pytest
from django.urls import reverse

from applications import checks, commenting, workflow
from applications.checks import Severity, State
from applications.models import Attachment, Comment
from applications.models.comments import DELETABLE
from applications.sections import SECTIONS, snapshot
from portal.catalogue.models import Condition, Modality
from portal.rounds.models import Material
from tests import cast
from tests.applications.conftest import filing_of
from tests.applications.test_checks import give_a_reason, only

# What is read in memory was made in a database.
pytestmark = pytest.mark.django_db


def from_conditions(filing):
    """The findings behind which a condition stands, not only the list of what is asked for."""
    return [f for f in checks.findings(filing) if f.clause not in checks.CLAUSES.values()]


def clause(filing, code):
    return next(c for c in checks.readiness(filing) if c.condition.code == code)


def states(filing):
    return {c.condition.code: c.state for c in checks.readiness(filing)}


@pytest.fixture
def at_level(filled):
    def change(level):
        filled.round.level = level
        filled.round.save()
        return filing_of(filled)

    return change


# States


def test_every_clause_of_the_level_has_a_state(filing):
    assert states(filing) == {
        "N1": State.MET,
        "N2": State.MET,
        "N3": State.DECLARED,
        "N4": State.DECLARED,
        "B1": State.MET,
        "B2": State.MET,
        "B3": State.MET,
        "B4": State.MET,
        "B5-excellent": State.MET,
        "C-excellent": State.MET,
        "R1-excellent": State.JUDGED,
        "R2-excellent": State.JUDGED,
        "R3-excellent": State.JUDGED,
        "R4-excellent": State.JUDGED,
    }


def test_an_empty_draft_has_met_nothing(draft):
    found = states(filing_of(draft))
    assert {found[code] for code in ("N1", "N2", "B1", "B5-excellent", "C-excellent")} == {
        State.OPEN
    }
    assert from_conditions(filing_of(draft)) == []
    cited = {(f.section, f.clause) for f in checks.findings(filing_of(draft))}
    assert cited == {(section.slug, section.clause) for section in SECTIONS}


@pytest.mark.parametrize(
    ("level", "code", "modality"),
    [
        ("basic", "C-basic", Modality.MUST),
        ("advanced", "C-advanced", Modality.MUST),
        ("excellent", "C-excellent", Modality.IN_PRINCIPLE),
        ("leading", "C-leading", Modality.MUST),
    ],
)
def test_each_level_has_its_own_clauses(level, code, modality, at_level):
    filing = at_level(level)
    assert clause(filing, code).condition.modality == modality
    assert {c.condition.level for c in checks.readiness(filing)} == {"", level}


def test_every_rule_of_the_catalogue_is_known():
    assert set(checks.conditions.RULES) == set(Condition.Rule)


def test_a_clause_says_what_it_rests_on_and_where(filing):
    found = clause(filing, "B5-excellent")
    assert found.basis == "自查：符合；三级（集成级）"
    assert found.anchor == "id_requirement_answers-B5-excellent-answer"
    assert clause(filing, "N2").basis == "“建设完成日期”为 2024年6月30日"
    assert clause(filing, "C-excellent").basis == "已覆盖 5 / 5"
    assert (clause(filing, "R2-excellent").section, clause(filing, "R2-excellent").anchor) == (
        "results",
        "id_effect",
    )


@pytest.mark.parametrize(
    ("answer", "level", "state"),
    [
        ("yes", 3, State.MET),
        ("yes", None, State.OPEN),
        ("", 3, State.OPEN),
        ("no", None, State.UNMET),
        ("no", 3, State.UNMET),
        ("yes", 2, State.UNMET),
        ("", 2, State.UNMET),
    ],
)
def test_the_maturity_clause_rests_on_both_answers(answer, level, state, filing):
    filing.rows["requirement_answers"][4].answer = answer
    filing.answers["basic"].maturity_level = level
    assert clause(filing, "B5-excellent").state == state


def test_the_panel_and_the_guard_say_the_same(filing):
    filing.rows["requirement_answers"][0].answer = "no"
    filing.rows["instances"].pop()
    found = from_conditions(filing)
    assert found == [f for c in checks.readiness(filing) for f in c.findings]


def test_an_encouraged_clause_is_no_finding(filing):
    encouraged = [c for c in checks.readiness(filing) if c.is_encouraged]
    assert [c.condition.code for c in encouraged] == [
        "R2-excellent",
        "R3-excellent",
        "R4-excellent",
    ]
    assert checks.findings(filing) == []


def test_how_many_instances_cover_each_area(filing):
    rows = filing.rows["instances"]
    rows[1].segment = rows[0].segment
    assert sorted(checks.coverage(filing).values()) == [1, 1, 1, 2]


# A reason for what is not met


def test_a_clause_worded_in_principle_asks_for_a_reason(filing):
    filing.rows["instances"].pop()
    warning, gap = checks.findings(filing)
    assert (warning.severity, warning.clause) == (Severity.WARN, "附件2 四（一）")
    assert (gap.severity, gap.is_gap) == (Severity.BLOCK, True)
    assert gap.anchor == "id_explanations-C-excellent-reason"
    assert gap.message == "请说明“未达到的理由”：原则上应覆盖全部五个环节。"
    give_a_reason(filing)
    assert only(filing) == warning
    assert clause(filing, "C-excellent").reason == "“未达到的理由”：由集团统一建设。"


def test_blanks_are_no_reason(filing):
    filing.rows["instances"].pop()
    filing.rows["explanations"][0].reason = " \n"
    assert len(checks.blocking(checks.findings(filing))) == 1


def test_a_reason_that_is_not_needed_does_no_harm(filing):
    give_a_reason(filing)
    assert checks.findings(filing) == []
    assert clause(filing, "C-excellent").reason == ""


def test_a_level_that_says_must_asks_for_no_reason(at_level):
    filing = at_level("leading")
    filing.rows["instances"].pop()
    assert filing.rows["explanations"] == []
    (finding,) = [f for f in checks.findings(filing) if f.clause == "附件2 五（一）"]
    assert finding.severity == Severity.BLOCK


def explanations(data):
    (section,) = (s for s in data["sections"] if s["slug"] == "scenarios")
    return [row for g in section["groups"] if g["slug"] == "explanations" for row in g["rows"]]


def test_a_reason_travels_in_the_revision_and_blanks_do_not(filing):
    assert explanations(snapshot(filing)) == []
    give_a_reason(filing)
    (row,) = explanations(snapshot(filing))
    assert (row["key"], row["title"]) == ("C-excellent", "原则上应覆盖全部五个环节")
    assert [field["text"] for field in row["fields"]] == ["由集团统一建设。"]


def test_submitting_waits_for_the_reason(filled, enterprise):
    filled.instances.last().delete()
    agreed = cast.declarations(filled.round)
    with pytest.raises(workflow.NotReady, match="请说明“未达到的理由”"):
        workflow.submit(filled, agreed, actor=enterprise)
    reason = {"reason": "由集团统一建设。"}
    rows = cast.over_rows(filled, "explanations", lambda row: reason)
    cast.save(filled, "scenarios", {}, enterprise, rows=rows)
    revision = workflow.submit(cast.fresh(filled), agreed, actor=enterprise)
    assert explanations(revision.data)[0]["fields"][0]["text"] == "由集团统一建设。"


# Carried over, attached, asked for


def test_what_was_carried_over_is_missing_until_confirmed(filing):
    filing.answers["basic"].unconfirmed = ["contact_name", "honours"]
    filing.answers["basic"].honours = "先进级智能工厂"
    first, second = checks.findings(filing)
    assert first.message == "“联系人”沿用自上一批次，请确认或修改。"
    assert (first.severity, first.is_gap, first.anchor) == (
        Severity.BLOCK,
        True,
        "id_contact_name",
    )
    assert second.field == "honours"
    done, required = checks.progress(filing, [first, second])["basic"]
    assert done == required - 1


def test_what_was_carried_over_empty_is_simply_missing(filing):
    change = filing.answers["basic"]
    change.unconfirmed, change.contact_name, change.honours = ["contact_name", "honours"], "", ""
    assert only(filing).message == "请填写“联系人”。"


@pytest.fixture
def material(filled):
    return Material.objects.create(
        version=filled.version, order=1, name="营业执照", accepts="pdf", is_required=True
    )


def attach(material, filled, enterprise, **values):
    return Attachment.objects.create(
        application=filled,
        material=material,
        name="照.pdf",
        file="x",
        size=1,
        sha256="0",
        uploaded_by=enterprise,
        **values,
    )


def test_a_required_material_blocks_until_attached(material, filled, enterprise):
    finding = only(filing_of(filled))
    assert finding.message == "请上传“营业执照”（PDF）。"
    assert (finding.section, finding.anchor) == (checks.ATTACHMENTS, f"slot-{material.pk}")
    assert (finding.severity, finding.is_gap) == (Severity.BLOCK, True)
    assert finding.clause == "批次附件清单"
    attachment = attach(material, filled, enterprise)
    filing = filing_of(filled)
    assert checks.findings(filing) == []
    assert filing.attachments == [attachment]


def test_a_removed_attachment_is_none(material, filled, enterprise):
    attach(material, filled, enterprise, retired_at=filled.round.opens_at)
    assert only(filing_of(filled)).section == checks.ATTACHMENTS


def test_a_material_that_is_not_required_may_be_missing(material, filled):
    Material.objects.update(is_required=False)
    assert checks.findings(filing_of(filled)) == []


def test_missing_materials_are_linked_from_overview_and_submit_page(material, filled, browser):
    link = f"{reverse('applications:attachments', args=[filled.pk])}#slot-{material.pk}"
    for page in ("detail", "submit"):
        text = browser.get(reverse(f"applications:{page}", args=[filled.pk])).content.decode()
        assert link in text


def test_a_comment_blocks_at_its_field_until_answered(submitted, officer):
    revision = submitted.current_revision
    comment = Comment.objects.create(
        application=submitted,
        revision=revision,
        section="factory",
        field="total_investment",
        text="与正文不符。",
        author=officer,
    )
    assert checks.findings(filing_of(submitted)) == []  # not sent yet
    returned = cast.decide(submitted, "return_for_changes", officer, "请补充。")
    comment.refresh_from_db()
    if comment.event is None:
        comment.event = returned.events.get(verb="return_for_changes")
        comment.save()
    finding = only(filing_of(submitted))
    assert finding.message == "退回意见尚未答复：与正文不符。"
    assert (finding.section, finding.anchor) == ("factory", "id_total_investment")
    assert (finding.severity, finding.is_gap) == (Severity.BLOCK, False)
    Comment.objects.update(answer=Comment.Answer.CHANGED)
    assert checks.findings(filing_of(submitted)) == []


def test_comments_know_of_every_group_whose_rows_people_delete():
    groups = [group for section in SECTIONS for group in section.groups]
    assert {g.slug: g.model for g in groups if g.fixed is None} == DELETABLE


@pytest.mark.parametrize("group", DELETABLE)
def test_a_comment_on_a_row_that_is_gone_points_to_its_group(submitted, officer, group):
    [section] = [s.slug for s in SECTIONS if any(g.slug == group for g in s.groups)]
    row = getattr(submitted, group).first()
    place = (section, group, row.key, "name")
    revision = submitted.current_revision_id
    commenting.add(submitted, place, "wrong", "过期。", revision=revision, actor=officer)
    returned = cast.decide(submitted, "return_for_changes", officer)
    finding = only(filing_of(returned))
    assert (finding.key, finding.field) == (row.key, "name")
    row.delete()
    [finding] = [f for f in checks.findings(filing_of(returned)) if "退回意见" in f.message]
    assert (finding.section, finding.key, finding.anchor) == (section, "", group)
    [comment] = filing_of(returned).comments
    assert checks.comment_location(comment).anchor == group


# Pages


@pytest.mark.parametrize("page", ["detail", "submit"])
def test_the_panel_shows_every_clause_with_state_and_link(page, filled, browser):
    text = browser.get(reverse(f"applications:{page}", args=[filled.pk])).content.decode()
    for each in filled.version.conditions:
        assert each.text in text
        assert each.where in text
    assert "满足 8 条，待审核人员判断 1 条，提交时承诺 2 条" in text
    assert "鼓励性条款 3 条" in text
    section = reverse("applications:section", args=[filled.pk, "basic"])
    assert f"{section}#id_requirement_answers-B1-answer" in text


def test_the_panel_asks_for_the_reason_and_then_shows_it(filled, enterprise, browser):
    filled.instances.last().delete()
    url = reverse("applications:submit", args=[filled.pk])
    page = browser.get(url).content.decode()
    assert "不满足 1 条" in page
    assert "#id_explanations-C-excellent-reason" in page
    rows = cast.over_rows(filled, "explanations", lambda row: {"reason": "由集团统一建设。"})
    cast.save(filled, "scenarios", {}, enterprise, rows=rows)
    page = browser.get(url).content.decode()
    assert "由集团统一建设。" in page
    assert "#id_explanations-C-excellent-reason" not in page


@pytest.mark.parametrize(("level", "shown"), [("excellent", True), ("leading", False)])
def test_the_section_asks_for_reasons_where_a_clause_allows_any(level, shown, filled, browser):
    filled.round.level = level
    filled.round.save()
    url = reverse("applications:section", args=[filled.pk, "scenarios"])
    page = browser.get(url).content.decode()
    assert ("explanations-C-excellent-reason" in page) == shown
    assert ("原则性要求的说明" in page) == shown
