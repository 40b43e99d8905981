"""The ranking board: candidates on one side, the numbered seats on the other."""

from collections.abc import Callable, Sequence
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from applications.models import Application
from applications.states import Status
from portal.errors import PortalError
from review import ranking
from review.models import RankedList, Seat
from review.views.shared import FORMATS, bureau_only, own_list


@require_safe
@bureau_only
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Candidates on one side, the numbered seats on the other."""
    return _board_page(request, slug)


def _board_page(request: HttpRequest, slug: str, *, status: int = 200) -> HttpResponse:
    """The board; opinions that were typed but not saved are shown beside the fresh list."""
    ranked_list = own_list(request, slug)
    seats = ranking.seats_of(ranked_list)
    accepted = Application.objects.visible_to(request.user).filter(
        round=ranked_list.round, status=Status.ACCEPTED
    )
    candidates = accepted.exclude(pk__in=ranking.order_of(seats)).with_parties().order_by("pk")
    number = request.POST.get("page") or request.GET.get("page")
    context = {
        "ranked_list": ranked_list,
        "round": ranked_list.round,
        "seats": seats,
        "taken": len(ranking.order_of(seats)),
        "page": Paginator(candidates, settings.PAGE_SIZE).get_page(number),
        "unsaved": _unsaved_opinions(request, seats),
        "events": ranking.events_of(ranked_list),
        "formats": FORMATS,
    }
    return render(request, "review/board.html", context, status=status)


def _typed_opinions(request: HttpRequest) -> dict[int, str]:
    return {
        whole_number(name.removeprefix("opinion-")): ranking.cleaned(text)
        for name, text in request.POST.items()
        if name.startswith("opinion-")
    }


def _unsaved_opinions(request: HttpRequest, seats: Sequence[Seat]) -> dict[int, str]:
    saved = {seat.opinion for seat in seats}
    return {n: text for n, text in _typed_opinions(request).items() if text and text not in saved}


def _change(
    request: HttpRequest, ranked_list: RankedList, act: Callable[..., bool | None], done: str
) -> HttpResponse:
    """Change the list, and with it the opinions typed on the board: no button loses them.

    ``act`` returns False when it could not save them. Where to from there, the button says: to the
    page for sending, to another page of candidates, or back to the board.
    """
    slug = ranked_list.round.slug
    try:
        result = act(
            ranked_list,
            version=whole_number(request.POST.get("version")),
            opinions=_typed_opinions(request),
            actor=request.user,
        )
    except PortalError as error:
        messages.error(request, str(error))
        return _board_page(request, slug, status=409)
    then = request.POST.get("then", "")
    if not then:
        messages.success(request, done)
    if result is False and _unsaved_opinions(request, ranking.seats_of(ranked_list)):
        return _board_page(request, slug)
    if then == "send":
        return redirect("review:send", slug)
    board = reverse("review:board", args=[slug])
    if then:
        return redirect(f"{board}?page={whole_number(then)}#candidates-title")
    number = whole_number(request.POST.get("page"))
    return redirect(f"{board}?page={number}" if number else board)


@require_POST
@bureau_only
def recommend(request: HttpRequest, slug: str) -> HttpResponse:
    ranked_list = own_list(request, slug)
    application = get_object_or_404(
        Application.objects.visible_to(request.user)
        .filter(round=ranked_list.round)
        .select_related("enterprise"),
        pk=whole_number(request.POST.get("application")),
    )
    return _change(
        request,
        ranked_list,
        partial(ranking.recommend, application=application),
        f"已将“{application.enterprise}”列入推荐名单。",
    )


@require_POST
@bureau_only
def reorder(request: HttpRequest, slug: str) -> HttpResponse:
    """Move a seated application up or down, or off the list: the whole new order is saved."""
    ranked_list = own_list(request, slug)
    seats = ranking.seats_of(ranked_list)
    order = ranking.order_of(seats)
    pk = whole_number(request.POST.get("application"))
    if pk not in order:
        messages.error(request, "该申报已不在名单中，请按最新名单重新操作。")
        return _board_page(request, slug, status=409)
    here = order.index(pk)
    done = "推荐次序已保存。"
    match request.POST.get("move") or request.GET.get("move"):
        case "up" if here > 0:
            order[here - 1], order[here] = order[here], order[here - 1]
        case "down" if here < len(order) - 1:
            order[here + 1], order[here] = order[here], order[here + 1]
        case "remove":
            order.remove(pk)
            [enterprise] = [s.application.enterprise for s in seats if s.application_id == pk]
            done = f"已将“{enterprise}”移出名单。"
        case _:
            return redirect("review:board", slug)
    return _change(
        request, ranked_list, partial(ranking.replace_order, application_ids=order), done
    )


@require_POST
@bureau_only
def opinions(request: HttpRequest, slug: str) -> HttpResponse:
    """Save the reason given for each place."""
    return _change(request, own_list(request, slug), ranking.save_opinions, "推荐意见已保存。")
