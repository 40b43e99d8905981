"""The ranking board: candidates on one side, the numbered seats on the other.

A button posts what the page shows, the whole order with every opinion, and what to move in it. So a
page that is out of date is refused as a whole, and what its officer wanted is still known.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from applications import interests
from applications.editing import whole_number
from applications.models import Application
from applications.states import Status
from portal.accounts.access import asks_for_data
from portal.errors import PortalError, StaleState
from review import drafting, ranking, scans
from review.models import RankedList, Seat
from review.views.shared import FORMATS, bureau_only, own_list


@require_safe
@bureau_only
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Candidates on one side, the numbered seats on the other."""
    return _board_page(request, slug)


def _board_page(
    request: HttpRequest, slug: str, *, status: int = 200, wanted: Sequence[int] = ()
) -> HttpResponse:
    """The board as it is now; beside it what was typed or wanted on a page that was refused."""
    ranked_list = own_list(request, slug)
    places = ranking.places_of(ranked_list)
    seats = [place for place in places if not place.is_exempt]
    order = ranking.order_of(places)
    listed = [place.application for place in places if place.application]
    accepted = Application.objects.visible_to(request.user).filter(
        round=ranked_list.round, status=Status.ACCEPTED
    )
    candidates = accepted.exclude(pk__in=[each.pk for each in listed]).with_parties().order_by("pk")
    number = request.POST.get("page") or request.GET.get("page")
    page = Paginator(candidates, settings.PAGE_SIZE).get_page(number)
    shown = [*listed, *page]
    reasons = ranking.reasons_of(places)
    for application in shown:
        typed = request.POST.get(f"reason-{application.pk}", "")
        stored = reasons.get(application.pk, "")
        application.typed_reason = typed if ranking.cleaned(typed) != stored else ""
    drafts = _drafts(request, places) if ranked_list.is_open else {}
    for place in places:
        place.draft = drafts.get(place.application_id, "")
    unsaved = _unsaved_opinions(request, places)
    names = _names(request, ranked_list, [*unsaved, *wanted])
    context = {
        "ranked_list": ranked_list,
        "round": ranked_list.round,
        "places": places,
        "is_empty": not listed,
        "seats": seats,
        "exempt": [place for place in places if place.is_exempt],
        "taken": len(order),
        "is_full": len(order) == len(seats),
        "next_number": min(len(order) + 1, len(seats)),
        "page": page,
        "aside": interests.conflicts(request.user, [each.pk for each in shown]),
        "unsaved": [(pk, names[pk], text) for pk, text in unsaved.items() if pk in names],
        "wanted": [(pk, names[pk]) for pk in wanted if pk in names] if wanted != order else [],
        "events": ranking.events_of(ranked_list),
        "scans": scans.of(ranked_list),
        "formats": FORMATS,
    }
    return render(request, "review/board.html", context, status=status)


def _drafts(request: HttpRequest, places: Sequence[Seat]) -> dict[int, str]:
    """By application, the opinions to begin with where none has been written."""
    drafts = drafting.drafts(places, request.user)
    return {place.application_id: drafts[place.pk] for place in places if place.pk in drafts}


def _names(request: HttpRequest, ranked_list: RankedList, pks: Collection[int]) -> dict[int, str]:
    """What the enterprises of these applications are called; of strangers' nothing."""
    if not pks:
        return {}
    own = Application.objects.visible_to(request.user).filter(round=ranked_list.round, pk__in=pks)
    return dict(own.values_list("pk", "enterprise__name"))


def _typed_opinions(request: HttpRequest, *, unchanged: bool = False) -> dict[int, str]:
    """The opinions of the page by application: those typed over what it showed, or all."""
    opinions = {}
    for name, text in request.POST.items():
        if name.startswith("opinion-"):
            pk = name.removeprefix("opinion-")
            typed = ranking.cleaned(text)
            if unchanged or typed != ranking.cleaned(request.POST.get(f"seen-{pk}", "")):
                opinions[whole_number(pk)] = typed
    return opinions


def _unsaved_opinions(request: HttpRequest, places: Sequence[Seat]) -> dict[int, str]:
    saved = {place.application_id: place.opinion for place in places}
    typed = _typed_opinions(request)
    return {pk: text for pk, text in typed.items() if text and text != saved.get(pk)}


def _ids(request: HttpRequest, name: str) -> list[int]:
    return [whole_number(text) for text in request.POST.getlist(name)]


def _change(
    request: HttpRequest,
    ranked_list: RankedList,
    act: Callable[..., bool | None],
    done: str,
    *,
    wanted: Sequence[int] = (),
    opinions: dict[int, str] | None = None,
) -> HttpResponse:
    """Change the list, and with it the opinions typed on the board: no button loses them.

    ``act`` returns False when it could not save them. Where to from there, the button says: to the
    page for sending, to a comparison, to another page of candidates, or back to the board.
    """
    slug = ranked_list.round.slug
    version = whole_number(request.POST.get("version"))
    if opinions is None:
        opinions = _typed_opinions(request)
    try:
        result = act(ranked_list, version=version, opinions=opinions, actor=request.user)
    except PortalError as error:
        if asks_for_data(request):
            return JsonResponse({"message": str(error)}, status=409)
        messages.error(request, str(error))
        if not isinstance(error, StaleState):
            wanted = ()
        return _board_page(request, slug, status=409, wanted=wanted)
    if asks_for_data(request):
        # What is not saved keeps the version that is out of date, so that it is refused later.
        answer = {"version": version if result is False else version + 1}
        drafts = _drafts(request, ranking.places_of(ranked_list))
        now = f"{timezone.localtime():%H:%M:%S}"
        return JsonResponse({"saved_at": now, "drafts": drafts, **answer})
    then = request.POST.get("then", "")
    if not then:
        messages.success(request, done)
    if result is False and _unsaved_opinions(request, ranking.places_of(ranked_list)):
        return _board_page(request, slug)
    return _onward(request, slug, then)


