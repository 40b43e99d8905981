"""阅读记录: when an officer last opened an application, and what is new since."""

from datetime import datetime

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, Subquery
from django.utils import timezone

from applications.interests import has_stepped_aside
from applications.models import Application, Event
from applications.models.application import ApplicationQuerySet
from applications.states import Status
from portal.accounts.models import User
from portal.audit import trail
from review.models import Reading


def note(application: Application, officer: User) -> None:
    """The officer has now seen what there is of an application."""
    Reading.objects.bulk_create(
        [Reading(application=application, officer=officer, at=timezone.now())],
        update_conflicts=True,
        unique_fields=["officer", "application"],
        update_fields=["at"],
    )


def note_look(application: Application, reader: User) -> None:
    """Put on the audit trail that somebody reads what an application says."""
    look = {"target": application, "once_in": trail.LOOK}
    trail.record("read", "查阅申报", actor=reader, **look)


def since(application: Application, officer: User) -> datetime | None:
    """When the officer last opened the application; None before the first time."""
    mine = Reading.objects.filter(application=application, officer=officer)
    return mine.values_list("at", flat=True).first()


def marked(rows: ApplicationQuerySet, officer: User) -> ApplicationQuerySet:
    """With ``is_new``: submitted and never opened, or others did something after the last time.

    For whoever has stepped aside nothing is new; there is nothing to open.
    """
    of_it = {"application": OuterRef("pk")}
    read = Reading.objects.filter(**of_it, officer=officer)
    others = Event.objects.filter(**of_it, at__gt=OuterRef("read_at")).exclude(actor=officer)
    is_new = (
        Q(current_revision__isnull=False)
        & (Q(read_at__isnull=True) | Exists(others))
        & ~has_stepped_aside(officer)
    )
    return rows.annotate(read_at=Subquery(read.values("at"))).annotate(
        is_new=ExpressionWrapper(is_new, BooleanField())
    )


def unopened() -> Q:
    """Of an application: submitted, and opened by no officer of its bureau since."""
    opened = Reading.objects.filter(
        application=OuterRef("pk"),
        officer__bureau=OuterRef("bureau"),
        at__gt=OuterRef("current_revision__submitted_at"),
    )
    return Q(status=Status.SUBMITTED) & ~Exists(opened)
