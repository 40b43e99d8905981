"""梯度自评: the enterprise's own, which is kept; and for anybody, which is not."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from applications import assessment
from applications.assessment import AssessmentForm
from applications.models import Application, SelfAssessment
from applications.views.shared import enterprise_only


@enterprise_only
def own(request: HttpRequest) -> HttpResponse:
    """The answers as they were kept; posted to, they are kept anew."""
    year = assessment.edition()
    kept = SelfAssessment.objects.visible_to(request.user).select_related("edited_by").first()
    answers = kept.answers if kept else {}
    source = Application.objects.visible_to(request.user).with_sections().order_by("-pk").first()
    context: dict[str, Any] = {"kept": kept, "source": source}
    if request.method == "POST" and year:
        form = AssessmentForm(request.POST, year=year)
        if form.is_valid():
            assessment.save(form.answers(), year, actor=request.user)
            messages.success(request, "自评已保存，只有本单位人员可以看到。")
            return redirect("applications:assessment")
        context["form"] = form
    elif source and "use" in request.GET:
        answers = assessment.answers_of(source)
        context["is_taken_over"] = True
    return _page(request, year, answers, context)


@login_not_required
@require_safe
def public(request: HttpRequest) -> HttpResponse:
    """The same for anybody: the answers stand in the address, and nowhere else."""
    if getattr(request.user, "is_enterprise", False):
        return redirect("applications:assessment")
    year = assessment.edition()
    context: dict[str, Any] = {}
    answers = {}
    if request.GET and year:
        context["form"] = form = AssessmentForm(request.GET, year=year)
        answers = form.answers() if form.is_valid() else {}
    return _page(request, year, answers, context)


def _page(
    request: HttpRequest, year: int | None, answers: assessment.Answers, context: dict[str, Any]
) -> HttpResponse:
    """What the answers come to, above the questions."""
    refused = "form" in context and not context["form"].is_valid()
    if year:
        context.setdefault("form", AssessmentForm(year=year, answers=answers))
        context["result"] = assessment.assess(answers, year)
        context["is_begun"] = any(answers.values())
    context["year"] = year
    return render(request, "applications/assessment.html", context, status=409 if refused else 200)
