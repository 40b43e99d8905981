"""Who uses the portal: enterprises, their staff, bureau and provincial officers."""

import unicodedata
from typing import Any, Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.auth.models import UserManager as BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from portal.accounts import credit_code
from portal.accounts.pinyin import InitialsField
from portal.catalogue.models import Bureau
from portal.documents.model import clean_text
from portal.errors import NotAllowed


class Role(models.TextChoices):
    ENTERPRISE = "enterprise", "企业"
    BUREAU = "bureau", "推荐单位"
    PROVINCE = "province", "省厅"
    AUDITOR = "auditor", "审计（只读）"


ROLE_AND_UNIT_FIT = (
    Q(role=Role.ENTERPRISE, enterprise__isnull=False, bureau__isnull=True)
    | Q(role=Role.BUREAU, enterprise__isnull=True, bureau__isnull=False)
    | Q(role__in=[Role.PROVINCE, Role.AUDITOR], enterprise__isnull=True, bureau__isnull=True)
)
"""Of an account, and of an invitation to one."""

mobile_validator = RegexValidator(r"\A1[3-9][0-9]{9}\Z", "请填写 11 位手机号码，例如 13800000000。")


def tidy_mobile(text: str) -> str:
    """A number without the blanks, hyphens and invisible characters that come with a paste."""
    text = clean_text(unicodedata.normalize("NFKC", text))
    return "".join(c for c in text if not c.isspace() and c != "-")


