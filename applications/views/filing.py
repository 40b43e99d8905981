"""The enterprise's pages."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from applications import checks, workflow
from applications.editing import KEY, SectionPage, differences, whole_number
from applications.forms import DeclarationForm, DraftForm
from applications.models import Answers, Application, Event, Row
from applications.models.rows import random_key
from applications.sections import BY_SLUG, INSTANCES, SECTIONS, Filing, Section
from applications.states import BY_VERB, Status
from portal.accounts.access import role_required
from portal.accounts.models import Role
from portal.errors import PortalError
from portal.rounds.models import Round

enterprise_only = role_required(Role.ENTERPRISE)


def _application(request: HttpRequest, pk: int) -> Application:
    return get_object_or_404(Application.objects.visible_to(request.user).with_parties(), pk=pk)


def _with_sections(request: HttpRequest, pk: int) -> Application:
    return get_object_or_404(Application.objects.visible_to(request.user).with_sections(), pk=pk)


def _say_saved(request: HttpRequest) -> None:
    """When it was saved; what is wrong is counted by the page that lists it."""
    messages.success(request, f"已保存 {timezone.localtime():%H:%M:%S}")


def _returned(application: Application) -> Event | None:
    """What the bureau said when it returned the application, as long as it stands returned."""
    if application.status != Status.RETURNED:
        return None
    returns = application.events.filter(target=Status.RETURNED)
    return returns.select_related("actor").first()


@require_safe
@enterprise_only
def index(request: HttpRequest) -> HttpResponse:
    applications = Application.objects.visible_to(request.user).with_parties().order_by("-pk")
    rounds = Round.objects.open().exclude(applications__in=applications)
    return render(
        request, "applications/index.html", {"applications": applications, "rounds": rounds}
    )


@require_POST
@enterprise_only
def start(request: HttpRequest, slug: str) -> HttpResponse:
    round = get_object_or_404(Round.objects.published(), slug=slug)
    try:
        application = workflow.start(round, actor=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("applications:index")
    return redirect("applications:detail", application.pk)


@require_safe
@enterprise_only
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The task list: what is done, what is missing, one click to the field."""
    application = _with_sections(request, pk)
    filing = Filing.of(application)
    found = checks.findings(filing)
    progress = checks.progress(filing, found)
    sections = [
        {
            **part,
            "edited": _last_edited(filing, part["section"]),
            "done": progress[part["section"].slug][0],
            "required": progress[part["section"].slug][1],
        }
        for part in _by_section(found)
    ]
    events = list(application.events.select_related("actor", "revision").defer("revision__data"))
    context = {
        "application": application,
        "sections": sections,
        "blocking": len(checks.blocking(found)),
        "status_label": application.status_label(Role.ENTERPRISE),
        "events": events,
        # What the bureau said when it brought the application to where it stands.
        "opinion": next((e for e in events[:1] if e.comment), None),
        "can_withdraw": BY_VERB["withdraw"] in workflow.possible(application, request.user.role),
    }
    return render(request, "applications/detail.html", context)


def _last_edited(filing: Filing, section: Section) -> Answers | None:
    """The section's answers, or the row of it, that was saved last."""
    rows = [row for group in section.groups for row in filing.rows[group.slug]]
    saved = [each for each in (filing.answers[section.slug], *rows) if each.edited_at]
    return max(saved, key=lambda each: each.edited_at, default=None)


def _by_section(found: list[checks.Finding]) -> list[dict[str, Any]]:
    """For each section what is not filled yet, and what is wrong."""
    return [
        {
            "section": section,
            "gaps": [f for f in found if f.section == section.slug and f.is_gap],
            "findings": [f for f in found if f.section == section.slug and not f.is_gap],
        }
        for section in SECTIONS
    ]


