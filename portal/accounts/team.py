"""本单位人员: an enterprise's administrators invite colleagues, give them roles and let them go.

Every verb first locks the enterprise's row, so that two administrators who act at the same moment
do so one after the other, and none of them leaves the enterprise without an administrator.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import Enterprise, Invitation, Role, User
from portal.errors import NotAllowed, PortalError, StaleState

VALID_FOR = timedelta(days=7)
MOST_OPEN = 20


@dataclass(frozen=True)
class Change:
    """One thing an administrator can do to an account: set a flag, told what follows from it."""

    verb: str
    label: str
    flag: str
    value: bool
    consequence: str
    button: str = "btn-outline-primary"


CHANGES = (
    Change(
        "make_admin",
        "设为单位管理员",
        "is_unit_admin",
        True,
        "单位管理员可以邀请、停用本单位的账号。",
    ),
    Change(
        "drop_admin",
        "取消单位管理员",
        "is_unit_admin",
        False,
        "不再能邀请、停用账号；其发出的邀请随即失效。",
    ),
    Change(
        "make_signatory",
        "设为签字人",
        "is_signatory",
        True,
        "签字人代表本单位，在提交前作法定代表人确认。",
    ),
    Change(
        "drop_signatory",
        "取消签字人",
        "is_signatory",
        False,
        "不再能作法定代表人确认；以前所作的确认仍然有效。",
    ),
    Change(
        "deactivate",
        "停用",
        "is_active",
        False,
        "立即退出登录，不能再登录；填写过的内容和姓名保留，其发出的邀请随即失效。",
        "btn-outline-danger",
    ),
    Change(
        "reactivate",
        "恢复",
        "is_active",
        True,
        "可以重新用原来的密码登录，角色同以前一样。",
    ),
)
BY_VERB = {change.verb: change for change in CHANGES}


class Unusable(PortalError):
    """An invitation that opens no account (any more)."""


def changes_for(member: User) -> list[Change]:
    """What can be done to an account as it stands; one that cannot sign in, only brought back."""
    return [
        change
        for change in CHANGES
        if getattr(member, change.flag) != change.value
        and (member.is_active or change.flag == "is_active")
    ]


def has_admin(enterprise: Enterprise) -> bool:
    """Whether somebody can look after the enterprise's accounts."""
    return enterprise.user_set.filter(is_active=True, is_unit_admin=True).exists()


def settle(enterprise: Enterprise) -> User | None:
    """Put an enterprise's people in order after the back office, which may let anybody go.

    Where nobody is in charge, the oldest account that can sign in becomes so; returns it.
    """
    lock(enterprise)
    _void_invitations(enterprise)
    heir = enterprise.user_set.filter(is_active=True).order_by("date_joined", "pk").first()
    if heir is None or has_admin(enterprise):
        return None
    heir.is_unit_admin = True
    heir.save(update_fields=["is_unit_admin"])
    return heir


def _void_invitations(enterprise: Enterprise) -> None:
    """Withdraw, for good, the invitations of whoever is no longer in charge."""
    in_charge = enterprise.user_set.filter(is_active=True, is_unit_admin=True)
    waiting = enterprise.invitations.filter(accepted_by=None, withdrawn_at=None)
    waiting.exclude(created_by__in=in_charge).update(withdrawn_at=timezone.now())


def lock(enterprise: Enterprise) -> None:
    """Let nobody else change the enterprise's people until this transaction ends."""
    # On SQLite every transaction has the whole database to itself (settings).
    Enterprise.objects.select_for_update().get(pk=enterprise.pk)


def _require_admin(actor: User) -> None:
    """Lock the enterprise and ask anew, for the right may have been taken away since."""
    lock(actor.enterprise)
    if not User.objects.filter(pk=actor.pk, is_active=True, is_unit_admin=True).exists():
        raise NotAllowed("只有单位管理员可以管理本单位人员。")


@transaction.atomic
def apply(change: Change, member: User, *, actor: User) -> None:
    """Carry out one change to a colleague's account, or one's own."""
    _require_admin(actor)
    changed = User.objects.visible_to(actor).filter(pk=member.pk)
    if not changed.update(**{change.flag: change.value}):
        raise StaleState()
    if not has_admin(actor.enterprise):
        raise NotAllowed("本单位须至少保留一名单位管理员。请先将另一位同事设为单位管理员。")
    _void_invitations(actor.enterprise)


@transaction.atomic
def invite(name: str, *, is_signatory: bool, actor: User) -> tuple[Invitation, str]:
    """Invite a colleague; returns the invitation and the link's token, which is kept nowhere."""
    _require_admin(actor)
    if actor.enterprise.invitations.open().count() >= MOST_OPEN:
        raise NotAllowed(f"尚未使用的邀请已有 {MOST_OPEN} 个，请先撤销不再需要的。")
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        enterprise=actor.enterprise,
        token_sha256=_digest(token),
        name=name,
        is_signatory=is_signatory,
        created_by=actor,
        expires_at=timezone.now() + VALID_FOR,
    )
    return invitation, token


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, actor: User) -> None:
    """Make a link void before anybody has used it."""
    _require_admin(actor)
    unused = Invitation.objects.visible_to(actor).open().filter(pk=invitation.pk)
    if not unused.update(withdrawn_at=timezone.now()):
        raise StaleState("这个邀请已被使用、已撤销或已过期。")


def find_invitation(token: str) -> Invitation:
    """The invitation behind a link; raises Unusable with the reason when it opens no account."""
    invitation = (
        Invitation.objects.select_related("enterprise", "created_by")
        .filter(token_sha256=_digest(token))
        .first()
    )
    if invitation is None:
        raise Unusable("没有这个邀请。请核对链接是否复制完整。")
    if invitation.accepted_by_id:
        raise Unusable("这个邀请已经使用过，每个链接只能用一次。如果是您本人，请直接登录。")
    if invitation.expires_at <= timezone.now():
        raise Unusable(f"这个邀请已过期，链接的有效期为 {VALID_FOR.days} 天。")
    if not Invitation.objects.open().filter(pk=invitation.pk).exists():
        raise Unusable("这个邀请已被撤销。")
    return invitation


@transaction.atomic
def accept(invitation: Invitation, user: User) -> None:
    """Store the account that the invited person has described, unless the link has been used."""
    lock(invitation.enterprise)
    unused = Invitation.objects.open().filter(pk=invitation.pk)
    if not unused.exists():
        raise StaleState("这个邀请刚刚已被使用或撤销。")
    user.name = invitation.name
    user.role, user.enterprise = Role.ENTERPRISE, invitation.enterprise
    user.is_signatory = invitation.is_signatory
    user.save()
    unused.update(accepted_by=user)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
