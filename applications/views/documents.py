"""Ordering the 申报书: made in the background, fetched from the page of its job."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from applications import tasks
from applications.book import DRAFT, FORMATS
from applications.models import Application
from applications.views.shared import enterprise_only, own_application
from portal.jobs.tasks import start


@require_POST
@enterprise_only
def draft_book(request: HttpRequest, pk: int) -> HttpResponse:
    """The book of the answers as they are now, marked as a draft."""
    application = own_application(request, pk)
    return order_book(request, application, None, reverse("applications:detail", args=[pk]))


@require_POST
@enterprise_only
def book(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The book of a submitted revision."""
    application = own_application(request, pk)
    page = reverse("applications:revision", args=[pk, number])
    return order_book(request, application, number, page)


def order_book(
    request: HttpRequest, application: Application, number: int | None, page: str
) -> HttpResponse:
    """Start making the book of revision ``number``, or of the draft; ``page`` leads back."""
    format = next((each for each in FORMATS if each == request.POST.get("format")), None)
    if format is None:
        raise Http404
    if number is not None:
        get_object_or_404(application.revisions.only("pk"), number=number)
    job = start(
        owner=request.user,
        kind=tasks.BOOK,
        title=f"申报书（{DRAFT if number is None else f'第 {number} 版'}，{format.label}）",
        about=application,
        application=application.pk,
        number=number,
        format=format.value,
        back=page,
        again={"url": request.path, "data": {}, "formats": format.others(FORMATS)},
    )
    return redirect("jobs:detail", job.pk)
