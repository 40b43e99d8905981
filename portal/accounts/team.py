"""人员账号: a unit's administrators invite colleagues, give them roles and let them go.

A unit is an enterprise or a bureau. The province does the same for every bureau and for its own
officers. Each verb first locks the unit's row, so that two who act at the same moment do so one
after the other, and no administrator leaves the own unit without one.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import Enterprise, Invitation, Role, User
from portal.audit import trail
from portal.catalogue.models import Bureau
from portal.errors import NotAllowed, PortalError, StaleState

Unit = Enterprise | Bureau | None
"""Whose people they are; None is the province itself."""

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

FLAGS = {
    Role.ENTERPRISE: {"is_unit_admin", "is_signatory", "is_active"},
    Role.BUREAU: {"is_unit_admin", "is_active"},
    Role.PROVINCE: {"is_active"},
    Role.AUDITOR: {"is_active"},
}
"""What can be changed of an account, by its role."""


class Unusable(PortalError):
    """An invitation that opens no account (any more)."""


def changes_for(member: User) -> list[Change]:
    """What can be done to an account as it stands; one that cannot sign in, only brought back."""
    return [
        change
        for change in CHANGES
        if change.flag in FLAGS[Role(member.role)]
        and getattr(member, change.flag) != change.value
        and (member.is_active or change.flag == "is_active")
    ]


def has_admin(unit: Enterprise | Bureau) -> bool:
    """Whether somebody can look after the unit's accounts."""
    return unit.user_set.filter(is_active=True, is_unit_admin=True).exists()


def settle(enterprise: Enterprise) -> User | None:
    """Put an enterprise's people in order after the back office, which may let anybody go.

    Where nobody is in charge, the oldest account that can sign in becomes so; returns it.
    """
    lock(enterprise)
    void_invitations()
    heir = enterprise.user_set.filter(is_active=True).order_by("date_joined", "pk").first()
    if heir is None or has_admin(enterprise):
        return None
    heir.is_unit_admin = True
    heir.save(update_fields=["is_unit_admin"])
    return heir


def void_invitations() -> None:
    """Withdraw, for good, the invitations of whoever may invite no longer."""
    standing = Invitation.objects.by_who_may_invite().values("pk")
    Invitation.objects.unused().exclude(pk__in=standing).update(withdrawn_at=timezone.now())


def lock(unit: Unit) -> None:
    """Let nobody else change the unit's people until this transaction ends."""
    # On SQLite every transaction has the whole database to itself (settings).
    if unit is None:
        office = User.objects.filter(role=Role.PROVINCE).select_related(None).order_by("pk")
        list(office.select_for_update().values_list("pk", flat=True))
    else:
        type(unit).objects.select_for_update().get(pk=unit.pk)


def _take_charge(unit: Unit, actor: User) -> None:
    """Lock the unit and ask anew, for the right may have been taken away since."""
    lock(unit)
    fresh = User.objects.filter(pk=actor.pk, is_active=True).first()
    if fresh is None or not (
        fresh.is_province or (fresh.is_unit_admin and unit and fresh.unit == unit)
    ):
        raise NotAllowed("只有单位管理员可以管理本单位人员。")


@transaction.atomic
def apply(change: Change, member: User, *, actor: User) -> None:
    """Carry out one change to a colleague's account, or one's own; the province, to an officer's.

    Raises NotAllowed where it would leave the actor's unit without an administrator; the province
    may leave a bureau without one, since it can name another.
    """
    _take_charge(member.unit, actor)
    if actor.is_province and actor == member:
        raise NotAllowed("不能停用自己的账号，请由另一位省厅人员办理。")
    if change.flag not in FLAGS[Role(member.role)]:
        raise NotAllowed(f"{member.get_role_display()}账号不能办理“{change.label}”。")
    changed = User.objects.visible_to(actor).filter(pk=member.pk)
    if not changed.update(**{change.flag: change.value}):
        raise StaleState()
    if not actor.is_province and not has_admin(member.unit):
        raise NotAllowed("本单位须至少保留一名单位管理员。请先将另一位同事设为单位管理员。")
    void_invitations()
    trail.record(f"account_{change.verb}", f"账号：{change.label}", actor=actor, target=member)


@transaction.atomic
def invite(name: str, *, is_signatory: bool = False, actor: User) -> tuple[Invitation, str]:
    """Invite a colleague; returns the invitation and the link's token, which is kept nowhere."""
    unit = actor.unit
    if unit is None:
        raise NotAllowed("只有单位管理员可以管理本单位人员。")
    _take_charge(unit, actor)
    if unit.invitations.open().count() >= MOST_OPEN:
        raise NotAllowed(f"尚未使用的邀请已有 {MOST_OPEN} 个，请先撤销不再需要的。")
    return _invite(
        name,
        actor,
        role=actor.role,
        enterprise=actor.enterprise,
        bureau=actor.bureau,
        is_signatory=is_signatory and actor.is_enterprise,
    )


@transaction.atomic
def invite_officer(
    name: str, role: Role, bureau: Bureau | None, *, is_unit_admin: bool = False, actor: User
) -> tuple[Invitation, str]:
    """Invite an officer of a bureau or of the province, or an auditor, as the province."""
    if not actor.is_province or role == Role.ENTERPRISE:
        raise NotAllowed("只有省厅可以开设推荐单位、省厅和审计人员的账号。")
    if (role == Role.BUREAU) != (bureau is not None):
        raise NotAllowed("推荐单位的账号须选择推荐单位，省厅和审计账号不选。")
    _take_charge(bureau, actor)
    is_unit_admin = is_unit_admin and role == Role.BUREAU
    return _invite(name, actor, role=role, bureau=bureau, is_unit_admin=is_unit_admin)


def _invite(name: str, actor: User, **account: object) -> tuple[Invitation, str]:
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        token_sha256=_digest(token),
        name=name,
        created_by=actor,
        expires_at=timezone.now() + VALID_FOR,
        **account,
    )
    where = f"{invitation.get_role_display()} {invitation.bureau or ''}".strip()
    trail.record("invite", "邀请开设账号", actor=actor, target=invitation, detail=where)
    return invitation, token


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, actor: User) -> None:
    """Make a link void before anybody has used it."""
    _take_charge(invitation.unit, actor)
    unused = Invitation.objects.visible_to(actor).open().filter(pk=invitation.pk)
    if not unused.update(withdrawn_at=timezone.now()):
        raise StaleState("这个邀请已被使用、已撤销或已过期。")
    trail.record("withdraw_invitation", "撤销邀请", actor=actor, target=invitation)


def find_invitation(token: str) -> Invitation:
    """The invitation behind a link; raises Unusable with the reason when it opens no account."""
    invitation = (
        Invitation.objects.select_related("enterprise", "bureau", "created_by")
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
    lock(invitation.unit)
    unused = Invitation.objects.open().filter(pk=invitation.pk)
    if not unused.exists():
        raise StaleState("这个邀请刚刚已被使用或撤销。")
    user.name = invitation.name
    for field in ("role", "enterprise", "bureau", "is_unit_admin", "is_signatory"):
        setattr(user, field, getattr(invitation, field))
    user.save()
    unused.update(accepted_by=user)
    trail.record("join", "凭邀请开设账号", actor=user, target=invitation)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
