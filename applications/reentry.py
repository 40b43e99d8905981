"""Re-key pack (国家平台录入清单): every answer in Annex 3's order, to be entered elsewhere again.

The formal filing place is the national platform (通知二（五）). What somebody has entered there is
ticked here; an answer that changed afterwards shows that it has to be entered again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from applications.models import Application, Reentry
from portal.accounts.models import User


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


def blocks(data: dict[str, Any]) -> Iterator[Block]:
    """The answers of a revision's (or a draft's) data in the order of Annex 3."""
    for section in data["sections"]:
        slug = section["slug"]
        title = f"{section['numeral']}、{section['title']}"
        yield Block(slug, title, 2, _items(section["fields"], f"{slug}///"))
        for group in section["groups"]:
            for number, row in enumerate(group["rows"], 1):
                place = f"{slug}/{group['slug']}/{row['key']}/"
                anchor = f"{group['slug']}-{number}"
                yield Block(anchor, row["title"], 3, _items(row["fields"], place))


def _items(fields: Iterable[dict[str, Any]], place: str) -> tuple[Item, ...]:
    return tuple(Item(f"{place}{f['name']}", f["label"], f["text"]) for f in fields if f["text"])


def entered(application: Application) -> dict[str, Reentry]:
    """What was ticked, by place."""
    ticks = application.reentries.select_related("by")
    return {tick.place: tick for tick in ticks}


def tick(application: Application, items: Iterable[Item], places: set[str], *, actor: User) -> None:
    """Make the ticks of ``items`` just those whose place is in ``places``.

    Who ticked an answer first stays on it, unless it changed meanwhile.
    """
    items = list(items)
    known = entered(application)
    untick = [item.place for item in items if item.place not in places]
    application.reentries.filter(place__in=untick).delete()
    Reentry.objects.bulk_create(
        (
            Reentry(
                application=application, place=item.place, fingerprint=item.fingerprint, by=actor
            )
            for item in items
            if item.place in places
            and (item.place not in known or known[item.place].fingerprint != item.fingerprint)
        ),
        update_conflicts=True,
        unique_fields=["application", "place"],
        update_fields=["fingerprint", "by", "at"],
    )
