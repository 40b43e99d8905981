"""Tables from Excel and WPS: read, matched and judged cell by cell, before anything is stored."""

import zipfile
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.cache import cache
from openpyxl import Workbook, load_workbook

from applications import grids, sheets
from applications.grids import State, bare, cells_of, text_of_cells
from applications.models import Application
from applications.sections import SECTIONS, Group
from portal.catalogue.spreadsheet import MAX_RATIO, SheetRefused
from tests import cast
from tests.files import garbled, of_many_disks, with_changed, with_part

GROUPS = {group.slug: group for section in SECTIONS for group in section.groups}
INSTANCES, INTEGRATORS = GROUPS["instances"], GROUPS["integrators"]
INDICATORS, FINANCE = GROUPS["indicator_values"], GROUPS["finance_years"]
HEAD = "环节\t场景\t实例名称\t实施前痛点\t应用人工智能技术"


@pytest.fixture
def held(draft):
    """Hold a text against the rows of a group in a fresh application."""

    def hold(group: Group, text: str, start: str = "") -> grids.Preview:
        return grids.preview(group, draft, group.rows(draft), text, start)

    return hold


def states(line: grids.Line) -> list[str]:
    return [cell.state for cell in line.cells]


# Text and cells


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("甲\t乙\n丙\t丁", [["甲", "乙"], ["丙", "丁"]]),
        ("甲\t乙\r\n丙\t丁\r\n", [["甲", "乙"], ["丙", "丁"]]),
        ('"一\n二"\t丙', [["一\n二", "丙"]]),
        ('"说""好"""\t丙', [['说"好"', "丙"]]),
        ('"三维"设计\t丙', [['"三维"设计', "丙"]]),
        ('甲"乙"\t"丙', [['甲"乙"', '"丙']]),
        ("1\n\n3", [["1"], [""], ["3"]]),
        ("", [[""]]),
    ],
)
def test_the_clipboard_of_a_spreadsheet_program_is_read(text, table):
    assert cells_of(text) == table


def test_cells_survive_being_written_as_text():
    table = [["一\n二", '"引"', "a\tb"], ["", "丙", ""]]
    assert cells_of(text_of_cells(table)) == table


def test_a_name_is_known_without_unit_blanks_and_marks():
    assert bare(" 营业收入（万元）* ") == bare("营业收入(万元)：") == "营业收入"
    assert bare("智能仓储（参考）") == "智能仓储"


# Columns


def test_columns_are_found_by_their_headings_in_any_order(held):
    found = held(FINANCE, "年度\t从业人数\t营业收入\t备注\n2023年\t1,200人\t８８.5\t无")
    assert [column.label for column in found.layout.columns] == [
        "从业人数（人）",
        "营业收入（万元）",
    ]
    assert found.unread == ["备注"]
    [line] = found.lines
    assert line.row.key == "2023"
    assert line.row.staff == 1200
    assert line.row.revenue == Decimal("88.5")


def test_headings_may_stand_below_a_title_and_under_merged_ones(held):
    text = (
        "关键绩效指标表\n"
        "序号\t指标\t建设前\t\t建设后\t\n"
        "\t\t数值\t年度\t数值\t年度\n"
        "5\t研制周期缩短\t100\t2021年\t80\t2024\n"
    )
    found = held(INDICATORS, text)
    [line] = found.lines
    assert line.title.startswith("5. 研制周期缩短")
    assert (line.row.before, line.row.before_year) == (100, 2021)
    assert (line.row.after, line.row.after_year) == (80, 2024)
    assert found.unread == []


def test_without_headings_columns_follow_in_order(held):
    [line] = held(INTEGRATORS, "甲公司\t总体集成\t否").lines
    assert (line.row.name, line.row.work, line.row.is_own) == ("甲公司", "总体集成", False)


def test_without_headings_a_column_of_names_says_which_row(held):
    text = "2022\t1\t2\n2024\t3\t4"
    lines = held(FINANCE, text).lines
    assert [(line.row.key, line.row.revenue, line.row.profit) for line in lines] == [
        ("2022", 1, 2),
        ("2024", 3, 4),
    ]


