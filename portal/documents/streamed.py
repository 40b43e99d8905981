"""Excel writer for long lists: row by row to the disk, however many there are.

Its cells are those of every other sheet (``xlsx.store``); a layout for printing, for which all rows
would have to be known first, it has none.
"""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from portal.documents.model import Column, Kind, Value
from portal.documents.xlsx import HEADING_FONT, sheet_title, store

LAST_SHEET_ROW = 1_048_576


def write(
    title: str, columns: Sequence[Column], rows: Iterable[Sequence[Value]], stream: BinaryIO
) -> int:
    """Write a heading and the rows under it; returns how many rows there were."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_title(title))
    for number, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    sheet.freeze_panes = "A2"
    heading = [WriteOnlyCell(sheet) for _ in columns]
    for cell, column in zip(heading, columns, strict=True):
        store(cell, column.title, Kind.TEXT, column.title)
        cell.font, cell.alignment = HEADING_FONT, Alignment(wrap_text=True, vertical="top")
    sheet.append(heading)
    number = 0
    for number, row in enumerate(rows, 1):
        sheet.append(
            [
                _cell(sheet, value, column, number)
                for value, column in zip(row, columns, strict=True)
            ]
        )
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{number + 1}"
    book.save(stream)
    return number


def _cell(sheet: WriteOnlyWorksheet, value: Value, column: Column, number: int) -> Cell | None:
    if value is None or value == "":
        return None
    cell = WriteOnlyCell(sheet)
    store(cell, value, column.kind, f"第 {number} 行{column.title}")
    return cell
