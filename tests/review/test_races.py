"""People acting at the same moment: on one bureau's list, one application, one credit code.

On SQLite writers queue, which hides races: `make test` runs these on PostgreSQL as well.
"""

import logging
from functools import partial
from itertools import permutations
from random import Random
from threading import Barrier, BrokenBarrierError

import pytest
from django.test import Client
from django.urls import reverse

from applications import commenting, saving, workflow
from applications.models import Application, Comment, Event, FactoryOverview, Revision
from applications.saving import Entry
from applications.sections import BY_SLUG, Filing, snapshot
from applications.states import Status
from portal.accounts.models import Enterprise, Role, User
from portal.catalogue import editions
from portal.catalogue.models import Bureau, ClosedEdition
from portal.errors import NotAllowed, PortalError
from portal.jobs.models import Job
from portal.jobs.registry import KINDS
from portal.jobs.tasks import run, start
from portal.rounds.models import Round
from review import publishing, ranking, summary, summary_versions
from review.models import ListEvent, RankedList, Seat, SummaryVersion
from review.tasks import SUMMARY
from tests import cast

pytestmark = pytest.mark.race

CROWD = 200
JSON = {"Accept": "application/json"}


@pytest.fixture
def catalogue(transactional_db):
    """Committed, so that every thread sees it."""
    cast.load_catalogue()


@pytest.fixture
def enterprise(catalogue) -> User:
    return cast.make_enterprise(700)


def seated(ranked_list):
    return ranking.order_of(ranking.seats_of(ranked_list))


def version(ranked_list):
    return RankedList.objects.get(pk=ranked_list.pk).version


def outcomes(results):
    """The sorted names of what came back: the error's class, or "done"."""
    return sorted(type(r).__name__ if isinstance(r, Exception) else "done" for r in results)


def winner(results):
    """The place of the one that was carried out."""
    return next(place for place, r in enumerate(results) if not isinstance(r, Exception))


def failures(results):
    """Exceptions that are no refusal by a rule."""
    return [r for r in results if isinstance(r, Exception) and not isinstance(r, PortalError)]


# The three seats


@pytest.fixture
def quiet(caplog):
    """Writing down thousands of refusals would cost more than refusing."""
    caplog.set_level(logging.ERROR, logger="django.request")


@pytest.fixture
def crowd(make_accepted) -> list[Application]:
    """Two hundred accepted applications: one really filed, the others copied from it."""
    [first] = make_accepted(1)
    parties = Enterprise.objects.bulk_create(
        Enterprise(name=f"同时推荐企业{n}", credit_code=cast.invented_code(n), bureau=first.bureau)
        for n in range(2000, 2000 + CROWD - 1)
    )
    # A draft first: a revision is of an application, an accepted application has a revision.
    copies = Application.objects.bulk_create(
        Application(
            enterprise=enterprise, round=first.round, version=first.version, bureau=first.bureau
        )
        for enterprise in parties
    )
    model = first.current_revision
    kept = {f.attname: getattr(model, f.attname) for f in Revision._meta.concrete_fields}
    for number, copy in enumerate(copies):
        copy.current_revision = Revision(
            **{**kept, "id": None, "application_id": copy.pk, "receipt": f"RACE{number:06}"}
        )
        copy.status = Status.ACCEPTED
    Revision.objects.bulk_create(copy.current_revision for copy in copies)
    Application.objects.bulk_update(copies, ["current_revision", "status"])
    return [first, *copies]


@pytest.fixture
def scramble(at_once, ranked_list, officer):
    """Everybody acts at the same moment, round after round, each beginning with an empty list.

    ``act(application, version)`` returns True for a seat, False for a refusal. In each round three
    are given a seat, and it is they who then sit.
    """

    def run(applications, act, times: int) -> None:
        granted, rounds, seen = set(), [], version(ranked_list)

        def begin() -> None:
            nonlocal seen
            if rounds or granted:
                rounds.append((set(granted), seated(ranked_list)))
                granted.clear()
                now = version(ranked_list)
                ranking.replace_order(ranked_list, [], version=now, actor=officer)
            seen = version(ranked_list)

        gate = Barrier(len(applications), action=begin)

        def visitor(application: Application) -> None:
            for _ in range(times):
                gate.wait()
                try:
                    if act(application, seen):
                        granted.add(application.pk)
                except Exception:
                    gate.abort()
                    raise
            gate.wait()

        results = at_once(*(partial(visitor, application) for application in applications))
        assert not [r for r in results if r and not isinstance(r, BrokenBarrierError)]
        assert [len(order) for _, order in rounds] == [3] * times
        assert [set(order) for _, order in rounds] == [granted for granted, _ in rounds]

    return run


