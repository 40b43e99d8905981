"""How often a page asks the database: no more for a long list than for a short one, never much.

Counted is every statement but BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE, which carry no
question; the session and the catalogue come from the cache, as on every page but a visitor's first.
"""

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from applications import attachments, commenting, workflow
from applications.editing import SEEN
from applications.sections import BY_SLUG, GROUPS
from applications.states import Status
from portal.accounts.models import Role
from portal.catalogue.models import Bureau
from portal.jobs.models import Job
from portal.jobs.tasks import start
from portal.messaging.models import Message
from portal.messaging.sending import send
from portal.rounds.models import Deadline, Extension, Material, Quota, Round, RoundVersion
from review import announcing, extensions, ranking
from review.models import Announcement, Seat, SummaryVersion
from tests import cast
from tests.files import as_upload, pdf

SAVING = 6
PAGE = 12
SECTION = 8
BUTTON = 11  # two of them for the audit trail; it is chained after the commit, unseen by tests
DECIDING = 15
PUBLISHING = 24  # once a year: what is missing, editions closed, seats, two records
TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@pytest.fixture
def province(catalogue, db):
    return cast.make_province()


@pytest.fixture
def officer(catalogue, db):
    return cast.make_officer()


@pytest.fixture
def round(province):
    return cast.make_round(province, seats_per_bureau=9)


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1)


@pytest.fixture
def queries(client):
    """What a request asks the database, once caches are warm; the response with it."""

    def count(user, url, data=None, **more):
        client.force_login(user)
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            response = client.get(url) if data is None else client.post(url, data, **more)
        statements = [query["sql"] for query in captured.captured_queries]
        return response, [sql for sql in statements if not sql.startswith(TRANSACTIONS)]

    return count


# Saving


def posted(client, url) -> dict[str, str]:
    """What the browser would send back from a page as it stands."""
    context = client.get(url).context
    forms = [context["form"]] if "form" in context else []
    data = {SEEN: context["seen"]}
    if page := context.get("page"):
        forms = [page.form]
        for group, rows in page.row_forms.items():
            data[group.slug] = [row.row.key for row in rows]
            forms += [row.form for row in rows]
    for form in forms:
        for name in form.fields:
            value = form[name].value()
            data[form[name].html_name] = "" if value is None else value
    return data


def changed(data: dict[str, str], client_data_suffixes: dict[str, str]) -> dict[str, str]:
    """The same with every field of these names saying something else."""
    return {
        name: client_data_suffixes.get(name.rpartition("-")[2], value)
        for name, value in data.items()
    }


# For each section what is changed on its page, and in how many of its tables.
CHANGES = {
    "basic": ({"contact_name": "新联系人", "revenue": "777", "explanation": "新说明"}, 2),
    "factory": ({"introduction": "新简介", "name": "新集成商", "work": "新内容"}, 1),
    "scenarios": ({"overall": "新总体"}, 0),
    "results": ({"effect": "新成效", "value": "33", "note": "新口径"}, 1),
}


@pytest.fixture
def draft(round, owner):
    application = workflow.start(round, actor=owner)
    cast.complete(application, owner)
    return application


@pytest.mark.parametrize("slug", CHANGES)
def test_saving_a_page_takes_four_queries_and_two_for_each_table_changed(
    queries, client, draft, owner, slug
):
    url = reverse("applications:section", args=[draft.pk, slug])
    client.force_login(owner)
    changes, tables = CHANGES[slug]
    response, asked = queries(owner, url, changed(posted(client, url), changes))
    assert response.status_code == 302
    page = client.get(url).content.decode()
    assert [text for text in changes.values() if text not in page] == []
    assert len(asked) <= 4 + 2 * tables, asked


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"section": "factory"}, "introduction"),
        ({"section": "basic"}, "registered_division"),
        ({"section": "basic", "group": "finance_years", "key": "2024"}, "revenue"),
        ({"section": "scenarios", "group": "instances", "key": "k2"}, "segment"),
        ({"section": "factory", "group": "integrators", "key": "new1", "new": True}, "name"),
    ],
)
def test_saving_one_field_takes_four_queries(queries, draft, owner, place, field):
    assert not draft.version.deviations  # read once a minute, like the catalogue
    url = reverse("applications:save", args=[draft.pk])
    message = {**place, "changes": {field: {"value": "不合适的值", "seen": "不同"}}}
    for seen in (None, "conflict"):  # stored, or answered with what somebody else has stored
        message["changes"][field]["seen"] = seen and "00000000"
        response, asked = queries(owner, url, message, content_type="application/json")
        assert response.status_code == 200
        assert len(asked) <= 4, asked


