"""Where two texts say the same in the same words, whatever became of punctuation and spacing.

Plain: knows no model. Each text is represented by the fingerprints of some of its runs of
characters (winnowing, Schleimer et al. 2003), so that a common passage is never overlooked from
``SHORTEST`` characters on; what the fingerprints suggest is then read off the texts themselves.
"""

import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice
from zlib import crc32

GRAM = 10
"""Characters of one fingerprint: long enough to be no mere technical term."""

WINDOW = 11
"""Of so many runs in a row, one is kept."""

SHORTEST = GRAM + WINDOW - 1
"""A passage has at least as many Chinese characters that are neither public text nor names."""

MOST_REPEATS = 5
"""A run that a text repeats is followed up from so many places; two texts that are one character
a thousand times would else have a million places in common."""

BREAK = "\n"
"""Stands around each text, where several are compared as one: no passage crosses it."""

_NO_RUN = 1 << 32


class _Plain(dict):
    """By code point, what a character says: half-width, small, letters and digits only."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(code)).casefold()
        self[code] = plain = "".join(filter(str.isalnum, folded))
        return plain


_PLAIN = _Plain()


def normalised(text: str) -> str:
    """The text as it is compared: without width, case, punctuation and blanks."""
    return text.translate(_PLAIN)


def origins(text: str) -> list[int]:
    """For each character of the normalised text, its place in the text as written."""
    return [at for at, character in enumerate(text) for _ in _PLAIN[ord(character)]]


def joined(texts: Iterable[str]) -> str:
    """Several normalised texts as one."""
    return f"{BREAK}{BREAK.join(texts)}{BREAK}"


def grams(text: str) -> Iterator[str]:
    """Every run of ``GRAM`` characters of a normalised text."""
    return (text[at : at + GRAM] for at in range(len(text) - GRAM + 1))


def occurrences(text: str, part: str) -> Iterator[int]:
    """Where ``part`` begins in the text, again and again."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))


def fingerprints(text: str, public: Collection[str]) -> array:
    """What to keep of a joined text; runs that lie in ``public`` text are passed over."""
    codes = [
        _NO_RUN if BREAK in gram or gram in public else crc32(gram.encode()) for gram in grams(text)
    ]
    windows = range(max(len(codes) - WINDOW + 1, 1))
    kept = {min(codes[at : at + WINDOW], default=_NO_RUN) for at in windows}
    return array("I", sorted(kept - {_NO_RUN}))


class Wording:
    """One joined text, to be held against many others.

    Of its characters those count that are Chinese and lie neither in ``public`` text (its runs)
    nor in one of the ``names``: figures and names alone are no passage.
    """

    def __init__(self, text: str, public: Collection[str], names: Iterable[str] = ()) -> None:
        self.text = text
        self._places: dict[int, list[int]] = defaultdict(list)
        counts = bytearray(map(_is_chinese, text))
        for at, gram in enumerate(grams(text)):
            if gram in public:
                counts[at : at + GRAM] = bytes(GRAM)
            elif BREAK not in gram:
                places = self._places[crc32(gram.encode())]
                places += [at] if len(places) < MOST_REPEATS else []
        for name in filter(None, names):
            for at in occurrences(text, name):
                counts[at : at + len(name)] = bytes(len(name))
        self._counted = list(accumulate(counts, initial=0))

    def shared(self, kept: Iterable[int]) -> set[int]:
        """Those of another text's fingerprints that occur in this one."""
        return self._places.keys() & kept

    def passages(self, other: str, shared: Iterable[int]) -> set[str]:
        """What the texts have in common, each passage as long as it goes in both."""
        found = set()
        reached: dict[int, int] = {}
        places: dict[str, list[int]] = {}
        for at in sorted(at for code in shared for at in self._places[code]):
            gram = self.text[at : at + GRAM]
            if gram not in places:
                places[gram] = list(islice(occurrences(other, gram), MOST_REPEATS))
            for place in places[gram]:
                if at >= reached.get(place - at, 0):
                    start, end = self._extended(at, other, place)
                    reached[place - at] = end
                    if self._counted[end] - self._counted[start] >= SHORTEST:
                        found.add(self.text[start:end])
        return found

    def _extended(self, at: int, other: str, place: int) -> tuple[int, int]:
        """The passage around a common run; the breaks at both ends of a text stop it."""
        text, offset = self.text, place - at
        end = at + GRAM
        while text[end] == other[end + offset] != BREAK:
            end += 1
        while text[at - 1] == other[at - 1 + offset] != BREAK:
            at -= 1
        return at, end

    def covered(self, passages: Iterable[str]) -> int:
        """How many characters of the text lie in one of the passages."""
        marks = bytearray(len(self.text))
        for passage in passages:
            for at in occurrences(self.text, passage):
                marks[at : at + len(passage)] = b"\x01" * len(passage)
        return sum(marks)


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or character >= "\U00020000"


@dataclass
class Passage:
    """A passage that other texts share: by each one's key, how much of it stands there.

    ``parts`` is the whole with every part that some text has.
    """

    text: str
    found: dict[int, str] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)


def gathered(passages: Iterable[tuple[int, str]]) -> list[Passage]:
    """Passages by the key of the other text: the longest first, a part of one put with it."""
    heads: list[Passage] = []
    by_text: dict[str, Passage] = {}
    for key, text in sorted(passages, key=lambda each: (-len(each[1]), each)):
        if text not in by_text:
            head = next((head for head in heads if text in head.text), None)
            if head is None:
                head = Passage(text)
                heads.append(head)
            by_text[text] = head
        by_text[text].found.setdefault(key, text)
        by_text[text].parts.add(text)
    return heads
