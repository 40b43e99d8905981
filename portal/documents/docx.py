"""Word writer: the document as WordprocessingML, put into python-docx's template.

Blocks are built as XML text and parsed once each: with python-docx's cell objects a table of
several hundred rows takes ten times as long. The fonts are named, not embedded: 仿宋_GB2312 and
its companions are on the clerks' computers and may not be distributed.
"""

import io
from datetime import UTC
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

import docx
from docx.enum.section import WD_ORIENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.parts.document import DocumentPart
from docx.parts.hdrftr import FooterPart
from docx.shared import Mm
from lxml import etree

from portal.documents import looks, qr
from portal.documents.looks import BIAOSONG, FANGSONG, HEITI, KAITI, Look, Page
from portal.documents.model import (
    Column,
    Document,
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
from portal.documents.package import repack

LATIN = "Times New Roman"
FOOTER_LINE = 4.5  # millimetres
# What Word takes when a computer lacks the font, instead of its own far-fetched choice.
SUBSTITUTES = {FANGSONG: "仿宋", KAITI: "楷体", BIAOSONG: "华文中宋,宋体", HEITI: "微软雅黑"}
ALIGNMENTS = {"start": "left", "center": "center", "end": "right"}
LOOKS = (*looks.PARAGRAPH_LOOKS.values(), *looks.HEADING_LOOKS.values(), looks.CAPTION)
STYLE_IDS = {look.name: f"Portal{number}" for number, look in enumerate(LOOKS)}
NAMESPACE = nsdecls("w")


def write(document: Document, stream: BinaryIO) -> None:
    """Write the document as a Word file."""
    file = docx.Document()
    page = looks.page_of(document)
    _set_page(file.sections[0], page, document.orientation)
    _set_styles(file.styles.element)
    _name_substitutes(file)
    _set_properties(file.core_properties, document)
    _fill_edges(file.sections[0], document, page)
    body = file.element.body
    for xml in _body(document, page, file.part):
        body.insert_element_before(parse_xml(xml), "w:sectPr")
    plain = io.BytesIO()
    file.save(plain)
    repack(plain.getvalue(), stream, document.made_at)


def _body(document: Document, page: Page, part: DocumentPart) -> list[str]:
    """The blocks as XML. A table never touches another one, nor the end of the document.

    Word would join the two tables, and insists on a last paragraph of its own.
    """
    parts: list[str] = []
    break_before = after_table = False
    following_blocks = (*document.blocks[1:], None)
    for number, (block, following) in enumerate(
        zip(document.blocks, following_blocks, strict=True), 1
    ):
        if isinstance(block, PageBreak):
            break_before = True
            continue
        if isinstance(block, Table):
            if after_table or break_before:
                parts.append(_spacer(break_before))
            noted = isinstance(following, Paragraph) and following.style is Style.NOTE
            parts.append(_table(block, page, noted))
        elif isinstance(block, Picture):
            parts += _picture(block, page, part, number, break_before)
        else:
            parts += _paragraphs(block, break_before)
        after_table, break_before = isinstance(block, Table), False
    return parts + ([_spacer(False)] if after_table else [])


def _spacer(break_before: bool) -> str:
    page_break = "<w:pageBreakBefore/>" if break_before else ""
    return (
        f'<w:p {NAMESPACE}><w:pPr>{page_break}<w:spacing w:before="0" w:after="0" w:line="120"'
        ' w:lineRule="exact"/><w:rPr><w:sz w:val="2"/></w:rPr></w:pPr></w:p>'
    )


def _paragraphs(block: Heading | Paragraph, break_before: bool) -> list[str]:
    """A block's lines; only the first and last carry the space around the block."""
    look = looks.look_of(block)
    lines = clean_text(block.text).split("\n")
    parts = []
    for number, line in enumerate(lines):
        page_break = "<w:pageBreakBefore/>" if break_before and number == 0 else ""
        before = look.before if number == 0 else 0
        after = look.after if number == len(lines) - 1 else 0
        parts.append(
            f'<w:p {NAMESPACE}><w:pPr><w:pStyle w:val="{STYLE_IDS[look.name]}"/>{page_break}'
            f"{_spacing(look, before, after)}</w:pPr>{_run(line, look.font)}</w:p>"
        )
    return parts


def _picture(
    picture: Picture, page: Page, part: DocumentPart, number: int, break_before: bool
) -> list[str]:
    """The picture and, on the same page, its caption. ``number`` is unique in the file."""
    width, height = looks.size_of(picture, page)
    inline = part.new_pic_inline(io.BytesIO(picture.content), Mm(width), Mm(height))
    inline.docPr.id = number
    inline.docPr.set("descr", one_line(picture.alt))
    page_break = "<w:pageBreakBefore/>" if break_before else ""
    look = looks.CAPTION
    style = f'<w:pStyle w:val="{STYLE_IDS[look.name]}"/>'
    caption = _run(one_line(picture.caption), look.font)
    return [
        f'<w:p {NAMESPACE}><w:pPr>{style}<w:keepNext/>{page_break}<w:spacing w:before="120"'
        f' w:after="0"/></w:pPr><w:r><w:rPr>{_fonts(look.font)}</w:rPr><w:drawing>{inline.xml}'
        "</w:drawing></w:r></w:p>",
        f"<w:p {NAMESPACE}><w:pPr>{style}</w:pPr>{caption}</w:p>",
    ]


def _spacing(look: Look, before: float, after: float) -> str:
    line = f' w:line="{look.line * 20:.0f}" w:lineRule="exact"' if look.line else ""
    return f'<w:spacing w:before="{before * 20:.0f}" w:after="{after * 20:.0f}"{line}/>'


def _run(text: str, font: str, properties: str = "") -> str:
    """A run that names its fonts itself: styles get lost when people paste between files."""
    if not text:
        return ""
    return (
        f"<w:r><w:rPr>{_fonts(font)}{properties}</w:rPr>"
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    )


def _fonts(font: str) -> str:
    # The hint makes quotation marks, dashes and dots take the Chinese, full-width form.
    return (
        f'<w:rFonts w:hint="eastAsia" w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:cs="{LATIN}"'
        f' w:eastAsia="{font}"/>'
    )


def _table(table: Table, page: Page, noted: bool) -> str:
    """The table. The last row of a noted one moves with the note below it.

    Except when it may break: then Word would move all of it and leave most of a page empty.
    """
    widths = [_twips(width) for width in table.widths(page.text_width)]
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    borders = "".join(
        f'<w:{s} w:val="single" w:sz="4" w:space="0" w:color="000000"/>' for s in sides
    )
    parts = [
        f'<w:tbl {NAMESPACE}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:jc w:val="center"/><w:tblBorders>{borders}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:top w:w="60" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
        '<w:bottom w:w="60" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar>'
        "</w:tblPr><w:tblGrid>",
        *(f'<w:gridCol w:w="{width}"/>' for width in widths),
        "</w:tblGrid>",
    ]
    if table.has_header:
        titles = zip(table.columns, widths, strict=True)
        cells = [
            _cell(clean_text(c.title), w, HEITI, "center", keep_next=table.in_text)
            for c, w in titles
        ]
        parts.append(_row(cells, header=True))
    left = sum(len(group.rows) for group in table.groups)
    for group, rows in zip(table.groups, looks.rows_of(table, page), strict=True):
        if group.title is not None:
            title = _cell(
                clean_text(group.title), sum(widths), HEITI, span=len(widths), keep_next=True
            )
            parts.append(_row([title]))
        for row in rows:
            cells = zip(row.texts, widths, table.columns, strict=True)
            left -= 1
            keep_next = row.keeps_next or (noted and row.whole and not left)
            parts.append(_row([_column_cell(*cell, keep_next) for cell in cells], whole=row.whole))
    return "".join(parts) + "</w:tbl>"


def _row(cells: list[str], header: bool = False, whole: bool = True) -> str:
    """A row, kept on one page except where pdf.css says tr.breakable."""
    keep = "<w:cantSplit/>" if whole else ""
    repeat = "<w:tblHeader/>" if header else ""
    return f"<w:tr><w:trPr>{keep}{repeat}</w:trPr>{''.join(cells)}</w:tr>"


def _column_cell(text: str, width: int, column: Column, keep_next: bool) -> str:
    font = HEITI if column.heading else FANGSONG
    hanging = column.kind is Kind.NUMBERED
    return _cell(text, width, font, column.align, keep_next=keep_next, hanging=hanging)


def _cell(
    text: str,
    width: int,
    font: str,
    align: str = "start",
    span: int = 1,
    keep_next: bool = False,
    hanging: bool = False,
) -> str:
    properties = (
        ("<w:keepNext/>" if keep_next else "")
        + ("<w:keepLines/>" if hanging else "")
        # Exact, or a substituted font with tall lines pushes long rows to the next page.
        + '<w:spacing w:before="0" w:after="0" w:line="280" w:lineRule="exact"/>'
        + ('<w:ind w:left="210" w:hanging="210"/>' if hanging else "")
        + f'<w:jc w:val="{ALIGNMENTS[align]}"/>'
    )
    size = f'<w:sz w:val="{looks.TABLE_SIZE * 2:.0f}"/>'
    lines = "".join(
        f"<w:p><w:pPr>{properties}</w:pPr>{_run(line, font, size)}</w:p>"
        for line in text.split("\n")
    )
    merged = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{merged}<w:vAlign w:val="center"/>'
        f"</w:tcPr>{lines}</w:tc>"
    )


