"""Rounds without code: filled in, copied, compared, published, corrected by a new version."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from applications.editing import whole_number
from portal.catalogue import editions
from portal.catalogue.models import Bureau
from portal.errors import PortalError
from portal.rounds.models import Round, RoundVersion
from review import publishing
from review.preparing import cloning, differences, editing
from review.preparing.editing import SEEN, RulesPage
from review.preparing.forms import FieldRulesForm, RoundForm, warnings
from review.views.shared import attempt, province_only

ROW_ACTS = (("up", "↑", "上移"), ("down", "↓", "下移"), ("remove", "×", "删除"))


def find(slug: str) -> Round:
    """A round of the province's own making: a dry run is reached through its own page."""
    rounds = Round.objects.in_earnest().prefetch_related("versions")
    return get_object_or_404(rounds, slug=slug)


@require_safe
@province_only
def rounds(request: HttpRequest) -> HttpResponse:
    every = list(
        Round.objects.in_earnest()
        .order_by("-opens_at")
        .prefetch_related("quotas__bureau", "versions__declarations")
    )
    hand = editions.at_hand()
    unseated = publishing.unseated(every)
    rows = [
        {
            "round": round,
            "missing": []
            if round.is_published
            else publishing.what_is_missing(round.version, hand),
            "unseated": unseated[round] if round.is_published else [],
        }
        for round in every
    ]
    return render(request, "review/rounds.html", {"rows": rows})


@require_safe
@province_only
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """A round as it is set, its versions, and what can be done with it."""
    return _overview(request, slug)


