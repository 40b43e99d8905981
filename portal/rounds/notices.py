"""The text of a notice as parts of a page: what is a heading is told by how notices number them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

HEADINGS = (
    (2, re.compile(r"附件 ?\d+$|关于.{2,60}的通知$")),
    (3, re.compile(r"[一二三四五六七八九十]+、[^。；，]{1,30}$")),
    (4, re.compile(r"[（(][一二三四五六七八九十]+[）)][^。；，]{1,20}$")),
)


class Part(NamedTuple):
    text: str
    level: int = 0
    """Of a heading; 0 for a paragraph."""


def parts(text: str) -> Iterator[Part]:
    """Line by line; blank lines say nothing."""
    for line in filter(None, map(str.strip, text.splitlines())):
        yield Part(line, next((level for level, form in HEADINGS if form.match(line)), 0))
