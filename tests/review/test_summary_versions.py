"""Versions of Annex 1: one a content, numbered once, comparable, everybody's of the office."""

import re
from urllib.parse import quote

import pytest
from django.urls import reverse

from portal.accounts.models import Role
from portal.audit.models import Record
from portal.documents import Format
from review import ranking, summary, summary_versions
from review.models import SummaryVersion
from tests import cast
from tests.portal.documents.readers import comparable, expected_rows, read_rows


@pytest.fixture
def sent(round, make_accepted, officer):
    """Two of Taiyuan, on a list that was sent."""
    applications = make_accepted(2)
    for application in applications:
        ranking.recommend(cast.list_of(application), application, actor=officer)
    return cast.send(applications[0], officer)


@pytest.fixture
def received(sent, province):
    cast.receive(sent, province)
    return sent


@pytest.fixture
def export(client, round, province, work_off_jobs):
    """Press a button of the summary page and let the worker do its work; the latest version."""

    def press(user=province, format="xlsx", **data) -> SummaryVersion:
        client.force_login(user)
        data = {"format": format, "incomplete": "on", **data}
        client.post(reverse("review:export", args=[round.slug]), data)
        work_off_jobs()
        return SummaryVersion.objects.filter(bureau=None).first()

    return press


def page(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_same_content_is_one_version_whoever_exports_it_in_whatever_format(
    received, export, province
):
    colleague = cast.make_user("colleague", Role.PROVINCE)
    first = export()
    assert export(colleague, "docx") == first
    assert (first.number, first.made_by, first.includes_sent) == (1, province, False)
    assert [*summary_versions.files_of(first)] == [Format.XLSX, Format.DOCX]
    [unit] = first.rows
    assert (unit["bureau"], unit["is_received"]) == (cast.TAIYUAN, True)
    assert [row[:2] for row in unit["rows"]] == [
        ["1", "测试企业1有限公司"],
        ["2", "测试企业2有限公司"],
    ]


def test_a_version_has_the_hash_that_is_printed_and_marked_units_make_another(round, sent, export):
    empty, marked = export(), export(include_sent="on")
    assert [empty.number, marked.number] == [1, 2]
    assert marked.sha256 == summary.build(round, include_sent=True).document.revision
    assert [unit["is_received"] for unit in marked.rows] == [False]
    assert marked.includes_sent
    made = Record.objects.filter(verb="summary_version").order_by("pk")
    assert [record.target_id for record in made] == [str(empty.pk), str(marked.pk)]


def test_a_single_unit_has_numbers_of_its_own_and_a_bureaus_own_export_has_none(
    received, export, officer
):
    export()
    export(bureau=cast.TAIYUAN)
    export(officer)
    found = SummaryVersion.objects.values_list("bureau__code", "number").order_by("pk")
    assert list(found) == [(None, 1), (cast.TAIYUAN, 1)]


def test_an_incomplete_table_is_exported_only_after_a_tick(received, round, province, client):
    client.force_login(province)
    url = reverse("review:export", args=[round.slug])
    response = client.post(url, {"format": "pdf", "include_sent": "on"}, follow=True)
    assert "没有导出：汇总表还缺 11 个单位" in page(response)
    assert response.context["include_sent"]
    assert not province.jobs.exists()


def test_the_page_says_what_is_missing_before_anything_is_exported(sent, client, province):
    client.force_login(province)
    for asked, missing in ({}, 12), ({"sent": "1"}, 11):
        response = client.get(reverse("review:summary"), asked)
        assert f"以下 {missing} 个单位未收入" in page(response)
        assert ("（未受理）</th>" in page(response)) == bool(asked)


def test_a_colleague_takes_the_file_and_that_is_noted_but_others_do_not(
    received, round, export, client, officer
):
    version = export()
    colleague = cast.make_user("colleague", Role.PROVINCE)
    url = reverse("review:summary_version_file", args=[version.pk, "xlsx"])
    client.force_login(colleague)
    part = client.get(url, headers={"range": "bytes=0-"})
    assert part.status_code == 206 and Record.objects.filter(verb="summary_fetch").exists()
    response = client.get(url)
    document = summary.build(round).document
    rows = read_rows(b"".join(response.streaming_content), Format.XLSX)
    assert rows == comparable(expected_rows(document), Format.XLSX)
    assert quote(f"{document.title}.xlsx") in response["Content-Disposition"]
    assert Record.objects.get(verb="summary_fetch").actor_id == colleague.pk
    for format in ("pdf", "exe"):
        address = reverse("review:summary_version_file", args=[version.pk, format])
        assert client.get(address).status_code == 404
    for stranger in (officer, cast.make_user("auditor", Role.AUDITOR)):
        client.force_login(stranger)
        assert client.get(url).status_code == 403


def test_two_versions_are_compared_row_by_row_and_cell_by_cell(
    received, round, export, make_accepted, datong, other_officer, province, client
):
    old = export()
    changed = old.rows[0]["rows"]
    third = cast.bring_to("accepted", round, cast.make_enterprise(9, cast.DATONG), other_officer)
    ranking.recommend(cast.list_of(third), third, actor=other_officer)
    cast.receive(cast.send(third, other_officer), province)
    new = export()
    # As if the first had been left out, and the second had changed its name and its contact.
    unit = new.rows[0]
    [left] = [row for row in changed if row[0] == "2"]
    unit["rows"] = [["1", "改名有限公司", *left[2:5], "13900000000"]]
    unit["applications"] = unit["applications"][1:]
    new.notes = [*new.notes, "3.新注。"]
    difference = summary_versions.compare(old, new)
    taiyuan, other = difference.units
    assert other.name == datong.name
    assert [(row.old_place, row.new_place) for row in other.rows] == [(None, "1")]
    moved, gone = taiyuan.rows
    assert (moved.old_place, moved.new_place, moved.is_moved) == ("2", "1", True)
    assert [(cell.label, cell.old, cell.new) for cell in moved.cells] == [
        ("申报单位名称", "测试企业2有限公司", "改名有限公司"),
        ("联系方式（手机号）", "19912345678", "13900000000"),
    ]
    assert (gone.name, gone.old_place, gone.new_place) == ("测试企业1有限公司", "1", None)
    assert (difference.added_notes, difference.removed_notes) == (("3.新注。",), ())
    assert summary_versions.compare(old, old).is_none

    new.save()
    client.force_login(province)
    shown = page(client.get(reverse("review:summary_version", args=[new.pk])))
    for said in ("第 2 项 → 第 1 项", "新增 第 1 项", "去掉 原第 1 项", "<del>19912345678</del>"):
        assert said in shown
    back = client.get(reverse("review:summary_version", args=[old.pk]), {"since": "2"})
    assert "新增 第 1 项" in page(back)


def test_a_list_that_is_received_in_between_is_said_to_be(sent, export, province):
    old = export(include_sent="on")
    cast.receive(sent, province)
    [unit] = summary_versions.compare(old, export()).units
    assert (unit.mark, unit.rows) == ("未受理 → 已受理", ())


def test_the_versions_page_says_which_is_that_of_the_present(sent, export, client, province):
    export(include_sent="on")
    cast.receive(sent, province)
    export()
    shown = page(client.get(reverse("review:summary_versions")))
    assert shown.count("与现在一致") == 1
    assert shown.index("与现在一致") < shown.index("含未受理名单")
