"""The trail itself: records are added inside the act's own transaction and chained after it.

Chaining inside it would make all acts of the province wait for one another, since each link needs
the one before. So a link is made in a short transaction of its own, at once after the commit; what
was missed then, the next one takes along.
"""

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection, models, transaction
from django.utils import timezone

from portal.audit.models import Link, Record
from portal.commits import once_committed

GENESIS = "0" * 64
"""What the first link holds in place of the one before it."""

CHAIN_LOCK = 7_021_204
"""PostgreSQL's advisory lock on the end of the chain; on SQLite a transaction locks all."""

HASHED = (
    "id",
    "at",
    "actor_id",
    "actor",
    "unit",
    "role",
    "verb",
    "act",
    "target_type",
    "target_id",
    "target",
    "detail",
)
"""What of a record goes into its hash. By name: a new column must not break the links there are."""

RECENT = 1_000
"""How many records back a seal looks for what is not chained yet: as many acts as may well commit
while one is under way. What takes longer still is found by a seal of everything."""

LATE = timedelta(hours=1)
"""Longer than any act takes from its record to its link."""

LOOK = timedelta(hours=1)
"""What one person looks at again within it is one look: pages of a file come one by one."""

BATCH = 2_000
MOST_FINDINGS = 1_000


# Recording


def record(
    verb: str,
    act: str,
    *,
    actor: Any,
    target: models.Model | None = None,
    named: str = "",
    detail: str = "",
    key: str = "",
    once_in: timedelta | None = None,
) -> Record | None:
    """Note an act: ``verb`` for machines, ``act`` in Chinese, ``actor`` a User or None.

    ``target`` is the row it was done to, ``named`` what to call that, else its own text; ``key``
    is what finds the record again where there is no row. Call it inside the transaction of the act,
    so that neither exists without the other. What is only looked at is noted ``once_in`` a while:
    the same said again before that is passed over, and None returned.
    """
    signed_in = actor is not None and actor.pk is not None
    said = {
        "actor_id": actor.pk if signed_in else None,
        "actor": str(actor)[:180] if signed_in else "",
        "unit": actor.affiliation[:100] if signed_in else "",
        "role": actor.get_role_display() if signed_in else "",
        "verb": verb,
        "act": act,
        "target_type": target._meta.model_name if target is not None else "",
        "target_id": str(target.pk) if target is not None else key,
        "target": (named or (str(target) if target is not None else ""))[:200],
        "detail": detail,
    }
    if once_in and not cache.add(f"audit:{_sha256(said)}", True, once_in.total_seconds()):
        return None
    row = Record.objects.create(at=timezone.now(), **said)
    once_committed(seal)  # what fails to be chained, the next seal takes along
    return row


# Chaining


class Head(NamedTuple):
    """An end of the chain: the last link that there was at some time."""

    position: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.position}:{self.sha256}"


