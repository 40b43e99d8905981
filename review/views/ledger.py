"""台账: choosing its columns, keeping sets of them, seeing the first rows, ordering the file."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from applications.states import Status
from portal.accounts.models import Role
from portal.catalogue.models import Bureau
from portal.documents.model import text_of
from portal.jobs.tasks import start
from portal.rounds.models import Round
from review import ledger as ledgers
from review import tasks
from review.forms import ColumnSetForm
from review.ledger import Column
from review.lists import Query, choose_round
from review.models import ColumnSet
from review.views.shared import province_only

PREVIEWED = 10
NOTHING = "请至少选择一列。"


@require_safe
@province_only
def ledger(request: HttpRequest) -> HttpResponse:
    """The columns of a set, or those chosen last, with the first rows."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:rounds")
    return _page(request, Query.of(round, request.GET), ColumnSetForm())


def _page(
    request: HttpRequest, query: Query, form: ColumnSetForm, status: int = 200
) -> HttpResponse:
    user = request.user
    sets = list(ColumnSet.objects.visible_to(user).select_related("owner"))
    asked = request.GET.get("set", "")
    shown = next((each for each in sets if each.name and str(each.pk) == asked), None)
    last = next((each for each in sets if each.owner_id == user.pk and not each.name), None)
    columns = ledgers.columns_of(query.round)
    names = next((each.columns for each in (shown, last) if each), ledgers.DEFAULT)
    chosen = ledgers.chosen(names, columns)
    rows = ledgers.applications(query, user)
    context = {
        "round": query.round,
        "rounds": Round.objects.published(),
        "query": query,
        "bureaus": Bureau.objects.cached(),
        "statuses": [(each.value, each.label_for(Role.PROVINCE)) for each in Status],
        "sets": [each for each in sets if each.name],
        "shown": shown,
        "groups": _groups(columns.values(), {column.name for column in chosen}),
        "chosen": chosen,
        "count": rows.count(),
        "previewed": PREVIEWED,
        "preview": _texts(chosen, list(rows[:PREVIEWED])),
        "form": form,
    }
    return render(request, "review/ledger.html", context, status=status)


def _groups(columns: Iterable[Column], ticked: set[str]) -> list[dict[str, Any]]:
    """The columns as they are chosen: a group that has rows as a table of them."""
    groups = []
    for title, members in groupby(columns, key=lambda column: column.group):
        members = list(members)
        rows = [(row, list(cells)) for row, cells in groupby(members, key=lambda each: each.row)]
        groups.append(
            {
                "title": title,
                "columns": members,
                "rows": rows if rows[0][0] else [],
                "fields": [column.field for column in rows[0][1]],
                "ticked": [column.name for column in members if column.name in ticked],
            }
        )
    return groups


def _texts(columns: Sequence[Column], rows: Iterable) -> list[list[str]]:
    values = ledgers.LedgerResource(columns).rows(rows)
    return [
        [text_of(value, column.kind) for value, column in zip(row, columns, strict=True)]
        for row in values
    ]


@require_POST
@province_only
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what is ticked, in its order, and the rows that are asked for."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    names = _posted(request, round)
    if not names:
        messages.error(request, NOTHING)
    else:
        ledgers.remember(request.user, _moved(names, request.POST.get("move", "")))
    return redirect(_at(Query.of(round, request.POST)))


def _posted(request: HttpRequest, round: Round) -> list[str]:
    """What is ticked: in the order that it had, then what is new as it stands in the list."""
    ticked, had = request.POST.getlist("column"), request.POST.getlist("order")
    known = ledgers.columns_of(round)
    names = [name for name in had if name in ticked] + [name for name in known if name in ticked]
    return [column.name for column in ledgers.chosen(names, known)]


def _moved(names: list[str], move: str) -> list[str]:
    """The names with one of them a place up or down, or first; ``move`` is "up:name"."""
    where, _, name = move.partition(":")
    if name not in names:
        return names
    here = names.index(name)
    there = {"up": max(here - 1, 0), "down": here + 1, "first": 0}.get(where, here)
    names = names[:here] + names[here + 1 :]
    return [*names[:there], name, *names[there:]]


def _at(query: Query, **more: Any) -> str:
    return f"{reverse('review:ledger')}?{urlencode({**query.parameters, **more})}"


@require_POST
@province_only
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Start making the file of what is ticked."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    query, names = Query.of(round, request.POST), _posted(request, round)
    if not names:
        messages.error(request, NOTHING)
        return redirect(_at(query))
    ledgers.remember(request.user, names)
    job = start(
        owner=request.user,
        kind=tasks.LEDGER,
        title=f"台账（{len(names)} 列）",
        round=round.pk,
        query=query.parameters,
        columns=names,
        back=_at(query),
    )
    return redirect("jobs:detail", job.pk)


@require_POST
@province_only
def save_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep what is ticked under a name; one's own set of that name is replaced."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    query, names = Query.of(round, request.POST), _posted(request, round)
    if not names:
        messages.error(request, NOTHING)
        return redirect(_at(query))
    ledgers.remember(request.user, names)
    form = ColumnSetForm(request.POST)
    if not form.is_valid():
        return _page(request, query, form, status=422)
    name, is_shared = form.cleaned_data["name"], form.cleaned_data["is_shared"]
    kept, is_new = ledgers.keep(request.user, name, names, is_shared=is_shared)
    messages.success(request, f"{'已保存' if is_new else '已更新'}列组合“{name}”。")
    return redirect(_at(query, set=kept.pk))


@require_POST
@province_only
def change_set(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Rename one's own set, share it or not, or delete it."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    sets = ColumnSet.objects.visible_to(request.user).exclude(name="")
    kept = get_object_or_404(sets, owner=request.user, pk=pk)
    query = Query.of(round, request.POST)
    if "delete" in request.POST:
        kept.delete()
        messages.success(request, f"已删除列组合“{kept.name}”。")
        return redirect(_at(query))
    form = ColumnSetForm(request.POST, instance=kept)
    if form.is_valid():
        form.save()
        messages.success(request, f"已修改列组合“{kept.name}”。")
    else:
        messages.error(request, " ".join(form.errors.get("name", form.non_field_errors())))
    return redirect(_at(query, set=pk))
