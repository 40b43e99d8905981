"""Annex 1 for the province: as it stands, what is missing from it, its versions."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from applications.editing import whole_number
from portal import downloads
from portal.catalogue.models import Bureau
from portal.documents.model import clean_text
from portal.rounds.models import Round
from review import summary, summary_versions
from review.lists import choose_round
from review.models import RankedList, SummaryVersion
from review.views.shared import FORMATS, province_only

PAGE_SIZE = 20


@require_safe
@province_only
def summary_page(request: HttpRequest) -> HttpResponse:
    """What is missing from Annex 1, the table as its files would have it, and the exports."""
    round = choose_round(request.GET.get("round"), request.user)
    if round is None:
        return redirect("review:rounds")
    include_sent = bool(request.GET.get("sent"))
    lists = RankedList.objects.visible_to(request.user).filter(round=round)
    lists = lists.exclude(status=RankedList.Status.OPEN).select_related("bureau")
    versions = SummaryVersion.objects.visible_to(request.user).filter(round=round)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "result": summary.build(round, include_sent=include_sent),
        "include_sent": include_sent,
        "lists": lists.order_by("bureau__order"),
        "versions": versions.count(),
        "formats": FORMATS,
    }
    return render(request, "review/summary.html", context)


@require_safe
@province_only
def versions(request: HttpRequest) -> HttpResponse:
    """The versions of the whole table, or of one unit's."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:rounds")
    every = SummaryVersion.objects.visible_to(request.user).filter(round=round)
    bureau = _bureau(request)
    rows = every.filter(bureau=bureau).select_related("made_by").prefetch_related("jobs")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    present = [summary.build(round, bureau, include_sent=each) for each in (False, True)]
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "bureau": bureau,
        "bureaus": Bureau.objects.filter(pk__in=every.values("bureau")),
        "page": page,
        "rows": [
            {
                "version": version,
                "units": len(version.rows),
                "count": sum(len(unit["rows"]) for unit in version.rows),
                "files": summary_versions.files_of(version),
            }
            for version in page
        ],
        "present": {result.document.revision for result in present},
    }
    return render(request, "review/summary_versions.html", context)


def _bureau(request: HttpRequest) -> Bureau | None:
    code = clean_text(request.GET.get("bureau", ""))
    return get_object_or_404(Bureau, code=code) if code else None


@require_safe
@province_only
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """What one version says otherwise than another of the same table: else the one before it."""
    new = _version(request, pk)
    others = SummaryVersion.objects.visible_to(request.user).filter(
        round=new.round, bureau=new.bureau
    )
    others = others.exclude(pk=pk).defer("rows", "notes")
    if since := request.GET.get("since"):
        old = get_object_or_404(others, number=whole_number(since))
    else:
        old = others.filter(number__lt=new.number).first()
    context = {
        "round": new.round,
        "new": new,
        "old": old,
        "others": others,
        "difference": summary_versions.compare(old, new) if old else None,
        "files": summary_versions.files_of(new),
    }
    return render(request, "review/summary_version.html", context)


def _version(request: HttpRequest, pk: int) -> SummaryVersion:
    versions = SummaryVersion.objects.visible_to(request.user)
    versions = versions.select_related("round", "bureau", "made_by").prefetch_related("jobs")
    return get_object_or_404(versions, pk=pk)


@require_safe
@province_only
def file(request: HttpRequest, pk: int, format: str) -> HttpResponseBase:
    """A version's file, whoever of the office made it; auditors take nothing away."""
    version = _version(request, pk)
    job = summary_versions.files_of(version).get(format)
    if job is None:
        raise Http404
    if not request.user.is_province:
        raise PermissionDenied("省厅")
    try:
        stream = job.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    summary_versions.fetched(version, job, actor=request.user)
    return downloads.send(stream, job.file_name, request.method, request.headers)