def seal(*, everything: bool = False) -> int:
    """Chain the records that are not yet; returns how many were. ``everything`` looks at all."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
        last = Link.objects.order_by("-position").first()
        position, before = (last.position, last.sha256) if last else (0, GENESIS)
        rows = Record.objects.unsealed().order_by("pk")
        if last and not everything:
            rows = rows.filter(pk__gt=last.record_id - RECENT)
        links = []
        for row in rows:
            position += 1
            before = digest(before, position, row)
            links.append(Link(position=position, record=row, sha256=before))
        Link.objects.bulk_create(links)
    if links:
        _keep_outside(Head(position, before))
    return len(links)


def digest(before: str, position: int, row: Record) -> str:
    """The hash of a link: the one before it, its position, and all of its record."""
    content = {name: getattr(row, name) for name in HASHED}
    content["at"] = row.at.astimezone(UTC).isoformat()
    return _sha256(content | {"before": before, "position": position})


def _sha256(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def head() -> Head | None:
    """The end of the chain as it stands."""
    last = Link.objects.order_by("-position").values_list("position", "sha256").first()
    return Head(*last) if last else None


# The end of the chain kept outside the database, where cutting it off or redoing it shows


def kept_outside() -> Head | None:
    """What the file says, None if there is none. One that is unreadable contradicts every chain."""
    try:
        kept = json.loads(settings.AUDIT_ANCHOR.read_text())
        return Head(int(kept["position"]), str(kept["sha256"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return Head(0, "")


def _keep_outside(end: Head) -> None:
    """Move the file on to ``end``, unless the chain has lost what it says: then it is the proof."""
    path = settings.AUDIT_ANCHOR
    with path.with_suffix(".lock").open("w") as lock:
        # Who seals next may well get here first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = kept_outside()
        if kept and (kept.position >= end.position or _contradiction(kept)):
            return
        part = path.with_suffix(".part")
        part.write_text(json.dumps(end._asdict()))
        part.replace(path)


def _contradiction(kept: Head) -> str:
    """What is wrong with the chain, held against an end that it once had."""
    found = Link.objects.filter(position=kept.position).values_list("sha256", flat=True).first()
    if found is None:
        return f"链上没有第 {kept.position} 环，而链外保存的链尾正是这一环：链的末尾已被截去。"
    if found != kept.sha256:
        return f"第 {kept.position} 环与链外保存的校验值不符：整条链已被重新计算。"
    return ""


# Verifying


@dataclass
class Verdict:
    """What verifying found: how many records there are, the end of the chain, what is wrong."""

    records: int = 0
    head: Head = Head(0, GENESIS)
    findings: list[str] = field(default_factory=list)

    @property
    def in_words(self) -> str:
        """The outcome in one sentence, with the end of the chain to be kept elsewhere."""
        found = f"发现 {len(self.findings)} 处异常" if self.findings else "没有发现异常"
        return f"共 {self.records} 条审计记录，{found}。链尾 {self.head}"


def verify(
    *kept_elsewhere: Head, report: Callable[[int], object] = lambda position: None
) -> Verdict:
    """Hold every record against its link, and the chain against the ends of it that were kept.

    Each link is held against the one stored before it, so that what was changed is named by itself
    and not with all that follows. ``report`` is told now and then how far this has come.
    """
    verdict = Verdict()
    for finding in _findings(verdict, kept_elsewhere, report):
        verdict.findings.append(finding)
        if len(verdict.findings) >= MOST_FINDINGS:
            verdict.findings.append("异常过多，其余未再列出。")
            break
    return verdict


def _findings(
    verdict: Verdict, kept_elsewhere: tuple[Head, ...], report: Callable[[int], object]
) -> Iterator[str]:
    kept = kept_outside()
    earliest = datetime.min.replace(tzinfo=UTC)
    for link, row in _links():
        before, here = verdict.head, f"第 {link.position} 环"
        verdict.head = Head(link.position, link.sha256)
        if link.position % BATCH == 0:
            report(link.position)
        if link.position != before.position + 1:
            yield (f"序号不连续：第 {before.position} 环之后是{here}，中间的环节已被删除或改动。")
        elif row is None:
            yield f"{here}的记录（编号 {link.record_id}）已被删除。"
        elif link.sha256 != digest(before.sha256, link.position, row):
            yield f"{here}与其记录（编号 {row.pk}：{row}）不符：记录或环节已被改动。"
        if row is None:
            continue
        verdict.records += 1
        if row.at < earliest:
            yield f"{here}的记录（编号 {row.pk}：{row}）比前面的记录早：可能是事后补入的。"
        earliest = max(earliest, row.at - LATE)
    now = timezone.now()
    for row in Record.objects.unsealed().order_by("pk").iterator(BATCH):
        verdict.records += 1
        if not now - LATE < row.at < now + LATE:
            yield f"记录（编号 {row.pk}：{row}）不在链上：封存没有成功，或不是由门户写入的。"
    if kept is None and verdict.head.position:
        yield f"链外保存链尾的文件 {settings.AUDIT_ANCHOR.name} 不见了。"
    for end in filter(None, (kept, *kept_elsewhere)):
        if contradiction := _contradiction(end):
            yield contradiction


def _links() -> Iterator[tuple[Link, Record | None]]:
    """Every link in order with its record, some thousands at a time."""
    last = -1
    while links := list(Link.objects.filter(position__gt=last).order_by("position")[:BATCH]):
        through = {"link__position__gt": last, "link__position__lte": links[-1].position}
        rows = {row.pk: row for row in Record.objects.filter(**through).order_by()}
        yield from ((link, rows.get(link.record_id)) for link in links)
        last = links[-1].position