def _onward(request: HttpRequest, slug: str, then: str) -> HttpResponse:
    board = reverse("review:board", args=[slug])
    if then == "send":
        return redirect("review:send", slug)
    if then == "compare":
        chosen = urlencode({"a": _ids(request, "a")}, doseq=True)
        return redirect(f"{reverse('review:compare', args=[slug])}?{chosen}")
    if then:
        return redirect(f"{board}?page={whole_number(then)}#candidates-title")
    number = whole_number(request.POST.get("page"))
    return redirect(f"{board}?page={number}" if number else board)


def _chosen(request: HttpRequest, ranked_list: RankedList) -> Application:
    return get_object_or_404(
        Application.objects.visible_to(request.user)
        .filter(round=ranked_list.round)
        .select_related("enterprise"),
        pk=whole_number(request.POST.get("application")),
    )


@require_POST
@bureau_only
def recommend(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a candidate on the first free seat."""
    ranked_list = own_list(request, slug)
    application = _chosen(request, ranked_list)
    return _change(
        request,
        ranked_list,
        partial(ranking.recommend, application=application),
        f"已将“{application.enterprise}”列入推荐名单。",
    )


@require_POST
@bureau_only
def exempt(request: HttpRequest, slug: str) -> HttpResponse:
    """Recommend a candidate beside the quota, with the reason typed for it."""
    ranked_list = own_list(request, slug)
    application = _chosen(request, ranked_list)
    reason = request.POST.get(f"reason-{application.pk}", "")
    return _change(
        request,
        ranked_list,
        partial(ranking.exempt, application=application, reason=reason),
        f"已将“{application.enterprise}”列为不占名额推荐。",
    )


@require_POST
@bureau_only
def reorder(request: HttpRequest, slug: str) -> HttpResponse:
    """Save the whole order that the page shows, with one application moved in it or as it stands.

    An application put on a taken seat changes places with who has it; coming from the candidates,
    it sends that one there.
    """
    ranked_list = own_list(request, slug)
    order, exempt = _ids(request, "order"), _ids(request, "exempt")
    pk = whole_number(request.POST.get("application"))
    move = request.POST.get("move") or request.GET.get("move")
    named = [pk, *order] if move in ("remove", "put") else []
    name = _names(request, ranked_list, named).get
    done = "推荐次序已保存。"
    row = exempt if pk in exempt else order
    if pk not in row and move not in ("put", "order"):
        messages.error(request, "该申报已不在名单中，请按最新名单重新操作。")
        return _board_page(request, slug, status=409)
    match move:
        case "order":
            pass
        case "up" if (here := row.index(pk)) > 0:
            row[here - 1], row[here] = row[here], row[here - 1]
        case "down" if (here := row.index(pk)) < len(row) - 1:
            row[here + 1], row[here] = row[here], row[here + 1]
        case "remove":
            row.remove(pk)
            done = f"已将“{name(pk)}”移出名单。"
        case "put":
            done = _put(order, exempt, pk, whole_number(request.POST.get(f"place-{pk}")), name)
        case _:
            return redirect("review:board", slug)
    act = partial(ranking.replace_order, application_ids=order, exempt_ids=exempt)
    return _change(request, ranked_list, act, done, wanted=order)


def _put(
    order: list[int], exempt: list[int], pk: int, place: int, name: Callable[[int], str | None]
) -> str:
    """Put an application on a numbered seat; returns the words for it."""
    is_seated = pk in order
    there = max(min(place, len(order) + (not is_seated)), 1) - 1
    done = f"已将“{name(pk)}”放到第 {there + 1} 名"
    if is_seated:
        here = order.index(pk)
        order[here], order[there] = order[there], order[here]
        return f"{done}。" if here == there else f"{done}，与“{name(order[here])}”对换。"
    if pk in exempt:
        exempt.remove(pk)
    if there == len(order):
        order.append(pk)
        return f"{done}。"
    left, order[there] = order[there], pk
    return f"{done}，换下“{name(left)}”，其推荐意见不再保留。"


@require_POST
@bureau_only
def opinions(request: HttpRequest, slug: str) -> HttpResponse:
    """Save the reason given for each place; on the way elsewhere only if any was typed."""
    ranked_list = own_list(request, slug)
    then = request.POST.get("then", "")
    if then and not _typed_opinions(request):
        return _onward(request, slug, then)
    everything = _typed_opinions(request, unchanged=not then)
    return _change(
        request, ranked_list, ranking.save_opinions, "推荐意见已保存。", opinions=everything
    )
