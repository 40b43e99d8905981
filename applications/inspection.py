"""What an uploaded file really is: told by the library that reads it, never by its name.

Knows neither models nor slots. A file is read through here once, before it is stored.
"""

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import pypdfium2
from PIL import Image, ImageFile, ImageOps

from portal.errors import PortalError

PDF = "application/pdf"
JPEG, PNG = "image/jpeg", "image/png"
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OOXML}wordprocessingml.document"
XLSX = f"{_OOXML}spreadsheetml.sheet"

SUFFIXES = {
    PDF: (".pdf",),
    JPEG: (".jpg", ".jpeg"),
    PNG: (".png",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
}
"""The endings that fit each type, the usual one first."""

MOST_PIXELS = {JPEG: 50_000_000, PNG: 25_000_000}
"""Reading takes up to eight bytes of memory for each; of most JPEG, as photos are, far fewer."""
MOST_UNPACKED = 300 * 1024 * 1024
THUMBNAIL = (320, 320)

AS_IMAGE = "请用看图或画图软件另存为 JPG 或 PNG 后再上传。"
AS_OFFICE = "请用 WPS 或 Office 打开后另存为 .docx、.xlsx 或 PDF 再上传。"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FOREIGN = (
    (0, OLE, f"是旧格式（.doc、.xls、.wps）或加密的文档。{AS_OFFICE}"),
    (0, b"Rar!", "是压缩包。请解压后逐个上传。"),
    (0, b"7z\xbc\xaf", "是压缩包。请解压后逐个上传。"),
    (0, b"PK", "是压缩包，或不完整的文档。压缩包请解压后逐个上传；文档请重新保存后再上传。"),
    (0, b"GIF8", f"是 GIF 图片。{AS_IMAGE}"),
    (0, b"BM", f"是 BMP 图片。{AS_IMAGE}"),
    (0, b"II*\0", f"是 TIFF 图片。{AS_IMAGE}"),
    (0, b"MM\0*", f"是 TIFF 图片。{AS_IMAGE}"),
    (8, b"WEBP", f"是 WebP 图片。{AS_IMAGE}"),
    (4, b"ftyp", f"是手机的 HEIC 照片或视频。照片{AS_IMAGE}"),
    (0, b"MZ", "是程序，不能作为附件。"),
)
"""Where a foreign type has its mark, and what to tell who brings it."""

# PDFium may not be called from two threads at once.
pdfium = threading.Lock()
# Images read side by side would add up to more memory than there is.
_pixels = threading.Lock()


class Unfit(PortalError):
    """The file cannot be taken; ``str(error)`` goes on from its name (“……”是压缩包。)."""


@dataclass(frozen=True)
class Content:
    type: str
    """Empty for what is nothing we know."""
    pages: int | None = None
    thumbnail: bytes = b""


def inspect(stream: BinaryIO) -> Content:
    """Read a file through; raise Unfit when it is damaged, locked, or of a type we can name."""
    stream.seek(0)
    head = stream.read(1024)
    stream.seek(0)
    if b"%PDF-" in head:
        return _pdf(stream)
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return _image(stream)
    if head.startswith(b"PK\x03\x04"):
        return _office(stream)
    for offset, mark, sentence in FOREIGN:
        if head.startswith(mark, offset):
            raise Unfit(sentence)
    return Content("")


def _pdf(stream: BinaryIO) -> Content:
    with pdfium:
        try:
            document = pypdfium2.PdfDocument(stream)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
                raise Unfit("需要密码才能打开。请取消密码后再上传。") from None
            raise Unfit("已损坏，打不开。请重新生成 PDF 后再上传。") from None
        try:
            pages = len(document)
        finally:
            document.close()
    if not pages:
        raise Unfit("没有内容页。请重新生成 PDF 后再上传。")
    return Content(PDF, pages)


def _image(stream: BinaryIO) -> Content:
    try:
        image = Image.open(stream, formats=("JPEG", "PNG"))
        width, height = image.size
        type_ = PNG if image.format == "PNG" else JPEG
        most = MOST_PIXELS[type_]
        if width * height <= most:
            # The thumbnail needs the image to its last byte; a JPEG is then decoded at a fraction
            # of its size.
            image.draft("RGB", THUMBNAIL)
            with whole_images():
                return Content(type_, thumbnail=scaled(image, THUMBNAIL))
    except Image.DecompressionBombError:
        raise Unfit("像素过大。请缩小后再上传。") from None
    except Exception:  # a decoder fed with a broken file raises whatever it stumbles over
        raise Unfit("已损坏，图片不完整。请重新导出或重新拍摄后再上传。") from None
    raise Unfit(f"像素过大（{width}×{height}）。请缩小到 {most // 10000} 万像素以内再上传。")


@contextmanager
def whole_images() -> Iterator[None]:
    """One image at a time, for the memory, and none of which a part is missing.

    WeasyPrint, where it is loaded, has Pillow fill in what a file lacks.
    """
    with _pixels:
        lenient, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = lenient


def scaled(image: Image.Image, size: tuple[int, int]) -> bytes:
    """The image as a JPEG no larger than ``size``: upright, on white, nothing else in it."""
    image.thumbnail(size)
    image = ImageOps.exif_transpose(image)
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.convert("RGBA").getchannel("A"))
    target = io.BytesIO()
    ground.save(target, "JPEG", quality=80)
    return target.getvalue()


def _office(stream: BinaryIO) -> Content:
    try:
        with zipfile.ZipFile(stream) as package:
            names = set(package.namelist())
            if "[Content_Types].xml" not in names:
                raise Unfit("是压缩包。请解压后逐个上传。")
            if sum(part.file_size for part in package.infolist()) > MOST_UNPACKED:
                raise Unfit("解压后过大。请压缩其中的图片后再上传。")
            with package.open("[Content_Types].xml") as part:
                types = part.read(1024 * 1024)
            if b"macroEnabled" in types or any(name.endswith("vbaProject.bin") for name in names):
                raise Unfit("含有宏。请另存为不含宏的 .docx、.xlsx 或 PDF 后再上传。")
            if package.testzip():
                raise Unfit("已损坏。请重新保存后再上传。")
    except Unfit:
        raise
    except Exception:  # zipfile fed with a broken file raises whatever it stumbles over
        raise Unfit("已损坏，打不开。请重新保存后再上传。") from None
    for type_ in (DOCX, XLSX):
        if f"{type_}.main+xml".encode() in types:
            return Content(type_)
    raise Unfit(f"不是 Word 或 Excel 文档。{AS_OFFICE}")