def _twips(millimetres: float) -> int:
    return round(millimetres * 1440 / 25.4)


def _set_page(section, page: Page, orientation: str) -> None:
    section.orientation = WD_ORIENT[orientation.upper()]
    section.page_width, section.page_height = Mm(page.width), Mm(page.height)
    section.top_margin, section.bottom_margin = Mm(page.top), Mm(page.bottom)
    section.left_margin, section.right_margin = Mm(page.left), Mm(page.right)
    section.footer_distance = Mm(page.bottom - _footer_gap(page) - 2 * FOOTER_LINE)
    section.header_distance = Mm(page.top / 2)


def _set_styles(styles) -> None:
    """Replace the template's Western look: default fonts, our paragraph styles, headings."""
    defaults = styles.find(qn("w:docDefaults"))
    styles.replace(
        defaults,
        parse_xml(
            f"<w:docDefaults {NAMESPACE}><w:rPrDefault><w:rPr>{_fonts(FANGSONG)}"
            '<w:kern w:val="2"/><w:sz w:val="21"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/>'
            "</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"
        ),
    )
    names = {look.name for look in LOOKS}
    for style in styles.findall(qn("w:style")):
        if style.find(qn("w:name")).get(qn("w:val")).lower() in names:
            styles.remove(style)
    for look in LOOKS:
        styles.append(parse_xml(_style(look)))


