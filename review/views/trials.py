"""试运行: a round walked by invented people before it is published."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from applications.models import Application
from applications.states import Status
from portal.errors import PortalError
from portal.jobs.models import Job
from portal.rounds.models import Round
from review.models import RankedList
from review.preparing import trials
from review.views.rounds import find
from review.views.shared import attempt, province_only


@require_safe
@province_only
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """What came of walking the round, and where to look at it."""
    return _page(request, find(slug))


def _page(request: HttpRequest, round: Round, **more: object) -> HttpResponse:
    trial = round.trials.first()
    jobs = Job.objects.visible_to(request.user).filter(kind=trials.TRIAL)
    draft = trial and trials.draft_of(trial)
    context = {
        "round": round,
        "version": round.in_preparation or round.version,
        "trial": trial,
        "job": jobs.filter(parameters__version__in=[v.pk for v in round.versions.all()]).first(),
        "applications": _applications(request, trial) if trial else [],
        "lists": RankedList.objects.visible_to(request.user)
        .filter(round=trial)
        .exclude(sent_at=None)
        .select_related("bureau")
        if trial
        else [],
        "draft": draft,
        "missing": trials.missing_in(draft) if draft else 0,
        "units": trials.UNITS.items(),
        "tab": "trial",
        **more,
    }
    return render(request, "review/trial.html", context)


def _applications(request: HttpRequest, trial: Round) -> list[tuple[Application, str]]:
    found = Application.objects.visible_to(request.user).filter(round=trial).with_parties()
    return [
        (each, Status(each.status).label_for(request.user.role))
        for each in found.order_by("bureau__order", "pk")
    ]


@require_POST
@province_only
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    round = find(slug)
    try:
        job = trials.begin(round, whole_number(request.POST.get("units")), actor=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("review:trial", slug)
    return redirect("jobs:detail", job.pk)


@require_POST
@province_only
@sensitive_variables("password")
def lend(request: HttpRequest, slug: str) -> HttpResponse:
    """The one answer that holds the password: nothing keeps it, so there is nothing to go to."""
    round = find(slug)
    trial = round.trials.first()
    try:
        if trial is None:
            raise PortalError("没有正在进行的试运行。")
        username, password = trials.lend(trial, actor=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("review:trial", slug)
    return _page(request, round, username=username, password=password)


@require_POST
@province_only
def end(request: HttpRequest, slug: str) -> HttpResponse:
    round = find(slug)
    trial = round.trials.first()
    if trial:
        attempt(
            request,
            lambda: trials.end(trial, actor=request.user),
            "试运行已结束，虚构的企业、申报和文件都已删除。",
        )
    return redirect("review:trial", slug)
