"""The list for entering the application on the national platform."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from applications import reentry
from applications.models import Application
from applications.sections import Filing, snapshot
from applications.views.shared import enterprise_only, with_sections


@enterprise_only
def reentry_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Every answer in Annex 3's order, to copy; ticks say what has been entered there.

    Of what was submitted last, or, before anything was, of the draft.
    """
    application = with_sections(request, pk)
    blocks = list(reentry.blocks(_content(application)))
    if request.method == "POST":
        anchor = request.POST.get("block", "")
        items = [item for block in blocks if block.anchor == anchor for item in block.items]
        places = set(request.POST.getlist("place"))
        reentry.tick(application, items, places, actor=request.user)
        return redirect(f"{reverse('applications:reentry', args=[pk])}#{anchor}")
    ticks = reentry.entered(application)
    items = [item for block in blocks for item in block.items]
    done = [i for i in items if i.place in ticks and ticks[i.place].fingerprint == i.fingerprint]
    context = {
        "application": application,
        "blocks": [
            (block, [(item, ticks.get(item.place)) for item in block.items]) for block in blocks
        ],
        "total": len(items),
        "done": len(done),
    }
    return render(request, "applications/reentry.html", context)


def _content(application: Application) -> dict:
    if application.current_revision:
        return application.current_revision.data
    return snapshot(Filing.of(application))
