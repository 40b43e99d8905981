"""接口调用方: the systems that read through the API, each by a token of its own."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import trail
from portal.errors import StaleState
from review.models import ApiClient

PREFIX = "sgz_"
"""Begins each token, so that one that leaked is recognised as such."""
NOTED_EVERY = timedelta(minutes=1)


def make(
    *, name: str, contact: str, scopes: Sequence[str], expires_at: datetime, actor: User
) -> tuple[ApiClient, str]:
    """A new client with its token, which is told this once: only its digest is kept."""
    actor.require_province("建立接口调用方")
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        client = ApiClient.objects.create(
            name=name,
            contact=contact,
            scopes=list(scopes),
            expires_at=expires_at,
            token_sha256=_digest(token),
            created_by=actor,
        )
        may_read = "、".join(client.scope_labels)
        trail.record("api_make", "建立接口调用方", actor=actor, target=client, detail=may_read)
    return client, token


def revoke(client: ApiClient, *, actor: User) -> None:
    """Let a client read nothing more, from now on."""
    actor.require_province("停用接口调用方")
    with transaction.atomic():
        clients = ApiClient.objects.filter(pk=client.pk, revoked_at=None)
        if not clients.update(revoked_at=timezone.now()):
            raise StaleState
        trail.record("api_revoke", "停用接口调用方", actor=actor, target=client)


def of_token(token: str) -> ApiClient | None:
    """Whose token it is, if it opens anything now; also notes that it was used."""
    client = ApiClient.objects.filter(token_sha256=_digest(token)).first()
    if client is None or not client.is_usable:
        return None
    now = timezone.now()
    if client.last_used_at is None or client.last_used_at < now - NOTED_EVERY:
        ApiClient.objects.filter(pk=client.pk).update(last_used_at=now)
    return client


def note_reading(client: ApiClient, what: str) -> None:
    """Put into the audit trail that a client was given something: once a day for each thing.

    A platform that keeps itself up to date asks all day; each call would bury what people do.
    """
    a_day = timedelta(days=1)
    trail.record("api_read", "接口读取", actor=None, target=client, detail=what, once_in=a_day)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
