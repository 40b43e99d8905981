"""利害关系声明: before opening a file an officer states whether anything stands in the way.

Stating a conflict (回避) closes the application for that officer; a colleague takes over. The
statement is on one application, so that a late one asks again; the rows are read by ``open_to``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from applications.models import Application, Interest
from portal.accounts.models import User
from portal.audit import trail
from portal.errors import NotAllowed
from portal.jobs.models import Job
from portal.jobs.tasks import revoke


@transaction.atomic
def declare(
    applications: Iterable[Application], *, has_conflict: bool, note: str = "", actor: User
) -> None:
    """State the officer's interest in applications of the own bureau; for all of them the same.

    A conflict may be stated after 无利害关系, which otherwise stands as it was first stated; it
    takes the officer's books of them away, too.
    Raises NotAllowed for a conflict without a note, and for taking a conflict back: whoever has
    stepped aside does not come back without the province.
    """
    if not actor.is_bureau:
        raise NotAllowed("只有推荐单位的审核人员需要作利害关系声明。")
    note = note.strip()
    if has_conflict and not note:
        raise NotAllowed("请说明存在何种利害关系。")
    pks = [application.pk for application in applications]
    own = Application.objects.visible_to(actor).filter(pk__in=pks).with_parties()
    if not has_conflict and conflicts(actor, pks):
        raise NotAllowed("您已声明回避，不能自行撤销；确属误填的，请联系省厅。")
    stated = [
        Interest(application=each, officer=actor, has_conflict=has_conflict, note=note)
        for each in own
    ]
    if has_conflict:
        Interest.objects.bulk_create(
            stated,
            update_conflicts=True,
            unique_fields=["officer", "application"],
            update_fields=["has_conflict", "note", "at"],
        )
        made = Job.objects.filter(owner=actor, parameters__application__in=pks)
        revoke(made, "您已声明回避，这份文件不再提供。")
    else:
        # Never over a conflict, not even one stated at the same moment.
        Interest.objects.bulk_create(stated, ignore_conflicts=True)
    for each in stated:
        trail.record(
            "interest", "声明利害关系", actor=actor, target=each.application, detail=each.stance
        )


def has_stepped_aside(officer: User) -> Exists:
    """For a query of applications: whether the officer has stepped aside from each."""
    return Exists(
        Interest.objects.filter(application=OuterRef("pk"), officer=officer, has_conflict=True)
    )


def conflicts(actor: User, application_ids: Collection[int]) -> set[int]:
    """Those of the applications that the officer has stepped aside from."""
    stated = Interest.objects.filter(officer=actor, has_conflict=True)
    return set(stated.filter(application__in=application_ids).values_list("application", flat=True))


def is_open(application: Application, user: User) -> bool:
    """Whether the user may read what the application says."""
    return Application.objects.open_to(user).filter(pk=application.pk).exists()


def require_open(application: Application, actor: User) -> None:
    """Refuse to act on an application that the officer has not opened or has stepped aside from."""
    if is_open(application, actor):
        return
    if conflicts(actor, [application.pk]):
        raise NotAllowed(f"您已声明对“{application.enterprise}”回避，请由同事办理。")
    raise NotAllowed(f"请先对“{application.enterprise}”作利害关系声明，再办理。")


def unstated(application: Application, officer: User) -> QuerySet[Application]:
    """The other submitted applications of the round that the officer has stated nothing on."""
    others = Application.objects.visible_to(officer).exclude(pk=application.pk)
    return (
        others.filter(round=application.round_id, current_revision__isnull=False)
        .exclude(interests__officer=officer)
        .with_parties()
    )


@dataclass(frozen=True)
class Stance:
    """An officer of the bureau, and what they have stated on an application, if anything."""

    officer: User
    interest: Interest | None = None

    @property
    def may_take_over(self) -> bool:
        return self.officer.is_active and not (self.interest and self.interest.has_conflict)


def stances(application: Application) -> list[Stance]:
    """The bureau's officers with what each has stated; of those who left, who stated something."""
    interests = application.interests.select_related("officer")
    stated = {interest.officer_id: Stance(interest.officer, interest) for interest in interests}
    officers = User.objects.reachable(in_trial=application.round.is_trial)
    officers = officers.filter(bureau=application.bureau_id).exclude(pk__in=stated)
    return [*stated.values(), *map(Stance, officers.order_by("pk"))]
