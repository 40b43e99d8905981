"""Anybody may hold a printed page against the portal; whose it is learns what has changed."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from applications.models import Paper
from portal.accounts.models import User
from review import summary
from review.verifying import Verification, look_up


@login_not_required
@require_safe
def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """Genuine or not, current or superseded, pages and date; what and whose only to its own."""
    typed = code or request.GET.get("code", "")
    verification = look_up(typed) if typed else None
    context: dict[str, Any] = {"typed": typed, "verification": verification}
    own = Paper.objects.visible_to(request.user)
    if verification and own.filter(pk=verification.paper.pk).exists():
        context |= {"is_own": True, **_more(verification, request.user)}
    return render(request, "review/verify.html", context)


def _more(verification: Verification, user: User) -> dict[str, Any]:
    """Where to read what the paper is of, and where to see what has changed."""
    paper = verification.paper
    if verification.application is None:
        return {"columns": summary.columns(paper.round), "by_unit": paper.bureau is None}
    app = "applications" if user.is_enterprise else "review"
    pk, number = verification.application.pk, paper.revision.number
    links = {"read": reverse(f"{app}:revision", args=[pk, number])}
    current = verification.application.current_revision.number
    if current != number:
        name = "applications:compare" if user.is_enterprise else "review:changes"
        changes = reverse(name, args=[pk, current])
        links["changes"] = f"{changes}?{urlencode({'from': number})}"
    return links
