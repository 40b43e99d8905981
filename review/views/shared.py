"""Pages that bureau and province share: reading an application, its book, exporting Annex 1."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from applications import commenting
from applications.models import Application, Comment, Event, Revision
from applications.models.comments import Place
from applications.sections import INSTANCES
from applications.views.documents import order_book
from applications.workflow import possible
from portal.accounts.access import role_required
from portal.accounts.models import Role, User
from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.documents.model import clean_text
from portal.errors import PortalError
from portal.jobs.tasks import start
from portal.rounds.models import Round
from review import tasks
from review.forms import CommentForm
from review.models import RankedList

officers_only = role_required(Role.BUREAU, Role.PROVINCE)

DECISIONS = ("accept", "return_for_changes", "decline", "undo_decline")
"""The verbs a bureau carries out on the reader's page."""

FORMATS = tuple(Format)


def attempt(request: HttpRequest, act: Callable[[], object], done: str) -> bool:
    """Carry out an act and tell the officer how it went; whether it went well."""
    try:
        act()
    except PortalError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, done)
    return True


@require_safe
@officers_only
def reader(request: HttpRequest, pk: int, number: int | None = None) -> HttpResponse:
    """A submitted revision as a document, with what this officer may do about it."""
    return reader_page(request, pk, number=number)


def reader_page(
    request: HttpRequest,
    pk: int,
    *,
    number: int | None = None,
    form: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The reader; with ``form``, what the officer typed is still there."""
    applications = Application.objects.visible_to(request.user).with_parties()
    application = get_object_or_404(applications.select_related("seat"), pk=pk)
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
@officers_only
def book(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Start making the 申报书 of a submitted revision."""
    application = get_object_or_404(Application.objects.visible_to(request.user), pk=pk)
    return order_book(request, application, number, reverse("review:revision", args=[pk, number]))


@require_POST
@officers_only
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Start making Annex 1; a bureau gets its own, the province any or all."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    try:
        format = Format(request.POST.get("format", ""))
    except ValueError:
        raise Http404 from None
    bureau = None
    if request.user.is_bureau:
        bureau = request.user.bureau
    elif code := request.POST.get("bureau"):
        bureau = get_object_or_404(Bureau, code=clean_text(code))
    job = start(
        owner=request.user,
        kind=tasks.SUMMARY,
        title=f"推荐汇总表（{bureau.short_name if bureau else '全省'}，{format.label}）",
        round=round.pk,
        bureau=bureau.pk if bureau else None,
        format=format.value,
        back=_page_of(request.user, round, bureau),
        again={
            "url": request.path,
            "data": {"bureau": bureau.code} if bureau else {},
            "formats": format.others(FORMATS),
        },
    )
    return redirect("jobs:detail", job.pk)


def _page_of(user: User, round: Round, bureau: Bureau | None) -> str:
    """The page an export belongs to."""
    if user.is_bureau:
        return reverse("review:board", args=[round.slug])
    lists = RankedList.objects.visible_to(user).filter(round=round, bureau=bureau)
    found = lists.first() if bureau else None
    if found:
        return reverse("review:ranked_list", args=[found.pk])
    return f"{reverse('review:summary')}?round={round.slug}"
