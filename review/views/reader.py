"""Reading an application, deciding on it, ordering its book."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from applications import commenting
from applications.editing import whole_number
from applications.models import Application, Comment, Event, Revision
from applications.models.comments import Place
from applications.sections import INSTANCES
from applications.states import BY_VERB
from applications.views.documents import order_book
from applications.workflow import possible
from review import ranking
from review.forms import CommentForm
from review.models import RankedList
from review.views.shared import attempt, bureau_only, officers_only, opens, own_list

DECISIONS = ("accept", "return_for_changes", "decline", "undo_decline")
"""The verbs a bureau carries out on the reader's page."""


@require_safe
@officers_only
@opens
def reader(
    request: HttpRequest, application: Application, number: int | None = None
) -> HttpResponse:
    """A submitted revision as a document, with what this officer may do about it."""
    return _reader_page(request, application, number=number)


def _reader_page(
    request: HttpRequest,
    application: Application,
    *,
    number: int | None = None,
    form: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The reader; with ``form``, what the officer typed is still there."""
    revision = application.current_revision
    if revision and number is not None:
        revision = get_object_or_404(application.revisions, number=number)
    ranked_list = get_object_or_404(
        RankedList.objects.visible_to(request.user),
        round=application.round_id,
        bureau=application.bureau_id,
    )
    seat = getattr(application, "seat", None)
    verbs = possible(application, request.user.role) if ranked_list.is_open else []
    can_decide = bool(verbs) and seat is None
    readable = Comment.objects.visible_to(request.user).for_reading()
    events = (
        application.events.select_related("actor__enterprise", "actor__bureau", "revision")
        .defer("revision__data")
        .prefetch_related(Prefetch("comments", readable))
    )
    revisions = list(application.revisions.defer("data").order_by("-number"))
    unsent = list(readable.unsent().filter(application=application))
    context = {
        "application": application,
        "revision": revision,
        "ranked_list": ranked_list,
        "seat": seat,
        # Until the list is sent its order is the bureau's own affair.
        "shows_place": seat and (request.user.is_bureau or not ranked_list.is_open),
        "verbs": [verb for name in DECISIONS for verb in verbs if verb.verb == name],
        "comment_form": form or CommentForm(),
        "unsaved": form.data.get("comment", "").strip() if form and not can_decide else "",
        "revisions": revisions,
        "events": events,
        "unsent": unsent,
        "to_send": [each for each in unsent if each.revision_id == application.current_revision_id],
        "remarks": _remarks(revision, revisions, [*_sent(events), *unsent]) if revision else {},
        "can_comment": commenting.RETURN in verbs and revision == application.current_revision,
    }
    return render(request, "review/reader.html", context, status=status)


def _sent(events: Iterable[Event]) -> Iterator[Comment]:
    return (comment for event in events for comment in event.comments.all())


def _remarks(
    revision: Revision, revisions: list[Revision], comments: list[Comment]
) -> dict[Place, list[Comment]]:
    """By place, what is said of a revision, and of the one before with the answers it brought."""
    previous = next((r for r in revisions if r.number == revision.number - 1), None)
    answered = [c for c in comments if previous and c.revision_id == previous.pk and c.event_id]
    if any(comment.answer == Comment.Answer.CHANGED for comment in answered):
        commenting.compare(answered, previous.data, revision.data)
    found = defaultdict(list)
    for comment in [*answered, *(c for c in comments if c.revision_id == revision.pk)]:
        section, group, key, field = comment.place
        # A table shows under a row what is said of its cells.
        found[section, group, key, field if group in ("", INSTANCES.slug) else ""].append(comment)
    return found


@require_POST
@bureau_only
@opens
def decide(request: HttpRequest, application: Application, verb: str) -> HttpResponse:
    """Accept, return, decline, or take a decline back."""
    if verb not in DECISIONS:
        raise Http404
    ranked_list = own_list(request, application.round.slug)
    form = CommentForm(request.POST)
    decided = form.is_valid() and attempt(
        request,
        lambda: ranking.decide(
            ranked_list,
            application,
            verb,
            revision=whole_number(request.POST.get("revision")),
            actor=request.user,
            comment=form.cleaned_data["comment"],
        ),
        f"已办理：{BY_VERB[verb].label}。",
    )
    if not decided:
        fresh = Application.objects.visible_to(request.user).with_parties().select_related("seat")
        application = get_object_or_404(fresh, pk=application.pk)
        return _reader_page(request, application, form=form, status=409)
    return redirect("review:reader", application.pk)


@require_POST
@officers_only
@opens
def book(request: HttpRequest, application: Application, number: int) -> HttpResponse:
    """Start making the 申报书 of a submitted revision."""
    page = reverse("review:revision", args=[application.pk, number])
    return order_book(request, application, number, page)
