"""The archive: what was submitted, what could not be read, and what the portal knows of it."""

import io
import json
import zipfile
from functools import partial
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from applications import attachments, workflow
from applications.models import Attachment, Paper, Revision
from applications.states import Status
from portal.accounts.models import Role
from portal.audit.models import Record
from portal.errors import PortalError
from portal.jobs.models import Job
from portal.jobs.tasks import cancel, run
from portal.rounds.models import Material
from review import archive, ranking
from tests import cast, files

pytestmark = pytest.mark.usefixtures("work_off_jobs")  # which registers the kinds of work


@pytest.fixture
def filed(round, officer):
    """One of two recommended, with three files; the other accepted; a third is a draft."""
    material = Material.objects.create(
        version=round.version, order=1, name="证明：材料", accepts="pdf", max_files=3
    )
    enterprise = cast.make_enterprise(1, name="甲／乙重工有限责任公司")
    application = workflow.start(round, actor=enterprise)
    cast.complete(application, enterprise)
    for number, name in enumerate(("执照?.pdf", "con.pdf", "执照?.pdf"), 1):
        upload = SimpleUploadedFile(name, files.pdf(number))
        attachments.take(application, material, upload, actor=enterprise)
    workflow.submit(application, cast.declarations(round), actor=enterprise)
    cast.decide(application, "accept", officer, "同意。")
    ranking.recommend(cast.list_of(application), application, actor=officer)
    cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(2), officer)
    cast.bring_to(Status.DRAFT, round, cast.make_enterprise(3, name="未交企业"), officer)
    return cast.fresh(application)


@pytest.fixture
def made(round, province):
    """Order an archive of a bureau, or of all, and make it."""

    def make(bureau=None) -> Job:
        job = archive.order(round, bureau, actor=province, back="/")
        run(job.pk)
        job.refresh_from_db()
        return job

    return make


def contents(job) -> dict[str, bytes]:
    with job.file.open("rb") as stream, zipfile.ZipFile(stream) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_what_cannot_be_read_is_named_and_keeps_nothing_else_out(filed, made, settings, capsys):
    gone, damaged, whole = filed.attachments.order_by("pk")
    gone.file.storage.delete(gone.file.name)
    Path(damaged.file.path).write_bytes(b"something else")

    job = made(filed.bureau)

    assert job.status == Job.Status.DONE
    assert job.message == "2 个文件未能收入，见包内《失败清单.txt》。"
    found = contents(job)
    folder = f"{filed.bureau.order:02}-{filed.bureau.short_name}/编号{filed.pk}-甲／乙重工"
    assert found[f"{folder}/申报书.pdf"].startswith(b"%PDF")
    assert "同意。" in found[f"{folder}/办理记录.txt"].decode("utf-8-sig")
    files_of_it = {n: content for n, content in found.items() if n.startswith(f"{folder}/附件/")}
    assert files_of_it == {f"{folder}/附件/03-证明：材料-执照_.pdf": files.pdf(3)}
    failures = found["失败清单.txt"].decode("utf-8-sig")
    assert "执照?.pdf" in failures
    assert "con.pdf" in failures
    manifest = json.loads(found["manifest.json"])
    receipts = Revision.objects.order_by("application").values_list("receipt", flat=True)
    assert [each["receipt"] for each in manifest["applications"]] == list(receipts)
    assert "没有推荐汇总表" in manifest["notes"][0]  # its order is the bureau's own affair
    assert "未交企业" in manifest["notes"][1]
    assert Paper.objects.filter(kind=Paper.Kind.BOOK).count() == 2
    assert not list(settings.FILE_UPLOAD_TEMP_DIR.glob("*archive*"))
    # What the portal made, it knows again, and what has changed since as well.
    call_command("verify_archive", job.file.path, against_database=True)
    assert "核对通过" in capsys.readouterr().out
    Revision.objects.filter(pk=filed.current_revision_id).update(sha256="1" * 64)
    Attachment.objects.filter(pk=whole.pk).update(sha256="1" * 64)
    with pytest.raises(CommandError, match="2 处不符"):
        call_command("verify_archive", job.file.path, against_database=True)


