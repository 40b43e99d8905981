"""The read API: opened by a client's token and nothing else, and saying what the tables say."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from applications.states import Status
from portal.accounts.models import Role
from portal.audit.models import Record
from portal.documents.model import Table, texts_of
from portal.errors import NotAllowed, StaleState
from review import clients, ledger, summary
from review.models import ApiClient
from tests import cast

ROUND = "/api/v1/rounds/test"
SUMMARY, LEDGER = ApiClient.Scope.SUMMARY, ApiClient.Scope.LEDGER


@pytest.fixture
def make_client(province):
    """A client of these scopes and its token."""

    def make(*scopes, **changes):
        facts = {"name": "数据平台", "contact": "", "expires_at": timezone.now() + timedelta(1)}
        return clients.make(**{**facts, "scopes": scopes, "actor": province, **changes})

    return make


@pytest.fixture
def ask(client, round, make_client):
    """Ask as a client that may read everything; the answer."""
    _client, token = make_client(SUMMARY, LEDGER)

    def get(address, token=token, **headers):
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        return client.get(address, headers=bearer | headers)

    return get


@pytest.fixture
def recommended(round, officer):
    """One recommended by Taiyuan, on a list that is sent."""
    return cast.bring_to(Status.RECOMMENDED, round, cast.make_enterprise(1), officer)


def test_nothing_opens_without_a_token_whoever_is_signed_in(ask, client, province):
    addresses = ("rounds", "rounds/test/summary", "rounds/test/ledger", "applications/1")
    strangers = [None, province, cast.make_officer(), cast.make_enterprise(5)]
    for user in [*strangers, cast.make_user("auditor", Role.AUDITOR)]:
        client.logout()
        if user:
            client.force_login(user)
        for address in [*addresses, "rounds/test/ledger/columns"]:
            for token in ("", "sgz_wrong", "\x00"):
                response = ask(f"/api/v1/{address}", token)
                assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
                assert "令牌" in response.json()["message"]


def test_a_token_opens_what_its_scopes_say(ask, make_client):
    _, of_summary = make_client(SUMMARY, name="只读汇总表")
    _, of_ledger = make_client(LEDGER, name="只读台账")
    assert ask("/api/v1/rounds", of_summary).status_code == 200
    assert ask(f"{ROUND}/summary", of_summary).status_code == 200
    assert ask(f"{ROUND}/ledger", of_ledger).status_code == 200
    refused = ask(f"{ROUND}/ledger", of_summary)
    assert refused.status_code == 403
    assert refused.json() == {"message": "该令牌没有读取申报台账的权限。"}
    assert ask(f"{ROUND}/summary", of_ledger).status_code == 403


def test_a_revoked_or_expired_token_opens_nothing(ask, make_client, province):
    revoked, token = make_client(SUMMARY, name="停用的")
    assert ask("/api/v1/rounds", token).status_code == 200
    clients.revoke(revoked, actor=province)
    assert ask("/api/v1/rounds", token).status_code == 401
    with pytest.raises(StaleState):
        clients.revoke(revoked, actor=province)
    _, token = make_client(SUMMARY, name="过期的", expires_at=timezone.now())
    assert ask("/api/v1/rounds", token).status_code == 401


def test_only_the_digest_of_a_token_is_kept_and_only_the_province_makes_one(make_client, officer):
    client, token = make_client(SUMMARY)
    assert token not in str(ApiClient.objects.values().get())
    assert clients.of_token(token) == client
    with pytest.raises(NotAllowed):
        make_client(SUMMARY, name="其他", actor=officer)


def test_the_summary_says_cell_by_cell_what_the_table_says(ask, recommended, province):
    assert ask(f"{ROUND}/summary").json()["units"] == []
    sent = ask(f"{ROUND}/summary?include_sent=true").json()
    assert [unit["is_received"] for unit in sent["units"]] == [False]
    cast.receive(cast.list_of(recommended), province)

    said = ask(f"{ROUND}/summary?bureau={cast.TAIYUAN}").json()

    found = summary.build(recommended.round, recommended.bureau)
    [table] = [block for block in found.document.blocks if isinstance(block, Table)]
    cells = [texts_of(table, group) for group in table.groups]
    names = ("number", "enterprise", "project", "scenarios", "contact_name", "contact_mobile")
    assert [
        [
            [
                "\n".join(f"{n}. {line}" for n, line in enumerate(member[name], 1))
                if name == "scenarios"
                else str(member[name])
                for name in names
            ]
            for member in unit["members"]
        ]
        for unit in said["units"]
    ] == cells
    assert said["units"][0]["is_received"] is True
    assert (said["sha256"], said["check_code"]) == (
        found.document.revision,
        found.document.check_code,
    )


def test_the_ledger_says_what_its_columns_say_and_nothing_of_what_a_draft_answers(
    ask, recommended, officer, round
):
    owner = cast.make_enterprise(2)
    draft = cast.bring_to(Status.DRAFT, round, owner, officer)
    cast.complete(draft, owner, project="尚未提交的项目")

    response = ask(f"{ROUND}/ledger")

    assert "尚未提交的项目" not in response.text
    [first, second] = response.json()["items"]
    assert (first["id"], first["values"]["place"]) == (recommended.pk, "第 1 名")
    assert (second["id"], second["status"]) == (draft.pk, "draft")
    rows = ledger.columns_of(round)
    assert first["values"].keys() == rows.keys()
    assert first["values"]["basic.registered_capital"] == "5000.00"
    assert first["values"]["basic.founded_on"] == "2001-02-03"
    assert first["values"]["finance_years.1.staff"] == 500
    assert len(first["values"]["instances.lines"]) == 5
    assert ask(f"/api/v1/applications/{recommended.pk}").json()["values"] == first["values"]
    answered = {name for name, value in second["values"].items() if value is not None}
    assert answered <= {n for n, column in rows.items() if column.group == ledger.HEAD}
    assert {each["name"] for each in ask(f"{ROUND}/ledger/columns").json()} == rows.keys()


def test_the_ledger_comes_in_pages_and_then_only_what_has_changed(ask, round, officer):
    ids = [
        cast.bring_to(Status.DRAFT, round, cast.make_enterprise(number), officer).pk
        for number in range(1, 6)
    ]
    seen, cursor = [], ""
    while cursor is not None:
        page = ask(f"{ROUND}/ledger?limit=2&columns=enterprise,none&cursor={cursor}").json()
        assert all(item["values"].keys() == {"enterprise"} for item in page["items"])
        seen += page["items"]
        cursor = page["next"]
    assert [item["id"] for item in seen] == ids
    draft = cast.fresh(round.applications.get(pk=ids[0]))
    cast.save(draft, "basic", {"contact_name": "甲"}, draft.enterprise.user_set.get())
    since = seen[-1]["touched_at"].replace("+", "%2B")
    changed = ask(f"{ROUND}/ledger?changed_since={since}").json()["items"]
    assert [item["id"] for item in changed] == [ids[-1], ids[0]]
    assert ask(f"{ROUND}/ledger?status=submitted").json()["items"] == []
    assert ask(f"{ROUND}/ledger?bureau={cast.DATONG}").json()["items"] == []


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        (f"{ROUND}/ledger?limit=0", 422, "limit"),
        (f"{ROUND}/ledger?status=nonsense", 422, "status"),
        (f"{ROUND}/ledger?changed_since=yesterday", 422, "changed_since"),
        (f"{ROUND}/ledger?changed_since=0001-01-01", 422, "changed_since"),
        (f"{ROUND}/ledger?changed_since=9999-12-31T23:59:59-12:00", 422, "changed_since"),
        (f"{ROUND}/ledger?cursor=x", 422, "cursor"),
        (f"{ROUND}/ledger?cursor=MDAwMS0wMS0wMVQwMDowMDowMCswODowMCAx", 422, "cursor"),
        (f"{ROUND}/ledger?cursor=zz%C3%A9", 422, "cursor"),
        (f"{ROUND}/summary?bureau=999999", 404, "没有"),
        ("/api/v1/rounds/none/summary", 404, "没有"),
        ("/api/v1/applications/999", 404, "没有"),
        ("/api/v1/nowhere", 404, "没有"),
    ],
)
def test_what_cannot_be_answered_is_said_in_chinese_as_json(ask, address, status, said):
    response = ask(address)
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert said in response.json()["message"]


def test_the_api_is_read_only_and_kept_by_nobody_on_the_way(ask, client, recommended):
    first = ask(f"{ROUND}/summary?include_sent=1")
    assert "no-store" in first["Cache-Control"]
    again = ask(f"{ROUND}/summary?include_sent=1", if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    refused = client.post(f"{ROUND}/summary")
    assert (refused.status_code, refused.json()["message"]) == (405, "接口只读，请使用 GET。")


def test_a_client_that_asks_too_often_is_told_to_wait(ask):
    statuses = [ask("/api/v1/rounds").status_code for _ in range(121)]
    assert set(statuses[:120]) == {200}
    assert statuses[120] == 429
    assert int(ask("/api/v1/rounds")["Retry-After"]) <= 60


def test_a_reading_is_in_the_audit_trail_once_a_day_and_its_time_with_the_client(ask):
    for _ in range(3):
        ask(f"{ROUND}/ledger")
    [record] = Record.objects.filter(verb="api_read")
    assert (record.target, record.detail) == ("数据平台", "申报台账 测试批次")
    assert ApiClient.objects.get().last_used_at


def test_the_description_names_every_address_and_every_field_of_it(client, db):
    described = client.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/v1/rounds",
        "/api/v1/rounds/{slug}/summary",
        "/api/v1/rounds/{slug}/ledger",
        "/api/v1/rounds/{slug}/ledger/columns",
        "/api/v1/applications/{pk}",
    }
    schemas = described["components"]["schemas"]
    assert ledger.COLUMNS.keys() <= schemas["Values"]["properties"].keys()
    nameless = [
        f"{schema}.{name}"
        for schema, of in schemas.items()
        for name, field in of.get("properties", {}).items()
        if not field.get("title", "")[:1] > "\u2000" and "SHA" not in field.get("title", "")
    ]
    assert not nameless
    assert client.get("/api/v1/docs").status_code == 404


def test_a_new_token_is_shown_once_and_a_revoked_client_stays_in_the_list(client, province):
    client.force_login(province)
    day = timezone.localdate()
    data = {"name": "平台", "scopes": ["summary"], "expires_on": f"{day:%Y-%m-%d}"}
    assert (
        "一年之内"
        in client.post(reverse("review:client_add"), data | {"expires_on": "2001-01-01"}).text
    )
    page = client.post(reverse("review:client_add"), data, follow=True)
    made = ApiClient.objects.get()
    token = page.context["token"]
    assert clients.of_token(token) == made
    assert token in page.text
    assert token not in client.get(reverse("review:clients")).text
    again = client.post(reverse("review:client_add"), data)
    assert "已有同名的调用方" in again.text
    page = client.post(reverse("review:client_revoke", args=[made.pk]), follow=True)
    assert "已停用" in page.text
    assert [r.verb for r in Record.objects.filter(target="平台").order_by("pk")] == [
        "api_make",
        "api_revoke",
    ]
