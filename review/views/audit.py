"""审计记录: searched, taken away as a file, verified."""

import tempfile

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from portal.audit import trail
from portal.jobs.tasks import start
from review import auditing
from review.forms import AuditForm
from review.views.shared import province_only


@require_safe
@province_only
def audit(request: HttpRequest) -> HttpResponse:
    """What was done, the latest first; nothing is found while the search has a mistake in it."""
    form = AuditForm(request.GET)
    query, rows, more = auditing.Query(), [], None
    if form.is_valid():
        query = auditing.Query.of(form.cleaned_data)
        rows, more = query.page(request.user, whole_number(request.GET.get("before")))
    context = {
        "form": form,
        "query": query,
        "labels": auditing.LABELS,
        "rows": rows,
        "more": more,
        "head": trail.head(),
        "verified": auditing.last_verified(request.user),
    }
    return render(request, "review/audit.html", context)


@require_safe
@province_only
def file(request: HttpRequest) -> HttpResponseBase:
    """What is on the page as Excel, all its pages."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('review:audit')}?{request.GET.urlencode()}")
    query = auditing.Query.of(form.cleaned_data)
    said = "，".join(f"{name}={value}" for name, value in query.parameters.items())
    trail.record("export_audit", "导出审计记录", actor=request.user, detail=said)
    stream = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    query.write(request.user, stream)
    stream.seek(0)
    name = f"{auditing.TITLE}-{timezone.localdate():%Y%m%d}.xlsx"
    return FileResponse(stream, as_attachment=True, filename=name)


@require_POST
@province_only
def verify(request: HttpRequest) -> HttpResponse:
    """Verify the chain in the background; its page shows the outcome."""
    job = start(
        owner=request.user,
        kind=auditing.VERIFIED,
        title="验证审计链",
        back=reverse("review:audit"),
    )
    return redirect("jobs:detail", job.pk)
