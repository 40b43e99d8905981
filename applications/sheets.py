"""Rows of a group as an Excel file: a template to fill in, and a filled one as cells."""

from datetime import date
from io import BytesIO
from itertools import islice
from typing import Any

from django import forms
from django.db import models
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from applications import field_rules
from applications.fields import Option, options_of
from applications.forms import DraftForm
from applications.grids import EXAMPLE, MOST_COLUMNS, MOST_LINES, MOST_ROWS, Table
from applications.models import Application, Row
from applications.sections import Group, answer_text
from portal.catalogue.spreadsheet import NOT_A_WORKBOOK, TEXT_FORMAT, SheetRefused, check_package
from portal.documents.model import clean_text

MOST_BYTES = 5 * 1024**2
MOST_UNPACKED = 16 * 1024**2
MOST_OF_A_PART = 4 * 1024**2
"""Far more than MOST_LINES fill; openpyxl may take eighty times as much memory to read it."""
LISTS = "可选名称"
HEAD = PatternFill("solid", fgColor="E8F0FA")
FAINT = Font(color="7B8794", italic=True)


# Reading


def read(data: bytes) -> Table:
    """The cells of the first sheet, each as the text that people see in it."""
    if len(data) > MOST_BYTES:
        raise SheetRefused(f"文件超过 {MOST_BYTES // 1024**2} MB，请只保留要导入的表格。")
    check_package(data, MOST_UNPACKED, MOST_OF_A_PART)
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # Some programs state a wrong extent, behind which openpyxl would drop everything.
        sheet.reset_dimensions()
        lines = [
            _without_end([_text(cell) for cell in cells])
            for cells in islice(sheet.iter_rows(max_col=MOST_COLUMNS), MOST_LINES)
        ]
    except Exception:  # openpyxl fed with a broken file raises whatever it stumbles over
        raise SheetRefused(NOT_A_WORKBOOK) from None
    if not any(lines):
        raise SheetRefused("第一张工作表是空的。")
    return lines


def _without_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(cell: Any) -> str:
    match cell.value:
        case None:
            return ""
        case bool() as value:
            return "是" if value else "否"
        case int() | float() as value if "%" in (cell.number_format or ""):
            return f"{value * 100:.12g}%"
        case float() as value:
            return f"{value:.15g}"
        case date() as value:
            return f"{value:%Y-%m-%d}"
        case value:
            return clean_text(str(value)).strip()


# The template


def template(group: Group, application: Application, rows: list[Row]) -> bytes:
    """A workbook with the group's columns, how to fill them in, and its rows as they stand.

    Every text is a string cell, which is never evaluated; columns of text are in text format.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = group.title
    lists = book.create_sheet(LISTS)
    fields = group.model.answer_fields()
    form = group.form(instance=group.model(), version=application.version)
    _write(sheet, 1, ["项目" if group.fixed else "序号", *(str(f.verbose_name) for f in fields)])
    _write(sheet, 2, [EXAMPLE, *(_example(f, form) for f in fields)])
    for number, row in enumerate(rows, 1):
        title = row.fixed.title if row.fixed else str(number)
        _write(sheet, number + 2, [title, *(_present(row, f) for f in fields)])
    for place, db_field in enumerate(fields, 2):
        letter = get_column_letter(place)
        is_prose = isinstance(db_field, models.TextField)
        sheet.column_dimensions[letter].width = 40 if is_prose else 18
        if isinstance(db_field, models.CharField | models.TextField) or db_field.is_relation:
            sheet.column_dimensions[letter].number_format = TEXT_FORMAT
        _offer(sheet, lists, letter, form.fields[db_field.name])
    sheet.column_dimensions["A"].width = 44 if group.fixed else 16
    sheet.freeze_panes = "B2"
    for cells, font in ((sheet[1], Font(bold=True)), (sheet[2], FAINT)):
        for cell in cells:
            cell.font = font
    for cell in sheet[1]:
        cell.fill = HEAD
    if lists["A1"].value is None:
        book.remove(lists)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _write(sheet: Worksheet, line: int, values: list[Any]) -> None:
    for place, value in enumerate(values, 1):
        cell = sheet.cell(line, place)
        cell.value = clean_text(value) if isinstance(value, str) else value
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if isinstance(value, str):
            cell.data_type = "s"
            cell.number_format = TEXT_FORMAT


def _present(row: Row, db_field: models.Field) -> Any:
    """What a field holds, as people would type it into a cell."""
    if db_field.name in row.unparsed:
        return row.unparsed[db_field.name]
    value = getattr(row, db_field.attname)
    if value is None or row.pk is None:
        return None
    is_number = isinstance(db_field, models.DecimalField | models.IntegerField)
    return value if is_number and not db_field.choices else answer_text(row, db_field) or None


def _example(db_field: models.Field, form: DraftForm) -> str:
    form_field = form.fields[db_field.name]
    if options := options_of(form_field):
        return f"如：{options[0].label}"
    if isinstance(form_field, forms.BooleanField):
        return "是 或 否"
    if isinstance(db_field, models.CharField | models.TextField):
        return db_field.help_text or f"最多 {field_rules.longest(form.version, db_field)} 字"
    return db_field.help_text or "数字"


def _offer(sheet: Worksheet, lists: Worksheet, letter: str, form_field: forms.Field) -> None:
    """Offer a column's choices from a list; the names of a list are on a sheet of their own."""
    if isinstance(form_field, forms.BooleanField) and not options_of(form_field):
        source = '"是,否"'
    elif options := options_of(form_field):
        place = 1 if lists["A1"].value is None else lists.max_column + 1
        _write_list(lists, place, str(form_field.label), options)
        column = get_column_letter(place)
        source = f"'{LISTS}'!${column}$2:${column}${len(options) + 1}"
    else:
        return
    # Offered, not imposed: one's own name may be right, and the preview says what is not.
    choice = DataValidation("list", formula1=source, allow_blank=True, showErrorMessage=False)
    choice.add(f"{letter}3:{letter}{MOST_ROWS + 2}")
    sheet.add_data_validation(choice)


def _write_list(lists: Worksheet, place: int, title: str, options: list[Option]) -> None:
    """A list of names; beside each the group that it is offered in, if there are groups."""
    is_grouped = any(option.heading for option in options)
    for line, (_, name, heading) in enumerate([Option("", title, f"{title}的分组"), *options], 1):
        lists.cell(line, place, name).data_type = "s"
        if is_grouped:
            lists.cell(line, place + 1, heading).data_type = "s"
    lists.column_dimensions[get_column_letter(place)].width = 30
    lists.column_dimensions[get_column_letter(place + 1)].width = 24
