"""Excel writer: typed cells on one sheet, laid out to print like the PDF.

All tables of a document share one grid: its column edges are the union of the tables' column
edges, and a table's cell is merged over the grid columns it covers. A document with one table,
such as the summary table, therefore has exactly its own columns and no merged data cells.
"""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.drawing.image import Image
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.units import cm_to_EMU
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from portal.documents import looks, qr
from portal.documents.looks import BIAOSONG, FANGSONG, HEITI, KAITI
from portal.documents.model import (
    Align,
    Column,
    Document,
    DocumentError,
    Heading,
    Kind,
    PageBreak,
    Paragraph,
    Picture,
    Style,
    Table,
    Value,
    clean_text,
    day_of,
    one_line,
    rounded,
    text_of,
)
from portal.documents.package import repack

LONGEST_TEXT = 32767  # what Excel stores in a cell; openpyxl would cut the rest off silently
TALLEST_ROW = 400.0  # Excel allows 409 points
INDENT = 10.0  # points of one indent in LibreOffice; Excel's is narrower
THIN = Side(style="thin")
BORDER = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
ALIGNMENTS = {"start": "left", "center": "center", "end": "right"}
FORMATS = {
    Kind.INTEGER: "0",
    Kind.DECIMAL: "0.00",
    Kind.MONEY: "#,##0.00",
    Kind.PERCENT: "0.00%",
    Kind.DATE: 'yyyy"年"m"月"d"日"',
}
# Excel knows no substitutes for a missing font, so it gets the names every Windows has.
FONTS = {FANGSONG: "宋体", KAITI: "楷体", BIAOSONG: "宋体", HEITI: "黑体"}
BODY_FONT = Font(name=FONTS[FANGSONG], size=looks.TABLE_SIZE)
HEADING_FONT = Font(name=FONTS[HEITI], size=looks.TABLE_SIZE)


class CellTooLong(DocumentError):
    """A text does not fit into one Excel cell.

    Cutting it off would falsify the document and spreading it over rows would change the table,
    so the export stops and says where.
    """

    def __init__(self, where: str, length: int) -> None:
        super().__init__(
            f"无法生成 Excel：“{where}”有 {length} 字，超过 Excel 单元格上限 {LONGEST_TEXT} 字。"
            "请精简该内容，或导出 PDF、Word。"
        )


def write(document: Document, stream: BinaryIO) -> None:
    """Write the document as an Excel file."""
    book = Workbook()
    # Column widths count digits of this font, and every Chinese office computer has it.
    book._named_styles["Normal"].font = Font(name="宋体", size=11)
    _Sheet(book.active, document).fill()
    properties = book.properties
    moment = document.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.creator, properties.created = "", moment
    properties.title = one_line(document.title)
    plain = io.BytesIO()
    book.save(plain)
    # save() has just put the present time there.
    properties.modified = moment
    core = tostring(properties.to_tree())
    repack(plain.getvalue(), stream, document.made_at, {"docProps/core.xml": core})


