"""The verbs: who, from where, with what trace, and what stays untouched when one is refused."""

import pytest
from django.db import IntegrityError, transaction

from applications import workflow
from applications.models import (
    Application,
    BasicInformation,
    Event,
    FactoryOverview,
    Results,
    Revision,
    ScenarioConstruction,
)
from applications.sections import BY_SLUG
from applications.states import BY_VERB, TRANSITIONS, Status
from portal.accounts.models import Role
from portal.catalogue.models import Bureau
from portal.errors import NotAllowed, PortalError, StaleState
from tests import cast

FACTORY = BY_SLUG["factory"]
COMMENT = "请补充说明。"
SUBMITTING = ("submit", "resubmit")


@pytest.fixture
def people(province, enterprise, officer):
    return {
        Role.ENTERPRISE: enterprise,
        Role.BUREAU: officer,
        Role.PROVINCE: province,
        Role.AUDITOR: cast.make_user("auditor", Role.AUDITOR),
    }


def carry_out(application, verb, actor, comment=COMMENT):
    """One verb as the pages call it."""
    if verb in SUBMITTING:
        workflow.submit(application, cast.declarations(application.round), actor=actor)
    elif verb == "withdraw":
        workflow.withdraw(application, actor=actor)
    else:
        workflow.act(application, verb, actor=actor, comment=comment)


def outcome(act, *args, **kwargs):
    """What a refused verb raised."""
    try:
        act(*args, **kwargs)
    except PortalError as error:
        return type(error)
    return None


def state_of(application):
    """Everything a verb may change."""
    application = cast.fresh(application)
    return (
        application.status,
        application.current_revision_id,
        application.touched_at,
        application.revisions.count(),
        application.events.count(),
    )


# State × verb


@pytest.mark.parametrize(
    ("source", "verb"),
    [
        pytest.param(source, transition.verb, id=f"{transition.verb}-{source}")
        for transition in TRANSITIONS
        for source in sorted(transition.sources)
    ],
)
def test_a_verb_moves_the_application_and_leaves_one_event(source, verb, round, people):
    enterprise, officer = people[Role.ENTERPRISE], people[Role.BUREAU]
    application = cast.bring_to(source, round, enterprise, officer)
    if source == Status.DRAFT:
        cast.complete(application, enterprise)
    before = set(application.events.values_list("pk", flat=True))
    actor = people[BY_VERB[verb].role]
    carry_out(application, verb, actor)
    assert application.status == BY_VERB[verb].target
    assert cast.fresh(application).status == BY_VERB[verb].target
    event = application.events.exclude(pk__in=before).get()
    commented = verb not in (*SUBMITTING, "withdraw")
    assert (event.verb, event.source, event.target, event.actor, event.comment) == (
        verb,
        source,
        BY_VERB[verb].target,
        actor,
        COMMENT if commented else "",
    )
    revision = cast.fresh(application).current_revision
    assert event.revision == (revision if verb in SUBMITTING else None)


@pytest.mark.parametrize("status", Status)
def test_no_other_verb_is_possible_in_a_state(status, round, people):
    application = cast.bring_to(status, round, people[Role.ENTERPRISE], people[Role.BUREAU])
    before = state_of(application)
    others = [t for t in TRANSITIONS if status not in t.sources and t.verb not in SUBMITTING]
    outcomes = {
        t.verb: outcome(workflow.act, application, t.verb, actor=people[t.role], comment=COMMENT)
        for t in others
    }
    assert outcomes == {transition.verb: StaleState for transition in others}
    assert state_of(application) == before


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.DRAFT, Status.RETURNED}))
def test_only_an_editable_application_is_submitted(status, round, people):
    application = cast.bring_to(status, round, people[Role.ENTERPRISE], people[Role.BUREAU])
    before = state_of(application)
    with pytest.raises(StaleState):
        carry_out(application, "submit", people[Role.ENTERPRISE])
    assert state_of(application) == before


@pytest.mark.parametrize("status", Status)
def test_the_other_roles_are_not_allowed_a_verb(status, round, people):
    application = cast.bring_to(status, round, people[Role.ENTERPRISE], people[Role.BUREAU])
    before = state_of(application)
    attempts = [
        (transition.verb, role)
        for transition in TRANSITIONS
        for role in Role
        if role != transition.role
    ]
    outcomes = {
        (verb, role): outcome(carry_out, application, verb, people[role]) for verb, role in attempts
    }
    assert outcomes == dict.fromkeys(attempts, NotAllowed)
    assert state_of(application) == before


