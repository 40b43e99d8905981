"""沿用: a new round starts from last round's answers, each by its own rule."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from applications import carrying, checks, workflow
from applications.carrying import POLICY, Carry, policy_of
from applications.models import Application, BasicInformation, FactoryOverview, ScenarioInstance
from applications.sections import SECTIONS, Filing
from portal.catalogue.models import Scenario, Segment
from portal.errors import NotAllowed, StaleState
from tests import cast
from tests.applications.conftest import filing_of


@pytest.fixture
def next_round(province, round):
    """The year after, with the same editions."""
    now = timezone.now()
    return cast.make_round(
        province,
        slug="next",
        title="下一年批次",
        year=2026,
        opens_at=now,
        enterprise_deadline=now + timedelta(days=20),
        bureau_deadline=now + timedelta(days=20),
    )


@pytest.fixture
def fresh_draft(submitted, next_round, enterprise) -> Application:
    return workflow.start(next_round, actor=enterprise)


def carried(application, earlier, actor) -> Application:
    source = Application.objects.with_sections().get(pk=earlier.pk)
    carrying.carry_over(application, source, actor=actor)
    return Application.objects.with_sections().get(pk=application.pk)


def test_every_model_with_answers_has_a_rule_and_names_real_fields():
    models = {part.model for section in SECTIONS for part in (section, *section.groups)}
    assert set(POLICY) == models
    for model, (_rule, exceptions) in POLICY.items():
        assert set(exceptions) <= {field.name for field in model.answer_fields()}


def test_indicators_finance_and_pledges_are_never_carried_over(fresh_draft, submitted, enterprise):
    application = carried(fresh_draft, submitted, enterprise)
    assert not application.indicator_values.exists()
    assert not application.finance_years.exists()
    assert application.factory.is_authentic is False
    assert {row.answer for row in application.requirement_answers.all()} == {""}


def test_what_seldom_changes_is_kept_without_a_question(fresh_draft, submitted, enterprise):
    basic = carried(fresh_draft, submitted, enterprise).basic
    assert basic.factory_address == "示范路 1 号"
    assert basic.nature == "private"
    assert {"factory_address", "nature", "founded_on"}.isdisjoint(basic.unconfirmed)


def test_the_rest_is_kept_and_waits_to_be_confirmed(fresh_draft, submitted, enterprise):
    application = carried(fresh_draft, submitted, enterprise)
    assert application.factory.introduction == "项目简介。"
    assert application.factory.total_investment == Decimal("12345.60")
    assert {"introduction", "total_investment"} <= set(application.factory.unconfirmed)
    instances = list(application.instances.all())
    assert [row.name for row in instances] == [f"实例{n}" for n in range(1, 6)]
    assert all("content" in row.unconfirmed for row in instances)


def test_what_was_not_filled_in_needs_no_confirming(fresh_draft, submitted, enterprise):
    basic = carried(fresh_draft, submitted, enterprise).basic
    assert "honours" not in basic.unconfirmed


def test_the_unconfirmed_counts_as_missing(fresh_draft, submitted, enterprise):
    application = carried(fresh_draft, submitted, enterprise)
    found = checks.blocking(checks.findings(filing_of(application)))
    fields = {(f.group, f.field) for f in found}
    assert {("", "introduction"), ("", "project_name"), ("instances", "content")} <= fields
    assert ("", "factory_address") not in fields


def test_confirming_takes_the_ticked_ones_off_the_list(fresh_draft, submitted, enterprise):
    application = carried(fresh_draft, submitted, enterprise)
    section = SECTIONS[1]
    places = {"factory//introduction", "integrators/a1/name", "factory//nonsense"}
    assert carrying.affirm(application, section, places, actor=enterprise) == 2
    waiting = {each.place for each in carrying.unconfirmed(filing_of(application))}
    assert "factory//introduction" not in waiting
    assert {"factory//results", "integrators/a1/work"} <= waiting


def test_editing_a_carried_answer_confirms_it(fresh_draft, submitted, enterprise):
    application = carried(fresh_draft, submitted, enterprise)
    cast.save(application, "factory", {"introduction": "今年的简介"}, enterprise)
    assert "introduction" not in FactoryOverview.objects.get(pk=application.pk).unconfirmed


def test_a_scenario_gone_from_the_new_guide_becomes_ones_own_name(
    province, submitted, round, enterprise
):
    old = round.version.scenarios[0]
    ScenarioInstance.objects.filter(application=submitted, key="k1").update(
        segment=old.segment, scenario=old, own_scenario=""
    )
    Segment.objects.bulk_create(
        Segment(edition=2099, name=each.name, area=each.area, order=each.order)
        for each in round.version.segments
    )
    segment = Segment.objects.get(edition=2099, name=old.segment.name)
    Scenario.objects.create(segment=segment, name="另一场景", certainty=old.certainty)
    now = timezone.now()
    later = cast.make_round(
        province,
        slug="later",
        year=2026,
        scenario_edition=2099,
        enterprise_deadline=now + timedelta(days=20),
        bureau_deadline=now + timedelta(days=20),
    )
    row = (
        carried(workflow.start(later, actor=enterprise), submitted, enterprise)
        .instances.select_related("segment")
        .get(key="k1")
    )
    assert (row.segment, row.scenario, row.own_scenario) == (segment, None, old.name)


def test_only_an_untouched_draft_is_filled(fresh_draft, submitted, enterprise):
    cast.save(fresh_draft, "factory", {"project_name": "已写"}, enterprise)
    with pytest.raises(NotAllowed, match="已经开始填写"):
        carrying.carry_over(fresh_draft, submitted, actor=enterprise)
    assert FactoryOverview.objects.get(pk=fresh_draft.pk).introduction == ""


def test_a_row_somebody_filled_in_is_not_written_over(browser, fresh_draft, submitted, enterprise):
    requirements = SECTIONS[0].groups[1]
    cast.save_row(fresh_draft, requirements, "B1", {"explanation": "本年新写"}, enterprise)
    with pytest.raises(NotAllowed, match="已经开始填写"):
        carrying.carry_over(fresh_draft, submitted, actor=enterprise)
    overview = reverse("applications:detail", args=[fresh_draft.pk])
    place = reverse("applications:carry_over", args=[fresh_draft.pk])
    assert place not in browser.get(overview).content.decode()
    assert browser.post(place).url == overview
    assert [row.explanation for row in fresh_draft.requirement_answers.all()] == ["本年新写"]


def test_nobody_else_fills_it(fresh_draft, submitted, rival):
    with pytest.raises(StaleState):
        carrying.carry_over(fresh_draft, submitted, actor=rival)
    assert BasicInformation.objects.get(pk=fresh_draft.pk).factory_address == ""


def test_the_offer_is_made_on_the_overview_and_taken_on_its_page(browser, fresh_draft, submitted):
    place = reverse("applications:carry_over", args=[fresh_draft.pk])
    overview = reverse("applications:detail", args=[fresh_draft.pk])
    assert place in browser.get(overview).content.decode()
    html = browser.get(place).content.decode()
    assert all(rule.value in html for rule in Carry)
    assert browser.post(place).url == overview
    assert FactoryOverview.objects.get(pk=fresh_draft.pk).introduction == "项目简介。"
    assert place not in browser.get(overview).content.decode()
    assert browser.get(place).url == overview


def test_the_application_of_another_enterprise_is_no_source(browser, round, enterprise, rival):
    cast.file_application(round, rival)
    draft = workflow.start(round, actor=enterprise)
    place = reverse("applications:carry_over", args=[draft.pk])
    assert browser.post(place).url == reverse("applications:detail", args=[draft.pk])
    assert BasicInformation.objects.get(pk=draft.pk).factory_address == ""


def test_the_section_page_lists_what_waits_and_confirms_it(
    browser, fresh_draft, submitted, enterprise
):
    carried(fresh_draft, submitted, enterprise)
    page = reverse("applications:section", args=[fresh_draft.pk, "factory"])
    assert "待确认" in browser.get(page).content.decode()
    place = reverse("applications:affirm_carried", args=[fresh_draft.pk, "factory"])
    waiting = carrying.unconfirmed(
        Filing.of(Application.objects.with_sections().get(pk=fresh_draft.pk), SECTIONS[1])
    )
    browser.post(place, {"place": [each.place for each in waiting]})
    assert "待确认" not in browser.get(page).content.decode()


def test_the_label_of_every_field_stands_under_its_rule():
    listed = {
        (part, label)
        for parts in carrying.fields_by_policy().values()
        for part, labels in parts.items()
        for label in labels
    }
    for section in SECTIONS:
        for part in (section, *section.groups):
            for field in part.model.answer_fields():
                assert (part.title, str(field.verbose_name)) in listed
                assert policy_of(part.model, field.name) in Carry
