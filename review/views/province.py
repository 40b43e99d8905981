"""The provincial office's pages: all applications of a round, and the list of one unit."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from portal.catalogue.models import Bureau
from portal.messaging import reading
from portal.rounds.models import Round
from review import ranking, scans
from review.forms import ReasonForm
from review.lists import PROVINCE_COLUMNS, Query, choose_round
from review.models import RankedList
from review.views.shared import FORMATS, attempt, province_only


@require_safe
@province_only
def applications(request: HttpRequest) -> HttpResponse:
    """All applications of a round, filtered as the address says."""
    round = choose_round(request.GET.get("round"), request.user)
    if round is None:
        return redirect("review:rounds")
    query = Query.of(round, request.GET)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "query": query,
        "bureaus": Bureau.objects.cached(),
        "columns": PROVINCE_COLUMNS,
        "page": query.page(request.user, request.GET.get("page")),
        "counts": query.counts(request.user),
        "shown": query.shown(request.user),
    }
    return render(request, "review/applications.html", context)


def _list(request: HttpRequest, pk: int) -> RankedList:
    lists = RankedList.objects.visible_to(request.user).select_related("round", "bureau")
    return get_object_or_404(lists, pk=pk)


@require_safe
@province_only
def ranked_list(request: HttpRequest, pk: int) -> HttpResponse:
    """One bureau's list, to receive or to send back."""
    reading.opened(request.user, request.path)
    return _list_page(request, _list(request, pk), ReasonForm())


def _list_page(
    request: HttpRequest, ranked_list: RankedList, form: ReasonForm, status: int = 200
) -> HttpResponse:
    places = [] if ranked_list.is_open else ranking.places_of(ranked_list)
    context = {
        "ranked_list": ranked_list,
        "round": ranked_list.round,
        "places": places,
        "is_empty": not any(place.application_id for place in places),
        "events": ranking.events_of(ranked_list),
        "scans": scans.of(ranked_list),
        "form": form,
        "can_decide": ranked_list.status == RankedList.Status.SENT,
        "formats": FORMATS,
    }
    return render(request, "review/ranked_list.html", context, status=status)


def _version(request: HttpRequest) -> int:
    """The version of the list that the officer has read."""
    return whole_number(request.POST.get("version"))


@require_POST
@province_only
def receive(request: HttpRequest, pk: int) -> HttpResponse:
    found = _list(request, pk)
    attempt(
        request,
        lambda: ranking.receive(found, version=_version(request), actor=request.user),
        f"已受理{found.bureau}的推荐名单。",
    )
    return redirect("review:ranked_list", pk)


@require_POST
@province_only
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    found = _list(request, pk)
    form = ReasonForm(request.POST)
    returned = form.is_valid() and attempt(
        request,
        lambda: ranking.send_back(
            found,
            version=_version(request),
            reason=form.cleaned_data["reason"],
            actor=request.user,
        ),
        f"已将名单退回{found.bureau}。",
    )
    if not returned:
        return _list_page(request, _list(request, pk), form, status=409)
    return redirect("review:ranked_list", pk)
