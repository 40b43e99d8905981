"""Saving answers: field by field, merged with what others stored meanwhile, nothing overwritten."""

import pytest
from django.utils.dateparse import parse_datetime

from applications import bulk, saving, workflow
from applications.models import FactoryOverview, Integrator, Results
from applications.saving import Entry, RowGone, UnknownField
from applications.sections import BY_SLUG, INSTANCES
from applications.states import Status
from portal.errors import NotAllowed, StaleState
from tests import cast

FACTORY, BASIC = BY_SLUG["factory"], BY_SLUG["basic"]
INTEGRATORS = FACTORY.groups[0]
FINANCE = BASIC.groups[0]


@pytest.fixture
def colleague(enterprise):
    """Somebody else of the same enterprise."""
    return cast.make_user("colleague", enterprise.role, enterprise=enterprise.enterprise)


def factory(application):
    return FactoryOverview.objects.get(application=application)


def change(part, stored, **values):
    """What somebody types on a page that shows ``stored``."""
    return Entry.over(part, stored, **values)


def type_into(application, actor, texts, *, seen=None, section=FACTORY, group=None, key="", **more):
    """Save fields as a page does while somebody types; ``seen`` is what the page was showing."""
    marks = {} if seen is None else {name: seen.fingerprint(name) for name in texts}
    return saving.save_fields(
        application.pk, section, group, key, texts, marks, actor=actor, **more
    )


# Field by field


def test_a_save_stores_what_was_typed_and_by_whom(draft, enterprise):
    type_into(draft, enterprise, {"project_name": "一号工厂"}, seen=factory(draft))
    stored = factory(draft)
    assert (stored.project_name, stored.edited_by) == ("一号工厂", enterprise)
    edit = stored.edits["project_name"]
    assert (edit["by"], edit["name"]) == (enterprise.pk, enterprise.name)
    assert parse_datetime(edit["at"]) == stored.edited_at.replace(microsecond=0)


def test_only_what_is_sent_is_touched(filled, enterprise, colleague):
    type_into(filled, colleague, {"introduction": "新的简介"}, seen=factory(filled))
    stored = factory(filled)
    assert (stored.introduction, stored.results) == ("新的简介", "建设成效。")
    assert stored.edits["introduction"]["by"] == colleague.pk
    assert stored.edits["results"]["by"] == enterprise.pk


def test_what_does_not_parse_is_kept_as_typed_until_it_is_mended(filled, enterprise):
    type_into(filled, enterprise, {"total_investment": "约三亿"}, seen=factory(filled))
    stored = factory(filled)
    assert (stored.total_investment, stored.unparsed) == (None, {"total_investment": "约三亿"})
    type_into(filled, enterprise, {"started_on": "去年"}, seen=stored)
    assert set(factory(filled).unparsed) == {"total_investment", "started_on"}
    type_into(filled, enterprise, {"total_investment": "30,000万元"}, seen=factory(filled))
    stored = factory(filled)
    assert (stored.total_investment, stored.unparsed) == (30000, {"started_on": "去年"})


def test_a_new_row_is_added_by_its_first_field(draft, enterprise):
    place = {"group": INTEGRATORS, "key": "a1"}
    type_into(draft, enterprise, {"name": "甲公司"}, is_new=True, **place)
    type_into(draft, enterprise, {"work": "集成"}, seen=Integrator.objects.get(), **place)
    row = Integrator.objects.get()
    assert (row.key, row.name, row.work) == ("a1", "甲公司", "集成")


def test_a_row_the_notice_asks_for_needs_no_adding(draft, enterprise):
    place = {"section": BASIC, "group": FINANCE, "key": "2024"}
    type_into(draft, enterprise, {"revenue": "12.5"}, **place)
    row = draft.finance_years.get()
    assert (row.key, str(row.revenue), row.order) == ("2024", "12.50", 3)


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ({"nonsense": "x"}, {}),
        ({"edited_by": "1"}, {}),
        ({"revenue": "1"}, {"section": BASIC, "group": FINANCE, "key": "1999"}),
    ],
)
def test_what_the_application_does_not_have_is_refused(texts, place, draft, enterprise):
    with pytest.raises(UnknownField, match="刷新"):
        type_into(draft, enterprise, texts, **place)
    assert not draft.finance_years.exists()


