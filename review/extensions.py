"""延期: one officer of the province asks for it, a second confirms it, and from then on it holds.

It may come after the deadline as well. What an extension means is ``Round.due``'s to say; here is
how one comes about, ends, and who is told.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from applications.models import Application
from applications.states import EDITABLE
from portal.accounts.models import Enterprise, Role, User
from portal.audit import trail
from portal.catalogue.models import Bureau, forget_cached_rows
from portal.errors import NotAllowed, StaleState
from portal.messaging.models import Message
from portal.messaging.sending import province, send
from portal.rounds.models import Deadline, Extension, Round
from portal.rounds.times import closing
from review.models import RankedList


@transaction.atomic
def ask(
    round: Round,
    which: Deadline,
    until: datetime,
    reason: str,
    *,
    bureau: Bureau | None = None,
    enterprise: Enterprise | None = None,
    actor: User,
) -> Extension:
    """Ask for a deadline to be put off, for one enterprise, for one bureau's or for all.

    Raises NotAllowed for what would make nobody's time longer, and without a reason.
    """
    actor.require_province("办理延期")
    if not round.is_published:
        raise NotAllowed("该批次尚未发布，请直接修改它的时间。")
    if not (reason := reason.strip()):
        raise NotAllowed("请填写延期的理由。")
    if until <= timezone.now():
        raise NotAllowed(f"“延至”须晚于现在；您填的是 {closing(until)}。")
    present = round.deadline(which, bureau=bureau, enterprise=enterprise)
    if until <= present:
        raise NotAllowed(
            f"延期只能比现在的截止时间更晚。该对象的{which.label}现为 {closing(present)}。"
        )
    extension = Extension.objects.create(
        round=round,
        deadline=which,
        bureau=bureau,
        enterprise=enterprise,
        until=until,
        reason=reason,
        asked_by=actor,
    )
    _note("ask_extension", "提出延期", extension, actor, in_words(extension))
    send(
        province(but=actor),
        kind=Message.Kind.TASK,
        title=f"延期待确认：{extension.whom}",
        text=f"{actor}提出：{in_words(extension)}。理由：{reason}",
        sender=actor.affiliation,
        url=_page(round),
        key=f"extension-{extension.pk}-asked",
    )
    return extension


@transaction.atomic
def confirm(extension: Extension, *, actor: User) -> None:
    """Put an extension into force, as a second officer; those concerned are told.

    Raises StaleState when it was confirmed or taken back meanwhile.
    """
    actor.require_province("办理延期")
    if extension.asked_by_id == actor.pk:
        raise NotAllowed("延期须由另一位省厅人员确认，不能由提出人自己确认。")
    if extension.until <= timezone.now():
        raise NotAllowed("“延至”的时间已过，请撤销后重新提出。")
    waiting = Extension.objects.filter(pk=extension.pk, confirmed_at=None, revoked_at=None)
    if not waiting.update(confirmed_by=actor, confirmed_at=timezone.now()):
        raise StaleState()
    forget_cached_rows()
    _note("confirm_extension", "确认延期", extension, actor, in_words(extension))
    _tell(
        extension, actor, "confirmed", f"{extension.get_deadline_display()}已延期", extension.until
    )


@transaction.atomic
def revoke(extension: Extension, reason: str, *, actor: User) -> None:
    """Take an extension back, confirmed or not, before it ends.

    What was submitted meanwhile stays submitted; from now on the other deadlines apply again.
    """
    actor.require_province("办理延期")
    if not (reason := reason.strip()):
        raise NotAllowed("请填写撤销的理由。")
    if extension.until <= timezone.now():
        raise NotAllowed("延期已到期，不需要撤销。")
    standing = Extension.objects.filter(pk=extension.pk, revoked_at=None)
    if not standing.update(revoked_by=actor, revoked_at=timezone.now(), revoke_reason=reason):
        raise StaleState()
    forget_cached_rows()
    extension.refresh_from_db()
    _note("revoke_extension", "撤销延期", extension, actor, reason)
    if extension.confirmed_at:
        what = f"{extension.get_deadline_display()}的延期已撤销"
        _tell(extension, actor, "revoked", what, None, f"撤销理由：{reason}")


def in_words(extension: Extension) -> str:
    """企业申报截止延至 …, for the trail and for messages."""
    return f"{extension.get_deadline_display()}延至 {closing(extension.until)}"


def cautions(extensions: Sequence[Extension]) -> dict[int, str]:
    """By id, what an extension that waits will not achieve alone; nothing for the others."""
    waiting = [extension for extension in extensions if extension.is_waiting]
    if not waiting:
        return {}
    closed = dict(
        RankedList.objects.filter(round=waiting[0].round_id)
        .exclude(status=RankedList.Status.OPEN)
        .values_list("bureau", "status")
    )
    said = {extension.pk: _caution(extension, closed) for extension in waiting}
    return {pk: text for pk, text in said.items() if text}


def _caution(extension: Extension, closed: dict[int, str]) -> str:
    bureau = extension.bureau or (extension.enterprise and extension.enterprise.bureau)
    texts = []
    if extension.deadline == Deadline.ENTERPRISE:
        sending = extension.round.deadline(Deadline.BUREAU, bureau=bureau)
        if extension.until > sending:
            texts.append(
                f"晚于{bureau or '各推荐单位'}的报送截止 {closing(sending)}，"
                "还须另为推荐单位延期，否则到时不能再推荐。"
            )
    if bureau and bureau.pk in closed:
        status = RankedList.Status(closed[bureau.pk]).label
        texts.append(f"{bureau}的推荐名单{status}，退回后才能再审核和推荐。")
    return "".join(texts)


def _note(verb: str, act: str, extension: Extension, actor: User, detail: str) -> None:
    named = f"{extension.whom}（{extension.round}）"
    trail.record(verb, act, actor=actor, target=extension, named=named, detail=detail)


def _page(round: Round) -> str:
    return f"{reverse('review:extensions')}?{urlencode({'round': round.slug})}"


def _tell(
    extension: Extension,
    actor: User,
    what: str,
    title: str,
    due: datetime | None,
    text: str = "",
) -> None:
    """Tell the officers and the enterprises concerned, and whoever asked for it."""
    round = extension.round
    said = {
        "kind": Message.Kind.DEADLINE,
        "sender": actor.affiliation,
        "due": due,
        "key": f"extension-{extension.pk}-{what}",
        "is_urgent": extension.enterprise_id is not None,
    }
    officers, enterprises = _concerned(extension)
    title = f"{title}（{round}）"
    inbox = f"{reverse('review:inbox')}?{urlencode({'round': round.slug})}"
    about = "\n".join(filter(None, [f"适用于{extension.whom}。{in_words(extension)}。", text]))
    send(officers, title=title, text=about, url=inbox, **said)
    send(enterprises, title=title, text=about, url=reverse("applications:index"), **said)
    if extension.asked_by_id != actor.pk:
        asked_by = User.objects.reachable().filter(pk=extension.asked_by_id)
        send(asked_by, title=title, text=about, url=_page(round), **said)


def _concerned(extension: Extension) -> tuple[list[User], list[User]]:
    """Officers, and people of enterprises: of those who file, who still have something to do."""
    filed = Application.objects.filter(round=extension.round_id)
    officers = User.objects.reachable().filter(role=Role.BUREAU)
    people = User.objects.reachable().filter(role=Role.ENTERPRISE)
    if enterprise := extension.enterprise:
        reviewing = filed.filter(enterprise=enterprise).values("bureau")
        return (
            list(officers.filter(Q(bureau=enterprise.bureau_id) | Q(bureau__in=reviewing))),
            list(people.filter(enterprise=enterprise)),
        )
    filing = filed.filter(status__in=EDITABLE)
    if bureau := extension.bureau_id:
        officers = officers.filter(bureau=bureau)
        filing = filing.filter(Q(bureau=bureau) | Q(enterprise__bureau=bureau))
    return list(officers), list(people.filter(enterprise__in=filing.values("enterprise")))
