"""Read written files back the way a person sees them: rows of cell texts."""

import io
import re
import zipfile
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import docx
import openpyxl
import pdfplumber
from docx.table import _Cell as WordCell
from openpyxl.cell.cell import MergedCell

from portal.documents import Format, write
from portal.documents.model import Document, Table, clean_text, texts_of

Rows = list[list[str]]


def written(document: Document, format: Format) -> bytes:
    stream = io.BytesIO()
    write(document, format, stream)
    return stream.getvalue()


def expected_rows(document: Document) -> Rows:
    """What the tables of a document say: headers, group titles and cells."""
    rows = []
    for table in (block for block in document.blocks if isinstance(block, Table)):
        if table.has_header:
            rows.append([clean_text(column.title) for column in table.columns])
        for group in table.groups:
            rows += [[clean_text(group.title)]] if group.title is not None else []
            rows += texts_of(table, group)
    return rows


def read_rows(content: bytes, format: Format) -> Rows:
    return {Format.PDF: pdf_rows, Format.XLSX: xlsx_rows, Format.DOCX: docx_rows}[format](content)


def read_texts(content: bytes, format: Format) -> str:
    """Everything a file says, headers and footers included, in one string."""
    if format is Format.PDF:
        # In the order of drawing, because a watermark runs across the lines.
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            return "\n".join("".join(c["text"] for c in page.chars) for page in pdf.pages)
    if format is Format.XLSX:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        header = (sheet.oddHeader.center.text or "").replace("&&", "&")
        return "\n".join([header, *(shown(cell) for row in sheet.iter_rows() for cell in row)])
    file = docx.Document(io.BytesIO(content))
    return "\n".join(p.text for p in (*file.sections[0].header.paragraphs, *file.paragraphs))


def read_captions(content: bytes, format: Format) -> list[str]:
    """What stands below each picture, in their order."""
    captions = {
        Format.PDF: pdf_captions,
        Format.XLSX: xlsx_captions,
        Format.DOCX: docx_captions,
    }
    return captions[format](content)


def pdf_captions(content: bytes) -> list[str]:
    captions = []
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            for image in sorted(page.images, key=lambda image: image["top"]):
                below = page.crop((0, image["bottom"], page.width, page.height))
                captions.append(below.extract_text().split("\n")[0])
    return captions


def xlsx_captions(content: bytes) -> list[str]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    rows = sorted(image.anchor._from.row + 1 for image in sheet._images)
    return [shown(sheet.cell(row, 1)) for row in rows]


def docx_captions(content: bytes) -> list[str]:
    paragraphs = docx.Document(io.BytesIO(content)).paragraphs
    pairs = pairwise(paragraphs)
    return [below.text for above, below in pairs if above._p.xpath(".//pic:pic")]


def docx_rows(content: bytes) -> Rows:
    return [
        [WordCell(tc, table).text for tc in row._tr.tc_lst]
        for table in docx.Document(io.BytesIO(content)).tables
        for row in table.rows
    ]


def xlsx_rows(content: bytes) -> Rows:
    """Every bordered row; paragraphs have no border."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    rows = []
    for line in sheet.iter_rows():
        cells = [c for c in line if not isinstance(c, MergedCell) and _bordered(c)]
        if cells:
            rows.append([shown(cell) for cell in cells])
    return rows


def _bordered(cell) -> bool:
    return bool(cell.border.left and cell.border.left.style)


def shown(cell) -> str:
    """What Excel shows for a cell."""
    if cell.value is None or cell.data_type == "s":
        return (cell.value or "").replace("_x005F_", "_")
    if isinstance(cell.value, datetime):
        assert cell.number_format == 'yyyy"年"m"月"d"日"'
        return f"{cell.value.year}年{cell.value.month}月{cell.value.day}日"
    number = Decimal(str(cell.value))
    return {
        "0": f"{number:f}",
        "0.00": f"{number:.2f}",
        "#,##0.00": f"{number:,.2f}",
        "0.00%": f"{number:.2%}",
    }[cell.number_format]


def pdf_rows(content: bytes) -> Rows:
    """Table rows over all pages; header repetitions dropped, rows broken over pages joined."""
    rows: Rows = []
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            for table in page.extract_tables():
                lines = [[unspelled(cell) for cell in row if cell is not None] for row in table]
                if rows and lines[0] == rows[0]:
                    lines = lines[1:]
                    if lines and len(lines[0]) > 1 and not lines[0][0]:
                        rest = lines.pop(0)
                        rows[-1] = [a + b for a, b in zip(rows[-1], rest, strict=True)]
                rows += lines
    return rows


def pdf_pages(content: bytes) -> list[str]:
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        return [page.extract_text() for page in pdf.pages]


def unspelled(text: str) -> str:
    """Undo the PDF's 〔U+1F600〕 for characters that no installed font has."""
    text = re.sub(r"\s", "", text)
    return re.sub("〔U\\+([0-9A-F]{4,6})〕", lambda found: chr(int(found[1], 16)), text)


def comparable(rows: Rows, format: Format) -> Rows:
    """In a PDF, spaces are a matter of layout and variation selectors one of glyphs.

    Elsewhere every character counts.
    """
    if format is not Format.PDF:
        return rows
    return [[re.sub("[\\s\ufe00-\ufe0f]", "", text) for text in row] for row in rows]


def members(content: bytes) -> dict[str, str]:
    """The XML members of an Excel or Word file."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = [name for name in package.namelist() if name.endswith((".xml", ".rels"))]
        return {name: package.read(name).decode() for name in names}


def docx_body(content: bytes) -> str:
    """What a Word file says between header and footer, in order."""
    body = docx.Document(io.BytesIO(content)).element.body
    return "".join(text.text or "" for text in body.xpath(".//w:t"))


def pdf_bodies(content: bytes, lines: bool = False) -> list[str]:
    """What each page of a portrait PDF says above its footer, as drawn or line by line."""
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        pages = [page.crop((0, 0, page.width, page.height - 34 / 25.4 * 72)) for page in pdf.pages]
        if lines:
            return [page.extract_text() for page in pages]
        return ["".join(char["text"] for char in page.chars) for page in pages]
