"""The tables of the bureaus' and the province's side."""

from review.models.lists import (
    ListEvent,
    OfBureauQuerySet,
    RankedList,
    Seat,
    StampedScan,
    stored_as,
)
from review.models.province import (
    Announcement,
    ApiClient,
    ColumnSet,
    Objection,
    Progress,
    Reminder,
    SummaryVersion,
)
from review.models.reviewing import (
    ClauseMark,
    OfApplicationQuerySet,
    Reading,
    SitePhoto,
    SiteVisit,
    TextIndex,
)

__all__ = [
    "Announcement",
    "ApiClient",
    "ClauseMark",
    "ColumnSet",
    "ListEvent",
    "Objection",
    "OfApplicationQuerySet",
    "OfBureauQuerySet",
    "Progress",
    "RankedList",
    "Reading",
    "Reminder",
    "Seat",
    "SitePhoto",
    "SiteVisit",
    "StampedScan",
    "SummaryVersion",
    "TextIndex",
    "stored_as",
]
