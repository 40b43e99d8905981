"""The QR code: on every page, readable, and only where there is a code to look up."""

import io
from dataclasses import replace

import docx
import openpyxl
import pypdfium2
import pytest
import segno
from PIL import Image

from portal.documents import Format, looks, qr
from tests.portal.documents import samples
from tests.portal.documents.readers import pdf_pages, read_rows, written

ADDRESS = "https://portal.example.gov.cn/verify/"


def printed(document):
    return replace(document, verified_at=ADDRESS)


def wanted(document) -> list[list[bool]]:
    """The dark modules of the code that leads to the document's check code."""
    code = segno.make_qr(f"{ADDRESS}{document.check_code}", error="m")
    return [list(map(bool, row)) for row in code.matrix]


def modules(image: Image.Image) -> list[list[bool]]:
    """The dark modules of a picture that is nothing but a QR code: the middle of each is asked."""
    side = 33  # what ADDRESS and a code take
    step = image.width / side
    places = [int((number + 0.5) * step) for number in range(side)]
    grey = image.convert("L")
    return [[grey.getpixel((x, y)) < 128 for x in places] for y in places]


def squares_of_pdf(content: bytes, page: looks.Page, top: float) -> list[Image.Image]:
    """What each page of a PDF shows in the place of the code, ``top`` below the text."""
    scale = 600 / 72
    dots = 600 / 25.4
    left, upper = page.left * dots, (page.height - page.bottom + top) * dots
    box = (left, upper, left + qr.SIDE * dots, upper + qr.SIDE * dots)
    file = pypdfium2.PdfDocument(content)
    return [sheet.render(scale=scale).to_pil().crop(tuple(map(round, box))) for sheet in file]


@pytest.mark.parametrize(
    ("make", "page", "top"),
    [(samples.annex, looks.LANDSCAPE, 1.5), (samples.book, looks.PORTRAIT, 5)],
)
def test_every_page_of_a_pdf_carries_the_code(make, page, top):
    document = printed(make())
    squares = squares_of_pdf(written(document, Format.PDF), page, top)
    assert len(squares) > 2
    assert all(modules(square) == wanted(document) for square in squares)


def test_in_a_pdf_the_code_is_drawn_and_not_a_picture():
    content = written(printed(samples.annex(units=1)), Format.PDF)
    [first, *_] = pypdfium2.PdfDocument(content)
    kinds = {each.type for each in first.get_objects(max_depth=5)}
    assert pypdfium2.raw.FPDF_PAGEOBJ_IMAGE not in kinds


@pytest.mark.parametrize("make", [samples.annex, samples.book])
def test_every_page_of_a_word_file_carries_the_code_in_its_footer(make):
    document = printed(make())
    section = docx.Document(io.BytesIO(written(document, Format.DOCX))).sections[0]
    assert not section.different_first_page_header_footer
    [picture] = section.footer.part.package.image_parts
    assert modules(Image.open(io.BytesIO(picture.blob))) == wanted(document)
    [shown] = section.footer._element.xpath(".//wp:docPr/@descr")
    assert shown == f"{ADDRESS}{document.check_code}"


def test_an_excel_file_carries_the_code_once_above_the_table():
    document = printed(samples.annex())
    sheet = openpyxl.load_workbook(io.BytesIO(written(document, Format.XLSX))).active
    [picture] = sheet._images
    assert picture.anchor._from.row == 0
    assert modules(Image.open(picture.ref)) == wanted(document)
    assert document.check_code in sheet.oddFooter.left.text


@pytest.mark.parametrize("format", Format)
def test_a_draft_has_no_code(format):
    draft = printed(samples.annex(units=1, watermark="草稿"))
    assert draft.verify_url == ""
    assert written(draft, format) == written(replace(draft, verified_at=""), format)


def test_where_the_code_is_looked_up_changes_neither_the_check_code_nor_what_is_read():
    plain = samples.annex(units=1)
    document = printed(plain)
    assert document.content_digest() == plain.content_digest()
    assert document.check_code == plain.check_code
    for format in Format:
        content, bare = written(document, format), written(plain, format)
        assert read_rows(content, format) == read_rows(bare, format)
        assert content == written(document, format)


def test_the_code_takes_no_room_from_the_text():
    for make in (samples.annex, samples.book):
        pages, bare = (
            pdf_pages(written(document, Format.PDF)) for document in (printed(make()), make())
        )
        assert pages == bare
