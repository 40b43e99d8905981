"""The bureau's inbox: what needs the officer, decided one by one or many at once."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from applications.models import Application
from applications.states import BY_VERB
from portal.jobs.tasks import start
from portal.rounds.models import Round
from review import bulk, lists, ranking, tasks
from review.bulk import Item, Seen
from review.forms import CommentForm
from review.lists import Query, choose_round
from review.models import RankedList
from review.views.reader import DECISIONS
from review.views.shared import bureau_only, officers_only, own_list


@require_safe
@bureau_only
def inbox(request: HttpRequest) -> HttpResponse:
    """The bureau's applications in a round; what needs the officer first."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return render(request, "review/no_round.html")
    ranked_lists = RankedList.objects.visible_to(request.user).select_related("bureau")
    ranked_list = ranked_lists.filter(round=round).first()
    if ranked_list is None:
        context = {"round": round, "rounds": Round.objects.published()}
        return render(request, "review/no_round.html", context)
    query = Query.of(round, request.GET)
    seats = ranking.seats_of(ranked_list)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "query": query,
        "columns": lists.BUREAU_COLUMNS,
        "page": query.page(request.user, request.GET.get("page")),
        "counts": query.counts(request.user),
        "shown": query.shown(request.user),
        "verbs": [BY_VERB[verb] for verb in DECISIONS],
        "seats": seats,
        "taken": len(ranking.order_of(seats)),
        "ranked_list": ranked_list,
    }
    return render(request, "review/inbox.html", context)


@require_POST
@officers_only
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Start making the Excel file of the list on show, all its pages."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    query = Query.of(round, request.POST)
    page = "review:inbox" if request.user.is_bureau else "review:applications"
    job = start(
        owner=request.user,
        kind=tasks.LIST,
        title=f"{lists.TITLE}（{round}）",
        round=round.pk,
        query=query.parameters,
        back=_at(page, query),
    )
    return redirect("jobs:detail", job.pk)


def _at(page: str, query: Query) -> str:
    return f"{reverse(page)}?{urlencode(query.parameters)}"


# Many at once


@require_POST
@bureau_only
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What a decision on the chosen applications would change, and what it would leave out."""
    ranked_list = own_list(request, slug)
    query = Query.of(ranked_list.round, request.POST)
    verb = request.POST.get("verb")
    chosen = _chosen(request, query)
    if verb in DECISIONS and chosen:
        return _preview_page(request, ranked_list, query, verb, chosen, CommentForm())
    asked = "请选择要办理的操作。" if chosen else "请先勾选要办理的申报，或选择办理本页、全部申报。"
    messages.error(request, asked)
    return redirect(_at("review:inbox", query))


def _chosen(request: HttpRequest, query: Query) -> list[Application]:
    """What the officer ticked, the whole page, or all that the query finds; in the list's order."""
    scope = request.POST.get("scope")
    rows = query.rows(request.user)
    if scope != "all":
        named = request.POST.getlist("listed" if scope == "page" else "application")
        rows = Query(query.round).rows(request.user)
        rows = rows.filter(pk__in={whole_number(pk) for pk in named})
    chosen = lists.told(rows[: bulk.MOST + 1], request.user)
    if len(chosen) > bulk.MOST:
        messages.warning(request, f"一次最多办理 {bulk.MOST} 项，以下是前 {bulk.MOST} 项。")
    return chosen[: bulk.MOST]


def _preview_page(
    request: HttpRequest,
    ranked_list: RankedList,
    query: Query,
    verb: str,
    chosen: Sequence[Application],
    form: CommentForm,
    status: int = 200,
) -> HttpResponse:
    items = bulk.preview(ranked_list, chosen, verb, actor=request.user)
    possible = [item for item in items if not item.refusal]
    context = {
        "round": ranked_list.round,
        "query": query,
        "columns": lists.BUREAU_COLUMNS,
        "back": _at("review:inbox", query),
        "verb": BY_VERB[verb],
        "target": BY_VERB[verb].target.label_for(request.user.role),
        "possible": [(item, Seen.of(item.application)) for item in possible],
        "wordless": [item for item in possible if item.needs_words],
        "skipped": [item for item in items if item.refusal],
        "form": form,
    }
    return render(request, "review/bulk.html", context, status=status)


@require_POST
@bureau_only
def carry_out(request: HttpRequest, slug: str) -> HttpResponse:
    """Decide on what the preview listed, as far as it still is as it was there."""
    ranked_list = own_list(request, slug)
    query = Query.of(ranked_list.round, request.POST)
    verb = request.POST.get("verb")
    seen = [one for text in request.POST.getlist("seen") if (one := Seen.read(text))][: bulk.MOST]
    if verb not in DECISIONS or not seen:
        messages.error(request, "没有收到要办理的申报，请重新选择。")
        return redirect(_at("review:inbox", query))
    form = CommentForm(request.POST)
    items: list[Item] = []
    if form.is_valid():
        comment = form.cleaned_data["comment"]
        items = bulk.carry_out(ranked_list, seen, verb, comment=comment, actor=request.user)
    done = [item for item in items if not item.refusal]
    skipped = [f"{item.application.enterprise}：{item.refusal}" for item in items if item.refusal]
    if skipped:
        messages.warning(request, "\n".join([f"以下 {len(skipped)} 项没有办理：", *skipped]))
    if not done:
        rows = Query(query.round).rows(request.user).filter(pk__in=[one.pk for one in seen])
        chosen = lists.told(rows, request.user)
        return _preview_page(request, ranked_list, query, verb, chosen, form, status=409)
    messages.success(request, f"已办理“{BY_VERB[verb].label}” {len(done)} 项。")
    return redirect(_at("review:inbox", query))
