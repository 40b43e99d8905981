"""Pure document writers: a Document of plain data in, the bytes of a PDF, Excel or Word file."""

from enum import StrEnum
from importlib import import_module
from typing import BinaryIO

from portal.documents.model import Document


class Format(StrEnum):
    """A file format a Document can be written in; the value is also the file extension."""

    PDF = "pdf"
    XLSX = "xlsx"
    DOCX = "docx"

    @property
    def extension(self) -> str:
        """File extension without the dot."""
        return self.value


def write(document: Document, format: Format, stream: BinaryIO) -> None:
    """Write the document to the stream in the given format.

    The writer is imported here and not above because WeasyPrint alone costs about 0.7 s and
    60 MB: a process that never exports, such as most web workers, should not pay for it.
    """
    import_module(f"{__name__}.{Format(format).value}").write(document, stream)