# Two people


def test_different_fields_of_one_section_merge_silently(filled, enterprise, colleague):
    page = factory(filled)
    mine = type_into(filled, enterprise, {"introduction": "我的"}, seen=page)
    theirs = type_into(filled, colleague, {"results": "他的"}, seen=page)
    assert mine.clashes == theirs.clashes == []
    assert (factory(filled).introduction, factory(filled).results) == ("我的", "他的")


def test_on_one_field_nothing_is_overwritten_and_both_are_told(filled, enterprise, colleague):
    page = factory(filled)
    type_into(filled, colleague, {"introduction": "他的"}, seen=page)
    outcome = type_into(filled, enterprise, {"introduction": "我的", "results": "新"}, seen=page)
    [clash] = outcome.clashes
    assert clash.name == "introduction"
    assert (clash.typed.introduction, clash.stored.introduction) == ("我的", "他的")
    assert clash.edit["name"] == colleague.name
    assert (factory(filled).introduction, factory(filled).results) == ("他的", "新")


def test_the_same_text_from_two_people_is_no_clash(filled, enterprise, colleague):
    page = factory(filled)
    type_into(filled, colleague, {"total_investment": "300.0"}, seen=page)
    assert type_into(filled, enterprise, {"total_investment": "300"}, seen=page).clashes == []
    assert factory(filled).edits["total_investment"]["by"] == colleague.pk


def test_a_save_whose_answer_was_lost_may_be_sent_again(filled, enterprise):
    page = factory(filled)
    for _ in range(2):
        assert type_into(filled, enterprise, {"introduction": "新"}, seen=page).clashes == []
    assert factory(filled).introduction == "新"


def test_a_text_kept_as_typed_clashes_like_any_other(filled, enterprise, colleague):
    page = factory(filled)
    type_into(filled, colleague, {"total_investment": "约三亿"}, seen=page)
    [clash] = type_into(filled, enterprise, {"total_investment": "5"}, seen=page).clashes
    assert clash.stored.unparsed == {"total_investment": "约三亿"}
    assert factory(filled).total_investment is None


def test_a_page_that_does_not_say_what_it_showed_overwrites_nothing(filled, enterprise):
    assert type_into(filled, enterprise, {"introduction": "盲写"}).clashes
    assert factory(filled).introduction == "项目简介。"


def test_a_row_deleted_meanwhile_is_said_to_be_deleted(filled, enterprise, colleague):
    row = Integrator.objects.get()
    bulk.delete(filled.pk, INTEGRATORS, row.key, actor=colleague)
    place = {"group": INTEGRATORS, "key": row.key}
    with pytest.raises(RowGone, match="已被他人删除"):
        type_into(filled, enterprise, {"name": "我的"}, seen=row, **place)
    assert not Integrator.objects.exists()
    type_into(filled, enterprise, {"name": "我的"}, is_new=True, **place)
    assert Integrator.objects.get().name == "我的"


# A whole page


def test_a_page_stores_its_parts_together(draft, enterprise):
    blank = INTEGRATORS.model(application=draft, key="a1")
    entries = [
        change(FACTORY, factory(draft), project_name="甲"),
        change(INTEGRATORS, blank, name="集成商", work="全部"),
    ]
    assert saving.save(draft, entries, actor=enterprise).clashes == []
    assert (factory(draft).project_name, Integrator.objects.get().name) == ("甲", "集成商")


def test_a_stale_page_stores_what_nobody_else_changed(draft, enterprise, colleague):
    page = factory(draft)
    saving.save(draft, [change(FACTORY, page, project_name="甲")], actor=colleague)
    mine = change(FACTORY, page, project_name="乙", introduction="新")
    [clash] = saving.save(draft, [mine], actor=enterprise).clashes
    assert (clash.name, clash.stored.project_name) == ("project_name", "甲")
    assert (factory(draft).project_name, factory(draft).introduction) == ("甲", "新")


def test_a_field_left_as_shown_keeps_what_the_other_made_of_it(filled, enterprise, colleague):
    page = factory(filled)
    saving.save(filled, [change(FACTORY, page, introduction="他的")], actor=colleague)
    mine = change(FACTORY, page, introduction=page.introduction, results="我的")
    assert saving.save(filled, [mine], actor=enterprise).clashes == []
    assert (factory(filled).introduction, factory(filled).results) == ("他的", "我的")


