"""Recommending, ordering and giving reasons: the rules of an open list."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from applications import interests, workflow
from applications.models import Event
from applications.states import Status
from portal.errors import NotAllowed, StaleState
from review import ranking
from review.models import RankedList, Seat
from tests import cast


def places(ranked_list):
    """Who sits where: (application id or None, opinion), first place first."""
    return [(seat.application_id, seat.opinion) for seat in ranking.seats_of(ranked_list)]


def order(ranked_list):
    return ranking.order_of(ranking.seats_of(ranked_list))


def version(ranked_list):
    return RankedList.objects.get(pk=ranked_list.pk).version


def unchanged(ranked_list, act, error, match=None):
    """The act is refused, and seats, version and events are as before."""

    def everything():
        return places(ranked_list), version(ranked_list), Event.objects.count()

    before = everything()
    with pytest.raises(error, match=match):
        act()
    assert everything() == before


def recommend_all(ranked_list, applications, officer):
    for application in applications:
        ranking.recommend(ranked_list, application, actor=officer)


# Recommending


def test_each_recommendation_takes_the_first_free_seat(ranked_list, make_accepted, officer):
    first, second = make_accepted(2)
    recommend_all(ranked_list, [second, first], officer)
    assert order(ranked_list) == [second.pk, first.pk]
    # Only sending the list makes them recommended.
    assert cast.fresh(first).status == Status.ACCEPTED


def test_a_fourth_is_told_that_the_three_seats_are_taken(ranked_list, make_accepted, officer):
    *three, fourth = make_accepted(4)
    recommend_all(ranked_list, three, officer)
    unchanged(
        ranked_list,
        lambda: ranking.recommend(ranked_list, fourth, actor=officer),
        NotAllowed,
        "^3 个名额已满；如需更换，请先移出一个。$",
    )


def test_a_seat_that_was_freed_can_be_taken_again(ranked_list, make_accepted, officer):
    *three, fourth = make_accepted(4)
    recommend_all(ranked_list, three, officer)
    keep = [three[0].pk, three[2].pk]
    ranking.replace_order(ranked_list, keep, version=version(ranked_list), actor=officer)
    ranking.recommend(ranked_list, fourth, actor=officer)
    assert order(ranked_list) == [*keep, fourth.pk]


def test_a_seated_application_is_not_recommended_twice(ranked_list, make_accepted, officer):
    [application] = make_accepted(1)
    ranking.recommend(ranked_list, application, actor=officer)
    unchanged(
        ranked_list,
        lambda: ranking.recommend(ranked_list, application, actor=officer),
        StaleState,
        "已在推荐名单中",
    )


@pytest.mark.parametrize(
    "status", [Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.DECLINED]
)
def test_only_an_accepted_application_can_be_recommended(round, ranked_list, officer, status):
    application = cast.bring_to(status, round, cast.make_enterprise(1), officer)
    for act in (
        lambda: ranking.recommend(ranked_list, application, actor=officer),
        lambda: ranking.replace_order(
            ranked_list, [application.pk], version=version(ranked_list), actor=officer
        ),
    ):
        unchanged(ranked_list, act, StaleState, "只能推荐本单位审核通过的申报")


def test_another_bureaus_application_cannot_be_recommended(
    round, ranked_list, officer, other_officer
):
    foreign = cast.bring_to(
        Status.ACCEPTED, round, cast.make_enterprise(1, cast.DATONG), other_officer
    )
    for act in (
        lambda: ranking.recommend(ranked_list, foreign, actor=officer),
        lambda: ranking.replace_order(
            ranked_list, [foreign.pk], version=version(ranked_list), actor=officer
        ),
    ):
        unchanged(ranked_list, act, StaleState, "只能推荐本单位审核通过的申报")


def test_another_rounds_application_cannot_be_recommended(
    ranked_list, province, officer, make_accepted
):
    another = cast.make_round(province, slug="another", title="另一批次")
    foreign = cast.bring_to(Status.ACCEPTED, another, cast.make_enterprise(500), officer)
    [own] = make_accepted(1)
    for act in (
        lambda: ranking.recommend(ranked_list, foreign, actor=officer),
        lambda: ranking.replace_order(
            ranked_list, [own.pk, foreign.pk], version=version(ranked_list), actor=officer
        ),
    ):
        unchanged(ranked_list, act, StaleState, "只能推荐本单位审核通过的申报")


def test_only_the_bureau_itself_changes_its_list(
    ranked_list, make_accepted, province, other_officer
):
    [application] = make_accepted(1)
    enterprise = application.enterprise.user_set.get()
    for actor, error in (
        (other_officer, StaleState),
        (province, NotAllowed),
        (enterprise, NotAllowed),
    ):
        for act in (
            lambda actor: ranking.recommend(ranked_list, application, actor=actor),
            lambda actor: ranking.replace_order(
                ranked_list, [], version=version(ranked_list), actor=actor
            ),
            lambda actor: ranking.save_opinions(
                ranked_list, {1: "好"}, version=version(ranked_list), actor=actor
            ),
            lambda actor: ranking.decide(
                ranked_list, application, "decline", actor=actor, comment="否"
            ),
        ):
            unchanged(ranked_list, lambda act=act, actor=actor: act(actor), error)


# Ordering


def test_the_whole_order_is_replaced_and_opinions_follow_their_applications(
    ranked_list, make_accepted, officer
):
    first, second, third = make_accepted(3)
    recommend_all(ranked_list, [first, second, third], officer)
    ranking.save_opinions(
        ranked_list,
        {first.pk: "甲", second.pk: "乙", third.pk: "丙"},
        version=version(ranked_list),
        actor=officer,
    )
    ranking.replace_order(
        ranked_list,
        [third.pk, first.pk, second.pk],
        version=version(ranked_list),
        actor=officer,
    )
    assert places(ranked_list) == [(third.pk, "丙"), (first.pk, "甲"), (second.pk, "乙")]


def test_opinions_typed_before_a_move_are_saved_with_it(ranked_list, make_accepted, officer):
    first, second = make_accepted(2)
    recommend_all(ranked_list, [first, second], officer)
    ranking.replace_order(
        ranked_list,
        [second.pk, first.pk],
        version=version(ranked_list),
        opinions={first.pk: "首位的理由", second.pk: "次位的理由"},
        actor=officer,
    )
    assert places(ranked_list)[:2] == [(second.pk, "次位的理由"), (first.pk, "首位的理由")]


def test_a_shorter_order_frees_the_last_seats_and_drops_their_opinions(
    ranked_list, make_accepted, officer
):
    first, second = make_accepted(2)
    recommend_all(ranked_list, [first, second], officer)
    ranking.save_opinions(
        ranked_list,
        {first.pk: "甲", second.pk: "乙"},
        version=version(ranked_list),
        actor=officer,
    )
    ranking.replace_order(ranked_list, [second.pk], version=version(ranked_list), actor=officer)
    assert places(ranked_list) == [(second.pk, "乙"), (None, ""), (None, "")]
    ranking.recommend(ranked_list, first, actor=officer)
    assert places(ranked_list)[1] == (first.pk, "")


def test_a_list_can_be_emptied(ranked_list, make_accepted, officer):
    recommend_all(ranked_list, make_accepted(3), officer)
    ranking.replace_order(ranked_list, [], version=version(ranked_list), actor=officer)
    assert places(ranked_list) == [(None, "")] * 3


def test_more_applications_than_seats_are_refused(ranked_list, make_accepted, officer):
    four = [application.pk for application in make_accepted(4)]
    unchanged(
        ranked_list,
        lambda: ranking.replace_order(
            ranked_list, four, version=version(ranked_list), actor=officer
        ),
        NotAllowed,
        "最多推荐 3 个项目，提交了 4 个",
    )


def test_an_order_with_one_application_twice_is_refused(ranked_list, make_accepted, officer):
    [application] = make_accepted(1)
    unchanged(
        ranked_list,
        lambda: ranking.replace_order(
            ranked_list, [application.pk] * 2, version=version(ranked_list), actor=officer
        ),
        NotAllowed,
        "不能占两个名额",
    )


def test_an_order_with_an_unknown_application_is_refused(ranked_list, make_accepted, officer):
    [application] = make_accepted(1)
    unchanged(
        ranked_list,
        lambda: ranking.replace_order(
            ranked_list, [application.pk, 987654321], version=version(ranked_list), actor=officer
        ),
        StaleState,
        "只能推荐本单位审核通过的申报",
    )


# Versions


def test_every_change_moves_the_version_on(ranked_list, make_accepted, officer):
    [application] = make_accepted(1)
    seen = [version(ranked_list)]
    for act in (
        lambda: ranking.recommend(ranked_list, application, actor=officer),
        lambda: ranking.save_opinions(
            ranked_list, {application.pk: "好"}, version=seen[-1], actor=officer
        ),
        lambda: ranking.replace_order(ranked_list, [], version=seen[-1], actor=officer),
    ):
        act()
        seen.append(version(ranked_list))
    assert len(set(seen)) == 4


def test_deciding_on_an_application_leaves_an_open_board_good(ranked_list, make_accepted, officer):
    [seated] = make_accepted(1)
    ranking.recommend(ranked_list, seated, actor=officer)
    [other] = make_accepted(1)
    read = version(ranked_list)
    cast.decide(other, "decline", officer, "暂不推荐。")
    ranking.replace_order(ranked_list, [], version=read, actor=officer)
    assert order(ranked_list) == []


def test_a_page_older_than_the_list_changes_nothing(ranked_list, make_accepted, officer):
    [seated] = make_accepted(1)
    old = version(ranked_list)
    ranking.recommend(ranked_list, seated, actor=officer)
    for act in (
        lambda: ranking.replace_order(ranked_list, [], version=old, actor=officer),
        lambda: ranking.save_opinions(ranked_list, {seated.pk: "迟"}, version=old, actor=officer),
        lambda: ranking.send(ranked_list, version=old, signatory="签", actor=officer),
    ):
        unchanged(ranked_list, act, StaleState, "刚被他人改动")


def test_a_free_seat_can_be_taken_from_an_older_page_but_its_opinions_are_not_saved(
    ranked_list, make_accepted, officer
):
    first, second = make_accepted(2)
    recommend_all(ranked_list, [first], officer)
    old = version(ranked_list)
    ranking.save_opinions(ranked_list, {first.pk: "同事的理由"}, version=old, actor=officer)
    saved = ranking.recommend(
        ranked_list, second, version=old, opinions={first.pk: "旧页面"}, actor=officer
    )
    assert saved is False
    assert places(ranked_list)[:2] == [(first.pk, "同事的理由"), (second.pk, "")]


def test_opinions_typed_before_recommending_are_saved_with_it(ranked_list, make_accepted, officer):
    first, second = make_accepted(2)
    recommend_all(ranked_list, [first], officer)
    saved = ranking.recommend(
        ranked_list,
        second,
        version=version(ranked_list),
        opinions={first.pk: "理由", 987654321: "不在名单"},
        actor=officer,
    )
    assert saved is True
    assert places(ranked_list)[:2] == [(first.pk, "理由"), (second.pk, "")]


# Opinions


def test_opinions_are_kept_for_those_on_the_list_only_and_cleaned(
    ranked_list, make_accepted, officer
):
    application, candidate = make_accepted(2)
    ranking.recommend(ranked_list, application, actor=officer)
    ranking.save_opinions(
        ranked_list,
        {application.pk: "  =理由\x07一\r\n理由二 ", candidate.pk: "还是候选"},
        version=version(ranked_list),
        actor=officer,
    )
    assert places(ranked_list) == [(application.pk, "=理由一\n理由二"), (None, ""), (None, "")]


def test_an_opinion_too_long_is_refused_and_the_list_stays(ranked_list, make_accepted, officer):
    [application] = make_accepted(1)
    ranking.recommend(ranked_list, application, actor=officer)
    long = {application.pk: "优" * (ranking.LONGEST_OPINION + 1)}
    unchanged(
        ranked_list,
        lambda: ranking.save_opinions(
            ranked_list, long, version=version(ranked_list), actor=officer
        ),
        NotAllowed,
        "“推荐意见”请控制在 2000 字以内，现在是 2001 字",
    )


def test_nothing_is_decided_on_another_bureaus_list(ranked_list, make_accepted, round, officer):
    other = RankedList.objects.exclude(pk=ranked_list.pk).filter(round=round).first()
    [application] = make_accepted(1)
    with pytest.raises(StaleState):
        ranking.decide(other, application, "decline", actor=officer, comment="否")
    other = cast.make_round(cast.User.objects.get(username="province"), slug="next")
    [elsewhere] = RankedList.objects.filter(round=other, bureau=ranked_list.bureau)
    with pytest.raises(NotAllowed, match="不属于这份推荐名单"):
        ranking.decide(elsewhere, application, "decline", actor=officer, comment="否")
    assert cast.fresh(application).status == Status.ACCEPTED


def test_an_opinion_not_mentioned_stays(ranked_list, make_accepted, officer):
    first, second = make_accepted(2)
    recommend_all(ranked_list, [first, second], officer)
    for opinions in ({first.pk: "甲", second.pk: "乙"}, {second.pk: ""}):
        ranking.save_opinions(ranked_list, opinions, version=version(ranked_list), actor=officer)
    assert [opinion for _, opinion in places(ranked_list)] == ["甲", "", ""]


# Exempt places (不占名额)


@pytest.fixture
def rule(round, ranked_list) -> str:
    """The round says who may be recommended beside the quota."""
    ranked_list.round.exempt_rule = round.exempt_rule = "上年度已通过预评审的项目。"
    round.save()
    return round.exempt_rule


def exempts(ranked_list):
    """Who is on the exempt places: (number, application id, reason, opinion)."""
    return [
        (place.number, place.application_id, place.exempt_reason, place.opinion)
        for place in ranking.places_of(ranked_list)
        if place.is_exempt
    ]


def exempt(ranked_list, application, reason, actor):
    ranking.exempt(ranked_list, application, reason, version=version(ranked_list), actor=actor)


def test_an_exempt_one_takes_no_seat_and_follows_the_others(
    ranked_list, make_accepted, officer, rule
):
    *three, fourth, fifth = make_accepted(5)
    exempt(ranked_list, fourth, " 理由四 ", officer)
    recommend_all(ranked_list, three, officer)
    exempt(ranked_list, fifth, "理由五", officer)
    assert exempts(ranked_list) == [(1, fourth.pk, "理由四", ""), (2, fifth.pk, "理由五", "")]
    assert order(ranked_list) == [application.pk for application in three]
    assert len(ranking.seats_of(ranked_list)) == 3
    assert [place.application_id for place in ranking.places_of(ranked_list)] == [
        application.pk for application in (*three, fourth, fifth)
    ]


@pytest.mark.parametrize("reason", ["", " \n\x07 "])
def test_no_one_is_exempt_without_a_reason(ranked_list, make_accepted, officer, rule, reason):
    [application] = make_accepted(1)
    unchanged(
        ranked_list, lambda: exempt(ranked_list, application, reason, officer), NotAllowed, "理由"
    )


def test_a_reason_too_long_to_be_printed_is_refused(ranked_list, make_accepted, officer, rule):
    [application] = make_accepted(1)
    unchanged(
        ranked_list,
        lambda: ranking.exempt(
            ranked_list,
            application,
            "因" * (ranking.LONGEST_REASON + 1),
            version=version(ranked_list),
            actor=officer,
        ),
        NotAllowed,
        "“不占名额的理由”请控制在 200 字以内",
    )


def test_no_one_is_exempt_where_the_round_does_not_say_who(ranked_list, make_accepted, officer):
    [application] = make_accepted(1)
    unchanged(
        ranked_list,
        lambda: exempt(ranked_list, application, "有理由", officer),
        NotAllowed,
        "本批次不允许不占名额的推荐",
    )


def test_only_accepted_ones_of_the_bureau_are_exempt(
    round, ranked_list, officer, other_officer, rule
):
    submitted = cast.file_application(round, cast.make_enterprise(1))
    enterprise = cast.make_enterprise(2, cast.DATONG)
    foreign = cast.bring_to(Status.ACCEPTED, round, enterprise, other_officer)
    for application in (submitted, foreign):
        unchanged(
            ranked_list,
            lambda application=application: exempt(ranked_list, application, "理由", officer),
            StaleState,
            "只能推荐本单位审核通过的申报",
        )


def test_one_of_the_three_that_becomes_exempt_frees_its_seat_and_keeps_its_opinion(
    ranked_list, make_accepted, officer, rule
):
    first, second = make_accepted(2)
    recommend_all(ranked_list, [first, second], officer)
    now = version(ranked_list)
    ranking.save_opinions(ranked_list, {first.pk: "意见"}, version=now, actor=officer)
    exempt(ranked_list, first, "理由", officer)
    assert places(ranked_list) == [(second.pk, ""), (None, ""), (None, "")]
    assert exempts(ranked_list) == [(1, first.pk, "理由", "意见")]
    exempt(ranked_list, first, "改过的理由", officer)
    assert exempts(ranked_list) == [(1, first.pk, "改过的理由", "意见")]


def test_an_exempt_place_goes_with_its_application(ranked_list, make_accepted, officer, rule):
    first, second, third = make_accepted(3)
    for application in (first, second, third):
        exempt(ranked_list, application, f"理由{application.pk}", officer)

    def replace(order, exempt_ids=None):
        now = version(ranked_list)
        ranking.replace_order(ranked_list, order, exempt_ids, version=now, actor=officer)

    replace([], [third.pk, first.pk])
    assert [(number, pk) for number, pk, *_ in exempts(ranked_list)] == [
        (1, third.pk),
        (2, first.pk),
    ]
    replace([first.pk])
    assert [pk for _, pk, *_ in exempts(ranked_list)] == [third.pk]
    assert order(ranked_list) == [first.pk]
    assert Seat.objects.filter(bureau=ranked_list.bureau).count() == 4
    replace([], [])
    assert Seat.objects.filter(bureau=ranked_list.bureau).count() == 3


def test_an_order_makes_nobody_exempt(ranked_list, make_accepted, officer, rule):
    *three, fourth = make_accepted(4)
    recommend_all(ranked_list, three, officer)
    seated = [application.pk for application in three]
    for exempt_ids in ([fourth.pk], [seated[0]]):
        unchanged(
            ranked_list,
            lambda exempt_ids=exempt_ids: ranking.replace_order(
                ranked_list, seated, exempt_ids, version=version(ranked_list), actor=officer
            ),
            NotAllowed,
            "须说明理由",
        )


def test_nobody_is_on_a_numbered_and_an_exempt_place(ranked_list, make_accepted, officer, rule):
    [application] = make_accepted(1)
    exempt(ranked_list, application, "理由", officer)
    for act, error in (
        (lambda: ranking.recommend(ranked_list, application, actor=officer), StaleState),
        (
            lambda: ranking.replace_order(
                ranked_list,
                [application.pk],
                [application.pk],
                version=version(ranked_list),
                actor=officer,
            ),
            NotAllowed,
        ),
    ):
        unchanged(ranked_list, act, error)
    assert len(exempts(ranked_list)) == 1


def test_an_exempt_one_cannot_be_declined_before_it_leaves_the_list(
    ranked_list, make_accepted, officer, rule
):
    [application] = make_accepted(1)
    exempt(ranked_list, application, "理由", officer)
    unchanged(
        ranked_list,
        lambda: ranking.decide(ranked_list, application, "decline", actor=officer, comment="否"),
        NotAllowed,
        "请先移出名单",
    )


def test_an_exempt_one_is_sent_received_and_sent_back_with_the_list(
    ranked_list, make_accepted, officer, province, rule
):
    seated, beside = make_accepted(2)
    recommend_all(ranked_list, [seated], officer)
    exempt(ranked_list, beside, "理由", officer)
    for _ in range(2):
        sent = cast.send(seated, officer)
        assert cast.fresh(beside).status == Status.RECOMMENDED
        receipts = [each.current_revision.receipt for each in (seated, beside)]
        assert sent.events.first().receipts == receipts
        unchanged(
            ranked_list,
            lambda: exempt(ranked_list, beside, "改过的理由", officer),
            StaleState,
            "不能再改动",
        )
        cast.send_back(sent, province)
        assert cast.fresh(beside).status == Status.ACCEPTED
        assert [pk for _, pk, *_ in exempts(ranked_list)] == [beside.pk]
    receive = cast.send(seated, officer)
    cast.receive(receive, province)
    assert cast.fresh(beside).status == Status.RECOMMENDED


def test_a_list_of_exempt_ones_only_needs_no_statement(ranked_list, make_accepted, officer, rule):
    [application] = make_accepted(1)
    exempt(ranked_list, application, "理由", officer)
    assert cast.send(application, officer).status == RankedList.Status.SENT


def test_the_cockpit_counts_the_exempt_places_beside_the_seats(
    client, round, ranked_list, make_accepted, officer, province, rule
):
    *three, fourth = make_accepted(4)
    recommend_all(ranked_list, three, officer)
    exempt(ranked_list, fourth, "理由", officer)
    client.force_login(province)
    page = client.get(reverse("review:cockpit"))
    [row] = [row for row in page.context["rows"] if row.bureau == ranked_list.bureau]
    assert (row.taken, row.quota, row.exempt) == (3, 3, 1)


# Stepping aside (回避)


def test_who_stepped_aside_changes_nothing_about_the_application(
    ranked_list, make_accepted, officer, rule
):
    first, second, third = make_accepted(3)
    recommend_all(ranked_list, [first, second], officer)
    interests.declare([second, third], has_conflict=True, note="亲属", actor=officer)

    def replace(*pks):
        ranking.replace_order(ranked_list, pks, version=version(ranked_list), actor=officer)

    for act in (
        lambda: ranking.recommend(ranked_list, third, actor=officer),
        lambda: exempt(ranked_list, third, "理由", officer),
        lambda: exempt(ranked_list, second, "理由", officer),
        lambda: replace(first.pk),
        lambda: replace(second.pk, first.pk),
        lambda: replace(second.pk),
        lambda: ranking.save_opinions(
            ranked_list, {second.pk: "好"}, version=version(ranked_list), actor=officer
        ),
    ):
        unchanged(ranked_list, act, NotAllowed, "您已声明对“.*”回避")
    # What leaves it where it is and as it is, is anybody's business.
    now = version(ranked_list)
    ranking.save_opinions(ranked_list, {first.pk: "好", second.pk: ""}, version=now, actor=officer)
    assert places(ranked_list)[:2] == [(first.pk, "好"), (second.pk, "")]


# Past all our code, as a shell would


def test_the_database_refuses_an_exempt_place_without_reason_or_application(
    ranked_list, make_accepted
):
    [application] = make_accepted(1)
    place = {"round": ranked_list.round, "bureau": ranked_list.bureau, "number": 4, "quota": 3}
    for odd in (
        {"is_exempt": True, "application": application},
        {"is_exempt": True, "exempt_reason": "理由"},
        {"application": application, "exempt_reason": "理由", "number": 3},
        {"application": application},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Seat.objects.create(**(place | odd))
    assert Seat.objects.filter(bureau=ranked_list.bureau).count() == 3


# Deciding


@pytest.mark.parametrize(
    ("start", "verb", "comment", "target"),
    [
        (Status.SUBMITTED, "accept", "", Status.ACCEPTED),
        (Status.SUBMITTED, "return_for_changes", "请补充。", Status.RETURNED),
        (Status.SUBMITTED, "decline", "不符合。", Status.DECLINED),
        (Status.ACCEPTED, "decline", "不符合。", Status.DECLINED),
        (Status.DECLINED, "undo_decline", "", Status.SUBMITTED),
    ],
)
def test_a_decision_changes_the_status_and_leaves_an_event(
    round, ranked_list, officer, start, verb, comment, target
):
    application = cast.bring_to(start, round, cast.make_enterprise(1), officer)
    ranking.decide(ranked_list, application, verb, actor=officer, comment=f" {comment} ")
    assert cast.fresh(application).status == target
    event = application.events.first()
    assert (event.verb, event.source, event.target) == (verb, start, target)
    assert (event.actor, event.comment) == (officer, comment)


@pytest.mark.parametrize("verb", ["decline", "return_for_changes"])
@pytest.mark.parametrize("comment", ["", " \n "])
def test_returning_and_declining_need_a_reason(round, ranked_list, officer, verb, comment):
    application = cast.file_application(round, cast.make_enterprise(1))
    unchanged(
        ranked_list,
        lambda: ranking.decide(ranked_list, application, verb, actor=officer, comment=comment),
        NotAllowed,
        "理由",
    )
    assert cast.fresh(application).status == Status.SUBMITTED


def test_a_decision_on_a_page_that_is_out_of_date_is_refused(round, ranked_list, officer):
    application = cast.file_application(round, cast.make_enterprise(1))
    as_seen = cast.fresh(application)
    ranking.decide(ranked_list, application, "accept", actor=officer)
    unchanged(
        ranked_list,
        lambda: ranking.decide(ranked_list, as_seen, "decline", actor=officer, comment="否"),
        StaleState,
        "已被他人处理",
    )


def test_a_decision_on_a_version_that_is_not_the_latest_is_refused(round, ranked_list, officer):
    enterprise = cast.make_enterprise(1)
    application = cast.file_application(round, enterprise)
    read = application.current_revision_id
    workflow.withdraw(application, actor=enterprise)
    workflow.submit(cast.fresh(application), cast.declarations(round), actor=enterprise)
    latest = cast.fresh(application)
    unchanged(
        ranked_list,
        lambda: ranking.decide(ranked_list, latest, "accept", revision=read, actor=officer),
        StaleState,
        "企业已提交新的版本",
    )
    # The same in the instant between reading the row and deciding on it.
    latest.current_revision_id = read
    unchanged(
        ranked_list,
        lambda: ranking.decide(ranked_list, latest, "accept", actor=officer),
        StaleState,
    )
    assert cast.fresh(application).status == Status.SUBMITTED


def test_a_seated_application_cannot_be_declined_before_it_leaves_the_list(
    ranked_list, make_accepted, officer
):
    [application] = make_accepted(1)
    ranking.recommend(ranked_list, application, actor=officer)

    def decline():
        ranking.decide(ranked_list, application, "decline", actor=officer, comment="否")

    unchanged(ranked_list, decline, NotAllowed, "请先移出名单")
    ranking.replace_order(ranked_list, [], version=version(ranked_list), actor=officer)
    decline()
    assert cast.fresh(application).status == Status.DECLINED
    assert not Seat.objects.filter(application=application).exists()
