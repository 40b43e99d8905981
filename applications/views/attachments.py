"""附件: the slots of an application, uploading into them, and the files themselves."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models.fields.files import FieldFile
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from applications import attachments, viewing
from applications.editing import whole_number
from applications.inspection import JPEG, PDF
from applications.models import Application, Attachment
from applications.sections import SECTIONS
from applications.views.shared import enterprise_only, own_application, returned
from portal.accounts.access import asks_for_data
from portal.audit import trail
from portal.errors import NotAllowed, PortalError, StaleState
from portal.rounds.models import Material

LOCKED_UP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What a stored file may load or run when it is opened by itself: nothing."""
SANDBOX = f"{LOCKED_UP}; sandbox"
"""For all but PDF: in a sandbox, older browsers refuse to open their own PDF viewer."""


@require_safe
@enterprise_only
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Every slot of the materials list with its files."""
    application = own_application(request, pk)
    slots = attachments.slots(application)
    context = {
        "application": application,
        "sections": SECTIONS,
        "opinion": returned(application),
        "slots": [slot for slot in slots if not slot.group],
        "parts": _by_row(slots),
        "astray": attachments.astray(application, slots),
        "used": attachments.used(application),
        "quota": application.version.attachment_quota * attachments.MEGABYTE,
    }
    return render(request, "applications/attachments.html", context)


def _by_row(slots: list[attachments.Slot]) -> list[dict[str, object]]:
    """The slots that belong to rows, row by row."""
    groups: dict[str, dict[str, list[attachments.Slot]]] = {}
    for slot in slots:
        if slot.group:
            groups.setdefault(slot.group, {}).setdefault(slot.key, []).append(slot)
    return [
        {
            "group": group,
            "title": Material.Scope(group).label,
            "rows": [
                {
                    "key": key,
                    "title": row[0].title,
                    "slots": row,
                    "files": sum(len(slot.files) for slot in row),
                }
                for key, row in rows.items()
            ],
        }
        for group, rows in groups.items()
    ]


@require_POST
@enterprise_only
def upload(request: HttpRequest, pk: int, material: int) -> HttpResponse:
    """Take one or several files into a slot; answers JSON to the script, a page to a plain form."""
    application = own_application(request, pk)
    wanted = get_object_or_404(application.version.materials, pk=material)
    key = request.POST.get("key", "")
    replaces = whole_number(request.POST.get("replaces")) or None
    done: list[str] = []
    errors: list[PortalError] = []
    for file in request.FILES.getlist("files"):
        try:
            attachment, is_new = attachments.take(
                application, wanted, file, actor=request.user, key=key, replaces=replaces
            )
        except PortalError as error:
            errors.append(error)
        else:
            known = f"“{attachment}”内容与已有的相同，没有重复保存。"
            done.append(f"已上传“{attachment}”。" if is_new else known)
    if not done and not errors:
        limit = f"单个文件不超过 {wanted.max_mb} MB"
        errors.append(attachments.Refused(f"没有收到文件。请选择文件后再上传，{limit}。"))
    return _answer(request, application, wanted, key, done, errors)


def _answer(
    request: HttpRequest,
    application: Application,
    material: Material,
    key: str,
    done: list[str],
    errors: list[PortalError],
) -> HttpResponse:
    """What became of it: for the script, with the slot as it now is; else on the page of files."""
    if not asks_for_data(request):
        for sentence in done:
            messages.success(request, sentence)
        for error in errors:
            messages.error(request, str(error))
        anchor = attachments.Slot(material, key=key).anchor
        return redirect(f"{reverse('applications:attachments', args=[application.pk])}#{anchor}")
    used = attachments.used(application)
    answer = {
        "message": "".join([*done, *map(str, errors)]),
        "used": used,
        "used_text": filesizeformat(used),
    }
    for slot in attachments.slots(application, [material], key):
        context = {"application": application, "slot": slot}
        answer["html"] = render_to_string("applications/_slot.html", context, request)
    if not errors:
        return JsonResponse(answer)
    stale = any(isinstance(error, StaleState | NotAllowed) for error in errors)
    return JsonResponse(answer, status=409 if stale else 400)


@require_POST
@enterprise_only
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, attachments.remove, "已移除“{}”，可在“已替换或移除”中恢复。")


@require_POST
@enterprise_only
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, attachments.restore, "已恢复“{}”。")


def _change(
    request: HttpRequest, pk: int, verb: Callable[..., None], sentence: str
) -> HttpResponse:
    mine = Attachment.objects.visible_to(request.user).select_related("material")
    attachment = get_object_or_404(mine, pk=pk)
    errors: list[PortalError] = []
    try:
        verb(attachment, actor=request.user)
    except PortalError as error:
        errors.append(error)
    done = [] if errors else [sentence.format(attachment)]
    application = own_application(request, attachment.application_id)
    return _answer(request, application, attachment.material, attachment.key, done, errors)


@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One file, for everybody who may see it; PDF and images open in the browser."""
    attachment = _to_look_at(request, pk)
    try:
        stream = attachment.file.open("rb")
    except OSError:
        return render(request, "applications/file_gone.html", {"file": attachment}, status=404)
    opens = attachment.content_type == PDF or attachment.is_image
    is_download = not opens or "download" in request.GET
    _note_look(request, attachment, is_download=is_download)
    return sealed(
        FileResponse(
            stream,
            as_attachment=is_download,
            filename=attachment.name,
            content_type=attachment.content_type,
        )
    )


