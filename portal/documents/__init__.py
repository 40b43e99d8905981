"""Pure document writers: a Document of plain data in, the bytes of a PDF, Excel or Word file."""

import os
import tempfile
from collections.abc import Iterable
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from portal.documents.model import Document, DocumentError


class Format(StrEnum):
    """A file format a Document can be written in; the value is also the file extension."""

    PDF = "pdf"
    XLSX = "xlsx"
    DOCX = "docx"

    @property
    def extension(self) -> str:
        """File extension without the dot."""
        return self.value

    @property
    def label(self) -> str:
        """What people call it."""
        return {Format.PDF: "PDF", Format.XLSX: "Excel", Format.DOCX: "Word"}[self]

    def others(self, formats: Iterable["Format"]) -> dict[str, str]:
        """Those of the formats that are not this one, each with its label."""
        return {other.value: other.label for other in formats if other != self}


def write(document: Document, format: Format, stream: BinaryIO) -> int | None:
    """Write the document to the stream in the given format; its number of pages, if it has one.

    Only a PDF's pages are fixed: the others are laid out by whatever opens them.

    The writer is imported here and not above because WeasyPrint alone costs about 0.7 s and
    60 MB: a process that never exports, such as most web workers, should not pay for it.
    """
    return import_module(f"{__name__}.{Format(format).value}").write(document, stream)


def write_file(document: Document, format: Format, path: Path) -> int | None:
    """Write beside the target and rename, so that no half file is ever found there."""
    if not path.parent.is_dir():
        raise DocumentError(f"目录不存在：{path.parent}")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            part = Path(folder) / path.name
            with part.open("wb") as stream:
                pages = write(document, format, stream)
            os.replace(part, path)
    except OSError as error:
        raise DocumentError(f"无法写入 {path}：{error.strerror}。") from error
    return pages
