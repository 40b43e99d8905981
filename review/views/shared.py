"""What the pages of bureau and province have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode

from applications import interests
from applications.models import Application
from portal.accounts.access import View, asks_for_data, role_required, typed_but_not_saved
from portal.accounts.models import Role
from portal.documents import Format
from portal.errors import PortalError
from review import readings
from review.models import RankedList

officers_only = role_required(Role.BUREAU, Role.PROVINCE)
bureau_only = role_required(Role.BUREAU)
province_only = role_required(Role.PROVINCE)

FORMATS = tuple(Format)


def attempt(request: HttpRequest, act: Callable[[], object], done: str) -> bool:
    """Carry out an act and tell the officer how it went; whether it went well."""
    try:
        act()
    except PortalError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, done)
    return True


def opens(view: View) -> View:
    """Give the view the application that its address names, if the officer may read it.

    Whoever has not stated an interest in it yet (利害关系声明), or has stepped aside, is sent to
    the page for that; what they posted comes back to them.
    """

    @wraps(view)
    def opened(request: HttpRequest, pk: int, *args: Any, **kwargs: Any) -> HttpResponse:
        applications = Application.objects.visible_to(request.user).with_parties()
        application = get_object_or_404(applications.select_related("seat"), pk=pk)
        if not application.current_revision_id:  # of a draft there is nothing to read
            return view(request, application, *args, **kwargs)
        if interests.is_open(application, request.user):
            readings.note_look(application, request.user)
            return view(request, application, *args, **kwargs)
        page = reverse("review:interest", args=[pk])
        refusal = "没有办理：请先作利害关系声明"
        if asks_for_data(request):
            return JsonResponse({"message": f"{refusal}。"}, status=409)
        if request.method == "POST":
            return typed_but_not_saved(request, refusal, statement=page)
        return redirect(f"{page}?{urlencode({'next': request.get_full_path()})}")

    return opened


def own_list(request: HttpRequest, slug: str) -> RankedList:
    """The list of the officer's bureau in a round."""
    return get_object_or_404(
        RankedList.objects.visible_to(request.user).select_related("round", "bureau"),
        round__slug=slug,
    )
