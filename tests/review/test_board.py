"""The ranking board: its buttons, the whole order at once, and what a refusal leaves to read."""

import html
import re

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.urls import reverse

from applications import interests
from applications.models import Application
from applications.states import Status
from portal.accounts.models import Enterprise
from review import ranking
from review.models import RankedList, Seat
from tests import cast

JSON = {"headers": {"Accept": "application/json"}}


def body(response) -> str:
    return html.unescape(response.content.decode())


def said(response) -> str:
    """The messages a person reads on the page that follows."""
    return "".join(str(message) for message in get_messages(response.wsgi_request))


def order(ranked_list) -> list[int]:
    return ranking.order_of(ranking.seats_of(ranked_list))


def opinions(ranked_list) -> list[str]:
    return [seat.opinion for seat in ranking.seats_of(ranked_list)]


def exempt(ranked_list) -> dict[int, str]:
    return ranking.reasons_of(ranking.places_of(ranked_list))


def press(client, ranked_list, button, *, asks=None, **data):
    """A button of the board, on a page as fresh as can be."""
    ranked_list.refresh_from_db()
    url = reverse(f"review:{button}", args=[ranked_list.round.slug])
    places = ranking.places_of(ranked_list)
    shown = {
        "version": ranked_list.version,
        "order": ranking.order_of(places),
        "exempt": list(ranking.reasons_of(places)),
    }
    return client.post(url, {**shown, **data}, **(asks or {}))


def typed(texts: dict[int, str]) -> dict[str, str]:
    """Opinions as the board posts them, by application."""
    return {f"opinion-{pk}": text for pk, text in texts.items()}


@pytest.fixture
def fourth(three) -> Application:
    """The candidate for whom there is no seat."""
    return Application.objects.select_related("enterprise").exclude(pk__in=three).get()


# The buttons


def test_candidates_are_the_accepted_without_a_seat(as_officer, round, three, ranked_list):
    page = as_officer.get(reverse("review:board", args=[round.slug]))
    [candidate] = page.context["page"]
    assert candidate.pk not in three
    assert candidate.status == Status.ACCEPTED


@pytest.mark.parametrize(
    ("move", "which", "expected"),
    [
        ("up", 1, [1, 0, 2]),
        ("up", 2, [0, 2, 1]),
        ("down", 0, [1, 0, 2]),
        ("down", 1, [0, 2, 1]),
        ("remove", 0, [1, 2]),
        ("remove", 2, [0, 1]),
        ("up", 0, [0, 1, 2]),
        ("down", 2, [0, 1, 2]),
        ("sideways", 1, [0, 1, 2]),
        ("", 1, [0, 1, 2]),
    ],
)
def test_the_buttons_of_a_seat_move_it(as_officer, ranked_list, three, move, which, expected):
    response = press(as_officer, ranked_list, "reorder", application=three[which], move=move)
    assert response.url == reverse("review:board", args=[ranked_list.round.slug])
    assert order(ranked_list) == [three[place] for place in expected]


def test_no_button_of_the_board_loses_a_typed_opinion(as_officer, ranked_list, three):
    first, second, third = three
    texts = typed({first: "甲的理由", second: "乙的理由"})
    press(as_officer, ranked_list, "reorder", application=first, move="down", **texts)
    assert opinions(ranked_list) == ["乙的理由", "甲的理由", ""]
    press(as_officer, ranked_list, "opinions", **typed({third: "丙的\r\n理由"}))
    assert opinions(ranked_list) == ["乙的理由", "甲的理由", "丙的\n理由"]
    press(
        as_officer,
        ranked_list,
        "reorder",
        application=third,
        move="remove",
        **typed({second: "乙的新理由"}),
    )
    assert opinions(ranked_list) == ["乙的新理由", "甲的理由", ""]


