"""延期: asked for, confirmed by a second officer, taken back; the province's page of a round."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from portal.rounds.models import Deadline, Extension, Round
from review import extensions as domain
from review.forms import ExtensionForm, RevokeForm
from review.lists import choose_round
from review.views.shared import attempt, province_only


@province_only
def extensions(request: HttpRequest) -> HttpResponse:
    """A round's extensions; to ask for one, to confirm what a colleague asks for."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:rounds")
    asked_for = {"enterprise": request.GET.get("enterprise", "")}
    form = ExtensionForm(
        request.POST or None, initial=asked_for | {"whom": asked_for["enterprise"] and "enterprise"}
    )
    if request.method == "POST" and form.is_valid() and _ask(request, round, form.cleaned_data):
        return _back(round)
    rows = list(
        Extension.objects.visible_to(request.user)
        .filter(round=round)
        .select_related("bureau", "enterprise__bureau", "asked_by", "confirmed_by", "revoked_by")
    )
    for row in rows:
        row.round = round  # whose extensions are read once
    cautions = domain.cautions(rows)
    context = {
        "round": round,
        "rounds": Round.objects.published(),
        "form": form,
        "revoking": RevokeForm(auto_id=False),
        "waiting": [(row, cautions.get(row.pk, "")) for row in rows if row.is_waiting],
        "settled": [row for row in rows if not row.is_waiting],
        "dues": [round.due(which) for which in Deadline],
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "review/extensions.html", context, status=status)


def _ask(request: HttpRequest, round: Round, said: dict) -> bool:
    return attempt(
        request,
        lambda: domain.ask(
            round,
            Deadline(said["deadline"]),
            said["until"],
            said["reason"],
            **said["for"],
            actor=request.user,
        ),
        "已提出，待另一位省厅人员确认后生效。",
    )


def _back(round: Round) -> HttpResponse:
    return redirect(f"{reverse('review:extensions')}?{urlencode({'round': round.slug})}")


def _extension(request: HttpRequest, pk: int) -> Extension:
    rows = Extension.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("round", "bureau", "enterprise"), pk=pk)


@require_POST
@province_only
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    extension = _extension(request, pk)
    attempt(
        request,
        lambda: domain.confirm(extension, actor=request.user),
        f"已确认，{extension.whom}的{extension.get_deadline_display()}即时延长。",
    )
    return _back(extension.round)


@require_POST
@province_only
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    extension = _extension(request, pk)
    attempt(
        request,
        lambda: domain.revoke(extension, request.POST.get("reason", ""), actor=request.user),
        f"已撤销{extension.whom}的延期。",
    )
    return _back(extension.round)
