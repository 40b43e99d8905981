"""消息: what one was told, and how one wants to be told."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.audit import trail
from portal.messaging.forms import PreferencesForm
from portal.messaging.models import Message


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The unread ones first, narrowed to one kind if asked."""
    return _page(request, PreferencesForm(instance=request.user))


def _page(request: HttpRequest, form: PreferencesForm) -> HttpResponse:
    own = Message.objects.visible_to(request.user)
    kind = request.GET.get("kind", "")
    listed = own.filter(kind=kind) if kind in Message.Kind else own
    page = Paginator(listed.unread_first(), settings.PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "kinds": [("", "全部"), *Message.Kind.choices],
        "kind": kind,
        # What arrives after this page was made is not marked by its button.
        "seen": own.order_by("-pk").values_list("pk", flat=True).first(),
        "form": form,
    }
    return render(request, "messaging/index.html", context)


@require_safe
def open_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Go where a message leads; having followed it, one has read it.

    A link and no button, so that it opens from a mail too; all it changes is one's own mark.
    """
    own = Message.objects.visible_to(request.user)
    message = get_object_or_404(own, pk=pk)
    own.filter(pk=pk).read()
    return redirect(message.url)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark as read what there was when the page was shown."""
    seen = request.POST.get("seen", "")
    if seen.isdecimal():
        Message.objects.visible_to(request.user).filter(pk__lte=int(seen)).read()
    return redirect("messaging:index")


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.POST, instance=request.user)
    if not form.is_valid():
        return _page(request, form)
    with transaction.atomic():
        user = form.save()
        trail.record("message_preferences", "修改邮件设置", actor=user, target=user)
    messages.success(request, "已保存。")
    return redirect("messaging:index")
