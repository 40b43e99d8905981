"""The provincial office's view of a round: the units at a glance, and who may be late."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from applications.states import Status
from portal.accounts.models import Role
from portal.catalogue.models import Bureau
from portal.documents.model import clean_text
from portal.rounds.models import Round
from review import charts, forecast
from review.cockpit import SORTS, Totals, trend, units
from review.lists import choose_round
from review.models import RankedList
from review.views.shared import province_only


@require_safe
@province_only
def cockpit(request: HttpRequest) -> HttpResponse:
    """The units × state; every number opens the list behind it."""
    round = choose_round(request.GET.get("round"), request.user)
    if round is None:
        return redirect("review:rounds")
    sort = request.GET.get("sort", "")
    rows = units(round, request.user, sort)
    figures = trend(round, request.user)
    lists = [row.ranked_list for row in rows]
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "rows": rows,
        "sort": sort if sort in SORTS else "",
        "statuses": [(status.value, status.label_for(Role.PROVINCE)) for status in Status],
        "totals": Totals.of(rows),
        "sent": [each for each in lists if each.status == RankedList.Status.SENT],
        "received": [each for each in lists if each.status == RankedList.Status.RECEIVED],
        "overview": charts.overview(rows),
        "trend": charts.trend(figures),
    }
    return render(request, "review/cockpit.html", context)


@require_safe
@province_only
def late(request: HttpRequest) -> HttpResponse:
    """可能来不及的申报: who may be late, on what, and how that is reckoned."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:rounds")
    bureau = clean_text(request.GET.get("bureau", ""))[:6]
    found = forecast.late(round, request.user, bureau)
    page = Paginator(found, settings.PAGE_SIZE).get_page(request.GET.get("page"))
    contacts = forecast.contacts(page)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "bureau": bureau,
        "bureaus": Bureau.objects.cached(),
        "page": page,
        "rows": [(one, contacts.get(one.application.enterprise_id)) for one in page],
        "enterprises": sum(not one.waits_for_bureau for one in found),
        "noted_at": forecast.noted_at(round),
    }
    return render(request, "review/forecast.html", context)
