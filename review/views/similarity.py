"""相同段落: what an application's texts share with others', side by side."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from applications.models import Application
from portal.accounts.models import User
from review import indexing
from review.indexing import Content, Excerpt
from review.similarity import Passage
from review.views.shared import officers_only, opens

PASSAGES = 10
"""On one page."""

MOST_SHOWN = 3
"""Other applications whose text is shown beside a passage; the rest are named."""


@dataclass
class Shared:
    """A passage as one officer may see it."""

    length: int
    own: Excerpt
    places: list[str]
    """Where in the own text it stands, or a part of it."""
    beside: list[tuple[Application, Excerpt | None]]
    named: list[Application]
    closed: int
    """Applications of the own bureau that are not open to the officer."""
    elsewhere: int
    """Applications of other bureaus."""


@require_safe
@officers_only
@opens
def similarity(request: HttpRequest, application: Application) -> HttpResponse:
    """The passages, longest first, with as much of the others as the officer may read."""
    if not application.current_revision_id:
        raise Http404
    comparison = indexing.compare(application)
    context = {"application": application, "comparison": comparison}
    if comparison:
        page = Paginator(comparison.passages, PASSAGES).get_page(request.GET.get("page"))
        context |= {
            "page": page,
            "passages": _shared(page.object_list, comparison.content, request.user),
            "most_compared": indexing.MOST_COMPARED,
        }
    return render(request, "review/similarity.html", context)


def _shared(passages: list[Passage], own: Content, user: User) -> list[Shared]:
    """Each passage with the others' excerpts; what the officer may not open is only counted."""
    keys = {key for passage in passages for key in passage.found}
    visible = Application.objects.visible_to(user).filter(pk__in=keys)
    open_ones = visible.open_to(user).with_parties().in_bulk()
    closed = set(visible.values_list("pk", flat=True)) - open_ones.keys()
    readable = [[key for key in passage.found if key in open_ones] for passage in passages]
    shown = {key for others in readable for key in others[:MOST_SHOWN]}
    contents = {
        each.pk: Content(each.current_revision.data)
        for each in visible.filter(pk__in=shown).select_related("current_revision")
    }
    return [
        Shared(
            length=len(passage.text),
            own=own.excerpt(passage.text),
            places=own.places(passage.parts),
            beside=[
                (open_ones[key], contents[key].excerpt(passage.found[key]))
                for key in others[:MOST_SHOWN]
            ],
            named=[open_ones[key] for key in others[MOST_SHOWN:]],
            closed=len(closed & passage.found.keys()),
            elsewhere=len(passage.found.keys() - closed - open_ones.keys()),
        )
        for passage, others in zip(passages, readable, strict=True)
    ]
