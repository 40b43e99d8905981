"""What a document says: values as text, clean text, digest and check code."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from portal.documents import Format
from portal.documents.model import (
    CODE_ALPHABET,
    Column,
    Document,
    Group,
    Heading,
    Kind,
    PageBreak,
    Paragraph,
    Style,
    Table,
    clean_text,
    code_in,
    text_of,
)
from tests.portal.documents import samples


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, Kind.TEXT, ""),
        (None, Kind.MONEY, ""),
        ("  文 字 ", Kind.TEXT, "  文 字 "),
        (12345, Kind.INTEGER, "12345"),
        (Decimal("0.285"), Kind.DECIMAL, "0.29"),
        (Decimal("2.5E+3"), Kind.DECIMAL, "2500.00"),
        (Decimal("-0.001"), Kind.DECIMAL, "0.00"),
        (Decimal("1234567.005"), Kind.MONEY, "1,234,567.01"),
        (1000, Kind.MONEY, "1,000.00"),
        (Decimal("-3.455"), Kind.PERCENT, "-3.46%"),
        (Decimal("85.5"), Kind.PERCENT, "85.50%"),
        (date(2024, 1, 2), Kind.DATE, "2024年1月2日"),
        (datetime(2024, 11, 22, 16, 0, tzinfo=UTC), Kind.DATE, "2024年11月23日"),
        (("甲", "乙"), Kind.NUMBERED, "1. 甲\n2. 乙"),
        (("甲\n丙",), Kind.NUMBERED, "1. 甲 丙"),
        ((), Kind.NUMBERED, ""),
        ("不适用", Kind.PERCENT, "不适用"),
    ],
)
def test_a_value_has_one_text(value, kind, text):
    assert text_of(value, kind) == text


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0.285, Kind.DECIMAL),
        (True, Kind.INTEGER),
        (True, Kind.MONEY),
        (Decimal("1.5"), Kind.INTEGER),
        (13900000000, Kind.TEXT),
        (2024, Kind.DATE),
        (Decimal("NaN"), Kind.DECIMAL),
        (Decimal("Infinity"), Kind.MONEY),
        (datetime(2024, 11, 22), Kind.DATE),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(value, kind):
    with pytest.raises((TypeError, ValueError)):
        text_of(value, kind)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("甲\r\n乙\r丙\n丁", "甲\n乙\n丙\n丁"),
        ("甲\x0b乙\u2028丙\x85丁", "甲\n乙\n丙\n丁"),
        ("甲\t乙", "甲 乙"),
        ("\x00\x07\x1b\x7f\x9f", ""),
        ("\ud800\ufffe\uffff\ufdd0", ""),
        ("\ufeff甲\u200b乙\u202e丙", "甲乙丙"),
        ("刘\U0002ca4d \U0003134b 㛃\u3000\u00a0", "刘\U0002ca4d \U0003134b 㛃\u3000\u00a0"),
    ],
)
def test_clean_text_keeps_what_can_be_printed(dirty, clean):
    assert clean_text(dirty) == clean


def test_the_digest_ignores_time_revision_and_layout():
    document = samples.annex()
    columns = tuple(replace(column, width=20, align="end") for column in samples.ANNEX_COLUMNS)
    blocks = list(document.blocks)
    blocks[0] = Paragraph(blocks[0].text, Style.BODY)
    blocks[3] = Table(columns, blocks[3].groups)
    later = samples.MADE_AT + timedelta(days=1)
    again = Document(document.title, (PageBreak(), *blocks), "portrait", later, "another")
    assert again.content_digest() == document.content_digest()


def test_every_single_cell_changes_the_digest():
    document = samples.annex(units=2)
    table = document.blocks[3]
    digests = {document.content_digest()}
    cells = 0
    for g, group in enumerate(table.groups):
        for r, row in enumerate(group.rows):
            for c in range(len(row)):
                changed = (*row[:c], "改", *row[c + 1 :])
                rows = (*group.rows[:r], changed, *group.rows[r + 1 :])
                groups = (*table.groups[:g], Group(group.title, rows), *table.groups[g + 1 :])
                blocks = (*document.blocks[:3], Table(table.columns, groups), document.blocks[4])
                digests.add(replace(document, blocks=blocks).content_digest())
                cells += 1
    assert len(digests) == cells + 1


def test_titles_texts_order_and_watermark_change_the_digest():
    document = samples.book()
    table = document.blocks[11]
    assert isinstance(table, Table)
    variants = [
        document,
        replace(document, title="另一份"),
        replace(document, watermark="草稿"),
        replace(document, blocks=document.blocks[::-1]),
        replace(document, blocks=(*document.blocks, Heading("五、其他", 1))),
        replace(document, blocks=(*document.blocks, Table(table.columns, ()))),
        replace(document, blocks=(*document.blocks, Table(table.columns, (Group("组", ()),)))),
    ]
    assert len({variant.content_digest() for variant in variants}) == len(variants)


def test_another_picture_or_caption_changes_the_digest_and_another_size_does_not():
    document = samples.pictures("图1")
    *others, picture = document.blocks
    smaller = replace(picture, content=b"smaller", width=1, height=1, alt="另述")
    assert replace(document, blocks=(*others, smaller)).content_digest() == (
        document.content_digest()
    )
    changed = [
        document,
        replace(document, blocks=tuple(others)),
        replace(document, blocks=(*others, replace(picture, caption="图2"))),
        replace(document, blocks=(*others, replace(picture, sha256="0" * 64))),
    ]
    assert len({variant.content_digest() for variant in changed}) == len(changed)


def test_a_draft_shows_no_check_code():
    draft = samples.book(watermark="草稿")
    assert draft.identity_text == "草稿，无校验码"
    assert draft.check_code != samples.book().check_code


def test_a_printed_check_code_stays_valid():
    # A change here makes every paper copy printed so far look forged.
    assert samples.annex().check_code == "T4D9-VXED"


def test_the_check_code_is_short_and_easy_to_read_out():
    codes = {samples.texts(str(number)).check_code for number in range(200)}
    assert len(codes) == 200
    pattern = f"[{CODE_ALPHABET}]{{4}}-[{CODE_ALPHABET}]{{4}}"
    assert all(re.fullmatch(pattern, code) for code in codes)
    assert not set(CODE_ALPHABET) & set("01OILUSZBG")


@pytest.mark.parametrize(
    "typed",
    [
        "7K3M-9QXD",
        "7k3m9qxd",
        " 7k3m 9qxd\t",
        "7Ｋ３Ｍ－９ＱＸＤ",
        "7K3M—9QXD",
        "校验码：7K3M-9QXD",
        "https://portal.example.gov.cn/verify/7K3M-9QXD",
        "http://127.0.0.1:8000/verify/7k3m-9qxd/",
    ],
)
def test_a_check_code_is_understood_however_it_is_typed_or_scanned(typed):
    assert code_in(typed) == "7K3M-9QXD"


def test_a_letter_that_no_code_has_counts_as_the_one_it_looks_like():
    assert code_in("ZSGB-UUUU") == "2568-VVVV"


@pytest.mark.parametrize(
    "typed",
    ["", "-", "7K3M-9QX", "7K3M-9QXDD", "0K3M-9QXD", "IK3M-9QXD", "校验码", "/", "\x00"],
)
def test_what_is_no_check_code_is_none(typed):
    assert code_in(typed) == ""


def test_the_time_of_making_is_shown_in_beijing_time():
    assert samples.annex().made_text == "生成时间 2024-11-22 23:59:59"


def test_what_cannot_be_printed_is_refused_when_it_is_built():
    column = Column("甲", Kind.TEXT, 10)
    with pytest.raises(ValueError, match="aware"):
        samples.annex(made_at=datetime(2024, 11, 22))
    with pytest.raises(ValueError, match="2 values for 1 columns"):
        Table((column,), (Group(None, (("一", "二"),)),))
    with pytest.raises(ValueError, match="at least one column"):
        Table((), ())
    with pytest.raises(ValueError, match="width"):
        Table((replace(column, width=0),), ())
    with pytest.raises(ValueError, match="level"):
        Heading("五级", 5)


@pytest.mark.parametrize("format", Format)
def test_a_format_knows_its_extension(format):
    assert format.extension in ("pdf", "xlsx", "docx")


def test_the_package_loads_no_heavy_library_until_something_is_written():
    code = (
        "import sys, portal.documents;"
        "print(sorted({'weasyprint', 'openpyxl', 'docx', 'django'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
