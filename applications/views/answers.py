"""A section's page and an instance's page: shown, saved field by field or as a whole."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from applications import attachments, carrying, checks, commenting, saving
from applications.editing import (
    KEY,
    FieldChanges,
    SectionPage,
    keep_typed,
    save_instance,
    save_section,
    seen_in,
)
from applications.forms import DraftForm
from applications.models import Application, Row
from applications.models.rows import random_key
from applications.sections import BY_SLUG, INSTANCES, SECTIONS, Filing, Section
from applications.views import grids
from applications.views.shared import (
    enterprise_only,
    own_application,
    returned,
    say_saved,
    with_sections,
)
from portal.errors import PortalError

CLASHED = "有栏目在别处也改过，两边的内容都在下面；其余改动已保存。"


@require_POST
@enterprise_only
def save(request: HttpRequest, pk: int) -> JsonResponse:
    """Store a few fields while somebody types; see ``editing.FieldChanges``."""
    try:
        changes = FieldChanges.parse(request.body)
    except ValueError:
        return JsonResponse({"message": "没有看懂这次保存的内容，请刷新页面后再试。"}, status=400)
    try:
        answer = changes.save(pk, actor=request.user)
    except saving.UnknownField as error:
        return JsonResponse({"message": str(error)}, status=400)
    except PortalError as error:
        get_object_or_404(Application.objects.visible_to(request.user), pk=pk)
        reason = "gone" if isinstance(error, saving.RowGone) else "locked"
        return JsonResponse({"message": str(error), "reason": reason}, status=409)
    return JsonResponse({"saved_at": f"{timezone.localtime():%H:%M:%S}", **answer})


@enterprise_only
def section(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    section = BY_SLUG.get(slug)
    if section is None:
        raise Http404
    if request.method == "POST":
        return _save_section(request, pk, section)
    application = with_sections(request, pk)
    return _section_page(request, SectionPage.stored(application, section))


def _save_section(request: HttpRequest, pk: int, section: Section) -> HttpResponse:
    try:
        page, outcome = save_section(pk, section, request.POST, actor=request.user)
    except PortalError as error:
        page = SectionPage.posted(own_application(request, pk), section, request.POST)
        messages.error(request, str(error))
        page.freeze()
        return _section_page(request, page, status=409, lost=request.path)
    if outcome.gone:
        messages.error(request, str(saving.RowGone()))
    if outcome.clashes or outcome.gone:
        stored = SectionPage.stored(with_sections(request, pk), section)
        differences = stored.keep_typed(outcome, page)
        if differences:
            messages.error(request, CLASHED)
        return _section_page(request, stored, status=409, differences=differences)
    say_saved(request)
    if request.POST.get("then") == "new" and INSTANCES in section.groups:
        return redirect("applications:instance_new", pk)
    if request.POST.get("then") == "next" and not _must_mend(request, pk, section):
        following = SECTIONS[SECTIONS.index(section) + 1 :]
        if following:
            return redirect("applications:section", pk, following[0].slug)
        return redirect("applications:detail", pk)
    return redirect("applications:section", pk, section.slug)


def _must_mend(request: HttpRequest, pk: int, section: Section) -> bool:
    """Whether something in a section as stored is wrong, apart from what is not filled in yet."""
    found = checks.findings(Filing.of(with_sections(request, pk), section))
    return any(not finding.is_gap for finding in checks.blocking(found))


def _section_page(
    request: HttpRequest, page: SectionPage, status: int = 200, **context: object
) -> HttpResponse:
    application = page.application
    comments = commenting.asked(application, request.user)
    here = [comment for comment in comments if comment.section == page.section.slug]
    page.ask(here)
    grids.show_evidence(application, page)
    context |= {
        "page": page,
        "application": application,
        "section": page.section,
        "seen": page.seen,
        "edited": page.filing and page.filing.last_edited(page.section),
        "unconfirmed": list(carrying.unconfirmed(page.filing)) if page.filing else [],
        "registered": page.section.registered_fields(application),
        "sections": SECTIONS,
        "instance_group": INSTANCES,
        "is_last": page.section is SECTIONS[-1],
        "undoable": grids.undoable(application, page.section),
        "opinion": returned(application),
        "comments": comments,
        "comments_here": here,
    }
    if INSTANCES in page.section.groups:
        filing = page.filing or Filing.of(application, page.section)
        context |= grids.instance_list(filing, page.findings)
    return render(request, "applications/section.html", context, status=status)


@enterprise_only
def instance(request: HttpRequest, pk: int, key: str = "") -> HttpResponse:
    """One scenario instance on a page of its own; without ``key``, a new one."""
    if request.method == "POST":
        return _save_instance(request, pk, key)
    application = with_sections(request, pk)
    row, form = _stored_instance(application, key)
    if key and row.pk is None:
        raise Http404
    return _instance_page(request, application, row, form)


def _stored_instance(application: Application, key: str) -> tuple[Row, DraftForm]:
    """The instance as saved, or a blank one, with what the checks say about it."""
    filing = Filing.of(application, BY_SLUG["scenarios"])
    row = next((row for row in filing.rows[INSTANCES.slug] if row.key == key), None)
    row = row or INSTANCES.model(application=application, key=key or random_key())
    form = INSTANCES.form(instance=row, version=application.version)
    for finding in checks.findings(filing):
        here = finding.key == row.key and finding.field in form.fields
        if here and not finding.is_gap and finding.field not in form.errors:
            form.complain(finding.field, finding.message, blocks=finding.blocks)
    return row, form


def _instance_page(
    request: HttpRequest,
    application: Application,
    row: Row,
    form: DraftForm,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    comments = commenting.asked(application, request.user)
    here = [c for c in comments if (c.group, c.key) == (INSTANCES.slug, row.key)]
    for comment in here:
        form.ask(comment, comment.field)
    context = {
        "application": application,
        "row": row,
        "form": form,
        "seen": seen_in(form),
        "section": BY_SLUG["scenarios"],
        "sections": SECTIONS,
        "instance_group": INSTANCES,
        "opinion": returned(application),
        "comments": comments,
        "comments_here": here,
        "slots": (attachments.slots_of(application, INSTANCES.slug, row.key) if row.pk else []),
        **context,
    }
    return render(request, "applications/instance.html", context, status=status)


def _save_instance(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    key = key or request.POST.get("key", "")
    if not KEY.fullmatch(key):
        raise Http404
    try:
        form, outcome = save_instance(pk, key, request.POST, actor=request.user)
    except PortalError as error:
        application = own_application(request, pk)
        row = INSTANCES.model(application=application, key=key)
        form = INSTANCES.form(request.POST, instance=row, version=application.version)
        messages.error(request, str(error))
        form.freeze()
        lost = reverse("applications:section", args=[pk, "scenarios"])
        return _instance_page(request, application, row, form, status=409, lost=lost)
    if outcome.gone:
        # Shown as a new one: saving again adds it.
        messages.error(request, str(saving.RowGone()))
        application = with_sections(request, pk)
        row = INSTANCES.model(application=application, key=key)
        return _instance_page(request, application, row, form, status=409)
    if outcome.clashes:
        messages.error(request, CLASHED)
        application = with_sections(request, pk)
        row, stored = _stored_instance(application, key)
        differences = keep_typed(stored, form, outcome)
        return _instance_page(
            request, application, row, stored, status=409, differences=differences
        )
    say_saved(request)
    if form.errors:
        return redirect("applications:instance", pk, key)
    if request.POST.get("then") == "another":
        return redirect("applications:instance_new", pk)
    return redirect("applications:section", pk, "scenarios")