@enterprise_only
def section(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    section = BY_SLUG.get(slug)
    if section is None:
        raise Http404
    if request.method == "POST":
        return _save_section(request, _application(request, pk), section)
    application = _with_sections(request, pk)
    return _section_page(request, SectionPage.stored(application, section, request.user))


def _save_section(request: HttpRequest, application: Application, section: Section) -> HttpResponse:
    page = SectionPage.posted(application, section, request.POST)
    try:
        workflow.save_section(
            application,
            section,
            page.values(),
            version=page.version,
            rows=page.rows(),
            actor=request.user,
        )
    except workflow.Conflict as conflict:
        messages.error(request, str(conflict))
        page.version = conflict.theirs.version
        page.offer_rows()
        stored = _with_sections(request, application.pk)
        return _section_page(
            request, page, status=409, conflict=conflict, differences=page.differences(stored)
        )
    except PortalError as error:
        messages.error(request, str(error))
        page.application = _application(request, application.pk)
        page.freeze()
        return _section_page(request, page, status=409, lost=request.path)
    _say_saved(request)
    if request.POST.get("then") == "new" and INSTANCES in section.groups:
        return redirect("applications:instance_new", application.pk)
    if page.mistakes == 0 and request.POST.get("then") == "next":
        following = SECTIONS[SECTIONS.index(section) + 1 :]
        if following:
            return redirect("applications:section", application.pk, following[0].slug)
        return redirect("applications:detail", application.pk)
    return redirect("applications:section", application.pk, section.slug)


def _section_page(
    request: HttpRequest, page: SectionPage, status: int = 200, **context: object
) -> HttpResponse:
    application = page.application
    context |= {
        "page": page,
        "application": application,
        "section": page.section,
        "registered": page.section.registered_fields(application),
        "sections": SECTIONS,
        "instances": INSTANCES.rows(application) if INSTANCES in page.section.groups else None,
        "instance_group": INSTANCES,
        "is_last": page.section is SECTIONS[-1],
        "opinion": _returned(application),
    }
    return render(request, "applications/section.html", context, status=status)


@enterprise_only
def instance(request: HttpRequest, pk: int, key: str = "") -> HttpResponse:
    """One scenario instance on a page of its own; without ``key``, a new one."""
    if request.method == "POST":
        return _save_instance(request, _application(request, pk), key)
    application = _with_sections(request, pk)
    filing = Filing.of(application, BY_SLUG["scenarios"])
    row = next((row for row in filing.rows[INSTANCES.slug] if row.key == key), None)
    if key and row is None:
        raise Http404
    row = row or INSTANCES.model(application=application, key=random_key())
    form = INSTANCES.form(instance=row, round=application.round)
    for finding in checks.findings(filing):
        here = finding.key == row.key and finding.field in form.fields
        if here and not finding.is_gap and finding.field not in form.errors:
            form.complain(finding.field, finding.message)
    context = _instance_context(application, row, form, row.version)
    return render(request, "applications/instance.html", context)


def _instance_context(
    application: Application, row: Row, form: DraftForm, version: int
) -> dict[str, object]:
    return {
        "application": application,
        "row": row,
        "form": form,
        "version": version,
        "section": BY_SLUG["scenarios"],
        "sections": SECTIONS,
        "instance_group": INSTANCES,
        "opinion": _returned(application),
    }


def _save_instance(request: HttpRequest, application: Application, key: str) -> HttpResponse:
    key = key or request.POST.get("key", "")
    if not KEY.fullmatch(key):
        raise Http404
    row = INSTANCES.model(application=application, key=key)
    form = INSTANCES.form(request.POST, instance=row, round=application.round)
    try:
        workflow.save_row(
            application,
            INSTANCES,
            key,
            form.answers(),
            version=whole_number(request.POST.get("version")),
            actor=request.user,
        )
    except workflow.Conflict as conflict:
        messages.error(request, str(conflict))
        theirs = INSTANCES.form(instance=conflict.theirs, round=application.round)
        context = _instance_context(application, row, form, conflict.theirs.version)
        context |= {"conflict": conflict, "differences": differences(form, theirs)}
        return render(request, "applications/instance.html", context, status=409)
    except PortalError as error:
        messages.error(request, str(error))
        form.freeze()
        context = _instance_context(_application(request, application.pk), row, form, 0)
        context["lost"] = reverse("applications:section", args=[application.pk, "scenarios"])
        return render(request, "applications/instance.html", context, status=409)
    _say_saved(request)
    if form.errors:
        return redirect("applications:instance", application.pk, key)
    if request.POST.get("then") == "another":
        return redirect("applications:instance_new", application.pk)
    return redirect("applications:section", application.pk, "scenarios")


@require_POST
@enterprise_only
def instance_move(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    application = _application(request, pk)
    step = -1 if request.POST.get("step") == "up" else 1
    try:
        workflow.move_row(application, INSTANCES, key, step, actor=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("applications:section", pk, "scenarios")


@require_POST
@enterprise_only
def instance_delete(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    application = _application(request, pk)
    try:
        workflow.delete_row(application, INSTANCES, key, actor=request.user)
        messages.success(request, "已删除该实例。")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("applications:section", pk, "scenarios")


def _seen(request: HttpRequest) -> datetime | None:
    """The moment of the last change shown on the page that was posted."""
    try:
        return parse_datetime(request.POST.get("seen", ""))
    except ValueError:
        return None


@enterprise_only
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """What still blocks, the declarations, and the button."""
    application = _with_sections(request, pk)
    if not application.is_editable:
        return redirect("applications:receipt", pk)
    form = DeclarationForm(request.POST or None, round=application.round)
    if request.method == "POST" and form.is_valid():
        agreed = [declaration.text for declaration in form.declarations]
        try:
            workflow.submit(application, agreed, actor=request.user, seen=_seen(request))
        except PortalError as error:
            # The second of two clicks finds it submitted, and gets the receipt of the first.
            if _application(request, pk).is_editable:
                messages.error(request, str(error))
                return redirect("applications:submit", pk)
        return redirect("applications:receipt", pk)
    found = checks.findings(Filing.of(application))
    context = {
        "application": application,
        "form": form,
        "blocking": checks.blocking(found),
        "parts": _by_section(checks.blocking(found)),
        "others": [f for f in found if f.severity != checks.Severity.BLOCK],
        "opinion": _returned(application),
    }
    return render(request, "applications/submit.html", context)


@require_POST
@enterprise_only
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    application = _application(request, pk)
    try:
        workflow.withdraw(application, actor=request.user)
        messages.success(request, "已撤回。申报现在尚未提交，修改后请在截止前重新提交。")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("applications:detail", pk)


@require_safe
@enterprise_only
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt of the current revision; before there is one, back to the task list."""
    application = _application(request, pk)
    if application.is_editable or application.current_revision is None:
        return redirect("applications:detail", pk)
    return render(request, "applications/receipt.html", {"application": application})


@require_safe
@enterprise_only
def revision(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One submitted revision, as everybody else reads it."""
    application = _application(request, pk)
    revision = get_object_or_404(application.revisions, number=number)
    return render(
        request, "applications/revision.html", {"application": application, "revision": revision}
    )