def test_a_single_column_goes_where_one_says_row_by_row(held):
    numbers = [str(n) for n in range(61, 81)]
    numbers[3] = ""
    lines = held(INDICATORS, "\n".join(numbers), "after").lines
    assert {line.row.key: line.row.after for line in lines} == {
        str(no): Decimal(60 + no) for no in range(1, 21) if no != 4
    }


def test_a_single_column_without_heading_or_choice_is_asked_about(held):
    with pytest.raises(grids.GridRefused, match="没有认出表头"):
        held(INDICATORS, "1\n2\n3")


def test_a_single_column_may_bring_its_heading(held):
    lines = held(INDICATORS, "建设后\n12\n13").lines
    assert [line.row.after for line in lines] == [12, 13]


def test_more_lines_than_official_rows_are_not_taken(held):
    lines = held(FINANCE, "\n".join("12345"), "revenue").lines
    assert [line.problem for line in lines[:3]] == ["", "", ""]
    assert "这一行多出来了" in lines[3].problem


def test_a_first_row_that_reads_like_headings_is_still_a_row(held):
    text = "环节\t场景\t实例名称\t类别\n生产作业\t人机协同作业\t甲\t软件\n生产作业\t\t乙\t装备"
    found = held(INSTANCES, text)
    assert [line.row.name for line in found.lines] == ["甲", "乙"]
    assert found.unread == ["类别"]


@pytest.mark.parametrize("text", ["名\t" * 70, "名\n" * 1200 + "名", "名" * 700_000])
def test_a_table_beyond_all_measure_is_refused(held, text):
    with pytest.raises(grids.GridRefused, match="最多|超过"):
        held(INTEGRATORS, text)


def test_line_breaks_as_a_browser_sends_them_make_no_table_too_long(held):
    text = "\n".join(["集成商名称", "甲", "名" * (grids.MOST_TEXT - 8)])
    sent = text.replace("\n", "\r\n")
    assert len(text) <= grids.MOST_TEXT < len(sent + "\r\n")
    assert held(INTEGRATORS, sent + "\r\n").digest == held(INTEGRATORS, text).digest


# Rows


def test_headings_among_the_rows_are_passed_over(held):
    text = "指标\t建设后\n能力提升类\t\n1.关键设备数控化率（%）\t90\n价值效益类\t\n6、销售增长率\t8"
    assert [line.row.key for line in held(INDICATORS, text).lines] == ["1", "6"]


def test_a_line_that_names_no_official_row_is_not_taken(held):
    text = "指标\t建设后\n关键设备数控化率\t90\n销售增长率\t8\n某某率\t50"
    line = held(INDICATORS, text).lines[-1]
    assert line.problem == "没有认出是哪一行。"
    assert (line.state, states(line)) == (State.REFUSED, [State.REFUSED])


def test_the_same_row_twice_is_read_once(held):
    first, _, third = held(FINANCE, "营业收入\t年度\n1\t2023\n2\t2024\n3\t2023年").lines
    assert first.row.revenue == 1
    assert third.problem == "与第 2 行是同一条，只读取前面的一行。"


def test_instances_are_known_by_segment_scenario_and_name(held, draft, enterprise):
    segment = draft.version.segments[4]
    cast.add_instance(draft, enterprise, segment=segment, name="已有的", own_scenario="自填场景")
    text = f"{HEAD}\n{segment}\t自填场景\t已有的\t新痛点\t是\n{segment}\t自填场景\t另一个\t痛\t否"
    changed, new = held(INSTANCES, text).lines
    assert (changed.state, new.state) == (State.CHANGED, State.NEW)
    assert states(changed) == ["same", "same", "same", "changed", "changed"]
    assert (changed.cells[3].old, changed.cells[3].text) == ("内容。", "新痛点")
    assert states(new) == ["new"] * 5


def test_one_instance_pasted_twice_is_taken_once(held):
    text = f"{HEAD}\n生产作业\t人机协同作业\t焊接\t甲\t是\n生产作业\t人机协同作业\t焊接\t乙\t否"
    first, second = held(INSTANCES, text).lines
    assert first.state == State.NEW
    assert second.problem == "与第 2 行是同一条，只读取前面的一行。"


def test_names_that_differ_in_brackets_are_two(held):
    lines = held(INTEGRATORS, "集成商名称\t承担内容\n甲（太原）\t一\n甲（大同）\t二").lines
    assert [line.state for line in lines] == [State.NEW, State.NEW]


