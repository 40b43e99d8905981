"""Starting from an earlier application, and confirming what came from it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from applications import carrying
from applications.sections import BY_SLUG, Filing
from applications.views.shared import enterprise_only, own_application, with_sections
from portal.errors import PortalError


@enterprise_only
def carry_over(request: HttpRequest, pk: int) -> HttpResponse:
    """What would be taken over from the last application, field by field, and the button."""
    application = with_sections(request, pk)
    source = carrying.source_for(Filing.of(application), request.user)
    if source is None:
        return redirect("applications:detail", pk)
    if request.method == "POST":
        try:
            carrying.carry_over(application, source, actor=request.user)
            messages.success(request, "已沿用。标明“须逐项确认”的内容，请在各部分核对并确认。")
        except PortalError as error:
            messages.error(request, str(error))
        return redirect("applications:detail", pk)
    context = {
        "application": application,
        "source": source,
        "policy": carrying.fields_by_policy(),
    }
    return render(request, "applications/carry_over.html", context)


@require_POST
@enterprise_only
def affirm_carried(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """Confirm the ticked answers of one section."""
    section = BY_SLUG.get(slug)
    if section is None:
        raise Http404
    application = own_application(request, pk)
    places = set(request.POST.getlist("place"))
    try:
        number = carrying.affirm(application, section, places, actor=request.user)
        if number:
            messages.success(request, f"已确认 {number} 项沿用的内容。")
        else:
            messages.error(request, "没有勾选任何一项，请勾选已核对的内容后再确认。")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("applications:section", pk, slug)
