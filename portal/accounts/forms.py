"""Forms for signing in and registering."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Fieldset, Layout, Row
from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from portal.accounts import credit_code
from portal.accounts.models import Enterprise, Role, User, mobile_validator, tidy_mobile
from portal.catalogue.models import Bureau
from portal.documents.model import clean_text


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "登录名或密码不正确。企业的登录名是统一社会信用代码；密码区分大小写。",
        "inactive": "该账号已停用，请联系管理员。",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "登录名"
        self.fields["username"].help_text = "企业请填统一社会信用代码。"

    def clean_username(self) -> str:
        return User.normalize_username(self.cleaned_data["username"])

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


class NameField(forms.CharField):
    """A name on one line, without what nobody can see; nothing but that is no name."""

    def to_python(self, value: Any) -> str:
        return " ".join(clean_text(super().to_python(value)).split())


class MobileField(forms.CharField):
    """A mobile number however its digits are grouped; no limit that would cut off a paste."""

    default_validators = [mobile_validator]

    def to_python(self, value: Any) -> str:
        return tidy_mobile(super().to_python(value))


class RegistrationForm(forms.ModelForm):
    """An enterprise and its first account, made together."""

    credit_code = CreditCodeField(
        label=Enterprise._meta.get_field("credit_code").verbose_name,
        help_text="18 位，见营业执照；它就是您以后的登录名。",
    )
    contact = NameField(label="联系人姓名", max_length=30)
    mobile = MobileField(label="联系人手机号码", help_text="11 位手机号码。")
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

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        password, again = data.get("password"), data.get("password_again")
        if password and again and password != again:
            self.add_error("password_again", "两次输入的密码不一致。")
        if password:
            try:
                password_validation.validate_password(password, self._user())
            except ValidationError as error:
                self.add_error("password", error)
        return data

    def _user(self) -> User:
        data = self.cleaned_data
        return User(
            username=User.normalize_username(data.get("credit_code", "")),
            name=data.get("contact", ""),
            mobile=data.get("mobile", ""),
            role=Role.ENTERPRISE,
        )

    def validate_unique(self) -> None:
        """Left to ``register``: an enterprise without an account may still get its first one."""

    def register(self) -> User | None:
        """Create enterprise and account; None, with the form's error set, when there is one.

        An enterprise that the province has recorded already keeps its name and its bureau.
        """
        user = self._user()
        user.set_password(self.cleaned_data["password"])
        try:
            with transaction.atomic():
                user.enterprise, _ = Enterprise.objects.get_or_create(
                    credit_code=self.cleaned_data["credit_code"],
                    defaults={name: self.cleaned_data[name] for name in ("name", "bureau")},
                )
                user.save()
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
