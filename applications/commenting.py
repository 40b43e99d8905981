"""审核意见: what the bureau asks to be changed, place by place, and what the enterprise answers.

What is written stays with the bureau until a return sends it (``workflow.act``); answers stay with
the enterprise, which may change them, until it submits again.
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
from portal.errors import NotAllowed, StaleState

RETURN = BY_VERB["return_for_changes"]
"""While it is possible, comments may be written."""

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
    return Comment.objects.create(
        application=application,
        revision=current,
        author=actor,
        **_written(current, place, kind, text),
    )


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
    if not changed.update(revision=current, **_written(current, place, kind, text)):
        raise StaleState("这条意见已被同事移除，您的改动没有保存；如仍需要，请另写一条。")


@transaction.atomic
def remove(comment: Comment, *, actor: User) -> None:
    """Take an unsent comment back."""
    _lock(actor, pk=comment.application_id)
    if not Comment.objects.visible_to(actor).unsent().filter(pk=comment.pk).delete()[0]:
        raise StaleState("这条意见已经发给企业，或已被同事移除。")


def _hold(application: Application, revision: int, actor: User) -> Revision:
    """Lock an application that can be returned; its current revision."""
    interests.require_open(application, actor)
    if RETURN not in workflow.possible(application, actor.role):
        raise NotAllowed("申报现在不能退回修改，因此不能提逐项意见；请看最新情况。")
    if revision != application.current_revision_id:
        raise StaleState("企业已提交新的版本，您的意见没有保存；请对照最新内容后再提。")
    if not _lock(actor, pk=application.pk, status=application.status, current_revision=revision):
        raise StaleState()
    return Revision.objects.get(pk=revision)


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
