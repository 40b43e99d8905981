"""What changed between two texts, in runs that people can read."""

import math
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from diff_match_patch import diff_match_patch

Run = tuple[str, str]
"""A kind (same, del, ins; gap for what is folded away) and the text."""

PATIENCE = 0.2
"""Seconds for one stretch of text; what is not compared by then counts as replaced."""

NEIGHBOURHOOD = 24
"""Tokens kept on each side of a change where unchanged text is folded away."""

_SENTENCE = re.compile(r"[^。！？；\n]*[。！？；\n]|[^。！？；\n]+")
_TOKEN = re.compile(
    r"(?:(?<![A-Za-z0-9])[-+−])?\d+(?:[年月.．,:/~-]\d+)*[%％‰年月日]?"  # numbers, dates, times
    r"|[A-Za-z]+"
    # A character stays with its variation selector, without which it is another one.
    r"|.[\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
    r"|.",
    re.DOTALL,
)
_PRIVATE = 0xF0000
_KINDS = {-1: "del", 0: "same", 1: "ins"}


def runs_of(old: str, new: str, until: float = math.inf) -> tuple[Run, ...]:
    """The newer text with what was deleted and inserted; numbers and words are never split.

    Sentences are matched first, so that moved or rewritten ones stay whole; inside a sentence that
    was only edited, the characters. After the time ``until`` only whole replacements are found.
    """
    runs: list[Run] = []
    sentences = _diff(old, new, _SENTENCE, until)
    for is_same, stretch in groupby(sentences, key=lambda run: run[0] == "same"):
        if is_same:
            runs += stretch
        else:
            texts = dict(stretch)
            runs += _edits(texts.get("del", ""), texts.get("ins", ""), until)
    return tuple(
        (kind, "".join(text for _, text in same_kind))
        for kind, same_kind in groupby(filter(itemgetter(1), runs), key=itemgetter(0))
    )


def _edits(old: str, new: str, until: float) -> Iterator[Run]:
    """The runs of sentences that took each other's place; one by one where they are as many."""
    before, after = _SENTENCE.findall(old), _SENTENCE.findall(new)
    pairs = zip(before, after, strict=True) if len(before) == len(after) else [(old, new)]
    for pair in pairs:
        if _is_rewritten(*pair):
            yield from (("del", pair[0]), ("ins", pair[1]))
        else:
            yield from _diff(*pair, _TOKEN, until, tidy=True)


def _is_rewritten(old: str, new: str) -> bool:
    """Whether the texts have so little in common that what they share is chance."""
    before, after = (Counter(zip(text, text[1:], strict=False)) for text in (old, new))
    return (before & after).total() * 4 <= min(before.total(), after.total())


def _diff(
    old: str, new: str, pattern: re.Pattern[str], until: float, *, tidy: bool = False
) -> list[Run]:
    """The runs in units of ``pattern``; ``tidy`` gives up coincidences between changes."""
    codes: dict[str, str] = {}

    def encoded(text: str) -> str:
        """Each unit as one character: itself, or one of the planes for private use."""
        return "".join(
            unit
            if len(unit) == 1 and ord(unit) < _PRIVATE
            else codes.setdefault(unit, chr(_PRIVATE + len(codes)))
            for unit in pattern.findall(text)
        )

    engine = diff_match_patch()
    deadline = min(until, time.time() + PATIENCE)
    found = engine.diff_main(encoded(old), encoded(new), False, deadline)
    if tidy:
        engine.diff_cleanupSemantic(found)
    units = {ord(code): unit for unit, code in codes.items()}
    return [(_KINDS[kind], text.translate(units)) for kind, text in found if text]


def folded(runs: Sequence[Run]) -> list[Run]:
    """Runs with the middle of long unchanged stretches as a gap; nothing is cut inside a number."""
    shown: list[Run] = []
    for number, (kind, text) in enumerate(runs):
        tokens = _TOKEN.findall(text) if kind == "same" else []
        head = NEIGHBOURHOOD if number else 0
        tail = NEIGHBOURHOOD if number < len(runs) - 1 else 0
        if len(tokens) <= head + tail + NEIGHBOURHOOD:
            shown.append((kind, text))
            continue
        end = len(tokens) - tail
        shown += [
            ("same", "".join(tokens[:head])),
            ("gap", "".join(tokens[head:end])),
            ("same", "".join(tokens[end:])),
        ]
    return [run for run in shown if run[1]]
