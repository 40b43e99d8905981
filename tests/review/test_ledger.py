"""The ledger: every column says what is stored, sets of columns are kept, the file is the list."""

import html
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse

from applications.states import Status
from portal.accounts.models import Role
from portal.documents.model import text_of
from portal.jobs.models import Job
from review import ledger, ranking
from review.lists import Query
from review.models import ColumnSet
from tests import cast


@pytest.fixture
def rows(round, officer, province):
    """A draft, one submitted, and one on a list that was sent; by status."""
    return {
        status: cast.bring_to(status, round, cast.make_enterprise(number), officer)
        for number, status in enumerate((Status.DRAFT, Status.SUBMITTED, Status.RECOMMENDED), 1)
    }


def said(round, user, application, *names, **asked):
    """What the columns say of an application."""
    columns = ledger.chosen(names, ledger.columns_of(round))
    assert len(columns) == len(names)
    applications = ledger.applications(Query.of(round, asked), user)
    found = dict(
        zip(
            (row.pk for row in applications),
            ledger.LedgerResource(columns).rows(applications),
            strict=True,
        )
    )
    return found[application.pk]


def test_names_and_headings_tell_all_columns_of_a_round_apart(round):
    columns = ledger.columns_of(round)
    labels = [column.label for column in columns.values()]
    assert len(set(labels)) == len(labels)
    assert ledger.COLUMNS.keys() < columns.keys()
    assert set(ledger.DEFAULT) < columns.keys()


def test_answers_are_typed_and_read_from_the_revision(round, province, rows):
    application = rows[Status.SUBMITTED]
    type(application.factory).objects.update(project_name="没有提交的名称")
    assert said(
        round,
        province,
        application,
        *("enterprise", "status", "place", "factory.project_name", "factory.started_on"),
        *("factory.total_investment", "finance_years.3.staff", "finance_years.1.profit"),
        *("basic.nature", "factory.is_authentic", "integrators", "indicator_values.1.value"),
        *("instances.count", "instances.in.production", "instances.lines"),
    ) == [
        *("测试企业2有限公司", "待推荐单位审核", None, "示范智能工厂", date(2022, 1, 1)),
        *(Decimal("12345.60"), 500, Decimal("-5.25")),
        *("民营", "是", ("本单位，总体集成",), Decimal(12)),
        *(5, 1, tuple(application.current_revision.scenario_lines)),
    ]


def test_every_answer_of_a_revision_has_a_column(round, province, rows):
    application = rows[Status.SUBMITTED]
    columns = ledger.columns_of(round).values()
    texts = {
        answer["text"]
        for (_group, _row, name), answer in application.current_revision.answers.items()
        if answer["text"] and not name.startswith("enterprise_")
    }
    values = [column.value(application) for column in columns]
    told = {text_of(value, column.kind) for value, column in zip(values, columns, strict=True)}
    # What people add as rows of their own stands in one cell.
    joined = "\n".join(text for text in told if "\n" in text or "，" in text)
    assert {text for text in texts - told if text not in joined} == {"内容。"}


def test_a_draft_has_only_what_the_portal_knows_and_places_wait_for_the_list(round, province, rows):
    names = [*ledger.columns_of(round)]
    draft = dict(zip(names, said(round, province, rows[Status.DRAFT], *names), strict=True))
    assert {name for name, value in draft.items() if value is not None} == {
        *("id", "enterprise", "credit_code", "bureau", "bureau_code", "status", "version"),
        *("created_at", "touched_at"),
    }
    place = ("place", "opinion")
    assert said(round, province, rows[Status.RECOMMENDED], *place) == ["第 1 名", ""]
    other = cast.make_officer(cast.DATONG)
    accepted = cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(8, cast.DATONG), other)
    ranking.recommend(cast.list_of(accepted), accepted, actor=other)
    assert said(round, province, accepted, *place) == [None, None]


def test_years_go_by_their_place_and_rows_that_changed_are_kept_apart(round, rows):
    columns = ledger.columns_of(round)
    assert columns["finance_years.3.revenue"].label == "2024年 营业收入（万元）"
    group = ledger.GROUPS["indicator_values"]
    first, other = ledger.FixedRow("1", "1. 甲"), ledger.FixedRow("1", "1. 乙")

    class Version:
        def __init__(self, number, *rows):
            self.number, self.rows = number, rows

    fixed = ledger._fixed_rows(
        ledger.Group("x", group.form, fixed=lambda version: version.rows),
        [Version(1, first), Version(2, other), Version(3, other)],
    )
    assert fixed == {"1": first, "1@2": other}


# Pages


@pytest.fixture
def as_province(client, province):
    client.force_login(province)
    return client


