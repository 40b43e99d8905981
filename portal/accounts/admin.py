"""Back office of accounts: enterprises and their people; of officers, names and passwords."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    ReadOnlyPasswordHashWidget,
    UserChangeForm,
    UserCreationForm,
)
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html

from portal.accounts import team
from portal.accounts.forms import CreditCodeField
from portal.accounts.models import Enterprise, Role, User
from portal.accounts.resources import EnterpriseResource
from portal.adminsite import ProvinceModelAdmin
from portal.audit import trail
from portal.catalogue.resources import SheetAdmin

# Groups and their permissions mean nothing here: ProvinceAdmin has one rule for everything.
admin.site.unregister(Group)

CODE_IS_FIXED = "该企业已有账号，登录名就是此代码，所以不能再改。"
NO_ACCOUNT = "该企业尚未注册账号，可用其统一社会信用代码自行注册。"
BUREAU_CORRECTED = (
    "更正后，尚未提交（包括已撤回）的申报在提交时送新的推荐单位；"
    "已提交和退回修改的申报不变，仍由原推荐单位办理。"
)


@admin.register(Enterprise)
class EnterpriseAdmin(SheetAdmin):
    resource_classes = [EnterpriseResource]
    fields = EnterpriseResource.Meta.fields
    list_display = ("name", "credit_code", "bureau", "account_count", "created_at")
    list_filter = ("bureau",)
    list_select_related = ("bureau",)
    search_fields = ("name", "credit_code")
    search_help_text = "账号数为 0 的企业尚未注册账号，可用其统一社会信用代码自行注册。"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Enterprise]:
        return super().get_queryset(request).annotate(account_count=models.Count("user"))

    @admin.display(description="账号数", ordering="account_count")
    def account_count(self, enterprise: Enterprise) -> int:
        return enterprise.account_count

    def get_readonly_fields(
        self, request: HttpRequest, obj: Enterprise | None = None
    ) -> tuple[str, ...]:
        """Its first account signs in with the code."""
        return ("credit_code",) if obj and obj.account_count else ()

    def get_form(
        self, request: HttpRequest, obj: Enterprise | None = None, **kwargs: Any
    ) -> type[forms.ModelForm]:
        code = CODE_IS_FIXED if obj and obj.account_count else NO_ACCOUNT
        texts = {"credit_code": code, "bureau": BUREAU_CORRECTED if obj else ""}
        return super().get_form(request, obj, help_texts=texts, **kwargs)

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name == "credit_code":
            # Without max_length: the browser would cut off a pasted code with blanks in it.
            kwargs |= {"form_class": CreditCodeField, "max_length": None}
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class PasswordForm(AdminPasswordChangeForm):
    usable_password_help_text = format_html(
        '<ul id="id_unusable_warning" class="messagelist"><li class="warning">{}</li></ul>',
        "选“禁用”后现有密码作废，此人不能再用密码登录。",
    )


class PasswordNote(ReadOnlyPasswordHashWidget):
    """The button to reset a password, without the particulars of its hash."""

    def get_context(self, name: str, value: str | None, attrs: dict | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"summary": []}


class UserForm(UserChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        password = self.fields["password"]
        password.widget = PasswordNote()
        password.help_text = "密码加密保存，谁也看不到；忘记时可在此重置。"


@admin.register(User)
class UserAdmin(ProvinceModelAdmin, BaseUserAdmin):
    """Everybody's accounts. Officers come and go on the portal's own page."""

    form = UserForm
    add_form = UserCreationForm
    add_form_template = None
    change_password_form = PasswordForm
    list_display = ("username", "name", "role", "unit", "is_active", "is_staff", "last_login")
    list_filter = ("role", "is_active", "is_unit_admin", "is_signatory", "is_staff", "bureau")
    search_fields = ("username", "name", "enterprise__name", "bureau__name")
    autocomplete_fields = ("enterprise",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    _team = ("is_unit_admin", "is_signatory")
    add_fieldsets = (
        (None, {"fields": ("username", "password1", "password2")}),
        ("企业人员", {"fields": ("name", "mobile", "enterprise")}),
        ("在企业中", {"fields": _team}),
    )
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("人员", {"fields": ("name", "mobile", "role", "enterprise", "bureau")}),
        ("在企业中", {"fields": _team}),
        ("权限", {"fields": ("is_active", "is_staff"), "description": "进入后台须为省厅人员。"}),
        ("时间", {"fields": ("last_login", "date_joined")}),
    )

    @admin.display(description="单位")
    def unit(self, user: User) -> str:
        return user.affiliation

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = (*self.readonly_fields, "role", "bureau")
        if obj and not obj.is_enterprise:
            fields += ("enterprise", "is_active", *self._team)
        # Nobody locks himself out.
        return (*fields, "is_staff") if obj == request.user else fields

    def get_form(
        self, request: HttpRequest, obj: User | None = None, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, **kwargs)
        if field := form.base_fields.get("enterprise"):
            field.required = True
        return form

    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool
    ) -> None:
        before = form.initial.get("enterprise")
        if not change:
            obj.role = Role.ENTERPRISE
        super().save_model(request, obj, form, change)
        for enterprise in Enterprise.objects.filter(pk__in={before, obj.enterprise_id} - {None}):
            if heir := team.settle(enterprise):
                act = ("account_make_admin", "账号：设为单位管理员")
                trail.record(*act, actor=request.user, target=heir)
                messages.warning(
                    request,
                    f"{enterprise}没有可登录的单位管理员，已将最早的账号 {heir.username}"
                    f"（{heir}）设为单位管理员。",
                )
