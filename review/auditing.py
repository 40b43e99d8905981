"""审计记录 as a page and a file: what is searched for, and what became of verifying the chain."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, BinaryIO, Self

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.models import Record, RecordQuerySet
from portal.documents import streamed
from portal.documents.model import Column, Kind
from portal.jobs.models import Job
from portal.messaging import sending
from portal.messaging.models import Message
from portal.rounds.times import moment

TITLE = "审计记录"
VERIFIED = "verify_audit"
"""The verb of a verification; also the kind of job that makes one."""

MOST_IN_A_FILE = 20_000
CUT_SHORT = f"只列出最近 {MOST_IN_A_FILE} 条；更早的，请缩小日期范围后另行导出。"
MOST_NAMED = 20
LABELS = {field.name: str(field.verbose_name) for field in Record._meta.fields} | {"id": "编号"}
SHOWN = {
    "id": 10,
    "at": 20,
    "actor": 12,
    "unit": 28,
    "role": 12,
    "act": 18,
    "target": 48,
    "detail": 48,
}
"""The columns of a file with their widths."""


# Searching


@dataclass(frozen=True)
class Query:
    """What the address bar asks for, all of it checked by ``forms.AuditForm``."""

    actor: str = ""
    unit: str = ""
    act: str = ""
    target: str = ""
    since: date | None = None
    until: date | None = None
    q: str = ""
    kind: str = ""
    pk: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{name: value for name, value in data.items() if value})

    @property
    def parameters(self) -> dict[str, str]:
        """What the form reads again, as it stands in an address."""
        return {name: str(value) for name, value in asdict(self).items() if value}

    def rows(self, user: User) -> RecordQuerySet:
        """What is found, the latest first. Days are Beijing days, the last one included."""
        rows = Record.objects.visible_to(user)
        if self.kind:
            rows = rows.filter(target_type=self.kind, target_id=self.pk)
        for name in ("actor", "unit", "act", "target"):
            if value := getattr(self, name):
                rows = rows.filter(**{f"{name}__icontains": value})
        if self.since:
            rows = rows.filter(at__gte=_beginning(self.since))
        if self.until:
            rows = rows.filter(at__lt=_beginning(self.until + timedelta(days=1)))
        if self.q:
            found = Q(target__icontains=self.q) | Q(detail__icontains=self.q)
            rows = rows.filter(found | Q(actor__icontains=self.q) | Q(act__icontains=self.q))
        return rows

    def page(self, user: User, before: int) -> tuple[list[Record], int | None]:
        """The records before one, and before which the next page begins; nothing is counted."""
        rows = self.rows(user)
        if before:
            rows = rows.filter(pk__lt=before)
        found = list(rows[: settings.PAGE_SIZE + 1])
        page = found[: settings.PAGE_SIZE]
        return page, page[-1].pk if len(found) > len(page) else None

    def write(self, user: User, stream: BinaryIO) -> int:
        """The latest of what is found, as Excel; returns how many records that were."""
        columns = [Column(LABELS[name], Kind.TEXT, width) for name, width in SHOWN.items()]
        return streamed.write(TITLE, columns, self._cells(user), stream)

    def _cells(self, user: User) -> Iterator[tuple[str, ...]]:
        rows = self.rows(user)[: MOST_IN_A_FILE + 1].iterator()
        for row in islice(rows, MOST_IN_A_FILE):
            said = {name: str(getattr(row, name)) for name in SHOWN}
            yield tuple((said | {"at": moment(row.at)}).values())
        if next(rows, None):
            yield (CUT_SHORT, *[""] * (len(SHOWN) - 1))


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())


# Verifying


def last_verified(user: User) -> Record | None:
    """When the chain was verified last, and how that went."""
    return Record.objects.visible_to(user).filter(verb=VERIFIED).first()


def verify(job: Job) -> None:
    """Verify the chain, note the outcome on it, and tell the province of anything wrong.

    Only then what is not chained yet is taken in: it may have been put there by somebody.
    """
    end = trail.head()
    length = end.position if end else 1

    def report(position: int) -> None:
        job.report(min(99, 100 * position // length), f"已核对 {position} / {length} 条")

    verdict = trail.verify(report=report)
    named = verdict.findings[:MOST_NAMED]
    if len(verdict.findings) > MOST_NAMED:
        named.append(f"等 {len(verdict.findings)} 处")
    job.message = "\n".join([verdict.in_words, *named])
    with transaction.atomic():
        trail.record(VERIFIED, "验证审计链", actor=job.owner, detail=job.message)
        if verdict.findings:
            _warn(verdict)
    trail.seal(everything=True)


def _warn(verdict: trail.Verdict) -> None:
    sending.send(
        sending.province(),
        kind=Message.Kind.TASK,
        title="审计记录验证发现异常",
        text=f"{verdict.in_words}。请保留现场，不要恢复备份，并通知系统管理员。",
        sender="智能工厂申报门户",
        url=reverse("review:audit"),
        key=f"audit-{timezone.localdate()}",
    )
