"""Who uses the portal: enterprises, their staff, bureau and provincial officers."""

import unicodedata
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.accounts import credit_code
from portal.catalogue.models import Bureau
from portal.documents.model import clean_text


class Role(models.TextChoices):
    ENTERPRISE = "enterprise", "企业"
    BUREAU = "bureau", "推荐单位"
    PROVINCE = "province", "省厅"


mobile_validator = RegexValidator(r"\A1[3-9][0-9]{9}\Z", "请填写 11 位手机号码，例如 13800000000。")


def tidy_mobile(text: str) -> str:
    """A number without the blanks, hyphens and invisible characters that come with a paste."""
    text = clean_text(unicodedata.normalize("NFKC", text))
    return "".join(c for c in text if not c.isspace() and c != "-")


class Enterprise(models.Model):
    """企业: a legal person that applies; one account family per credit code."""

    name = models.CharField("企业名称", max_length=100)
    credit_code = models.CharField(
        "统一社会信用代码",
        max_length=credit_code.LENGTH,
        unique=True,
        validators=[credit_code.validate],
        error_messages={"unique": "该统一社会信用代码已注册，请直接登录，或联系本单位管理员。"},
    )
    bureau = models.ForeignKey(
        Bureau, models.PROTECT, related_name="enterprises", verbose_name="推荐单位"
    )
    created_at = models.DateTimeField("注册时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "企业"
        ordering = ["bureau", "name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager):
    """Loads the affiliation with the user: every request asks for it."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().select_related("enterprise", "bureau")

    def create_superuser(self, username: str, **fields: Any) -> "User":
        """An administrator is an officer of the province."""
        return super().create_superuser(username, **{"role": Role.PROVINCE, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return super().get_by_natural_key(self.model.normalize_username(username or ""))


class User(AbstractUser):
    """人员账号: a person with one role. An enterprise's first account signs in with its code."""

    username = models.CharField(
        "登录名",
        max_length=150,
        unique=True,
        error_messages={"unique": "该登录名已被使用，请换一个。"},
    )
    first_name = last_name = None
    name = models.CharField("姓名", max_length=30)
    mobile = models.CharField("手机号码", max_length=11, validators=[mobile_validator])
    role = models.CharField("角色", max_length=10, choices=Role)
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, verbose_name="企业"
    )
    bureau = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, verbose_name="推荐单位"
    )

    is_staff = models.BooleanField("可进入后台", default=False, help_text="只对省厅人员有效。")
    is_active = models.BooleanField(
        "可登录", default=True, help_text="取消勾选即停用，不能再登录；账号不能删除。"
    )
    date_joined = models.DateTimeField("建立时间", default=timezone.now)

    objects = UserManager()

    REQUIRED_FIELDS = ["name", "mobile"]

    class Meta:
        verbose_name = verbose_name_plural = "人员账号"
        constraints = [
            models.CheckConstraint(
                name="user_role_matches_affiliation",
                condition=Q(role=Role.ENTERPRISE, enterprise__isnull=False, bureau__isnull=True)
                | Q(role=Role.BUREAU, enterprise__isnull=True, bureau__isnull=False)
                | Q(role=Role.PROVINCE, enterprise__isnull=True, bureau__isnull=True),
                violation_error_message="角色与所属单位不一致：企业账号须选企业，"
                "推荐单位账号须选推荐单位，省厅账号两者都不选。",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Sign-in names without blanks and in one case, as people type their credit code."""
        return "".join(super().normalize_username(clean_text(username)).split()).lower()

    @property
    def affiliation(self) -> str:
        """The unit this person acts for, as shown beside the name."""
        return str(self.enterprise or self.bureau or Role.PROVINCE.label)

    @property
    def is_enterprise(self) -> bool:
        return self.role == Role.ENTERPRISE

    @property
    def is_bureau(self) -> bool:
        return self.role == Role.BUREAU

    @property
    def is_province(self) -> bool:
        return self.role == Role.PROVINCE