def _overview(request: HttpRequest, slug: str, note: str = "", status: int = 200) -> HttpResponse:
    round = find(slug)
    preparing = round.in_preparation
    context = {
        "round": round,
        "shown": round.version,
        "preparing": preparing,
        "contents": {**differences.of_round(round), **differences.of_version(round.version)},
        "versions": round.versions.annotate(started=Count("applications")).select_related(
            "published_by"
        ),
        "missing": publishing.what_is_missing(preparing) if preparing else [],
        "warnings": [] if round.is_published else warnings(round),
        "unseated": publishing.unseated([round])[round] if round.is_published else [],
        "note": note,
        "tab": "overview",
    }
    return render(request, "review/round.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@province_only
def new(request: HttpRequest) -> HttpResponse:
    """A round from another one, or from nothing."""
    every = Round.objects.in_earnest().prefetch_related("versions")
    source = every.filter(slug=request.GET.get("source", "")).first()
    year = whole_number(request.GET.get("year")) or _next_year(source)
    bureaus = Bureau.objects.cached()
    quotas = editing.quotas_of(source) if source else {}
    if request.method == "POST":
        form = RoundForm(
            request.POST, instance=Round(), bureaus=bureaus, quotas=quotas, before=source
        )
        if form.is_valid():
            created = cloning.create(form, source, actor=request.user)
            _warn(request, created)
            messages.success(request, f"“{created}”已建立，发布前可以继续修改。")
            if source:
                return redirect("review:round_differences", created.slug)
            return redirect("review:round_rules", created.slug)
    else:
        initial = cloning.proposal(source, year) if source else {"year": year}
        form = RoundForm(
            initial=initial, instance=Round(), bureaus=bureaus, quotas=quotas, before=source
        )
    context = {"form": form, "source": source, "rounds": every, "year": year}
    return render(request, "review/round_new.html", context, status=200 if not form.errors else 409)


def _next_year(source: Round | None) -> int:
    return source.year + 1 if source else timezone.localdate().year


def _warn(request: HttpRequest, round: Round) -> None:
    for sentence in warnings(round):
        messages.warning(request, sentence)


def _saved(request: HttpRequest) -> None:
    messages.success(request, f"已保存 {timezone.localtime():%H:%M:%S}")


@require_http_methods(["GET", "HEAD", "POST"])
@province_only
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The round itself; of a published one what may still be put right."""
    round = find(slug)
    seen = differences.digest(differences.of_round(round))
    form = editing.round_form(round, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            editing.store_round(form, request.POST.get(SEEN, ""), actor=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            _saved(request)
            if not round.is_published:
                _warn(request, round)
            return redirect("review:round_edit", round.slug)
    # What was typed is in the form; the page speaks of the round as it is stored.
    context = {"round": find(slug), "form": form, "seen": seen, "tab": "edit"}
    return render(request, "review/round_edit.html", context, status=409 if form.errors else 200)


def _to_edit(request: HttpRequest, round: Round) -> RoundVersion | None:
    """The version whose rules may be filled in; None, with a word, where there is none."""
    if not round.in_preparation:
        messages.info(request, "批次已发布。需要改动规则，请先建立新版本。")
    return round.in_preparation


@require_http_methods(["GET", "HEAD", "POST"])
@province_only
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """Editions, texts, declarations and materials of the version in preparation."""
    round = find(slug)
    version = _to_edit(request, round)
    if version is None:
        return redirect("review:round", slug)
    seen = differences.digest(differences.of_version(version))
    if request.method == "POST":
        page = RulesPage.posted(version, request.POST)
        if page.is_valid():
            try:
                page.store(request.POST.get(SEEN, ""), actor=request.user)
            except PortalError as error:
                page.form.add_error(None, str(error))
            else:
                _saved(request)
                return redirect("review:round_rules", slug)
        page.with_blanks()
    else:
        page = RulesPage.stored(version)
    failed = request.method == "POST"
    context = {
        "round": round,
        "version": version,
        "page": page,
        "seen": seen,
        "row_acts": ROW_ACTS,
        "tab": "rules",
    }
    return render(request, "review/round_rules.html", context, status=409 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@province_only
def field_rules(request: HttpRequest, slug: str) -> HttpResponse:
    """What the version in preparation asks of each field."""
    round = find(slug)
    version = _to_edit(request, round)
    if version is None:
        return redirect("review:round", slug)
    seen = differences.digest(differences.of_version(version))
    form = FieldRulesForm(request.POST if request.method == "POST" else None, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            editing.store_field_rules(form, request.POST.get(SEEN, ""), actor=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            _saved(request)
            return redirect("review:round_field_rules", slug)
    context = {"round": round, "version": version, "form": form, "seen": seen, "tab": "field_rules"}
    return render(
        request, "review/round_field_rules.html", context, status=409 if form.errors else 200
    )


@require_safe
@province_only
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """What this round says otherwise than another; a version, otherwise than the one in force."""
    round = find(slug)
    every = Round.objects.in_earnest().exclude(pk=round.pk).prefetch_related("versions")
    others = list(every)
    other = next((each for each in others if each.slug == request.GET.get("with")), None)
    version = round.in_preparation or round.version
    is_correction = round.is_published and round.in_preparation is not None
    if not (other or is_correction):
        earlier = (each for each in others if each.opens_at < round.opens_at)
        other = next(earlier, others[0] if others else None)
    old = None
    if other:
        old = differences.everything(other, other.version)
    elif is_correction:
        old = differences.everything(round, round.version)
    context = {
        "round": round,
        "version": version,
        "other": other,
        "others": others,
        "old": other or (round.version if is_correction else None),
        "found": old and differences.between(old, differences.everything(round, version)),
        "is_correction": is_correction,
        "tab": "differences",
    }
    return render(request, "review/round_differences.html", context)


@require_POST
@province_only
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    round = find(slug)
    attempt(
        request,
        lambda: publishing.publish(round, actor=request.user),
        f"“{round}”已发布，各推荐单位的名额已建立。",
    )
    return redirect("review:round", slug)


@require_POST
@province_only
def seat(request: HttpRequest, slug: str) -> HttpResponse:
    """Seat the bureaus that joined since the round was published."""
    round = find(slug)
    attempt(
        request,
        lambda: publishing.seat_bureaus(round, actor=request.user),
        f"“{round}”中各推荐单位均已有名额。",
    )
    return redirect("review:round", slug)


@require_POST
@province_only
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    round = find(slug)
    if attempt(
        request,
        lambda: editing.delete_round(round, actor=request.user),
        f"“{round}”已删除。",
    ):
        return redirect("review:rounds")
    return redirect("review:round", slug)


@require_POST
@province_only
def version_new(request: HttpRequest, slug: str) -> HttpResponse:
    round = find(slug)
    if attempt(
        request,
        lambda: editing.prepare_version(round, actor=request.user),
        "新版本已建立，内容与现行版本相同。改好后发布，此后开始填报的申报才按它办理。",
    ):
        return redirect("review:round_rules", slug)
    return redirect("review:round", slug)


@require_POST
@province_only
def version_publish(request: HttpRequest, slug: str) -> HttpResponse:
    version = find(slug).in_preparation
    if version is None:
        messages.error(request, "没有正在准备的新版本。")
        return redirect("review:round", slug)
    note = " ".join(request.POST.get("note", "").split())
    done = attempt(
        request,
        lambda: publishing.publish_version(version, note, actor=request.user),
        f"第 {version.number} 版已发布，已告知各推荐单位。",
    )
    return redirect("review:round", slug) if done else _overview(request, slug, note, 409)


@require_POST
@province_only
def version_discard(request: HttpRequest, slug: str) -> HttpResponse:
    version = find(slug).in_preparation
    if version:
        attempt(
            request,
            lambda: editing.discard_version(version, actor=request.user),
            "已放弃正在准备的新版本。",
        )
    return redirect("review:round", slug)
