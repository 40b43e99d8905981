"""批量办理: one decision on many applications, each in a transaction of its own.

What would be refused, and why, is learnt by trying: the verb itself runs and is rolled back. So the
preview knows every rule there is, and none is written twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Self

from django.db import transaction
from django.db.models import F

from applications import commenting
from applications.editing import whole_number
from applications.models import Application, Comment
from applications.states import BY_VERB, Status, verbs_for
from portal.accounts.models import User
from portal.errors import PortalError
from review import ranking
from review.models import RankedList

MOST = 200
"""So many at a time: a preview tries each of them."""

SOME_WORDS = "意见"


@dataclass(frozen=True)
class Item:
    """An application, and why it would be, or was, left out; '' if nothing stands against it."""

    application: Application
    refusal: str = ""
    needs_words: bool = False
    """It can be decided once a reason is written."""
    to_send: int = 0
    """So many comments on single places would go out with it."""


@dataclass(frozen=True)
class Seen:
    """An application as a preview showed it."""

    pk: int
    revision: int
    status: str

    @classmethod
    def of(cls, application: Application) -> Self:
        return cls(application.pk, application.current_revision_id, application.status)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What ``str`` wrote; None for anything else."""
        numbers, _, status = text.rpartition("-")
        pk, _, revision = numbers.partition("-")
        if status not in Status.values or not (pk.isdecimal() and revision.isdecimal()):
            return None
        return cls(whole_number(pk), whole_number(revision), status)

    def __str__(self) -> str:
        return f"{self.pk}-{self.revision}-{self.status}"


def preview(
    ranked_list: RankedList, applications: Sequence[Application], verb: str, *, actor: User
) -> list[Item]:
    """What deciding on each of them would come to."""
    to_send = Counter()
    if BY_VERB[verb] == commenting.RETURN:
        unsent = Comment.objects.visible_to(actor).unsent()
        to_send.update(
            unsent.filter(
                application__in=[application.pk for application in applications],
                revision=F("application__current_revision"),
            ).values_list("application", flat=True)
        )
    return [
        Item(
            application,
            *_attempt(ranked_list, application, verb, actor),
            to_send=to_send[application.pk],
        )
        for application in applications
    ]


def _attempt(
    ranked_list: RankedList, application: Application, verb: str, actor: User
) -> tuple[str, bool]:
    """Why an application would be refused, and whether it lacks no more than a reason."""
    transition = BY_VERB[verb]
    if transition not in verbs_for(application.status, actor.role):
        state = application.status_label(actor.role)
        return f"现在的状态是“{state}”，不能办理“{transition.label}”。", False
    refusal = _refusal(ranked_list, application, verb, "", actor)
    if refusal and transition.needs_comment:
        refusal = _refusal(ranked_list, application, verb, SOME_WORDS, actor)
        return refusal, not refusal
    return refusal, False


def _refusal(
    ranked_list: RankedList, application: Application, verb: str, comment: str, actor: User
) -> str:
    try:
        with transaction.atomic():
            # The verb leaves its mark on the object, too.
            ranking.decide(ranked_list, copy(application), verb, actor=actor, comment=comment)
            transaction.set_rollback(True)
    except PortalError as error:
        return str(error)
    return ""


def carry_out(
    ranked_list: RankedList, seen: Iterable[Seen], verb: str, *, comment: str, actor: User
) -> list[Item]:
    """Decide on each application that still is as the preview showed it; what came of each."""
    by_pk = {each.pk: each for each in seen}
    found = Application.objects.visible_to(actor).filter(round=ranked_list.round_id)
    found = found.with_parties().in_bulk(by_pk)
    return [
        Item(found[pk], _decide(ranked_list, found[pk], each, verb, comment, actor))
        for pk, each in by_pk.items()
        if pk in found
    ]


def _decide(
    ranked_list: RankedList,
    application: Application,
    seen: Seen,
    verb: str,
    comment: str,
    actor: User,
) -> str:
    """Decide on one application; why it was refused, '' when it was not."""
    if application.status != seen.status:
        return f"预览之后，状态已变为“{application.status_label(actor.role)}”。"
    try:
        ranking.decide(
            ranked_list, application, verb, revision=seen.revision, actor=actor, comment=comment
        )
    except PortalError as error:
        return str(error)
    return ""
