"""All three writers say the same: every cell is read back from every format."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.documents import Format
from portal.documents.model import (
    Column,
    Document,
    Group,
    Heading,
    Kind,
    Paragraph,
    Style,
    Table,
    one_line,
)
from tests.portal.documents import samples
from tests.portal.documents.readers import (
    comparable,
    expected_rows,
    read_captions,
    read_rows,
    read_texts,
    written,
)

NASTY = {
    "equals": "=1+1",
    "command": "=cmd|'/c calc'!A1",
    "plus": "+8613900000000",
    "minus": "-2+3",
    "at": "@SUM(A1:A9)",
    "full-width equals": "＝1+1",
    "full-width at": "＠我",
    "tab first": "\t=1+1",
    "return first": "\r=1+1",
    "line breaks": "甲\r\n乙\r丙\n丁\x0b戊\u2028己",
    "control characters": "空\x00字\x07符\x1b[31m\x7f\x9f",
    "lone surrogate": "半\ud83d个",
    "invisible": "零\u200b宽\ufeff反\u202e向\u2066",
    "noncharacters": "非\uffff字\ufffe符",
    "rare characters": "㛃𬭎䶮喆堃昇犇翀𠅤𣲗𬍛𰻞",
    "emoji": "好😀🤖👨‍👩‍👧❤️🇨🇳",
    "private use": "刘\ue863强",
    "unassigned": "未\u0378定",
    "markup": "<b>&amp;</b><script>alert(1)</script>",
    "image": '<img src="http://127.0.0.1:9/x.png">',
    "entity": "&nbsp;&#61;&lt;",
    "template": "{{ x }}{% y %}${z}",
    "quotes": "\"双\" '单' “中文”‘引号’",
    "CDATA": "]]><!--x-->",
    "error value": "#N/A",
    "truth value": "TRUE",
    "Excel escape": "_x0041_和_x000D_",
    "leading zeros": "00123",
    "credit code": "91140100MA0GT3R00X",
    "long number": "123456789012345678",
    "exponent": "1E5",
    "date-like": "1-2",
    "chemistry": "CO₂、m³、≥90%、±0.5℃、≒",
    "spaces": "  前 中  后  ",
    "full-width space": "\u3000甲\u3000乙",
    "empty": "",
    "blank": "   ",
    "one word": "W" * 300,
    "many lines": "\n".join(f"第{number}行" for number in range(90)),
    "very long": "智能制造系统解决方案，" * 500,
}


@pytest.fixture(scope="module")
def nasty_rows() -> dict[Format, list[list[str]]]:
    document = samples.texts(*NASTY.values())
    return {format: read_rows(written(document, format), format) for format in Format}


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("name", NASTY)
def test_nasty_text_reads_back_from_every_format(nasty_rows, name, format):
    number = list(NASTY).index(name) + 1
    expected = comparable(expected_rows(samples.texts(*NASTY.values())), format)
    assert nasty_rows[format][number] == expected[number]


@pytest.mark.parametrize("format", Format)
def test_no_row_is_added_or_lost(nasty_rows, format):
    assert len(nasty_rows[format]) == len(NASTY) + 1


TYPED_COLUMNS = (
    Column("序号", Kind.INTEGER, 15),
    Column("小数", Kind.DECIMAL, 30),
    Column("金额（万元）", Kind.MONEY, 40),
    Column("比率", Kind.PERCENT, 30),
    Column("日期", Kind.DATE, 40),
    Column("场景", Kind.NUMBERED, 60),
)


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    "row",
    [
        (1, Decimal("0.005"), Decimal("1234567.891"), Decimal("85.5"), date(2024, 11, 22), ("甲",)),
        (
            2,
            Decimal("-0.004"),
            Decimal("-1000"),
            Decimal("-3.455"),
            date(1949, 10, 1),
            ("甲", "乙"),
        ),
        (3, Decimal("1E+3"), 5, 100, date(1899, 12, 31), ()),
        (4, Decimal("1234567890123456.78"), Decimal(10) ** 20, 0, date(1900, 1, 15), ("=1", "")),
        (5, 0, 0, Decimal("0.01"), datetime(2024, 11, 22, 16, 0, tzinfo=UTC), ("一\n二", "三")),
        (6, "不适用", "=1", "—", "长期", "无"),
        (7, None, None, None, None, None),
        (-(10**20), Decimal("0.285"), Decimal("0.1") + Decimal("0.2"), Decimal("1e-9"), None, None),
    ],
)
def test_typed_cells_show_the_same_text_in_every_format(row, format):
    document = samples.table(TYPED_COLUMNS, row)
    rows = read_rows(written(document, format), format)
    assert rows == comparable(expected_rows(document), format)


@pytest.mark.parametrize("format", Format)
def test_the_summary_table_reads_back_with_its_group_headings(format):
    document = samples.annex(units=4)
    rows = read_rows(written(document, format), format)
    assert rows == comparable(expected_rows(document), format)
    assert ["太原市工信局"] in rows


@pytest.mark.parametrize("format", Format)
def test_tables_with_different_columns_stand_in_one_document(format):
    document = samples.book()
    rows = read_rows(written(document, format), format)
    assert rows == comparable(expected_rows(document), format)


@pytest.mark.parametrize("format", Format)
def test_texts_outside_of_cells_are_printed_as_typed_too(format):
    typed = "<b>&amp;{x}\x07=1"
    shown = "<b>&amp;{x}=1"
    table = Table((Column(f"列{typed}", Kind.TEXT, 10),), (Group(f"组{typed}", ()),))
    blocks = (Heading(f"题{typed}", 2), Paragraph(f"段{typed}\n次{typed}", Style.NOTE), table)
    document = Document(typed, blocks, "portrait", samples.MADE_AT, typed, f"印{typed}")
    content = written(document, format)
    assert read_rows(content, format) == [[f"列{shown}"], [f"组{shown}"]]
    texts = read_texts(content, format)
    assert all(f"{mark}{shown}" in texts for mark in "题段次印")


@pytest.mark.parametrize("format", Format)
def test_every_picture_stands_above_its_caption_in_the_given_order(format):
    captions = [f"图{number} =车间<b>&㛃\n第{number}张" for number in range(1, 8)]
    content = written(samples.pictures(*captions), format)
    assert read_captions(content, format) == [one_line(caption) for caption in captions]


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("make", [lambda: samples.annex(units=1), lambda: samples.pictures("图")])
def test_the_same_document_gives_the_same_bytes(make, format):
    document = make()
    assert written(document, format) == written(document, format)


def _documents(alphabet: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    text = st.text(alphabet, max_size=60)
    amount = st.decimals(-(10**15), 10**15, places=3)
    cells = (
        st.integers(-(10**18), 10**18),
        st.one_of(st.none(), amount),
        st.one_of(text, amount),
        amount,
        st.dates(),
        st.lists(text, max_size=4).map(tuple),
    )
    rows = st.lists(st.tuples(*cells), min_size=1, max_size=6)
    return rows.map(lambda rows: samples.table(TYPED_COLUMNS, *rows))


quietly = partial(
    settings,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@quietly(max_examples=40)
@given(_documents(st.characters()))
def test_any_text_reads_back_from_the_office_formats(document):
    for format in (Format.XLSX, Format.DOCX):
        assert read_rows(written(document, format), format) == expected_rows(document)


# A PDF stores glyphs. Characters that share one, or that combine into another, read back as
# their equivalents; so this is about the characters Chinese forms are filled in with.
PRINTED = st.sampled_from(
    "=+-@<>&\"'{}%_\\/\t\n\x00\u200b 　09azAZ（），。“”—·①㎡≥㛃𬭎䶮喆堃昇犇翀厂智能制造"
)


@quietly(max_examples=8)
@given(_documents(PRINTED))
def test_any_usual_text_reads_back_from_the_pdf(document):
    rows = read_rows(written(document, Format.PDF), Format.PDF)
    assert rows == comparable(expected_rows(document), Format.PDF)
