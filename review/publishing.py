"""Publishing a round: from then on it is frozen, and every bureau has its seats."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.audit import trail
from portal.catalogue import editions
from portal.catalogue.models import Bureau, ClosedEdition, Condition
from portal.errors import NotAllowed, StaleState
from portal.messaging import sending
from portal.messaging.models import Message
from portal.rounds.models import Round, RoundVersion
from review.models import RankedList, Seat

LONGEST_NOTE = RoundVersion._meta.get_field("note").max_length

Editions = dict[ClosedEdition.Part, list[editions.Edition]]


@transaction.atomic
def publish(round: Round, *, actor: User) -> None:
    """Open a round to enterprises and create each bureau's list and seats from its quota.

    Raises NotAllowed when something the round needs is missing, StaleState when it is published
    already.
    """
    actor.require_province("发布批次")
    published = Round.objects.filter(pk=round.pk, published_at__isnull=True).update(
        published_at=timezone.now()
    )
    if not published:
        raise StaleState("该批次已发布。")
    round.refresh_from_db()
    version = round.versions.get()
    _close_editions(version)
    _require_complete(version)
    RoundVersion.objects.filter(pk=version.pk).update(
        published_at=round.published_at, published_by=actor
    )
    trail.record("round_publish", "发布批次", actor=actor, target=round)
    seat_bureaus(round, actor=actor)


@transaction.atomic
def publish_version(version: RoundVersion, note: str, *, actor: User) -> None:
    """Let applications that start from now on go by a new version; the others keep theirs.

    ``note`` tells the bureaus what was changed. Raises NotAllowed and StaleState as ``publish``.
    """
    actor.require_province("发布批次新版本")
    if not note:
        raise NotAllowed("请写明改动了什么，推荐单位会看到。")
    if len(note) > LONGEST_NOTE:
        raise NotAllowed(f"改动说明最多 {LONGEST_NOTE} 字，现有 {len(note)} 字。")
    published = RoundVersion.objects.filter(
        pk=version.pk, published_at__isnull=True, round__published_at__isnull=False
    ).update(published_at=timezone.now(), published_by=actor, note=note)
    if not published:
        raise StaleState("该版本已发布，或者批次尚未发布。")
    version.refresh_from_db()
    _close_editions(version)
    _require_complete(version)
    trail.record("version_publish", "发布批次新版本", actor=actor, target=version, detail=note)
    sending.send(
        User.objects.reachable().filter(role=Role.BUREAU),
        kind=Message.Kind.NOTICE,
        title=f"“{version.round}”的填报规则有更正",
        text=f"{note}\n此后开始填报的申报按新版本办理；已开始填报的按原版本办完。",
        sender=actor.affiliation,
        url=f"{reverse('review:inbox')}?round={version.round.slug}",
        key=f"version-{version.pk}",
    )


def _require_complete(version: RoundVersion) -> None:
    if missing := what_is_missing(version):
        raise NotAllowed(f"“{version.round}”还不能发布：{'；'.join(missing)}。")


def _close_editions(version: RoundVersion) -> None:
    """What a published round builds on is not changed any more: a correction is a new edition.

    Before anything is asked of it: from here on nobody deletes it (``editions.delete``).
    """
    if version.round.is_trial:
        return
    ClosedEdition.objects.bulk_create(
        [ClosedEdition(part=part, edition=edition) for part, edition in version.editions.items()],
        ignore_conflicts=True,
    )


@transaction.atomic
def seat_bureaus(round: Round, *, actor: User) -> None:
    """Give every bureau that has none in a published round its list and its seats.

    All of them when the round is published; later, those that joined since.
    """
    actor.require_province("建立名额")
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
    if bureaus:
        detail = "、".join(bureau.short_name for bureau in bureaus)
        trail.record("seat", "建立推荐单位名额", actor=actor, target=round, detail=detail)


def unseated(rounds: Sequence[Round]) -> dict[Round, list[Bureau]]:
    """For each round the bureaus without a list in it."""
    seated = set(RankedList.objects.filter(round__in=rounds).values_list("round", "bureau"))
    bureaus = list(Bureau.objects.all())
    return {
        round: [bureau for bureau in bureaus if (round.pk, bureau.pk) not in seated]
        for round in rounds
    }


def what_is_missing(version: RoundVersion, hand: Editions | None = None) -> list[str]:
    """What keeps a version from being published, in Chinese phrases.

    Whoever asks for several passes the editions ``at_hand``, read once.
    """
    hand = hand or editions.at_hand()
    missing = []
    for part, year in version.editions.items():
        edition = next((each for each in hand[part] if each.year == year), None)
        if edition is None:
            missing.append(f"{part.label} {year} 年版未导入")
        elif part == ClosedEdition.Part.SCENARIOS and not edition.scenarios:
            missing.append(f"{part.label} {year} 年版没有场景")
    if not missing:
        missing = _clauses_missing(version)
    if not version.declarations.all():
        missing.append("没有承诺事项")
    return missing


def _clauses_missing(version: RoundVersion) -> list[str]:
    """What the conditions of the level lack, measured by what other levels have."""
    name = f"要素条件 {version.condition_edition} 年版"
    level = version.round.get_level_display()
    if not any(row.level for row in version.conditions):
        return [f"{name}没有{level}的条款"]
    rows = Condition.objects.cached(edition=version.condition_edition)
    asked, own = ({row.rule for row in each} for each in (rows, version.conditions))
    missing = [
        f"{name}没有{level}的“{rule.label}”条款（其他等级有）"
        for rule in (Condition.Rule.MATURITY, Condition.Rule.COVERAGE)
        if rule in asked - own
    ]
    there = {segment.area for segment in version.segments}
    wanted = {area for row in version.conditions for area in row.areas}
    return missing + [
        f"要求覆盖“{area}”，但场景指引 {version.scenario_edition} 年版没有属于它的环节"
        for area in sorted(wanted - there)
    ]
