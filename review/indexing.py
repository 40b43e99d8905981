"""The long texts of applications, kept so that a new one is compared with all in a moment.

What counts is the revision submitted last, whatever has become of the application: a text that was
withdrawn or declined may still be where another came from.
"""

from array import array
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.db.models import F

from applications.fields import LONG_LINE
from applications.models import Application, Revision
from applications.sections import SECTIONS, frozen_title
from portal.catalogue.models import Condition, Indicator, Scenario, Segment
from portal.rounds.models import Declaration, Material, RoundVersion
from review import similarity
from review.models import TextIndex
from review.similarity import Passage, Wording

MOST_COMPARED = 300
"""Texts read in full for one comparison: those with the most fingerprints in common."""

CONTEXT = 40
"""Characters shown on each side of a passage."""

CATALOGUES = (Condition, Scenario, Segment, Indicator, Declaration, Material)

ANSWERS = {block.slug: block.model for section in SECTIONS for block in (section, *section.groups)}
PROSE = {
    (slug, field.name)
    for slug, model in ANSWERS.items()
    for field in model.answer_fields()
    if isinstance(field, models.TextField)
    or (isinstance(field, models.CharField) and (field.max_length or 0) >= LONG_LINE)
}
"""The answers that are written in sentences, by section or group."""


# The texts of a revision


class Piece(NamedTuple):
    """One long answer and where it stands."""

    place: str
    text: str


class Excerpt(NamedTuple):
    """A passage as it was written, within its context."""

    place: str
    before: str
    text: str
    after: str


