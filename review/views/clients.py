"""The province's pages for the systems that read through the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal import once
from review import clients
from review.forms import ClientForm
from review.models import ApiClient
from review.views import api
from review.views.shared import attempt, province_only

NEW_TOKEN = "api_token"
"""Under which name a new token is handed to the page that shows it once."""


@require_safe
@province_only
def overview(request: HttpRequest) -> HttpResponse:
    """Who may read what through the API; a token that has just been made."""
    return once.forget(_page(request, ClientForm()), NEW_TOKEN, request.path)


def _page(request: HttpRequest, form: ClientForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "clients": ApiClient.objects.visible_to(request.user).select_related("created_by"),
        "token": once.handed_over(request.COOKIES, NEW_TOKEN),
        "rate": api.PER_MINUTE,
        "address": request.build_absolute_uri(reverse("api-1:openapi-json")),
    }
    return render(request, "review/clients.html", context, status=status)


@require_POST
@province_only
def add(request: HttpRequest) -> HttpResponse:
    form = ClientForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    _client, token = clients.make(**form.made_of, actor=request.user)
    return once.hand_over(redirect("review:clients"), NEW_TOKEN, token)


@require_POST
@province_only
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    client = get_object_or_404(ApiClient.objects.visible_to(request.user), pk=pk)
    attempt(request, lambda: clients.revoke(client, actor=request.user), f"已停用“{client}”。")
    return redirect("review:clients")
