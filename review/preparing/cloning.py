"""A new round, from another one or from nothing: next year's call without code."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.audit import trail
from portal.catalogue import editions
from portal.rounds import versions
from portal.rounds.models import Round, RoundVersion
from review.preparing import editing
from review.preparing.forms import INSTANTS, RoundForm

DAYS_OF_A_YEAR = 365.2425

STAYS = (
    *("level", "seats_per_bureau", "exempt_rule", "national_platform"),
    *("contact_office", "contact_phone", "notice"),
)
"""What the next round takes over as it is."""


def shift(years: int) -> timedelta:
    """So many years in whole weeks: a deadline stays on its weekday."""
    return timedelta(weeks=round(years * DAYS_OF_A_YEAR / 7))


def proposal(source: Round, year: int) -> dict[str, Any]:
    """What the form of the round of ``year`` offers, following ``source``."""
    later = shift(year - source.year)
    return {
        **{name: getattr(source, name) for name in STAYS},
        **{name: getattr(source, name) + later for name in INSTANTS},
        "title": source.title.replace(str(source.year), str(year)),
        "slug": _free_slug(f"{year}-{source.level}"),
        "year": year,
    }


def _free_slug(wanted: str) -> str:
    taken = set(Round.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


@transaction.atomic
def create(form: RoundForm, source: Round | None, *, actor: User) -> Round:
    """The round that a valid form describes, with the rules of ``source`` in the newest editions.

    Without a source its rules are still to be filled in.
    """
    actor.require_province("新建批次")
    created = form.save()
    editing.store_quotas(created, form.quotas())
    newest = {
        f"{part.removesuffix('s')}_edition": found[0].year if found else created.year
        for part, found in editions.at_hand().items()
    }
    if source:
        version = versions.copy(source.version, to=created)
        RoundVersion.objects.filter(pk=version.pk).update(**newest)
    else:
        RoundVersion.objects.create(round=created, number=1, **newest)
    detail = f"自“{source}”" if source else ""
    trail.record("round_create", "新建批次", actor=actor, target=created, detail=detail)
    return created
