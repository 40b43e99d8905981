"""The trail itself: records are added inside the act's own transaction and chained after it.

Chaining inside it would make all acts of the province wait for one another, since each link needs
the one before. So a link is made in a short transaction of its own, at once after the commit; what
was missed then, the next one takes along.
"""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from portal.audit.models import Link, Record

GENESIS = "0" * 64
"""What the first link holds in place of the one before it."""

CHAIN_LOCK = 7_021_204
"""PostgreSQL's advisory lock on the end of the chain; on SQLite a transaction locks all."""

ANCHOR = "audit-anchor.json"

RECENT = 10_000
"""How many records back a seal looks for what is not chained yet: as many acts as may well commit
while one is under way. What takes longer still is found by a seal of everything."""


def record(
    verb: str,
    act: str,
    *,
    actor: Any,
    target: models.Model | None = None,
    named: str = "",
    detail: str = "",
) -> Record:
    """Note an act: ``verb`` for machines, ``act`` in Chinese, ``actor`` a User or None.

    ``target`` is the row it was done to; ``named`` what to call that, else its own text. Call it
    inside the transaction of the act, so that neither exists without the other.
    """
    signed_in = actor is not None and actor.pk is not None
    row = Record.objects.create(
        at=timezone.now(),
        actor_id=actor.pk if signed_in else None,
        actor=str(actor)[:180] if signed_in else "",
        unit=actor.affiliation[:100] if signed_in else "",
        role=actor.get_role_display() if signed_in else "",
        verb=verb,
        act=act,
        target_type=target._meta.model_name if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        target=(named or (str(target) if target is not None else ""))[:200],
        detail=detail,
    )
    # A failure to chain must not undo or hide what was done: it is caught up with later.
    if not _is_waiting(seal):
        transaction.on_commit(seal, robust=True)
    return row


def _is_waiting(function: Any) -> bool:
    return any(waiting[1] is function for waiting in connection.run_on_commit)


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
        _anchor(links[-1])
    return len(links)


def digest(before: str, position: int, row: Record) -> str:
    """The hash of a link: the one before it, its position, and all of its record."""
    content = {field.attname: getattr(row, field.attname) for field in Record._meta.fields}
    content["at"] = row.at.timestamp()
    content |= {"before": before, "position": position}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _anchor(link: Link) -> None:
    """Keep the end of the chain outside the database, where cutting it off or redoing it shows."""
    path = settings.DATA_DIR / ANCHOR
    part = path.with_suffix(f".{link.position}")
    part.write_text(json.dumps({"position": link.position, "sha256": link.sha256}))
    part.replace(path)
