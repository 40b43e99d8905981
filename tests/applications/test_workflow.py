"""The verbs: who, from where, with what trace, and what stays untouched when one is refused."""

import pytest
from django.db import IntegrityError, transaction

from applications import workflow
from applications.models import (
    Application,
    BasicInformation,
    Event,
    FactoryOverview,
    Integrator,
    Results,
    Revision,
    ScenarioConstruction,
    ScenarioInstance,
)
from applications.sections import BY_SLUG, INSTANCES
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
    return {Role.ENTERPRISE: enterprise, Role.BUREAU: officer, Role.PROVINCE: province}


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


def version_of(application, model=FactoryOverview):
    return model.objects.get(application=application).version


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
        assert model.objects.get(application=application).version == 0
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


# Saving


def test_a_save_stores_what_was_typed_and_by_whom(draft, enterprise):
    cast.save(draft, "factory", {"project_name": "一号工厂"}, enterprise)
    factory = FactoryOverview.objects.get(application=draft)
    assert (factory.project_name, factory.version, factory.edited_by) == ("一号工厂", 1, enterprise)


def test_a_stale_page_saves_nothing_and_shows_what_is_there(draft, enterprise):
    cast.save(draft, "factory", {"project_name": "甲"}, enterprise)
    group = FACTORY.groups[0]
    row = group.model(application=draft, key="a1", order=1, name="新集成商")
    with pytest.raises(workflow.Conflict) as conflict:
        workflow.save_section(
            draft,
            FACTORY,
            {"project_name": "乙", "introduction": "新"},
            version=0,
            rows=[(group, [row], [])],
            actor=enterprise,
        )
    assert conflict.value.theirs.project_name == "甲"
    factory = FactoryOverview.objects.get(application=draft)
    assert (factory.project_name, factory.introduction, factory.version) == ("甲", "", 1)
    assert not Integrator.objects.exists()


@pytest.mark.parametrize("version", [-1, 1, 99])
def test_a_version_that_never_was_is_a_conflict(version, draft, enterprise):
    with pytest.raises(workflow.Conflict):
        workflow.save_section(
            draft, FACTORY, {"project_name": "乙"}, version=version, actor=enterprise
        )
    assert version_of(draft) == 0


def test_two_people_on_different_sections_do_not_meet(draft, enterprise):
    cast.save(draft, "factory", {"project_name": "甲"}, enterprise)
    workflow.save_section(
        draft, BY_SLUG["results"], {"effect": "成效"}, version=0, actor=enterprise
    )
    assert Results.objects.get(application=draft).effect == "成效"


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.DRAFT, Status.RETURNED}))
def test_a_late_autosave_changes_nothing(status, round, people):
    enterprise = people[Role.ENTERPRISE]
    application = cast.bring_to(status, round, enterprise, people[Role.BUREAU])
    before, digest = state_of(application), application.current_revision.sha256
    version = version_of(application)
    group, key = INSTANCES, application.instances.first().key
    refusals = [
        outcome(cast.save, application, "factory", {"project_name": "迟到"}, enterprise),
        outcome(
            workflow.save_row, application, group, key, {"name": "迟"}, version=1, actor=enterprise
        ),
        outcome(
            workflow.save_row,
            application,
            group,
            "new",
            {"name": "迟"},
            version=0,
            actor=enterprise,
        ),
        outcome(workflow.delete_row, application, group, key, actor=enterprise),
        outcome(workflow.move_row, application, group, key, 1, actor=enterprise),
    ]
    assert refusals == [StaleState] * 5
    assert state_of(application) == before
    assert version_of(application) == version
    assert FactoryOverview.objects.get(application=application).project_name == "示范智能工厂"
    assert [row.name for row in application.instances.all()] == [f"实例{n}" for n in range(1, 6)]
    assert cast.fresh(application).current_revision.sha256 == digest


def test_a_save_begun_before_the_submit_does_not_slip_in_after_it(filled, enterprise):
    on_the_page = cast.fresh(filled)
    version = version_of(filled)
    carry_out(filled, "submit", enterprise)
    assert on_the_page.is_editable, "the page still believes it may save"
    with pytest.raises(StaleState, match="没有保存"):
        workflow.save_section(
            on_the_page, FACTORY, {"project_name": "迟到"}, version=version, actor=enterprise
        )
    assert FactoryOverview.objects.get(application=filled).project_name == "示范智能工厂"


