"""The Word file: Chinese fonts on every run, tables that page well, footer fields."""

import io
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm

from portal.documents import Format
from portal.documents.model import Group, PageBreak, Paragraph, Table
from tests.portal.documents import samples
from tests.portal.documents.readers import members, written


def word_of(document):
    return docx.Document(io.BytesIO(written(document, Format.DOCX)))


def east_asian_fonts(element) -> list[str | None]:
    fonts = [run.find(f"{qn('w:rPr')}/{qn('w:rFonts')}") for run in element.iter(qn("w:r"))]
    return [None if f is None else f.get(qn("w:eastAsia")) for f in fonts]


@pytest.mark.parametrize("make", [samples.annex, samples.book])
def test_every_run_names_an_east_asian_font(make):
    file = word_of(make(watermark="草稿"))
    section = file.sections[0]
    fonts = [
        font
        for root in (file.element.body, section.footer._element, section.header._element)
        for font in east_asian_fonts(root)
    ]
    assert len(fonts) > 20
    assert set(fonts) <= {"仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体"}


def test_latin_text_is_set_in_times_new_roman():
    body = word_of(samples.annex()).element.body
    fonts = {font.get(qn("w:ascii")) for font in body.iter(qn("w:rFonts"))}
    assert fonts == {"Times New Roman"}


def test_the_fonts_have_substitutes_for_computers_without_them():
    table = members(written(samples.annex(), Format.DOCX))["word/fontTable.xml"]
    assert '<w:font w:name="仿宋_GB2312"><w:altName w:val="仿宋"/>' in table


def test_title_and_headings_use_the_faces_of_official_documents():
    paragraphs = {p.text: p for p in word_of(samples.book()).paragraphs}
    faces = {text: east_asian_fonts(p._p)[:1] for text, p in paragraphs.items()}
    assert faces["真实性承诺"] == ["方正小标宋简体"]
    assert faces["一、申报单位基本信息"] == ["黑体"]
    assert faces["（一）企业概况"] == ["楷体_GB2312"]
    assert faces["1. 发展历程"] == ["仿宋_GB2312"]


def test_headings_are_headings_to_the_navigation_pane():
    paragraphs = {p.text: p.style.name for p in word_of(samples.book()).paragraphs}
    assert paragraphs["一、申报单位基本信息"] == "Heading 1"
    assert paragraphs["（一）企业概况"] == "Heading 2"
    assert paragraphs["1. 发展历程"] == "Heading 3"


def test_the_header_row_repeats_and_rows_stay_whole():
    header, first, *others = word_of(samples.unit_annex(*[samples.SCENARIOS] * 4)).tables[0].rows
    assert header._tr.trPr.find(qn("w:tblHeader")) is not None
    # The first row may break, or a tall one would leave the title alone on its page.
    assert first._tr.trPr.find(qn("w:cantSplit")) is None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in others)


def test_cells_are_aligned_as_their_columns_say():
    cells = word_of(samples.annex()).tables[0].rows[2]._tr.tc_lst
    aligned = [cell.p_lst[0].pPr.find(qn("w:jc")).get(qn("w:val")) for cell in cells]
    assert aligned == ["center", "left", "left", "left", "center", "center"]


def test_group_headings_span_the_table_and_keep_with_their_rows():
    row = word_of(samples.annex()).tables[0].rows[1]
    (cell,) = row._tr.tc_lst
    assert cell.grid_span == 6
    assert cell.p_lst[0].pPr.find(qn("w:keepNext")) is not None


def kept_with_next(row) -> set[bool]:
    paragraphs = [p for cell in row._tr.tc_lst for p in cell.p_lst]
    return {p.pPr.find(qn("w:keepNext")) is not None for p in paragraphs}


def test_the_last_row_keeps_with_the_note_below_it():
    four = samples.SCENARIOS
    rows = word_of(samples.unit_annex(four, four * 3, four)).tables[0].rows
    assert [kept_with_next(row) for row in rows[1:]] == [{False}, {False}, {True}]