@require_safe
def thumbnail(request: HttpRequest, pk: int) -> HttpResponseBase:
    attachment = get_object_or_404(Attachment.objects.visible_to(request.user), pk=pk)
    return served(attachment.thumbnail, content_type=JPEG)


@require_safe
def view(request: HttpRequest, pk: int) -> HttpResponse:
    """One page of a file (``?page=``) with the ways to the others; works without script."""
    attachment = _to_look_at(request, pk)
    last = 1 if attachment.is_image else attachment.pages or 0
    number = min(max(whole_number(request.GET.get("page")), 1), last)
    context = {"file": attachment, "number": number, "last": last}
    return render(request, "applications/file.html", context)


@require_safe
def page(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One page of a PDF, or an image, as a picture."""
    attachment = _to_look_at(request, pk)
    try:
        with attachment.file.open("rb") as stream:
            picture = viewing.page_picture(stream, attachment.content_type, number)
    except OSError:
        return render(request, "applications/file_gone.html", {"file": attachment}, status=404)
    except LookupError:
        raise Http404 from None
    except viewing.NotShown as error:
        context = {"file": attachment, "number": number, "why": error}
        return render(request, "applications/file_not_shown.html", context, status=404)
    _note_look(request, attachment)
    return sealed(HttpResponse(picture, content_type=JPEG))


def _to_look_at(request: HttpRequest, pk: int) -> Attachment:
    files = Attachment.objects.visible_to(request.user)
    return get_object_or_404(files.select_related("material", "application__enterprise"), pk=pk)


def _note_look(request: HttpRequest, attachment: Attachment, *, is_download: bool = False) -> None:
    done = ("download_file", "下载附件") if is_download else ("view_file", "查看附件")
    attachments.record(attachment, *done, actor=request.user, once_in=trail.LOOK)


def served(stored: FieldFile, **kwargs: Any) -> HttpResponseBase:
    """A stored file, sealed; 404 if it is not there. ``kwargs`` are those of FileResponse."""
    try:
        stream = stored.open("rb")
    except (OSError, ValueError):
        raise Http404 from None
    return sealed(FileResponse(stream, **kwargs))


def sealed(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    is_pdf = response["Content-Type"] == PDF
    response["Content-Security-Policy"] = LOCKED_UP if is_pdf else SANDBOX
    return response
