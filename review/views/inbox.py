"""The bureau's inbox."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.rounds.models import Round
from review import ranking
from review.lists import Query, choose_round
from review.models import RankedList
from review.views.shared import bureau_only


@require_safe
@bureau_only
def inbox(request: HttpRequest) -> HttpResponse:
    """The bureau's applications in a round; what waits for it first."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return render(request, "review/no_round.html")
    lists = RankedList.objects.visible_to(request.user).select_related("bureau")
    ranked_list = lists.filter(round=round).first()
    if ranked_list is None:
        context = {"round": round, "rounds": Round.objects.published()}
        return render(request, "review/no_round.html", context)
    query = Query.of(round, request.GET)
    seats = ranking.seats_of(ranked_list)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "query": query,
        "page": query.page(request.user, request.GET.get("page")),
        "counts": query.counts(request.user),
        "seats": seats,
        "taken": len(ranking.order_of(seats)),
        "ranked_list": ranked_list,
    }
    return render(request, "review/inbox.html", context)
