"""What the enterprise's pages have in common."""

from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from applications.models import Application, Event
from applications.states import Status
from portal.accounts.access import role_required
from portal.accounts.models import Role

enterprise_only = role_required(Role.ENTERPRISE)


def own_application(request: HttpRequest, pk: int) -> Application:
    return get_object_or_404(Application.objects.visible_to(request.user).with_parties(), pk=pk)


def with_sections(request: HttpRequest, pk: int) -> Application:
    return get_object_or_404(Application.objects.visible_to(request.user).with_sections(), pk=pk)


def say_saved(request: HttpRequest) -> None:
    """When it was saved; what is wrong is counted by the page that lists it."""
    messages.success(request, f"已保存 {timezone.localtime():%H:%M:%S}")


def returned(application: Application) -> Event | None:
    """What the bureau said when it returned the application, as long as it stands returned."""
    if application.status != Status.RETURNED:
        return None
    returns = application.events.filter(target=Status.RETURNED)
    return returns.select_related("actor").first()
