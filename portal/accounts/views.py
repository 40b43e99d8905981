"""Registering, signing in, changing one's password; an enterprise's people."""

import re

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal.accounts import credit_code, team
from portal.accounts.access import role_required
from portal.accounts.forms import (
    InvitationForm,
    JoinForm,
    NewPasswordForm,
    RegistrationForm,
    SignInForm,
)
from portal.accounts.models import Invitation, Role, User
from portal.errors import PortalError

enterprise_only = role_required(Role.ENTERPRISE)

NEW_LINK = "invitation"
"""The cookie that carries a new link's token over the redirect to the page that shows it once."""

sign_in = auth_views.LoginView.as_view(
    template_name="accounts/login.html",
    authentication_form=SignInForm,
    redirect_authenticated_user=True,
)
sign_out = auth_views.LogoutView.as_view()
change_password = auth_views.PasswordChangeView.as_view(
    template_name="accounts/password.html",
    form_class=NewPasswordForm,
    success_url=reverse_lazy("accounts:password_changed"),
)


@login_not_required
@never_cache
@ensure_csrf_cookie
@sensitive_post_parameters("password")
def session(request: HttpRequest) -> JsonResponse:
    """Who is signed in, for the script of a page that is open; posted to, signs somebody in."""
    if request.method == "POST":
        form = SignInForm(request, request.POST)
        if not form.is_valid():
            message = next(iter(form.errors.values()))[0]
            return JsonResponse({"message": message}, status=400)
        login(request, form.get_user())
    return JsonResponse({"user": request.user.pk})


@login_not_required
@sensitive_post_parameters("password", "password_again")
def register(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (user := form.register()):
        login(request, user)
        messages.success(request, f"注册成功。您的登录名是 {user.enterprise.credit_code}。")
        if hint := credit_code.region_hint(user.enterprise.credit_code):
            messages.info(request, hint)
        return redirect("home")
    return render(request, "accounts/register.html", {"form": form})


def password_changed(request: HttpRequest) -> HttpResponse:
    messages.success(request, "密码已修改。")
    return redirect("home")


# An enterprise's people


@require_safe
@enterprise_only
def team_page(request: HttpRequest) -> HttpResponse:
    """Who acts for the enterprise; for administrators, with what they can do about it."""
    response = _team_page(request, InvitationForm())
    response.delete_cookie(NEW_LINK, path=request.path)
    return response


def _team_page(request: HttpRequest, form: InvitationForm) -> HttpResponse:
    members = User.objects.visible_to(request.user).order_by("-is_active", "date_joined", "pk")
    context = {
        "form": form,
        "members": [(member, team.changes_for(member)) for member in members],
        "invitations": Invitation.objects.visible_to(request.user)
        .open()
        .select_related("created_by"),
        "valid_days": team.VALID_FOR.days,
    }
    token = request.COOKIES.get(NEW_LINK, "")
    if re.fullmatch(r"[\w-]+", token):
        context["link"] = request.build_absolute_uri(reverse("accounts:join", args=[token]))
    return render(request, "accounts/team.html", context)


@require_POST
@enterprise_only
def invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _team_page(request, form)
    response = redirect("accounts:team")
    try:
        _invitation, token = team.invite(**form.cleaned_data, actor=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return response
    response.set_cookie(
        NEW_LINK,
        token,
        max_age=300,
        path=response.url,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


@require_POST
@enterprise_only
def withdraw_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=pk)
    try:
        team.withdraw_invitation(invitation, actor=request.user)
        messages.success(request, f"已撤销对{invitation}的邀请，链接随即作废。")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("accounts:team")


@require_POST
@enterprise_only
def change_member(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    member = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    change = team.BY_VERB.get(verb)
    if change is None:
        raise Http404
    try:
        team.apply(change, member, actor=request.user)
        messages.success(request, f"{member}：已{change.label}。")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("accounts:team")


@login_not_required
@never_cache
@sensitive_post_parameters("password", "password_again")
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link of an invitation leads."""
    if request.user.is_authenticated:
        messages.info(request, "您已登录。邀请链接供受邀的同事本人使用，请先退出再打开。")
        return redirect("home")
    form = JoinForm(request.POST or None)
    # Before the invitation is looked up: of two who use it at once, the slower one must not be
    # told that his own sign-in name is taken.
    is_valid = form.is_valid()
    try:
        invitation = team.find_invitation(token)
        if is_valid and (user := form.join(invitation)):
            login(request, user)
            messages.success(request, f"账号已建立。您的登录名是 {user.username}。")
            return redirect("home")
    except PortalError as error:
        return render(request, "accounts/join.html", {"refusal": error}, status=404)
    return render(request, "accounts/join.html", {"form": form, "invitation": invitation})
