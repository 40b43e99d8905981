"""Every page, for the people who use it with a phone, a keyboard or a screen reader."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from applications import workflow
from applications.states import Status
from portal.accounts.models import User
from review import ranking
from tests import cast

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
    filed = cast.bring_to(Status.SUBMITTED, round, cast.make_enterprise(2), officer)
    seated = cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(3), officer)
    cast.bring_to(Status.ACCEPTED, round, cast.make_enterprise(4), officer)
    ranking.recommend(cast.list_of(seated), seated, actor=officer)
    sent = cast.bring_to(Status.RECOMMENDED, round, cast.make_enterprise(5, cast.DATONG), other)
    return {
        "draft": draft.pk,
        "key": draft.instances.first().key,
        "filed": filed.pk,
        "list": cast.list_of(sent).pk,
        "drafting": drafting,
        "filing": User.objects.get(enterprise=filed.enterprise),
        "officer": officer,
        "province": province,
    }


PAGES = {
    None: ["/", "/accounts/login/", "/accounts/register/", "/nowhere/"],
    "drafting": [
        "/applications/",
        "/applications/{draft}/",
        "/applications/{draft}/basic/",
        "/applications/{draft}/factory/",
        "/applications/{draft}/scenarios/",
        "/applications/{draft}/results/",
        "/applications/{draft}/instances/new/",
        "/applications/{draft}/instances/{key}/",
        "/applications/{draft}/submit/",
        "/accounts/password/",
        "/review/bureau/",
    ],
    "filing": [
        "/applications/{filed}/",
        "/applications/{filed}/basic/",
        "/applications/{filed}/receipt/",
        "/applications/{filed}/revisions/1/",
    ],
    "officer": [
        "/review/bureau/",
        "/review/applications/{filed}/",
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
