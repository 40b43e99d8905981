"""The bureau's pages: its inbox, its decisions, its ranking board, sending its list."""

from collections.abc import Callable, Sequence
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from applications.models import Application
from applications.states import BY_VERB, Status
from portal.accounts.access import role_required
from portal.accounts.models import Role
from portal.errors import PortalError
from portal.rounds.models import Round
from review import ranking, summary
from review.forms import CommentForm, SendForm
from review.lists import Query, choose_round
from review.models import RankedList, Seat
from review.views.shared import DECISIONS, FORMATS, attempt, reader_page

bureau_only = role_required(Role.BUREAU)


def _ranked_list(request: HttpRequest, slug: str) -> RankedList:
    return get_object_or_404(
        RankedList.objects.visible_to(request.user).select_related("round", "bureau"),
        round__slug=slug,
    )


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


@require_POST
@bureau_only
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Accept, return, decline, or take a decline back."""
    if verb not in DECISIONS:
        raise Http404
    applications = Application.objects.visible_to(request.user).with_parties()
    application = get_object_or_404(applications, pk=pk)
    ranked_list = _ranked_list(request, application.round.slug)
    form = CommentForm(request.POST)
    decided = form.is_valid() and attempt(
        request,
        lambda: ranking.decide(
            ranked_list,
            application,
            verb,
            revision=whole_number(request.POST.get("revision")),
            actor=request.user,
            comment=form.cleaned_data["comment"],
        ),
        f"已办理：{BY_VERB[verb].label}。",
    )
    if not decided:
        return reader_page(request, pk, form=form, status=409)
    return redirect("review:reader", pk)


@require_safe
@bureau_only
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Candidates on one side, the numbered seats on the other."""
    return _board_page(request, slug)


def _board_page(request: HttpRequest, slug: str, *, status: int = 200) -> HttpResponse:
    """The board; opinions that were typed but not saved are shown beside the fresh list."""
    ranked_list = _ranked_list(request, slug)
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
    ranked_list = _ranked_list(request, slug)
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
    ranked_list = _ranked_list(request, slug)
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
    return _change(request, _ranked_list(request, slug), ranking.save_opinions, "推荐意见已保存。")


@bureau_only
def send(request: HttpRequest, slug: str) -> HttpResponse:
    """Look once more at what will be sent, sign, send."""
    ranked_list = _ranked_list(request, slug)
    if not ranked_list.is_open:
        return redirect("review:board", slug)
    form = SendForm(
        request.POST or None, round=ranked_list.round, initial={"version": ranked_list.version}
    )
    if request.method == "POST" and form.is_valid():
        signed = {name: form.cleaned_data[name] for name in ("version", "signatory", "statement")}
        sent = attempt(
            request,
            lambda: ranking.send(ranked_list, actor=request.user, **signed),
            "推荐名单已报送省厅。现在可以导出推荐汇总表（附件1）盖章。",
        )
        if sent:
            return redirect("review:board", slug)
    applications = Application.objects.visible_to(request.user).filter(round=ranked_list.round)
    seats = ranking.seats_of(ranked_list)
    taken = len(ranking.order_of(seats))
    context = {
        "ranked_list": ranked_list,
        "round": ranked_list.round,
        "form": form,
        "document": summary.preview(ranked_list),
        "seats": seats,
        "taken": taken,
        "free": len(seats) - taken,
        "unfinished": applications.aggregate(
            **{
                status.value: Count("pk", filter=Q(status=status))
                for status in (Status.SUBMITTED, Status.RETURNED, Status.DRAFT)
            }
        ),
    }
    return render(request, "review/send.html", context)
