"""Rows in bulk: paste and upload, the template, order, deletion, undo; the list of instances."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from applications import attachments, bulk, checks, sheets
from applications.editing import SectionPage
from applications.forms import PasteForm
from applications.grids import GridRefused, Preview, preview, text_of_cells
from applications.inspection import XLSX
from applications.models import Application, BulkEdit
from applications.sections import (
    GROUPS,
    INSTANCES,
    SECTION_OF,
    SECTIONS,
    Filing,
    Group,
    Section,
)
from applications.views.shared import enterprise_only, own_application
from portal.accounts.access import asks_for_data
from portal.errors import PortalError


def _group(slug: str) -> Group:
    if slug not in GROUPS:
        raise Http404
    return GROUPS[slug]


def _back(pk: int, group: Group, fragment: str = "") -> HttpResponse:
    """To where the rows of the group are filled in; without ``fragment``, to what the top says."""
    address = reverse("applications:section", args=[pk, SECTION_OF[group].slug])
    return redirect(address + fragment)


# Paste and upload


@enterprise_only
def paste(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """A table typed, pasted or uploaded: its preview, then its adoption."""
    group, application = _group(slug), own_application(request, pk)
    if request.method != "POST":
        form = PasteForm(
            fields=group.model.answer_fields(), initial={"start": request.GET.get("start", "")}
        )
        return _paste_page(request, application, group, form)
    form = _posted(request, group)
    if not form.is_valid():
        return _paste_page(request, application, group, form)
    text, start = form.cleaned_data["text"], form.cleaned_data["start"]
    try:
        if request.POST.get("then") == "apply":
            digest = request.POST.get("digest", "")
            edit = bulk.apply(pk, group, text, start, digest, actor=request.user)
            messages.success(request, f"{edit}。")
            return _back(pk, group)
        found = preview(group, application, group.rows(application), text, start)
    except bulk.Outdated as error:
        messages.error(request, str(error))
        return _paste_page(request, application, group, form, error.preview, status=409)
    except GridRefused as error:
        form.add_error("text", str(error))
        return _paste_page(request, application, group, form)
    except PortalError as error:
        messages.error(request, str(error))
        return _paste_page(request, application, group, form, status=409)
    return _paste_page(request, application, group, form, found)


def _posted(request: HttpRequest, group: Group) -> PasteForm:
    """The form as posted, with the cells of an uploaded file in the place of the text."""
    file, data, complaint = request.FILES.get("file"), request.POST.copy(), ""
    if file and data.get("then") != "apply":
        try:
            data["text"] = text_of_cells(sheets.read(file.read(sheets.MOST_BYTES + 1)))
        except PortalError as error:
            complaint = str(error)
    form = PasteForm(data, fields=group.model.answer_fields())
    if complaint:
        form.add_error("file", complaint)
    return form


def _paste_page(
    request: HttpRequest,
    application: Application,
    group: Group,
    form: PasteForm,
    found: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "application": application,
        "group": group,
        "is_fixed": group.fixed is not None,  # a template would call the function
        "section": SECTION_OF[group],
        "sections": SECTIONS,
        "form": form,
        "preview": found,
    }
    return render(request, "applications/paste.html", context, status=status)


@require_safe
@enterprise_only
def template(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """The group's columns as an Excel file, with the rows as they stand."""
    group, application = _group(slug), own_application(request, pk)
    data = sheets.template(group, application, group.rows(application))
    name = content_disposition_header(True, f"{group.title}.xlsx")
    return HttpResponse(data, content_type=XLSX, headers={"Content-Disposition": name})


# Order, delete, undo


@require_POST
@enterprise_only
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole order of the instances at once."""
    own_application(request, pk)
    try:
        bulk.order(pk, INSTANCES, request.POST.getlist("key"), actor=request.user)
    except PortalError as error:
        if asks_for_data(request):
            return JsonResponse({"message": str(error)}, status=409)
        messages.error(request, str(error))
    if asks_for_data(request):
        return JsonResponse({"message": "次序已保存。"})
    return _back(pk, INSTANCES, "#instances")


@require_POST
@enterprise_only
def move(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    own_application(request, pk)
    step = "up" if request.POST.get("step") == "up" else "down"
    try:
        bulk.move(pk, INSTANCES, key, -1 if step == "up" else 1, actor=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return _back(pk, INSTANCES)
    return _back(pk, INSTANCES, f"#id_{step}-{key}")


@require_POST
@enterprise_only
def delete(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    own_application(request, pk)
    try:
        edit = bulk.delete(pk, INSTANCES, key, actor=request.user)
        messages.success(request, "已删除，可以撤销。" if edit else "这一条已被他人删除。")
    except PortalError as error:
        messages.error(request, str(error))
        return _back(pk, INSTANCES)
    return _back(pk, INSTANCES, "#instances")


@require_POST
@enterprise_only
def undo(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    application = own_application(request, pk)
    edit = application.bulk_edits.filter(pk=number).first()
    if edit is None:
        raise Http404
    try:
        spared = bulk.undo(pk, edit.pk, actor=request.user)
        messages.success(request, f"已撤销：{edit}。")
        if spared:
            messages.warning(
                request, f"其中 {len(spared)} 条之后又有修改，没有撤销：{'；'.join(spared)}。"
            )
    except PortalError as error:
        messages.error(request, str(error))
    return _back(pk, GROUPS[edit.group])


# What the pages of the sections show


def undoable(application: Application, section: Section) -> BulkEdit | None:
    """What was last done to the rows of a section at once, while it may be taken back."""
    return bulk.undoable(application, section.groups) if application.is_editable else None


def show_evidence(application: Application, page: SectionPage) -> None:
    """Count the files beside each row of a group that the round asks evidence for."""
    for group, row_forms in page.row_forms.items():
        if numbers := attachments.counts(application, group.slug):
            for row_form in row_forms:
                row_form.files = numbers[row_form.row.key]


def instance_list(filing: Filing, found: list[checks.Finding]) -> dict[str, Any]:
    """What the page of the scenarios shows of its instances."""
    by_key = {row.key: {"row": row, "gaps": 0, "findings": []} for row in filing.rows["instances"]}
    for finding in found:
        line = by_key.get(finding.key) if finding.group == INSTANCES.slug else None
        if line and finding.is_gap:
            line["gaps"] += 1
        elif line:
            line["findings"].append(finding)
    return {"instances": list(by_key.values()), "areas": checks.areas(filing)}
