"""Paper = online: what is printed is registered, and its code tells anybody what it is worth."""

import io
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from applications import workflow
from applications.models import Paper
from applications.tasks import BOOK, RECEIPT
from portal.jobs.models import Job
from portal.jobs.tasks import start
from portal.rounds.models import Round
from review import ranking
from review.models import RankedList
from review.tasks import SUMMARY
from tests import cast

GENUINE, CURRENT, FORMER = "真实，", "真实，现行有效", "真实，但已不是现行版本"
UNKNOWN = "没有找到"


@pytest.fixture
def applications(ranked_list, make_accepted, officer):
    """Two on the list of Taiyuan."""
    applications = make_accepted(2)
    for application in applications:
        ranking.recommend(ranked_list, application, actor=officer)
    return applications


@pytest.fixture
def sent(applications, officer) -> RankedList:
    return cast.send(applications[0], officer)


@pytest.fixture
def make(work_off_jobs):
    """Order a document as ``owner`` and let the worker make it; the paper it was registered as."""

    def order(kind, owner, format="pdf", **parameters) -> Paper:
        job = start(owner=owner, kind=kind, title="文件", format=format, **parameters)
        work_off_jobs()
        job.refresh_from_db()
        assert job.status == Job.Status.DONE, job.message
        return Paper.objects.latest("pk")

    return order


@pytest.fixture
def table(make, officer, sent) -> Paper:
    """The summary table of the list as it was sent."""
    return make(SUMMARY, officer, round=sent.round_id, bureau=sent.bureau_id)


@pytest.fixture
def verify(client):
    """What the page says about a code to ``user``, or to anybody."""

    def ask(code, user=None) -> str:
        client.logout()
        if user:
            client.force_login(user)
        response = client.get(reverse("verify"), {"code": code})
        assert response.status_code == 200
        return re.sub(r"\s+", " ", response.content.decode())

    return ask


def rearrange(ranked_list, order, officer) -> RankedList:
    """Take the list back, put these on it, send it again."""
    ranked_list.refresh_from_db()
    ranking.recall(ranked_list, version=ranked_list.version, reason="改", actor=officer)
    ranked_list.refresh_from_db()
    pks = [application.pk for application in order]
    ranking.replace_order(ranked_list, pks, version=ranked_list.version, actor=officer)
    return cast.send(order[0], officer)


# Registering


def test_what_is_made_is_registered_once_whatever_the_format(make, officer, sent):
    parameters = {"round": sent.round_id, "bureau": sent.bureau_id}
    paper = make(SUMMARY, officer, "docx", **parameters)
    assert paper.pages is None
    assert (paper.round, paper.bureau, paper.revision) == (sent.round, sent.bureau, None)
    assert [row[1] for row in paper.content] == ["1", "2"]
    made_at = paper.made_at
    for format in ("xlsx", "pdf"):
        assert make(SUMMARY, officer, format, **parameters) == paper
    paper.refresh_from_db()
    assert (paper.pages, paper.made_at) == (1, made_at)


def test_books_and_receipts_are_registered_with_their_revision(make, applications, officer):
    [application, _] = applications
    revision, owner = application.current_revision, application.enterprise.user_set.get()
    book = make(BOOK, owner, application=application.pk, number=1)
    receipt = make(RECEIPT, owner, revision=revision.pk)
    assert (book.kind, book.revision) == ("book", revision)
    assert (receipt.kind, receipt.revision) == ("receipt", revision)
    assert book.pages > receipt.pages == 1


def test_a_draft_is_not_registered(make, round, officer, work_off_jobs):
    enterprise = cast.make_enterprise(900)
    draft = workflow.start(round, actor=enterprise)
    start(
        owner=enterprise,
        kind=BOOK,
        title="草稿",
        format="pdf",
        application=draft.pk,
        number=None,
    )
    work_off_jobs()
    assert Job.objects.get(kind=BOOK).status == Job.Status.DONE
    assert not Paper.objects.exists()