@pytest.mark.parametrize("rows", [1, 40])
def test_saving_many_added_rows_takes_no_more(queries, client, draft, owner, rows):
    url = reverse("applications:section", args=[draft.pk, "factory"])
    client.force_login(owner)
    data = posted(client, url)
    data["integrators"] = [f"n{number}" for number in range(rows)]
    for key in data["integrators"]:
        data |= {f"integrators-{key}-name": "集成商", f"integrators-{key}-work": "内容"}
    response, asked = queries(owner, url, data)
    assert response.status_code == 302
    assert draft.integrators.count() == rows + 1
    assert len(asked) <= SAVING, asked


def test_saving_a_scenario_instance_takes_six_queries(queries, client, draft, owner):
    url = reverse("applications:instance", args=[draft.pk, "k2"])
    client.force_login(owner)
    data = posted(client, url) | {"name": "新实例"}
    response, asked = queries(owner, url, data)
    assert response.status_code == 302
    assert draft.instances.get(key="k2").name == "新实例"
    assert len(asked) <= SAVING, asked


def test_adding_a_scenario_instance_takes_few_queries(queries, client, draft, owner):
    url = reverse("applications:instance_new", args=[draft.pk])
    client.force_login(owner)
    data = posted(client, url) | {"name": "又一实例", "key": "another1"}
    response, asked = queries(owner, url, data)
    assert response.status_code == 302
    assert draft.instances.filter(name="又一实例").exists()
    assert len(asked) <= SAVING + 2, asked


# Lists, at one length and at three times that length


def more_drafts(round, count):
    """Applications that were only just started."""
    for _ in range(count):
        workflow.start(round, actor=cast.make_enterprise(1000 + round.applications.count()))


def more_accepted(round, officer, count):
    accepted = []
    for _ in range(count):
        enterprise = cast.make_enterprise(1000 + round.applications.count())
        accepted.append(cast.bring_to(Status.ACCEPTED, round, enterprise, officer))
    return accepted


def more_recommended(round, officer, count):
    for application in more_accepted(round, officer, count):
        ranking.recommend(cast.list_of(application), application, actor=officer)


def more_turns_of_the_list(round, officer, province, count):
    """Sent and sent back: events on the list and its members."""
    found = round.ranked_lists.get(bureau=officer.bureau)
    for _ in range(count):
        found.refresh_from_db()
        signed = {"version": found.version, "signatory": "签", "statement": "无"}
        ranking.send(found, **signed, regrets=cast.regrets(found), actor=officer)
        cast.send_back(found, province, "退")


def more_rounds(province, owner, officer, count):
    """Of three, one with an application, one open to apply in, one not yet published."""
    for _ in range(count):
        number = Round.objects.count()
        round = cast.make_round(province, slug=f"r{number}", published=number % 3 > 0)
        Quota.objects.create(round=round, bureau=officer.bureau, seats=2)
        if number % 3 == 1:
            workflow.start(round, actor=owner)


def same_for_more(queries, user, url, grow):
    """Grow by n, count, grow by 2n, count: the same, and not too many."""
    grow(3)
    _, short = queries(user, url)
    grow(6)
    response, long = queries(user, url)
    assert response.status_code == 200
    assert len(long) == len(short), long
    assert len(long) <= PAGE, long
    return response


def test_the_enterprises_list(queries, owner, province, officer):
    url = reverse("applications:index")
    same_for_more(queries, owner, url, lambda n: more_rounds(province, owner, officer, n))