def test_on_a_list_that_a_colleague_changed_nothing_is_done_and_the_text_is_shown(
    as_officer, ranked_list, three, officer
):
    old = RankedList.objects.get(pk=ranked_list.pk).version
    ranking.replace_order(ranked_list, three[:2], version=old, actor=officer)
    for button, data in (
        ("reorder", {"application": three[1], "move": "up", "order": three}),
        ("opinions", {}),
    ):
        url = reverse(f"review:{button}", args=[ranked_list.round.slug])
        data |= {"version": old, **typed({three[0]: "写了很久的理由"})}
        response = as_officer.post(url, data)
        assert response.status_code == 409
        assert "刚被他人改动" in body(response)
        assert "测试企业1有限公司：写了很久的理由" in body(response)
        assert order(ranked_list) == three[:2]
        assert opinions(ranked_list) == ["", "", ""]


def test_moving_what_is_no_longer_on_the_list_is_refused(as_officer, ranked_list, three):
    response = press(as_officer, ranked_list, "reorder", application=three[0], move="remove")
    response = press(as_officer, ranked_list, "reorder", application=three[0], move="up")
    assert response.status_code == 409
    assert "已不在名单中" in body(response)


def test_a_fourth_is_refused_with_words(as_officer, ranked_list, three, fourth):
    response = press(as_officer, ranked_list, "recommend", application=fourth.pk)
    assert response.status_code == 409
    assert "3 个名额已满；如需更换，请先移出一个。" in body(response)
    assert order(ranked_list) == three


@pytest.mark.parametrize("pk", ["", "x", "-1", "1e3", "９", "9" * 40])
def test_recommending_nothing_in_particular_is_not_found(as_officer, ranked_list, pk):
    assert press(as_officer, ranked_list, "recommend", application=pk).status_code == 404


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 11, "9" * 40])
def test_a_version_that_is_none_changes_nothing(as_officer, ranked_list, three, version):
    url = reverse("review:reorder", args=[ranked_list.round.slug])
    data = {"version": version, "order": three, "application": three[0], "move": "remove"}
    assert as_officer.post(url, data).status_code == 409
    assert order(ranked_list) == three


def test_the_button_for_sending_saves_the_opinions_on_its_way(as_officer, ranked_list, three):
    page = body(as_officer.get(reverse("review:board", args=[ranked_list.round.slug])))
    assert re.search(r'form="board"[^>]*name="then"[^>]*value="send"', page)
    response = press(
        as_officer, ranked_list, "opinions", then="send", **typed({three[0]: "匆忙的理由"})
    )
    assert response.url == reverse("review:send", args=[ranked_list.round.slug])
    assert opinions(ranked_list)[0] == "匆忙的理由"
    assert said(response) == ""


def test_an_opinion_that_was_cleaned_or_left_with_its_seat_is_not_called_unsaved(
    as_officer, ranked_list, three
):
    board = reverse("review:board", args=[ranked_list.round.slug])
    texts = typed({three[0]: " 一\x07\r\n二 ", three[1]: "将移出的理由"})
    response = press(as_officer, ranked_list, "opinions", **texts)
    assert response.url == board
    remove = {"application": three[1], "move": "remove"}
    response = press(as_officer, ranked_list, "reorder", **remove, **texts)
    assert response.url == board
    assert said(response).endswith("已将“测试企业2有限公司”移出名单。")
    assert opinions(ranked_list) == ["一\n二", "", ""]


def test_opinions_that_recommending_could_not_save_are_shown(
    as_officer, ranked_list, three, fourth, officer
):
    old = RankedList.objects.get(pk=ranked_list.pk).version
    ranking.replace_order(ranked_list, three[:2], version=old, actor=officer)
    response = press(
        as_officer,
        ranked_list,
        "recommend",
        application=fourth.pk,
        version=old,
        **typed({three[0]: "写了很久的理由"}),
    )
    assert order(ranked_list) == [*three[:2], fourth.pk]
    assert "刚才填写的推荐意见没有保存" in body(response)
    assert "写了很久的理由" in body(response)


