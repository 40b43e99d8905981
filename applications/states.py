"""The life of an application: data only. ``workflow`` is the one place that acts on it.

填报中 → 已提交 → (退回修改 → 已提交)* → 审核通过 → 已推荐 or, once the list is sent without it,
未列入推荐名单; sideways 撤回 and 不予推荐.
"""

from dataclasses import dataclass

from django.db import models

from portal.accounts.models import Role
from portal.rounds.models import Deadline


class Status(models.TextChoices):
    DRAFT = "draft", "填报中"
    SUBMITTED = "submitted", "已提交"
    RETURNED = "returned", "退回修改"
    ACCEPTED = "accepted", "审核通过"
    RECOMMENDED = "recommended", "已推荐"
    DECLINED = "declined", "不予推荐"
    UNLISTED = "unlisted", "未列入推荐名单"

    def label_for(self, role: str) -> str:
        """The same state in the words of one audience."""
        audience = Role.PROVINCE if role == Role.AUDITOR else role
        return AUDIENCE_LABELS.get((audience, self), self.label)


AUDIENCE_LABELS = {
    (Role.ENTERPRISE, Status.DRAFT): "尚未提交",
    (Role.ENTERPRISE, Status.ACCEPTED): "审核通过，待推荐排序",
    (Role.ENTERPRISE, Status.UNLISTED): "本批次未列入推荐名单",
    (Role.BUREAU, Status.DRAFT): "企业填报中",
    (Role.BUREAU, Status.SUBMITTED): "待审核",
    (Role.BUREAU, Status.RETURNED): "已退回，待企业修改",
    (Role.PROVINCE, Status.SUBMITTED): "待推荐单位审核",
}

EDITABLE = frozenset({Status.DRAFT, Status.RETURNED})
"""In these states the enterprise may change its answers."""


@dataclass(frozen=True)
class Transition:
    """One verb from its source states to its target.

    ``deadline`` names the round's deadline that closes the verb; None: never closed by time.
    """

    verb: str
    label: str
    sources: frozenset[Status]
    target: Status
    role: Role
    deadline: Deadline | None = None
    needs_comment: bool = False


TRANSITIONS = (
    Transition(
        "submit",
        "提交",
        frozenset({Status.DRAFT}),
        Status.SUBMITTED,
        Role.ENTERPRISE,
        deadline=Deadline.ENTERPRISE,
    ),
    Transition(
        "resubmit",
        "重新提交",
        frozenset({Status.RETURNED}),
        Status.SUBMITTED,
        Role.ENTERPRISE,
        deadline=Deadline.BUREAU,
    ),
    Transition(
        "withdraw",
        "撤回",
        frozenset({Status.SUBMITTED}),
        Status.DRAFT,
        Role.ENTERPRISE,
        deadline=Deadline.ENTERPRISE,
    ),
    Transition(
        "return_for_changes",
        "退回修改",
        frozenset({Status.SUBMITTED, Status.ACCEPTED}),
        Status.RETURNED,
        Role.BUREAU,
        deadline=Deadline.BUREAU,
        needs_comment=True,
    ),
    Transition("accept", "审核通过", frozenset({Status.SUBMITTED}), Status.ACCEPTED, Role.BUREAU),
    Transition(
        "decline",
        "不予推荐",
        frozenset({Status.SUBMITTED, Status.ACCEPTED}),
        Status.DECLINED,
        Role.BUREAU,
        needs_comment=True,
    ),
    Transition(
        "undo_decline", "撤销不予推荐", frozenset({Status.DECLINED}), Status.SUBMITTED, Role.BUREAU
    ),
    Transition("recommend", "推荐", frozenset({Status.ACCEPTED}), Status.RECOMMENDED, Role.BUREAU),
    Transition(
        "pass_over",
        "未列入推荐名单",
        frozenset({Status.ACCEPTED}),
        Status.UNLISTED,
        Role.BUREAU,
        needs_comment=True,
    ),
    Transition(
        "release",
        "名单退回重报",
        frozenset({Status.RECOMMENDED, Status.UNLISTED}),
        Status.ACCEPTED,
        Role.PROVINCE,
    ),
    Transition(
        "recall",
        "名单撤回重报",
        frozenset({Status.RECOMMENDED, Status.UNLISTED}),
        Status.ACCEPTED,
        Role.BUREAU,
    ),
)

TAKEN_OVER = {
    Status.DRAFT: Status.DRAFT,
    Status.SUBMITTED: Status.SUBMITTED,
    Status.RETURNED: Status.RETURNED,
    Status.ACCEPTED: Status.SUBMITTED,
    Status.DECLINED: Status.SUBMITTED,
}
"""转办: the state in which another bureau takes an application over, by the state it was in. What
one bureau has decided is not the other's decision; what is on a sent list stays where it is."""

BY_VERB = {transition.verb: transition for transition in TRANSITIONS}


def verbs_for(status: str, role: str) -> list[Transition]:
    """What a role may do with an application in ``status``, time apart."""
    return [t for t in TRANSITIONS if status in t.sources and t.role == role]