@pytest.mark.parametrize("verb", ["return_for_changes", "decline"])
@pytest.mark.parametrize("comment", ["", "  \n "])
def test_a_verb_that_needs_a_reason_is_refused_without(verb, comment, submitted, officer):
    before = state_of(submitted)
    with pytest.raises(NotAllowed, match="请填写“.+”的理由"):
        workflow.act(submitted, verb, actor=officer, comment=comment)
    assert state_of(submitted) == before


def test_a_reason_is_kept_without_the_blanks_around_it(submitted, officer):
    workflow.act(submitted, "return_for_changes", actor=officer, comment=" 请补充。\n")
    assert submitted.events.first().comment == "请补充。"


def test_who_was_slower_is_told_and_changes_nothing(submitted, officer):
    slower = cast.fresh(submitted)
    workflow.act(submitted, "accept", actor=officer)
    before = state_of(submitted)
    with pytest.raises(StaleState, match="已被他人处理"):
        workflow.act(slower, "return_for_changes", actor=officer, comment=COMMENT)
    assert state_of(submitted) == before


def test_an_opinion_on_a_revision_replaced_meanwhile_is_refused(submitted, enterprise, officer):
    read_by_the_officer = cast.fresh(submitted)
    workflow.withdraw(submitted, actor=enterprise)
    carry_out(cast.fresh(submitted), "submit", enterprise)
    with pytest.raises(StaleState):
        workflow.act(read_by_the_officer, "accept", actor=officer)
    application = cast.fresh(submitted)
    assert (application.status, application.current_revision.number) == (Status.SUBMITTED, 2)


def test_a_withdrawal_crossing_an_acceptance_is_refused(submitted, officer, enterprise):
    on_the_page = cast.fresh(submitted)
    workflow.act(submitted, "accept", actor=officer)
    with pytest.raises(StaleState):
        workflow.withdraw(on_the_page, actor=enterprise)
    assert cast.fresh(submitted).status == Status.ACCEPTED


def test_an_officer_of_another_bureau_can_do_nothing(submitted, other_officer):
    before = state_of(submitted)
    with pytest.raises(StaleState):
        workflow.act(submitted, "accept", actor=other_officer)
    assert state_of(submitted) == before


def test_a_rival_can_neither_submit_nor_withdraw(filled, enterprise, rival):
    with pytest.raises(StaleState):
        carry_out(filled, "submit", rival)
    carry_out(filled, "submit", enterprise)
    with pytest.raises(StaleState):
        workflow.withdraw(filled, actor=rival)
    assert cast.fresh(filled).status == Status.SUBMITTED


def test_the_whole_story_is_told_in_order(filled, enterprise, officer):
    carry_out(filled, "submit", enterprise)
    workflow.act(filled, "return_for_changes", actor=officer, comment="一。")
    carry_out(filled, "resubmit", enterprise)
    workflow.act(filled, "accept", actor=officer)
    told = [(e.verb_label, e.actor, e.comment) for e in reversed(filled.events.all())]
    assert told == [
        ("开始填报", enterprise, ""),
        ("提交", enterprise, ""),
        ("退回修改", officer, "一。"),
        ("重新提交", enterprise, ""),
        ("审核通过", officer, ""),
    ]


# Starting


def test_starting_opens_a_draft_with_all_its_sections(round, enterprise):
    application = workflow.start(round, actor=enterprise)
    assert application.status == Status.DRAFT
    assert application.bureau == enterprise.enterprise.bureau
    for model in (BasicInformation, FactoryOverview, ScenarioConstruction, Results):
        assert model.objects.get(application=application).edited_at is None
    event = Event.objects.get()
    assert (event.verb, event.source, event.target) == ("start", "", "draft")


def test_starting_twice_gives_the_same_application(round, enterprise):
    assert workflow.start(round, actor=enterprise) == workflow.start(round, actor=enterprise)
    assert Application.objects.count() == 1
    assert Event.objects.count() == 1


def test_a_colleague_starts_into_the_same_application(round, enterprise):
    colleague = cast.make_user("colleague", Role.ENTERPRISE, enterprise=enterprise.enterprise)
    assert workflow.start(round, actor=enterprise) == workflow.start(round, actor=colleague)


def test_an_unpublished_round_cannot_be_started(province, enterprise):
    with pytest.raises(NotAllowed, match="尚未发布"):
        workflow.start(cast.make_round(province, published=False), actor=enterprise)
    assert not Application.objects.exists()


def test_only_an_enterprise_starts(round, officer, province):
    assert outcome(workflow.start, round, actor=officer) is NotAllowed
    assert outcome(workflow.start, round, actor=province) is NotAllowed
    assert not Application.objects.exists()


# What the database itself refuses