def test_blank_lines_and_the_example_are_passed_over(held):
    text = f"{HEAD}\n\t\t\t\t\n{grids.EXAMPLE}\t\t\t\t\n生产作业\t\t甲\t\t"
    [line] = held(INSTANCES, text).lines
    assert line.number == 4


def test_too_many_rows_are_refused_with_a_sentence(held):
    with pytest.raises(grids.GridRefused, match="一次最多 200 行，现有 201 行"):
        held(INTEGRATORS, "集成商名称\n" + "\n".join(f"公司{n}" for n in range(201)))


@pytest.mark.parametrize("text", ["", " \n\t\n", "集成商名称\t承担内容\n\t"])
def test_nothing_to_read_is_said(held, text):
    with pytest.raises(grids.GridRefused):
        held(INTEGRATORS, text)


# Cells


def test_what_cannot_be_taken_is_not_and_the_rest_is(held):
    found = held(FINANCE, "年度\t营业收入\t利润总额\t从业人数\n2023\t约一亿\t-5.2\t#REF!")
    [line] = found.lines
    assert states(line) == ["refused", "new", "refused"]
    assert "请填写数字" in line.cells[0].note
    assert "Excel 的错误值" in line.cells[2].note
    assert line.names.keys() == {"profit"}
    assert found.counts == {"new": 1, "changed": 0, "same": 0, "refused": 2}


def test_a_blank_cell_leaves_the_answer_alone(held, filled):
    group = FINANCE
    found = grids.preview(group, filled, group.rows(filled), "年度\t营业收入\t利润总额\n2024\t\t7")
    [line] = found.lines
    assert line.row.revenue == 10000
    assert states(line) == ["blank", "changed"]


def test_the_same_value_written_differently_is_no_change(filled):
    group = FINANCE
    text = "年度\t营业收入\t数据未经审计\n2024\t10,000.00万元\t否"
    [line] = grids.preview(group, filled, group.rows(filled), text).lines
    assert states(line) == ["same", "same"]
    assert line.names == {}


def test_official_names_are_known_leniently(held):
    text = f"{HEAD}\n 生产 作业 \t人机协同作业\t甲\t\t√\n质量管控\t质量精准追溯（参考）\t乙\t\t无"
    first, second = held(INSTANCES, text).lines
    assert (first.row.segment.name, first.row.scenario.name) == ("生产作业", "人机协同作业")
    assert second.row.scenario.name == "质量精准追溯"
    assert (first.row.uses_ai, second.row.uses_ai) == (True, False)


def test_a_scenario_alone_brings_its_segment(held):
    [line] = held(INSTANCES, "场景\t实例名称\n人机协同作业\t甲").lines
    assert line.row.segment.name == "生产作业"


def test_an_unknown_scenario_of_a_known_segment_becomes_ones_own(held):
    [line] = held(INSTANCES, f"{HEAD}\n质量管控\t焊缝识别\t甲\t\t").lines
    assert (line.row.scenario, line.row.own_scenario) == (None, "焊缝识别")
    assert "自填场景名" in line.cells[1].note


def test_a_scenario_of_another_segment_or_of_several_becomes_ones_own(held, draft):
    [line] = held(INSTANCES, f"{HEAD}\n生产作业\t智能仓储\t甲\t\t").lines
    assert (line.row.segment.name, line.row.own_scenario) == ("生产作业", "智能仓储")
    draft.version.segments[0].scenarios.create(name="智能仓储", certainty="official")
    cache.clear()
    del draft.version.scenarios
    [line] = held(INSTANCES, "场景\t实例名称\n智能仓储\t甲").lines
    assert (line.row.scenario, line.row.own_scenario) == (None, "智能仓储")


def test_an_unknown_segment_is_refused_with_the_official_names(held):
    [line] = held(INSTANCES, f"{HEAD}\n生产车间\t人机协同作业\t甲\t\t").lines
    assert states(line)[:3] == ["refused", "refused", "new"]
    assert "工厂建设" in line.cells[0].note and "模式创新" in line.cells[0].note
    assert (line.row.segment, line.row.scenario) == (None, None)


