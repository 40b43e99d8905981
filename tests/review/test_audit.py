"""What goes on the audit trail, and the page on which it is searched."""

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from applications import attachments, commenting, workflow
from applications.models import Application
from portal.accounts.models import Role
from portal.audit import append_only, trail
from portal.audit.models import Record
from portal.jobs.models import Job
from portal.messaging.models import Message
from portal.rounds.models import Material
from review import auditing, ranking, visits
from review.tasks import LIST
from tests import cast
from tests.files import as_upload, image

AUDIT = reverse("review:audit")


@pytest.fixture
def owner(catalogue, db):
    return cast.make_enterprise(1)


def done_with(row) -> list[str]:
    """What was done with an object, in order."""
    found = Record.objects.filter(target_type=row._meta.model_name, target_id=row.pk)
    return list(found.order_by("pk").values_list("act", flat=True))


# What is noted


def test_every_act_on_an_application_and_its_list_is_noted_once(round, officer, owner, province):
    application = workflow.start(round, actor=owner)
    material = Material.objects.create(version=round.version, order=1, name="现场照片")
    attachment, _ = attachments.take(
        application, material, as_upload(image(), "图.png"), actor=owner
    )
    attachments.remove(attachment, actor=owner)
    attachments.restore(attachment, actor=owner)
    cast.complete(application, owner)
    workflow.submit(application, cast.declarations(round), actor=owner)
    cast.no_interest(application, officer)
    fresh = cast.fresh(application)
    place, revision = ("factory", "", "", "results"), fresh.current_revision_id
    comment = commenting.add(fresh, place, "wrong", "请改。", revision=revision, actor=officer)
    cast.decide(application, "return_for_changes", officer)
    commenting.answer(comment, "explained", "已说明。", seen=None, actor=owner)
    workflow.submit(cast.fresh(application), cast.declarations(round), actor=owner)
    fresh = cast.fresh(application)
    comment = fresh.comments.get()
    commenting.close(comment, revision=fresh.current_revision_id, actor=officer)
    said = {"visited_on": timezone.localdate(), "people": "张三", "findings": "运行正常。"}
    visits.record(fresh, said, actor=officer)
    cast.decide(application, "accept", officer)
    ranking.recommend(cast.list_of(application), cast.fresh(application), actor=officer)
    sent = cast.send(application, officer)
    ranking.receive(sent, version=sent.version, actor=province)
    acts = done_with(application)
    assert [act for act in acts if act != "声明利害关系"] == [
        "开始填报",
        "上传附件",
        "移除附件",
        "恢复附件",
        "提交",
        "提审核意见",
        "退回修改",
        "答复审核意见",
        "重新提交",
        "关闭审核意见",
        "记录现场核查",
        "审核通过",
        "推荐",
    ]
    assert done_with(sent) == ["调整推荐名单", "报送推荐名单", "受理推荐名单"]
    last = Record.objects.first()
    assert last.detail == f"第 1 名 {owner.enterprise}"
    assert (last.actor, last.unit, last.role) == (province.name, "省厅", "省厅")
    assert done_with(round) == ["发布批次", "建立推荐单位名额"]
    texts = str(list(Record.objects.values()))
    assert not re.search("请改|已说明|运行正常|1[3-9][0-9]{9}", texts), "no words, no phones"


def test_saving_answers_is_not_noted(round, owner, client):
    application = workflow.start(round, actor=owner)
    before = Record.objects.count()
    cast.complete(application, owner)
    assert Record.objects.count() == before


def test_looking_is_noted_once_an_hour_and_a_download_by_itself(
    round, officer, owner, client, time_machine
):
    application = workflow.start(round, actor=owner)
    material = Material.objects.create(version=round.version, order=1, name="现场照片")
    upload = as_upload(image(), "图.png")
    attachment, _ = attachments.take(application, material, upload, actor=owner)
    cast.complete(application, owner)
    workflow.submit(application, cast.declarations(round), actor=owner)
    cast.no_interest(application, officer)
    before = len(done_with(application))
    client.force_login(officer)

    def look() -> list[str]:
        for name, *arguments in (
            ("review:reader", application.pk),
            ("review:checklist", application.pk),
            ("applications:thumbnail", attachment.pk),
            ("applications:file_view", attachment.pk),
            ("applications:file_page", attachment.pk, 1),
            ("applications:file", attachment.pk),
        ):
            response = client.get(reverse(name, args=arguments))
            assert response.status_code == 200
            b"".join(response)
        b"".join(client.get(reverse("applications:file", args=[attachment.pk]), {"download": ""}))
        return done_with(application)[before:]

    once = ["查阅申报", "查看附件", "下载附件"]
    assert look() == look() == once
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    assert look() == once * 2
    seen = Record.objects.filter(verb="view_file").first()
    assert (seen.target, seen.detail) == (
        f"{owner.enterprise}：图.png",
        f"SHA-256 {attachment.sha256}",
    )


def test_ordering_a_file_and_fetching_it_are_noted(round, province, client, work_off_jobs):
    client.force_login(province)
    client.post(reverse("review:export_list", args=[round.slug]))
    work_off_jobs()
    job = Job.objects.get(kind=LIST)
    for _ in range(2):
        b"".join(client.get(reverse("jobs:file", args=[job.pk])))
    assert done_with(job) == ["发起任务", "下载文件"]


