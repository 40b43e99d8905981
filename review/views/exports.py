"""Ordering Annex 1."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.accounts.models import User
from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.documents.model import clean_text
from portal.jobs.tasks import start
from portal.rounds.models import Round
from review import tasks
from review.models import RankedList
from review.views.shared import FORMATS, officers_only


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
