"""现场核查: the visits of an application, recorded with photos."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from applications.editing import whole_number
from applications.inspection import JPEG
from applications.models import Application
from applications.views.attachments import served
from portal.audit import trail
from portal.errors import PortalError
from review import visits as visiting
from review.forms import VisitForm
from review.models import SitePhoto, SiteVisit
from review.views.shared import bureau_only, officers_only, opens


@require_safe
@officers_only
@opens
def visits(request: HttpRequest, application: Application) -> HttpResponse:
    """Every visit there was, the last first."""
    if application.current_revision is None:
        raise Http404
    found = SiteVisit.objects.visible_to(request.user).filter(application=application)
    context = {
        "application": application,
        "visits": found.select_related("author").prefetch_related(_photos(request)),
    }
    return render(request, "review/visits.html", context)


def _photos(request: HttpRequest) -> Prefetch:
    return Prefetch("photos", SitePhoto.objects.visible_to(request.user))


@bureau_only
@opens
def add(request: HttpRequest, application: Application) -> HttpResponse:
    """Record a visit."""
    if application.current_revision is None:
        raise Http404
    return _visit_page(request, application)


@bureau_only
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a visit of one's own."""
    found = SiteVisit.objects.visible_to(request.user).select_related("author")
    visit = get_object_or_404(found.prefetch_related(_photos(request)), pk=pk)
    if visit.author != request.user:
        messages.error(request, f"这次核查是{visit.author}记录的，只能由本人修改。")
        return redirect("review:visits", visit.application_id)
    applications = Application.objects.visible_to(request.user).with_parties()
    application = get_object_or_404(applications, pk=visit.application_id)
    return _visit_page(request, application, visit)


def _visit_page(
    request: HttpRequest, application: Application, visit: SiteVisit | None = None
) -> HttpResponse:
    """The form of a visit. A photo that is refused keeps neither words nor other photos back."""
    form = VisitForm(request.POST or None, initial=visit and vars(visit))
    uploads = request.FILES.getlist("photos")
    if request.method == "POST" and form.is_valid():
        try:
            if visit:
                visiting.change(visit, form.cleaned_data, actor=request.user)
            else:
                visit = visiting.record(application, form.cleaned_data, actor=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            return _with_photos(request, visit)
    if form.errors and uploads:
        form.add_error(None, "照片没有保存，改正下面标出的内容后，请重新选择照片。")
    context = {
        "application": application,
        "form": form,
        "visit": visit,
        "accepts": visiting.ACCEPTS,
        "rule": visiting.RULE,
    }
    return render(request, "review/visit.html", context, status=409 if form.errors else 200)


def _with_photos(request: HttpRequest, visit: SiteVisit) -> HttpResponse:
    """The words are stored; now the photos, each by itself."""
    removed = [whole_number(pk) for pk in request.POST.getlist("remove")]
    errors = []
    visiting.remove_photos(visit, removed, actor=request.user)
    for upload in request.FILES.getlist("photos"):
        try:
            visiting.add_photo(visit, upload, actor=request.user)
        except PortalError as error:
            errors.append(str(error))
    if not errors:
        messages.success(request, "已保存现场核查记录。")
        return redirect("review:visits", visit.application_id)
    messages.warning(request, "核查记录已保存，但有照片没有保存，可在本页重新添加：")
    for error in errors:
        messages.error(request, error)
    return redirect("review:visit_change", visit.pk)


@require_safe
@officers_only
def photo(request: HttpRequest, pk: int) -> HttpResponseBase:
    photos = SitePhoto.objects.visible_to(request.user)
    found = get_object_or_404(photos.select_related("visit__application__enterprise"), pk=pk)
    response = served(found.file, filename=found.name, content_type=found.content_type)
    application = found.visit.application
    trail.record(
        "view_photo",
        "查看现场照片",
        actor=request.user,
        target=application,
        named=f"{application.enterprise}：{found}",
        detail=f"SHA-256 {found.sha256}",
        once_in=trail.LOOK,
    )
    return response


@require_safe
@officers_only
def photo_thumbnail(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(SitePhoto.objects.visible_to(request.user), pk=pk)
    return served(found.thumbnail, content_type=JPEG)
