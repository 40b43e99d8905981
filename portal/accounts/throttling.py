"""登录限制: who got a password wrong too often waits. The audit trail knows how often that was.

Counted for a name from one place, so that nobody locks out an enterprise, whose sign-in name is its
public credit code; for a name from everywhere, and for a place, so that nobody tries them all. From
where somebody has signed in before, what others try elsewhere does not count.
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.models import Record
from portal.errors import PortalError

SIGNED_IN, FAILED = "sign_in", "sign_in_failed"
WINDOW = timedelta(minutes=15)
MOST_FOR_NAME_FROM_PLACE = 10
MOST_FROM_PLACE = 50
"""An office has one address."""
MOST_FOR_NAME = 100


class Paused(PortalError):
    """Too many wrong passwords; ``str(error)`` says when to try again."""


def place(address: str) -> str:
    """Where somebody is, as the trail says it: it can be counted, and the address not be read."""
    return f"来源 {_digest(address)[:12]}"


def require_patience(name: str, address: str) -> None:
    """Raise Paused after too many wrong passwords, whether or not somebody has the name."""
    failed = Record.objects.filter(verb=FAILED, at__gt=timezone.now() - WINDOW).order_by("-at")
    of_name, here = failed.filter(target_id=_digest(name)), {"detail": place(address)}
    limits = [
        (of_name.filter(**here), MOST_FOR_NAME_FROM_PLACE),
        (failed.filter(**here), MOST_FROM_PLACE),
    ]
    owner = User.objects.filter(username=name).values("pk")
    if not Record.objects.filter(verb=SIGNED_IN, actor_id__in=owner, **here).exists():
        limits.append((of_name, MOST_FOR_NAME))
    over = [
        at + WINDOW
        for rows, most in limits
        for at in rows.values_list("at", flat=True)[most - 1 : most]
    ]
    if over:
        again = timezone.localtime(max(over) + timedelta(minutes=1))
        raise Paused(f"密码输错次数过多，请在 {again:%H:%M} 以后再试。")


def note_failure(
    name: str, address: str, act: str = "登录失败", *, actor: User | None = None
) -> None:
    """Put a wrong password on the trail.

    A name that nobody has is not written down: people type their password in the wrong field.
    """
    known = User.objects.filter(username=name).first()
    named = f"{known.username}（{known.affiliation}）" if known else "没有这个登录名"
    trail.record(FAILED, act, actor=actor, named=named, key=_digest(name), detail=place(address))


def is_right(password: str, user: User, address: str) -> bool:
    """Whether it is the password of somebody who is signed in; raises Paused as signing in does."""
    require_patience(user.username, address)
    right = user.check_password(password)
    if not right:
        note_failure(user.username, address, "再次输入密码有误", actor=user)
    return right


def _digest(text: str) -> str:
    return salted_hmac("portal.accounts.throttling", text).hexdigest()
