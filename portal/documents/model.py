"""What a document says, apart from any file format: headings, paragraphs, tables, typed values."""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")

Align = Literal["start", "center", "end"]
Orientation = Literal["portrait", "landscape"]
Value = str | int | Decimal | date | tuple[str, ...] | None


class DocumentError(ValueError):
    """The document cannot be written; ``str(error)`` says in Chinese why and what to do."""


class Kind(StrEnum):
    """The type of a table column. A str is welcome in every kind and printed as it is (不适用)."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    NUMBERED = "numbered"


class Style(StrEnum):
    """The paragraph styles the official documents need; every writer knows how each looks."""

    BODY = "body"
    ANNEX_LABEL = "annex-label"
    TITLE = "title"
    UNIT_LINE = "unit-line"
    NOTE = "note"
    SIGNATURE = "signature"
    COVER_TITLE = "cover-title"
    COVER_LINE = "cover-line"
    COVER_NOTE = "cover-note"


@dataclass(frozen=True)
class Column:
    """A table column. Width is a share in millimetres: the table always fills the text width.

    A heading column names its row (the left column of a key-value table) and is printed like
    the header row.
    """

    title: str
    kind: Kind
    width: float
    align: Align = "start"
    heading: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under an optional sub-heading that spans the whole table."""

    title: str | None
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Table:
    """A table. When no column has a title there is no header row (key-value tables).

    One in running text is kept from breaking badly over pages, at the price of free space above
    it; any other one is the document itself and fills its pages.
    """

    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    in_text: bool = False

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("A table needs at least one column.")
        if any(column.width <= 0 for column in self.columns):
            raise ValueError("Every column needs a width above zero.")
        for group in self.groups:
            for row in group.rows:
                if len(row) != len(self.columns):
                    raise ValueError(f"{len(row)} values for {len(self.columns)} columns: {row!r}")

    @property
    def has_header(self) -> bool:
        """Whether a header row is printed."""
        return any(column.title for column in self.columns)

    def widths(self, total: float) -> list[float]:
        """The column widths scaled so that they add up to the given total."""
        asked = sum(column.width for column in self.columns)
        return [column.width * total / asked for column in self.columns]


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (一、), 2 (（一）), 3 (1.) or 4 (（1）)."""

    text: str
    level: int

    def __post_init__(self) -> None:
        if self.level not in (1, 2, 3, 4):
            raise ValueError(f"There is no heading level {self.level}.")


@dataclass(frozen=True)
class Paragraph:
    """Text in one style; every newline starts a new paragraph of that style."""

    text: str
    style: Style = Style.BODY


@dataclass(frozen=True)
class Picture:
    """A picture above its caption; ``pictures.picture_of`` makes one of an uploaded file.

    ``content`` is a JPEG or PNG that every writer prints as it is; ``sha256`` is the uploaded
    file's, so that the digest tells which picture it is however it was made smaller.
    """

    content: bytes
    width: int  # pixels
    height: int
    sha256: str
    caption: str
    alt: str


@dataclass(frozen=True)
class PageBreak:
    """What follows starts on a new page."""


Block = Heading | Paragraph | Table | Picture | PageBreak

# Neither 0/O, 1/I/L, 2/Z, 5/S, 6/G, 8/B nor U/V: the code is read out over the phone and
# compared by eye with a stamped paper copy. Of each such pair the digit stays.
CODE_ALPHABET = "23456789ACDEFHJKMNPQRTVWXY"
_MEANT = str.maketrans("ZSGBU", "2568V")


def code_in(typed: str) -> str:
    """The check code in what somebody typed or scanned, as it is printed; "" if there is none.

    Case, width, spaces and dashes do not matter, nor does the address or the word before the code;
    a letter that no code has counts as the one it looks like.
    """
    last = unicodedata.normalize("NFKC", typed).strip().rstrip("/").rpartition("/")[2]
    code = re.sub("[^0-9A-Z]", "", last.upper()).translate(_MEANT)
    return f"{code[:4]}-{code[4:]}" if len(code) == 8 and set(code) <= set(CODE_ALPHABET) else ""


@dataclass(frozen=True)
class Document:
    """One document, from which all three writers make their file."""

    title: str
    blocks: tuple[Block, ...]
    orientation: Orientation
    made_at: datetime
    revision: str = ""
    watermark: str = ""
    verified_at: str = ""  # the address below which a check code is looked up

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError("made_at must be an aware datetime.")

    def content_digest(self) -> str:
        """SHA-256 (hex) over everything a reader reads, and nothing else.

        Layout (widths, styles, page breaks) stays out, so that a copy printed before a change of
        layout can still be checked; so does made_at, since printing again changes no content.
        The watermark is in: a draft must not pass for the final document. The address where the
        code is looked up is not, since a portal may move.
        """
        readable = [clean_text(self.title), clean_text(self.watermark)]
        readable += [_readable(block) for block in self.blocks if not isinstance(block, PageBreak)]
        canonical = json.dumps(readable, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def check_code(self) -> str:
        """The digest as eight characters a person can compare, such as 7K3M-9QXD."""
        number = int(self.content_digest(), 16)
        code = ""
        for _ in range(8):
            number, index = divmod(number, len(CODE_ALPHABET))
            code += CODE_ALPHABET[index]
        return f"{code[:4]}-{code[4:]}"

    @property
    def verify_url(self) -> str:
        """What the QR code on every page says; "" for a draft, which has no code to look up."""
        return "" if self.watermark or not self.verified_at else self.verified_at + self.check_code

    @property
    def identity_lines(self) -> tuple[str, ...]:
        """Footer, left: check code and the first twelve characters of the revision hash.

        Without a code on a draft: somebody could read it out as the final document's.
        """
        if self.watermark:
            return (f"{one_line(self.watermark)}，无校验码",)
        revision = clean_text(self.revision)[:12]
        return (f"校验码 {self.check_code}", *([f"版本 {revision}"] if revision else []))

    @property
    def identity_text(self) -> str:
        """The same on one line."""
        return "  ".join(self.identity_lines)

    @property
    def made_text(self) -> str:
        """Footer, right: the time of making in Beijing time."""
        return f"生成时间 {self.made_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _readable(block: Block) -> list:
    if isinstance(block, Table):
        titles = [clean_text(column.title) for column in block.columns]
        groups = [[clean_text(g.title or ""), texts_of(block, g)] for g in block.groups]
        return ["table", titles, groups]
    if isinstance(block, Picture):
        return ["picture", block.sha256, clean_text(block.caption)]
    return ["text", clean_text(block.text)]


def texts_of(table: Table, group: Group) -> list[list[str]]:
    """The texts of a group's cells, row by row."""
    kinds = [column.kind for column in table.columns]
    return [[text_of(v, kind) for v, kind in zip(row, kinds, strict=True)] for row in group.rows]


