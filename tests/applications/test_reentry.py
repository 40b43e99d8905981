"""国家平台录入清单: everything in the order of Annex 3, ticked as it is entered there."""

import pytest
from django.urls import reverse

from applications import reentry
from applications.models import Reentry
from tests import cast


@pytest.fixture
def place(submitted):
    return reverse("applications:reentry", args=[submitted.pk])


def blocks_of(application):
    return list(reentry.blocks(application.current_revision.data))


def test_every_filled_answer_of_the_revision_is_there_once(submitted):
    items = [item for block in blocks_of(submitted) for item in block.items]
    texts = {
        (field["label"], field["text"])
        for section in submitted.current_revision.data["sections"]
        for part in (section, *(row for g in section["groups"] for row in g["rows"]))
        for field in part["fields"]
        if field["text"]
    }
    assert {(item.label, item.text) for item in items} == texts
    assert len({item.place for item in items}) == len(items)


def test_the_sections_come_in_the_order_of_annex_3(submitted):
    titles = [block.title for block in blocks_of(submitted) if block.level == 2]
    assert [title[0] for title in titles] == list("一二三四")


def test_the_length_counts_characters(submitted):
    [item] = [i for b in blocks_of(submitted) for i in b.items if i.label == "法定代表人"]
    assert (item.text, item.length) == ("王䶮", 2)


def test_ticking_a_block_leaves_the_others_alone(browser, submitted, place):
    first, second = blocks_of(submitted)[:2]
    browser.post(place, {"block": second.anchor, "place": [second.items[0].place]})
    browser.post(place, {"block": first.anchor, "place": [i.place for i in first.items]})
    browser.post(place, {"block": first.anchor, "place": [first.items[0].place]})
    ticked = set(Reentry.objects.values_list("place", flat=True))
    assert ticked == {first.items[0].place, second.items[0].place}


def test_a_place_of_another_block_is_not_ticked(browser, submitted, place):
    first, second = blocks_of(submitted)[:2]
    browser.post(place, {"block": first.anchor, "place": [second.items[0].place, "x/y/z/w"]})
    assert not Reentry.objects.exists()


def test_who_ticked_it_stays_on_it(submitted, enterprise):
    colleague = cast.make_user("colleague", enterprise.role, enterprise=enterprise.enterprise)
    items = blocks_of(submitted)[0].items
    reentry.tick(submitted, items, {items[0].place}, actor=enterprise)
    reentry.tick(submitted, items, {items[0].place, items[1].place}, actor=colleague)
    by = dict(Reentry.objects.values_list("place", "by"))
    assert by == {items[0].place: enterprise.pk, items[1].place: colleague.pk}


def test_an_answer_changed_since_asks_to_be_entered_again(
    browser, submitted, officer, enterprise, place
):
    [items] = [block.items for block in blocks_of(submitted) if block.anchor == "factory"]
    reentry.tick(submitted, items, {items[0].place}, actor=enterprise)
    assert "请重新录入" not in browser.get(place).content.decode()
    returned = cast.decide(submitted, "return_for_changes", officer, "请改。")
    cast.save(returned, "factory", {"project_name": "改过的名称"}, enterprise)
    cast.workflow.submit(cast.fresh(returned), cast.declarations(returned.round), actor=enterprise)
    response = browser.get(place)
    assert "请重新录入" in response.content.decode()
    assert response.context["done"] == 0


def test_before_submitting_the_draft_is_shown_and_said_to_be_one(browser, filled):
    response = browser.get(reverse("applications:reentry", args=[filled.pk]))
    assert "申报尚未提交" in response.content.decode()
    assert "示范智能工厂" in response.content.decode()