class _Sheet:
    """Puts a document's blocks on a worksheet, from the top down."""

    def __init__(self, sheet: Worksheet, document: Document) -> None:
        self.sheet = sheet
        self.document = document
        self.page = looks.page_of(document)
        self.tables = [block for block in document.blocks if isinstance(block, Table)]
        self.edges = _edges(self.tables, self.page.text_width)
        self.row = 1

    def fill(self) -> None:
        self._set_up_page()
        self._qr()
        for block in self.document.blocks:
            match block:
                case Table():
                    self._table(block)
                case PageBreak() if self.row > 1:
                    self.sheet.row_breaks.append(Break(id=self.row - 1))
                case Picture():
                    self._picture(block)
                case Heading() | Paragraph():
                    self._text(block)

    def _set_up_page(self) -> None:
        sheet, page = self.sheet, self.page
        sheet.title = sheet_title(self.document.title)
        for number, (left, right) in enumerate(pairwise(self.edges), 1):
            # A width unit is one digit of the default font: 8 of 96 pixels an inch.
            width = (right - left) / 25.4 * 96 / 8
            sheet.column_dimensions[get_column_letter(number)].width = round(width, 2)
        sheet.page_setup.orientation = self.document.orientation
        sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.print_options.horizontalCentered = True
        sheet.sheet_view.showGridLines = False
        margins = sheet.page_margins
        margins.left, margins.right = page.left / 25.4, page.right / 25.4
        margins.top, margins.bottom = page.top / 25.4, page.bottom / 25.4
        margins.footer = max(page.bottom - 12, 9) / 25.4
        footer = sheet.oddFooter
        footer.left.text = _footer_text(self.document.identity_text)
        footer.center.text = "第 &P 页  共 &N 页"
        footer.right.text = _footer_text(self.document.made_text)
        for part in (footer.left, footer.center, footer.right):
            part.size = looks.FOOTER_SIZE
        if self.document.watermark:
            sheet.oddHeader.center.text = _footer_text(self.document.watermark)

    def _text(self, block: Heading | Paragraph) -> None:
        look = looks.look_of(block)
        span = (0, len(self.edges) - 1)
        if getattr(block, "style", None) is Style.UNIT_LINE:
            span = (0, self._column_before_seal(look.right))
        font = Font(name=FONTS[look.font], size=look.size, bold=look.bold or look.font == BIAOSONG)
        # Excel has no first-line indent, and leading full-width spaces would change the text.
        lines = clean_text(block.text).split("\n")
        for number, line in enumerate(lines):
            before = look.before if number == 0 else 0
            after = look.after if number == len(lines) - 1 else 0
            vertical = "center" if bool(before) == bool(after) else "bottom" if before else "top"
            cell = _Cell(
                line, Kind.TEXT, look.align, font, *span, vertical=vertical, border=Border()
            )
            height = max(self._height(cell), look.line or 0)
            self._cells([cell], height + before + after)

    def _picture(self, picture: Picture) -> None:
        """The picture in one row with its caption: no page break comes between them."""
        width, height = looks.size_of(picture, self.page)
        self._place(picture.content, (self.edges[-1] - width) / 2, width, height)
        look, span = looks.CAPTION, (0, len(self.edges) - 1)
        font = Font(name=FONTS[look.font], size=look.size)
        text = one_line(picture.caption)
        caption = _Cell(text, Kind.TEXT, look.align, font, *span, "bottom", Border())
        space = look.before + self._height(caption) + look.after
        self._cells([caption], height * looks.POINTS_PER_MM + space)

    def _qr(self) -> None:
        """The QR code once, right of the first lines: openpyxl writes no pictures into footers."""
        if self.document.verify_url:
            content = qr.png(self.document.verify_url)
            self._place(content, self.edges[-1] - qr.SIDE, qr.SIDE, qr.SIDE)

    def _place(self, content: bytes, left: float, width: float, height: float) -> None:
        """Put a picture over the present row; all in millimetres."""
        column = max(number for number, edge in enumerate(self.edges) if edge <= left)
        corner = AnchorMarker(
            col=column, colOff=cm_to_EMU((left - self.edges[column]) / 10), row=self.row - 1
        )
        size = XDRPositiveSize2D(cm_to_EMU(width / 10), cm_to_EMU(height / 10))
        image = Image(io.BytesIO(content))
        image.anchor = OneCellAnchor(corner, size)
        self.sheet.add_image(image)

    def _column_before_seal(self, free: float) -> int:
        """The last grid column that leaves this many millimetres free on its right."""
        fitting = [i for i, edge in enumerate(self.edges) if self.edges[-1] - edge >= free]
        return max(fitting[-1], 1)

    def _table(self, table: Table) -> None:
        spans = self._spans(table)
        if table.has_header:
            self._cells(
                _Cell(column.title, Kind.TEXT, "center", HEADING_FONT, *span)
                for column, span in zip(table.columns, spans, strict=True)
            )
            # A sheet repeats and freezes one header only; with more it would be the wrong one.
            if len(self.tables) == 1:
                self.sheet.print_title_rows = f"{self.row - 1}:{self.row - 1}"
                self.sheet.freeze_panes = self.sheet.cell(self.row, 1)
        for group in table.groups:
            if group.title is not None:
                everything = (0, len(self.edges) - 1)
                self._cells([_Cell(group.title, Kind.TEXT, "start", HEADING_FONT, *everything)])
            for row in group.rows:
                self._cells(
                    _Cell(value, column.kind, column.align, _font_of(column), *span)
                    for value, column, span in zip(row, table.columns, spans, strict=True)
                )

    def _spans(self, table: Table) -> list[tuple[int, int]]:
        """First and one-past-last grid column (from 0) of every table column."""
        own = _edges([table], self.page.text_width)
        places = [self.edges.index(edge) for edge in own]
        return list(pairwise(places))

    def _height(self, cell: "_Cell") -> float:
        """Excel does not fit row heights by itself in files made elsewhere."""
        width = self.edges[cell.last] - self.edges[cell.first]
        text = text_of(cell.value, cell.kind)
        return looks.height_of(text, width, cell.font.size, cell.indent * INDENT)

    def _cells(self, cells: Iterable["_Cell"], height: float = 0) -> None:
        """Write one row of the document, over several merged sheet rows if it is too tall."""
        cells = list(cells)
        height = height or max(self._height(cell) for cell in cells)
        rows = ceil(height / TALLEST_ROW)
        bottom = self.row + rows - 1
        for number in range(self.row, bottom + 1):
            self.sheet.row_dimensions[number].height = round(height / rows, 1)
        where = "、".join(text_of(cell.value, cell.kind) for cell in cells[:2])[:20]
        for cell in cells:
            target = self.sheet.cell(self.row, cell.first + 1)
            store(target, cell.value, cell.kind, where)
            target.font = cell.font
            target.alignment = Alignment(
                ALIGNMENTS[cell.align], cell.vertical, wrap_text=True, indent=cell.indent
            )
            for line in self.sheet.iter_rows(self.row, bottom, cell.first + 1, cell.last):
                for member in line:
                    member.border = cell.border
            if bottom > self.row or cell.last > cell.first + 1:
                self.sheet.merge_cells(None, self.row, cell.first + 1, bottom, cell.last)
        self.row = bottom + 1