def test_what_the_command_line_makes_is_registered_too(sent, applications, tmp_path):
    quiet = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    where = {"format": "pdf", "output": tmp_path / "a.pdf"}
    call_command("export_summary", round="test", bureau=sent.bureau.code, **where, **quiet)
    receipt = applications[0].current_revision.receipt
    call_command("export_book", receipt=receipt, **where, **quiet)
    assert [paper.kind for paper in Paper.objects.order_by("pk")] == ["summary", "book"]
    assert all(Paper.objects.values_list("pages", flat=True))


# What anybody is told


def test_a_current_paper_is_genuine_with_its_pages_and_date(table, verify):
    page = verify(table.check_code)
    assert CURRENT in page
    assert "1 页（以 PDF 为准）" in page
    assert table.check_code in page
    assert "首次生成" in page


def test_anybody_learns_neither_what_it_is_nor_whose(table, applications, verify, make):
    owner = applications[0].enterprise.user_set.get()
    book = make(BOOK, owner, application=applications[0].pk, number=1)
    for paper in (table, book):
        page = verify(paper.check_code)
        assert GENUINE in page
        for secret in (
            *(str(application.enterprise) for application in applications),
            str(table.bureau),
            table.bureau.short_name,
            str(table.round),
            applications[0].current_revision.receipt,
            applications[0].current_revision.project_name,
        ):
            assert secret not in page


def test_the_address_in_the_qr_code_leads_to_the_same_words(table, verify, client, settings):
    settings.PUBLIC_URL = "https://portal.example.gov.cn"
    response = client.get(f"/verify/{table.check_code}", follow=True)
    assert response.status_code == 200
    assert CURRENT in response.content.decode()


def test_the_code_may_be_typed_as_people_type(table, verify):
    for typed in (
        table.check_code.lower(),
        table.check_code.replace("-", " "),
        "校验码 " + table.check_code,
    ):
        assert CURRENT in verify(typed)


def test_unknown_and_malformed_codes_get_the_same_words(table, verify):
    unknown = "7K3M-9QXD"
    expected = verify(unknown)
    assert UNKNOWN in expected
    assert GENUINE not in expected
    for typed in ("7K3M", "<b>x</b>", "0000-0000", "x" * 5000, "%"):
        shown = verify(typed)
        assert UNKNOWN in shown
        assert "<b>x</b>" not in shown
        assert shown.partition('role="alert"')[2] == expected.partition('role="alert"')[2]


def test_the_bare_page_asks_for_a_code(client, db):
    page = client.get(reverse("verify")).content.decode()
    assert UNKNOWN not in page
    assert 'name="code"' in page


def test_knowing_and_not_knowing_a_code_take_few_statements(
    table, client, django_assert_max_num_queries
):
    for code in (table.check_code, "7K3M-9QXD"):
        with django_assert_max_num_queries(4):
            client.get(reverse("verify_code", args=[code]))


# Current or superseded


def test_a_table_is_superseded_when_the_list_is_back_and_current_when_it_says_the_same_again(
    table, sent, applications, officer, province, verify
):
    cast.send_back(sent, province)
    assert FORMER in verify(table.check_code)
    cast.send(applications[0], officer)
    assert CURRENT in verify(table.check_code)
    rearrange(sent, applications[::-1], officer)
    assert FORMER in verify(table.check_code)


def test_an_empty_table_is_superseded_while_its_list_is_open(
    make, round, datong, other_officer, province, verify
):
    found = round.ranked_lists.get(bureau=datong)
    ranking.send(found, version=0, signatory="签", statement="无。", actor=other_officer)
    paper = make(SUMMARY, other_officer, round=round.pk, bureau=datong.pk)
    assert CURRENT in verify(paper.check_code)
    cast.send_back(found, province)
    assert FORMER in verify(paper.check_code)


def test_the_provinces_table_is_superseded_when_another_list_is_received(
    make, sent, round, province, other_officer, verify
):
    cast.receive(sent, province)
    paper = make(SUMMARY, province, round=round.pk, bureau=None)
    application = cast.bring_to(
        "accepted", round, cast.make_enterprise(901, cast.DATONG), other_officer
    )
    ranking.recommend(cast.list_of(application), application, actor=other_officer)
    other = cast.send(application, other_officer)
    assert CURRENT in verify(paper.check_code)
    marked = make(SUMMARY, province, round=round.pk, bureau=None, include_sent=True)
    assert CURRENT in verify(marked.check_code)
    cast.receive(other, province)
    assert FORMER in verify(paper.check_code)
    assert FORMER in verify(marked.check_code)