def post(client, round, where="choose", *args, **data):
    return client.post(reverse(f"review:ledger_{where}", args=[round.slug, *args]), data)


def shown(response) -> list[str]:
    return [column.name for column in response.context["chosen"]]


def test_what_is_ticked_keeps_its_order_and_new_columns_come_last(as_province, round, rows):
    def choose(**data):
        return as_province.get(post(as_province, round, **data).url)

    page = choose(column=["bureau", "enterprise"])
    assert shown(page) == ["enterprise", "bureau"]
    page = choose(column=["bureau", "enterprise"], order=shown(page), move="up:bureau")
    assert shown(page) == ["bureau", "enterprise"]
    page = choose(column=["enterprise", "bureau", "id", "nonsense"], order=shown(page), q="企业2")
    assert shown(page) == ["bureau", "enterprise", "id"]
    assert page.context["query"].text == "企业2"
    assert [row[1] for row in page.context["preview"]] == ["测试企业2有限公司"]
    page = choose(order=shown(page))
    assert "请至少选择一列。" in page.content.decode()
    assert shown(page) == ["bureau", "enterprise", "id"]


def test_a_set_is_saved_shared_loaded_renamed_and_deleted(as_province, round, client, province):
    columns = ["credit_code", "enterprise"]
    response = post(
        as_province, round, "save", column=columns, order=columns, name="甲 表", is_shared="on"
    )
    kept = ColumnSet.objects.get(name="甲 表")
    assert shown(as_province.get(response.url)) == columns
    post(as_province, round, "save", column=["id"], name="乙表")
    colleague = cast.make_user("colleague", Role.PROVINCE)
    client.force_login(colleague)
    page = client.get(response.url)
    assert [each.name for each in page.context["sets"]] == ["甲 表"]
    assert shown(page) == columns
    assert post(client, round, "change", kept.pk, name="夺").status_code == 404
    client.force_login(province)
    page = client.get(post(client, round, "change", kept.pk, name="乙表").url)
    assert "已有同名的列组合，请换一个名称。" in page.content.decode()
    post(client, round, "change", kept.pk, name="丙表")
    kept.refresh_from_db()
    assert (kept.name, kept.is_shared) == ("丙表", False)
    post(client, round, "change", kept.pk, delete="1")
    assert not ColumnSet.objects.filter(pk=kept.pk).exists()


def test_a_set_without_a_fitting_name_is_refused_and_nothing_typed_is_lost(as_province, round):
    response = post(as_province, round, "save", column=["id"], name="名" * 41, is_shared="on")
    page = html.unescape(response.content.decode())
    assert response.status_code == 422
    assert "现有 41 字" in page
    assert f'value="{"名" * 41}"' in page
    assert shown(response) == ["id"]


def test_the_file_holds_the_chosen_columns_of_the_rows_on_screen_as_typed_cells(
    as_province, round, rows, work_off_jobs, province
):
    application = rows[Status.SUBMITTED]
    owner = application.enterprise.user_set.get()
    type(application.enterprise).objects.filter(pk=application.enterprise_id).update(name="=1+1")
    columns = ["credit_code", "enterprise", "basic.contact_mobile", "factory.total_investment"]
    post(as_province, round, "export", column=columns, order=columns, q="=1", status="submitted")
    work_off_jobs()
    job = Job.objects.get(owner=province)
    assert (job.status, job.message) == (Job.Status.DONE, "")
    assert job.file_name == f"{round}台账.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(job.file.read())).active
    heading, row = sheet.iter_rows()
    assert [cell.value for cell in heading] == [
        column.label for column in ledger.chosen(columns, ledger.columns_of(round))
    ]
    assert [cell.value for cell in row] == [owner.username.upper(), "=1+1", "19912345678", 12345.6]
    assert [cell.data_type for cell in row] == ["s", "s", "s", "n"]
    assert (row[1].quotePrefix, row[2].number_format) == (True, "@")


def test_a_cancelled_ledger_stops_and_leaves_no_file(
    as_province, round, rows, work_off_jobs, province, monkeypatch
):
    post(as_province, round, "export", column=["enterprise"])
    job = Job.objects.get(owner=province)
    as_province.post(reverse("jobs:cancel", args=[job.pk]))
    work_off_jobs()
    job.refresh_from_db()
    assert (job.status, bool(job.file)) == (Job.Status.CANCELLED, False)


def test_an_auditor_looks_and_takes_nothing(client, round, rows):
    client.force_login(cast.make_user("auditor", Role.AUDITOR))
    page = client.get(reverse("review:ledger"))
    assert len(page.context["preview"]) == 3
    assert "导出 Excel" not in page.content.decode()
    for where in ("choose", "export", "save"):
        assert post(client, round, where, column=["id"]).status_code == 403
