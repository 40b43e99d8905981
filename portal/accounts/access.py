"""Which roles may open a page, and whether a script asks for it.

Which rows they see there is ``visible_to``'s business.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from portal.accounts.models import Role

View = Callable[..., HttpResponse]


def role_required(*roles: Role) -> Callable[[View], View]:
    """Let only these roles in; others get the 403 page, which says whose page it is."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.role not in roles:
                raise PermissionDenied("、".join(role.label for role in roles))
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def asks_for_data(request: HttpRequest) -> bool:
    """Whether it is a script that asks, to which a page says nothing."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
