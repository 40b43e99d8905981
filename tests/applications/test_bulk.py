"""Rows changed many at once: pasted, ordered, deleted, and taken back."""

import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications import bulk, grids, sheets
from applications.models import Application
from applications.sections import BY_SLUG, INSTANCES
from portal.errors import StaleState
from tests import cast

FINANCE = BY_SLUG["basic"].groups[0]
INDICATORS = BY_SLUG["results"].groups[0]
HEAD = "环节\t场景\t实例名称\t实施前痛点\n"


@pytest.fixture
def paste(enterprise):
    """Paste a table into an application as its preview says now."""

    def store(application: Application, group, text: str, start: str = ""):
        found = grids.preview(group, application, group.rows(application), text, start)
        return bulk.apply(application.pk, group, text, start, found.digest, actor=enterprise)

    return store


def names(application: Application) -> list[str]:
    return [row.name for row in INSTANCES.rows(application)]


def test_a_paste_stores_what_its_preview_said(filled, paste, enterprise):
    paste(filled, FINANCE, "年度\t营业收入\t利润总额\n2023\t1\t约五\n2024\t2\t3")
    rows = {row.key: row for row in FINANCE.rows(filled)}
    assert (rows["2023"].revenue, rows["2023"].profit) == (1, Decimal("-5.25"))
    assert (rows["2024"].revenue, rows["2024"].profit) == (2, 3)
    assert rows["2022"].revenue == 10000
    assert rows["2024"].edits["revenue"]["by"] == enterprise.pk
    assert rows["2024"].edited_by == enterprise


def test_pasted_instances_stand_behind_those_there_are(filled, paste):
    before = names(filled)
    paste(filled, INSTANCES, f"{HEAD}生产作业\t焊接\t乙\t痛\n生产作业\t焊接\t甲\t痛")
    assert names(filled) == [*before, "乙", "甲"]


