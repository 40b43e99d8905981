"""Pages that belong to nobody: the front page, the way home by role, health, error pages."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from portal.accounts.access import asks_for_data, typed_but_not_saved
from portal.accounts.models import Role
from portal.rounds.models import Round

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
    return render(request, "home.html", {"rounds": rounds})


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
