"""提醒: the province writes, looks at what each will read, and sends."""

from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from portal.catalogue.models import Bureau
from portal.documents.model import clean_text
from portal.errors import PortalError
from portal.rounds.models import Round
from review import reminders
from review.forms import ReminderForm
from review.models import Reminder
from review.reminders import Scope
from review.views.shared import province_only

PREVIEWED = 20
"""How many letters a preview shows in full; the others say the same with their own facts."""


@require_http_methods(["GET", "HEAD", "POST"])
@province_only
def remind(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a reminder, look at it as each will get it, send it; below, those sent before."""
    round = get_object_or_404(Round.objects.published(), slug=slug)
    data = request.POST or request.GET
    scope = Scope.ENTERPRISES if data.get("scope") == Scope.ENTERPRISES else Scope.UNITS
    bureau = clean_text(data.get("bureau", ""))[:6]
    groups = reminders.groups(round, scope, request.user, bureau)
    letters = None
    if request.method == "POST":
        form = ReminderForm(request.POST)
        if form.is_valid() and request.POST.get("step") != "edit":
            words = form.cleaned_data
            try:
                letters = reminders.letters(groups, words["title"], words["text"])
                if request.POST.get("step") == "send" and _is_as_previewed(request, letters):
                    _send(request, round, scope, letters, words)
                    asked = {"scope": scope.value, "bureau": bureau}
                    return redirect(f"{reverse('review:remind', args=[slug])}?{urlencode(asked)}")
            except PortalError as error:
                form.add_error(None, str(error))
    else:
        form = ReminderForm(initial=reminders.draft(scope, groups))
    sent = Reminder.objects.visible_to(request.user).filter(round=round).select_related("sent_by")
    page = Paginator(sent, settings.PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = reminders.with_readers(page.object_list)
    context = {
        "round": round,
        "scope": scope,
        "scopes": Scope,
        "bureau": next((b for b in Bureau.objects.cached() if b.code == bureau), None),
        "groups": groups,
        "people": sum(len(group.people) for group in groups),
        "letters": letters and letters[:PREVIEWED],
        "more": letters and letters[PREVIEWED:],
        "seen": letters and reminders.digest(letters),
        "key": clean_text(request.POST.get("key", ""))[:32] or uuid4().hex,
        "form": form,
        "page": page,
    }
    return render(request, "review/remind.html", context)


def _is_as_previewed(request: HttpRequest, letters: list[reminders.Letter]) -> bool:
    if request.POST.get("seen") == reminders.digest(letters):
        return True
    messages.warning(request, "预览之后情况有变化，还没有发送。请再看一遍下面的最新内容。")
    return False


def _send(
    request: HttpRequest,
    round: Round,
    scope: Scope,
    letters: list[reminders.Letter],
    words: dict,
) -> None:
    key = clean_text(request.POST.get("key", ""))[:32] or uuid4().hex
    if reminders.send(round, scope, letters, **words, key=key, actor=request.user):
        people = sum(len(letter.group.people) for letter in letters)
        messages.success(request, f"已发送给 {len(letters)} 家，共 {people} 人。")
    else:
        messages.info(request, "这条提醒已经发送过，没有重复发送。")
