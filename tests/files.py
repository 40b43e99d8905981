"""Files as people bring them: small, invented, and really of the kind they say."""

import io
import zipfile
from functools import cache

import openpyxl
import pypdfium2
from django.core.files.uploadedfile import SimpleUploadedFile
from docx import Document
from PIL import Image


@cache
def pdf(pages: int = 1) -> bytes:
    """The same bytes each time, though the writer puts a new id into each document."""
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(100, 100)
    target = io.BytesIO()
    document.save(target)
    document.close()
    return target.getvalue()


def image(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    Image.new(mode, size).save(target, kind)
    return target.getvalue()


def workbook() -> bytes:
    target = io.BytesIO()
    openpyxl.Workbook().save(target)
    return target.getvalue()


def letter() -> bytes:
    target = io.BytesIO()
    Document().save(target)
    return target.getvalue()


def archive(**parts: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return target.getvalue()


def with_part(package: bytes, name: str, content: str) -> bytes:
    target = io.BytesIO(package)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(name, content)
    return target.getvalue()


def with_changed(package: bytes, name: str, content: bytes) -> bytes:
    """With another content of one part, and packed not at all: nothing weighs less than it is."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(target, "w") as new:
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return target.getvalue()


def garbled(package: bytes, name: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """With some bytes of one part overwritten, and the way it says it was packed."""
    broken = bytearray(package)
    local = zipfile.ZipFile(io.BytesIO(package)).getinfo(name).header_offset
    listed = package.rindex(name.encode()) - 46
    content = local + 30 + len(name)
    broken[content : content + 40] = b"\xff" * 40
    for place in (local + 8, listed + 10):
        broken[place : place + 2] = method.to_bytes(2, "little")
    return bytes(broken)


def of_many_disks(package: bytes) -> bytes:
    """As one of several volumes of an archive says of itself."""
    end = package.rindex(b"PK\x05\x06")
    locator = b"PK\x06\x07" + bytes(12) + (2).to_bytes(4, "little")
    return package[:end] + locator + package[end:]


def as_upload(content: bytes, name: str = "a.pdf") -> SimpleUploadedFile:
    """As it comes in with a form."""
    return SimpleUploadedFile(name, content)