def removal(row):
    entry = change(INTEGRATORS, row, name=row.name, work=row.work, is_own=row.is_own)
    return Entry(INTEGRATORS, entry.typed, entry.names, entry.seen, is_removed=True)


def test_a_row_is_removed(filled, enterprise):
    saving.save(filled, [removal(Integrator.objects.get())], actor=enterprise)
    assert not Integrator.objects.exists()


def test_a_row_somebody_else_worked_on_is_not_removed_unseen(filled, enterprise, colleague):
    row = Integrator.objects.get()
    cast.save_row(filled, INTEGRATORS, row.key, {"work": "新分工"}, colleague)
    [clash] = saving.save(filled, [removal(row)], actor=enterprise).clashes
    assert clash.name == "work"
    assert Integrator.objects.get().work == "新分工"


def test_rows_are_added_at_the_end_and_changed_in_place(draft, enterprise):
    for key, name in [("a", "甲"), ("b", "乙"), ("a", "甲改")]:
        cast.save_row(draft, INSTANCES, key, {"name": name}, enterprise)
    assert [row.name for row in draft.instances.all()] == ["甲改", "乙"]


def test_the_same_key_in_two_applications_is_two_rows(round, draft, enterprise, rival):
    other = workflow.start(round, actor=rival)
    cast.save_row(draft, INSTANCES, "a", {"name": "甲"}, enterprise)
    cast.save_row(other, INSTANCES, "a", {"name": "乙"}, rival)
    bulk.delete(draft.pk, INSTANCES, "a", actor=enterprise)
    assert [row.name for row in other.instances.all()] == ["乙"]


def test_two_people_in_different_sections_do_not_meet(draft, enterprise, colleague):
    cast.save(draft, "factory", {"project_name": "甲"}, enterprise)
    cast.save(draft, "results", {"effect": "成效"}, colleague)
    assert Results.objects.get(application=draft).effect == "成效"


def test_what_was_carried_over_is_confirmed_by_saving_it(draft, enterprise):
    FactoryOverview.objects.update(introduction="去年的", unconfirmed=["introduction", "results"])
    type_into(draft, enterprise, {"introduction": "今年的"}, seen=factory(draft))
    assert factory(draft).unconfirmed == ["results"]


# Who may, and until when


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.DRAFT, Status.RETURNED}))
def test_a_late_save_changes_nothing(status, round, enterprise, officer):
    application = cast.bring_to(status, round, enterprise, officer)
    before = cast.fresh(application)
    page, row = factory(application), application.instances.first()
    acts = [
        lambda: type_into(application, enterprise, {"project_name": "迟"}, seen=page),
        lambda: saving.save(
            application, [change(FACTORY, page, project_name="迟")], actor=enterprise
        ),
        lambda: cast.save_row(application, INSTANCES, row.key, {"name": "迟"}, enterprise),
        lambda: cast.save_row(application, INSTANCES, "new", {"name": "迟"}, enterprise),
    ]
    for act in acts:
        with pytest.raises(StaleState, match="没有保存"):
            act()
    after = cast.fresh(application)
    assert (after.status, after.touched_at) == (before.status, before.touched_at)
    assert after.current_revision.sha256 == before.current_revision.sha256
    assert factory(application).project_name == "示范智能工厂"
    assert [each.name for each in application.instances.all()] == [f"实例{n}" for n in range(1, 6)]


def test_a_returned_application_is_open_again(submitted, enterprise, officer):
    workflow.act(submitted, "return_for_changes", actor=officer, comment="请补充。")
    cast.save(submitted, "factory", {"project_name": "改后"}, enterprise)
    assert factory(submitted).project_name == "改后"


def test_only_the_enterprise_itself_changes_its_answers(draft, rival, officer, province):
    for who, refusal in [(rival, StaleState), (officer, NotAllowed), (province, NotAllowed)]:
        with pytest.raises(refusal):
            cast.save(draft, "factory", {"project_name": "外人"}, who)
        with pytest.raises(refusal):
            cast.save_row(draft, INSTANCES, "a", {"name": "外"}, who)
    assert factory(draft).edited_at is None
    assert not draft.instances.exists()
