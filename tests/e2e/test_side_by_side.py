"""Comparing by keyboard: long texts of one line open together; a candidate is put on a seat."""

import pytest
from playwright.sync_api import Page, expect

from applications import workflow
from applications.models import Application
from review import ranking
from tests import cast
from tests.e2e.test_every_page import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(live_server) -> tuple[list[Application], object]:
    cast.load_catalogue()
    round, officer = cast.make_round(cast.make_province()), cast.make_officer()
    accepted = []
    for number in (1, 2):
        actor = cast.make_enterprise(number)
        application = workflow.start(round, actor=actor)
        cast.complete(application, actor)
        cast.save(application, "factory", {"introduction": f"第{number}条产线。" * 50}, actor)
        workflow.submit(application, cast.declarations(round), actor=actor)
        accepted.append(cast.decide(application, "accept", officer))
    return accepted, officer


def test_two_are_chosen_read_against_each_other_and_one_is_recommended(page: Page, two):
    accepted, officer = two
    sign_in(page, officer)
    page.goto("/review/compare/test/")
    for box in page.get_by_role("checkbox").all():
        box.press("Space")
    page.get_by_role("button", name="比较所选的申报").press("Enter")
    page.locator("#part-factory summary").first.press("Enter")
    for number in (1, 2):
        expect(page.get_by_text(f"第{number}条产线。" * 50, exact=True)).to_be_visible()
    page.get_by_role("button", name="推荐测试企业2有限公司").press("Enter")
    expect(page.get_by_text("已将“测试企业2有限公司”列入推荐名单。")).to_be_visible()
    assert ranking.order_of(ranking.seats_of(cast.list_of(accepted[1]))) == [accepted[1].pk]
