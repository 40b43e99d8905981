"""How a kept file goes out: from the disk, and onwards from where a download broke off."""

import mimetypes
import os
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

BLOCK = 1 << 16


class NotThere(Exception):
    """The part asked for begins behind the end of the file."""


def send(stream: BinaryIO, name: str, method: str, headers: Mapping[str, str]) -> HttpResponseBase:
    """The answer to a request for a file on disk: all of it, or the one part asked for (RFC 9110).

    Several parts at once are answered with the whole file, which the standard allows.
    """
    facts = os.fstat(stream.fileno())
    size, etag = facts.st_size, f'"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"'
    # With another file than the one they have the beginning of, they begin again.
    asked = headers.get("Range", "") if headers.get("If-Range", etag) == etag else ""
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    try:
        part = _part(asked, size) if method == "GET" else None
    except NotThere:
        stream.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    if method == "HEAD":
        stream.close()
        response = HttpResponse(content_type=content_type, headers={"Content-Length": size})
    elif part is None:
        response = FileResponse(stream, content_type=content_type)
    else:
        first, last = part
        response = StreamingHttpResponse(
            _Part(stream, first, last - first + 1), status=206, content_type=content_type
        )
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
        response["Content-Length"] = last - first + 1
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    return response


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte of the one part asked for; None where that is everything."""
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", asked.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":  # the last so many
        first, last = max(size - int(found[2]), 0), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
        if found[2] and int(found[2]) < first:
            return None  # malformed, which counts as not asked
    if first > last:
        raise NotThere
    return first, last


class _Part:
    """Some bytes of a file, read as they go out; closes the file, also when nobody reads."""

    def __init__(self, stream: BinaryIO, first: int, length: int) -> None:
        self.stream, self.left = stream, length
        stream.seek(first)

    def __iter__(self) -> Iterator[bytes]:
        while self.left and (block := self.stream.read(min(self.left, BLOCK))):
            self.left -= len(block)
            yield block

    def close(self) -> None:
        self.stream.close()