def test_the_task_list(queries, owner, round, draft):
    segment = draft.version.segments[0]

    def grow(count):
        for number in range(count):
            cast.add_instance(draft, owner, segment=segment, name=f"又一{number}")

    same_for_more(queries, owner, reverse("applications:detail", args=[draft.pk]), grow)


@pytest.mark.parametrize("page", ["inbox", "applications"])
def test_the_lists_of_applications(queries, round, officer, province, page):
    user = {"inbox": officer, "applications": province}[page]

    def grow(count):
        more_accepted(round, officer, count // 3)
        more_drafts(round, count)

    same_for_more(queries, user, reverse(f"review:{page}"), grow)


@pytest.mark.parametrize("page", ["inbox", "applications"])
def test_the_chooser_of_rounds(queries, owner, officer, province, page):
    user = {"inbox": officer, "applications": province}[page]
    same_for_more(
        queries,
        user,
        reverse(f"review:{page}"),
        lambda n: more_rounds(province, owner, officer, n),
    )


def test_the_board_with_its_candidates_seats_and_events(queries, round, officer, province):
    def grow(count):
        more_recommended(round, officer, count // 3)
        more_accepted(round, officer, count // 3)
        more_turns_of_the_list(round, officer, province, count)

    same_for_more(queries, officer, reverse("review:board", args=[round.slug]), grow)


def test_the_page_for_sending(queries, round, officer):
    same_for_more(
        queries,
        officer,
        reverse("review:send", args=[round.slug]),
        lambda n: more_recommended(round, officer, n),
    )


def test_the_reader(queries, round, officer, owner):
    application = cast.file_application(round, owner)

    def grow(count):
        for _ in range(count):
            cast.decide(application, "return_for_changes", officer, "请补充。")
            workflow.submit(cast.fresh(application), cast.declarations(round), actor=owner)

    same_for_more(queries, officer, reverse("review:reader", args=[application.pk]), grow)


@pytest.mark.parametrize("page", ["cockpit", "forecast", "summary", "ledger"])
def test_the_pages_over_a_whole_round(queries, round, officer, province, page):
    others = iter(Bureau.objects.exclude(pk=officer.bureau_id))

    def grow(count):
        more_drafts(round, count)
        for bureau in [next(others) for _ in range(count // 3)]:
            colleague = cast.make_officer(bureau.code)
            for number in range(count):
                code = int(bureau.code) % 10000 * 10 + number
                enterprise = cast.make_enterprise(code, bureau.code)
                member = cast.bring_to(Status.ACCEPTED, round, enterprise, colleague)
                ranking.recommend(cast.list_of(member), member, actor=colleague)
            cast.send(member, colleague)

    same_for_more(queries, province, reverse(f"review:{page}"), grow)


def test_the_versions_of_the_summary(queries, round, province):
    def grow(count):
        job = start(owner=province, kind="test", title="任务", format="pdf")
        job.keep(BytesIO(b"x"), "a.pdf")
        Job.objects.update(status=Job.Status.DONE)
        for _ in range(count):
            number = SummaryVersion.objects.count() + 1
            unit = {"bureau": cast.TAIYUAN, "rows": [["1"]]}
            version = SummaryVersion.objects.create(
                round=round, number=number, rows=[unit], sha256="0" * 64, made_by=province
            )
            version.jobs.add(job)

    same_for_more(queries, province, reverse("review:summary_versions"), grow)


def test_one_list(queries, round, officer, province):
    found = round.ranked_lists.get(bureau=officer.bureau)

    def grow(count):
        found.refresh_from_db()
        if not found.is_open:
            cast.send_back(found, province, "退")
        more_recommended(round, officer, count)
        more_turns_of_the_list(round, officer, province, count)
        found.refresh_from_db()
        ranking.send(found, version=found.version, signatory="签", actor=officer)

    same_for_more(queries, province, reverse("review:ranked_list", args=[found.pk]), grow)
    assert Seat.objects.filter(application__isnull=False).count() == 9


def test_the_rounds(queries, owner, officer, province):
    same_for_more(
        queries,
        province,
        reverse("review:rounds"),
        lambda n: more_rounds(province, owner, officer, n),
    )


def more_announcements(round, province, count):
    """Published ones, and for each time an objection to all there are."""
    for _ in range(count):
        Announcement.objects.create(
            round=round,
            **announcing.suggested(round) | {"opens_on": timezone.localdate()},
            rows=[{"application": 0, "bureau": "局", "enterprise": "企业", "project": "项目"}],
            created_by=province,
            published_at=timezone.now(),
        )
        for announcement in Announcement.objects.all():
            number = announcement.objections.count()
            announcement.objections.create(number=f"{announcement.pk}-{number}")


@pytest.mark.parametrize("page", ["review:announcements", "announcements", "review:announcement"])
def test_the_announcements(queries, round, province, page):
    more_announcements(round, province, 1)
    args = [Announcement.objects.get().pk] if page == "review:announcement" else []
    same_for_more(
        queries,
        province,
        reverse(page, args=args),
        lambda n: more_announcements(round, province, n),
    )


def more_jobs(owner, count):
    for _ in range(count):
        start(owner=owner, kind="test", title="任务")


def test_the_extensions(queries, round, province):
    second = cast.make_user("province2", Role.PROVINCE)

    def put_off(count: int) -> None:
        for _ in range(count):
            number = Extension.objects.count()
            asked = extensions.ask(
                round,
                Deadline.ENTERPRISE,
                round.bureau_deadline + timedelta(days=1),
                "故障。",
                enterprise=cast.make_enterprise(500 + number).enterprise,
                actor=province,
            )
            if number % 2:
                extensions.confirm(asked, actor=second)

    page = f"{reverse('review:extensions')}?round={round.slug}"
    same_for_more(queries, second, page, put_off)


def test_the_messages(queries, owner):
    def grow(count):
        for _ in range(count):
            said = {"kind": Message.Kind.NOTICE, "title": "通知", "sender": "省厅", "url": "/"}
            send([owner], **said, key=str(Message.objects.count()))

    same_for_more(queries, owner, reverse("messaging:index"), grow)


def test_the_jobs(queries, province):
    same_for_more(queries, province, reverse("jobs:index"), lambda n: more_jobs(province, n))


# Pages of twenty


@pytest.mark.parametrize("page", ["inbox", "applications"])
def test_a_list_of_applications_comes_in_pages_of_twenty(client, round, officer, province, page):
    more_drafts(round, 45)
    client.force_login({"inbox": officer, "applications": province}[page])
    url = reverse(f"review:{page}")
    seen = [client.get(url, {"page": number}).context["page"].object_list for number in (1, 2, 3)]
    assert [len(rows) for rows in seen] == [20, 20, 5]
    assert len({application.pk for rows in seen for application in rows}) == 45


def test_jobs_come_in_pages_of_twenty(client, province):
    more_jobs(province, 25)
    client.force_login(province)
    seen = [client.get(reverse("jobs:index"), {"page": n}).context["page"] for n in (1, 2)]
    assert [len(rows) for rows in seen] == [20, 5]


# Every page


@pytest.fixture
def returned(province, round, owner, officer):
    """Submitted twice and returned, with a comment and a file on whatever can have one."""
    RoundVersion.objects.filter(round=round).update(confirmation_text="本人确认内容真实。")
    application = workflow.start(round, actor=owner)
    for order, scope in enumerate(Material.Scope.values, 1):
        material = Material.objects.create(
            version=round.version, order=order, name=scope, scope=scope
        )
        for key in list(attachments.rows_of(application, scope))[:2]:
            upload = as_upload(pdf(1), "材料.pdf")
            attachments.take(application, material, upload, actor=owner, key=key)
    cast.complete(application, owner)
    for _ in range(2):
        submit_for_comments(application, owner, officer)
        application = cast.decide(application, "return_for_changes", officer)
    return application


def submit_for_comments(application, owner, officer):
    """Answer what was asked, confirm, submit, and have something asked of every kind of place."""
    application = cast.fresh(application)
    for comment in application.comments.filter(answer=""):
        commenting.answer(comment, "changed", seen=None, actor=owner)
    workflow.confirm(application, "王䶮", actor=owner)
    workflow.submit(application, cast.declarations(application.round), actor=owner)
    cast.no_interest(application, officer)
    for place in COMMENTED:
        revision = application.current_revision_id
        commenting.add(application, place, "wrong", "请改。", revision=revision, actor=officer)


COMMENTED = (
    ("basic", "", "", "legal_representative"),
    ("basic", "finance_years", "2024", "revenue"),
    ("factory", "integrators", "a1", ""),
    ("scenarios", "instances", "k1", "content"),
    ("scenarios", "instances", "k2", ""),
    ("results", "indicator_values", "1", "value"),
)


def test_no_page_of_a_returned_application_asks_more_than_twelve_times(
    queries, province, officer, owner, returned
):
    pk = returned.pk
    later = cast.make_round(
        province, slug="later", title="以后的批次", confirmation_text="本人确认。"
    )
    draft = workflow.start(later, actor=owner)
    sections = [
        *(("applications:section", pk, slug) for slug in BY_SLUG),
        ("applications:instance", pk, "k1"),
        ("applications:instance_new", pk),
    ]
    pages = [
        *(("applications:paste", pk, group) for group in GROUPS),
        *(("applications:template", pk, group) for group in GROUPS),
        ("applications:answer", pk, returned.comments.order_by("-pk")[0].pk),
        ("applications:attachments", pk),
        ("applications:carry_over", draft.pk),
        ("applications:compare", pk, 2),
        ("applications:confirm", pk),
        ("applications:detail", pk),
        ("applications:detail", draft.pk),
        ("applications:read", pk),
        ("applications:reentry", pk),
        ("applications:revision", pk, 1),
        ("applications:revision_receipt", pk, 2),
        ("applications:revisions", pk),
        ("applications:submit", pk),
        ("accounts:team",),
    ]
    asked = {page: len(asks) for page, asks in every(queries, owner, [*sections, *pages])}
    assert {page: n for page, n in asked.items() if n > PAGE} == {}
    assert {page: asked[page] for page in sections if asked[page] > SECTION} == {}


def test_no_page_with_comments_asks_more_than_twelve_times(queries, officer, owner, returned):
    submit_for_comments(returned, owner, officer)
    pages = [
        ("review:reader", returned.pk),
        ("review:revision", returned.pk, 2),
        ("review:comment_add", returned.pk, "basic"),
        ("review:comment_change", returned.pk, returned.comments.order_by("-pk")[0].pk),
        ("review:comment_reopen", returned.pk, returned.comments.undecided()[0].pk),
    ]
    asked = {page: len(asks) for page, asks in every(queries, officer, pages)}
    assert {page: n for page, n in asked.items() if n > PAGE} == {}


def every(queries, user, addresses):
    """Each address that opens for ``user``, with what it asks."""
    for name, *arguments in addresses:
        response, asked = queries(user, reverse(name, args=arguments))
        assert response.status_code == 200, (name, arguments)
        yield (name, *arguments), asked


def test_no_page_asks_more_than_twelve_times(queries, round, officer, owner, province):
    application = cast.file_application(round, owner)
    other = workflow.start(round, actor=cast.make_enterprise(2))
    cast.complete(other, other.enterprise.user_set.get())
    more_recommended(round, officer, 3)
    job = start(owner=officer, kind="test", title="任务")
    Job.objects.update(touched_at=timezone.now() - timedelta(days=1))
    found = round.ranked_lists.get(bureau=officer.bureau)
    cast.make_round(province, slug="prepared", published=False)
    drafts = [
        *(("applications:section", other.pk, slug) for slug in BY_SLUG),
        ("applications:detail", other.pk),
        ("applications:submit", other.pk),
        ("applications:instance", other.pk, "k1"),
        ("applications:instance_new", other.pk),
    ]
    own = [
        ("applications:index",),
        *(("applications:section", application.pk, slug) for slug in BY_SLUG),
        ("applications:detail", application.pk),
        ("applications:receipt", application.pk),
        ("applications:revision", application.pk, 1),
    ]
    reading = [("review:reader", application.pk), ("review:revision", application.pk, 1)]
    common = [("home",), ("accounts:password",), ("jobs:index",)]
    pages = {
        other.enterprise.user_set.get(): drafts,
        owner: [*common, *own],
        officer: [
            *common,
            *reading,
            ("jobs:detail", job.pk),
            ("jobs:state", job.pk),
            ("review:inbox",),
            ("review:board", round.slug),
            ("review:send", round.slug),
        ],
        province: [
            *common,
            *reading,
            ("review:cockpit",),
            ("review:remind", round.slug),
            ("review:applications",),
            ("review:summary",),
            ("review:summary_versions",),
            ("review:ledger",),
            ("review:archive",),
            ("review:clients",),
            ("review:audit",),
            ("review:ranked_list", found.pk),
            ("review:rounds",),
            ("review:round", round.slug),
            ("review:round_edit", round.slug),
            ("review:round_rules", "prepared"),
            ("review:round_field_rules", "prepared"),
            ("review:round_differences", "prepared"),
            ("review:trial", "prepared"),
            ("review:editions",),
            ("review:transfer", application.pk),
            ("accounts:officers",),
        ],
    }
    counts = {}
    for user, addresses in pages.items():
        for name, *arguments in addresses:
            response, asked = queries(user, reverse(name, args=arguments))
            assert response.status_code in (200, 302)
            counts[user.role, name, *arguments] = len(asked)
    assert {address: n for address, n in counts.items() if n > PAGE} == {}


# What the verbs ask


def pressed(queries, user, url, data) -> int:
    """How much a button asks that worked."""
    response, asked = queries(user, url, data)
    assert response.status_code == 302, response.content.decode()
    return len(asked)


def test_the_buttons_of_the_board_ask_the_same_for_three_seats_and_for_nine(
    queries, round, officer
):
    found = round.ranked_lists.get(bureau=officer.bureau)

    def press(button, **data):
        found.refresh_from_db()
        url = reverse(f"review:{button}", args=[round.slug])
        return pressed(queries, officer, url, {"version": found.version, **data})

    counts = []
    for _ in range(2):
        more_recommended(round, officer, 3)
        [candidate] = more_accepted(round, officer, 1)
        order = ranking.order_of(ranking.seats_of(found))
        opinions = {f"opinion-{pk}": f"理由{pk}" for pk in order}
        moved = {"move": "down", "order": order, "application": order[0]}
        counts.append(
            {
                "reorder": press("reorder", **moved, **opinions),
                "opinions": press("opinions", **opinions),
                "recommend": press("recommend", application=candidate.pk, **opinions),
            }
        )
    assert counts[0] == counts[1]
    assert max(counts[0].values()) <= BUTTON, counts


def test_sending_asks_five_times_for_each_member_and_little_else(queries, round, officer):
    more_recommended(round, officer, 3)
    found = round.ranked_lists.get(bureau=officer.bureau)
    data = {"version": found.version, "signatory": "签", "early": "on"}
    url = reverse("review:send", args=[round.slug])
    assert pressed(queries, officer, url, data) <= 16 + 5 * 3


def test_publishing_asks_the_same_for_any_number_of_bureaus(queries, province):
    counts = []
    for number in range(2):
        for extra in range(20 * number):
            Bureau.objects.create(
                code=f"1499{extra:02}",
                name=f"新设{extra}",
                short_name=f"新{extra}",
                kind="市",
                order=50 + extra,
            )
        cast.make_round(province, slug=f"p{number}", published=False)
        url = reverse("review:publish", args=[f"p{number}"])
        counts.append(pressed(queries, province, url, {}))
    assert Seat.objects.filter(round__slug="p1").count() == 3 * 32
    assert counts[0] == counts[1]
    assert counts[0] <= PUBLISHING


def test_receiving_and_deciding_ask_little(queries, round, officer, province, owner):
    application = cast.file_application(round, owner)
    url = reverse("review:decide", args=[application.pk, "accept"])
    data = {"revision": application.current_revision_id, "comment": "好"}
    assert pressed(queries, officer, url, data) <= DECIDING
    ranking.recommend(cast.list_of(application), cast.fresh(application), actor=officer)
    sent = cast.send(application, officer)
    url = reverse("review:receive", args=[sent.pk])
    assert pressed(queries, province, url, {"version": sent.version}) <= BUTTON