def _style(look: Look) -> str:
    first = look.indent * look.size * 20
    left = _twips(look.left) + max(-first, 0)
    indent = f'w:left="{left:.0f}" w:right="{_twips(look.right)}"'
    if look.indent > 0:
        indent += f' w:firstLineChars="{look.indent * 100}" w:firstLine="{first:.0f}"'
    elif look.indent < 0:
        indent += f' w:hanging="{-first:.0f}"'
    outline = look.outline is not None
    custom = "" if outline else ' w:customStyle="1"'
    return (
        f'<w:style {NAMESPACE} w:type="paragraph" w:styleId="{STYLE_IDS[look.name]}"{custom}>'
        f"<w:name w:val={quoteattr(look.name)}/><w:qFormat/><w:pPr>"
        + ("<w:keepNext/><w:keepLines/>" if outline else "")
        + f"{_spacing(look, look.before, look.after)}<w:ind {indent}/>"
        + f'<w:jc w:val="{ALIGNMENTS[look.align]}"/>'
        + (f'<w:outlineLvl w:val="{look.outline}"/>' if outline else "")
        + f"</w:pPr><w:rPr>{_fonts(look.font)}{'<w:b/>' if look.bold else ''}"
        + f'<w:sz w:val="{look.size * 2:.0f}"/></w:rPr></w:style>'
    )


def _name_substitutes(file) -> None:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in SUBSTITUTES.items()
    )
    for part in file.part.package.iter_parts():
        if part.partname == "/word/fontTable.xml":
            part._blob = part.blob.replace(b"</w:fonts>", fonts.encode() + b"</w:fonts>")


def _set_properties(properties, document: Document) -> None:
    moment = document.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.title = one_line(document.title)[:255]
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.language = "zh-CN"
    properties.created = properties.modified = moment


def _footer_gap(page: Page) -> float:
    """How far below the text the footer begins: in portrait where GB/T 9704 has the page number."""
    return page.bottom / 6