def test_of_two_hundred_recommended_at_once_exactly_three_get_a_seat(
    crowd, scramble, ranked_list, officer
):
    def recommend(application, _version):
        try:
            ranking.recommend(ranked_list, application, actor=officer)
        except NotAllowed:
            return False
        return True

    # Few rounds: on SQLite two hundred in step mostly wait. The buttons below go on for twenty.
    scramble(crowd, recommend, times=5)


def test_of_two_hundred_buttons_pressed_at_once_three_are_granted_and_none_fails(
    crowd, scramble, ranked_list, officer, quiet
):
    url = reverse("review:recommend", args=[ranked_list.round.slug])
    desk = Client()
    desk.force_login(officer)
    clients = {application.pk: Client(headers=JSON) for application in crowd}
    for client in clients.values():
        client.cookies = desk.cookies

    def press(application, seen):
        client = clients[application.pk]
        status = client.post(url, {"application": application.pk, "version": seen}).status_code
        assert status in (200, 409)
        return status == 200

    scramble(crowd, press, times=20)


def test_twenty_clients_reordering_two_hundred_times_always_leave_one_of_their_orders(
    at_once, ranked_list, make_accepted, officer, quiet
):
    url = reverse("review:reorder", args=[ranked_list.round.slug])
    pks = [application.pk for application in make_accepted(3)]
    everything = {"move": "order", "order": pks, "version": version(ranked_list)}
    desk = Client(headers=JSON)
    desk.force_login(officer)
    first = desk.post(url, everything).json()["version"]
    granted: dict[int, list[int]] = {}
    on_seats = Seat.objects.filter(bureau=ranked_list.bureau).order_by()

    def rearrange(number: int) -> list[int]:
        client, orders = Client(headers=JSON), list(permutations(pks))
        client.cookies = desk.cookies
        random, statuses = Random(number), []
        for _ in range(200):
            order, seen = list(random.choice(orders)), version(ranked_list)
            response = client.post(url, {"move": "order", "order": order, "version": seen})
            statuses.append(response.status_code)
            if response.status_code == 200:
                granted[response.json()["version"]] = order
            assert sorted(on_seats.values_list("application", flat=True)) == pks
        return statuses

    results = at_once(*(partial(rearrange, number) for number in range(20)))
    assert {status for statuses in results for status in statuses} == {200, 409}
    # No version was given twice, none left out: each grant followed the one before.
    assert sorted(granted) == list(range(first + 1, version(ranked_list) + 1))
    assert len(granted) == sum(statuses.count(200) for statuses in results)
    assert seated(ranked_list) == granted[max(granted)]


def test_new_orders_on_one_version_at_once_leave_the_one_that_was_granted(
    at_once, ranked_list, make_accepted, officer
):
    one, two, three = (application.pk for application in make_accepted(3))
    orders = [[one, two, three], [three, two, one], [two, one], [three], [two, three, one], []]
    for _ in range(5):
        replace = partial(
            ranking.replace_order, ranked_list, version=version(ranked_list), actor=officer
        )
        results = at_once(*(partial(replace, order) for order in orders))
        assert outcomes(results) == ["StaleState"] * (len(orders) - 1) + ["done"]
        assert seated(ranked_list) == orders[winner(results)]


def test_recommending_races_declining_and_nobody_declined_is_seated(
    at_once, ranked_list, make_accepted, officer
):
    for application in make_accepted(6):
        other = cast.fresh(application)
        results = at_once(
            partial(ranking.recommend, ranked_list, application, actor=officer),
            partial(ranking.decide, ranked_list, other, "decline", actor=officer, comment="否"),
        )
        assert sum(isinstance(result, PortalError) for result in results) == 1
        assert not failures(results)
        is_declined = cast.fresh(application).status == Status.DECLINED
        assert is_declined is (application.pk not in seated(ranked_list))
        if not is_declined:
            ranking.replace_order(ranked_list, [], version=version(ranked_list), actor=officer)


def test_of_contrary_decisions_at_once_one_counts(at_once, round, ranked_list, officer):
    for number in range(4):
        enterprise = cast.make_enterprise(number)
        pk = cast.file_application(round, enterprise).pk
        acts = {
            verb: partial(
                ranking.decide,
                ranked_list,
                cast.fresh(Application(pk=pk)),
                verb,
                actor=officer,
                comment="意见",
            )
            for verb in ("accept", "decline", "return_for_changes")
        }
        acts["withdraw"] = partial(
            workflow.withdraw, cast.fresh(Application(pk=pk)), actor=enterprise
        )
        results = at_once(*acts.values())
        assert outcomes(results) == ["StaleState"] * 3 + ["done"]
        verbs = Event.objects.filter(application=pk).values_list("verb", flat=True)
        assert list(verbs) == [list(acts)[winner(results)], "submit", "start"]


