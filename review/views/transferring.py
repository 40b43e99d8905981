"""转办: the province hands an application over to another bureau."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from applications.models import Application
from review import transferring
from review.forms import TransferForm
from review.views.shared import attempt, province_only


@province_only
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the other bureau, say why."""
    applications = Application.objects.visible_to(request.user).with_parties()
    application = get_object_or_404(applications, pk=pk)
    form = TransferForm(request.POST or None, application=application)
    if request.method == "POST" and form.is_valid():
        done = attempt(
            request,
            lambda: transferring.transfer(application, actor=request.user, **form.cleaned_data),
            f"已转至{form.cleaned_data['bureau']}。",
        )
        if done:
            return redirect("review:reader", pk)
    status = 409 if request.method == "POST" else 200
    context = {"application": application, "form": form}
    return render(request, "review/transfer.html", context, status=status)
