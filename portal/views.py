"""Pages that belong to nobody: front page, notices, scenarios, the way home, health, errors."""

from itertools import groupby

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from applications.sections import SECTIONS
from portal.accounts.access import asks_for_data, typed_but_not_saved
from portal.accounts.models import Role
from portal.catalogue.models import Area, Bureau
from portal.rounds import guide, notices
from portal.rounds.models import Round
from review.models import Announcement

HOMES = {
    Role.ENTERPRISE: "applications:index",
    Role.BUREAU: "review:inbox",
    Role.PROVINCE: "review:cockpit",
    Role.AUDITOR: "review:cockpit",
}


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """The front page for visitors; for everybody else, the page their work starts on."""
    if request.user.is_authenticated:
        return redirect(HOMES[Role(request.user.role)])
    rounds = Round.objects.open().order_by("enterprise_deadline")
    announcements = Announcement.objects.visible_to(request.user).current()
    return render(request, "home.html", {"rounds": rounds, "announcements": announcements})


@login_not_required
@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    """Every notice there has been, the last first."""
    return render(request, "public/notices.html", {"rounds": Round.objects.published()})


@login_not_required
@require_safe
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """One notice: its text, and as tables all that the round asks of an application."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    version = round.version
    context = {
        "round": round,
        "version": version,
        "parts": list(notices.parts(round.notice)),
        "conditions": version.conditions,
        "sections": SECTIONS,
        "materials": version.materials_list,
        "declarations": version.declarations_list,
        "indicators": [
            (category, list(rows))
            for category, rows in groupby(version.indicators, key=lambda row: row.category)
        ],
        "seats": round.seats_of(Bureau.objects.cached()),
    }
    return render(request, "public/notice.html", context)


@login_not_required
@require_safe
def scenarios(request: HttpRequest) -> HttpResponse:
    """The scenario guide of one edition, searched."""
    editions = guide.editions()
    newest = Round.objects.published().first()
    usual = newest.version.scenario_edition if newest else None
    asked = request.GET.get("edition", "")
    edition = next((each for each in editions if str(each) == asked), None)
    edition = edition or (usual if usual in editions else next(iter(editions), None))
    area = request.GET.get("area", "")
    text = request.GET.get("q", "")[:40]
    found = guide.search(edition, text, area if area in Area.values else "") if edition else []
    context = {
        "editions": editions,
        "edition": edition,
        "areas": Area,
        "area": area,
        "text": text,
        "entries": found,
        "count": sum(len(entry.scenarios) for entry in found),
    }
    return render(request, "public/scenarios.html", context)


@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """Alive and able to ask the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    if asks_for_data(request):
        return JsonResponse({"message": "您的账号不能使用此功能。"}, status=403)
    return render(request, "403.html", {"whose": str(exception)}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's protection token is stale, as after signing in again in another window."""
    if asks_for_data(request):
        return JsonResponse({"message": "页面已过期，请刷新后再试。"}, status=403)
    return typed_but_not_saved(request, "页面已过期，刚才的内容没有保存")
