"""The PDF: what every page carries, glyphs, and no way out of the document."""

import io
import logging
import os
import string
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pdfplumber
import pytest
from fontTools.subset import Subsetter
from fontTools.ttLib import TTCollection
from weasyprint import HTML

from portal.documents import Format, pdf
from portal.documents.model import Group, PageBreak, Paragraph, Table
from tests.portal.documents import samples
from tests.portal.documents.readers import pdf_pages, written

ROOT = Path(__file__).parents[3]
DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
NOTO = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"


@pytest.fixture(scope="module")
def annex_file() -> bytes:
    return written(samples.annex(units=6), Format.PDF)


@pytest.fixture(scope="module")
def annex_pages(annex_file) -> list[str]:
    return pdf_pages(annex_file)


def test_the_header_row_is_repeated_on_every_page(annex_pages):
    assert len(annex_pages) > 3
    assert all("涉及典型场景实例（罗列）" in page for page in annex_pages)


def test_the_footer_names_check_code_revision_page_and_time(annex_pages):
    code = samples.annex(units=6).check_code
    for number, page in enumerate(annex_pages, 1):
        footer = [line.replace(" ", "") for line in page.splitlines()[-2:]]
        assert footer == [
            f"校验码{code}第{number}页共{len(annex_pages)}页生成时间2024-11-2223:59:59",
            "版本a1b2c3d4e5f6",
        ]


def test_title_and_first_row_share_the_first_page(annex_pages):
    assert "推荐汇总表" in annex_pages[0]
    assert "山西晋泰液压支架" in annex_pages[0]


def test_short_rows_are_not_broken_over_pages():
    document = samples.unit_annex(*[samples.SCENARIOS] * 9)
    with pdfplumber.open(io.BytesIO(written(document, Format.PDF))) as file:
        assert len(file.pages) > 1
        for page in file.pages:
            assert all(row[0] for row in page.extract_table())


def test_a_row_of_twelve_scenarios_stands_whole_on_one_page():
    four = samples.SCENARIOS
    pages = pdf_pages(
        written(samples.unit_annex(four + four[:1], four * 3, four + four[:1]), Format.PDF)
    )
    assert ["12. " in page for page in pages] == ["11. " in page for page in pages]
    assert ["8. " in page for page in pages] == ["12. " in page for page in pages]
    assert "注：" in pages[-1]
    assert "5. " in pages[-1]


# The heights round which the note just does not fit on the page any more.
@pytest.mark.parametrize("lines", range(14, 18))
@pytest.mark.parametrize("above", [(), ("短",) * 10], ids=["one row", "two rows"])
def test_a_note_never_stands_above_an_empty_page(above, lines):
    last = ("短",) * (lines + 11 - len(above))
    document = samples.unit_annex(*filter(None, (above, last)))
    with pdfplumber.open(io.BytesIO(written(document, Format.PDF))) as file:
        assert "1." in file.pages[0].extract_text()
        page = file.pages[-1]
        assert "注：" in page.extract_text()
        assert len(page.extract_table()) > 1


def test_a_row_taller_than_a_page_keeps_the_header_on_every_page():
    table = samples.annex(units=1).blocks[3]
    rows = table.groups[0].rows
    tall = (*rows[0][:3], tuple(samples.SCENARIOS * 12), *rows[0][4:])
    document = replace(
        samples.annex(units=1), blocks=(Table(table.columns, (Group("组", (rows[1], tall)),)),)
    )
    pages = pdf_pages(written(document, Format.PDF))
    assert len(pages) >= 3
    assert all("涉及典型场景实例（罗列）" in page for page in pages)
    assert "48." in pages[-1]


# Room on the first page for all of the long table but its last row; for one row of it.
@pytest.mark.parametrize("lines", [5, 6, 7, 18, 20, 21, 22])
@pytest.mark.parametrize("rows", [5, 20])
def test_a_table_in_running_text_breaks_with_two_rows_on_each_side_or_not_at_all(rows, lines):
    with pdfplumber.open(
        io.BytesIO(written(samples.table_in_text(lines, rows), Format.PDF))
    ) as file:
        texts = [page.extract_text() for page in file.pages]
        tables = [table for page in file.pages for table in page.extract_tables()]
    sizes = [len(table) - 1 for table in tables]
    assert all(row[0] for table in tables for row in table)
    assert sum(sizes) == rows
    assert min(sizes) >= (rows if rows == 5 else 2)
    assert [page for page, text in enumerate(texts) if "标题" in text] == [
        page for page, text in enumerate(texts) if "甲1 " in text
    ]


def test_a_group_heading_never_stands_alone_at_the_foot_of_a_page(annex_pages):
    titles = {group.title for group in samples.annex().blocks[3].groups}
    assert not titles & {page.splitlines()[-3] for page in annex_pages}