def test_candidates_come_in_pages_and_turning_them_saves_the_opinions(
    as_officer, ranked_list, three, make_accepted, settings
):
    settings.PAGE_SIZE = 2
    make_accepted(2)
    board = reverse("review:board", args=[ranked_list.round.slug])
    first, second = (as_officer.get(board, {"page": number}) for number in (1, 2))
    candidates = [*first.context["page"], *second.context["page"]]
    assert len(first.context["page"]) == 2
    assert {a.pk for a in candidates}.isdisjoint(three)
    assert len({a.pk for a in candidates}) == 3
    assert first.context["page"].paginator.count == 3
    texts = typed({three[2]: "翻页前"})
    response = press(as_officer, ranked_list, "opinions", then="2", **texts)
    assert response.url == f"{board}?page=2#candidates-title"
    assert opinions(ranked_list)[2] == "翻页前"
    move = {"application": three[0], "move": "down", "page": "2"}
    assert press(as_officer, ranked_list, "reorder", **move).url == f"{board}?page=2"


def test_each_opinion_is_labelled_with_its_enterprise(as_officer, ranked_list, three):
    page = body(as_officer.get(reverse("review:board", args=[ranked_list.round.slug])))
    labels = re.findall(r'for="opinion-(\d+)">推荐意见<span[^>]*>：([^<]*)<', page)
    names = Application.objects.values_list("pk", "enterprise__name")
    assert {(int(pk), name) for pk, name in labels} == set(names)


def test_the_events_of_a_list_name_the_enterprises(as_officer, ranked_list, three, officer):
    cast.send(Application.objects.get(pk=three[0]), officer)
    Enterprise.objects.update(name="后来的名称")
    page = as_officer.get(reverse("review:board", args=[ranked_list.round.slug]))
    [event] = page.context["events"]
    names = [name for _receipt, name in event.members]
    assert names == [f"测试企业{number}有限公司" for number in (1, 2, 3)]
    assert names[0] in body(page)


def test_an_opinion_as_it_was_shown_is_no_change(as_officer, ranked_list, three, officer):
    first = three[0]
    shown = typed({first: "拟写的话"}) | {f"seen-{first}": "拟写的话"}
    press(as_officer, ranked_list, "reorder", application=first, move="down", **shown)
    assert opinions(ranked_list) == ["", "", ""]
    press(as_officer, ranked_list, "opinions", **shown)
    assert opinions(ranked_list) == ["", "拟写的话", ""]
    cleared = {f"opinion-{first}": "", f"seen-{first}": "拟写的话"}
    press(as_officer, ranked_list, "reorder", application=first, move="up", **cleared)
    assert opinions(ranked_list) == ["", "", ""]


def test_those_chosen_are_compared_and_what_was_typed_is_saved(as_officer, ranked_list, three):
    texts = typed({three[0]: "比较之前写的"})
    chosen = {"then": "compare", "a": three[:2]}
    response = press(as_officer, ranked_list, "opinions", **chosen, **texts)
    compare = reverse("review:compare", args=[ranked_list.round.slug])
    assert response.url == f"{compare}?a={three[0]}&a={three[1]}"
    assert opinions(ranked_list)[0] == "比较之前写的"


# Putting one on a certain seat


def test_a_candidate_put_on_a_taken_seat_sends_its_holder_back(
    as_officer, ranked_list, three, fourth
):
    first, second, third = three
    place = {f"place-{fourth.pk}": "2"}
    response = press(
        as_officer,
        ranked_list,
        "reorder",
        application=fourth.pk,
        move="put",
        **place,
        **typed({first: "留", second: "走"}),
    )
    assert order(ranked_list) == [first, fourth.pk, third]
    assert opinions(ranked_list) == ["留", "", ""]
    assert said(response) == (
        "已将“测试企业4有限公司”放到第 2 名，换下“测试企业2有限公司”，其推荐意见不再保留。"
    )


