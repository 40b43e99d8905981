"""典型场景参考指引: an edition's segments and scenarios, as people look for them."""

from functools import cache
from typing import NamedTuple

from portal.accounts.pinyin import folded, initials
from portal.catalogue.models import Scenario, Segment


class Entry(NamedTuple):
    """A segment with its scenarios that were looked for."""

    segment: Segment
    scenarios: list[Scenario]


def editions() -> list[int]:
    """Those that are imported, the newest first."""
    return sorted({segment.edition for segment in Segment.objects.cached()}, reverse=True)


def search(edition: int, text: str = "", area: str = "") -> list[Entry]:
    """What is named so, or read with such first letters; of an area, where one is given.

    A segment that is named so brings all its scenarios.
    """
    wanted = folded(text)
    of_segment: dict[int, list[Scenario]] = {}
    for scenario in Scenario.objects.cached(segment__edition=edition):
        of_segment.setdefault(scenario.segment_id, []).append(scenario)
    found = []
    for segment in Segment.objects.cached(edition=edition):
        if area and segment.area != area:
            continue
        scenarios = of_segment.get(segment.pk, [])
        if not _is_named(segment.name, wanted):
            scenarios = [each for each in scenarios if _is_named(each.name, wanted)]
        if scenarios or not wanted:
            found.append(Entry(segment, scenarios))
    return found


def _is_named(name: str, wanted: str) -> bool:
    return wanted in folded(name) or wanted in _initials(name)


_initials = cache(initials)
