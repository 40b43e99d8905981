"""Every page, for the people who use it with a phone, a keyboard or a screen reader."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page

from applications import attachments, commenting, workflow
from applications.models import Comment, Paper
from applications.states import Status
from portal.accounts import team
from portal.accounts.models import Role, User
from portal.rounds.models import Deadline, Material
from review import announcing, checklist, extensions, objections, ranking, visits
from review.models import Announcement, ColumnSet, SiteVisit, StampedScan, SummaryVersion
from review.views.public import receipts
from tests import cast
from tests.files import as_upload, image

pytestmark = pytest.mark.django_db(transaction=True)

FORMER = "7K3M-9QXD"
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


@pytest.fixture
def stage(live_server) -> dict[str, object]:
    """One application in each state that has a page of its own, and a list that was sent."""
    cast.load_catalogue()
    province = cast.make_province()
    second = cast.make_user("province2", Role.PROVINCE)
    round = cast.make_round(province, exempt_rule="上年度已通过预评审的项目。")
    cast.make_round(province, published=False, slug="next", title="下一批次")
    officer, other = cast.make_officer(), cast.make_officer(cast.DATONG)
    drafting = cast.make_enterprise(1)
    draft = workflow.start(round, actor=drafting)
    cast.complete(draft, drafting)
    for order, scope in enumerate(Material.Scope.values):
        material = Material.objects.create(
            version=round.version, order=order, name="材料", scope=scope
        )
        key = {"instances": "k1", "indicator_values": "1"}.get(scope, "")
        attachments.take(draft, material, as_upload(image(), "图.png"), actor=drafting, key=key)
    filing = cast.make_enterprise(2)
    filed = cast.bring_to(Status.SUBMITTED, round, filing, officer)
    remark(filed, officer)
    filed = cast.decide(filed, "return_for_changes", officer, "请补充。")
    commenting.answer(
        filed.comments.get(), "explained", "已在简介中说明。", seen=None, actor=filing
    )
    changes = {"project_name": "改名", "introduction": "项目简介。" * 20, "results": "另写。"}
    cast.save(filed, "factory", changes, filing)
    workflow.submit(cast.fresh(filed), cast.declarations(round), actor=filing)
    returning = cast.make_enterprise(6)
    returned = cast.bring_to(Status.SUBMITTED, round, returning, officer)
    for place in (
        ("basic", "finance_years", "2024", "revenue"),
        ("basic", "", "", ""),
        ("basic", "", "", "is_branch"),
        ("scenarios", "instances", "k1", "content"),
    ):
        remark(returned, officer, place)
    cast.decide(returned, "return_for_changes", officer)
    seated = cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(3), officer)
    cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(4), officer)
    ranking.recommend(cast.list_of(seated), seated, actor=officer)
    sent = cast.bring_to(Status.RECOMMENDED, round, cast.make_enterprise(5, cast.DATONG), other)
    former_paper(cast.list_of(sent))
    visit = inspect_site(filed, officer)
    announced = announce(cast.list_of(sent), province)
    objection = announced.objections.get()
    for bureau in (None, other.bureau):
        longer = round.bureau_deadline + timedelta(days=bool(bureau))
        asked = extensions.ask(
            round, Deadline.ENTERPRISE, longer, "系统故障。", bureau=bureau, actor=province
        )
    extensions.confirm(asked, actor=second)
    later = cast.make_round(province, slug="later", title="再下一批次")
    asking = cast.make_round(
        province, slug="asking", title="须确认的批次", confirmation_text="本人确认内容真实。"
    )
    unsigned = workflow.start(asking, actor=drafting)
    cast.complete(unsigned, drafting)
    return {
        "unsigned": unsigned.pk,
        "untouched": workflow.start(later, actor=filing).pk,
        "draft": draft.pk,
        "file": draft.attachments.first().pk,
        "key": draft.instances.first().key,
        "filed": filed.pk,
        "returned": returned.pk,
        "comment": returned.comments.first().pk,
        "answered": filed.comments.sent().get().pk,
        "unsent": remark(filed, officer).pk,
        "returning": returning,
        "list": cast.list_of(sent).pk,
        "version": summary_version(round, province).pk,
        "columns": ColumnSet.objects.create(
            owner=province, name="联系表", columns=["enterprise", "basic.contact_name"]
        ).pk,
        "token": team.invite("李四", is_signatory=True, actor=drafting)[1],
        "drafting": drafting,
        "filing": filing,
        "officer": officer,
        "other": other,
        "newcomer": cast.make_user("newcomer", Role.BUREAU, bureau=officer.bureau),
        "visit": visit.pk,
        "announcement": announced.pk,
        "objection": objection.pk,
        "receipt": receipts.sign(objection.number),
        "province": province,
    }


def remark(application, officer, place=("factory", "", "", "introduction")) -> Comment:
    application = cast.fresh(application)
    revision = application.current_revision_id
    return commenting.add(
        application, place, "missing", "请补充说明。", revision=revision, actor=officer
    )


def inspect_site(application, officer) -> SiteVisit:
    """A visit with a photo; marks of one's own on either revision, and a colleague's beside it."""
    said = {"visited_on": timezone.localdate(), "people": "张三", "findings": "运行正常。"}
    visit = visits.record(application, said, actor=officer)
    visits.add_photo(visit, as_upload(image(), "图.png"), actor=officer)
    colleague = cast.make_user("colleague", Role.BUREAU, bureau=officer.bureau)
    cast.no_interest(application, colleague)
    conditions = application.version.conditions
    marks = (officer, 1, "met"), (officer, 2, "met"), (colleague, 2, "unmet")
    for actor, number, verdict in marks:
        said = checklist.Said(conditions[number], verdict, "说明。")
        revision = application.revisions.get(number=number)
        checklist.mark(application, [said], revision=revision.pk, actor=actor)
    return visit


def announce(ranked_list, province) -> Announcement:
    """Receive a list and announce it, with an objection to it."""
    ranking.receive(ranked_list, version=ranked_list.version, actor=province)
    round = ranked_list.round
    values = announcing.suggested(round) | {"opens_on": timezone.localdate(), "contact": "处室"}
    announcement = Announcement(round=round, **values)
    rows = announcing.candidates(round)
    announcing.keep(announcement, [row["application"] for row in rows], actor=province)
    seen = announcing.fingerprint(announcement)
    announcing.publish(announcement, seen=seen, actor=province)
    said = {"enterprise": rows[0]["enterprise"], "name": "王五", "mobile": "19900000009"}
    objections.file(announcement, said | {"text": "与事实不符。"}, address="")
    return announcement


def summary_version(round, province) -> SummaryVersion:
    """The later of two, which has a row more and says something else in another."""
    unit = {"bureau": cast.DATONG, "name": "大同市工业和信息化局", "is_received": False}
    row = ["1", "某企业", "某智能工厂", "1. 环节—场景—实例", "张三", "19900000000"]
    contents = (
        {**unit, "applications": [1], "rows": [row]},
        {**unit, "applications": [2, 1], "rows": [row, ["2", "改名企业", *row[2:]]]},
    )
    common = {"round": round, "sha256": "0" * 64, "made_by": province}
    *_, latest = (
        SummaryVersion.objects.create(number=number, rows=[content], **common)
        for number, content in enumerate(contents, 1)
    )
    return latest


def former_paper(ranked_list) -> None:
    """What was printed of a list before it changed; stamped and uploaded, too."""
    row = ["", "1", "曾用名有限公司", "某智能工厂", "1. 环节—场景—实例", "张三", "19900000000"]
    Paper.objects.create(
        check_code=FORMER,
        digest="0" * 64,
        kind=Paper.Kind.SUMMARY,
        round=ranked_list.round,
        bureau=ranked_list.bureau,
        content=[row],
        pages=2,
        made_at=timezone.now(),
    )
    StampedScan.objects.create(
        ranked_list=ranked_list,
        check_code=FORMER,
        name="盖章件.pdf",
        file="scan",
        content_type="application/pdf",
        size=5,
        sha256="0" * 64,
        uploaded_by=User.objects.get(bureau=ranked_list.bureau),
    )


PAGES = {
    None: [
        "/",
        "/notice/",
        "/notice/test/",
        "/scenarios/?q=sc",
        "/assessment/?maturity_level=2&areas=生产作业",
        "/announcements/",
        "/announcements/{announcement}/",
        "/announcements/{announcement}/object/",
        "/objections/{receipt}/",
        "/accounts/login/",
        "/accounts/register/",
        "/accounts/join/{token}/",
        "/accounts/join/guessed/",
        "/verify/",
        f"/verify/{FORMER}/",
        "/verify/nothing/",
        "/nowhere/",
    ],
    "drafting": [
        "/applications/",
        "/applications/assessment/?use=",
        "/applications/{draft}/",
        "/applications/{draft}/basic/",
        "/applications/{draft}/factory/",
        "/applications/{draft}/scenarios/",
        "/applications/{draft}/results/",
        "/applications/{draft}/instances/new/",
        "/applications/{draft}/instances/paste/",
        "/applications/{draft}/indicator_values/paste/?start=after",
        "/applications/{draft}/instances/{key}/",
        "/applications/{draft}/attachments/",
        "/applications/{draft}/submit/",
        "/applications/{unsigned}/submit/",
        "/applications/{unsigned}/confirm/",
        "/applications/{draft}/read/",
        "/applications/files/{file}/view/",
        "/accounts/team/",
        "/accounts/password/",
        "/review/bureau/",
    ],
    "filing": [
        "/applications/{filed}/",
        "/applications/{filed}/basic/",
        "/applications/{filed}/receipt/",
        "/applications/{filed}/revisions/",
        "/applications/{filed}/revisions/1/",
        "/applications/{filed}/revisions/1/receipt/",
        "/applications/{filed}/revisions/2/changes/",
        "/applications/{filed}/revisions/2/changes/?all=1",
        "/applications/{filed}/reentry/",
        "/applications/{untouched}/",
        "/applications/{untouched}/carry/",
        "/jobs/",
    ],
    "returning": [
        "/messages/",
        "/applications/{returned}/",
        "/applications/{returned}/basic/",
        "/applications/{returned}/scenarios/",
        "/applications/{returned}/instances/k1/",
        "/applications/{returned}/comments/{comment}/",
    ],
    "officer": [
        "/review/bureau/",
        "/review/applications/{filed}/",
        "/review/applications/{filed}/revisions/2/changes/",
        "/review/applications/{filed}/interest/",
        "/review/applications/{filed}/checklist/",
        "/review/applications/{filed}/visits/",
        "/review/bureau/applications/{filed}/visits/",
        "/review/bureau/visits/{visit}/",
        "/review/applications/{filed}/similarity/",
        "/review/bureau/applications/{filed}/comments/factory/?field=results",
        "/review/bureau/applications/{filed}/comments/{unsent}/",
        "/review/bureau/applications/{filed}/comments/{answered}/reopen/",
        "/review/bureau/test/ranking/",
        "/review/compare/test/",
        "/review/compare/test/?a={filed}&a={returned}",
        "/review/bureau/test/send/",
        "/jobs/",
    ],
    "newcomer": ["/review/applications/{filed}/interest/"],
    "other": [
        "/review/bureau/test/ranking/",
        "/review/bureau/test/recall/",
        "/review/bureau/test/scan/",
        f"/verify/{FORMER}/",
    ],
    "province": [
        "/review/province/",
        "/review/province/forecast/",
        "/review/province/test/reminders/",
        "/review/applications/{filed}/interest/",
        "/review/applications/{filed}/checklist/",
        "/review/province/applications/",
        "/review/compare/test/?a={filed}&a={returned}",
        "/review/province/summary/?sent=1",
        "/review/province/summary/versions/",
        "/review/province/summary/versions/{version}/",
        "/review/province/ledger/?set={columns}",
        "/review/province/archive/",
        "/review/province/clients/",
        "/review/province/audit/",
        "/review/province/extensions/",
        "/review/province/applications/{filed}/transfer/",
        "/accounts/officers/",
        "/review/province/lists/{list}/",
        "/review/province/announcements/",
        "/review/province/announcements/new/?round=test",
        "/review/province/announcements/{announcement}/",
        "/review/province/objections/{objection}/",
        "/review/province/rounds/",
        "/review/province/rounds/new/?source=test",
        "/review/province/rounds/next/",
        "/review/province/rounds/next/edit/",
        "/review/province/rounds/next/rules/",
        "/review/province/rounds/next/fields/",
        "/review/province/rounds/next/differences/",
        "/review/province/rounds/next/trial/",
        "/review/province/editions/",
        "/review/province/editions/scenarios/import/",
    ],
}


def sign_in(page: Page, user: User) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("登录名").fill(user.username)
    page.get_by_label("密码").fill(cast.PASSWORD)
    page.locator("main").get_by_role("button", name="登录").click()
    page.wait_for_load_state()


@pytest.mark.parametrize("role", PAGES)
def test_every_page_is_accessible_and_fits_a_phone(role, page, stage):
    if role:
        sign_in(page, stage[role])
    complaints = []
    for pattern in PAGES[role]:
        url = pattern.format(**stage)
        page.set_viewport_size(DESK)
        page.goto(url)
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"][:120] for node in violation["nodes"]]
            complaints.append((url, violation["id"], nodes))
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            complaints.append((url, "wider than a phone", width))
    assert complaints == []
