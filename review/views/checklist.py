"""审查清单: clause by clause, what was found and what officers make of it."""

import json
from collections.abc import Mapping
from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from applications.editing import whole_number
from applications.models import Application
from portal.accounts.access import asks_for_data
from portal.errors import PortalError
from review import checklist as marking
from review.forms import MarkForm
from review.views.shared import attempt, bureau_only, officers_only, opens


@require_safe
@officers_only
@opens
def checklist(request: HttpRequest, application: Application) -> HttpResponse:
    """Every clause with the findings and the officers' marks; one's own can be set."""
    return _page(request, application)


def _page(
    request: HttpRequest,
    application: Application,
    posted: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    if application.current_revision is None:
        raise Http404
    lines = marking.lines(application, request.user)
    rows = [(line, MarkForm.of(line, posted)) for line in lines]
    context = {
        "application": application,
        "revision": application.current_revision,
        "parts": [
            (heading, list(part)) for heading, part in groupby(rows, key=lambda row: row[0].heading)
        ],
        "total": len(lines),
        "done": sum(line.is_done for line in lines),
        "refused": [line for line, form in rows if form.errors],
    }
    return render(request, "review/checklist.html", context, status=status)


@require_POST
@bureau_only
@opens
def mark(request: HttpRequest, application: Application) -> HttpResponse:
    """Keep the marks of the whole page, or of the rows that the script sends as they are set.

    What cannot be kept is said beside its row; the other rows are saved.
    """
    if application.current_revision is None:
        raise Http404
    try:
        posted = _posted(request)
    except ValueError:
        return JsonResponse({"message": "没有看懂这次保存的内容，请刷新页面后再试。"}, status=400)
    forms = [
        form
        for line in marking.lines(application, request.user)
        if (form := MarkForm.of(line, posted)).is_posted
    ]
    said = [marking.Said(form.condition, **form.cleaned_data) for form in forms if form.is_valid()]
    revision = whole_number(str(posted.get("revision", "")))

    def keep() -> None:
        marking.mark(application, said, revision=revision, actor=request.user)

    if asks_for_data(request):
        try:
            keep()
        except PortalError as error:
            return JsonResponse({"message": str(error)}, status=409)
        return _answer(request, application, forms)
    is_whole = len(said) == len(forms)
    if not attempt(request, keep, "已保存。" if is_whole else "其余条款已保存。") or not is_whole:
        return _page(request, application, posted, status=409)
    return redirect("review:checklist", application.pk)


def _posted(request: HttpRequest) -> Mapping[str, str]:
    """The form, or as JSON the same names and values; raises ValueError for anything else."""
    if request.content_type != "application/json":
        return request.POST
    try:
        posted = json.loads(request.body)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(posted, dict):
        raise ValueError("not an object")
    return posted


def _answer(request: HttpRequest, application: Application, forms: list[MarkForm]) -> HttpResponse:
    lines = marking.lines(application, request.user)
    return JsonResponse(
        {
            "saved_at": f"{timezone.localtime():%H:%M:%S}",
            "done": sum(line.is_done for line in lines),
            "errors": {form.prefix: form.complaint for form in forms if form.errors},
        }
    )
