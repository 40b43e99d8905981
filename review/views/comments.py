"""A bureau officer asks for changes, place by place, and decides on the answers one by one.

A script that posts gets the comment's id or the refusal, and puts it where one is reading.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from applications import commenting
from applications.editing import whole_number
from applications.forms import RemarkForm
from applications.models import Application, Comment
from applications.models.comments import CommentQuerySet, Place
from portal.accounts.access import asks_for_data, typed_but_not_saved
from portal.documents.model import clean_text
from portal.errors import PortalError
from review.phrases import phrases
from review.remarks import compare
from review.views.shared import bureau_only, opens


@bureau_only
@opens
def add(request: HttpRequest, application: Application, section: str) -> HttpResponse:
    """Write a comment on a section, or on the row and field that the query names."""
    group, key, field = (clean_text(request.GET.get(n, "")) for n in ("group", "key", "field"))
    return _comment_page(request, application, (section, group, key, field))


@bureau_only
@opens
def change(request: HttpRequest, application: Application, comment: int) -> HttpResponse:
    """Reword an unsent comment of one's own."""
    found = _comments(request, application).unsent().filter(pk=comment).first()
    if found is None:
        return _gone(request, reverse("review:reader", args=[application.pk]))
    found.application = application
    return _comment_page(request, application, found.place, found, found.reopens)


def _gone(request: HttpRequest, reader: str) -> HttpResponse:
    """The comment was sent or removed while its author reworded it."""
    if request.method != "POST":
        raise Http404
    refusal = "这条意见已发给企业，或已被移除，您的改动没有保存"
    if asks_for_data(request):
        return JsonResponse({"message": f"{refusal}。"}, status=409)
    return typed_but_not_saved(request, refusal, onward=reader)


@bureau_only
@opens
def reopen(request: HttpRequest, application: Application, comment: int) -> HttpResponse:
    """Put a comment again whose answer is not enough (重提)."""
    found = _one(request, application, comment)
    if not found.event_id:
        raise Http404
    return _comment_page(request, application, found.place, again=found)


def _one(request: HttpRequest, application: Application, pk: int) -> Comment:
    found = get_object_or_404(_comments(request, application), pk=pk)
    found.application = application
    return found


def _comments(request: HttpRequest, application: Application) -> CommentQuerySet:
    comments = Comment.objects.visible_to(request.user).for_reading()
    return comments.filter(application=application)


def _comment_page(
    request: HttpRequest,
    application: Application,
    place: Place,
    comment: Comment | None = None,
    again: Comment | None = None,
) -> HttpResponse:
    """Write or reword a comment on a place; of one that puts ``again`` another the place stands."""
    revision = application.current_revision
    if revision is None:
        raise Http404
    section, group, key, field = place
    block = commenting.block_at(revision.data, section, group, key)
    fields = block["fields"] if block else []
    whole = "整行" if group else "整个部分"
    form = RemarkForm(
        request.POST or None,
        choices=[] if again else [("", whole), *((f["name"], f["label"]) for f in fields)],
        phrases=phrases(request.user),
        initial={
            "field": field,
            "kind": comment.kind if comment else again.kind if again else Comment.Kind.WRONG,
            "text": comment.text if comment else "",
        },
    )
    try:
        title = again.title if again else commenting.title_of(revision.data, place)
    except PortalError as error:
        messages.error(request, str(error))
        if not form.is_bound:
            return redirect("review:reader", application.pk)
        title = comment.title if comment else ""
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("kind", "text", "revision")}
        said["actor"] = request.user
        written = (section, group, key, form.cleaned_data.get("field", field))
        try:
            if comment:
                commenting.change(comment, application, written, **said)
            elif again:
                comment = commenting.reopen(again, **said)
            else:
                comment = commenting.add(application, written, **said)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            return _back(request, application, comment, "已记下，退回修改时一并发给企业。")
    if form.errors and asks_for_data(request):
        sentences = (sentence for errors in form.errors.values() for sentence in errors)
        return JsonResponse({"message": "".join(sentences)}, status=409)
    if again:
        compare([again], revision)
    context = {
        "application": application,
        "revision": revision,
        "title": title,
        "form": form,
        "fields": [each for each in fields if field in ("", each["name"])],
        "again": again,
    }
    status = 409 if form.errors else 200
    return render(request, "review/comment.html", context, status=status)


@require_POST
@bureau_only
@opens
def remove(request: HttpRequest, application: Application, comment: int) -> HttpResponse:
    """Take an unsent comment back."""
    found = _one(request, application, comment)
    return _settled(
        request, found, lambda: commenting.remove(found, actor=request.user), "已移除。"
    )


@require_POST
@bureau_only
@opens
def close(request: HttpRequest, application: Application, comment: int) -> HttpResponse:
    """Be content with the answer to a comment."""
    found, revision = _one(request, application, comment), _revision(request)
    return _settled(
        request,
        found,
        lambda: commenting.close(found, revision=revision, actor=request.user),
        "已关闭。",
    )


@require_POST
@bureau_only
@opens
def undo_close(request: HttpRequest, application: Application, comment: int) -> HttpResponse:
    """Decide on a comment once more."""
    found, revision = _one(request, application, comment), _revision(request)
    return _settled(
        request,
        found,
        lambda: commenting.undo_close(found, revision=revision, actor=request.user),
        "已撤销关闭。",
    )


def _revision(request: HttpRequest) -> int | None:
    """The id of what was read while deciding."""
    return whole_number(request.POST.get("revision"))


def _settled(
    request: HttpRequest, comment: Comment, act: Callable[[], None], done: str
) -> HttpResponse:
    try:
        act()
    except PortalError as error:
        if asks_for_data(request):
            return JsonResponse({"message": str(error)}, status=409)
        messages.error(request, str(error))
        return redirect(_place(comment))
    return _back(request, comment.application, comment, done)


def _back(
    request: HttpRequest, application: Application, comment: Comment, done: str
) -> HttpResponse:
    """To the comment in the text one reads."""
    if asks_for_data(request):
        return JsonResponse({"comment": comment.pk})
    messages.success(request, done)
    return redirect(_place(comment))


def _place(comment: Comment) -> str:
    reader = reverse("review:reader", args=[comment.application_id])
    return f"{reader}#comment-{comment.pk}"
