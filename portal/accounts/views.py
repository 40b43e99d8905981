"""Registering, signing in, changing one's password."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.debug import sensitive_post_parameters

from portal.accounts import credit_code
from portal.accounts.forms import NewPasswordForm, RegistrationForm, SignInForm

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
