"""The stamped table comes back: held against the printed code, kept, shown to the province."""

import pytest
from django.urls import reverse

from applications import papers, receipts
from applications.models import Paper
from portal.errors import NotAllowed, StaleState
from review import ranking, scans, summary
from review.models import StampedScan
from tests import cast
from tests.files import archive, as_upload, image, pdf


@pytest.fixture
def applications(ranked_list, make_accepted, officer):
    """Two on the list of Taiyuan."""
    applications = make_accepted(2)
    for application in applications:
        ranking.recommend(ranked_list, application, actor=officer)
    return applications


@pytest.fixture
def sent(applications, officer):
    return cast.send(applications[0], officer)


def printed(ranked_list) -> str:
    """Export the table as it was sent; the code on it."""
    document = summary.to_stamp(ranked_list.round, ranked_list.bureau).document
    where = {"round": ranked_list.round, "bureau": ranked_list.bureau}
    return papers.issue(document, Paper.Kind.SUMMARY, pages=1, **where).check_code


def take(ranked_list, typed, officer, content=None, name="盖章.pdf"):
    upload = as_upload(content or pdf(2), name)
    return scans.take(ranked_list, upload, typed, actor=officer)


@pytest.mark.parametrize(
    ("content", "name", "kept", "pages"),
    [(pdf(2), "盖章.pdf", "盖章.pdf", 2), (image("JPEG"), "a.PDF", "a.jpg", None)]
    + [(image("PNG"), "页", "页.png", None)],
)
def test_a_pdf_or_picture_with_the_printed_code_is_kept(sent, officer, content, name, kept, pages):
    scan, is_new = take(sent, printed(sent), officer, content, name)
    assert is_new
    assert (scan.name, scan.pages, scan.check_code) == (kept, pages, printed(sent))
    with scan.file.open("rb") as stream:
        assert stream.read() == content
    assert [each.is_current for each in scans.of(sent)] == [True]


@pytest.mark.parametrize(
    "change", [str.lower, lambda code: code.replace("-", " "), "http://x/verify/{}".format]
)
def test_the_code_is_understood_however_it_is_typed(sent, officer, change):
    assert take(sent, change(printed(sent)), officer)[1]


def test_the_same_file_again_is_not_kept_twice(sent, officer):
    code = printed(sent)
    first, _ = take(sent, code, officer)
    assert take(sent, code, officer) == (first, False)
    assert StampedScan.objects.count() == 1


def test_a_code_nobody_printed_is_refused(sent, officer):
    with pytest.raises(scans.WrongCode, match="没有找到校验码“7K3M”"):
        take(sent, "7K3M", officer)
    assert not StampedScan.objects.exists()


def test_the_code_of_an_older_table_is_refused_and_it_says_which_is_wanted(
    sent, applications, officer, province
):
    old = printed(sent)
    cast.send_back(sent, province)
    sent.refresh_from_db()
    ranking.replace_order(sent, [applications[1].pk], version=sent.version, actor=officer)
    again = cast.send(applications[1], officer)
    current = printed(again)
    with pytest.raises(scans.WrongCode, match=f"{old} 是较早的汇总表.*校验码 {current}"):
        take(again, old, officer)


def test_the_code_of_another_document_is_refused(sent, applications, officer):
    revision = applications[0].current_revision
    receipt = receipts.document(applications[0], revision)
    papers.issue(receipt, Paper.Kind.RECEIPT, pages=1, revision=revision)
    with pytest.raises(scans.WrongCode, match="是另一份申报提交回执"):
        take(sent, receipt.check_code, officer)


def test_of_another_bureaus_table_nothing_is_told(sent, round, datong, officer, other_officer):
    found = round.ranked_lists.get(bureau=datong)
    ranking.send(found, version=0, signatory="签", statement="无。", actor=other_officer)
    with pytest.raises(scans.WrongCode, match="没有找到校验码"):
        take(sent, printed(found), officer)
    with pytest.raises(StaleState):
        take(found, printed(found), officer)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "是空文件"),
        (b"text", "只收PDF 或图片"),
        (archive(a="b"), "压缩包"),
        (pdf()[:200], "已损坏"),
        (b"%PDF-" + b"0" * (scans.SCANS.max_mb * 1024 * 1024), "20 MB 的上限"),
    ],
    ids=["empty", "text", "archive", "broken", "large"],
)
def test_what_is_no_scan_is_refused(sent, officer, content, match):
    upload = as_upload(content, "盖章.pdf")
    with pytest.raises(scans.Refused, match=match):
        scans.take(sent, upload, printed(sent), actor=officer)
    assert not StampedScan.objects.exists()


