"""PDF writer: the document as HTML, printed by WeasyPrint with the Noto CJK fonts.

Characters without a glyph. The server embeds the fonts, so the PDF is the one format that can
lack a character; Word and Excel leave the choice of font to the reader's computer. A box would be
silent damage, and failing would let one pasted emoji stop the export of a whole province. So such
a character is printed as its code point, 〔U+1F600〕: visible, unambiguous, reversible. This is
done here and not in text_of, because what a server happens to have installed must change neither
the content digest nor what Word and Excel say. Which characters are concerned is learnt from the
renderer's own warnings and not from a font's character map: only the renderer knows its fall-back
fonts, and installing another font then repairs the PDF with no change here. The second rendering
is only paid by documents that need it.
"""

import gc
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import BinaryIO

from weasyprint import CSS, HTML
from weasyprint.document import Page as RenderedPage
from weasyprint.text.ffi import fontconfig
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from portal.documents import qr
from portal.documents.looks import Page, Row, page_of, rows_of, size_of
from portal.documents.model import (
    Block,
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
    clean_text,
    one_line,
)

STYLESHEET = Path(__file__).with_name("pdf.css").read_text(encoding="utf-8")


# The leading of table lines: pdf.css's own first. Another one is taken only where a table's note
# would stand alone on its page; break-before: avoid makes WeasyPrint leave an empty frame behind.
LEADINGS = (1.3, 1.2, 1.4)


class MissingGlyphs(DocumentError):
    """No usable Chinese font is installed: the PDF would consist of boxes."""

    def __init__(self, characters: set[str]) -> None:
        shown = "、".join(f"{c}（U+{ord(c):04X}）" for c in sorted(characters)[:10])
        detail = f"，{len(characters)} 个字符没有字形，例如 {shown}" if shown else ""
        super().__init__(
            f"无法生成 PDF：服务器缺少中文字体{detail}。"
            "请管理员安装 fonts-noto-cjk（apt-get install fonts-noto-cjk）后重试；"
            "在此之前可以导出 Word 或 Excel。"
        )


QR = "picture:qr"


class RefuseEverything(URLFetcher):
    """A document refers to nothing outside itself, so no address is ever opened."""

    def fetch(self, url: str, headers: dict | None = None) -> None:
        """Refuse: neither network nor files."""
        raise ValueError(f"Documents load nothing: {url}")


class OwnPictures(RefuseEverything):
    """Hands out the document's own pictures, under the names its markup gives them."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.pictures = {
            _name(number): block.content
            for number, block in enumerate(document.blocks)
            if isinstance(block, Picture)
        }
        if document.verify_url:
            self.pictures[QR] = qr.svg(document.verify_url)

    def fetch(self, url: str, headers: dict | None = None) -> URLFetcherResponse:
        """A picture of the document; anything else is refused."""
        if url not in self.pictures:
            return super().fetch(url, headers)
        return URLFetcherResponse(url, self.pictures[url])


def write(document: Document, stream: BinaryIO) -> int:
    """Write the document as PDF; returns its number of pages."""
    markup, page, fetcher = _markup(document), page_of(document), OwnPictures(document)
    with _missing_glyphs() as missing:
        content, pages = _render(markup, page, fetcher)
    if missing:
        _require_chinese_font(missing)
        # Missing characters are never ASCII here, so tags and entities stay what they are.
        spelled = markup.translate({ord(c): f"〔U+{ord(c):04X}〕" for c in missing})
        with _missing_glyphs() as still_missing:
            content, pages = _render(spelled, page, fetcher)
        if still_missing:
            raise MissingGlyphs(still_missing)
    stream.write(content)
    return pages


def _render(markup: str, page: Page, fetcher: URLFetcher) -> tuple[bytes, int]:
    fonts = FontConfiguration()
    _require_any_font(fonts)
    html = HTML(string=markup, url_fetcher=fetcher)
    try:
        for leading in LEADINGS:
            style = f"{STYLESHEET}table {{ line-height: {leading} }}"
            css = CSS(string=style, url_fetcher=fetcher, font_config=fonts)
            rendered = html.render(stylesheets=[css], font_config=fonts)
            if not any(_starts_with_note(sheet, page) for sheet in rendered.pages):
                break
        return rendered.write_pdf(), len(rendered.pages)
    finally:
        # Rendered documents are cyclic and hold whole fonts; waiting for the collector lets a
        # worker that writes several documents grow by about 80 MB.
        gc.collect()


def _starts_with_note(sheet: RenderedPage, page: Page) -> bool:
    """Whether a table's note stands above everything else on a sheet."""
    highest = min((anchor[1] for anchor in sheet.anchors.values()), default=sheet.height)
    return highest < (page.top + 5) / 25.4 * 96  # CSS pixels; the note's own margin is 2 mm


def _require_any_font(fonts: FontConfiguration) -> None:
    """Fail before WeasyPrint does: with no font at all it takes the whole process down.

    WeasyPrint makes the same check when it is imported, but only prints a warning.
    """
    if fontconfig.FcConfigGetFonts(fonts._config, fontconfig.FcSetSystem).nfont == 0:
        raise MissingGlyphs(set())


_GLYPH_WARNING = re.compile(r"\.notdef glyph.*\(U\+([0-9A-F]+)\)$", re.DOTALL)