class Content:
    """The long texts of a revision as one, and the way back to where each stands."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.pieces = list(_pieces(data))
        texts = [similarity.normalised(piece.text) for piece in self.pieces]
        self.text = similarity.joined(texts)
        self.length = sum(map(len, texts))
        self._starts: list[int] = []
        start = 1  # behind the first break
        for text in texts:
            self._starts.append(start)
            start += len(text) + 1

    def places(self, parts: Iterable[str]) -> list[str]:
        """Where a passage stands, or one of its parts; each place once."""
        occurrences = (at for part in parts for at in similarity.occurrences(self.text, part))
        return [self.pieces[number].place for number in sorted(set(map(self._number, occurrences)))]

    def excerpt(self, passage: str) -> Excerpt | None:
        """A passage where it stands first; None where it does not."""
        at = self.text.find(passage)
        if at < 0:
            return None
        number = self._number(at)
        place, text = self.pieces[number]
        origins = similarity.origins(text)
        first = at - self._starts[number]
        start, end = origins[first], origins[first + len(passage) - 1] + 1
        before, after = text[max(start - CONTEXT, 0) : start], text[end : end + CONTEXT]
        return Excerpt(
            place,
            f"…{before}" if start > CONTEXT else before,
            text[start:end],
            f"{after}…" if end + CONTEXT < len(text) else after,
        )

    def _number(self, at: int) -> int:
        """The piece to which a character of the joined text belongs."""
        return bisect(self._starts, at) - 1


def _pieces(data: dict[str, Any]) -> Iterator[Piece]:
    for section in data["sections"]:
        title = f"{section['numeral']}、{section['title']}"
        yield from _prose(section["slug"], section["fields"], title)
        for group in section["groups"]:
            for row in group["rows"]:
                yield from _prose(group["slug"], row["fields"], f"{title} › {frozen_title(row)}")


def _prose(slug: str, fields: list[dict[str, Any]], title: str) -> Iterator[Piece]:
    for field in fields:
        if (slug, field["name"]) in PROSE and field["text"]:
            yield Piece(f"{title} › {field['label']}", field["text"])


def _names(data: dict[str, Any]) -> set[str]:
    """What the application calls the enterprise, its project and its integrators."""
    rows = [
        row for section in data["sections"] for group in section["groups"] for row in group["rows"]
    ]
    fields = [field for row in rows for field in row["fields"] if field["name"] == "name"]
    projects = [f for s in data["sections"] for f in s["fields"] if f["name"] == "project_name"]
    texts = [data["enterprise"]["name"], *(field["text"] for field in [*fields, *projects])]
    return {similarity.normalised(text) for text in texts}


# Public text


def public_grams() -> frozenset[str]:
    """Every run of characters of what the portal itself and the notices say."""
    texts = [*_notices(), *_labels()]
    for model in CATALOGUES:
        for row in model.objects.cached():
            texts += [value for value in vars(row).values() if isinstance(value, str)]
    texts += [
        text
        for row in RoundVersion.objects.values_list("confirmation_text", "round__exempt_rule")
        for text in row
    ]
    return frozenset(similarity.grams(similarity.joined(map(similarity.normalised, texts))))


@cache
def _notices() -> list[str]:
    return [path.read_text() for path in (settings.BASE_DIR / "fixtures").glob("notice-*.txt")]


def _labels() -> list[str]:
    fields = [field for model in ANSWERS.values() for field in model.answer_fields()]
    return [str(text) for field in fields for text in (field.verbose_name, field.help_text)]


# The index


def index(revision: Revision, public: frozenset[str] | None = None) -> None:
    """Keep the texts of an application's current revision instead of an earlier one's.

    One that is no longer current when that is done leaves the index to the later one's worker.
    """
    content = Content(revision.data)
    kept = similarity.fingerprints(content.text, public_grams() if public is None else public)
    with transaction.atomic():
        application = Application.objects.filter(
            pk=revision.application_id, current_revision=revision
        )
        # Also locks it: from here on two workers come one after the other.
        if not application.update(current_revision=revision):
            return
        TextIndex.objects.update_or_create(
            application_id=revision.application_id,
            defaults={"revision": revision, "text": content.text, "fingerprints": kept.tobytes()},
        )


def current_revisions() -> models.QuerySet[Revision]:
    """The revision that counts of every application that was ever submitted in earnest."""
    return Revision.objects.filter(
        application__current_revision=F("pk"), application__round__trial_of=None
    )


def unindexed() -> models.QuerySet[Revision]:
    """Those that the index has not, or has an earlier one of."""
    known = TextIndex.objects.filter(application__current_revision=F("revision"))
    return current_revisions().exclude(pk__in=known.values("revision"))


@dataclass
class Comparison:
    """What an application's texts share with others'; ``others`` are the applications."""

    content: Content
    passages: list[Passage]
    covered: int
    waiting: int
    """Applications that are to be compared and not yet indexed."""
    is_cut: bool
    """Whether there were more than ``MOST_COMPARED``."""

    @property
    def others(self) -> set[int]:
        return {key for passage in self.passages for key in passage.found}

    @property
    def percent(self) -> float:
        return 100 * self.covered / self.content.length if self.content.length else 0


def compare(application: Application) -> Comparison | None:
    """Hold an application against those of other enterprises, of its round and earlier ones.

    None until its current revision is indexed.
    """
    if not _known().filter(application=application).exists():
        return None
    data = application.current_revision.data
    content = Content(data)
    wording = Wording(content.text, public_grams(), _names(data))
    others = _known().filter(application__in=_comparable(application))
    shared, known = {}, 0
    rows = others.values_list("application_id", "fingerprints")
    for key, stored in rows.iterator():
        known += 1
        if common := wording.shared(array("I", bytes(stored))):
            shared[key] = common
    chosen = nlargest(MOST_COMPARED, shared, key=lambda key: len(shared[key]))
    texts = TextIndex.objects.filter(application__in=chosen).values_list("application_id", "text")
    passages = similarity.gathered(
        (key, passage)
        for key, text in texts.iterator()
        for passage in wording.passages(text, shared[key])
    )
    return Comparison(
        content=content,
        passages=passages,
        covered=wording.covered(part for passage in passages for part in passage.parts),
        waiting=_comparable(application).count() - known,
        is_cut=len(chosen) < len(shared),
    )


def _known() -> models.QuerySet[TextIndex]:
    return TextIndex.objects.filter(application__current_revision=F("revision"))


def _comparable(application: Application) -> models.QuerySet[Application]:
    """Its own earlier ones do not count: what an enterprise carries over is its own.

    Nor does what was invented for a dry run (试运行), which is never indexed.
    """
    return Application.objects.filter(
        current_revision__isnull=False,
        round__opens_at__lte=application.round.opens_at,
        round__trial_of=None,
    ).exclude(enterprise=application.enterprise_id)
