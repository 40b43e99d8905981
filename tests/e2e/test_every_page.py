"""Every page, for the people who use it with a phone, a keyboard or a screen reader."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from applications import attachments, commenting, workflow
from applications.models import Comment
from applications.states import Status
from portal.accounts import team
from portal.accounts.models import User
from portal.rounds.models import Material
from review import ranking
from tests import cast
from tests.files import as_upload, image

pytestmark = pytest.mark.django_db(transaction=True)

DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


@pytest.fixture
def stage(live_server) -> dict[str, object]:
    """One application in each state that has a page of its own, and a list that was sent."""
    cast.load_catalogue()
    province = cast.make_province()
    round = cast.make_round(province)
    cast.make_round(province, published=False, slug="next", title="下一批次")
    officer, other = cast.make_officer(), cast.make_officer(cast.DATONG)
    drafting = cast.make_enterprise(1)
    draft = workflow.start(round, actor=drafting)
    cast.complete(draft, drafting)
    for order, scope in enumerate(Material.Scope.values):
        material = Material.objects.create(round=round, order=order, name="材料", scope=scope)
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
        "key": draft.instances.first().key,
        "filed": filed.pk,
        "returned": returned.pk,
        "comment": returned.comments.first().pk,
        "unsent": remark(filed, officer).pk,
        "returning": returning,
        "list": cast.list_of(sent).pk,
        "token": team.invite("李四", is_signatory=True, actor=drafting)[1],
        "drafting": drafting,
        "filing": filing,
        "officer": officer,
        "province": province,
    }


def remark(application, officer, place=("factory", "", "", "introduction")) -> Comment:
    application = cast.fresh(application)
    revision = application.current_revision_id
    return commenting.add(
        application, place, "missing", "请补充说明。", revision=revision, actor=officer
    )


PAGES = {
    None: [
        "/",
        "/accounts/login/",
        "/accounts/register/",
        "/accounts/join/{token}/",
        "/accounts/join/guessed/",
        "/nowhere/",
    ],
    "drafting": [
        "/applications/",
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
        "/applications/{returned}/",
        "/applications/{returned}/basic/",
        "/applications/{returned}/scenarios/",
        "/applications/{returned}/instances/k1/",
        "/applications/{returned}/comments/{comment}/",
    ],
    "officer": [
        "/review/bureau/",
        "/review/applications/{filed}/",
        "/review/bureau/applications/{filed}/comments/factory/?field=results",
        "/review/bureau/comments/{unsent}/",
        "/review/bureau/test/ranking/",
        "/review/bureau/test/send/",
        "/jobs/",
    ],
    "province": [
        "/review/province/",
        "/review/province/applications/",
        "/review/province/summary/",
        "/review/province/lists/{list}/",
        "/review/province/rounds/",
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
