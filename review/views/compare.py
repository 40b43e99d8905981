"""Two or three applications side by side, for the officers who rank or receive them."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from applications.editing import whole_number
from applications.models import Application
from applications.states import Status
from portal.accounts.models import User
from portal.rounds.models import Round
from review import readings, side_by_side
from review.models import RankedList, Seat
from review.side_by_side import FEWEST, MOST
from review.views.shared import officers_only

RANKED = (Status.ACCEPTED, Status.RECOMMENDED, Status.UNLISTED)
"""What may be chosen on the page; another one may be named in the address."""


@require_safe
@officers_only
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """The applications whose ids are given as ``a``; with too few or too many, choose again."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    chosen = [*dict.fromkeys(whole_number(pk) for pk in request.GET.getlist("a"))]
    submitted = Application.objects.visible_to(request.user).filter(
        round=round, current_revision__isnull=False
    )
    choices = submitted.filter(Q(status__in=RANKED) | Q(pk__in=chosen)).with_parties()
    context = {
        "round": round,
        "chosen": chosen,
        "choices": choices.order_by("bureau__order", "pk"),
        "fewest": FEWEST,
        "most": MOST,
    }
    if FEWEST <= len(chosen) <= MOST:
        opened = submitted.open_to(request.user)
        opened = opened.select_related(
            "enterprise", "bureau", "round", "version__round", "current_revision", "seat"
        )
        found = opened.in_bulk(chosen)
        for pk in chosen:
            if pk not in found:
                closed = get_object_or_404(submitted, pk=pk)
                here = urlencode({"next": request.get_full_path()})
                return redirect(f"{reverse('review:interest', args=[closed.pk])}?{here}")
        for application in found.values():
            readings.note_look(application, request.user)
        context |= _compared(request, round, [found[pk] for pk in chosen])
    return render(request, "review/compare.html", context)


def _compared(
    request: HttpRequest, round: Round, applications: Sequence[Application]
) -> dict[str, Any]:
    parts = side_by_side.compare(side_by_side.candidates(applications, reader=request.user))
    differing = bool(request.GET.get("differing"))
    return {
        "parts": side_by_side.differing(parts) if differing else parts,
        "differing": differing,
        "columns": [*_columns(request.user, round, applications)],
    }


def _columns(
    user: User, round: Round, applications: Sequence[Application]
) -> Iterator[dict[str, Any]]:
    """The applications with their places, and whether the officer may put them on one."""
    lists = RankedList.objects.visible_to(user).filter(round=round)
    lists = {ranked_list.bureau_id: ranked_list for ranked_list in lists}
    free = Seat.objects.visible_to(user).filter(round=round, is_exempt=False, application=None)
    has_room = user.is_bureau and free.exists()
    for application in applications:
        ranked_list = lists[application.bureau_id]
        seat = getattr(application, "seat", None)
        is_candidate = user.is_bureau and ranked_list.is_open and not seat
        is_candidate = is_candidate and application.status == Status.ACCEPTED
        yield {
            "application": application,
            "seat": seat if seat and (user.is_bureau or seat.is_announced) else None,
            "is_candidate": is_candidate,
            "may_recommend": is_candidate and has_room,
        }