def test_the_province_gets_every_unit_with_its_table_and_the_members_by_place(
    filed, made, officer, province, client
):
    cast.send(filed, officer)
    job = made()
    assert (job.status, job.message) == (Job.Status.DONE, "")
    found = contents(job)
    unit = f"{filed.bureau.order:02}-{filed.bureau.short_name}"
    tables = [f"附件1-推荐汇总表（全省）.{format}" for format in ("pdf", "xlsx", "docx")]
    of_unit = [f"{unit}/{name.replace('全省', filed.bureau.short_name)}" for name in tables]
    assert list(found)[:6] == tables + of_unit
    assert f"{unit}/名次01-甲／乙重工/附件/02-证明：材料-con.pdf" in found
    assert f"{unit}/编号{filed.pk + 1}-测试企业2/申报书.pdf" in found
    assert "推荐名次：第 1 名" in found[f"{unit}/名次01-甲／乙重工/办理记录.txt"].decode()

    client.force_login(cast.make_user("colleague", Role.PROVINCE))
    url = reverse("review:archive_file", args=[filed.round.slug, job.pk])
    whole = client.get(url).getvalue()
    assert whole == Path(job.file.path).read_bytes()
    assert client.get(url, headers={"range": "bytes=100-"}).getvalue() == whole[100:]
    fetched = Record.objects.filter(verb=archive.FETCHED)
    assert [record.actor for record in fetched] == ["colleague用户"]
    client.force_login(cast.make_user("auditor", Role.AUDITOR))
    page = client.get(reverse("review:archive"), {"round": filed.round.slug})
    assert job.parameters["seal"] in page.text
    assert "生成归档包" not in page.text
    assert client.get(url).status_code == 403


def test_an_archive_is_stopped_between_two_files_and_leaves_nothing_behind(
    filed, province, settings
):
    job = archive.order(filed.round, None, actor=province, back="/")
    Job.objects.filter(pk=job.pk).update(cancel_asked_at=filed.created_at)
    run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.file.name) == (Job.Status.CANCELLED, "")
    assert not list(settings.FILE_UPLOAD_TEMP_DIR.glob("*archive*"))
    assert not Record.objects.filter(verb=archive.MADE).exists()


def test_an_archive_is_not_begun_twice_nor_without_content_nor_without_room(
    filed, province, officer, datong, monkeypatch
):
    order = partial(archive.order, filed.round, actor=province, back="/")
    with pytest.raises(PortalError, match="还没有提交的申报"):
        order(datong)
    monkeypatch.setattr(archive, "SPARE", 1 << 60)
    with pytest.raises(PortalError, match="磁盘空间不足：归档包约需 .*现只剩"):
        order(None)
    monkeypatch.undo()
    job = order(None)
    with pytest.raises(PortalError, match="正在生成"):
        order(None)
    order(filed.bureau)
    cancel(job)
    order(None)
    with pytest.raises(PortalError, match="只有省厅"):
        archive.order(filed.round, filed.bureau, actor=officer, back="/")


def test_a_removed_archive_frees_its_room_and_its_row_stays(filed, province, client):
    job = Job.objects.create(
        owner=province,
        kind=archive.KIND,
        title="归档包（全省）",
        parameters={"round": filed.round_id, "bureau": None},
        status=Job.Status.DONE,
    )
    job.keep(io.BytesIO(b"PK"), "归档.zip")
    client.force_login(province)
    url = reverse("review:archive_remove", args=[filed.round.slug, job.pk])
    page = client.post(url, follow=True).text
    assert "已删除“归档.zip”" in page
    job.refresh_from_db()
    assert not job.file
    assert Record.objects.filter(verb="archive_remove", target="归档.zip").exists()