def test_a_refused_file_leaves_nothing_behind(sent, officer, settings):
    with pytest.raises(scans.WrongCode):
        take(sent, "7K3M-9QXD", officer)
    assert not list(settings.MEDIA_ROOT.rglob("*.pdf"))


def test_a_list_takes_only_so_many(sent, officer, monkeypatch):
    monkeypatch.setattr(scans.SCANS, "max_files", 1)
    code = printed(sent)
    take(sent, code, officer)
    with pytest.raises(scans.Refused, match="已上传 1 个"):
        take(sent, code, officer, pdf(3))


def test_a_scan_is_outdated_when_the_list_changes_and_good_again_when_it_says_the_same(
    sent, applications, officer
):
    code = printed(sent)
    take(sent, code, officer)
    for order, is_current in (([1], False), ([0, 1], True)):
        sent.refresh_from_db()
        ranking.recall(sent, version=sent.version, reason="改", actor=officer)
        sent.refresh_from_db()
        assert [scan.is_current for scan in scans.of(sent)] == [False]
        with pytest.raises(StaleState, match="名单现在没有报送"):
            take(sent, code, officer, pdf(3))
        pks = [applications[number].pk for number in order]
        ranking.replace_order(sent, pks, version=sent.version, actor=officer)
        sent = cast.send(applications[0], officer)
        assert [scan.is_current for scan in scans.of(sent)] == [is_current]


def test_only_the_bureau_brings_scans(sent, officer, province, other_officer):
    code = printed(sent)
    with pytest.raises(NotAllowed):
        take(sent, code, province)
    with pytest.raises(StaleState):
        take(sent, code, other_officer)


# Pages


def test_the_province_sees_and_fetches_what_the_bureau_uploads(
    sent, applications, officer, other_officer, province, client
):
    slug = sent.round.slug
    client.force_login(officer)
    upload = {"file": as_upload(pdf(2), "盖章.pdf"), "check_code": printed(sent).lower()}
    url = reverse("review:scan_add", args=[slug])
    assert client.post(url, upload).url == reverse("review:board", args=[slug])
    file = reverse("review:scan", args=[StampedScan.objects.get().pk])
    pages = {
        officer: reverse("review:board", args=[slug]),
        province: reverse("review:ranked_list", args=[sent.pk]),
    }
    for user, page in pages.items():
        client.force_login(user)
        shown = client.get(page).content.decode()
        assert file in shown
        assert "与名单一致" in shown
        response = client.get(file)
        assert b"".join(response.streaming_content) == pdf(2)
        assert response["Content-Disposition"].startswith("attachment")
        assert "default-src 'none'" in response["Content-Security-Policy"]
    for stranger, status in (
        (other_officer, 404),
        (applications[0].enterprise.user_set.get(), 403),
    ):
        client.force_login(stranger)
        assert client.get(file).status_code == status


def test_a_wrong_code_is_shown_where_it_was_typed(sent, officer, client):
    client.force_login(officer)
    upload = {"file": as_upload(pdf(2), "盖章.pdf"), "check_code": "7k3m"}
    page = client.post(reverse("review:scan_add", args=[sent.round.slug]), upload)
    assert page.status_code == 409
    assert page.context["form"]["check_code"].value() == "7k3m"
    assert "没有找到校验码" in page.context["form"].errors["check_code"][0]


def test_a_form_without_a_file_says_what_is_missing(sent, officer, client):
    client.force_login(officer)
    page = client.post(reverse("review:scan_add", args=[sent.round.slug]), {"check_code": "1"})
    assert page.context["form"].errors["file"] == ["请选择扫描件。"]
