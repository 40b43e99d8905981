"""Registering, signing in, changing one's password; a unit's people, and all officers."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal import once
from portal.accounts import credit_code, team, throttling
from portal.accounts.access import address_of, role_required
from portal.accounts.forms import (
    OFFICER_ROLES,
    InvitationForm,
    JoinForm,
    NewPasswordForm,
    OfficerForm,
    RegistrationForm,
    SheetForm,
    SignInForm,
)
from portal.accounts.models import Invitation, Role, User
from portal.accounts.resources import SHEET_COLUMNS, OfficerResource, said_of, take_in_officers
from portal.audit import trail
from portal.catalogue import spreadsheet
from portal.catalogue.editions import lines
from portal.catalogue.models import Bureau
from portal.errors import PortalError

units_only = role_required(Role.ENTERPRISE, Role.BUREAU)
province_only = role_required(Role.PROVINCE)
in_charge_only = role_required(Role.ENTERPRISE, Role.BUREAU, Role.PROVINCE)

NEW_LINK = "invitation"
"""Under which name the token of a new link is handed to the page that shows it once."""


def _enter(request: HttpRequest, user: User) -> None:
    with transaction.atomic():
        login(request, user)
        where = throttling.place(address_of(request))
        trail.record(throttling.SIGNED_IN, "登录", actor=user, detail=where)


class SignIn(auth_views.LoginView):
    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: SignInForm) -> HttpResponse:
        _enter(self.request, form.get_user())
        return redirect(self.get_success_url())


class SignOut(auth_views.LogoutView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            trail.record("sign_out", "退出登录", actor=request.user)
            return super().post(request, *args, **kwargs)


class ChangePassword(auth_views.PasswordChangeView):
    template_name = "accounts/password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("accounts:password_changed")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"address": address_of(self.request)}

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        with transaction.atomic():
            trail.record("password", "修改密码", actor=self.request.user)
            return super().form_valid(form)


sign_in, sign_out, change_password = SignIn.as_view(), SignOut.as_view(), ChangePassword.as_view()


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
        _enter(request, form.get_user())
    return JsonResponse({"user": request.user.pk})


@login_not_required
@sensitive_post_parameters("password", "password_again")
def register(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (user := form.register()):
        _enter(request, user)
        messages.success(request, f"注册成功。您的登录名是 {user.enterprise.credit_code}。")
        if hint := credit_code.region_hint(user.enterprise.credit_code):
            messages.info(request, hint)
        return redirect("home")
    return render(request, "accounts/register.html", {"form": form})


def password_changed(request: HttpRequest) -> HttpResponse:
    messages.success(request, "密码已修改。")
    return redirect("home")


# A unit's people


@require_safe
@units_only
def team_page(request: HttpRequest) -> HttpResponse:
    """Who acts for the unit; for administrators, with what they can do about it."""
    page = _team_page(request, InvitationForm(by=request.user))
    return once.forget(page, NEW_LINK, request.path)


def _team_page(request: HttpRequest, form: InvitationForm) -> HttpResponse:
    members = User.objects.visible_to(request.user).order_by("-is_active", "date_joined", "pk")
    context = {
        "form": form,
        "members": [(member, team.changes_for(member)) for member in members],
        "invitations": Invitation.objects.visible_to(request.user)
        .open()
        .select_related("created_by"),
        "valid_days": team.VALID_FOR.days,
        "link": _new_link(request),
    }
    return render(request, "accounts/team.html", context)


def _new_link(request: HttpRequest) -> str:
    """The link of the invitation just made, once; '' otherwise."""
    token = once.handed_over(request.COOKIES, NEW_LINK)
    return token and request.build_absolute_uri(reverse("accounts:join", args=[token]))


@require_POST
@units_only
def invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST, by=request.user)
    if not form.is_valid():
        return _team_page(request, form)
    return _invited(
        request, "accounts:team", lambda: team.invite(**form.cleaned_data, actor=request.user)
    )


def _invited(
    request: HttpRequest, page: str, act: Callable[[], tuple[Invitation, str]]
) -> HttpResponse:
    """Back to the page, which shows the link that the act made."""
    response = redirect(page)
    try:
        _invitation, token = act()
    except PortalError as error:
        messages.error(request, str(error))
        return response
    return once.hand_over(response, NEW_LINK, token)


def _people_page(user: User) -> str:
    return "accounts:officers" if user.is_province else "accounts:team"


@require_POST
@in_charge_only
def withdraw_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=pk)
    try:
        team.withdraw_invitation(invitation, actor=request.user)
        messages.success(request, f"已撤销对{invitation}的邀请，链接随即作废。")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(_people_page(request.user))


@require_POST
@in_charge_only
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
    return redirect(_people_page(request.user))


# The officers, for the province


@require_safe
@province_only
def officers(request: HttpRequest) -> HttpResponse:
    """The people of all bureaus and of the province, unit by unit."""
    page = _officers_page(request, OfficerForm(), SheetForm())
    return once.forget(page, NEW_LINK, request.path)


def _officers_page(
    request: HttpRequest,
    form: OfficerForm,
    sheet: SheetForm,
    problems: Sequence[tuple[int | None, str]] = (),
    status: int = 200,
) -> HttpResponse:
    members = User.objects.visible_to(request.user)
    by_unit: dict[str, list[User]] = {label: [] for _role, label in OFFICER_ROLES[1:]}
    by_unit |= {str(bureau): [] for bureau in Bureau.objects.cached()}
    for member in members.order_by("-is_active", "date_joined", "pk"):
        by_unit.setdefault(member.affiliation, []).append(member)
    context = {
        "form": form,
        "sheet": sheet,
        "problems": problems,
        "columns": SHEET_COLUMNS,
        "units": [
            (name, [(member, team.changes_for(member)) for member in people])
            for name, people in by_unit.items()
        ],
        "invitations": Invitation.objects.visible_to(request.user)
        .open()
        .select_related("bureau", "created_by"),
        "valid_days": team.VALID_FOR.days,
        "link": _new_link(request),
    }
    return render(request, "accounts/officers.html", context, status=status)


@require_POST
@province_only
def invite_officer(request: HttpRequest) -> HttpResponse:
    form = OfficerForm(request.POST)
    if not form.is_valid():
        return _officers_page(request, form, SheetForm(), status=409)
    said = form.cleaned_data
    return _invited(
        request,
        "accounts:officers",
        lambda: team.invite_officer(**said | {"role": Role(said["role"])}, actor=request.user),
    )


@require_POST
@province_only
def import_officers(request: HttpRequest) -> HttpResponse:
    """Take in a sheet of officers, all of it or, with what is wrong in which row, nothing."""
    sheet = SheetForm(request.POST, request.FILES)
    problems: list[tuple[int | None, str]] = []
    if sheet.is_valid():
        try:
            result = take_in_officers(sheet.cleaned_data["file"], actor=request.user)
        except PortalError as error:
            sheet.add_error("file", str(error))
        else:
            problems = list(lines(result))
            if not problems:
                messages.success(request, said_of(result))
                return redirect("accounts:officers")
    return _officers_page(request, OfficerForm(), sheet, problems, status=409)


@require_POST
@province_only
def export_officers(request: HttpRequest) -> HttpResponse:
    """The officers as the sheet that can be taken in again."""
    rows = OfficerResource().export(User.objects.visible_to(request.user))
    trail.record("export_officers", "导出人员账号", actor=request.user, detail=f"{len(rows)} 人")
    return HttpResponse(
        spreadsheet.write(rows),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={
            "Content-Disposition": content_disposition_header(
                True, f"{User._meta.verbose_name}-{timezone.localdate():%Y%m%d}.xlsx"
            )
        },
    )


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
            _enter(request, user)
            messages.success(request, f"账号已建立。您的登录名是 {user.username}。")
            return redirect("home")
    except PortalError as error:
        return render(request, "accounts/join.html", {"refusal": error}, status=404)
    return render(request, "accounts/join.html", {"form": form, "invitation": invitation})
