"""利害关系声明: stated before anything of an application opens."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from applications import interests
from applications.editing import whole_number
from applications.models import Application
from portal.accounts.models import Role
from review.forms import InterestForm
from review.views.shared import attempt, officers_only


@officers_only
def interest(request: HttpRequest, pk: int) -> HttpResponse:
    """State whether anything stands in the way, and go on to where one was going.

    Shows what is needed to judge that, and what the bureau's officers have stated.
    """
    applications = Application.objects.visible_to(request.user).with_parties()
    application = get_object_or_404(applications.select_related("seat"), pk=pk)
    others = interests.unstated(application, request.user)
    form = InterestForm(request.POST or None)
    if request.method == "POST":
        if not request.user.is_bureau:
            raise PermissionDenied(Role.BUREAU.label)
        named = [whole_number(pk) for pk in request.POST.getlist("others")]
        if form.is_valid() and _declare(
            request, application, others.filter(pk__in=named), **form.cleaned_data
        ):
            return _onwards(request, application, form.cleaned_data["has_conflict"])
    revision = application.current_revision
    stances = interests.stances(application)
    mine = next((each for each in stances if each.officer == request.user), None)
    context = {
        "application": application,
        "revision": revision,
        "representative": revision and revision.text("basic", "legal_representative"),
        "form": form,
        "others": others if request.user.is_bureau else [],
        "stances": stances,
        "mine": mine and mine.interest,
        "may_take_over": [each for each in stances if each.may_take_over and each != mine],
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "review/interest.html", context, status=status)


def _declare(
    request: HttpRequest,
    application: Application,
    others: Iterable[Application],
    *,
    has_conflict: bool,
    note: str,
    also: bool,
) -> bool:
    """State it, of the others as well if that was ticked; whether it was accepted."""
    covered = [application, *(others if also and not has_conflict else ())]
    return attempt(
        request,
        lambda: interests.declare(
            covered, has_conflict=has_conflict, note=note, actor=request.user
        ),
        f"已记录您对 {len(covered)} 项申报的利害关系声明。",
    )


def _onwards(request: HttpRequest, application: Application, has_conflict: bool) -> HttpResponse:
    """To where the officer was going; having stepped aside, to who takes over."""
    if has_conflict:
        return redirect("review:interest", application.pk)
    target = request.GET.get("next", "")
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(target, hosts, require_https=request.is_secure()):
        return redirect(target)
    return redirect("review:reader", application.pk)