def test_the_back_office_is_noted_by_field_and_never_with_contents(province, owner, client):
    client.force_login(province)
    enterprise = owner.enterprise
    url = reverse("admin:accounts_enterprise_change", args=[enterprise.pk])
    data = {"name": "改名有限公司", "bureau": enterprise.bureau_id}
    assert client.post(url, data).status_code == 302
    client.post(reverse("admin:accounts_enterprise_export"))
    records = Record.objects.filter(verb__startswith="admin").order_by("pk")
    assert list(records.values_list("act", "target", "detail")) == [
        ("后台修改企业", "改名有限公司", "已修改企业名称。"),
        ("导出企业", "", ""),
    ]


# The page


@pytest.fixture
def records(db, province) -> list[Record]:
    """Three of different people, days and objects, sealed."""
    people = [cast.make_user(name, Role.PROVINCE) for name in ("zhang", "li", "wang")]
    rows = [
        trail.record("test", act, actor=person, named=named, detail=detail)
        for person, act, named, detail in zip(
            people,
            ("查阅申报", "下载文件", "退回"),
            ("甲企业", "乙企业", "甲企业"),
            ("", "SHA-256 abc", ""),
            strict=True,
        )
    ]
    append_only.lift(connection)
    for row, day in zip(
        rows, ("2026-11-19T16:00", "2026-11-20T15:59:59", "2026-11-20T16:00"), strict=True
    ):
        Record.objects.filter(pk=row.pk).update(at=f"{day}Z")
    append_only.install(connection)
    return rows


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"actor": "zhang"}, [0]),
        ({"unit": "省"}, [2, 1, 0]),
        ({"act": "退"}, [2]),
        ({"target": "甲"}, [2, 0]),
        ({"q": "abc"}, [1]),
        ({"since": "2026-11-20", "until": "2026年11月20日"}, [1, 0]),
        ({"since": "2026-11-21"}, [2]),
        ({"target": "甲", "until": "2026-11-20"}, [0]),
    ],
)
def test_it_is_searched_by_person_unit_act_object_day_and_words(
    client, province, records, asked, found
):
    client.force_login(province)
    rows = client.get(AUDIT, asked).context["rows"]
    numbers = {row.pk: number for number, row in enumerate(records)}
    assert [numbers[row.pk] for row in rows if row.pk in numbers] == found


def test_a_mistake_in_the_search_is_said_and_what_was_typed_stays(client, province, records):
    client.force_login(province)
    page = client.get(AUDIT, {"since": "2026-13-01", "actor": "zhang"}).text
    assert "日期请写成" in page
    assert 'value="zhang"' in page and 'value="2026-13-01"' in page
    page = client.get(AUDIT, {"since": "0001-01-01", "until": "9999-12-31"}).text
    assert page.count("日期的年份请填") == 2
    page = client.get(AUDIT, {"since": "2026-11-21", "until": "2026-11-20"}).text
    assert "截止日期早于起始日期" in page


def test_its_pages_follow_one_another_and_the_file_holds_them_all(client, province, settings):
    for number in range(45):
        trail.record("test", f"第 {number} 次", actor=None, detail="=1+1")
    client.force_login(cast.make_user("auditor", Role.AUDITOR))
    seen, asked = [], {"act": "次"}
    while True:
        page = client.get(AUDIT, asked)
        seen += [row.act for row in page.context["rows"]]
        if not page.context["more"]:
            break
        asked["before"] = page.context["more"]
    assert seen == [f"第 {number} 次" for number in reversed(range(45))]
    file = client.get(reverse("review:audit_file"), {"act": "次"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(file.streaming_content))).active
    acts = [value for row in sheet.values for value in row if str(value).endswith("次")]
    assert acts == seen
    assert Record.objects.first().act == "导出审计记录"


def test_a_file_that_is_cut_short_says_so(province, monkeypatch):
    monkeypatch.setattr(auditing, "MOST_IN_A_FILE", 2)
    for number in range(3):
        trail.record("test", f"第 {number} 次", actor=None)

    def lines(**asked: str) -> list[str]:
        file = io.BytesIO()
        auditing.Query(**asked).write(province, file)
        return [str(row[0]) for row in openpyxl.load_workbook(file).active.values]

    assert lines(act="次")[3:] == [auditing.CUT_SHORT]
    assert auditing.CUT_SHORT not in lines(act="次", q="第 1")


def test_from_an_application_one_comes_to_what_was_done_with_it(client, round, province, owner):
    application = cast.file_application(round, owner)
    cast.file_application(round, cast.make_enterprise(2))
    client.force_login(province)
    reader = client.get(reverse("review:reader", args=[application.pk])).text
    [link] = re.findall(r'href="([^"]*/audit/[^"]+)"', reader)
    rows = client.get(link.replace("&amp;", "&")).context["rows"]
    assert {row.target for row in rows} == {str(Application.objects.get(pk=application.pk))}
    assert len(rows) == 3


def test_the_province_has_it_verified_and_is_told_what_is_wrong(
    client, province, records, work_off_jobs
):
    trail.seal()
    client.force_login(province)
    job = client.post(reverse("review:audit_verify"), follow=True).context["job"]
    work_off_jobs()
    page = client.get(AUDIT).text
    assert "没有发现异常" in page
    assert not Message.objects.exists()
    append_only.lift(connection)
    Record.objects.filter(pk=records[0].pk).update(act="别的")
    client.post(reverse("review:audit_verify"))
    work_off_jobs()
    page = client.get(AUDIT).text
    assert "发现 1 处异常" in page
    assert f"编号 {records[0].pk}：" in page
    assert Message.objects.get(recipient=province).title == "审计记录验证发现异常"
    assert Record.objects.unsealed().count() == 0
    assert Job.objects.get(pk=job.pk).status == Job.Status.DONE
