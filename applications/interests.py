"""利害关系声明: before opening a file an officer states whether anything stands in the way.

Stating a conflict (回避) closes the application for that officer; a colleague takes over. The
statement is on one application, so that a late one asks again; the rows are read by ``open_to``.
"""

from collections.abc import Collection, Iterable

from django.db import transaction

from applications.models import Application, Interest
from portal.accounts.models import User
from portal.errors import NotAllowed


@transaction.atomic
def declare(
    applications: Iterable[Application], *, has_conflict: bool, note: str = "", actor: User
) -> None:
    """State the officer's interest in applications of the own bureau; for all of them the same.

    Raises NotAllowed for a conflict without a note, and for taking a conflict back: whoever has
    stepped aside does not come back without the province.
    """
    if not actor.is_bureau:
        raise NotAllowed("只有推荐单位的审核人员需要作利害关系声明。")
    note = note.strip()
    if has_conflict and not note:
        raise NotAllowed("请说明存在何种利害关系。")
    pks = [application.pk for application in applications]
    own = Application.objects.visible_to(actor).filter(pk__in=pks)
    if not has_conflict and conflicts(actor, pks):
        raise NotAllowed("您已声明回避，不能自行撤销；确属误填的，请联系省厅。")
    Interest.objects.bulk_create(
        [
            Interest(application=each, officer=actor, has_conflict=has_conflict, note=note)
            for each in own
        ],
        update_conflicts=True,
        unique_fields=["officer", "application"],
        update_fields=["has_conflict", "note", "at"],
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
