"""Reading an application, deciding on it, ordering its book."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from applications import commenting, telling
from applications.comparison import Comparison
from applications.editing import whole_number
from applications.models import Application, Comment, Event, Revision
from applications.models.comments import Place
from applications.states import BY_VERB, Status
from applications.views.documents import order_book
from applications.views.revisions import comparison_of
from applications.workflow import possible
from portal.accounts.models import User
from portal.messaging import reading
from review import checklist, needs, ranking, readings
from review.findings import noted
from review.forms import CommentForm
from review.models import RankedList
from review.remarks import Remarks, remarks
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
    reading.opened(request.user, request.path)
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
    since = readings.since(application, request.user)
    if request.user.is_bureau and revision and revision == application.current_revision:
        # Before anything is read: what comes in meanwhile is new the next time.
        readings.note(application, request.user)
    readable = Comment.objects.visible_to(request.user).for_reading()
    comments = list(readable.filter(application=application))
    events = list(
        application.events.select_related("actor__enterprise", "actor__bureau", "revision")
        .defer("revision__data")
        .annotate(**reading.first_reader(telling.KEY_OF_EVENT))
    )
    for event in events:
        event.said = [comment for comment in comments if comment.event_id == event.pk]
    revisions = [event.revision for event in events if event.revision]
    unsent = [comment for comment in comments if comment.event_id is None]
    followed = remarks(revision, comments) if revision else Remarks()
    context = {
        "application": application,
        "revision": revision,
        "ranked_list": ranked_list,
        "seat": seat,
        "verbs": [verb for name in DECISIONS for verb in verbs if verb.verb == name],
        "comment_form": form or CommentForm(),
        "unsaved": form.data.get("comment", "").strip() if form and not can_decide else "",
        "revisions": revisions,
        "events": events,
        "unsent": unsent,
        "to_send": [each for each in unsent if each.revision_id == application.current_revision_id],
        "followed": followed,
        "remarks": followed.by_place,
        "noted": noted(revision) if revision else {},
        "checklist": checklist.summary([application], request.user)[application.pk],
        "next": _next(application, request.user) if request.user.is_bureau else None,
        "since": since,
        "news": list(_news(since, events, revisions, unsent, request.user)) if since else [],
        "can_comment": commenting.RETURN in verbs and revision == application.current_revision,
        "can_settle": commenting.ACCEPT in verbs and revision == application.current_revision,
    }
    return render(request, "review/reader.html", context, status=status)


def _news(
    since: datetime,
    events: Iterable[Event],
    revisions: list[Revision],
    unsent: list[Comment],
    reader: User,
) -> Iterator[tuple[datetime, str, str]]:
    """What others did since then: when, in words, and where to read it."""
    known = next((each.number for each in revisions if each.submitted_at <= since), None)
    for event in events:
        if event.at <= since or event.actor_id == reader.pk:
            continue
        words, where = f"{event.actor} {event.verb_label}", "#history"
        if event.revision:
            words += f"，第 {event.revision.number} 版"
            if known:
                where = changes_url(event.revision, known)
        yield event.at, words, where
    for comment in unsent:
        if comment.created_at > since and comment.author_id != reader.pk:
            yield comment.created_at, f"{comment.author} 提意见：{comment.title}", "#unsent"


def _next(application: Application, officer: User) -> Application | None:
    """What else of the round this officer is to review, in the order of the inbox."""
    others = (
        Application.objects.visible_to(officer)
        .filter(round=application.round_id, status=Status.SUBMITTED)
        .exclude(pk=application.pk)
        .select_related("enterprise")
    )
    return needs.ordered(needs.annotated(others, officer).filter(rank__in=needs.OFFICERS)).first()


def changes_url(revision: Revision, base: int) -> str:
    """The page of what a revision changed against the one numbered ``base``."""
    page = reverse("review:changes", args=[revision.application_id, revision.number])
    return f"{page}?from={base}"


@require_safe
@officers_only
@opens
def changes(request: HttpRequest, application: Application, number: int) -> HttpResponse:
    """What a revision changed against any other, with what had been asked and answered."""
    comparison = comparison_of(application, number, request.GET)
    old, new = comparison["old"], comparison["new"]
    comments = Comment.objects.visible_to(request.user).sent().for_reading()
    between = comments.filter(
        application=application, revision__number__gte=old.number, revision__number__lt=new.number
    )
    changed = _changed(comparison.get("comparison"))
    asked = defaultdict(list)
    for comment in between:
        asked[comment.place if comment.place in changed else None].append(comment)
    context = {
        "application": application,
        "asked": asked,
        "asked_elsewhere": asked[None],
        **comparison,
    }
    return render(request, "review/changes.html", context)


def _changed(comparison: Comparison | None) -> set[Place]:
    """The places under which a comparison shows a change, rows and sections included."""
    if comparison is None:
        return set()
    sections = [section for section in comparison.sections if section.changes]
    rows = [row for section in sections for group in section.groups for row in group.rows]
    return {
        *(section.place for section in sections),
        *(row.place for row in rows if row.changes),
        *(change.place for change in comparison.changes),
    }


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