@pytest.mark.parametrize(
    ("which", "place", "expected"),
    [
        (0, "3", [2, 1, 0]),
        (2, "1", [2, 1, 0]),
        (1, "2", [0, 1, 2]),
        (0, "99", [2, 1, 0]),
        (2, "x", [2, 1, 0]),
    ],
)
def test_a_seated_one_changes_places_with_the_holder(
    as_officer, ranked_list, three, which, place, expected
):
    pk = three[which]
    press(as_officer, ranked_list, "reorder", application=pk, move="put", **{f"place-{pk}": place})
    assert order(ranked_list) == [three[number] for number in expected]


def test_a_candidate_put_beyond_the_last_taken_seat_comes_next(
    as_officer, ranked_list, three, fourth
):
    press(as_officer, ranked_list, "reorder", order=three[:1], move="order")
    place = {f"place-{fourth.pk}": "3"}
    press(as_officer, ranked_list, "reorder", application=fourth.pk, move="put", **place)
    assert order(ranked_list) == [three[0], fourth.pk]


# The whole order at once


def test_a_script_posts_the_whole_order_and_hears_version_and_time(
    as_officer, ranked_list, three, fourth
):
    wanted = [fourth.pk, three[2]]
    response = press(as_officer, ranked_list, "reorder", asks=JSON, move="order", order=wanted)
    answer = response.json()
    assert order(ranked_list) == wanted
    ranked_list.refresh_from_db()
    assert answer["version"] == ranked_list.version
    assert re.fullmatch(r"\d\d:\d\d:\d\d", answer["saved_at"])
    assert said(response) == ""


@pytest.mark.parametrize("button", ["reorder", "opinions", "recommend"])
def test_a_script_is_told_why_it_was_refused(as_officer, ranked_list, three, fourth, button):
    four = {"move": "order", "order": [*three, fourth.pk], "application": fourth.pk, "version": "0"}
    response = press(as_officer, ranked_list, button, asks=JSON, **four)
    assert response.status_code == 409
    assert response.json()["message"]
    assert order(ranked_list) == three


def test_a_script_that_recommends_from_an_old_page_keeps_its_old_version(
    as_officer, ranked_list, three, fourth, officer
):
    old = RankedList.objects.get(pk=ranked_list.pk).version
    ranking.replace_order(ranked_list, three[:2], version=old, actor=officer)
    data = {"application": fourth.pk, "version": old}
    response = press(as_officer, ranked_list, "recommend", asks=JSON, **data)
    assert response.json()["version"] == old
    late = {"version": old, "move": "order", "order": three}
    assert press(as_officer, ranked_list, "reorder", asks=JSON, **late).status_code == 409


def test_an_order_that_came_too_late_stays_beside_the_fresh_one_to_be_posted_again(
    as_officer, ranked_list, three, officer
):
    first, second, third = three
    old = RankedList.objects.get(pk=ranked_list.pk).version
    ranking.replace_order(ranked_list, [third, first], version=old, actor=officer)
    response = press(
        as_officer,
        ranked_list,
        "reorder",
        version=old,
        order=three,
        application=second,
        move="up",
        **typed({second: "我的理由"}),
    )
    assert response.status_code == 409
    assert response.context["wanted"] == [
        (second, "测试企业2有限公司"),
        (first, "测试企业1有限公司"),
        (third, "测试企业3有限公司"),
    ]
    assert ranking.order_of(response.context["seats"]) == [third, first]
    [again] = re.findall(r"<form class=\"notice.*?</form>", body(response), re.DOTALL)
    fields = re.findall(r'name="([\w-]+)"\s+value="([^"]*)"', again)
    data = {name: [v for n, v in fields if n == name] for name, _ in fields}
    assert as_officer.post(reverse("review:reorder", args=["test"]), data).status_code == 302
    assert order(ranked_list) == [second, first, third]
    assert opinions(ranked_list) == ["我的理由", "", ""]


