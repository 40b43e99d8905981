"""A bureau officer asks for changes, place by place."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from applications import commenting
from applications.forms import RemarkForm
from applications.models import Application, Comment
from applications.models.comments import Place
from portal.documents.model import clean_text
from portal.errors import PortalError
from review.views.shared import attempt, bureau_only, opens


@bureau_only
@opens
def add(request: HttpRequest, application: Application, section: str) -> HttpResponse:
    """Write a comment on a section, or on the row and field that the query names."""
    group, key, field = (clean_text(request.GET.get(n, "")) for n in ("group", "key", "field"))
    return _comment_page(request, application, (section, group, key, field))


@bureau_only
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Reword an unsent comment of one's own."""
    comment = _unsent(request, pk)
    applications = Application.objects.visible_to(request.user).with_parties()
    application = get_object_or_404(applications, pk=comment.application_id)
    return _comment_page(request, application, comment.place, comment)


def _unsent(request: HttpRequest, pk: int) -> Comment:
    comments = Comment.objects.visible_to(request.user).unsent()
    return get_object_or_404(comments.select_related("author"), pk=pk)


def _comment_page(
    request: HttpRequest, application: Application, place: Place, comment: Comment | None = None
) -> HttpResponse:
    revision = application.current_revision
    if revision is None:
        raise Http404
    *block_place, field = place
    block = commenting.block_at(revision.data, *block_place)
    whole = "整行" if place[1] else "整个部分"
    fields = block["fields"] if block else []
    form = RemarkForm(
        request.POST or None,
        choices=[("", whole), *((each["name"], each["label"]) for each in fields)],
        initial={
            "field": field,
            "kind": comment.kind if comment else Comment.Kind.WRONG,
            "text": comment.text if comment else "",
        },
    )
    try:
        title = commenting.title_of(revision.data, place)
    except PortalError as error:
        messages.error(request, str(error))
        if not form.is_bound:
            return redirect("review:reader", application.pk)
        title = comment.title if comment else ""
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        written = (*block_place, said.pop("field"))
        try:
            if comment:
                commenting.change(comment, application, written, **said, actor=request.user)
            else:
                comment = commenting.add(application, written, **said, actor=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "已记下，退回修改时一并发给企业。")
            reader = reverse("review:reader", args=[application.pk])
            return redirect(f"{reader}#comment-{comment.pk}")
    context = {
        "application": application,
        "revision": revision,
        "title": title,
        "form": form,
        "fields": [each for each in fields if field in ("", each["name"])],
    }
    status = 409 if form.errors else 200
    return render(request, "review/comment.html", context, status=status)


@require_POST
@bureau_only
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    comment = _unsent(request, pk)
    attempt(request, lambda: commenting.remove(comment, actor=request.user), "已移除。")
    return redirect("review:reader", comment.application_id)
