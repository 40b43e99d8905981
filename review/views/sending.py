"""Sending the list to the province."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from applications.models import Application
from applications.states import Status
from review import ranking, summary
from review.forms import SendForm
from review.views.shared import attempt, bureau_only, own_list


@bureau_only
def send(request: HttpRequest, slug: str) -> HttpResponse:
    """Look once more at what will be sent, sign, send."""
    ranked_list = own_list(request, slug)
    if not ranked_list.is_open:
        return redirect("review:board", slug)
    form = SendForm(
        request.POST or None, round=ranked_list.round, initial={"version": ranked_list.version}
    )
    if request.method == "POST" and form.is_valid():
        signed = {name: form.cleaned_data[name] for name in ("version", "signatory", "statement")}
        sent = attempt(
            request,
            lambda: ranking.send(ranked_list, actor=request.user, **signed),
            "推荐名单已报送省厅。现在可以导出推荐汇总表（附件1）盖章。",
        )
        if sent:
            return redirect("review:board", slug)
    applications = Application.objects.visible_to(request.user).filter(round=ranked_list.round)
    seats = ranking.seats_of(ranked_list)
    taken = len(ranking.order_of(seats))
    context = {
        "ranked_list": ranked_list,
        "round": ranked_list.round,
        "form": form,
        "document": summary.preview(ranked_list),
        "seats": seats,
        "taken": taken,
        "free": len(seats) - taken,
        "unfinished": applications.aggregate(
            **{
                status.value: Count("pk", filter=Q(status=status))
                for status in (Status.SUBMITTED, Status.RETURNED, Status.DRAFT)
            }
        ),
    }
    return render(request, "review/send.html", context)
