"""Forms for signing in, registering and inviting colleagues."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Fieldset, Layout, Row
from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from portal.accounts import credit_code, team, throttling
from portal.accounts.access import address_of
from portal.accounts.models import (
    Enterprise,
    Invitation,
    Role,
    User,
    mobile_validator,
    tidy_mobile,
)
from portal.audit import trail
from portal.catalogue.models import Bureau
from portal.catalogue.spreadsheet import SheetField
from portal.documents.model import clean_text

# What helps a browser and its keyboard to fill in a field.
ASSISTANCE = {
    "name": {"autocomplete": "organization"},
    "credit_code": {
        "autocomplete": "username",
        "inputmode": "text",
        "autocapitalize": "characters",
        "spellcheck": "false",
    },
    "contact": {"autocomplete": "name"},
    "username": {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
}


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "登录名或密码不正确。企业首个账号的登录名是统一社会信用代码；"
        "密码区分大小写。",
        "inactive": "该账号已停用，请联系管理员。",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "登录名"
        self.fields["username"].help_text = "企业请填统一社会信用代码；受邀同事填自己的登录名。"
        for field in self.fields.values():
            field.error_messages["required"] = f"请填写“{field.label}”。"

    def clean_username(self) -> str:
        return User.normalize_username(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        name, address = self.cleaned_data.get("username", ""), address_of(self.request)
        if not (name and self.cleaned_data.get("password")):
            return super().clean()
        try:
            throttling.require_patience(name, address)
        except throttling.Paused as paused:
            raise ValidationError(str(paused)) from None
        try:
            return super().clean()
        except ValidationError:
            throttling.note_failure(name, address)
            raise

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        return helper


class CreditCodeField(forms.CharField):
    """Normalised before it is checked, so that blanks and lower case are no mistake."""

    default_validators = [credit_code.validate]

    def to_python(self, value: Any) -> str:
        return credit_code.normalise(super().to_python(value))


class LimitedField(forms.CharField):
    """Text that says by how much it is too long.

    The browser is not told the limit: it would cut a paste without a word.
    """

    def run_validators(self, value: str) -> None:
        if self.max_length is not None and len(value) > self.max_length:
            raise ValidationError(
                f"最多 {self.max_length} 字，现有 {len(value)} 字，"
                f"请删减 {len(value) - self.max_length} 字。",
                code="max_length",
            )
        super().run_validators(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs


class NameField(LimitedField):
    """A name on one line, without what nobody can see; nothing but that is no name."""

    def to_python(self, value: Any) -> str:
        return " ".join(clean_text(super().to_python(value)).split())


class SignInNameField(LimitedField):
    """A sign-in name as people type it, without what nobody can see."""

    default_validators = [UnicodeUsernameValidator(message="登录名只用文字、数字和 @ . + - _ 。")]

    def to_python(self, value: Any) -> str:
        return User.normalize_username(super().to_python(value))


class MobileField(forms.CharField):
    """A mobile number however its digits are grouped; no limit that would cut off a paste."""

    default_validators = [mobile_validator]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"inputmode": "tel", "autocomplete": "tel-national"}

    def to_python(self, value: Any) -> str:
        return tidy_mobile(super().to_python(value))


WEAK_PASSWORD = {
    "password_too_similar": "密码与登录名或姓名太相似，请换一个。",
    "password_too_short": "密码至少 10 位。",
    "password_too_common": "这个密码太常见，容易被猜到，请换一个。",
    "password_entirely_numeric": "密码不能全是数字，请加入字母或符号。",
}
"""Django's reasons for refusing a password, each in one plain sentence."""


def weaknesses(password: str, user: User) -> list[str]:
    """What speaks against a password, in Chinese; nothing for a good one."""
    try:
        password_validation.validate_password(password, user)
    except ValidationError as refused:
        return [
            WEAK_PASSWORD.get(error.code, "".join(error.messages)) for error in refused.error_list
        ]
    return []


class NewPasswordForm(PasswordChangeForm):
    """Changing one's own password; ``address`` is where that is asked for."""

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    def clean_old_password(self) -> str:
        password = self.cleaned_data["old_password"]
        try:
            if throttling.is_right(password, self.user, self.address):
                return password
        except throttling.Paused as paused:
            raise ValidationError(str(paused)) from None
        raise ValidationError(self.error_messages["password_incorrect"])

    def validate_password_for_user(self, user: User, password_field_name: str = "") -> None:
        password = self.cleaned_data.get("new_password2")
        for weakness in weaknesses(password, user) if password else ():
            self.add_error("new_password2", weakness)


