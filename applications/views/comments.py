"""The enterprise answers what the bureau asked to be changed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from applications import commenting
from applications.forms import AnswerForm
from applications.models import Application, Comment
from applications.sections import Filing, snapshot
from applications.views.shared import enterprise_only, own_application, with_sections
from portal.errors import PortalError


@enterprise_only
def answer(request: HttpRequest, pk: int, comment: int) -> HttpResponse:
    """Answer one comment; what cannot be taken is shown again on a page of its own."""
    application = own_application(request, pk)
    comments = application.comments.visible_to(request.user).for_reading()
    found = get_object_or_404(comments, pk=comment)
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("applications:detail", args=[pk])
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            commenting.answer(found, **form.cleaned_data, actor=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            return _answered(request, application, found, form.cleaned_data["answer"], back)
    context = {"application": application, "comment": found, "answer_form": form, "back": back}
    return render(request, "applications/comment.html", context, status=409 if form.errors else 200)


def _answered(
    request: HttpRequest, application: Application, comment: Comment, answer: str, back: str
) -> HttpResponse:
    """Back to where it was answered; with a word if 已改 was said and nothing was."""
    comment.answer = answer
    if answer == Comment.Answer.CHANGED:
        filing = Filing.of(with_sections(request, application.pk))
        commenting.compare([comment], application.current_revision.data, snapshot(filing))
    if comment.is_unchanged:
        messages.warning(
            request,
            f"已答复“已改”，但“{comment.title}”的内容与退回时相同，请核对是否已经修改并保存。",
        )
        return HttpResponseRedirect(back)
    messages.success(request, "已答复。重新提交之前还可以改。")
    place = "asked" if "beside" in request.GET else "comment"
    return HttpResponseRedirect(f"{back}#{place}-{comment.pk}")
