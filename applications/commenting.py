"""审核意见: what the bureau asks to be changed, place by place, and what the enterprise answers.

What is written stays with the bureau until a return sends it (``workflow.act``); answers stay with
the enterprise, which may change them, until it submits again. Then an officer decides on each: it
is closed, or put again by a comment that goes out with the next return.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from applications import interests, workflow
from applications.models import Application, Comment, Revision
from applications.models.comments import Place
from applications.sections import frozen_title, shortened
from applications.states import BY_VERB, Status
from portal.accounts.models import User
from portal.audit import trail
from portal.errors import NotAllowed, StaleState
from portal.rounds.times import moment

RETURN = BY_VERB["return_for_changes"]
"""While it is possible, comments may be written."""

ACCEPT = BY_VERB["accept"]
"""Before it, every comment of former returns is decided on."""

# Places in the content of a revision


def block_at(data: dict[str, Any], section: str, group: str, key: str) -> dict[str, Any] | None:
    """The section, or the row of a group, that a place lies in; None where there is no such."""
    block = next((each for each in data["sections"] if each["slug"] == section), None)
    if block is None or not (group or key):
        return block
    rows = (row for each in block["groups"] if each["slug"] == group for row in each["rows"])
    return next((row for row in rows if row["key"] == key), None)


def title_of(data: dict[str, Any], place: Place) -> str:
    """What people call a place, e.g. 典型场景实例 2：视觉质检 · 建设内容.

    Raises NotAllowed for a place that the revision does not have.
    """
    section, group, key, field = place
    block = block_at(data, section, group, key)
    labels = {each["name"]: each["label"] for each in block["fields"]} if block else {}
    if block is None or (field and field not in labels):
        raise NotAllowed("这一版申报中没有您要提意见的位置，请从申报内容旁的“提意见”重新进入。")
    if not group:
        return labels.get(field, block["title"])
    row = shortened(frozen_title(block), 48)
    return f"{row} · {labels[field]}" if field else row


def _content_at(data: dict[str, Any], place: Place) -> Any:
    """Everything a place says, attachments of a row or section included; None for a lost row."""
    section, group, key, field = place
    block = block_at(data, section, group, key)
    if block is None:
        return None
    if field:
        return [each["value"] for each in block["fields"] if each["name"] == field]
    groups = {group} if group else {each["slug"] for each in block["groups"]}
    files = [
        each["sha256"]
        for each in data.get("attachments", ())
        if each["group"] in groups and key in ("", each["key"])
    ]
    return (
        _values(block),
        [_values(row) for each in block.get("groups", ()) for row in each["rows"]],
        files,
    )


def _values(block: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in block["fields"]}


def compare(comments: Iterable[Comment], old: dict[str, Any], new: dict[str, Any]) -> None:
    """Mark the comments answered with 已改 whose place says the same in both contents."""
    for comment in comments:
        comment.is_unchanged = comment.answer == Comment.Answer.CHANGED and _content_at(
            old, comment.place
        ) == _content_at(new, comment.place)


# Bureau


@transaction.atomic
def add(
    application: Application, place: Place, kind: str, text: str, *, revision: int, actor: User
) -> Comment:
    """Note what is to be changed at one place of the revision with the id ``revision``.

    Raises StaleState when that is not what the enterprise submitted last.
    """
    current = _hold(application, revision, actor)
    comment = Comment.objects.create(
        application=application,
        revision=current,
        author=actor,
        **_written(current, place, kind, text),
    )
    _record(comment, "comment", "提审核意见", actor)
    return comment


@transaction.atomic
def change(
    comment: Comment,
    application: Application,
    place: Place,
    kind: str,
    text: str,
    *,
    revision: int,
    actor: User,
) -> None:
    """Reword an unsent comment of one's own; it then speaks of the current revision."""
    if comment.author_id != actor.pk:
        raise NotAllowed(f"这条意见是{comment.author}写的，只能由本人修改；您可以移除后另写一条。")
    current = _hold(application, revision, actor)
    changed = Comment.objects.unsent().filter(pk=comment.pk)
    written = (
        _again(comment, kind, text) if comment.reopens_id else _written(current, place, kind, text)
    )
    if not changed.update(revision=current, **written):
        raise StaleState("这条意见已被同事移除，您的改动没有保存；如仍需要，请另写一条。")
    _record(comment, "comment_change", "修改审核意见", actor)


@transaction.atomic
def remove(comment: Comment, *, actor: User) -> None:
    """Take an unsent comment back; what it put again waits to be decided on once more."""
    interests.require_open(comment.application, actor)
    _lock(actor, pk=comment.application_id)
    if not Comment.objects.visible_to(actor).unsent().filter(pk=comment.pk).delete()[0]:
        raise StaleState("这条意见已经发给企业，或已被同事移除。")
    _record(comment, "comment_remove", "移除审核意见", actor)


def _hold(application: Application, revision: int, actor: User) -> Revision:
    """Lock an application that can be returned; its current revision."""
    interests.require_open(application, actor)
    if RETURN not in workflow.possible(application, actor.role):
        raise NotAllowed("申报现在不能退回修改，因此不能提逐项意见；请看最新情况。")
    _lock_as_read(application, revision, actor)
    return Revision.objects.get(pk=revision)


def _lock_as_read(application: Application, revision: int, actor: User) -> None:
    if revision != application.current_revision_id:
        raise StaleState("企业已提交新的版本，您的操作没有保存；请对照最新内容后再办理。")
    if not _lock(actor, pk=application.pk, status=application.status, current_revision=revision):
        raise StaleState()


def _lock(actor: User, **conditions: Any) -> bool:
    """Lock an application as read, so that nothing slips between a return's count and sending."""
    found = Application.objects.visible_to(actor).filter(**conditions)
    return bool(found.update(current_revision=F("current_revision")))


