"""Middleware of the whole portal."""

import time
from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from portal.accounts.access import asks_for_data, typed_but_not_saved

GetResponse = Callable[[HttpRequest], HttpResponse]


def refuse_nul(get_response: GetResponse) -> GetResponse:
    """Answer 400 to an address with a NUL in it, which no database takes and no person types."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        return get_response(request)

    return middleware


class SignInRequired(LoginRequiredMiddleware):
    """Signing in is required everywhere; what was posted after a session ended is shown again."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponse]
    ) -> HttpResponse:
        if asks_for_data(request):
            response = JsonResponse({"message": "登录已失效，请重新登录。"}, status=401)
            add_never_cache_headers(response)
            return response
        if request.method == "POST":
            return typed_but_not_saved(request, "登录已失效，刚才的内容没有保存")
        return super().handle_no_permission(request, view_func)


def keep_signed_in(get_response: GetResponse) -> GetResponse:
    """Let a session end long after the last visit, not after signing in; one write an hour."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        hour = int(time.time() // 3600)
        if request.user.is_authenticated and (
            request.session.modified or request.session.get("hour", hour) != hour
        ):
            request.session["hour"] = hour
        return response

    return middleware


def explain_refused_method(get_response: GetResponse) -> GetResponse:
    """Give 405 a page: it is seen after opening the address of a button, as from the history."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = render(request, "405.html").content
            response["Content-Type"] = "text/html; charset=utf-8"
        return response

    return middleware


def no_store(get_response: GetResponse) -> GetResponse:
    """Keep everything a signed-in person sees out of every cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    return middleware