def comment_with_answer(round, owner, officer) -> Comment:
    """One that a return sent, of an application that is submitted again."""
    application = cast.file_application(round, owner)
    place, revision = ("factory", "", "", "project_name"), application.current_revision_id
    commenting.add(application, place, "wrong", "请核对。", revision=revision, actor=officer)
    returned = cast.decide(application, "return_for_changes", officer)
    comment = Comment.objects.get(application=application)
    commenting.answer(comment, "explained", "无误。", seen=None, actor=owner)
    workflow.submit(returned, cast.declarations(round), actor=owner)
    return comment


def as_read(comment: Comment, officer: User) -> tuple[Comment, dict]:
    """The comment on a page of its own, and what that page posts."""
    [own] = Comment.objects.filter(pk=comment.pk).select_related("application__round")
    return own, {"revision": own.application.current_revision_id, "actor": officer}


def test_of_two_officers_one_decides_on_an_answer(at_once, round, officer):
    for number in range(4):
        comment = comment_with_answer(round, cast.make_enterprise(number), officer)
        acts = []
        for _ in range(3):
            own, posted = as_read(comment, officer)
            acts.append(partial(commenting.close, own, **posted))
            again = partial(commenting.reopen, own, "wrong", "仍未改。", **posted)
            acts.append(again)
        assert outcomes(at_once(*acts)) == ["StaleState"] * 5 + ["done"]
        comment = Comment.objects.get(pk=comment.pk)
        assert bool(comment.closed_at) is (comment.put_again is None)


def test_nothing_is_accepted_over_a_comment_that_is_taken_up_again(
    at_once, round, ranked_list, officer
):
    for number in range(4):
        comment = comment_with_answer(round, cast.make_enterprise(number), officer)
        own, posted = as_read(comment, officer)
        commenting.close(own, **posted)
        accept = partial(ranking.decide, ranked_list, cast.fresh(own.application), "accept")
        results = at_once(
            partial(accept, actor=officer), partial(commenting.undo_close, own, **posted)
        )
        assert not failures(results)
        assert sum(isinstance(result, PortalError) for result in results) == 1
        is_accepted = cast.fresh(comment.application).status == Status.ACCEPTED
        assert is_accepted is bool(Comment.objects.get(pk=comment.pk).closed_at)


# The list


def test_a_list_sent_twice_at_once_is_sent_once(at_once, ranked_list, make_accepted, officer):
    for application in make_accepted(3):
        ranking.recommend(ranked_list, application, actor=officer)
    send = partial(
        ranking.send, ranked_list, version=version(ranked_list), signatory="签", actor=officer
    )
    results = at_once(*[send] * 6)
    assert outcomes(results) == ["StaleState"] * 5 + ["done"]
    assert ListEvent.objects.count() == 1
    assert Event.objects.filter(verb="recommend").count() == 3


def test_what_is_sent_is_what_was_seen_while_others_rearrange(
    at_once, round, ranked_list, make_accepted, officer, province
):
    one, two, three = make_accepted(3)
    submitted = cast.file_application(round, cast.make_enterprise(900))
    for _ in range(4):
        ranking.replace_order(
            ranked_list, [one.pk, two.pk], version=version(ranked_list), actor=officer
        )
        seen = {"version": version(ranked_list), "actor": officer}
        results = at_once(
            partial(ranking.send, ranked_list, signatory="签", **seen),
            partial(ranking.replace_order, ranked_list, [three.pk], **seen),
            partial(ranking.recommend, ranked_list, three, actor=officer),
            partial(ranking.decide, ranked_list, cast.fresh(submitted), "accept", actor=officer),
        )
        assert not failures(results)
        recommended = Application.objects.filter(status=Status.RECOMMENDED)
        found = RankedList.objects.get(pk=ranked_list.pk)
        if found.is_open:
            assert not recommended.exists()
            continue
        assert seated(ranked_list) == [one.pk, two.pk]
        assert set(recommended) == {one, two}
        receipts = [application.current_revision.receipt for application in (one, two)]
        assert found.events.first().receipts == receipts
        cast.send_back(ranked_list, province, "再来")