def _written(revision: Revision, place: Place, kind: str, text: str) -> dict[str, Any]:
    section, group, key, field = place
    return {
        "section": section,
        "group": group,
        "key": key,
        "field": field,
        "title": title_of(revision.data, place),
        "kind": kind,
        "text": text,
    }


def _again(comment: Comment, kind: str, text: str) -> dict[str, Any]:
    """As ``_written``, for the place of another comment, even if its row is gone."""
    same = ("section", "group", "key", "field", "title")
    return {**{name: getattr(comment, name) for name in same}, "kind": kind, "text": text}


# Bureau: the answers


def before(comments: Iterable[Comment], revision: Revision) -> list[Comment]:
    """What the last return before ``revision`` asked, and what was left undecided until then."""
    earlier = [c for c in comments if c.event_id and c.revision_id < revision.pk]
    last = max((comment.revision_id for comment in earlier), default=None)
    return [c for c in earlier if c.revision_id == last or not c.is_decided]


def require_decided(application: Application) -> None:
    """Refuse to go on while a comment of a former return is neither closed nor put again."""
    titles = list(application.comments.undecided().values_list("title", flat=True))
    if titles:
        first = "、".join(f"“{title}”" for title in titles[:3])
        raise NotAllowed(
            f"以前退回的意见还有 {len(titles)} 条没有了结：{first}{'等' if titles[3:] else ''}。"
            f"请逐条核对后关闭；要重提的，须退回修改。"
        )


@transaction.atomic
def close(comment: Comment, *, revision: int, actor: User) -> None:
    """Be content with the answer, having read the revision with the id ``revision``."""
    _hold_answered(comment, revision, actor)
    _require_waiting(comment)
    Comment.objects.filter(pk=comment.pk).update(closed_by=actor, closed_at=timezone.now())
    _record(comment, "comment_close", "关闭审核意见", actor)


@transaction.atomic
def undo_close(comment: Comment, *, revision: int, actor: User) -> None:
    """Take a closing back: the comment waits to be decided on again."""
    _hold_answered(comment, revision, actor)
    closed = Comment.objects.filter(pk=comment.pk, closed_at__isnull=False)
    if not closed.update(closed_by=None, closed_at=None):
        raise StaleState("同事刚刚撤销了关闭，请看最新情况。")
    _record(comment, "comment_undo_close", "撤销关闭审核意见", actor)


@transaction.atomic
def reopen(comment: Comment, kind: str, text: str, *, revision: int, actor: User) -> Comment:
    """Put a comment again, at the same place of the current revision; the next return sends it."""
    current = _hold(comment.application, revision, actor)
    _require_waiting(comment)
    again = Comment.objects.create(
        application=comment.application,
        revision=current,
        author=actor,
        reopens=comment,
        **_again(comment, kind, text),
    )
    _record(again, "comment_reopen", "重提审核意见", actor)
    return again


def _hold_answered(comment: Comment, revision: int, actor: User) -> None:
    """Lock an application that waits to be accepted, as it was read."""
    application = comment.application
    interests.require_open(application, actor)
    if actor.role != ACCEPT.role or application.status not in ACCEPT.sources:
        now = Status(application.status).label_for(actor.role)
        raise NotAllowed(f"申报现在是“{now}”，不能核对以前的意见。")
    _lock_as_read(application, revision, actor)


def _require_waiting(comment: Comment) -> None:
    """Refuse unless the comment, locked with its application, is answered and undecided."""
    current = Comment.objects.select_related("closed_by", "reopened_as__author").get(pk=comment.pk)
    if current.closed_at:
        raise StaleState(f"{current.closed_by}已在 {moment(current.closed_at)} 关闭了这条意见。")
    if current.put_again:
        author, at = current.put_again.author, moment(current.put_again.created_at)
        raise StaleState(f"{author}已在 {at} 重提了这条意见。")
    if not Comment.objects.undecided().filter(pk=comment.pk).exists():
        raise NotAllowed("企业重新提交之后，才能核对这条意见的答复。")


# Enterprise


def asked(application: Application, reader: User) -> list[Comment]:
    """What the last return asks to be changed, as long as the application stands returned."""
    if application.status != Status.RETURNED:  # spares the query
        return []
    comments = application.comments.visible_to(reader).for_reading()
    return [comment for comment in comments if comment.is_open]


@transaction.atomic
def answer(
    comment: Comment, answer: str, reply: str = "", *, seen: datetime | None, actor: User
) -> None:
    """Say 已改, or explain why not; ``seen`` is when the answer on show was given, if there was.

    Raises StaleState when a colleague answered meanwhile, or the application was submitted again.
    """
    workflow.hold(comment.application_id, actor)
    if answer == Comment.Answer.EXPLAINED and not reply.strip():
        raise NotAllowed("请写明说明的内容。")
    comments = Comment.objects.visible_to(actor).select_related("application")
    current = comments.filter(pk=comment.pk).first()
    if current is None or not current.is_open:
        raise StaleState("这条意见属于以前的提交，答复不能再改。")
    answered = Comment.objects.filter(pk=comment.pk, answered_at=seen).update(
        answer=answer, reply=reply.strip(), answered_by=actor, answered_at=timezone.now()
    )
    if not answered:
        raise StaleState("同事刚刚答复了这条意见，您的答复没有保存；请看过后再决定。")
    _record(comment, "comment_answer", "答复审核意见", actor)


# Both


def _record(comment: Comment, verb: str, act: str, actor: User) -> None:
    """Note on the trail where something was said, not what."""
    trail.record(verb, act, actor=actor, target=comment.application, detail=comment.title)
