"""Publishing a round: from then on it is frozen, and every bureau has its seats."""

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.catalogue.models import Bureau, Condition, Indicator, Segment
from portal.errors import NotAllowed, StaleState
from portal.rounds.models import Round
from review.models import RankedList, Seat


@transaction.atomic
def publish(round: Round, *, actor: User) -> None:
    """Open a round to enterprises and create each bureau's list and seats from its quota.

    Raises NotAllowed when something the round needs is missing, StaleState when it is published
    already.
    """
    if not actor.is_province:
        raise NotAllowed("只有省厅可以发布批次。")
    missing = what_is_missing(round)
    if missing:
        raise NotAllowed(f"“{round}”还不能发布：{'；'.join(missing)}。")
    published = Round.objects.filter(pk=round.pk, published_at__isnull=True).update(
        published_at=timezone.now()
    )
    if not published:
        raise StaleState("该批次已发布。")
    round.refresh_from_db()
    bureaus = list(Bureau.objects.all())
    RankedList.objects.bulk_create(RankedList(round=round, bureau=bureau) for bureau in bureaus)
    Seat.objects.bulk_create(
        Seat(round=round, bureau=bureau, number=number, quota=quota)
        for bureau in bureaus
        for quota in [round.seats_for(bureau)]
        for number in range(1, quota + 1)
    )


def what_is_missing(round: Round) -> list[str]:
    """What keeps a round from being published, in Chinese phrases."""
    editions = (
        (
            Segment.objects.filter(edition=round.scenario_edition),
            "场景指引",
            round.scenario_edition,
        ),
        (
            Indicator.objects.filter(edition=round.indicator_edition),
            "绩效指标",
            round.indicator_edition,
        ),
        (
            Condition.objects.filter(edition=round.condition_edition),
            "要素条件",
            round.condition_edition,
        ),
    )
    missing = [f"{name} {year} 年版未导入" for rows, name, year in editions if not rows.exists()]
    if not round.declarations.exists():
        missing.append("没有承诺事项")
    return missing
