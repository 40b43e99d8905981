"""提醒: the province reminds units of their lists, or enterprises of their applications.

The words are the officer's, with codes like {单位} that stand for the facts of each recipient. What
was previewed is what is sent: facts that change in between are shown again first.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from applications.models.history import canonical_json
from applications.states import Status
from portal.accounts.models import Role, User
from portal.audit import trail
from portal.errors import PortalError
from portal.messaging import sending
from portal.messaging.models import Message
from portal.rounds.models import Round
from portal.rounds.times import closing
from review import cockpit, forecast
from review.cockpit import Unit
from review.forecast import Outlook
from review.models import Reminder

Scope = Reminder.Scope

DRAFTS = {
    Scope.UNITS: (
        "请于 {截止}前报送推荐名单",
        "{单位}：\n截至目前，贵单位待审核 {待审核} 项（其中 {未打开} 项尚未打开），"
        "退回企业修改 {退回} 项，审核通过 {审核通过} 项；"
        "推荐名单已排 {已排} 个名额，共 {名额} 个，尚未报送。\n"
        "请于 {截止}前办结并报送，逾期系统不再接收。",
    ),
    Scope.ENTERPRISES: (
        "申报尚未提交，请于 {截止}前完成",
        "{企业}：\n贵单位的申报目前为“{状态}”，已填 {已填} 项，应填 {应填} 项。{缺项}\n"
        "请于 {截止}前补齐并提交，逾期系统不再接收。",
    ),
}
"""The subject and the text that are offered."""

CODE = re.compile(r"\{[^{}\n]{0,20}\}")


@dataclass(frozen=True)
class Group:
    """Those who get the same words: a unit's officers, or an enterprise's people."""

    name: str
    people: tuple[User, ...]
    facts: dict[str, str]
    due: datetime
    url: str


@dataclass(frozen=True)
class Letter:
    """What one group will read."""

    group: Group
    title: str
    text: str


# To whom


def groups(round: Round, scope: Scope, user: User, bureau: str = "") -> list[Group]:
    """The units that have not sent their list, or the enterprises that may be late; of one bureau
    (code) or of all. A unit named by itself is reminded whatever its list says."""
    if scope == Scope.UNITS:
        units = cockpit.units(round, user)
        chosen = [
            u for u in units if (u.bureau.code == bureau if bureau else u.ranked_list.is_open)
        ]
        people = _people(role=Role.BUREAU, bureau__in=[unit.bureau for unit in chosen])
        return [_of_unit(unit, people[unit.bureau.pk]) for unit in chosen]
    late = [one for one in forecast.late(round, user, bureau) if not one.waits_for_bureau]
    people = _people(enterprise__in=[one.application.enterprise_id for one in late])
    return [_of_enterprise(one, people[one.application.enterprise_id]) for one in late]


def _people(**whose) -> dict[int, list[User]]:
    """Who can be reminded, by their unit."""
    found = defaultdict(list)
    for person in User.objects.reachable().filter(**whose).order_by("pk"):
        found[person.bureau_id or person.enterprise_id].append(person)
    return found


def _of_unit(unit: Unit, people: list[User]) -> Group:
    facts = {
        "单位": unit.bureau.name,
        "待审核": unit.numbers[Status.SUBMITTED],
        "未打开": unit.unopened,
        "退回": unit.numbers[Status.RETURNED],
        "审核通过": unit.numbers[Status.ACCEPTED],
        "已排": unit.taken,
        "名额": unit.quota,
        "截止": closing(unit.due.instant),
    }
    url = f"{reverse('review:inbox')}?round={unit.ranked_list.round.slug}"
    return Group(unit.bureau.name, tuple(people), _words(facts), unit.due.instant, url)


def _of_enterprise(one: Outlook, people: list[User]) -> Group:
    row = one.application
    facts = {
        "企业": row.enterprise.name,
        "状态": row.status_label(Role.ENTERPRISE),
        "已填": "—" if row.done is None else row.done,
        "应填": "—" if row.required is None else row.required,
        "缺项": f"尚缺{'、'.join(one.lacking)}。" if one.lacking else "",
        "截止": closing(one.due.instant),
    }
    url = reverse("applications:detail", args=[row.pk])
    return Group(row.enterprise.name, tuple(people), _words(facts), one.due.instant, url)


def _words(facts: dict[str, object]) -> dict[str, str]:
    return {f"{{{name}}}": str(fact) for name, fact in facts.items()}


# What


def draft(scope: Scope, groups: Sequence[Group]) -> dict[str, str]:
    """The words offered: with codes for several, in full for a single one."""
    title, text = DRAFTS[scope]
    if len(groups) == 1:
        title, text = (_filled(words, groups[0].facts) for words in (title, text))
    return {"title": title, "text": text}


def _filled(words: str, facts: dict[str, str]) -> str:
    return CODE.sub(lambda code: facts.get(code[0], code[0]), words)


def letters(groups: Sequence[Group], title: str, text: str) -> list[Letter]:
    """What each group with an account will read; raises PortalError where that cannot be."""
    known = groups[0].facts if groups else {}
    unknown = [code for code in CODE.findall(title + text) if code not in known]
    if groups and unknown:
        raise PortalError(
            f"“{unknown[0]}”不是可用的代号。可用的有：{'、'.join(known)}。"
            "不需要代号时，请不要用花括号。"
        )
    found = [
        Letter(each, _filled(title, each.facts), _filled(text, each.facts))
        for each in groups
        if each.people
    ]
    if not found:
        raise PortalError("没有可以提醒的收件人：名单中的单位都没有可登录的账号。")
    longest = Message._meta.get_field("title").max_length
    for letter in found:
        if len(letter.title) > longest:
            raise PortalError(
                f"标题代入“{letter.group.name}”的情况后有 {len(letter.title)} 字，"
                f"请控制在 {longest} 字以内。"
            )
    return found


def digest(letters: Sequence[Letter]) -> str:
    """What stands for a preview: it changes with any recipient and any word."""
    said = [[each.title, each.text, [p.pk for p in each.group.people]] for each in letters]
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()[:16]


# Sending


@transaction.atomic
def send(
    round: Round,
    scope: Scope,
    letters: Sequence[Letter],
    *,
    title: str,
    text: str,
    is_urgent: bool,
    key: str,
    actor: User,
) -> bool:
    """Send the letters as one reminder; False where the one under ``key`` has been sent already."""
    actor.require_province("发送提醒")
    reminder, is_new = Reminder.objects.get_or_create(
        key=key,
        defaults={
            "round": round,
            "scope": scope,
            "names": [letter.group.name for letter in letters],
            "title": title,
            "text": text,
            "is_urgent": is_urgent,
            "sent_by": actor,
        },
    )
    if not is_new:
        return False
    for letter in letters:
        sending.send(
            letter.group.people,
            kind=Message.Kind.DEADLINE,
            title=letter.title,
            text=letter.text,
            sender=actor.affiliation,
            due=letter.group.due,
            url=letter.group.url,
            key=reminder.message_key,
            is_urgent=is_urgent,
        )
    people = sum(len(letter.group.people) for letter in letters)
    trail.record(
        "remind",
        "发送提醒",
        actor=actor,
        target=reminder,
        detail=f"{reminder.get_scope_display()} {len(letters)} 家，{people} 人",
    )
    return True


def with_readers(reminders: Sequence[Reminder]) -> list[Reminder]:
    """Each with ``recipients``, how many people it went to, and ``readers``, how many read it."""
    keys = [reminder.message_key for reminder in reminders]
    counted = Message.objects.filter(key__in=keys).order_by().values_list("key")
    counted = counted.annotate(Count("pk"), Count("read_at"))
    numbers = {key: (total, read) for key, total, read in counted}
    for reminder in reminders:
        reminder.recipients, reminder.readers = numbers.get(reminder.message_key, (0, 0))
    return list(reminders)
