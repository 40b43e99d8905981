"""The province's archive: what would go in, ordering it, fetching what has been made."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal import downloads
from portal.catalogue.models import Bureau
from portal.documents.model import clean_text
from portal.errors import PortalError
from portal.jobs.models import Job
from portal.rounds.models import Round
from review import archive
from review.lists import choose_round
from review.models import RankedList
from review.views.shared import attempt, province_only


@require_safe
@province_only
def overview(request: HttpRequest) -> HttpResponse:
    """What an archive of each unit would hold, and the archives of this round."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:rounds")
    extents = archive.extents(round, request.user)
    lists = RankedList.objects.visible_to(request.user).filter(round=round).select_related("bureau")
    whole = archive.Extent()
    for extent in extents.values():
        whole.add(extent)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "units": [
            (ranked_list, extents.get(ranked_list.bureau_id, archive.Extent()))
            for ranked_list in lists.order_by("bureau__order")
        ],
        "whole": whole,
        "archives": archive.archives(round, request.user),
    }
    return render(request, "review/archive.html", context)


@require_POST
@province_only
def make(request: HttpRequest, slug: str) -> HttpResponse:
    """Start an archive of the unit named, or of the whole province."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    back = f"{reverse('review:archive')}?round={round.slug}"
    bureau = None
    if code := request.POST.get("bureau"):
        bureau = get_object_or_404(Bureau, code=clean_text(code))
    try:
        job = archive.order(round, bureau, actor=request.user, back=back)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect(back)
    return redirect("jobs:detail", job.pk)


def _kept(request: HttpRequest, slug: str, pk: int) -> Job:
    """An archive whose file is there."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    job = get_object_or_404(archive.archives(round, request.user), pk=pk)
    if job.status != Job.Status.DONE or not job.file:
        raise Http404
    return job


@require_safe
@province_only
def file(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """The package itself; auditors read on pages, and take nothing away in bulk."""
    job = _kept(request, slug, pk)
    if not request.user.is_province:
        raise PermissionDenied("省厅")
    try:
        stream = job.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    archive.fetched(job, actor=request.user)
    return downloads.send(stream, job.file_name, request.method, request.headers)


@require_POST
@province_only
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Delete a package, to make room."""
    job = _kept(request, slug, pk)
    name = job.file_name
    attempt(request, lambda: archive.remove(job, actor=request.user), f"已删除“{name}”。")
    return redirect(f"{reverse('review:archive')}?round={slug}")
