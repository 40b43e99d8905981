"""Which roles may open a page, who asks for it from where, what a refused post gives back.

Which rows they see there is ``visible_to``'s business.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from portal.accounts.models import Role

View = Callable[..., HttpResponse]


def role_required(*roles: Role) -> Callable[[View], View]:
    """Let only these roles in; others get the 403 page, which says whose page it is.

    What the province may look at, an auditor may look at too.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            role = request.user.role
            if role == Role.AUDITOR and request.method in ("GET", "HEAD"):
                role = Role.PROVINCE
            if role not in roles:
                raise PermissionDenied("、".join(role.label for role in roles))
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def address_of(request: HttpRequest) -> str:
    """The network address that a request comes from."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        return request.headers.get("X-Forwarded-For", address).rpartition(",")[2].strip()
    return address


def asks_for_data(request: HttpRequest) -> bool:
    """Whether it is a script that asks, to which a page says nothing."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


NOT_TYPED = frozenset(
    [
        "csrfmiddlewaretoken",
        "version",
        "revision",
        "seen",
        "then",
        "next",
        "move",
        "step",
        "application",
        "page",
        "format",
        "bureau",
        "early",
        "key",
        "kind",
        "field",
        "has_conflict",
        "also",
        "others",
        "remove",
        "a",
        "order",
        "exempt",
        "place",
        "verb",
        "scope",
        "listed",
        "show",
        "round",
        "is_urgent",
        "status",
        "column",
        "is_shared",
        "include_sent",
        "incomplete",
    ]
)
"""Names of what our forms post without anybody typing it, alone or before a dash and an id."""


def typed_but_not_saved(
    request: HttpRequest, heading: str, *, statement: str = "", onward: str = ""
) -> HttpResponse:
    """Refuse a post, giving back every text in it so that nothing typed is lost.

    ``statement`` is the address of the 利害关系声明 where that is what is missing, ``onward`` where
    to look when there is nothing any more to post it to.
    """
    texts = [
        value
        for name, values in request.POST.lists()
        if name.partition("-")[0] not in NOT_TYPED and "password" not in name
        for value in values
        if value.strip()
    ]
    context = {
        "heading": heading,
        "texts": texts,
        "page": request.get_full_path(),
        "statement": statement,
        "onward": onward,
    }
    response = render(request, "not_saved.html", context, status=403)
    add_never_cache_headers(response)
    return response
