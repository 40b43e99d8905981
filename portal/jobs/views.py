"""Watching one's background work and fetching what it made."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal import downloads
from portal.audit import trail
from portal.jobs import tasks
from portal.jobs.models import Job


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    jobs = Job.objects.visible_to(request.user)
    page = Paginator(jobs, settings.PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "jobs/index.html", {"page": page})


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    return render(request, "jobs/detail.html", {"job": job})


@require_safe
def state(request: HttpRequest, pk: int) -> JsonResponse:
    """What the waiting page asks for until the job is finished."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    return JsonResponse(
        {
            "status": job.status,
            "label": job.get_status_display(),
            "percent": job.percent,
            "message": job.standing,
            "finished": job.is_finished,
        }
    )


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk, owner=request.user)
    tasks.cancel(job)
    return redirect("jobs:detail", pk)


@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    if job.status != Job.Status.DONE or not job.file:
        raise Http404
    try:
        stream = job.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    trail.record(
        "download",
        "下载文件",
        actor=request.user,
        target=job,
        named=job.file_name,
        once_in=trail.LOOK,
    )
    return downloads.send(stream, job.file_name, request.method, request.headers)