def test_a_hundred_rows_take_few_statements(draft, enterprise, paste):
    text = HEAD + "\n".join(f"生产作业\t场景{n}\t实例{n}\t痛点" for n in range(100))
    digest = grids.preview(INSTANCES, draft, [], text).digest
    with CaptureQueriesContext(connection) as captured:
        bulk.apply(draft.pk, INSTANCES, text, "", digest, actor=enterprise)
    statements = [q["sql"] for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 6
    assert draft.instances.count() == 100


def test_a_paste_over_what_changed_since_its_preview_is_shown_anew(filled, enterprise):
    text = "年度\t营业收入\n2024\t7"
    digest = grids.preview(FINANCE, filled, FINANCE.rows(filled), text).digest
    cast.save_row(filled, FINANCE, "2024", {"revenue": Decimal(8)}, enterprise)
    with pytest.raises(bulk.Outdated) as refused:
        bulk.apply(filled.pk, FINANCE, text, "", digest, actor=enterprise)
    assert refused.value.preview.lines[0].cells[0].old == "8.00"
    assert filled.finance_years.get(key="2024").revenue == 8


def test_a_paste_with_nothing_in_it_stores_nothing(filled, paste):
    with pytest.raises(grids.GridRefused, match="没有可以采用的内容"):
        paste(filled, FINANCE, "年度\t营业收入\n2024\t很多")


def test_a_submitted_application_takes_no_paste(submitted, paste):
    with pytest.raises(StaleState):
        paste(submitted, FINANCE, "年度\t营业收入\n2024\t7")


# Undo


def test_a_paste_is_taken_back(filled, paste, enterprise):
    count = filled.instances.count()
    first = filled.instances.first()
    line = f"{first.segment}\t{first.own_scenario}\t{first.name}\t新痛点"
    edit = paste(filled, INSTANCES, f"{HEAD}{line}\n生产作业\t焊接\t甲\t痛")
    assert bulk.undo(filled.pk, edit.pk, actor=enterprise) == []
    assert filled.instances.count() == count
    assert filled.instances.get(key=first.key).pain_point == first.pain_point


def test_what_was_kept_as_typed_comes_back_as_typed(draft, paste, enterprise):
    cast.save_row(
        draft, FINANCE, "2024", {"revenue": None, "unparsed": {"revenue": "约一亿"}}, enterprise
    )
    edit = paste(draft, FINANCE, "年度\t营业收入\n2024\t7")
    assert draft.finance_years.get(key="2024").unparsed == {}
    bulk.undo(draft.pk, edit.pk, actor=enterprise)
    row = draft.finance_years.get(key="2024")
    assert (row.revenue, row.unparsed) == (None, {"revenue": "约一亿"})


def test_undoing_spares_what_was_edited_since(filled, paste, enterprise):
    edit = paste(filled, FINANCE, "年度\t营业收入\n2023\t1\n2024\t2")
    cast.save_row(filled, FINANCE, "2024", {"revenue": Decimal(9)}, enterprise)
    assert bulk.undo(filled.pk, edit.pk, actor=enterprise) == ["2024年"]
    rows = {row.key: row.revenue for row in FINANCE.rows(filled)}
    assert (rows["2023"], rows["2024"]) == (10000, 9)


def test_undoing_spares_a_pasted_row_that_somebody_went_on_with(filled, paste, enterprise):
    edit = paste(filled, INSTANCES, f"{HEAD}生产作业\t焊接\t甲\t痛")
    key = filled.instances.get(name="甲").key
    cast.save_row(filled, INSTANCES, key, {"effect": "新写的成效"}, enterprise)
    [spared] = bulk.undo(filled.pk, edit.pk, actor=enterprise)
    assert spared == "典型场景实例 6：甲"
    assert filled.instances.get(key=key).effect == "新写的成效"


def test_one_step_is_taken_back_once(filled, paste, enterprise):
    edit = paste(filled, FINANCE, "年度\t营业收入\n2023\t1")
    bulk.undo(filled.pk, edit.pk, actor=enterprise)
    with pytest.raises(StaleState, match="已经撤销过"):
        bulk.undo(filled.pk, edit.pk, actor=enterprise)


def test_a_deleted_row_comes_back_whole_and_in_its_place(filled, enterprise):
    rows = INSTANCES.rows(filled)
    second = rows[1]
    edit = bulk.delete(filled.pk, INSTANCES, second.key, actor=enterprise)
    assert second.name not in names(filled)
    bulk.undo(filled.pk, edit.pk, actor=enterprise)
    assert names(filled) == [row.name for row in rows]
    back = filled.instances.get(key=second.key)
    for field in INSTANCES.model.answer_fields():
        assert back.fingerprint(field.name) == second.fingerprint(field.name)


def test_what_waits_to_be_confirmed_still_does_after_undoing(filled, paste, enterprise):
    row = INSTANCES.rows(filled)[1]
    waiting = ["pain_point", "content"]
    filled.instances.filter(pk=row.pk).update(unconfirmed=waiting)
    deleted = bulk.delete(filled.pk, INSTANCES, row.key, actor=enterprise)
    bulk.undo(filled.pk, deleted.pk, actor=enterprise)
    assert filled.instances.get(key=row.key).unconfirmed == waiting
    text = f"{HEAD}{row.segment}\t{row.own_scenario}\t{row.name}\t新痛点"
    pasted = paste(filled, INSTANCES, text)
    assert filled.instances.get(key=row.key).unconfirmed == ["content"]
    bulk.undo(filled.pk, pasted.pk, actor=enterprise)
    assert set(filled.instances.get(key=row.key).unconfirmed) == set(waiting)


def test_deleting_what_is_gone_is_no_mistake(filled, enterprise):
    key = INSTANCES.rows(filled)[0].key
    assert bulk.delete(filled.pk, INSTANCES, key, actor=enterprise)
    assert bulk.delete(filled.pk, INSTANCES, key, actor=enterprise) is None


def test_only_the_latest_step_not_taken_back_is_offered(filled, paste, enterprise):
    first = paste(filled, FINANCE, "年度\t营业收入\n2023\t1")
    second = paste(filled, FINANCE, "年度\t营业收入\n2023\t2")
    assert bulk.undoable(filled, [FINANCE]) == second
    assert bulk.undoable(filled, [INSTANCES]) is None
    bulk.undo(filled.pk, second.pk, actor=enterprise)
    assert bulk.undoable(filled, [FINANCE]) == first


# Order


def test_the_whole_order_is_one_act(filled, enterprise):
    rows = INSTANCES.rows(filled)
    keys = [row.key for row in reversed(rows)]
    bulk.order(filled.pk, INSTANCES, keys, actor=enterprise)
    assert names(filled) == [row.name for row in reversed(rows)]


def test_rows_added_meanwhile_stay_at_the_end(filled, enterprise):
    keys = [row.key for row in INSTANCES.rows(filled)]
    segment = filled.version.segments[0]
    cast.add_instance(filled, enterprise, segment=segment, name="新来的")
    bulk.order(filled.pk, INSTANCES, keys[::-1], actor=enterprise)
    assert names(filled)[-1] == "新来的"


def test_the_order_of_a_list_in_which_one_is_gone_is_refused(filled, enterprise):
    rows = INSTANCES.rows(filled)
    keys = [row.key for row in rows]
    bulk.delete(filled.pk, INSTANCES, keys[0], actor=enterprise)
    with pytest.raises(StaleState, match="次序没有保存"):
        bulk.order(filled.pk, INSTANCES, keys[::-1], actor=enterprise)
    assert names(filled) == [row.name for row in rows[1:]]


def test_a_row_moves_among_its_neighbours_and_not_beyond(filled, enterprise):
    first, second, *_ = INSTANCES.rows(filled)
    bulk.move(filled.pk, INSTANCES, first.key, -1, actor=enterprise)
    assert names(filled)[0] == first.name
    bulk.move(filled.pk, INSTANCES, first.key, +1, actor=enterprise)
    assert names(filled)[:2] == [second.name, first.name]


# Pages


def test_moving_comes_back_to_the_button_that_was_pressed(browser, filled):
    key = filled.instances.first().key
    moved = browser.post(address("instance_move", filled.pk, key), {"step": "down"})
    assert moved.url == f"{address('section', filled.pk, 'scenarios')}#id_down-{key}"
    assert f'id="id_down-{key}"' in browser.get(moved.url).content.decode()


def address(name: str, *args) -> str:
    return reverse(f"applications:{name}", args=args)


def test_a_table_is_previewed_then_applied_then_taken_back(browser, filled):
    url = address("paste", filled.pk, "finance_years")
    data = {"text": "年度\t营业收入\t备注\n2024\t7\t无\n2023\t很多\t"}
    shown = browser.post(url, data)
    page = shown.content.decode()
    assert "没有认出的列，不读取：备注" in page and "请填写数字" in page
    assert filled.finance_years.get(key="2024").revenue == 10000
    data |= {"then": "apply", "digest": shown.context["preview"].digest}
    done = browser.post(url, data, follow=True)
    assert done.redirect_chain == [(address("section", filled.pk, "basic"), 302)]
    assert filled.finance_years.get(key="2024").revenue == 7
    edit = done.context["undoable"]
    assert str(edit) == "粘贴“近三年经营与财务状况”：新增 0 行，修改 1 行"
    taken_back = browser.post(address("undo", filled.pk, edit.pk), follow=True)
    assert "已撤销" in taken_back.content.decode()
    assert filled.finance_years.get(key="2024").revenue == 10000


def test_a_preview_says_which_row_each_line_goes_to(browser, filled):
    url = address("paste", filled.pk, "indicator_values")
    page = browser.post(url, {"text": "12\n13", "start": "value"}).content.decode()
    titles = [row.title for row in INDICATORS.fixed(filled.version)]
    assert f'<th scope="row">{titles[0]}</th>' in page and f"{titles[1]}</th>" in page
    assert "按名称、序号或年度对应到行" in page and "作为新的一行" not in page


def test_a_preview_tells_rows_that_are_there_from_new_ones(browser, filled):
    first = filled.instances.first()
    text = grids.text_of_cells([HEAD.split(), first.known_by, (*first.known_by[:2], "新")])
    page = browser.post(address("paste", filled.pk, "instances"), {"text": text}).content.decode()
    assert f'<th scope="row">典型场景实例 1：{first.name}</th>' in page
    assert '<th scope="row">新的一行</th>' in page


def test_a_table_that_cannot_be_read_stays_on_the_page(browser, filled):
    url = address("paste", filled.pk, "indicator_values")
    page = browser.post(url, {"text": "12\n13"}).content.decode()
    assert "没有认出表头" in page and "12\n13" in page


def test_a_table_for_what_changed_meanwhile_is_previewed_anew(browser, filled):
    url = address("paste", filled.pk, "finance_years")
    data = {"text": "年度\t营业收入\n2024\t7", "then": "apply", "digest": "of yesterday"}
    shown = browser.post(url, data)
    assert shown.status_code == 409
    assert "尚未写入" in shown.content.decode()
    assert shown.context["preview"].changes
    assert filled.finance_years.get(key="2024").revenue == 10000


def test_an_uploaded_file_takes_the_place_of_the_text(browser, filled):
    data = sheets.template(FINANCE, filled, FINANCE.rows(filled))
    file = SimpleUploadedFile("表.xlsx", data)
    shown = browser.post(address("paste", filled.pk, "finance_years"), {"text": "x", "file": file})
    assert shown.context["form"]["text"].value().startswith("项目\t营业收入（万元）")
    assert shown.context["preview"].counts["same"] == 21


def test_a_file_that_is_none_says_so_and_keeps_the_text(browser, filled):
    file = SimpleUploadedFile("表.xlsx", b"%PDF")
    page = browser.post(
        address("paste", filled.pk, "finance_years"), {"text": "年度\t甲", "file": file}
    ).content.decode()
    assert "这不是 Excel 工作簿" in page and "年度\t甲" in page


def test_the_template_is_a_file_with_a_chinese_name(browser, filled):
    response = browser.get(address("template", filled.pk, "instances"))
    assert response.headers["Content-Disposition"].endswith("%E4%BE%8B.xlsx")
    assert sheets.read(response.content)[0][1] == "环节"


def test_a_table_for_a_submitted_application_comes_back_as_typed(browser, submitted):
    data = {"text": "年度\t营业收入\n2024\t7", "then": "apply"}
    shown = browser.post(address("paste", submitted.pk, "finance_years"), data)
    assert shown.status_code == 409
    assert "不能修改" in shown.content.decode() and "2024\t7" in shown.content.decode()


def test_rows_of_unknown_groups_are_nowhere(browser, filled):
    assert browser.get(address("paste", filled.pk, "nothing")).status_code == 404
    assert browser.post(address("undo", filled.pk, 12345)).status_code == 404


def test_the_list_says_what_is_covered_missing_and_twice(browser, draft, enterprise):
    segment = draft.version.segments[0]
    for _ in range(2):
        cast.add_instance(draft, enterprise, segment=segment, name="同名", effect="")
    page = browser.get(address("section", draft.pk, "scenarios")).content.decode()
    assert "✓ 已覆盖，2 条" in page and page.count("尚未覆盖") >= 4
    assert "原则上应覆盖" in page
    assert "缺 1 项" in page and "重复" in page


def test_a_deletion_is_offered_to_be_taken_back(browser, filled):
    row = INSTANCES.rows(filled)[0]
    page = browser.post(address("instance_delete", filled.pk, row.key), follow=True)
    edit = page.context["undoable"]
    assert f"典型场景实例 1：{row.name}" in str(edit)
    browser.post(address("undo", filled.pk, edit.pk))
    assert filled.instances.filter(key=row.key).exists()


def test_an_order_sent_by_script_is_answered_in_words(browser, filled):
    keys = [row.key for row in INSTANCES.rows(filled)]
    url, script = address("instance_order", filled.pk), {"Accept": "application/json"}
    said = browser.post(url, {"key": keys[::-1]}, headers=script)
    assert said.json() == {"message": "次序已保存。"}
    said = browser.post(url, {"key": [*keys, "gone"]}, headers=script)
    assert (said.status_code, said.json()["message"][:11]) == (409, "有条目已被他人删除，次")


def test_a_page_with_a_hundred_instances_asks_no_more_than_one_with_five(
    browser, filled, paste, django_assert_max_num_queries
):
    url = address("section", filled.pk, "scenarios")
    browser.get(url)
    text = HEAD + "\n".join(f"生产作业\t场景{n}\t实例{n}\t痛点" for n in range(95))
    paste(filled, INSTANCES, text)
    with django_assert_max_num_queries(8):
        assert len(browser.get(url).context["instances"]) == 100


def test_a_new_plant_compares_with_a_baseline(browser, filled, enterprise):
    cast.save(filled, "results", {"is_new_plant": True}, enterprise)
    page = browser.get(address("section", filled.pk, "results")).content.decode()
    assert '<span class="without-past">对比基准</span>' in page.replace("\n", "")
    assert re.search(r'name="is_new_plant"[^>]*checked', page)