class NewAccountForm(forms.Form):
    """What everybody chooses who opens an account: a good password, typed twice."""

    mobile = MobileField(label="手机号码", help_text="11 位手机号码。")
    password = forms.CharField(
        label="密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="至少 10 位，不能全为数字，不要使用常见密码。",
    )
    password_again = forms.CharField(
        label="再输一次密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            verb = "请选择" if name == "bureau" else "请填写"
            field.error_messages["required"] = f"{verb}“{field.label}”。"
            field.widget.attrs |= ASSISTANCE.get(name, {})

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        password, again = data.get("password"), data.get("password_again")
        if password and again and password != again:
            self.add_error("password_again", "两次输入的密码不一致。")
        for weakness in weaknesses(password, self._user()) if password else ():
            self.add_error("password", weakness)
        return data

    def _user(self) -> User:
        """The account as described so far, not stored."""
        raise NotImplementedError


class RegistrationForm(NewAccountForm, forms.ModelForm):
    """An enterprise and its first account, made together."""

    field_order = ["name", "credit_code", "bureau", "contact", "mobile"]

    credit_code = CreditCodeField(
        label=Enterprise._meta.get_field("credit_code").verbose_name,
        help_text="18 位，见营业执照；它就是您以后的登录名。",
    )
    contact = NameField(label="联系人姓名", max_length=30)
    mobile = MobileField(label="联系人手机号码", help_text="11 位手机号码。")

    class Meta:
        model = Enterprise
        fields = ["name", "credit_code", "bureau"]
        field_classes = {"name": NameField}
        help_texts = {
            "name": "与营业执照一致的全称。",
            "bureau": "由其审核并推荐。综改示范区内企业请选综改示范区管委会。",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bureau"].queryset = Bureau.objects.all()
        self.fields["bureau"].empty_label = "请选择"

    def _user(self) -> User:
        data = self.cleaned_data
        return User(
            username=User.normalize_username(data.get("credit_code", "")),
            name=data.get("contact", ""),
            mobile=data.get("mobile", ""),
            role=Role.ENTERPRISE,
            is_unit_admin=True,
            is_signatory=True,  # so that an enterprise of one person can finish alone
        )

    def validate_unique(self) -> None:
        """Left to ``register``: an enterprise without an account may still get its first one."""

    def register(self) -> User | None:
        """Create enterprise and account; None, with the form's error set, when there is one.

        An enterprise that the province has recorded already keeps its name and its bureau; one
        that has people already is joined by their invitation only.
        """
        user = self._user()
        user.set_password(self.cleaned_data["password"])
        try:
            with transaction.atomic():
                user.enterprise, _ = Enterprise.objects.get_or_create(
                    credit_code=self.cleaned_data["credit_code"],
                    defaults={name: self.cleaned_data[name] for name in ("name", "bureau")},
                )
                if user.enterprise.user_set.exists():
                    raise IntegrityError
                user.save()
                trail.record("register", "企业注册", actor=user, target=user.enterprise)
        except IntegrityError:  # the sign-in name is the code, and unique
            field = Enterprise._meta.get_field("credit_code")
            self.add_error("credit_code", field.error_messages["unique"])
            return None
        return user

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.layout = Layout(
            Fieldset("企业", "name", "credit_code", "bureau"),
            Fieldset(
                "联系人与密码",
                Row(
                    Column("contact", css_class="col-md-6"), Column("mobile", css_class="col-md-6")
                ),
                Row(
                    Column("password", css_class="col-md-6"),
                    Column("password_again", css_class="col-md-6"),
                ),
            ),
        )
        return helper


class InvitationForm(forms.ModelForm):
    """Whom an administrator invites, and whether to sign, which an enterprise's people do."""

    class Meta:
        model = Invitation
        fields = ["name", "is_signatory"]
        field_classes = {"name": NameField}
        help_texts = {"is_signatory": User._meta.get_field("is_signatory").help_text}

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].error_messages["required"] = "请填写受邀同事的姓名。"
        if not by.is_enterprise:
            del self.fields["is_signatory"]

    def _post_clean(self) -> None:
        """Left to ``team``, which knows the unit."""


OFFICER_ROLES = [(role.value, role.label) for role in (Role.BUREAU, Role.PROVINCE, Role.AUDITOR)]


class OfficerForm(forms.ModelForm):
    """Whom the province invites: an officer of a bureau, one of its own, or an auditor."""

    class Meta:
        model = Invitation
        fields = ["name", "role", "bureau", "is_unit_admin"]
        field_classes = {"name": NameField}
        help_texts = {
            "bureau": "推荐单位的人员须选择。",
            "is_unit_admin": "推荐单位的人员可设，能邀请、停用本单位的账号。",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].error_messages["required"] = "请填写姓名。"
        self.fields["role"].choices = OFFICER_ROLES
        self.fields["role"].error_messages["invalid_choice"] = "请从列出的角色中选择。"
        self.fields["bureau"].queryset = Bureau.objects.all()
        self.fields["bureau"].empty_label = "不属于推荐单位"

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("role") == Role.BUREAU and not said.get("bureau"):
            self.add_error("bureau", "请选择推荐单位。")
        elif said.get("role") != Role.BUREAU and said.get("bureau"):
            self.add_error("bureau", "省厅和审计账号不属于推荐单位，请选“不属于推荐单位”。")
        return said

    def _post_clean(self) -> None:
        """Left to ``team``."""


class SheetForm(forms.Form):
    """An Excel sheet of officers."""

    file = SheetField()


class JoinForm(NewAccountForm):
    """The account of somebody who was invited."""

    field_order = ["username", "mobile"]

    username = SignInNameField(
        label="登录名",
        max_length=30,
        help_text="以后用它登录，如手机号码或姓名拼音；定后不能再改。",
    )

    def clean_username(self) -> str:
        name = self.cleaned_data["username"]
        field = User._meta.get_field("username")
        if is_credit_code(name):
            raise ValidationError("统一社会信用代码留给企业首次注册使用，请换一个。")
        if User.objects.filter(username=name).exists():
            raise ValidationError(field.error_messages["unique"])
        return name

    def _user(self) -> User:
        data = self.cleaned_data
        return User(username=data.get("username", ""), mobile=data.get("mobile", ""))

    def join(self, invitation: Invitation) -> User | None:
        """Open the account; None, with the form's error set, when the sign-in name is taken."""
        user = self._user()
        user.set_password(self.cleaned_data["password"])
        try:
            team.accept(invitation, user)
        except IntegrityError:
            field = User._meta.get_field("username")
            self.add_error("username", field.error_messages["unique"])
            return None
        return user


def is_credit_code(text: str) -> bool:
    try:
        credit_code.validate(credit_code.normalise(text))
    except ValidationError:
        return False
    return True
