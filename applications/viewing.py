"""A page of a stored file as a picture, so that it is read where it proves something.

Drawn anew each time: a scanned page takes a tenth of a second, and nothing has to be tidied away.
"""

import io
import time
from typing import BinaryIO

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from applications.inspection import JPEG, PDF, PNG, pdfium, scaled, whole_images
from portal.errors import PortalError

LONGEST_SIDE = 1600  # pixels: the small print of an A4 scan can be read
LARGEST_SCALE = 4  # of a PDF's own size; a tiny page is not blown up
PATIENCE = 5.0
"""Seconds for drawing one page. Drawings exported from CAD can take minutes, and others wait."""


class NotShown(PortalError):
    """The page cannot be shown; ``str(error)`` says why and what to do."""


def page_picture(stream: BinaryIO, content_type: str, number: int) -> bytes:
    """Page ``number`` of a PDF, or an image as its only page, as a JPEG.

    Raises LookupError for a page that there is not, NotShown for one that cannot be drawn.
    """
    if content_type == PDF:
        return _pdf_page(stream, number)
    if content_type not in (JPEG, PNG) or number != 1:
        raise LookupError(number)
    try:
        image = Image.open(stream, formats=("JPEG", "PNG"))
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        with whole_images():
            return scaled(image, (LONGEST_SIDE, LONGEST_SIDE))
    except Exception:  # a decoder fed with a broken file raises whatever it stumbles over
        raise NotShown("图片已损坏，无法显示。请下载原文件查看。") from None


def _pdf_page(stream: BinaryIO, number: int) -> bytes:
    with pdfium:
        try:
            document = pypdfium2.PdfDocument(stream)
        except pypdfium2.PdfiumError:
            raise NotShown("文件已损坏，无法显示。请下载原文件查看。") from None
        try:
            if not 1 <= number <= len(document):
                raise LookupError(number)
            return _drawn(document[number - 1])
        except pypdfium2.PdfiumError:
            raise NotShown("这一页已损坏，无法显示。请下载原文件查看。") from None
        finally:
            document.close()


def _drawn(page: pypdfium2.PdfPage) -> bytes:
    """The page drawn on white, unless that takes too long."""
    scale = min(LONGEST_SIDE / max(page.get_size()), LARGEST_SCALE)
    width, height = (max(1, round(side * scale)) for side in page.get_size())
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR)
    raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
    until = time.monotonic() + PATIENCE
    ask = dict(raw.IFSDK_PAUSE._fields_)["NeedToPauseNow"]
    pause = raw.IFSDK_PAUSE(version=1, NeedToPauseNow=ask(lambda _: time.monotonic() > until))
    area = (0, 0, width, height)
    state = raw.FPDF_RenderPageBitmap_Start(bitmap, page, *area, 0, raw.FPDF_ANNOT, pause)
    raw.FPDF_RenderPage_Close(page)
    if state != raw.FPDF_RENDER_DONE:
        raise NotShown("这一页过于复杂，无法在网页中显示。请下载原文件查看。")
    target = io.BytesIO()
    bitmap.to_pil().save(target, "JPEG", quality=80)
    return target.getvalue()
