"""How text looks on paper, after GB/T 9704: shared by the Word and Excel writers.

The PDF keeps its own copy of these measures in pdf.css, because CSS is the readable place for
them there; a change here belongs there too.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import count
from math import ceil

from portal.documents.model import (
    Align,
    Document,
    Heading,
    Paragraph,
    Picture,
    Style,
    Table,
    texts_of,
)

FANGSONG, HEITI, KAITI, BIAOSONG = "仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体"

POINTS_PER_MM = 72 / 25.4
TABLE_SIZE = 10.5
FOOTER_SIZE = 9

PIXELS_PER_MM = 150 / 25.4
# Of the text height: two pictures with their captions still stand on one page.
TALLEST_PICTURE = 0.43

SHORT_TABLE = 8
"""Rows: a table in running text that has no more is kept on one page."""
# Of the text height: rows kept together leave room for the headings above them.
TALLEST_KEPT = 0.8


@dataclass(frozen=True)
class Look:
    """Font and paragraph measures: sizes and spacing in points, sides in millimetres."""

    name: str
    font: str
    size: float
    align: Align = "start"
    bold: bool = False
    before: float = 0
    after: float = 0
    line: float | None = None
    indent: int = 0  # first line, in characters; the others, if negative
    left: float = 0
    right: float = 0
    outline: int | None = None  # level in the navigation pane


PARAGRAPH_LOOKS = {
    Style.BODY: Look("正文段落", FANGSONG, 14, line=26, indent=2),
    Style.ANNEX_LABEL: Look("附件标识", HEITI, 16),
    Style.TITLE: Look("文件标题", BIAOSONG, 22, "center", before=2, after=8),
    # The round seal is 40 mm or more across and is set on the line's free right end.
    Style.UNIT_LINE: Look("推荐单位", FANGSONG, 14, after=6, right=45),
    Style.NOTE: Look("表注", FANGSONG, 10.5, before=6),
    Style.SIGNATURE: Look("落款", FANGSONG, 14, "end", before=30, line=30, right=15),
    Style.COVER_TITLE: Look("封面标题", BIAOSONG, 28, "center", before=80, after=90, line=44),
    Style.COVER_LINE: Look("封面栏目", FANGSONG, 16, line=38, indent=-5, left=12),
    Style.COVER_NOTE: Look("封面落款", FANGSONG, 16, "center", before=70, line=28),
}
HEADING_LOOKS = {
    1: Look("heading 1", HEITI, 16, before=12, after=6, indent=2, outline=0),
    2: Look("heading 2", KAITI, 15, before=8, after=4, indent=2, outline=1),
    3: Look("heading 3", FANGSONG, 14, bold=True, before=6, after=3, indent=2, outline=2),
    4: Look("heading 4", FANGSONG, 14, before=4, line=26, indent=2, outline=3),
}
CAPTION = Look("图注", FANGSONG, 10.5, "center", before=3, after=8)


def look_of(block: Heading | Paragraph) -> Look:
    """The look of a heading or paragraph."""
    if isinstance(block, Heading):
        return HEADING_LOOKS[block.level]
    return PARAGRAPH_LOOKS[block.style]


@dataclass(frozen=True)
class Page:
    """An A4 sheet and its margins, in millimetres."""

    width: float
    height: float
    top: float
    right: float
    bottom: float
    left: float

    @property
    def text_width(self) -> float:
        """What is left between the side margins."""
        return self.width - self.left - self.right

    @property
    def text_height(self) -> float:
        """What is left between the top and bottom margins."""
        return self.height - self.top - self.bottom


PORTRAIT = Page(210, 297, top=37, right=26, bottom=35, left=28)
LANDSCAPE = Page(297, 210, top=18, right=18, bottom=18, left=18)


def page_of(document: Document) -> Page:
    """The sheet a document is printed on."""
    return LANDSCAPE if document.orientation == "landscape" else PORTRAIT


def size_of(picture: Picture, page: Page) -> tuple[float, float]:
    """Width and height of a printed picture in millimetres; a small one is not blown up."""
    scale = min(
        1 / PIXELS_PER_MM,
        page.text_width / picture.width,
        page.text_height * TALLEST_PICTURE / picture.height,
    )
    return picture.width * scale, picture.height * scale


def height_of(text: str, width: float, size: float = TABLE_SIZE, indent: float = 0) -> float:
    """Estimated height in points of a text in a cell of this width in millimetres.

    The taller of two: lines broken and set as with 宋体, and the fewer but taller ones of
    LibreOffice where that is missing, which makes columns and lines a seventh larger. Of
    the usual width a twentieth is kept in hand, because printers break lines earlier.
    """
    full, used = width * POINTS_PER_MM, 5 + indent
    parts = text.split("\n")
    usual = sum(_lines_of(part, size, (full - used) * 0.95) for part in parts) * 1.33
    substituted = sum(_lines_of(part, size, full * 1.15 - used) for part in parts) * 1.46
    return (max(usual, substituted) + 0.5) * size


def _lines_of(text: str, size: float, available: float) -> int:
    """How many lines a paragraph takes, both measured in points."""
    return max(1, ceil(sum(map(_width_of, text)) * size / available))


def _width_of(char: str) -> float:
    """A full-width character is 1; of the others those of the widest usual font count."""
    if char in " .,:;":
        return 0.4
    return 0.6 if ord(char) < 0x1100 else 1


@dataclass(frozen=True)
class Row:
    """The texts of a table row, whether it is kept on one page, and whether with the next row."""

    texts: list[str]
    whole: bool
    keeps_next: bool


def rows_of(table: Table, page: Page) -> Iterator[list[Row]]:
    """The rows of each group of a table."""
    widths = table.widths(page.text_width)
    groups = [texts_of(table, group) for group in table.groups]
    heights = [
        max(height_of(text, width) for text, width in zip(texts, widths, strict=True))
        for rows in groups
        for texts in rows
    ]
    # A taller row breaks: for one kept whole, WeasyPrint would drop the repeated table header.
    whole = [height <= 0.88 * page.text_height * POINTS_PER_MM for height in heights]
    if not table.in_text:
        # Kept whole, the first row could leave a title page with nothing but the title.
        whole[:1] = [False]
    kept = _kept(heights, page) if table.in_text else ()
    numbers = count()
    for rows in groups:
        yield [Row(texts, whole[n], n in kept) for texts, n in zip(rows, numbers, strict=False)]


def _kept(heights: list[float], page: Page) -> Container[int]:
    """The rows kept with the next one: all of a short table, else the first and the last two."""

    def fit(part: list[float]) -> bool:
        return sum(part) <= TALLEST_KEPT * page.text_height * POINTS_PER_MM

    last = len(heights) - 1
    if last < SHORT_TABLE and fit(heights):
        return range(last)
    # Of three rows that are not kept together only the first two are.
    return {n for n in (0, last - 1) if n != 1 and fit(heights[n : n + 2])}
