"""The enterprise's way through an application: start, overview, submit, withdraw."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db.models import Case, JSONField, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from applications import carrying, checks, commenting, confirming, workflow
from applications.forms import DeclarationForm
from applications.models import Application, Comment
from applications.receipts import facts
from applications.sections import SECTIONS, Filing, snapshot
from applications.states import BY_VERB, Status
from applications.views.shared import enterprise_only, own_application, returned, with_sections
from portal.accounts.models import Role
from portal.errors import PortalError
from portal.messaging import reading
from portal.rounds.models import Deadline, Round


@require_safe
@enterprise_only
def index(request: HttpRequest) -> HttpResponse:
    enterprise = request.user.enterprise
    applications = Application.objects.visible_to(request.user).with_parties()
    rounds = Round.objects.open(enterprise=enterprise).exclude(applications__in=applications)
    context = {
        "applications": applications.order_by("-pk"),
        "rounds": [
            (round, round.due(Deadline.ENTERPRISE, enterprise=enterprise)) for round in rounds
        ],
    }
    return render(request, "applications/index.html", context)


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
    reading.opened(request.user, request.path)
    returned_content = Case(
        When(status=Status.RETURNED, then="current_revision__data"), output_field=JSONField()
    )
    applications = Application.objects.visible_to(request.user).with_sections()
    application = get_object_or_404(applications.annotate(returned_content=returned_content), pk=pk)
    filing = Filing.of(application)
    found = checks.findings(filing)
    progress = checks.progress(filing, found)
    sections = [
        {
            **part,
            "edited": filing.last_edited(part["section"]),
            "done": progress[part["section"].slug][0],
            "required": progress[part["section"].slug][1],
        }
        for part in _by_section(found)
    ]
    events = application.events.select_related("actor", "revision").defer("revision__data")
    events = list(events)
    for event in events:
        event.said = [comment for comment in filing.comments if comment.event_id == event.pk]
    lacking = _lacking(found)
    comments = events[0].said if application.status == Status.RETURNED else []
    if any(comment.answer == Comment.Answer.CHANGED for comment in comments):
        commenting.compare(comments, application.returned_content, snapshot(filing))
    context = {
        "application": application,
        "sections": sections,
        "source": carrying.source_for(filing, request.user),
        "comments": comments,
        "attached": _attached(filing, lacking),
        "lacking": lacking,
        "readiness": _readiness(filing),
        "blocking": len(checks.blocking(found)),
        "confirmation": confirming.standing(filing) if application.is_editable else None,
        "recent": confirming.recent_edits(filing),
        "status_label": application.status_label(Role.ENTERPRISE),
        "events": events,
        # What the bureau said when it brought the application to where it stands.
        "opinion": next(
            (e for e in events[:1] if e.comment and e.actor.role != Role.ENTERPRISE), None
        ),
        "receipt": application.current_revision and facts(application.current_revision, short=True),
        "can_withdraw": BY_VERB["withdraw"] in workflow.possible(application, request.user.role),
    }
    return render(request, "applications/detail.html", context)


def _attached(filing: Filing, lacking: list[checks.Finding]) -> dict[str, Any]:
    """How many files there are, how many materials must have one and do, the latest upload."""
    required = sum(material.is_required for material in filing.materials)
    return {
        "materials": len(filing.materials),
        "files": len(filing.attachments),
        "required": required,
        "done": required - len(lacking),
        "latest": max(filing.attachments, key=lambda each: each.uploaded_at, default=None),
    }


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


def _lacking(found: list[checks.Finding]) -> list[checks.Finding]:
    """The materials that are not attached yet."""
    return [finding for finding in found if finding.section == checks.ATTACHMENTS]


def _readiness(filing: Filing) -> dict[str, Any]:
    """The clauses of the round's level for the panel, with how many binding ones stand how."""
    clauses = checks.readiness(filing)
    binding = [clause for clause in clauses if not clause.is_encouraged]
    states = Counter(clause.state for clause in binding)
    return {
        "binding": binding,
        "encouraged": [clause for clause in clauses if clause.is_encouraged],
        "tally": [(state, states[state]) for state in checks.State if states[state]],
    }


NEVER = datetime.max.replace(tzinfo=UTC)


def _seen(request: HttpRequest) -> datetime:
    """The moment of the last change on the page that was posted; NEVER for what names none."""
    try:
        return datetime.fromisoformat(request.POST.get("seen", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return NEVER


@enterprise_only
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """What still blocks, the declarations, and the button."""
    application = with_sections(request, pk)
    if not application.is_editable:
        return redirect("applications:receipt", pk)
    filing = Filing.of(application)
    reminders = checks.sensitive(filing)
    form = DeclarationForm(
        request.POST or None, version=application.version, reminders=len(reminders)
    )
    if request.method == "POST" and form.is_valid():
        agreed = [declaration.text for declaration in form.declarations]
        try:
            workflow.submit(
                application,
                agreed,
                actor=request.user,
                seen=_seen(request),
                acknowledged=form.cleaned_data.get("acknowledged", False),
            )
        except PortalError as error:
            # The second of two clicks finds it submitted, and gets the receipt of the first.
            if own_application(request, pk).is_editable:
                messages.error(request, str(error))
                return redirect("applications:submit", pk)
        return redirect("applications:receipt", pk)
    found = checks.findings(filing)
    confirmation = confirming.standing(filing)
    context = {
        "application": application,
        "form": form,
        "blocking": checks.blocking(found),
        "confirmation": confirmation,
        "may_submit": not checks.blocking(found) and (not confirmation or confirmation.holds),
        "parts": _by_section(checks.blocking(found)),
        "lacking": _lacking(found),
        "readiness": _readiness(filing),
        "reminders": reminders,
        "others": [f for f in found if f.severity != checks.Severity.BLOCK],
        "opinion": returned(application),
    }
    return render(request, "applications/submit.html", context)


@require_POST
@enterprise_only
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    application = own_application(request, pk)
    try:
        workflow.withdraw(application, actor=request.user)
        messages.success(request, "已撤回。申报现在尚未提交，修改后请在截止前重新提交。")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("applications:detail", pk)