def test_receiving_races_sending_back_and_one_counts(
    at_once, ranked_list, make_accepted, officer, province
):
    [application] = make_accepted(1)
    ranking.recommend(ranked_list, application, actor=officer)
    for _ in range(4):
        seen = {"version": cast.send(application, officer).version, "actor": province}
        results = at_once(
            partial(ranking.receive, ranked_list, **seen),
            partial(ranking.send_back, ranked_list, reason="退", **seen),
        )
        assert outcomes(results) == ["StaleState", "done"]
        was_received = winner(results) == 0
        status = Status.RECOMMENDED if was_received else Status.ACCEPTED
        assert cast.fresh(application).status == status
        if was_received:
            break


def test_taking_a_list_back_races_receiving_and_sending_back_and_one_counts(
    at_once, ranked_list, make_accepted, officer, province
):
    seated_one, left_over = make_accepted(2)
    ranking.recommend(ranked_list, seated_one, actor=officer)
    for _ in range(4):
        seen = {"version": cast.send(seated_one, officer).version}
        results = at_once(
            partial(ranking.recall, ranked_list, reason="改", actor=officer, **seen),
            partial(ranking.receive, ranked_list, actor=province, **seen),
            partial(ranking.send_back, ranked_list, reason="退", actor=province, **seen),
        )
        assert outcomes(results) == ["StaleState", "StaleState", "done"]
        was_received = winner(results) == 1
        expected = ("recommended", "unlisted") if was_received else ("accepted", "accepted")
        assert (cast.fresh(seated_one).status, cast.fresh(left_over).status) == expected
        if was_received:
            break


def test_a_round_published_twice_at_once_has_its_seats_once(at_once, province):
    pk = cast.make_round(province, published=False).pk
    results = at_once(
        *(partial(publishing.publish, Round.objects.get(pk=pk), actor=province) for _ in range(4))
    )
    assert outcomes(results) == ["StaleState"] * 3 + ["done"]
    assert Seat.objects.count() == 36


def test_an_edition_is_built_on_or_deleted_and_never_both(at_once, province):
    part = ClosedEdition.Part.INDICATORS
    for number in range(5):
        year = 2040 + number
        editions.copy(part, 2024, year, actor=province)
        round = cast.make_round(province, slug=f"r{number}", published=False)
        round.versions.update(indicator_edition=year)
        round = Round.objects.get(pk=round.pk)
        at_once(
            partial(publishing.publish, round, actor=province),
            partial(editions.delete, part, year, actor=province),
        )
        is_there = year in editions.years(part)
        assert is_there == Round.objects.get(pk=round.pk).is_published
        assert is_there == bool(ClosedEdition.refusal(part, year))


def test_a_bureau_that_joined_is_seated_once_by_two_at_once(at_once, round, province):
    Bureau.objects.create(code="149900", name="新设", short_name="新设", kind="市", order=99)
    results = at_once(*[partial(publishing.seat_bureaus, round, actor=province)] * 4)
    assert results == [None] * 4
    assert Seat.objects.filter(round=round, bureau__code="149900").count() == 3


# The application


@pytest.fixture
def completed(round, enterprise) -> Application:
    """A draft in which nothing is missing."""
    application = workflow.start(round, actor=enterprise)
    cast.complete(application, enterprise)
    return application


def submitting(application, enterprise) -> partial:
    agreed = cast.declarations(application.round)
    return partial(workflow.submit, cast.fresh(application), agreed, actor=enterprise)


def test_an_application_submitted_twice_at_once_has_one_revision(at_once, completed, enterprise):
    results = at_once(*(submitting(completed, enterprise) for _ in range(6)))
    assert outcomes(results) == ["StaleState"] * 5 + ["done"]
    assert Revision.objects.count() == 1
    assert completed.events.filter(verb="submit").count() == 1


def test_a_revision_holds_what_is_stored_whatever_is_saved_meanwhile(
    at_once, completed, enterprise
):
    integrators = BY_SLUG["factory"].groups[0]

    def save_texts(slug, field):
        for number in range(10):
            cast.save(completed, slug, {field: f"改动{number}"}, enterprise)

    def save_rows():
        for number in range(10):
            cast.save_row(completed, integrators, "a1", {"name": f"改动{number}"}, enterprise)

    for _ in range(4):
        revision, *saves = at_once(
            submitting(completed, enterprise),
            partial(save_texts, "scenarios", "overall"),
            partial(save_texts, "results", "effect"),
            save_rows,
        )
        assert isinstance(revision, Revision)
        assert not failures(saves)
        stored = Filing.of(Application.objects.with_sections().get(pk=completed.pk))
        assert snapshot(stored).items() <= revision.data.items()
        assert revision.is_intact
        workflow.withdraw(cast.fresh(completed), actor=enterprise)


