"""The life of an application as data: who may do what, from where to where."""

import pytest

from applications.models import Event
from applications.states import EDITABLE, TRANSITIONS, Status, verbs_for
from portal.accounts.models import Role

MOVES = {
    ("submit", "draft", "submitted", "enterprise"),
    ("resubmit", "returned", "submitted", "enterprise"),
    ("withdraw", "submitted", "draft", "enterprise"),
    ("return_for_changes", "submitted", "returned", "bureau"),
    ("return_for_changes", "accepted", "returned", "bureau"),
    ("accept", "submitted", "accepted", "bureau"),
    ("decline", "submitted", "declined", "bureau"),
    ("decline", "accepted", "declined", "bureau"),
    ("undo_decline", "declined", "submitted", "bureau"),
    ("recommend", "accepted", "recommended", "bureau"),
    ("pass_over", "accepted", "unlisted", "bureau"),
    ("release", "recommended", "accepted", "province"),
    ("release", "unlisted", "accepted", "province"),
    ("recall", "recommended", "accepted", "bureau"),
    ("recall", "unlisted", "accepted", "bureau"),
}


def test_these_are_all_the_moves_there_are():
    moves = {(t.verb, source, t.target, t.role) for t in TRANSITIONS for source in t.sources}
    assert moves == MOVES


def test_a_verb_is_declared_once():
    verbs = [transition.verb for transition in TRANSITIONS]
    assert len(verbs) == len(set(verbs))


def test_the_enterprise_may_edit_exactly_where_it_may_submit():
    submits = {"submit", "resubmit"}
    assert {s for t in TRANSITIONS if t.verb in submits for s in t.sources} == EDITABLE


def test_what_takes_something_away_from_somebody_needs_a_reason():
    needing = {transition.verb for transition in TRANSITIONS if transition.needs_comment}
    assert needing == {"return_for_changes", "decline", "pass_over"}


def test_every_state_is_reached_from_the_draft():
    reached = {Status.DRAFT}
    for _ in Status:
        reached |= {t.target for t in TRANSITIONS if t.sources & reached}
    assert reached == set(Status)


def test_every_state_can_be_left():
    assert {source for t in TRANSITIONS for source in t.sources} == set(Status)


def test_every_verb_and_state_fits_the_event_that_records_it():
    longest = Event._meta.get_field("verb").max_length
    assert all(len(transition.verb) <= longest for transition in TRANSITIONS)
    assert all(len(status) <= Event._meta.get_field("target").max_length for status in Status)


@pytest.mark.parametrize(
    ("status", "enterprise", "bureau", "province"),
    [
        ("draft", "尚未提交", "企业填报中", "填报中"),
        ("submitted", "已提交", "待审核", "待推荐单位审核"),
        ("returned", "退回修改", "已退回，待企业修改", "退回修改"),
        ("accepted", "审核通过，待推荐排序", "审核通过", "审核通过"),
        ("recommended", "已推荐", "已推荐", "已推荐"),
        ("declined", "不予推荐", "不予推荐", "不予推荐"),
        ("unlisted", "本批次未列入推荐名单", "未列入推荐名单", "未列入推荐名单"),
    ],
)
def test_each_audience_reads_the_state_in_its_own_words(status, enterprise, bureau, province):
    labels = [Status(status).label_for(role) for role in ("enterprise", "bureau", "province")]
    assert labels == [enterprise, bureau, province]


@pytest.mark.parametrize(
    ("status", "role", "verbs"),
    [
        (Status.DRAFT, Role.ENTERPRISE, ["submit"]),
        (Status.RETURNED, Role.ENTERPRISE, ["resubmit"]),
        (Status.SUBMITTED, Role.ENTERPRISE, ["withdraw"]),
        (Status.SUBMITTED, Role.BUREAU, ["return_for_changes", "accept", "decline"]),
        (Status.ACCEPTED, Role.BUREAU, ["return_for_changes", "decline", "recommend", "pass_over"]),
        (Status.DECLINED, Role.BUREAU, ["undo_decline"]),
        (Status.RECOMMENDED, Role.PROVINCE, ["release"]),
        (Status.RECOMMENDED, Role.BUREAU, ["recall"]),
        (Status.UNLISTED, Role.PROVINCE, ["release"]),
        (Status.UNLISTED, Role.BUREAU, ["recall"]),
        (Status.ACCEPTED, Role.ENTERPRISE, []),
        (Status.DRAFT, Role.BUREAU, []),
        (Status.SUBMITTED, Role.PROVINCE, []),
    ],
)
def test_a_role_is_offered_only_its_own_verbs(status, role, verbs):
    assert [transition.verb for transition in verbs_for(status, role)] == verbs