class Enterprise(models.Model):
    """企业: a legal person that applies; one account family per credit code."""

    name = models.CharField("企业名称", max_length=100)
    initials = InitialsField("拼音首字母", of="name")
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
    is_invented = models.BooleanField("试运行用", default=False, editable=False)
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

    def visible_to(self, user: "User | AnonymousUser") -> models.QuerySet:
        """The colleagues within one's unit; for the province, all officers.

        An enterprise's people are its own affair, and the back office's.
        """
        if getattr(user, "oversees", False):
            return self.filter(is_invented=False).exclude(role=Role.ENTERPRISE)
        if getattr(user, "role", None) == Role.ENTERPRISE:
            return self.filter(enterprise=user.enterprise_id)
        if getattr(user, "role", None) == Role.BUREAU:
            return self.filter(bureau=user.bureau_id, is_invented=False)
        return self.none()

    def reachable(self, *, in_trial: bool = False) -> models.QuerySet:
        """Who can be told something. A dry run (试运行) is told to its invented people, everything
        else to the real ones."""
        return self.filter(is_active=True, is_invented=in_trial)

    def create_superuser(self, username: str, **fields: Any) -> "User":
        """An administrator is an officer of the province."""
        return super().create_superuser(username, **{"role": Role.PROVINCE, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return super().get_by_natural_key(self.model.normalize_username(username or ""))


class OfUnit:
    """What an account and an invitation to one have in common."""

    @property
    def unit(self) -> Enterprise | Bureau | None:
        """The unit that it belongs to; None for the province's own."""
        return self.enterprise or self.bureau

    @property
    def duty(self) -> str:
        """What somebody with it is in the unit, in one word."""
        if self.is_unit_admin:
            return "单位管理员"
        if self.is_signatory:
            return "签字人"
        of_role = {Role.ENTERPRISE: "填报人", Role.BUREAU: "审核人员"}
        return of_role.get(self.role) or self.get_role_display()


class User(OfUnit, AbstractUser):
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

    is_unit_admin = models.BooleanField(
        "单位管理员", default=False, help_text="可邀请、停用本单位的账号。"
    )
    is_signatory = models.BooleanField(
        "法定代表人或授权签字人", default=False, help_text="可在提交前作法定代表人确认。"
    )
    wants_digest = models.BooleanField(
        "接收邮件汇总", default=True, help_text="每天最多一封，汇总未读的消息。"
    )
    is_staff = models.BooleanField("可进入后台", default=False, help_text="只对省厅人员有效。")
    is_active = models.BooleanField(
        "可登录", default=True, help_text="取消勾选即停用，不能再登录；账号不能删除。"
    )
    is_invented = models.BooleanField("试运行用", default=False, editable=False)
    date_joined = models.DateTimeField("建立时间", default=timezone.now)

    objects = UserManager()

    REQUIRED_FIELDS = ["name", "mobile"]

    class Meta:
        verbose_name = verbose_name_plural = "人员账号"
        constraints = [
            models.CheckConstraint(
                name="user_role_matches_affiliation",
                condition=ROLE_AND_UNIT_FIT,
                violation_error_message="角色与所属单位不一致：企业账号须选企业，"
                "推荐单位账号须选推荐单位，省厅和审计账号两者都不选。",
            ),
            models.CheckConstraint(
                name="user_admin_of_a_unit",
                condition=Q(role__in=[Role.ENTERPRISE, Role.BUREAU]) | Q(is_unit_admin=False),
                violation_error_message="只有企业和推荐单位的账号可以是单位管理员。",
            ),
            models.CheckConstraint(
                name="user_signatory_of_an_enterprise",
                condition=Q(role=Role.ENTERPRISE) | Q(is_signatory=False),
                violation_error_message="只有企业账号可以是签字人。",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Sign-in names without blanks and in one case, as people type their credit code."""
        return "".join(super().normalize_username(clean_text(username)).split()).lower()

    @property
    def masked_mobile(self) -> str:
        """The number as colleagues see it in a list."""
        return f"{self.mobile[:3]}****{self.mobile[-4:]}" if self.mobile else ""

    @property
    def affiliation(self) -> str:
        """The unit this person acts for, as shown beside the name."""
        return str(self.unit or Role(self.role).label)

    @property
    def is_enterprise(self) -> bool:
        return self.role == Role.ENTERPRISE

    @property
    def is_bureau(self) -> bool:
        return self.role == Role.BUREAU

    @property
    def is_province(self) -> bool:
        return self.role == Role.PROVINCE

    def require_province(self, act: str) -> None:
        """Raise NotAllowed unless this is an officer of the province; ``act`` says what for."""
        if not self.is_province:
            raise NotAllowed(f"只有省厅可以{act}。")

    @property
    def oversees(self) -> bool:
        """Whether the whole province is theirs to read; only the province's own officers act."""
        return self.role in (Role.PROVINCE, Role.AUDITOR)


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """What a unit's own administrators have to do with; the province, those of officers."""
        if getattr(user, "oversees", False):
            return self.exclude(role=Role.ENTERPRISE)
        if not getattr(user, "is_unit_admin", False):
            return self.none()
        return self.filter(enterprise=user.enterprise_id, bureau=user.bureau_id)

    def unused(self) -> Self:
        return self.filter(accepted_by=None, withdrawn_at=None)

    def by_who_may_invite(self) -> Self:
        """Those of the province, and of whoever looks after the unit's accounts today.

        Nobody comes in by the invitation of an administrator who has been let go, himself least.
        """
        in_charge = Q(created_by__role=Role.PROVINCE)
        for unit in ("enterprise", "bureau"):
            of_it = {f"created_by__{unit}": F(unit), "created_by__is_unit_admin": True}
            in_charge |= Q(**of_it)
        return self.filter(in_charge, created_by__is_active=True)

    def open(self) -> Self:
        """Those whose link still opens an account."""
        return self.unused().by_who_may_invite().filter(expires_at__gt=timezone.now())


class Invitation(OfUnit, models.Model):
    """邀请: a link, good once and for some days, that opens an account.

    Only the link's SHA-256 is kept, so that nobody can read invitations out of the database.
    """

    role = models.CharField("角色", max_length=10, choices=Role, default=Role.ENTERPRISE)
    enterprise = models.ForeignKey(
        Enterprise, models.CASCADE, null=True, related_name="invitations", verbose_name="企业"
    )
    bureau = models.ForeignKey(
        Bureau,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="invitations",
        verbose_name="推荐单位",
    )
    token_sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField("姓名", max_length=30)
    is_unit_admin = models.BooleanField("单位管理员", default=False)
    is_signatory = models.BooleanField("法定代表人或授权签字人", default=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField("邀请时间", auto_now_add=True)
    expires_at = models.DateTimeField("有效期至")
    accepted_by = models.OneToOneField(
        User, models.PROTECT, null=True, related_name="invitation", verbose_name="账号"
    )
    withdrawn_at = models.DateTimeField("撤销时间", null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "邀请"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="invitation_role_matches_affiliation", condition=ROLE_AND_UNIT_FIT
            ),
        ]

    def __str__(self) -> str:
        return self.name
