"""利害关系声明: stated before anything of an application opens."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from applications import interests
from applications.models import Application
from review.forms import InterestForm
from review.views.shared import attempt, bureau_only


@bureau_only
def interest(request: HttpRequest, pk: int) -> HttpResponse:
    """State whether anything stands in the way, and go on to where one was going."""
    applications = Application.objects.visible_to(request.user).with_parties()
    application = get_object_or_404(applications, pk=pk)
    form = InterestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        stated = attempt(
            request,
            lambda: interests.declare([application], actor=request.user, **form.cleaned_data),
            "已记录您的利害关系声明。",
        )
        if stated:
            target = request.GET.get("next", "")
            safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
            return redirect(target) if safe else redirect("review:reader", pk)
    context = {"application": application, "form": form}
    return render(request, "review/interest.html", context, status=409 if form.errors else 200)
