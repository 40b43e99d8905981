"""Publishing a round: from then on it is frozen, and every bureau has its seats."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.accounts.models import User
from portal.catalogue.models import Bureau, ClosedEdition, Condition, Indicator, Segment
from portal.errors import NotAllowed, StaleState
from portal.rounds.models import Round, RoundVersion
from review.models import RankedList, Seat

Editions = dict[str, set[int]]


@transaction.atomic
def publish(round: Round, *, actor: User) -> None:
    """Open a round to enterprises and create each bureau's list and seats from its quota.

    Raises NotAllowed when something the round needs is missing, StaleState when it is published
    already.
    """
    _require_province(actor)
    published = Round.objects.filter(pk=round.pk, published_at__isnull=True).update(
        published_at=timezone.now()
    )
    if not published:
        raise StaleState("该批次已发布。")
    round.refresh_from_db()
    version = round.version
    missing = what_is_missing(round)
    if missing:
        raise NotAllowed(f"“{round}”还不能发布：{'；'.join(missing)}。")
    RoundVersion.objects.filter(pk=version.pk).update(
        published_at=round.published_at, published_by=actor
    )
    close_editions(version)
    seat_bureaus(round, actor=actor)


def close_editions(version: RoundVersion) -> None:
    """What a published round builds on is not changed any more: a correction is a new edition."""
    parts = ClosedEdition.Part
    used = {
        parts.SCENARIOS: version.scenario_edition,
        parts.INDICATORS: version.indicator_edition,
        parts.CONDITIONS: version.condition_edition,
    }
    ClosedEdition.objects.bulk_create(
        [ClosedEdition(part=part, edition=edition) for part, edition in used.items()],
        ignore_conflicts=True,
    )


@transaction.atomic
def seat_bureaus(round: Round, *, actor: User) -> None:
    """Give every bureau that has none in a published round its list and its seats.

    All of them when the round is published; later, those that joined since.
    """
    _require_province(actor)
    if not round.is_published:
        raise NotAllowed("批次尚未发布，发布时会建立全部名额。")
    # The lock that keeps two officers from seating the same bureau.
    Round.objects.filter(pk=round.pk).update(published_at=F("published_at"))
    bureaus = unseated([round])[round]
    RankedList.objects.bulk_create(RankedList(round=round, bureau=bureau) for bureau in bureaus)
    Seat.objects.bulk_create(
        Seat(round=round, bureau=bureau, number=number, quota=quota)
        for bureau, quota in round.seats_of(bureaus).items()
        for number in range(1, quota + 1)
    )


def unseated(rounds: Sequence[Round]) -> dict[Round, list[Bureau]]:
    """For each round the bureaus without a list in it."""
    seated = set(RankedList.objects.filter(round__in=rounds).values_list("round", "bureau"))
    bureaus = list(Bureau.objects.all())
    return {
        round: [bureau for bureau in bureaus if (round.pk, bureau.pk) not in seated]
        for round in rounds
    }


def _require_province(actor: User) -> None:
    if not actor.is_province:
        raise NotAllowed("只有省厅可以发布批次和建立名额。")


def what_is_missing(round: Round, editions: Editions | None = None) -> list[str]:
    """What keeps a round from being published, in Chinese phrases.

    Whoever asks for several rounds passes the ``editions`` at hand, read once.
    """
    editions = editions or editions_at_hand()
    wanted = {
        "场景指引": round.version.scenario_edition,
        "绩效指标": round.version.indicator_edition,
        "要素条件": round.version.condition_edition,
    }
    missing = [
        f"{name} {year} 年版未导入" for name, year in wanted.items() if year not in editions[name]
    ]
    if not round.version.declarations.all():
        missing.append("没有承诺事项")
    return missing


def editions_at_hand() -> Editions:
    """The editions of each part of the catalogue that have been imported."""
    models = {"场景指引": Segment, "绩效指标": Indicator, "要素条件": Condition}
    return {
        name: set(model.objects.order_by().values_list("edition", flat=True).distinct())
        for name, model in models.items()
    }
