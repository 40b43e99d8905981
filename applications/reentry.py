"""Re-key pack (国家平台录入清单): every answer in Annex 3's order, to be entered elsewhere again.

The formal filing place is the national platform (通知二（五）). What somebody has entered there is
ticked here; an answer that changed afterwards shows that it has to be entered again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from applications.models import Application, Reentry
from portal.accounts.models import User

MARK_LENGTH = 64
"""Hex digits of a fingerprint."""


@dataclass(frozen=True)
class Item:
    """One answer to enter. ``place`` is its stable name: section/group/key/field."""

    place: str
    label: str
    text: str

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def shown(self) -> str:
        """What its tick sends: the place, and what was on show there."""
        return f"{self.place}|{self.fingerprint}"

    @property
    def length(self) -> int:
        """字, counted as the limits count them."""
        return len(self.text)


@dataclass(frozen=True)
class Block:
    """Answers that are entered together: a section's own, or one row's."""

    anchor: str
    title: str
    level: int
    items: tuple[Item, ...]
    blanks: tuple[str, ...]
    """Labels of what is not filled in."""


def blocks(data: dict[str, Any]) -> Iterator[Block]:
    """The answers of a revision's (or a draft's) data in the order of Annex 3."""
    for section in data["sections"]:
        slug = section["slug"]
        title = f"{section['numeral']}、{section['title']}"
        yield _block(slug, title, 2, section["fields"], f"{slug}///")
        for group in section["groups"]:
            for number, row in enumerate(group["rows"], 1):
                place = f"{slug}/{group['slug']}/{row['key']}/"
                anchor = f"{group['slug']}-{number}"
                yield _block(anchor, row["title"], 3, row["fields"], place)


def _block(
    anchor: str, title: str, level: int, fields: Iterable[dict[str, Any]], place: str
) -> Block:
    items, blanks = [], []
    for field in fields:
        if field["text"]:
            items.append(Item(f"{place}{field['name']}", field["label"], field["text"]))
        else:
            blanks.append(field["label"])
    return Block(anchor, title, level, tuple(items), tuple(blanks))


def entered(application: Application) -> dict[str, Reentry]:
    """What was ticked, by place."""
    ticks = application.reentries.select_related("by")
    return {tick.place: tick for tick in ticks}


@transaction.atomic
def tick(
    application: Application, entered_now: Mapping[str, str], undone: set[str], *, actor: User
) -> None:
    """Note what was entered, as place → fingerprint of the text that was on show; untick others.

    Only what somebody ticked or unticked changes: a colleague's ticks stay.
    """
    application.reentries.filter(place__in=undone).delete()
    Reentry.objects.bulk_create(
        (
            Reentry(application=application, place=place, fingerprint=fingerprint, by=actor)
            for place, fingerprint in entered_now.items()
        ),
        update_conflicts=True,
        unique_fields=["application", "place"],
        update_fields=["fingerprint", "by", "at"],
    )