def test_what_is_submitted_is_what_was_seen_even_while_a_colleague_saves(
    at_once, completed, enterprise
):
    for number in range(8):
        application = cast.fresh(completed)
        submit = partial(
            workflow.submit,
            application,
            cast.declarations(application.round),
            actor=enterprise,
            seen=application.touched_at,
        )
        save = partial(cast.save, completed, "results", {"effect": f"改动{number}"}, enterprise)
        assert outcomes(at_once(submit, save)) == ["StaleState", "done"]
        if cast.fresh(completed).status == Status.SUBMITTED:
            workflow.withdraw(cast.fresh(completed), actor=enterprise)


def test_of_two_saves_of_one_field_at_once_one_is_shown_the_other(at_once, round, enterprise):
    application = workflow.start(round, actor=enterprise)
    section = BY_SLUG["scenarios"]
    for number in range(5):
        page = section.model.objects.get(application=application)
        texts = [f"甲{number}", f"乙{number}"]
        entries = [Entry.over(section, page, overall=text) for text in texts]
        results = at_once(
            *(partial(saving.save, application, [e], actor=enterprise) for e in entries)
        )
        clashes = [clash for outcome in results for clash in outcome.clashes]
        stored = section.model.objects.get(application=application)
        [clash] = clashes
        assert {stored.overall, clash.typed.overall} == set(texts)
        assert clash.stored.overall == stored.overall


def test_two_people_typing_into_different_fields_at_once_lose_nothing(at_once, round, enterprise):
    application = workflow.start(round, actor=enterprise)
    names = ["introduction", "results", "project_name", "total_investment"]
    for number in range(5):
        page = FactoryOverview.objects.get(application=application)
        acts = [
            partial(
                saving.save_fields,
                application.pk,
                BY_SLUG["factory"],
                None,
                "",
                {name: f"{number}"},
                {name: page.fingerprint(name)},
                actor=enterprise,
            )
            for name in names
        ]
        assert [outcome.clashes for outcome in at_once(*acts)] == [[]] * len(names)
        stored = FactoryOverview.objects.get(application=application)
        assert [str(stored.serializable_value(name)) for name in names] == [
            f"{number}",
            f"{number}",
            f"{number}",
            f"{number}.00",
        ]


def test_an_application_started_twice_at_once_is_one(at_once, round, enterprise):
    results = at_once(*[partial(workflow.start, round, actor=enterprise)] * 6)
    assert outcomes(results) == ["done"] * 6
    assert len({application.pk for application in results}) == 1
    assert Event.objects.filter(verb="start").count() == 1


# Accounts and jobs


def test_one_credit_code_registered_at_once_makes_one_enterprise(at_once, catalogue):
    form = {
        "name": "同时注册有限公司",
        "credit_code": cast.invented_code(1),
        "bureau": Bureau.objects.get(code=cast.TAIYUAN).pk,
        "contact": "王某",
        "mobile": "19900000000",
        "password": cast.PASSWORD,
        "password_again": cast.PASSWORD,
    }
    url = reverse("accounts:register")
    responses = at_once(*(partial(Client().post, url, form) for _ in range(6)))
    assert sorted(response.status_code for response in responses) == [200] * 5 + [302]
    for response in responses:
        if response.status_code == 200:
            assert "该统一社会信用代码已注册" in response.content.decode()
    assert Enterprise.objects.count() == User.objects.count() == 1


def test_a_job_given_to_several_workers_is_done_once(at_once, catalogue, monkeypatch):
    done = []
    monkeypatch.setitem(KINDS, "test", done.append)
    owner = cast.make_user("owner", Role.PROVINCE)
    job = Job.objects.create(owner=owner, kind="test", title="测试任务")
    assert at_once(*[partial(run, job.pk)] * 6) == [None] * 6
    assert len(done) == 1


def test_exports_at_once_share_the_version_of_one_content_and_number_two(at_once, round, province):
    colleague = cast.make_user("colleague", Role.PROVINCE)
    whole = summary.build(round)
    contents = [whole, whole, summary.build(round, Bureau.objects.first())]

    def keep(result, owner):
        job = start(owner=owner, kind=SUMMARY, title="推荐汇总表")
        return summary_versions.keep(result, round, None, job=job)

    owners = (province, colleague, province)
    pairs = zip(contents, owners, strict=True)
    kept = at_once(*(lambda pair=pair: keep(*pair) for pair in pairs))
    assert [version.sha256 for version in kept] == [each.document.revision for each in contents]
    assert sorted(SummaryVersion.objects.values_list("number", flat=True)) == [1, 2]
    assert kept[0].jobs.count() == 2
