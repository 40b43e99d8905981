"""A secret that one request makes and the page after it shows once.

A cookie carries it over the redirect to that page alone: it is stored nowhere and stands in no
address or history.
"""

import re
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

LIFETIME = 300
"""Seconds in which the redirect has to arrive."""


def hand_over(response: HttpResponseRedirect, name: str, secret: str) -> HttpResponseRedirect:
    """Let a redirect carry ``secret``, of letters, digits, _ and -, to the page it leads to."""
    response.set_cookie(
        name,
        secret,
        max_age=LIFETIME,
        path=response.url,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def handed_over(cookies: Mapping[str, str], name: str) -> str:
    """The secret that has just been made; '' otherwise."""
    secret = cookies.get(name, "")
    return secret if re.fullmatch(r"[\w-]+", secret) else ""


def forget(response: HttpResponse, name: str, path: str) -> HttpResponse:
    """Have the page at ``path`` show it no second time."""
    response.delete_cookie(name, path=path)
    return response