@pytest.mark.parametrize("kind", [BOOK, RECEIPT])
def test_a_book_or_receipt_is_superseded_by_a_return_and_by_another_submission(
    make, round, officer, verify, kind
):
    enterprise = cast.make_enterprise(900)
    application = cast.file_application(round, enterprise)
    of = {BOOK: {"application": application.pk, "number": 1}}
    of[RECEIPT] = {"revision": application.current_revision_id}
    paper = make(kind, enterprise, **of[kind])
    assert CURRENT in verify(paper.check_code)
    returned = cast.decide(application, "return_for_changes", officer, "请补充。")
    assert FORMER in verify(paper.check_code)
    workflow.submit(returned, cast.declarations(round), actor=enterprise)
    assert FORMER in verify(paper.check_code)


# What those learn whose it is


def test_officers_of_it_read_what_differs_row_by_row(
    table, sent, applications, officer, province, verify
):
    rearrange(sent, applications[1:], officer)
    for user in (officer, province):
        page = verify(table.check_code, user)
        assert f">推荐汇总表（{sent.bureau.short_name}）" in page
        assert "推荐汇总表后来有改动" in page
        rows = re.findall(r'<th scope="row">(此件|现行)</th>(.*?)</tr>', page)
        assert [(where, re.findall("测试企业\\d", row)) for where, row in rows] == [
            ("此件", ["测试企业1"]),
            ("此件", ["测试企业2"]),
            ("现行", ["测试企业2"]),
        ]


def test_of_a_current_table_its_officers_read_that_it_agrees(table, officer, verify):
    page = verify(table.check_code, officer)
    assert "内容与报送的名单一致" in page
    assert "此件" not in page


def test_of_a_table_that_was_sent_back_its_officers_read_that_there_is_none(
    table, sent, officer, province, verify
):
    cast.send_back(sent, province)
    page = verify(table.check_code, officer)
    assert "此件" not in page
    assert "名单已被退回，尚未重新报送，现在没有有效的推荐汇总表" in page


def test_where_only_the_words_round_the_table_differ_its_officers_are_told_so(
    table, officer, verify
):
    Round.objects.filter(pk=table.round_id).update(level="leading")
    assert "标题或表注后来有改动，表中各行没有差别" in verify(table.check_code, officer)


def test_strangers_who_are_signed_in_read_what_anybody_reads(
    table, sent, applications, other_officer, make, province, verify, officer
):
    rival = applications[1].enterprise.user_set.get()
    owner = applications[0].enterprise.user_set.get()
    book = make(BOOK, owner, application=applications[0].pk, number=1)
    whole = make(SUMMARY, province, round=sent.round_id, bureau=None)
    for paper, strangers in (
        (table, (other_officer, owner, rival)),
        (book, (other_officer, rival)),
        (whole, (officer, other_officer, owner)),
    ):
        for user in strangers:
            page = verify(paper.check_code, user)
            assert CURRENT in page
            assert "own-title" not in page
            assert "第 1 版" not in page


def test_owner_and_officer_of_a_book_are_led_to_what_changed(make, round, officer, verify, client):
    enterprise = cast.make_enterprise(900)
    application = cast.file_application(round, enterprise)
    paper = make(BOOK, enterprise, application=application.pk, number=1)
    for user in (enterprise, officer):
        page = verify(paper.check_code, user)
        assert "内容与最近一次提交的一致" in page
        assert "查看与最近一次提交的差别" not in page
    returned = cast.decide(application, "return_for_changes", officer, "请补充。")
    workflow.submit(returned, cast.declarations(round), actor=enterprise)
    for user, name in ((enterprise, "applications:compare"), (officer, "review:changes")):
        page = verify(paper.check_code, user)
        assert "之后提交了第 2 版" in page
        link = f"{reverse(name, args=[application.pk, 2])}?from=1"
        assert link in page
        assert client.get(link).status_code == 200