def test_a_page_break_starts_a_new_page():
    document = samples.texts("表")
    document = replace(document, blocks=(Paragraph("前"), PageBreak(), *document.blocks))
    first, second = pdf_pages(written(document, Format.PDF))
    assert first.startswith("前")
    assert "内容" in second


def test_the_watermark_is_on_every_page():
    pages = pdf_pages(written(samples.book(watermark="稿"), Format.PDF))
    assert len(pages) > 2
    assert all("稿" in page for page in pages)


def test_a_character_without_glyph_is_spelled_out_and_nothing_else_changes():
    pages = pdf_pages(written(samples.texts("刘\U000f1234<强>&\u0378"), Format.PDF))
    assert "刘〔U+F1234〕<强>&〔U+0378〕" in pages[0]


def test_rare_characters_of_names_are_printed_as_themselves():
    pages = pdf_pages(written(samples.texts("㛃𬭎䶮喆堃昇犇翀"), Format.PDF))
    assert "㛃𬭎䶮喆堃昇犇翀" in pages[0]


def _error_with_fonts(folder: Path | str, cache: Path) -> str:
    """Write a PDF in a process that knows the fonts of one folder only."""
    config = cache / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir></fontconfig>")
    code = (
        "import io\n"
        "from portal.documents import pdf\n"
        "from tests.portal.documents import samples\n"
        "try: pdf.write(samples.texts('甲堃\U000f1234'), io.BytesIO())\n"
        "except pdf.MissingGlyphs as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"FONTCONFIG_FILE": str(config), "PYTHONIOENCODING": "utf-8"},
        cwd=ROOT,
    )
    return done.stdout


@pytest.mark.parametrize("folder", [DEJAVU, "/nowhere"], ids=["Latin fonts", "no font at all"])
def test_without_a_chinese_font_the_pdf_fails_and_says_what_to_install(tmp_path, folder):
    error = _error_with_fonts(folder, tmp_path)
    assert "缺少中文字体" in error
    assert "fonts-noto-cjk" in error


def test_a_chinese_font_that_lacks_usual_characters_is_not_enough(tmp_path):
    font = TTCollection(NOTO, lazy=True).fonts[2]
    # Everything the document prints, code points included, except the usual character 堃.
    subsetter = Subsetter()
    subsetter.populate(text="序号内容甲校验码版本第页共生成时间〔〕+-: " + string.printable)
    subsetter.subset(font)
    font.save(tmp_path / "few.otf")
    assert "堃（U+5803）" in _error_with_fonts(tmp_path, tmp_path)


def test_glyphs_are_not_left_unwatched_when_the_log_is_off():
    logging.disable(logging.CRITICAL)
    try:
        with pytest.raises(RuntimeError, match="logger"):
            written(samples.texts("甲"), Format.PDF)
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "https://a.cn/", "file:///etc/passwd"])
def test_no_address_is_ever_opened(url):
    with pytest.raises(ValueError, match="load nothing"):
        pdf.RefuseEverything().fetch(url)


def test_even_smuggled_markup_could_not_load_a_file(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="9">secret</text></svg>')
    asked = []

    class Watching(pdf.RefuseEverything):
        def fetch(self, url, headers=None):
            asked.append(url)
            return super().fetch(url, headers)

    page = HTML(string=f'<img src="{secret.as_uri()}">', url_fetcher=Watching()).write_pdf()
    assert asked == [secret.as_uri()]
    assert pdf_pages(page) == [""]


def test_a_text_that_looks_like_markup_asks_for_no_address(monkeypatch):
    asked = []
    monkeypatch.setattr(
        pdf.RefuseEverything, "fetch", lambda self, url, headers=None: asked.append(url)
    )
    written(samples.texts('<img src="file:///etc/passwd">', "url(http://127.0.0.1)"), Format.PDF)
    assert asked == []


def test_two_tall_pictures_share_a_page():
    document = replace(
        samples.pictures(*"12345"), blocks=samples.pictures(*"12345").blocks[-1:] * 2
    )
    assert len(pdf_pages(written(document, Format.PDF))) == 1


def test_no_picture_is_larger_than_the_text_or_blown_up():
    with pdfplumber.open(io.BytesIO(written(samples.pictures(*"12345"), Format.PDF))) as file:
        sizes = [
            (round(image["width"] / 72 * 25.4), round(image["height"] / 72 * 25.4))
            for page in file.pages
            for image in page.images
        ]
    assert sizes == [(129, 97), (54, 97), (20, 14), (156, 10), (6, 97)]


def test_the_file_is_dated_by_the_document():
    for days, date in ((0, "D:20241122"), (1, "D:20241123")):
        document = samples.texts("甲", made_at=samples.MADE_AT + timedelta(days=days))
        with pdfplumber.open(io.BytesIO(written(document, Format.PDF))) as file:
            assert file.metadata["CreationDate"].startswith(date)
            assert file.metadata["ModDate"].startswith(date)
