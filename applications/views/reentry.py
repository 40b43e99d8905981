"""The list for entering the application on the national platform."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from applications import reentry
from applications.models import Application
from applications.reentry import MARK_LENGTH
from applications.sections import Filing, snapshot
from applications.views.shared import enterprise_only, with_sections


@enterprise_only
def reentry_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Every answer in Annex 3's order, to copy; ticks say what has been entered there.

    Of what was submitted last, or, before anything was, of the draft.
    """
    application = with_sections(request, pk)
    content = _content(application)
    blocks = list(reentry.blocks(content))
    if request.method == "POST":
        known = {item.place for block in blocks for item in block.items}
        ticked, before = (_places(request, name, known) for name in ("place", "was"))
        added = {place: ticked[place] for place in ticked.keys() - before.keys()}
        gone = before.keys() - ticked.keys()
        reentry.tick(application, added, gone, actor=request.user)
        anchors = {block.anchor for block in blocks}
        block = request.POST.get("block")
        return redirect(f"{request.path}#{block}" if block in anchors else request.path)
    ticks = reentry.entered(application)
    items = [item for block in blocks for item in block.items]
    done = [i for i in items if i.place in ticks and ticks[i.place].fingerprint == i.fingerprint]
    context = {
        "application": application,
        "blocks": [
            (block, [(item, ticks.get(item.place)) for item in block.items]) for block in blocks
        ],
        "files": content.get("attachments", ()),
        "total": len(items),
        "done": len(done),
    }
    return render(request, "applications/reentry.html", context)


def _places(request: HttpRequest, name: str, known: set[str]) -> dict[str, str]:
    """The places posted under a name, with the fingerprint of what each was showing."""
    pairs = (value.rpartition("|") for value in request.POST.getlist(name))
    return {place: mark for place, _, mark in pairs if place in known and len(mark) == MARK_LENGTH}


def _content(application: Application) -> dict:
    if application.current_revision:
        return application.current_revision.data
    return snapshot(Filing.of(application))
