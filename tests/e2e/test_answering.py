"""Answering the bureau beside the field, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from applications import commenting
from applications.models import Comment
from applications.states import Status
from tests import cast
from tests.e2e.test_every_page import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def comments(live_server, page: Page) -> list[Comment]:
    """Two requests on the factory of the enterprise that is signed in."""
    cast.load_catalogue()
    enterprise, officer = cast.make_enterprise(1), cast.make_officer()
    round = cast.make_round(cast.make_province())
    application = cast.bring_to(Status.SUBMITTED, round, enterprise, officer)
    revision = application.current_revision_id
    for field in ("project_name", "results"):
        place = ("factory", "", "", field)
        commenting.add(application, place, "wrong", "请改。", revision=revision, actor=officer)
    cast.decide(application, "return_for_changes", officer)
    sign_in(page, enterprise)
    page.goto(f"/applications/{application.pk}/factory/")
    return list(application.comments.all())


def test_what_is_typed_into_the_field_is_saved_by_answering_beside_it(page, comments):
    page.locator("#id_project_name").fill("改过的名称")
    page.locator(".asked").first.get_by_role("button", name="已改").click()
    expect(page.locator(".asked").first).to_contain_text("已答复：已改")
    expect(page.locator("#id_project_name")).to_have_value("改过的名称")
    comments[0].refresh_from_db()
    assert comments[0].answer == Comment.Answer.CHANGED
    assert comments[0].application.factory.project_name == "改过的名称"


def test_the_link_beside_the_field_opens_the_form_for_an_explanation(page, comments):
    page.locator(".asked").first.get_by_role("link", name="写说明").click()
    reply = page.locator(f"#reply-{comments[0].pk}")
    expect(reply).to_be_visible()
    reply.fill("名称与备案一致。")
    page.get_by_role("button", name="仅说明，不修改").first.click()
    expect(page.locator(".asked").first).to_contain_text("已答复：说明")
    comments[0].refresh_from_db()
    assert comments[0].reply == "名称与备案一致。"


def test_a_half_written_explanation_is_not_left_without_asking(page, comments):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    for comment in comments:
        page.locator(f".asked a[href='#reply-{comment.pk}']").click()
    first, second = (page.locator(f"#reply-{comment.pk}") for comment in comments)
    first.press_sequentially("写了一半")
    second.press_sequentially("写完了")
    page.get_by_role("button", name="仅说明，不修改").last.click(no_wait_after=True)
    expect(first).to_have_value("写了一半")
    assert asked == ["beforeunload"]
