"""What was submitted: reading it, its receipts, and comparing one revision with another."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from applications import tasks
from applications.comparison import compare
from applications.editing import whole_number
from applications.models import Application
from applications.models.comments import requested_places
from applications.receipts import facts, no_longer_counts
from applications.views.shared import enterprise_only, own_application
from portal.jobs.tasks import start


@require_safe
@enterprise_only
def revisions(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything this application has submitted, the latest first."""
    application = own_application(request, pk)
    submissions = application.events.filter(revision__isnull=False)
    verbs = {event.revision_id: event.verb_label for event in submissions}
    revisions = application.revisions.defer("data").select_related("submitted_by")
    entries = [
        {
            "revision": revision,
            "verb": verbs.get(revision.pk, ""),
            "is_first": revision.number == 1,
            "void": no_longer_counts(application, revision),
        }
        for revision in revisions.order_by("-number")
    ]
    context = {"application": application, "entries": entries}
    return render(request, "applications/revisions.html", context)


@require_safe
@enterprise_only
def revision(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One submitted revision, as everybody else reads it."""
    application = own_application(request, pk)
    revision = get_object_or_404(application.revisions, number=number)
    return render(
        request, "applications/revision.html", {"application": application, "revision": revision}
    )


@require_safe
@enterprise_only
def changes(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What a revision changed."""
    application = own_application(request, pk)
    context = {"application": application, **comparison_of(application, number, request.GET)}
    return render(request, "applications/comparison.html", context)


def comparison_of(application: Application, number: int, query: QueryDict) -> dict[str, Any]:
    """What ``_comparison.html`` shows: revision ``number`` against ``?from=``, or the one before.

    With ``?all=1`` it shows what did not change as well. A revision whose content is not the one
    that was submitted is named and not compared.
    """
    revisions = {each.number: each for each in application.revisions.defer("data")}
    before = max((other for other in revisions if other < number), default=number)
    base = whole_number(query["from"]) if "from" in query else before
    if not {base, number} <= revisions.keys():
        raise Http404
    first, last = sorted((base, number))
    old, new = revisions[first], revisions[last]
    context = {
        "old": old,
        "new": new,
        "others": [other for other in sorted(revisions) if other != last],
        "shows_all": query.get("all") == "1",
        "tampered": [each for each in (old, new) if not each.is_intact],
    }
    if first < last and not context["tampered"]:
        # What the last one answers may have been asked of any since the first.
        asked = requested_places(*(revisions[n] for n in revisions if first <= n < last))
        context["comparison"] = compare(old.data, new.data, asked)
    return context


@require_safe
@enterprise_only
def receipt(request: HttpRequest, pk: int, number: int | None = None) -> HttpResponse:
    """A revision's receipt; without a number the one in force, or the tasks if there is none."""
    application = own_application(request, pk)
    if number is None:
        if application.is_editable:
            return redirect("applications:detail", pk)
        number = application.current_revision.number
    revision = get_object_or_404(application.revisions, number=number)
    context = {
        "application": application,
        "revision": revision,
        "facts": facts(revision),
        "void": no_longer_counts(application, revision),
    }
    return render(request, "applications/receipt.html", context)


@require_POST
@enterprise_only
def receipt_pdf(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Start making a receipt as PDF."""
    application = own_application(request, pk)
    revision = get_object_or_404(application.revisions.defer("data"), number=number)
    job = start(
        owner=request.user,
        kind=tasks.RECEIPT,
        title=f"申报提交回执 {revision.receipt}",
        about=application,
        revision=revision.pk,
        back=reverse("applications:revision_receipt", args=[pk, number]),
    )
    return redirect("jobs:detail", job.pk)