def test_an_order_refused_by_a_rule_is_not_offered_again(as_officer, ranked_list, three, fourth):
    four = [*three, fourth.pk]
    response = press(as_officer, ranked_list, "reorder", move="order", order=four)
    assert "最多推荐 3 个项目，提交了 4 个" in body(response)
    assert response.context["wanted"] == []


def test_a_strangers_name_is_not_told_by_posting_its_number(
    as_officer, round, ranked_list, three, other_officer
):
    enterprise = cast.make_enterprise(800, cast.DATONG, name="外市企业")
    foreign = cast.bring_to(Status.ACCEPTED, round, enterprise, other_officer)
    for data in (
        {"version": "1", "move": "order", "order": [foreign.pk]},
        {"version": "1", **typed({foreign.pk: "意见"})},
        {"move": "put", "application": foreign.pk},
    ):
        response = press(as_officer, ranked_list, "reorder", **data)
        assert response.status_code == 409
        assert "外市企业" not in body(response)


# Forms posted again, and ways around the forms


def test_forms_posted_again_put_nobody_on_a_fourth_place(as_officer, ranked_list, three, fourth):
    keep = {"version": RankedList.objects.get(pk=ranked_list.pk).version}
    free = press(as_officer, ranked_list, "reorder", move="order", order=three[:2])
    assert free.status_code == 302
    seat = {"application": fourth.pk}
    answers = [press(as_officer, ranked_list, "recommend", **seat) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [302, 409, 409]
    old = press(as_officer, ranked_list, "reorder", move="order", order=three, **keep)
    assert old.status_code == 409
    seat = {"application": three[2]}
    assert press(as_officer, ranked_list, "recommend", **seat).status_code == 409
    assert order(ranked_list) == [*three[:2], fourth.pk]


def test_the_back_office_has_no_page_for_seats_and_lists(province):
    assert not {Seat, RankedList} & set(admin.site._registry)


# Stepping aside (回避)


def test_who_stepped_aside_moves_nothing_that_concerns_them(
    as_officer, ranked_list, three, fourth, officer
):
    aside = Application.objects.get(pk=three[1])
    interests.declare([aside, fourth], has_conflict=True, note="亲属任职", actor=officer)
    seated = {"application": aside.pk}
    place = {f"place-{three[0]}": "2"}
    for button, data in (
        ("reorder", {**seated, "move": "up"}),
        ("reorder", {**seated, "move": "remove"}),
        ("reorder", {"application": three[0], "move": "remove"}),  # the second would become first
        ("reorder", {"application": three[0], "move": "put", **place}),
        ("opinions", typed({aside.pk: "好话"})),
    ):
        response = press(as_officer, ranked_list, button, **data)
        assert response.status_code == 409
        assert "您已声明对“测试企业2有限公司”回避" in body(response)
    assert order(ranked_list) == three
    move = {"application": three[2], "move": "remove"}
    assert press(as_officer, ranked_list, "reorder", **move).status_code == 302
    response = press(as_officer, ranked_list, "recommend", application=fourth.pk)
    assert response.status_code == 409
    assert order(ranked_list) == three[:2]


def test_who_stepped_aside_sees_neither_opinion_nor_buttons(
    as_officer, ranked_list, three, officer
):
    press(as_officer, ranked_list, "opinions", **typed({three[1]: "同事写的意见"}))
    aside = Application.objects.get(pk=three[1])
    interests.declare([aside], has_conflict=True, note="亲属任职", actor=officer)
    page = body(as_officer.get(reverse("review:board", args=["test"])))
    assert "您已声明回避" in page
    assert "同事写的意见" not in page
    assert f'name="opinion-{aside.pk}"' not in page
    assert f'name="order" value="{aside.pk}"' in " ".join(page.split())
    # Pressing a button for another leaves what a colleague wrote.
    move = {"application": three[2], "move": "remove"}
    press(as_officer, ranked_list, "reorder", **move)
    assert opinions(ranked_list) == ["", "同事写的意见", ""]


# Exempt places (不占名额)


@pytest.fixture
def rule(round) -> str:
    """The round says who may be recommended beside the quota."""
    round.exempt_rule = "上年度已通过预评审的项目不占名额。"
    round.save()
    return round.exempt_rule


def test_where_the_round_knows_no_exemption_the_board_offers_none(
    as_officer, ranked_list, three, fourth
):
    page = body(as_officer.get(reverse("review:board", args=["test"])))
    assert "不占名额" not in page
    reason = {f"reason-{fourth.pk}": "有理由"}
    response = press(as_officer, ranked_list, "exempt", application=fourth.pk, **reason)
    assert response.status_code == 409
    assert "本批次不允许不占名额的推荐" in body(response)
    assert exempt(ranked_list) == {}


def test_a_fourth_is_exempt_for_a_reason_and_its_place_shows_it(
    as_officer, ranked_list, three, fourth, rule
):
    assert rule in body(as_officer.get(reverse("review:board", args=["test"])))
    reason = {f"reason-{fourth.pk}": "上年度\r\n已通过。 "}
    response = press(as_officer, ranked_list, "exempt", application=fourth.pk, **reason)
    assert said(response) == "已将“测试企业4有限公司”列为不占名额推荐。"
    assert order(ranked_list) == three
    assert exempt(ranked_list) == {fourth.pk: "上年度\n已通过。"}
    page = as_officer.get(reverse("review:board", args=["test"]))
    assert page.context["taken"] == 3
    assert "上年度" in body(page)


def test_a_refused_exemption_keeps_the_reason_that_was_typed(
    as_officer, ranked_list, three, fourth, rule
):
    for data in ({f"reason-{fourth.pk}": " "}, {f"reason-{fourth.pk}": "长理由", "version": "1"}):
        response = press(as_officer, ranked_list, "exempt", application=fourth.pk, **data)
        assert response.status_code == 409
    assert "长理由</textarea>" in body(response)
    assert exempt(ranked_list) == {}


def test_an_exempt_one_is_moved_removed_and_put_on_a_seat(
    as_officer, round, ranked_list, three, fourth, rule, make_accepted
):
    [fifth] = make_accepted(1)
    for application in (fourth, fifth):
        reason = {f"reason-{application.pk}": f"理由{application.pk}"}
        press(as_officer, ranked_list, "exempt", application=application.pk, **reason)
    press(as_officer, ranked_list, "opinions", **typed({fifth.pk: "意见"}))
    press(as_officer, ranked_list, "reorder", application=fifth.pk, move="up")
    assert exempt(ranked_list) == {fifth.pk: f"理由{fifth.pk}", fourth.pk: f"理由{fourth.pk}"}
    press(as_officer, ranked_list, "reorder", application=three[0], move="down")
    assert list(exempt(ranked_list)) == [fifth.pk, fourth.pk]
    press(as_officer, ranked_list, "reorder", application=fourth.pk, move="remove")
    assert list(exempt(ranked_list)) == [fifth.pk]
    place = {f"place-{fifth.pk}": "1"}
    press(as_officer, ranked_list, "reorder", application=fifth.pk, move="put", **place)
    assert order(ranked_list) == [fifth.pk, three[0], three[2]]
    assert opinions(ranked_list) == ["意见", "", ""]
    assert exempt(ranked_list) == {}


def test_without_a_session_what_was_typed_comes_back_and_nothing_else(client, ranked_list, three):
    first = three[0]
    untyped = {f"seen-{first}": "原来的意见", f"place-{first}": 1, "a": three}
    response = press(client, ranked_list, "opinions", **typed({first: "写好的意见"}), **untyped)
    assert response.status_code == 403
    assert response.context["texts"] == ["写好的意见"]