_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def clean_text(text: str) -> str:
    """Text as all three formats can hold it and a reader can see it.

    Control characters and lone surrogates are forbidden by XML. Invisible format characters
    (zero-width, byte order mark, bidirectional overrides) come in with pasted text; they let two
    names that look the same differ, or show a text in another order than it is stored.
    """
    if text.isprintable():
        return text
    text = _LINE_BREAK.sub("\n", text).replace("\t", " ")
    return "".join(c for c in text if c == "\n" or not _is_unprintable(c))


def one_line(text: str) -> str:
    """Clean text without line breaks, for places that have a single line."""
    return clean_text(text).replace("\n", " ")


def _is_unprintable(char: str) -> bool:
    code = ord(char)
    # Unassigned code points stay: they may be ideographs newer than this Python's tables.
    return (
        unicodedata.category(char) in ("Cc", "Cf", "Cs")
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
    )


def text_of(value: Value, kind: Kind) -> str:
    """The one way a value becomes text, in every format."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean_text(value)
    match kind:
        case Kind.NUMBERED if isinstance(value, tuple):
            items = (one_line(item) for item in value)
            return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
        case Kind.DATE if isinstance(value, date):
            day = day_of(value)
            return f"{day.year}年{day.month}月{day.day}日"
        case Kind.INTEGER if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case Kind.DECIMAL:
            return f"{rounded(value):f}"
        case Kind.MONEY:
            return f"{rounded(value):,f}"
        case Kind.PERCENT:
            return f"{rounded(value):f}%"
    raise TypeError(f"{value!r} is no value for a column of kind {kind}.")


def rounded(value: Value) -> Decimal:
    """The number as it is printed: two places, half up, never "-0.00".

    A percentage is in percentage points, the way people type it: Decimal("85.5") is 85.50%.
    Floats are refused, since 0.285 as a float is already less than 0.285.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"{value!r} is not a Decimal.")
    if not Decimal(value).is_finite():
        raise ValueError(f"{value!r} is not a number to print.")
    return Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP) + 0


def day_of(value: date) -> date:
    """The calendar day; of an instant, the day it is in Beijing."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} must be an aware datetime.")
        return value.astimezone(BEIJING).date()
    return value
