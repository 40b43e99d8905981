"""Field-by-field saving as a page's script does it, over HTTP."""

import json
from itertools import count
from random import Random

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import workflow
from applications.models import Revision
from portal.accounts.models import Role, User
from tests import cast

FIELDS = ("project_name", "introduction", "results")


class Tab:
    """A page of the second section as somebody has it open."""

    def __init__(self, application, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.pk = application.pk
        self.shown: dict[str, str] = {}
        self.open()

    def open(self) -> None:
        page = self.client.get(reverse("applications:section", args=[self.pk, "factory"]))
        self.seen = json.loads(page.context["seen"])[""]
        form = page.context["page"].form
        self.shown = {name: form[name].value() or "" for name in FIELDS}
        self.clashes: dict[str, dict[str, str]] = {}

    def send(self, **texts: str):
        """Save some fields, as the page's script does; the answer."""
        changes = {n: {"value": text, "seen": self.seen[n]} for n, text in texts.items()}
        return self.client.post(
            reverse("applications:save", args=[self.pk]),
            {"section": "factory", "changes": changes},
            content_type="application/json",
            headers={"accept": "application/json"},
        )

    def type(self, **texts: str) -> None:
        """Type and have it saved; what clashes stays as typed until it is resolved."""
        self.shown |= texts
        answer = self.send(**texts).json()
        for name, field in answer["fields"].items():
            self.seen[name] = field["seen"]
            self.clashes.pop(name, None)
        self.clashes |= answer["conflicts"]

    def resolve(self, name: str, whose: str) -> None:
        clash = self.clashes.pop(name)
        self.seen[name] = clash["seen"]
        if whose == "mine":
            self.type(**{name: self.shown[name]})
        else:
            self.shown[name] = clash["theirs"]


@pytest.fixture
def tabs(draft, enterprise) -> list[Tab]:
    colleague = cast.make_user("colleague", Role.ENTERPRISE, enterprise=enterprise.enterprise)
    return [Tab(draft, enterprise), Tab(draft, colleague)]


def stored(draft) -> dict[str, str]:
    draft.factory.refresh_from_db()
    return {name: getattr(draft.factory, name) for name in FIELDS}


def test_a_hundred_interleavings_of_two_people_lose_nothing_and_overwrite_nothing_unseen(
    draft, tabs
):
    """Whoever replaces a text has had it on the page, or was asked and chose."""
    numbers = count(1)
    asked = 0
    for seed in range(100):
        random = Random(seed)
        for _ in range(12):
            tab = random.choice(tabs)
            if random.random() < 0.04 and not tab.clashes:
                tab.open()
            name = random.choice(FIELDS)
            before, shown, clash = stored(draft), dict(tab.shown), tab.clashes.get(name)
            if clash:
                tab.resolve(name, random.choice(["mine", "theirs"]))
            else:
                tab.type(**{name: f"文字{next(numbers)}"})
            for each, text in stored(draft).items():
                if text != before[each]:
                    assert each == name
                    assert before[each] in (shown[each], clash and clash["theirs"])
            if name in tab.clashes:
                asked += 1
                assert stored(draft) == before
                assert tab.clashes[name]["theirs"] == before[name]
        for tab in tabs:
            while tab.clashes:
                tab.resolve(next(iter(tab.clashes)), "mine")
        # What a page shows without a question is stored, or was replaced by somebody who saw it.
        assert stored(draft).items() <= {*tabs[0].shown.items(), *tabs[1].shown.items()}
    assert asked > 100


def test_two_people_in_different_fields_are_merged_without_a_question(draft, tabs):
    one, other = tabs
    one.type(project_name="一号工厂")
    other.type(introduction="简介。")
    assert not one.clashes and not other.clashes
    assert stored(draft) == {"project_name": "一号工厂", "introduction": "简介。", "results": ""}


def test_on_one_field_both_texts_are_told_and_the_first_stays_until_somebody_chooses(draft, tabs):
    one, other = tabs
    one.type(project_name="一号工厂")
    other.type(project_name="二号工厂")
    clash = other.clashes["project_name"]
    assert (clash["theirs"], clash["theirs_text"]) == ("一号工厂", "一号工厂")
    assert clash["by"] == one.client.get("/applications/").wsgi_request.user.name
    assert clash["mine"] is False
    assert clash["at"].startswith("20")
    assert stored(draft)["project_name"] == "一号工厂"
    other.resolve("project_name", "mine")
    assert stored(draft)["project_name"] == "二号工厂"


def test_ones_own_second_window_is_told_as_such(draft, enterprise):
    one, other = Tab(draft, enterprise), Tab(draft, enterprise)
    one.type(project_name="一号工厂")
    other.type(project_name="二号工厂")
    assert other.clashes["project_name"]["mine"] is True


def test_five_hundred_late_autosaves_after_submitting_change_nothing_and_say_so(filled, enterprise):
    tab = Tab(filled, enterprise)
    workflow.submit(filled, cast.declarations(filled.round), actor=enterprise)
    before = Revision.objects.get()
    touched = cast.fresh(filled).touched_at
    for number in range(500):
        answer = tab.send(**{FIELDS[number % 3]: f"迟到的文字{number}"})
        assert answer.status_code == 409
        assert answer.json()["reason"] == "locked"
        assert "已提交" in answer.json()["message"]
    after = Revision.objects.get()
    assert (after.sha256, after.data) == (before.sha256, before.data)
    assert Revision.digest(after.data) == after.sha256
    assert cast.fresh(filled).touched_at == touched
    assert "迟到" not in "".join(stored(filled).values())


def test_saving_one_field_takes_four_statements(tabs, draft):
    tab = tabs[0]
    tab.type(project_name="预热")
    with CaptureQueriesContext(connection) as captured:
        tab.type(project_name="一号工厂")
    statements = [q["sql"] for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 4, statements
