"""公示 on the province's side: drafted, looked at, published, withdrawn; what was objected."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.audit import trail
from portal.errors import PortalError
from portal.rounds.models import Round
from review import announcing, objections
from review.forms import AnnouncementForm, OutcomeForm, WithdrawalForm
from review.lists import choose_round
from review.models import Announcement, Objection
from review.views.shared import attempt, province_only


@require_safe
@province_only
def announcements(request: HttpRequest) -> HttpResponse:
    """Every announcement there is, with how many objections each has."""
    found = Announcement.objects.visible_to(request.user).select_related("round")
    unhandled = Count("objections", filter=Q(objections__handled_at=None))
    context = {
        "announcements": found.annotate(objected=Count("objections"), unhandled=unhandled),
        "rounds": Round.objects.published(),
    }
    return render(request, "review/announcements.html", context)


@province_only
def draft(request: HttpRequest) -> HttpResponse:
    """Begin an announcement from the received lists of a round."""
    round = choose_round(request.GET.get("round"))
    if round is None:
        return redirect("review:announcements")
    return _form_page(request, Announcement(round=round), initial=announcing.suggested(round))


@province_only
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a draft."""
    found = _announcement(request, pk)
    if found.is_published:
        return redirect("review:announcement", pk)
    return _form_page(request, found)


def _form_page(
    request: HttpRequest, announcement: Announcement, initial: dict | None = None
) -> HttpResponse:
    rows = announcing.candidates(announcement.round)
    listed = announcement.rows if announcement.pk else rows
    form = AnnouncementForm(
        request.POST if request.method == "POST" else None,
        instance=announcement,
        rows=rows,
        initial={**(initial or {}), "listed": [row["application"] for row in listed]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            announcing.keep(form.instance, form.cleaned_data["listed"], actor=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review:announcement", form.instance.pk)
    context = {"announcement": announcement, "round": announcement.round, "form": form}
    status = 409 if form.errors else 200
    return render(
        request, "review/announcement_form.html", {**context, "rows": rows}, status=status
    )


def _announcement(request: HttpRequest, pk: int) -> Announcement:
    found = Announcement.objects.visible_to(request.user).select_related("round", "created_by")
    return get_object_or_404(found, pk=pk)


@require_safe
@province_only
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """As the public will read it, what can be done with it, what was objected."""
    return _page(request, _announcement(request, pk), WithdrawalForm())


def _page(
    request: HttpRequest, found: Announcement, form: WithdrawalForm, status: int = 200
) -> HttpResponse:
    said = Objection.objects.visible_to(request.user).filter(announcement=found)
    context = {
        "announcement": found,
        "round": found.round,
        "fingerprint": announcing.fingerprint(found),
        "form": form,
        "objections": said.select_related("handled_by"),
        "usual_days": announcing.USUAL_DAYS,
    }
    return render(request, "review/announcement.html", context, status=status)


@require_POST
@province_only
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    found = _announcement(request, pk)
    seen = request.POST.get("seen", "")
    attempt(
        request,
        lambda: announcing.publish(found, seen=seen, actor=request.user),
        f"公示已发布，公众自 {found.opens_on} 起可以看到。",
    )
    return redirect("review:announcement", pk)


@require_POST
@province_only
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    found = _announcement(request, pk)
    form = WithdrawalForm(request.POST)
    withdrawn = form.is_valid() and attempt(
        request,
        lambda: announcing.withdraw(found, form.cleaned_data["reason"], actor=request.user),
        "公示已撤下，公开页面只留标题和撤下原因。",
    )
    if not withdrawn:
        return _page(request, _announcement(request, pk), form, status=409)
    return redirect("review:announcement", pk)


@require_POST
@province_only
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    found = _announcement(request, pk)
    discarded = attempt(
        request, lambda: announcing.discard(found, actor=request.user), "草稿已删除。"
    )
    return redirect("review:announcements") if discarded else redirect("review:announcement", pk)


@province_only
def objection(request: HttpRequest, pk: int) -> HttpResponse:
    """One objection with who made it; posted to, what came of it."""
    found = Objection.objects.visible_to(request.user)
    said = get_object_or_404(found.select_related("announcement", "handled_by"), pk=pk)
    form = OutcomeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        handled = form.is_valid() and attempt(
            request,
            lambda: objections.handle(said, form.cleaned_data["outcome"], actor=request.user),
            f"已记下异议 {said} 的办理结果。",
        )
        if handled:
            return redirect("review:announcement", said.announcement_id)
    else:
        trail.record(
            "objection_read", "查看异议", actor=request.user, target=said, once_in=trail.LOOK
        )
    status = 409 if request.method == "POST" else 200
    return render(
        request, "review/objection.html", {"objection": said, "form": form}, status=status
    )
