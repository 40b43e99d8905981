"""Annex 1 as background work: from the button to the downloaded file."""

from urllib.parse import quote

import pytest
from django.urls import reverse

from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.jobs.models import Job
from portal.jobs.tasks import run
from review import ranking, summary
from tests import cast
from tests.portal.documents.readers import comparable, expected_rows, read_rows


@pytest.fixture
def sent(round, make_accepted, officer, province):
    """The list of one bureau, which the province has received."""
    applications = make_accepted(2)
    for application in applications:
        ranking.recommend(cast.list_of(application), application, actor=officer)
    cast.receive(cast.send(applications[0], officer), province)
    return applications


@pytest.fixture
def order(client, round, work_off_jobs):
    """Press the export button as ``user`` and let the worker do its work."""

    def press(user, **data) -> Job:
        client.force_login(user)
        url = reverse("review:export", args=[round.slug])
        response = client.post(url, {"format": "xlsx", "incomplete": "on", **data})
        job = Job.objects.get(owner=user)
        assert response.url == reverse("jobs:detail", args=[job.pk])
        work_off_jobs()
        job.refresh_from_db()
        return job

    return press


def downloaded(client, job):
    response = client.get(reverse("jobs:file", args=[job.pk]))
    return response, b"".join(response.streaming_content)


@pytest.mark.parametrize("format", Format)
def test_the_province_gets_the_whole_table(sent, round, order, province, client, format):
    job = order(province, format=format.value)
    assert (job.status, job.percent) == (Job.Status.DONE, 100)
    _, content = downloaded(client, job)
    document = summary.build(round).document
    assert read_rows(content, format) == comparable(expected_rows(document), format)


def test_the_province_is_told_which_units_are_not_in(sent, order, province):
    job = order(province)
    assert job.message.startswith("未收入：")
    assert job.message.count("尚未报送") == 11


def test_the_province_gets_one_units_table_when_it_names_it(sent, round, order, province, client):
    job = order(province, bureau=cast.TAIYUAN)
    _, content = downloaded(client, job)
    document = summary.build(round, Bureau.objects.get(code=cast.TAIYUAN)).document
    assert read_rows(content, Format.XLSX) == expected_rows(document)
    assert job.message == ""


def test_the_page_of_a_job_leads_back_and_to_the_other_formats(
    sent, round, order, officer, province, client
):
    found = round.ranked_lists.get(bureau=officer.bureau)
    for user, data, back in (
        (officer, {}, reverse("review:board", args=[round.slug])),
        (province, {"bureau": cast.TAIYUAN}, reverse("review:ranked_list", args=[found.pk])),
    ):
        job = order(user, **data)
        page = client.get(reverse("jobs:detail", args=[job.pk])).content.decode()
        assert f'href="{back}"' in page
        assert f'action="{reverse("review:export", args=[round.slug])}"' in page
        assert f'name="bureau" value="{cast.TAIYUAN}"' in page
        assert 'value="pdf">PDF' in page
        assert 'value="docx">Word' in page
        assert 'value="xlsx"' not in page


def test_an_export_of_the_whole_province_leads_back_to_the_summary(sent, round, order, province):
    assert order(province).parameters["back"] == f"{reverse('review:summary')}?round={round.slug}"


def test_a_bureau_gets_its_own_table_whatever_it_names(
    sent, round, order, other_officer, datong, client
):
    ranking.send(
        round.ranked_lists.get(bureau=datong),
        version=0,
        signatory="签",
        statement="无。",
        actor=other_officer,
    )
    job = order(other_officer, bureau=cast.TAIYUAN)
    assert job.message == f"{other_officer.bureau}：已报送，本批次无推荐项目。"
    _, content = downloaded(client, job)
    assert len(read_rows(content, Format.XLSX)) == 1
    assert "大同" in job.file_name


def test_a_bureau_that_has_not_sent_is_told_why_there_is_no_file(order, other_officer, client):
    job = order(other_officer)
    assert job.status == Job.Status.FAILED
    assert job.message == f"{other_officer.bureau}：尚未报送，不能生成推荐汇总表。"
    assert not job.file
    assert client.get(reverse("jobs:file", args=[job.pk])).status_code == 404
    assert client.get(reverse("jobs:state", args=[job.pk])).json() == {
        "status": "failed",
        "label": "未成功",
        "percent": job.percent,
        "message": job.message,
        "finished": True,
    }


def test_the_file_comes_under_its_chinese_name_and_as_a_download(sent, order, officer, client):
    job = order(officer)
    response, _ = downloaded(client, job)
    name = f"2025年度卓越级智能工厂项目推荐汇总表（{officer.bureau.short_name}）.xlsx"
    assert response["Content-Disposition"] == (f"attachment; filename*=utf-8''{quote(name)}")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]


def test_only_its_owner_fetches_a_file_or_watches_the_job(
    sent, order, officer, other_officer, province, client
):
    job = order(officer)
    strangers = [other_officer, province, sent[0].enterprise.user_set.get()]
    colleague = cast.make_user("colleague", officer.role, bureau=officer.bureau)
    for user in [*strangers, colleague]:
        client.force_login(user)
        for name in ("detail", "state", "file"):
            assert client.get(reverse(f"jobs:{name}", args=[job.pk])).status_code == 404


def test_the_stored_file_carries_no_name_of_a_person_or_unit(sent, order, officer):
    job = order(officer)
    assert job.file.name.endswith(f"/{job.pk}.xlsx")


def test_a_second_worker_finds_the_work_done(sent, order, officer):
    job = order(officer)
    before = Job.objects.values().get(pk=job.pk)
    run(job.pk)
    assert Job.objects.values().get(pk=job.pk) == before


def test_work_done_again_after_its_worker_died_ends_with_one_whole_file(
    sent, order, officer, client, settings
):
    job = order(officer)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED)
    run(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.DONE
    _, content = downloaded(client, job)
    assert len(read_rows(content, Format.XLSX)) == 3


@pytest.mark.parametrize(
    "data",
    [
        *({"format": format} for format in ("", "exe", "PDF", "\x00")),
        *({"format": "pdf", "bureau": code} for code in ("999999", "太原", "\x00")),
    ],
)
def test_an_unknown_format_or_unit_is_not_found(round, province, client, data):
    client.force_login(province)
    response = client.post(reverse("review:export", args=[round.slug]), data)
    assert response.status_code == 404
    assert not Job.objects.exists()
