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


def ticked() -> set[str]:
    return set(Reentry.objects.values_list("place", flat=True))


def test_only_what_was_ticked_or_unticked_changes(browser, submitted, place, enterprise):
    a, b, c = [item for block in blocks_of(submitted) for item in block.items][:3]
    browser.post(place, {"place": [a.shown, b.shown]})
    assert ticked() == {a.place, b.place}
    # A page opened before b and c were ticked knows of a alone.
    browser.post(place, {"place": [c.shown]})
    browser.post(place, {"was": [a.shown], "place": []})
    assert ticked() == {b.place, c.place}


def test_a_tick_stands_for_the_text_that_was_on_show(browser, submitted, place):
    [item] = [i for block in blocks_of(submitted) for i in block.items if i.label == "联系人"]
    stale = f"{item.place}|{'0' * 64}"
    browser.post(place, {"place": [stale]})
    response = browser.get(place)
    assert response.context["done"] == 0
    assert "请重新录入" in response.content.decode()


@pytest.mark.parametrize(
    "value", ["", "|", "x", "basic///name", "nowhere///x|" + "0" * 64, "basic///name|short"]
)
def test_a_forged_tick_is_ignored(value, browser, place):
    response = browser.post(place, {"place": [value], "was": [value], "block": "a\nb"})
    assert response.status_code == 302
    assert ticked() == set()


def test_who_ticked_it_stays_on_it(browser, client, submitted, enterprise, place):
    colleague = cast.make_user("colleague", enterprise.role, enterprise=enterprise.enterprise)
    first, second = blocks_of(submitted)[0].items[:2]
    browser.post(place, {"place": [first.shown]})
    client.force_login(colleague)
    client.post(place, {"was": [first.shown], "place": [first.shown, second.shown]})
    by = dict(Reentry.objects.values_list("place", "by"))
    assert by == {first.place: enterprise.pk, second.place: colleague.pk}


def test_an_answer_changed_since_asks_to_be_entered_again(
    browser, submitted, officer, enterprise, place
):
    [items] = [block.items for block in blocks_of(submitted) if block.anchor == "factory"]
    browser.post(place, {"place": [items[0].shown]})
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


def test_what_is_not_filled_in_is_named_too(submitted):
    [basic] = [block for block in blocks_of(submitted) if block.anchor == "basic"]
    assert "电子邮箱" in basic.blanks
    fields = {field["label"] for field in submitted.current_revision.data["sections"][0]["fields"]}
    assert {item.label for item in basic.items} | set(basic.blanks) == fields
