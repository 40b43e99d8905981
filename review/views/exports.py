"""Ordering Annex 1."""

from django.contrib import messages
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
from review import summary, tasks
from review.models import RankedList
from review.views.shared import FORMATS, officers_only

INCOMPLETE = (
    "没有导出：汇总表还缺 {count} 个单位，已列在本页。确要导出不完整的汇总表，请先勾选“仍要导出”。"
)


@require_POST
@officers_only
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Start making Annex 1; a bureau gets its own, the province any or all.

    What is missing from the province's has been read before: a tick says so.
    """
    round = get_object_or_404(Round.objects.visible_to(request.user), slug=slug)
    try:
        format = Format(request.POST.get("format", ""))
    except ValueError:
        raise Http404 from None
    bureau = None
    if request.user.is_bureau:
        bureau = request.user.bureau
    elif code := request.POST.get("bureau"):
        bureau = get_object_or_404(Bureau, code=clean_text(code))
    back = _page_of(request.user, round, bureau)
    include_sent = request.user.is_province and bool(request.POST.get("include_sent"))
    if not bureau and not request.POST.get("incomplete"):
        missing = summary.build(round, include_sent=include_sent).missing
        if missing:
            messages.error(request, INCOMPLETE.format(count=len(missing)))
            return redirect(f"{back}&sent=1" if include_sent else back)
    asked = {
        "bureau": bureau and bureau.code,
        "include_sent": include_sent and "on",
        "incomplete": request.POST.get("incomplete") and "on",
    }
    job = start(
        owner=request.user,
        kind=tasks.SUMMARY,
        title=f"推荐汇总表（{bureau.short_name if bureau else '全省'}，{format.label}）",
        round=round.pk,
        bureau=bureau.pk if bureau else None,
        include_sent=include_sent,
        format=format.value,
        back=back,
        again={
            "url": request.path,
            "data": {name: value for name, value in asked.items() if value},
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
