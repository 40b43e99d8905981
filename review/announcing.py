"""公示: naming what was recommended, for everybody to read and to object to."""

import json
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from applications.models import Revision
from portal.accounts.models import User
from portal.audit import trail
from portal.errors import NotAllowed, StaleState
from portal.rounds.models import Round
from review.models import Announcement, RankedList, Seat
from review.models.province import AnnouncementQuerySet

USUAL_DAYS = 5
"""Working days; the least that is usual."""

PUBLISHED = "该公示已经发布，不能再修改；如有错误，请撤下后重新公示。"

Row = dict[str, Any]


def candidates(round: Round) -> list[Row]:
    """What the received lists of a round recommend, by unit in the notice's order.

    Inside a unit by name: its ranking is not the public's affair.
    """
    received = RankedList.objects.filter(round=round, status=RankedList.Status.RECEIVED)
    seats = Seat.objects.filter(
        round=round, bureau__in=received.values("bureau"), application__isnull=False
    ).select_related("bureau", "application__enterprise", "application__current_revision")
    by_name = seats.order_by("bureau__order", "application__enterprise__initials", "application")
    return [_row(seat) for seat in by_name]


def _row(seat: Seat) -> Row:
    revision: Revision = seat.application.current_revision
    return {
        "application": seat.application_id,
        "bureau": seat.bureau.name,
        "enterprise": revision.data["enterprise"]["name"],
        "project": revision.project_name,
    }


def suggested(round: Round) -> dict[str, Any]:
    """What the form of a new announcement starts with."""
    noun = round.project_noun
    opens_on = timezone.localdate() + timedelta(days=1)
    return {
        "title": f"关于{round.year}年度拟推荐{noun}名单的公示",
        "text": f"根据“{round}”通知要求，经企业申报、推荐单位审核推荐、省厅受理，"
        f"现将{round.year}年度拟推荐的{noun}名单予以公示，接受社会监督。\n"
        "公示期内，任何单位和个人对公示内容有异议的，请实名反映并说明事实依据。"
        "以单位名义反映的，请写明单位全称和联系人。",
        "opens_on": opens_on,
        "closes_on": after_working_days(opens_on, USUAL_DAYS),
        "contact": f"{round.contact_office} {round.contact_phone}".strip(),
    }


def after_working_days(start: date, days: int) -> date:
    """The last of so many working days from ``start`` on; holidays are not known here."""
    day = start
    while True:
        days -= day.weekday() < 5
        if days == 0:
            return day
        day += timedelta(days=1)


def fingerprint(announcement: Announcement) -> str:
    """What stands for everything that publishing would make public."""
    content = [
        announcement.title,
        announcement.text,
        announcement.contact,
        f"{announcement.opens_on} {announcement.closes_on}",
        announcement.rows,
    ]
    return Revision.digest({"content": json.dumps(content, ensure_ascii=False)})


@transaction.atomic
def keep(announcement: Announcement, chosen: Collection[int], *, actor: User) -> None:
    """Store a draft with the applications chosen from the received lists of its round."""
    actor.require_province("起草公示")
    announcement.rows = [
        row for row in candidates(announcement.round) if row["application"] in chosen
    ]
    if announcement.pk is None:
        announcement.created_by = actor
        announcement.save()
        trail.record("announcement_draft", "起草公示", actor=actor, target=announcement)
        return
    fields = ("title", "text", "opens_on", "closes_on", "contact", "rows")
    values = {name: getattr(announcement, name) for name in fields}
    if not _only_a_draft(announcement).update(**values):
        raise StaleState(PUBLISHED)
    trail.record("announcement_change", "修改公示草稿", actor=actor, target=announcement)


@transaction.atomic
def discard(announcement: Announcement, *, actor: User) -> None:
    """Delete a draft that nobody needs any more."""
    actor.require_province("删除公示草稿")
    trail.record("announcement_discard", "删除公示草稿", actor=actor, target=announcement)
    if not _only_a_draft(announcement).delete()[0]:
        raise StaleState(PUBLISHED)


@transaction.atomic
def publish(announcement: Announcement, *, seen: str, actor: User) -> None:
    """Let everybody read it from its first day on; from now on nothing in it changes.

    ``seen`` is the fingerprint of what the officer has looked at.
    """
    actor.require_province("发布公示")
    if not _only_a_draft(announcement).update(published_at=timezone.now()):
        raise StaleState(PUBLISHED)
    announcement.refresh_from_db()
    if seen != fingerprint(announcement):
        raise StaleState("您打开页面之后，草稿又有修改。请再核对一遍后发布。")
    if announcement.opens_on < timezone.localdate():
        raise NotAllowed("“公示起”早于今天，公示期须从公众能看到的那一天算起。请修改后再发布。")
    if not announcement.rows:
        raise NotAllowed("没有选择任何项目，请修改草稿后再发布。")
    now = {row["application"]: row for row in candidates(announcement.round)}
    changed = [row["enterprise"] for row in announcement.rows if now.get(row["application"]) != row]
    if changed:
        raise NotAllowed(
            f"草稿保存之后，{'、'.join(changed)}的推荐情况有变化。请修改草稿，核对名单后再发布。"
        )
    trail.record(
        "announcement_publish",
        "发布公示",
        actor=actor,
        target=announcement,
        detail=f"{announcement.opens_on} 至 {announcement.closes_on}，{len(announcement.rows)} 项",
    )


@transaction.atomic
def withdraw(announcement: Announcement, reason: str, *, actor: User) -> None:
    """Take the names off; that there was an announcement, and why it is gone, stays."""
    actor.require_province("撤下公示")
    standing = Announcement.objects.filter(
        pk=announcement.pk, published_at__isnull=False, withdrawn_at=None
    )
    if not standing.update(withdrawn_at=timezone.now(), withdrawal_reason=reason):
        raise StaleState("该公示已经撤下。")
    trail.record(
        "announcement_withdraw", "撤下公示", actor=actor, target=announcement, detail=reason
    )


def _only_a_draft(announcement: Announcement) -> AnnouncementQuerySet:
    return Announcement.objects.filter(pk=announcement.pk, published_at=None)