def test_both_names_of_a_scenario_are_one_too_many(held):
    text = "环节\t场景\t自填场景名\t实例名称\n生产作业\t人机协同作业\t焊接\t甲"
    [line] = held(INSTANCES, text).lines
    assert states(line) == ["new", "new", "refused", "new"]
    assert line.row.own_scenario == ""


def test_the_preview_has_another_digest_once_a_touched_field_changes(filled, enterprise):
    def digest() -> str:
        text = "年度\t营业收入\n2024\t7"
        return grids.preview(FINANCE, filled, FINANCE.rows(filled), text).digest

    first = digest()
    cast.save_row(filled, FINANCE, "2024", {"profit": Decimal(1)}, enterprise)
    assert digest() == first
    cast.save_row(filled, FINANCE, "2024", {"revenue": Decimal(8)}, enterprise)
    assert digest() != first


# Files


def workbook(*rows: tuple, formats: dict[str, str] | None = None) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for place, number_format in (formats or {}).items():
        book.active[place].number_format = number_format
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_sheet_is_read_as_people_see_it():
    data = workbook(
        ("年度", "率", "甲", "乙"), (2024, 0.455, 0.1 + 0.2, True), formats={"B2": "0.0%"}
    )
    assert sheets.read(data) == [["年度", "率", "甲", "乙"], ["2024", "45.5%", "0.3", "是"]]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", workbook(), b"PK\x03\x04nonsense"])
def test_a_file_that_is_no_usable_sheet_gets_a_sentence(data):
    with pytest.raises(SheetRefused, match="工作簿|空的"):
        sheets.read(data)


@pytest.mark.parametrize(
    "data",
    [
        garbled(workbook(("甲",)), "xl/workbook.xml"),
        garbled(workbook(("甲",)), "xl/workbook.xml", zipfile.ZIP_LZMA),
        of_many_disks(workbook(("甲",))),
        with_changed(workbook(("甲",)), "xl/workbook.xml", b"<workbook/>"),
        with_changed(workbook(("甲",)), "xl/styles.xml", b"<styleSheet><fonts><x/></fonts>"),
        with_changed(workbook(("甲",)), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>"),
    ],
)
def test_a_damaged_file_gets_a_sentence(data):
    with pytest.raises(SheetRefused, match="这不是 Excel 工作簿"):
        sheets.read(data)


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_a_part_too_large_to_be_of_a_table_is_not_read(part):
    data = with_changed(workbook(("甲",)), part, b" " * (sheets.MOST_OF_A_PART + 1))
    with pytest.raises(SheetRefused, match="解压后异常庞大"):
        sheets.read(data)


def test_a_file_of_many_large_parts_is_not_read():
    data = with_changed(workbook(("甲",)), "xl/theme/theme1.xml", bytes(400_000))
    for number in range(5):
        data = with_part(data, f"xl/{number}", "0" * sheets.MOST_OF_A_PART)
    assert sheets.MOST_UNPACKED / MAX_RATIO < len(data) < sheets.MOST_BYTES
    with pytest.raises(SheetRefused, match="解压后异常庞大"):
        sheets.read(data)


@pytest.mark.parametrize("slug", GROUPS)
def test_the_template_filled_with_what_there_is_changes_nothing(filled: Application, slug):
    group = GROUPS[slug]
    rows = group.rows(filled)
    text = text_of_cells(sheets.read(sheets.template(group, filled, rows)))
    found = grids.preview(group, filled, rows, text)
    assert len(found.lines) == len(rows)
    assert found.changes == []
    assert (found.counts["refused"], found.unread) == (0, [])


def test_the_template_computes_nothing_and_offers_the_names(filled, enterprise):
    cast.save_row(filled, INTEGRATORS, "a1", {"name": "=1+1"}, enterprise)
    data = sheets.template(INTEGRATORS, filled, INTEGRATORS.rows(filled))
    cell = load_workbook(BytesIO(data)).worksheets[0]["B3"]
    assert (cell.value, cell.data_type, cell.number_format) == ("=1+1", "s", "@")
    book = load_workbook(BytesIO(sheets.template(INSTANCES, filled, [])))
    names = [cell.value for cell in book[sheets.LISTS]["A"]]
    assert names[0] == "环节" and "模式创新" in names
    assert len(book.worksheets[0].data_validations.dataValidation) == 3