def refused_by_the_database(constraint):
    return pytest.raises(IntegrityError, match=constraint)


def test_the_database_refuses_a_submission_without_a_revision(draft):
    with refused_by_the_database("application_beyond_draft_has_revision"), transaction.atomic():
        Application.objects.filter(pk=draft.pk).update(status=Status.SUBMITTED)


def test_the_database_refuses_an_unknown_status(submitted):
    with refused_by_the_database("application_status_known"), transaction.atomic():
        Application.objects.filter(pk=submitted.pk).update(status="lost")


def test_the_database_refuses_a_second_application_in_the_round(draft):
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.create(
            enterprise=draft.enterprise, round=draft.round, bureau=draft.bureau
        )


@pytest.mark.parametrize("verb", SUBMITTING)
def test_the_generic_verb_cannot_submit_past_the_revision(verb, filled, enterprise):
    with pytest.raises(ValueError, match="needs a revision"):
        workflow.act(filled, verb, actor=enterprise)
    assert cast.fresh(filled).status == Status.DRAFT


def test_the_bureau_corrected_meanwhile_reviews_what_is_submitted(filled, enterprise):
    filled.enterprise.bureau = Bureau.objects.get(code=cast.DATONG)
    filled.enterprise.save()
    carry_out(filled, "submit", enterprise)
    application = cast.fresh(filled)
    assert application.bureau.code == cast.DATONG
    assert application.current_revision.data["bureau"]["code"] == cast.DATONG


def test_a_colleagues_change_after_the_last_look_stops_the_submission(filled, enterprise):
    seen = cast.fresh(filled).touched_at
    cast.save(filled, "factory", {"project_name": "同事改的"}, enterprise)
    with pytest.raises(StaleState, match="内容又有修改"):
        workflow.submit(filled, cast.declarations(filled.round), actor=enterprise, seen=seen)
    assert cast.fresh(filled).status == Status.DRAFT


def test_an_enterprise_whose_bureau_has_no_seats_cannot_start(round, enterprise):
    round.ranked_lists.filter(bureau=enterprise.enterprise.bureau).delete()
    with pytest.raises(NotAllowed, match="还没有名额"):
        workflow.start(round, actor=enterprise)
    assert not Application.objects.exists()


# Submitting


def test_an_empty_draft_is_refused_with_everything_that_is_missing(draft, enterprise):
    before = state_of(draft)
    with pytest.raises(workflow.NotReady) as refused:
        carry_out(draft, "submit", enterprise)
    findings = refused.value.findings
    assert {finding.section for finding in findings} == set(BY_SLUG)
    assert str(refused.value).startswith(f"还有 {len(findings)} 项须改正后才能提交。第一项：")
    assert findings[0].message in str(refused.value)
    assert state_of(draft) == before
    assert draft.status == Status.DRAFT


def test_one_missing_answer_is_refused_by_name(filled, enterprise):
    cast.save(filled, "basic", {"contact_mobile": ""}, enterprise)
    before = state_of(filled)
    with pytest.raises(workflow.NotReady) as refused:
        carry_out(filled, "submit", enterprise)
    assert [f.message for f in refused.value.findings] == ["请填写“联系方式（手机号）”。"]
    assert state_of(filled) == before


def test_warnings_do_not_stop_a_submission(filled, enterprise):
    cast.save(filled, "factory", {"equipment_investment": 99999}, enterprise)
    carry_out(filled, "submit", enterprise)
    assert cast.fresh(filled).status == Status.SUBMITTED


@pytest.mark.parametrize("agreed", [[], ["内容真实。"], ["别的话。", "又一句。"]])
def test_every_declaration_must_be_made(agreed, filled, enterprise):
    before = state_of(filled)
    with pytest.raises(NotAllowed, match="全部承诺"):
        workflow.submit(filled, agreed, actor=enterprise)
    assert state_of(filled) == before
    assert filled.status == Status.DRAFT


def test_submitting_twice_makes_one_revision(filled, enterprise):
    second_window = cast.fresh(filled)
    carry_out(filled, "submit", enterprise)
    with pytest.raises(StaleState):
        carry_out(second_window, "submit", enterprise)
    assert Revision.objects.get().number == 1


def test_a_returned_application_with_a_gap_is_not_resubmitted(submitted, enterprise, officer):
    workflow.act(submitted, "return_for_changes", actor=officer, comment=COMMENT)
    cast.save(submitted, "factory", {"introduction": ""}, enterprise)
    with pytest.raises(workflow.NotReady):
        carry_out(submitted, "resubmit", enterprise)
    application = cast.fresh(submitted)
    assert application.status == Status.RETURNED
    assert application.current_revision.number == 1