def _fill_edges(section, document: Document, page: Page) -> None:
    """Footer with QR and check code, page numbers and time; header with the watermark's words."""
    size = f'<w:sz w:val="{looks.FOOTER_SIZE * 2}"/>'
    run = lambda text: _run(text, FANGSONG, size)  # noqa: E731
    field = lambda code: f'<w:fldSimple w:instr="{code}">{run("1")}</w:fldSimple>'  # noqa: E731
    tab = f"<w:r><w:rPr>{_fonts(FANGSONG)}</w:rPr><w:tab/></w:r>"
    width = _twips(page.text_width)
    beside = f'<w:ind w:left="{_twips(qr.SIDE + qr.GAP)}"/>' if document.verify_url else ""
    properties = (
        f'<w:pPr><w:tabs><w:tab w:val="center" w:pos="{width // 2}"/>'
        f'<w:tab w:val="right" w:pos="{width}"/></w:tabs><w:spacing w:before="0" w:after="0"'
        f' w:line="{_twips(FOOTER_LINE)}" w:lineRule="exact"/>{beside}</w:pPr>'
    )
    code, revision = (*document.identity_lines, "")[:2]
    _only_paragraphs(
        section.footer,
        f"{properties}{_qr(section.footer.part, document, page)}{run(code)}{tab}"
        f"{run('第 ')}{field('PAGE')}{run(' 页  共 ')}{field('NUMPAGES')}{run(' 页')}{tab}"
        f"{run(document.made_text)}",
        f"{properties}{run(revision)}",
    )
    if document.watermark:
        words = one_line(document.watermark)
        _only_paragraphs(
            section.header,
            f'<w:pPr><w:jc w:val="center"/></w:pPr>{_run(words, HEITI)}{_watermark(words)}',
        )


def _qr(part: FooterPart, document: Document, page: Page) -> str:
    """The QR code at the left margin, beside both lines of the footer and in the way of none."""
    if not document.verify_url:
        return ""
    side = Mm(qr.SIDE)
    inline = part.new_pic_inline(io.BytesIO(qr.png(document.verify_url)), side, side)
    inline.docPr.set("descr", document.verify_url)
    top = page.height - page.bottom + _footer_gap(page) + FOOTER_LINE - qr.SIDE / 2
    edges = "".join(f' {name}="0"' for name in ("distT", "distB", "distL", "distR"))
    anchor = (
        f'<wp:anchor{edges} simplePos="0" relativeHeight="1" behindDoc="0" locked="0"'
        ' layoutInCell="1" allowOverlap="1"><wp:simplePos x="0" y="0"/>'
        '<wp:positionH relativeFrom="page"><wp:posOffset>'
        f'{Mm(page.left)}</wp:posOffset></wp:positionH><wp:positionV relativeFrom="page">'
        f"<wp:posOffset>{Mm(top)}</wp:posOffset></wp:positionV>"
    )
    # An anchored picture says all that an inline one says, and in between how text flows round it.
    wrapped = [etree.tostring(child, encoding="unicode") for child in inline]
    wrapped.insert(1, "<wp:wrapNone/>")
    return (
        f"<w:r><w:rPr>{_fonts(FANGSONG)}</w:rPr><w:drawing {nsdecls('wp')}>"
        f"{anchor}{''.join(wrapped)}</wp:anchor></w:drawing></w:r>"
    )


def _watermark(words: str) -> str:
    """The words across the page, behind its text, the way Word makes watermarks itself."""
    style = (
        f"position:absolute;width:{min(len(words) * 120, 400)}pt;height:120pt;rotation:330;"
        "z-index:-251658752;mso-position-horizontal:center;"
        "mso-position-horizontal-relative:margin;mso-position-vertical:center;"
        "mso-position-vertical-relative:margin"
    )
    return (
        f'<w:r><w:rPr>{_fonts(HEITI)}</w:rPr><w:pict xmlns:v="urn:schemas-microsoft-com:vml"'
        ' xmlns:o="urn:schemas-microsoft-com:office:office">'
        '<v:shapetype id="words" coordsize="21600,21600" o:spt="136" path="m0,0l21600,0m0,21600'
        'l21600,21600e"><v:path textpathok="t"/><v:textpath on="t" fitshape="t"/></v:shapetype>'
        f'<v:shape id="watermark" type="#words" style="{style}" fillcolor="#e4e4e4" stroked="f">'
        f'<v:textpath style="font-family:{HEITI}" string={quoteattr(words)}/></v:shape>'
        "</w:pict></w:r>"
    )


def _only_paragraphs(edge, *contents: str) -> None:
    edge.is_linked_to_previous = False
    first = edge.paragraphs[0]._p
    for content in contents:
        first.addprevious(parse_xml(f"<w:p {NAMESPACE}>{content}</w:p>"))
    first.getparent().remove(first)
