"""The signatory's page: what is to be confirmed, and the signature."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from applications import checks, confirming, workflow
from applications.forms import SignatureForm
from applications.models import Revision
from applications.sections import Filing, snapshot
from applications.views.shared import enterprise_only, with_sections
from portal.accounts.access import address_of
from portal.errors import PortalError


@sensitive_post_parameters("password")
@enterprise_only
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """法定代表人确认 of the content as it stands."""
    application = with_sections(request, pk)
    if not application.is_editable or not application.version.confirmation_text:
        return redirect("applications:submit", pk)
    asked = {"user": request.user, "address": address_of(request)}
    form = SignatureForm(request.POST or None, **asked)
    if request.method == "POST" and form.is_valid():
        name, seen = form.cleaned_data["signer_name"], request.POST.get("seen", "")
        try:
            workflow.confirm(application, name, actor=request.user, seen=seen)
        except PortalError as error:
            messages.error(request, str(error))
            return redirect("applications:confirm", pk)
        messages.success(request, "已确认。现在可以提交；此后如再修改内容，须重新确认。")
        return redirect("applications:submit", pk)
    filing = Filing.of(application)
    content = snapshot(filing)
    signatories = confirming.signatories(request.user)
    context = {
        "application": application,
        "form": form,
        "confirmation": confirming.standing(filing),
        "facts": confirming.key_facts(content),
        "lines": content["scenario_lines"],
        "blocking": checks.blocking(checks.findings(filing)),
        "signatories": signatories,
        "may_sign": request.user in signatories,
    }
    return render(request, "applications/confirmation.html", context)


@require_safe
@enterprise_only
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft as a document, as it would be submitted."""
    application = with_sections(request, pk)
    if not application.is_editable:
        return redirect("applications:revision", pk, application.current_revision.number)
    content = snapshot(Filing.of(application))
    draft = Revision(data=content, sha256=Revision.digest(content))
    return render(
        request, "applications/read.html", {"application": application, "revision": draft}
    )