def test_a_returned_application_is_open_again(submitted, enterprise, officer):
    workflow.act(submitted, "return_for_changes", actor=officer, comment=COMMENT)
    cast.save(submitted, "factory", {"project_name": "改后"}, enterprise)
    assert FactoryOverview.objects.get(application=submitted).project_name == "改后"


def test_only_the_enterprise_itself_changes_its_answers(draft, rival, officer, province):
    values = {"project_name": "外人"}
    refusals = [
        outcome(cast.save, draft, "factory", values, who) for who in (rival, officer, province)
    ]
    assert refusals == [StaleState, NotAllowed, NotAllowed]
    assert version_of(draft) == 0


# Rows with a page of their own


def add(application, key, name, actor, version=0):
    return workflow.save_row(
        application, INSTANCES, key, {"name": name}, version=version, actor=actor
    )


def names(application):
    return [row.name for row in application.instances.all()]


def test_rows_are_added_at_the_end_and_changed_in_place(draft, enterprise):
    add(draft, "a", "甲", enterprise)
    add(draft, "b", "乙", enterprise)
    row = add(draft, "a", "甲改", enterprise, version=1)
    assert (row.version, row.edited_by) == (2, enterprise)
    assert names(draft) == ["甲改", "乙"]


def test_the_same_new_row_sent_twice_is_stored_once(draft, enterprise):
    add(draft, "a", "甲", enterprise)
    with pytest.raises(workflow.Conflict) as conflict:
        add(draft, "a", "甲", enterprise)
    assert conflict.value.theirs.name == "甲"
    assert names(draft) == ["甲"]


def test_a_row_changed_by_somebody_else_is_a_conflict(draft, enterprise):
    add(draft, "a", "甲", enterprise)
    add(draft, "a", "甲改", enterprise, version=1)
    with pytest.raises(workflow.Conflict) as conflict:
        add(draft, "a", "我的", enterprise, version=1)
    assert conflict.value.theirs.name == "甲改"
    assert names(draft) == ["甲改"]


def test_a_row_deleted_meanwhile_is_said_to_be_deleted(draft, enterprise):
    add(draft, "a", "甲", enterprise)
    workflow.delete_row(draft, INSTANCES, "a", actor=enterprise)
    with pytest.raises(StaleState, match="已被他人删除"):
        add(draft, "a", "我的", enterprise, version=1)
    assert names(draft) == []


def test_deleting_a_row_twice_is_no_mistake(draft, enterprise):
    add(draft, "a", "甲", enterprise)
    workflow.delete_row(draft, INSTANCES, "a", actor=enterprise)
    workflow.delete_row(draft, INSTANCES, "a", actor=enterprise)
    assert names(draft) == []


def test_a_rival_neither_adds_nor_changes_nor_deletes_nor_moves_a_row(draft, enterprise, rival):
    add(draft, "a", "甲", enterprise)
    add(draft, "b", "乙", enterprise)
    refusals = [
        outcome(add, draft, "c", "外", rival),
        outcome(add, draft, "a", "外", rival, version=1),
        outcome(workflow.delete_row, draft, INSTANCES, "a", actor=rival),
        outcome(workflow.move_row, draft, INSTANCES, "a", 1, actor=rival),
    ]
    assert refusals == [StaleState] * 4
    assert names(draft) == ["甲", "乙"]


def test_the_same_key_in_two_applications_is_two_rows(round, draft, enterprise, rival):
    other = workflow.start(round, actor=rival)
    add(draft, "a", "甲", enterprise)
    add(other, "a", "乙", rival)
    workflow.delete_row(draft, INSTANCES, "a", actor=enterprise)
    assert names(other) == ["乙"]
    assert ScenarioInstance.objects.get().version == 1


@pytest.mark.parametrize(
    ("key", "step", "order"),
    [
        ("a", 1, "乙甲丙"),
        ("c", -1, "甲丙乙"),
        ("a", -1, "甲乙丙"),
        ("c", 1, "甲乙丙"),
        ("gone", 1, "甲乙丙"),
    ],
)
def test_rows_move_among_their_neighbours(key, step, order, draft, enterprise):
    for new, name in zip("abc", "甲乙丙", strict=True):
        add(draft, new, name, enterprise)
    workflow.move_row(draft, INSTANCES, key, step, actor=enterprise)
    assert "".join(names(draft)) == order


def test_rows_of_equal_order_still_move(draft, enterprise):
    for new, name in zip("abc", "甲乙丙", strict=True):
        add(draft, new, name, enterprise)
    draft.instances.update(order=1)
    workflow.move_row(draft, INSTANCES, "c", -1, actor=enterprise)
    assert "".join(names(draft)) == "甲丙乙"
