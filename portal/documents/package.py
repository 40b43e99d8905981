"""The zip container of Excel and Word files, made reproducible."""

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO

from portal.documents.model import BEIJING


def repack(
    source: bytes, stream: BinaryIO, made_at: datetime, replaced: Mapping[str, bytes] | None = None
) -> None:
    """Copy the package to the stream with made_at as the time of every member.

    openpyxl and python-docx stamp members with the time of writing; without this the same
    document would never give the same file twice, and an archive could not be compared.
    """
    replaced = replaced or {}
    moment = made_at.astimezone(BEIJING).timetuple()[:6]
    with (
        zipfile.ZipFile(io.BytesIO(source)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            member = zipfile.ZipInfo(name, moment)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, replaced.get(name) or old.read(name))
