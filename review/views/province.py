"""The provincial office's pages: the twelve units, their lists, the summary table, the rounds."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from applications.models import Application
from applications.states import Status
from portal.accounts.models import Role, User
from portal.catalogue.models import Bureau
from portal.rounds.models import Round
from review import publishing, ranking, scans, summary
from review.forms import ReasonForm
from review.lists import PROVINCE_COLUMNS, Query, choose_round
from review.models import RankedList, Seat
from review.views.shared import FORMATS, attempt, province_only


def _matrix(round: Round, user: User) -> list[dict]:
    """Units × state: for each bureau its numbers per status, its seats and its list."""
    numbers: dict[int, dict[str, int]] = {}
    counted = (
        Application.objects.visible_to(user)
        .filter(round=round)
        .values_list("bureau", "status")
        .annotate(n=Count("pk"))
        .order_by()
    )
    for bureau_id, status, n in counted:
        numbers.setdefault(bureau_id, {})[status] = n
    seats = {
        row["bureau"]: row
        for row in Seat.objects.visible_to(user)
        .filter(round=round, is_exempt=False)
        .values("bureau")
        .annotate(total=Count("pk"), taken=Count("application"))
        .order_by()
    }
    lists = RankedList.objects.visible_to(user).filter(round=round).select_related("bureau")
    return [
        {
            "list": ranked_list,
            "bureau": ranked_list.bureau,
            "numbers": [
                (status.value, numbers.get(ranked_list.bureau_id, {}).get(status.value, 0))
                for status in Status
            ],
            "total": sum(numbers.get(ranked_list.bureau_id, {}).values()),
            "seats": seats.get(ranked_list.bureau_id, {"taken": 0, "total": 0}),
        }
        for ranked_list in lists.order_by("bureau__order")
    ]


@require_safe
@province_only
def cockpit(request: HttpRequest) -> HttpResponse:
    """Twelve units × state; every number opens the list behind it."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:rounds")
    rows = _matrix(round, request.user)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "rows": rows,
        "statuses": [status.label_for(Role.PROVINCE) for status in Status],
        "totals": [
            (status.value, sum(row["numbers"][index][1] for row in rows))
            for index, status in enumerate(Status)
        ],
        "total": sum(row["total"] for row in rows),
        "seats": {key: sum(row["seats"][key] for row in rows) for key in ("taken", "total")},
        "received": sum(row["list"].status == RankedList.Status.RECEIVED for row in rows),
        "sent": sum(row["list"].status == RankedList.Status.SENT for row in rows),
    }
    return render(request, "review/cockpit.html", context)


@require_safe
@province_only
def applications(request: HttpRequest) -> HttpResponse:
    """All applications of a round, filtered as the address says."""
    round = choose_round(request.GET.get("round"))
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
    }
    return render(request, "review/applications.html", context)


@require_safe
@province_only
def summary_page(request: HttpRequest) -> HttpResponse:
    """Annex 1 as it stands, what is missing from it, and the three files."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:rounds")
    result = summary.build(round)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "document": result.document,
        "missing": result.missing,
        "notes": result.notes,
        "bureaus": Bureau.objects.filter(
            ranked_lists__round=round, ranked_lists__sent_at__isnull=False
        ),
        "formats": FORMATS,
    }
    return render(request, "review/summary.html", context)


def _list(request: HttpRequest, pk: int) -> RankedList:
    lists = RankedList.objects.visible_to(request.user).select_related("round", "bureau")
    return get_object_or_404(lists, pk=pk)


@require_safe
@province_only
def ranked_list(request: HttpRequest, pk: int) -> HttpResponse:
    """One bureau's list, to receive or to send back."""
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


@require_safe
@province_only
def rounds(request: HttpRequest) -> HttpResponse:
    every = list(
        Round.objects.order_by("-opens_at").prefetch_related("quotas__bureau", "declarations")
    )
    editions = publishing.editions_at_hand()
    unseated = publishing.unseated(every)
    rows = [
        (round, publishing.what_is_missing(round, editions), unseated[round]) for round in every
    ]
    return render(request, "review/rounds.html", {"rows": rows})


@require_POST
@province_only
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    round = get_object_or_404(Round, slug=slug)
    attempt(
        request,
        lambda: publishing.publish(round, actor=request.user),
        f"“{round}”已发布，各推荐单位的名额已建立。",
    )
    return redirect("review:rounds")


@require_POST
@province_only
def seat(request: HttpRequest, slug: str) -> HttpResponse:
    """Seat the bureaus that joined since the round was published."""
    round = get_object_or_404(Round, slug=slug)
    attempt(
        request,
        lambda: publishing.seat_bureaus(round, actor=request.user),
        f"“{round}”中各推荐单位均已有名额。",
    )
    return redirect("review:rounds")
