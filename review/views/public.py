"""公示 for everybody: what is announced, and how to object to it."""

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.accounts.access import address_of, typed_but_not_saved
from portal.errors import Closed, PortalError
from review import objections
from review.forms import ObjectionForm
from review.models import Announcement

receipts = signing.Signer(salt="objection")
"""The page with a receipt number is reached from the form alone, and tells nothing else."""


@login_not_required
@require_safe
def announcement_list(request: HttpRequest) -> HttpResponse:
    """Those that are on, then those that were."""
    found = Announcement.objects.visible_to(request.user).public().select_related("round")
    return render(request, "public/announcements.html", {"announcements": found})


def _announcement(request: HttpRequest, pk: int) -> Announcement:
    found = Announcement.objects.visible_to(request.user).select_related("round")
    return get_object_or_404(found, pk=pk)


@login_not_required
@require_safe
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """One announcement; its draft for the province."""
    found = _announcement(request, pk)
    context = {"announcement": found, "round": found.round}
    return render(request, "public/announcement.html", context)


@login_not_required
@never_cache
def object_to(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of an objection, on the days of the period."""
    found = _announcement(request, pk)
    if not found.is_current and request.method != "POST":
        return redirect("announcement", pk)
    if found.is_withdrawn:  # the form would name those who were in it
        onward = reverse("announcement", args=[pk])
        return typed_but_not_saved(request, "公示已撤下，异议没有提交", onward=onward)
    form = ObjectionForm(
        request.POST if request.method == "POST" else None,
        enterprises=[row["enterprise"] for row in found.rows],
    )
    status = 200
    if request.method == "POST":
        status = 409
        if form.is_valid():
            try:
                filed = objections.file(found, form.cleaned_data, address=address_of(request))
            except PortalError as error:
                form.add_error(None, str(error))
                status = 409 if isinstance(error, Closed) else 429
            else:
                return redirect("objection_receipt", receipts.sign(filed.number))
    context = {"announcement": found, "form": form, "most": objections.MOST_PER_ADDRESS}
    return render(request, "public/objection.html", context, status=status)


@login_not_required
@never_cache
@require_safe
def objection_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The number of an objection, and nothing else."""
    try:
        number = receipts.unsign(token)
    except signing.BadSignature:
        raise Http404 from None
    return render(request, "public/objection_receipt.html", {"number": number})
