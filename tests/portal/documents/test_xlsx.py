"""The Excel file: types, no formulas, print layout, tall rows."""

import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from portal.documents import Format
from portal.documents.model import Column, Kind
from portal.documents.xlsx import CellTooLong
from tests.portal.documents import samples
from tests.portal.documents.readers import members, written
from tests.portal.documents.test_contract import NASTY


def sheet_of(document):
    return openpyxl.load_workbook(io.BytesIO(written(document, Format.XLSX))).active


def test_no_text_ever_becomes_a_formula_or_an_error():
    sheet = "xl/worksheets/sheet1.xml"
    xml = members(written(samples.texts(*NASTY.values()), Format.XLSX))[sheet]
    assert "=cmd" in xml
    assert "<f>" not in xml
    assert "<f " not in xml
    assert 't="e"' not in xml


@pytest.mark.parametrize("text", ["=1+1", "+8613900000000", "-2+3", "@SUM(A1)", "＝1", "＠我"])
def test_text_that_looks_like_a_formula_stays_text_when_the_cell_is_edited(text):
    cell = sheet_of(samples.texts(text)).cell(2, 2)
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.number_format == "@"
    assert cell.quotePrefix


@pytest.mark.parametrize("text", ["19900000001", "00123", "91140100MA0GT3R00X", "1E5"])
def test_phones_and_codes_are_text(text):
    cell = sheet_of(samples.texts(text)).cell(2, 2)
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")


def test_a_long_text_avoids_the_text_format_that_older_excel_shows_as_hashes():
    cell = sheet_of(samples.texts("字" * 256)).cell(2, 2)
    assert (cell.data_type, cell.number_format) == ("s", "General")


@pytest.mark.parametrize(
    ("kind", "value", "stored", "number_format"),
    [
        (Kind.INTEGER, 7, 7, "0"),
        (Kind.DECIMAL, Decimal("0.285"), 0.29, "0.00"),
        (Kind.MONEY, Decimal("12345.6"), 12345.6, "#,##0.00"),
        (Kind.PERCENT, Decimal("85.5"), 0.855, "0.00%"),
        (Kind.DATE, date(2024, 11, 22), datetime(2024, 11, 22), 'yyyy"年"m"月"d"日"'),
    ],
)
def test_numbers_and_dates_are_typed_so_that_excel_can_count(kind, value, stored, number_format):
    cell = sheet_of(samples.table((Column("值", kind, 10),), (value,))).cell(2, 1)
    assert (cell.value, cell.number_format) == (stored, number_format)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Kind.DATE, date(1899, 1, 1), "1899年1月1日"),
        (Kind.INTEGER, 1234567890123456789, "1234567890123456789"),
        (Kind.MONEY, Decimal("12345678901234.56"), "12,345,678,901,234.56"),
    ],
)
def test_what_excel_cannot_hold_exactly_is_text(kind, value, text):
    cell = sheet_of(samples.table((Column("值", kind, 10),), (value,))).cell(2, 1)
    assert (cell.value, cell.data_type) == (text, "s")


def test_the_escape_notation_of_excel_is_shown_as_typed():
    xml = members(written(samples.texts("_x0041_"), Format.XLSX))["xl/worksheets/sheet1.xml"]
    assert "_x005F_x0041_" in xml


def test_the_header_is_frozen_and_printed_on_every_page():
    sheet = sheet_of(samples.annex())
    assert [cell.value for cell in sheet[4]] == [c.title for c in samples.ANNEX_COLUMNS]
    assert sheet.freeze_panes == "A5"
    assert sheet.print_title_rows == "$4:$4"


def test_the_sheet_prints_on_a4_landscape_one_page_wide():
    sheet = sheet_of(samples.annex())
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.paperSize == 9
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)


def test_the_footer_names_check_code_page_and_time():
    document = samples.annex()
    footer = sheet_of(document).oddFooter
    assert footer.left.text == f"校验码 {document.check_code}  版本 a1b2c3d4e5f6"
    assert (footer.center.text, footer.right.text) == ("第 &P 页  共 &N 页", document.made_text)


def test_the_watermark_is_in_the_page_header():
    assert sheet_of(samples.annex(watermark="草稿&预览")).oddHeader.center.text == "草稿&&预览"


def test_group_headings_are_merged_over_the_whole_table():
    assert "A5:F5" in {str(area) for area in sheet_of(samples.annex()).merged_cells.ranges}


def test_the_line_for_the_seal_leaves_forty_millimetres_free():
    sheet = sheet_of(samples.annex())
    area = next(area for area in sheet.merged_cells.ranges if area.min_row == 3)
    free = [sheet.column_dimensions[letter].width for letter in "ABCDEF"[area.max_col :]]
    assert sum(free) * 8 / 96 * 25.4 >= 40


def test_rows_are_tall_enough_for_their_lines():
    sheet = sheet_of(samples.annex(units=1))
    for row in range(6, 9):
        lines = sheet.cell(row, 4).value.count("\n") + 1
        assert sheet.row_dimensions[row].height >= lines * 14


def test_rows_are_not_much_taller_than_their_lines():
    sheet = sheet_of(samples.unit_annex(samples.SCENARIOS * 3))
    # Each of the twelve takes two lines.
    assert 24 * 13.5 <= sheet.row_dimensions[5].height <= 24 * 14.5


def test_text_keeps_off_the_left_line_of_its_cell_only():
    sheet = sheet_of(samples.unit_annex(samples.SCENARIOS))
    assert [cell.alignment.indent for cell in sheet[5]] == [0, 1, 1, 1, 0, 0]
    assert sheet.cell(3, 1).alignment.indent == 0


def test_a_cell_too_tall_for_one_row_goes_on_over_merged_rows():
    row = (1, "企业", "项目", samples.SCENARIOS * 12, "人", "19900000000")
    sheet = sheet_of(replace(samples.table(samples.ANNEX_COLUMNS, row), orientation="landscape"))
    merged = {str(area) for area in sheet.merged_cells.ranges}
    heights = [sheet.row_dimensions[number].height for number in range(2, sheet.max_row + 1)]
    assert merged == {f"{letter}2:{letter}{sheet.max_row}" for letter in "ABCDEF"}
    assert max(heights) <= 409
    assert sum(heights) >= 48 * 14


def test_a_text_longer_than_a_cell_stops_the_export_and_says_where():
    with pytest.raises(CellTooLong, match="1、字字字.*32768 字"):
        written(samples.texts("字" * 32768), Format.XLSX)


def test_a_text_as_long_as_a_cell_is_kept_whole():
    text = "字" * 32767
    assert sheet_of(samples.texts(text)).cell(2, 2).value == text


def test_the_file_is_dated_by_the_document():
    book = openpyxl.load_workbook(io.BytesIO(written(samples.annex(), Format.XLSX)))
    moment = samples.MADE_AT.replace(tzinfo=None)
    assert (book.properties.created, book.properties.modified) == (moment, moment)


def test_a_title_that_is_no_sheet_name_still_makes_a_sheet():
    document = replace(samples.texts("甲"), title="[2024/批次]:卓越?*" * 5)
    assert len(sheet_of(document).title) <= 31