@contextmanager
def _missing_glyphs() -> Iterator[set[str]]:
    """Collect the characters WeasyPrint prints as boxes, which it only mentions in its log."""
    found: set[str] = set()
    thread = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warning = _GLYPH_WARNING.match(record.getMessage())
            # Another thread may be rendering another document through the same logger.
            if warning and record.thread == thread:
                found.add(chr(int(warning[1], 16)))

    logger = logging.getLogger("weasyprint")
    if logger.disabled or not logger.isEnabledFor(logging.WARNING):
        raise RuntimeError("The weasyprint logger is off: missing glyphs would go unnoticed.")
    listener = Listener(logging.WARNING)
    logger.addHandler(listener)
    try:
        yield found
    finally:
        logger.removeHandler(listener)


def _require_chinese_font(missing: set[str]) -> None:
    """Fail when a character is missing that every complete Chinese font has."""
    if any(c.isascii() or ("一" <= c <= "龥" and _in_gbk(c)) for c in missing):
        raise MissingGlyphs(missing)


def _in_gbk(char: str) -> bool:
    try:
        char.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _markup(document: Document) -> str:
    made = document.made_at.isoformat(timespec="seconds")
    watermark = clean_text(document.watermark)
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        f"<title>{_safe(document.title)}</title>",
        f'<meta name="dcterms.created" content="{made}">',
        f'<meta name="dcterms.modified" content="{made}"></head>',
        f'<body class="{document.orientation}">',
        _identity(document),
        f'<p class="made">{_safe(document.made_text)}</p>',
        f'<p class="watermark">{_safe(watermark)}</p>' if watermark else "",
    ]
    break_before = False
    page = page_of(document)
    for number, block in enumerate(document.blocks):
        if isinstance(block, PageBreak):
            break_before = True
            continue
        markup = _block(block, page, number)
        if isinstance(block, Paragraph) and block.style is Style.NOTE and not break_before:
            # The only anchors there are: see _starts_with_note.
            markup = f'<div id="note{number}">{markup}</div>'
        parts.append(f'<div class="page-break">{markup}</div>' if break_before else markup)
        break_before = False
    return "".join(parts) + "</body></html>"


def _identity(document: Document) -> str:
    """The check code at the foot of each page, beside what a phone makes of it."""
    image = f'<img src="{QR}" alt="">' if document.verify_url else ""
    lines = "".join(f"<p>{_safe(line)}</p>" for line in document.identity_lines)
    return f'<div class="identity">{image}<div>{lines}</div></div>'


def _safe(text: str) -> str:
    return escape(clean_text(text))


def _block(block: Block, page: Page, number: int) -> str:
    match block:
        case Heading():
            tag = f"h{block.level}"
            lines = clean_text(block.text).split("\n")
            return "".join(f"<{tag}>{escape(line)}</{tag}>" for line in lines)
        case Paragraph():
            return f'<section class="{block.style}">{_lines(clean_text(block.text))}</section>'
        case Table():
            return _table(block, page)
        case Picture():
            return _picture(block, page, number)
    raise TypeError(f"{block!r} is not a block.")


def _lines(text: str, css_class: str = "") -> str:
    """One <p> per line: much faster in WeasyPrint than <br>."""
    mark = f' class="{css_class}"' if css_class else ""
    return "".join(f"<p{mark}>{escape(line) or '<br>'}</p>" for line in text.split("\n"))


def _table(table: Table, page: Page) -> str:
    parts = ["<table><colgroup>"]
    parts += [f'<col style="width:{width:.3f}%">' for width in table.widths(100)]
    parts.append("</colgroup>")
    if table.has_header:
        cells = "".join(f"<th>{_lines(clean_text(c.title))}</th>" for c in table.columns)
        parts.append(f"<thead><tr>{cells}</tr></thead>")
    held = False  # by the row above
    for group, rows in zip(table.groups, rows_of(table, page), strict=True):
        parts.append("" if held else "<tbody>")
        if group.title is not None:
            title = _lines(clean_text(group.title))
            parts.append(f'<tr class="group"><th colspan="{len(table.columns)}">{title}</th></tr>')
        for number, row in enumerate(rows):
            # Going back over a row inside a tbody, WeasyPrint would leave an empty frame behind.
            if number and row.keeps_next and not held:
                parts.append("<tbody>")
            parts.append(_row(row, table.columns))
            held = row.keeps_next
    return "".join(parts) + "</table>"


def _row(row: Row, columns: tuple[Column, ...]) -> str:
    cells = "".join(_cell(*pair) for pair in zip(row.texts, columns, strict=True))
    css_class = "kept" if row.keeps_next else "" if row.whole else "breakable"
    return f'<tr class="{css_class}">{cells}</tr>'


def _name(number: int) -> str:
    """The address under which the markup asks for the picture in a document's block."""
    return f"picture:{number}"


def _picture(picture: Picture, page: Page, number: int) -> str:
    width, height = size_of(picture, page)
    return (
        f'<figure><img src="{_name(number)}" alt="{escape(one_line(picture.alt))}"'
        f' style="width:{width:.2f}mm;height:{height:.2f}mm">'
        f"<figcaption>{escape(one_line(picture.caption))}</figcaption></figure>"
    )


def _cell(text: str, column: Column) -> str:
    tag = "th" if column.heading else "td"
    css_class = "item" if column.kind is Kind.NUMBERED else ""
    return f'<{tag} class="{column.align}">{_lines(text, css_class)}</{tag}>'
