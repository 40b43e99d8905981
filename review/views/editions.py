"""目录版本: whole editions of the catalogue, from Excel or from another year."""

import json

import tablib
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from applications.editing import whole_number
from portal.catalogue import editions, spreadsheet
from portal.catalogue.editions import Part
from review.preparing.forms import EditionForm
from review.views.shared import attempt, province_only

SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _part(name: str) -> Part:
    try:
        return Part(name)
    except ValueError as error:
        raise Http404 from error


@require_safe
@province_only
def overview(request: HttpRequest) -> HttpResponse:
    """Every edition there is, whether it is in use, and the ways to a new one."""
    hand = editions.at_hand()
    return render(request, "review/editions.html", {"parts": hand.items()})


@require_safe
@province_only
def sheet(request: HttpRequest, part: str) -> HttpResponse:
    """An edition as the sheet it can be taken in from; without a year, the empty template."""
    part = _part(part)
    year = whole_number(request.GET.get("year")) or None
    response = HttpResponse(spreadsheet.write(editions.sheet(part, year)), content_type=SHEET_TYPE)
    name = f"{part.label}-{year or '模板'}.xlsx"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@province_only
def take_in(request: HttpRequest, part: str) -> HttpResponse:
    """A sheet, then what would come of it; it travels in the page, and is checked again."""
    part = _part(part)
    if "rows" in request.POST:
        return _confirmed(request, part)
    form = EditionForm(*([request.POST, request.FILES] if request.method == "POST" else []))
    context = {"part": part, "form": form}
    if request.method == "POST" and form.is_valid():
        year, dataset = form.cleaned_data["year"], form.cleaned_data["file"]
        # Rows, not the file: the page that confirms must hold what was previewed.
        rows = json.dumps([dataset.headers, *dataset], default=str, ensure_ascii=False)
        result = editions.check(part, year, dataset)
        context |= {
            "year": year,
            "errors": list(editions.lines(result)),
            "count": result.totals["new"],
            "rows": rows,
        }
    failed = request.method == "POST" and (form.errors or context.get("errors"))
    return render(request, "review/edition_import.html", context, status=409 if failed else 200)


def _confirmed(request: HttpRequest, part: Part) -> HttpResponse:
    year = whole_number(request.POST.get("year"))
    try:
        headers, *rows = json.loads(request.POST["rows"])
        dataset = tablib.Dataset(*rows, headers=headers)
    except (ValueError, TypeError, RecursionError, tablib.InvalidDimensions):
        messages.error(request, "请重新上传文件。")
        return redirect("review:edition_import", part)
    result = editions.take_in(part, year, dataset, actor=request.user)
    if errors := list(editions.lines(result)):
        context = {"part": part, "form": EditionForm(), "year": year, "errors": errors}
        return render(request, "review/edition_import.html", context, status=409)
    messages.success(request, f"{part.label} {year} 年版已导入，共 {result.totals['new']} 行。")
    return redirect("review:editions")


@require_POST
@province_only
def copy(request: HttpRequest, part: str, year: int) -> HttpResponse:
    """Begin a new edition with the rows of another."""
    part, target = _part(part), whole_number(request.POST.get("to"))
    attempt(
        request,
        lambda: editions.copy(part, year, target, actor=request.user),
        f"{part.label} {target} 年版已建立，内容与 {year} 年版相同，可以修改。",
    )
    return redirect("review:editions")


@require_POST
@province_only
def delete(request: HttpRequest, part: str, year: int) -> HttpResponse:
    part = _part(part)
    attempt(
        request,
        lambda: editions.delete(part, year, actor=request.user),
        f"{part.label} {year} 年版已删除。",
    )
    return redirect("review:editions")