def test_a_row_taller_than_a_page_may_break_and_keeps_with_nothing():
    four = samples.SCENARIOS
    tall = word_of(samples.unit_annex(four, four * 6)).tables[0].rows[2]
    assert tall._tr.trPr.find(qn("w:cantSplit")) is None
    assert kept_with_next(tall) == {False}


@pytest.mark.parametrize(
    ("rows", "kept"),
    [(1, [0]), (2, [0, 1]), (8, [*range(8)]), (9, [0, 1, 8])],
)
def test_a_short_table_in_running_text_is_kept_whole_and_a_long_one_at_its_ends(rows, kept):
    lines = word_of(samples.table_in_text(0, rows)).tables[0].rows
    assert all(line._tr.trPr.find(qn("w:cantSplit")) is not None for line in lines)
    assert [n for n, line in enumerate(lines) if kept_with_next(line) == {True}] == kept


def test_the_page_is_set_after_gb_t_9704():
    section = word_of(samples.book()).sections[0]
    margins = (section.top_margin, section.left_margin, section.bottom_margin, section.right_margin)
    expected = (Mm(37), Mm(28), Mm(35), Mm(26))
    assert all(abs(m - e) < Mm(0.1) for m, e in zip(margins, expected, strict=True))


def test_tables_fill_the_text_width_exactly():
    file = word_of(samples.annex())
    section = file.sections[0]
    text_width = section.page_width - section.left_margin - section.right_margin
    grid = sum(column.width for column in file.tables[0].columns)
    assert section.page_width > section.page_height
    assert abs(grid - text_width) < Mm(0.5)


def test_the_footer_has_check_code_page_fields_and_time():
    document = samples.annex()
    footer = word_of(document).sections[0].footer
    fields = [f.get(qn("w:instr")) for f in footer._element.iter(qn("w:fldSimple"))]
    text = "".join(t.text for t in footer._element.iter(qn("w:t")))
    assert fields == ["PAGE", "NUMPAGES"]
    assert all(line in text for line in document.identity_lines)
    assert document.made_text in text


def test_the_watermark_is_in_the_page_header():
    assert word_of(samples.annex(watermark="草稿")).sections[0].header.paragraphs[0].text == "草稿"


def test_the_watermark_lies_across_every_page():
    header = members(written(samples.annex(watermark="草&稿"), Format.DOCX))["word/header1.xml"]
    assert 'string="草&amp;稿"' in header


def test_pictures_keep_with_their_captions_and_are_described():
    body = word_of(samples.pictures("图1", "图2")).element.body
    pictures = [p for p in body if p.xpath(".//pic:pic")]
    assert all(p.pPr.find(qn("w:keepNext")) is not None for p in pictures)
    described = [inline.docPr for p in pictures for inline in p.xpath(".//wp:inline")]
    assert [properties.get("descr") for properties in described] == ["图1", "图2"]
    assert len({properties.get("id") for properties in described}) == 2


def test_tables_in_a_row_stay_apart():
    document = samples.texts("甲")
    document = replace(document, blocks=document.blocks * 2)
    body = word_of(document).element.body
    assert [child.tag.split("}")[1] for child in body] == ["tbl", "p", "tbl", "p", "sectPr"]


@pytest.mark.parametrize(
    "after", [Paragraph("后"), Table(samples.ANNEX_COLUMNS, (Group("组", ()),))]
)
def test_a_page_break_leaves_no_empty_line_behind(after):
    document = samples.texts("甲")
    document = replace(document, blocks=(Paragraph("前"), PageBreak(), after))
    body = word_of(document).element.body
    breaks = list(body.iter(qn("w:pageBreakBefore")))
    assert len(breaks) == 1
    assert len(list(body.iter(qn("w:br")))) == 0


def test_the_file_is_dated_by_the_document_and_names_no_tool():
    properties = word_of(samples.annex()).core_properties
    moment = samples.MADE_AT
    assert (properties.created, properties.modified) == (moment, moment)
    assert (properties.author, properties.comments) == ("", "")


def test_six_hundred_rows_are_quick():
    group = samples.annex(units=1).blocks[3].groups[0]
    rows = samples.table(samples.ANNEX_COLUMNS, *(group.rows * 200))
    assert len(word_of(rows).tables[0]._tbl.tr_lst) == 601