@dataclass(frozen=True)
class _Cell:
    """A cell over the grid columns from first up to, not including, last."""

    value: Value
    kind: Kind
    align: Align
    font: Font
    first: int
    last: int
    vertical: str = "center"
    border: Border = BORDER

    @property
    def indent(self) -> int:
        """Keeps text off the left line; paragraphs start where the table does."""
        return int(self.align == "start" and self.border is BORDER)


def _font_of(column: Column) -> Font:
    return HEADING_FONT if column.heading else BODY_FONT


def _edges(tables: list[Table], total: float) -> list[int]:
    """Column edges in whole millimetres, so that nearly equal columns share an edge."""
    edges = {0, round(total)}
    for table in tables:
        position = 0.0
        for width in table.widths(total):
            position += width
            edges.add(round(position))
    return sorted(edges)


def sheet_title(text: str) -> str:
    """The text as far as Excel takes it for the name of a sheet."""
    return re.sub(r"[\[\]:*?/\\\n']", " ", clean_text(text))[:31] or "表"


def _footer_text(text: str) -> str:
    return one_line(text).replace("&", "&&")


def store(cell: Cell, value: Value, kind: Kind, where: str) -> None:
    """Store a number or date as such when Excel shows it as text_of does, else the text.

    Raises CellTooLong, saying ``where``.
    """
    if _excel_can_hold(value, kind):
        cell.number_format = FORMATS[kind]
        cell.value = _typed(value, kind)
        return
    text = text_of(value, kind)
    length = len(text.encode("utf-16-le")) // 2
    if length > LONGEST_TEXT:
        raise CellTooLong(where, length)
    if not text:
        return
    # Excel reads _x0041_ in a stored text as an escape for "A".
    cell.value = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    # openpyxl takes "=1+1" for a formula and "#N/A" for an error; it is what somebody typed.
    cell.data_type = "s"
    # The text format keeps it text when the cell is edited; above 255 characters older
    # versions of Excel show such a cell as ####.
    cell.number_format = "@" if length <= 255 else "General"
    if text[0] in "=+-@＝＋－＠":
        cell.quotePrefix = True


def _excel_can_hold(value: Value, kind: Kind) -> bool:
    if value is None or isinstance(value, str) or kind in (Kind.TEXT, Kind.NUMBERED):
        return False
    if kind is Kind.DATE and isinstance(value, date):
        # Excel's calendar starts in 1900 and counts a 29 February that year, which never was.
        return day_of(value) >= date(1900, 3, 1)
    # Excel keeps 15 significant digits and would print other ones for the rest.
    return len(re.sub(r"\D", "", text_of(value, kind)).lstrip("0")) <= 15


def _typed(value: Value, kind: Kind) -> int | Decimal | date:
    match kind:
        case Kind.DATE:
            return day_of(value)
        case Kind.INTEGER:
            return value
        case Kind.PERCENT:
            return rounded(value) / 100
    return rounded(value)
