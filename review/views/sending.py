"""Sending the list to the province, taking it back, and bringing its stamped table."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from applications.models import Application
from applications.states import Status
from applications.views.attachments import served
from portal.audit import trail
from portal.errors import PortalError
from portal.rounds.models import Deadline
from review import drafting, ranking, scans, summary
from review.forms import RecallForm, ScanForm, SendForm
from review.models import StampedScan
from review.views.shared import attempt, bureau_only, officers_only, own_list


@bureau_only
def send(request: HttpRequest, slug: str) -> HttpResponse:
    """Look once more at what will be sent, say why to those left out, sign, send."""
    ranked_list = own_list(request, slug)
    if not ranked_list.is_open:
        return redirect("review:board", slug)
    places = ranking.places_of(ranked_list)
    taken = len(ranking.order_of(places))
    listed = sum(place.application_id is not None for place in places)
    form = SendForm(
        request.POST or None,
        may_come_until=ranked_list.may_come_until,
        left_over=ranking.left_over(ranked_list),
        regret=drafting.regret(ranked_list.round, listed),
        initial={"version": ranked_list.version},
    )
    if request.method == "POST" and form.is_valid():
        signed = {name: form.cleaned_data[name] for name in ("version", "signatory", "statement")}
        sent = attempt(
            request,
            lambda: ranking.send(ranked_list, actor=request.user, regrets=form.regrets, **signed),
            "推荐名单已报送省厅。现在可以导出推荐汇总表（附件1）盖章。",
        )
        if sent:
            return redirect("review:board", slug)
    applications = Application.objects.visible_to(request.user).filter(round=ranked_list.round)
    context = {
        "ranked_list": ranked_list,
        "round": ranked_list.round,
        "due": ranked_list.due(Deadline.BUREAU),
        "form": form,
        "document": summary.preview(ranked_list),
        "places": places,
        "listed": listed,
        "free": len(ranking.seats_of(ranked_list)) - taken,
        "unfinished": applications.aggregate(
            **{
                status.value: Count("pk", filter=Q(status=status))
                for status in (Status.SUBMITTED, Status.RETURNED, Status.DRAFT)
            }
        ),
    }
    return render(request, "review/send.html", context)


@bureau_only
def recall(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the sent list back, with a reason."""
    ranked_list = own_list(request, slug)
    if ranked_list.is_open:
        return redirect("review:board", slug)
    form = RecallForm(request.POST or None, initial={"version": ranked_list.version})
    if request.method == "POST" and form.is_valid():
        recalled = attempt(
            request,
            lambda: ranking.recall(ranked_list, actor=request.user, **form.cleaned_data),
            "推荐名单已撤回，可以修改后重新报送。",
        )
        if recalled:
            return redirect("review:board", slug)
    context = {"ranked_list": ranked_list, "round": ranked_list.round, "form": form}
    status = 409 if request.method == "POST" else 200
    return render(request, "review/recall.html", context, status=status)


@bureau_only
def scan_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring the scan of the stamped table, with the code printed on it."""
    ranked_list = own_list(request, slug)
    if ranked_list.is_open:
        return redirect("review:board", slug)
    form = ScanForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            scan, is_new = scans.take(
                ranked_list,
                form.cleaned_data["file"],
                form.cleaned_data["check_code"],
                actor=request.user,
            )
        except scans.WrongCode as error:
            form.add_error("check_code", str(error))
        except PortalError as error:
            form.add_error("file", str(error))
        else:
            done = "已上传“{}”，校验码与报送的名单一致。"
            messages.success(request, (done if is_new else "“{}”已经上传过。").format(scan))
            return redirect("review:board", slug)
    context = {"ranked_list": ranked_list, "round": ranked_list.round, "form": form}
    status = 409 if request.method == "POST" else 200
    return render(request, "review/scan.html", context, status=status)


@require_safe
@officers_only
def scan(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The stamped table as it came back."""
    scans = StampedScan.objects.visible_to(request.user)
    related = ("ranked_list__bureau", "ranked_list__round")
    found = get_object_or_404(scans.select_related(*related), pk=pk)
    response = served(
        found.file, as_attachment=True, filename=found.name, content_type=found.content_type
    )
    trail.record(
        "download_scan",
        "下载盖章扫描件",
        actor=request.user,
        target=found.ranked_list,
        detail=f"{found}，SHA-256 {found.sha256}",
        once_in=trail.LOOK,
    )
    return response
