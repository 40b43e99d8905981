"""A round's pages as they are stored and as they were posted; stored whole or not at all."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from django.db import transaction
from django.db.models import F
from django.http import QueryDict

from applications.models.rows import random_key
from portal.accounts.models import User
from portal.audit import trail
from portal.catalogue.models import Bureau, CatalogueModel
from portal.errors import NotAllowed, StaleState
from portal.rounds import versions
from portal.rounds.models import Declaration, FieldRule, Material, Quota, Round, RoundVersion
from review.preparing import differences
from review.preparing.differences import Contents
from review.preparing.forms import (
    DeclarationForm,
    FieldRulesForm,
    MaterialForm,
    RoundForm,
    RowForm,
    RulesForm,
)

KEY = re.compile(r"[0-9A-Za-z]{1,32}")

ACT = "act"
"""Name of the buttons of a row: up, down or remove, then its list and its key."""

SEEN = "seen"
"""Name of the hidden input that says what the page was showing."""

OVERTAKEN = (
    "您打开页面之后，别人修改了这一页（见“与原设置的差异”或审计记录），您的改动还没有保存。"
    "请核对后再次保存：再次保存将以本页内容为准。"
)

LISTS: dict[str, type[RowForm]] = {"declarations": DeclarationForm, "materials": MaterialForm}
MODELS: dict[str, type[CatalogueModel]] = {"declarations": Declaration, "materials": Material}


@dataclass
class Line:
    """A row of a list; ``is_new`` for the blank one that is offered."""

    key: str
    form: RowForm
    is_new: bool = False


@dataclass
class RulesPage:
    """The rules of a version, with its lists of declarations and materials."""

    version: RoundVersion
    form: RulesForm
    lists: dict[str, list[Line]] = field(default_factory=dict)

    @classmethod
    def stored(cls, version: RoundVersion) -> Self:
        page = cls(version, RulesForm(instance=version))
        for slug, model in LISTS.items():
            rows = getattr(version, slug).all()
            page.lists[slug] = [
                Line(str(number), model(instance=row, prefix=f"{slug}-{number}"))
                for number, row in enumerate(rows, 1)
            ]
        return page.with_blanks()

    @classmethod
    def posted(cls, version: RoundVersion, data: QueryDict) -> Self:
        """As typed, with the act of the pressed button carried out on its list."""
        page = cls(version, RulesForm(data, instance=version))
        for slug, model in LISTS.items():
            keys = [key for key in dict.fromkeys(data.getlist(slug)) if KEY.fullmatch(key)]
            lines = [
                Line(key, model(data, instance=_blank(slug, version), prefix=f"{slug}-{key}"))
                for key in keys
            ]
            page.lists[slug] = [line for line in lines if not line.form.is_blank]
        page._carry_out(data.get(ACT, ""))
        return page

    def _carry_out(self, act: str) -> None:
        what, _, place = act.partition(":")
        slug, _, key = place.partition(":")
        lines = self.lists.get(slug, [])
        at = next((n for n, line in enumerate(lines) if line.key == key), None)
        if at is None:
            return
        line = lines.pop(at)
        if what != "remove":
            lines.insert(max(0, at - 1) if what == "up" else at + 1, line)

    def with_blanks(self) -> Self:
        """Offer a blank row at the end of each list."""
        for slug, model in LISTS.items():
            key = random_key()
            form = model(instance=_blank(slug, self.version), prefix=f"{slug}-{key}")
            self.lists[slug].append(Line(key, form, is_new=True))
        return self

    def is_valid(self) -> bool:
        forms = [self.form, *(line.form for lines in self.lists.values() for line in lines)]
        return all(form.is_valid() for form in forms)

    def store(self, seen: str, *, actor: User) -> None:
        """Raises StaleState when the version was published, or changed since it was ``seen``."""

        def write() -> None:
            self.form.save()
            for slug, model in MODELS.items():
                model.objects.filter(version=self.version).delete()
                for order, line in enumerate(self.lists[slug], 1):
                    line.form.instance.order = order
                    line.form.save()

        _store_version(self.version, write, seen, "修改填报规则", actor=actor)


def _blank(slug: str, version: RoundVersion) -> CatalogueModel:
    return MODELS[slug](version=version)


def store_field_rules(form: FieldRulesForm, seen: str, *, actor: User) -> None:
    """Store what a version asks of each field."""

    def write() -> None:
        FieldRule.objects.filter(version=form.version).delete()
        for rule in form.rules():
            rule.save()

    _store_version(form.version, write, seen, "修改填写要求", actor=actor)


@transaction.atomic
def _store_version(
    version: RoundVersion, write: Callable[[], None], seen: str, act: str, *, actor: User
) -> None:
    actor.require_province("设置批次")
    # The lock that keeps publishing from slipping in.
    unpublished = RoundVersion.objects.filter(pk=version.pk, published_at=None)
    if not unpublished.update(number=F("number")):
        raise StaleState("这一版刚刚发布，不能再改；需要改动请建立新版本。")
    before = differences.of_version(_fresh(version))
    if seen != differences.digest(before):
        raise StaleState(OVERTAKEN)
    write()
    _record("version_edit", act, before, differences.of_version(_fresh(version)), version, actor)


def _fresh(version: RoundVersion) -> RoundVersion:
    return RoundVersion.objects.select_related("round").get(pk=version.pk)


def quotas_of(round: Round) -> dict[int, int]:
    """The bureaus with a number of seats of their own."""
    return dict(round.quotas.values_list("bureau", "seats")) if round.pk else {}


def round_form(round: Round, data: QueryDict | None = None) -> RoundForm:
    bureaus = Bureau.objects.cached()
    return RoundForm(data, instance=round, bureaus=bureaus, quotas=quotas_of(round))


@transaction.atomic
def store_round(form: RoundForm, seen: str, *, actor: User) -> None:
    """Store a round as filled in; of a published one only what may still be put right."""
    actor.require_province("设置批次")
    round: Round = form.instance
    state = Round.objects.filter(pk=round.pk, published_at__isnull=not round.is_published)
    if not state.update(published_at=F("published_at")):
        raise StaleState("批次刚刚发布，除联系方式和通知正文外不能再改。")
    before = differences.of_round(Round.objects.get(pk=round.pk))
    if seen != differences.digest(before):
        raise StaleState(OVERTAKEN)
    form.save()
    if not round.is_published:
        store_quotas(round, form.quotas())
    after = differences.of_round(Round.objects.get(pk=round.pk))
    _record("round_edit", "修改批次设置", before, after, round, actor)


def store_quotas(round: Round, quotas: dict[int, int]) -> None:
    """The bureaus with a number of seats of their own, and no others."""
    round.quotas.all().delete()
    Quota.objects.bulk_create(
        Quota(round=round, bureau_id=pk, seats=seats) for pk, seats in quotas.items()
    )


@transaction.atomic
def prepare_version(round: Round, *, actor: User) -> RoundVersion:
    """新版本: begin one with the rules that are in force."""
    actor.require_province("准备新版本")
    if not round.is_published:
        raise NotAllowed("批次还没有发布，直接修改即可。")
    Round.objects.filter(pk=round.pk).update(published_at=F("published_at"))
    if round.versions.filter(published_at=None).exists():
        raise StaleState("已经有一个正在准备的新版本，请接着修改。")
    # Not what the page was made of: another version may have been published since.
    version = versions.copy(Round.objects.get(pk=round.pk).version, to=round)
    trail.record("version_prepare", "建立批次新版本", actor=actor, target=version)
    return version


@transaction.atomic
def discard_version(version: RoundVersion, *, actor: User) -> None:
    """Give up a version in preparation of a round that goes by another."""
    actor.require_province("放弃新版本")
    if not version.round.is_published or version.is_published:
        raise NotAllowed("只能放弃已发布批次中还没有发布的新版本。")
    unpublished = RoundVersion.objects.filter(pk=version.pk, published_at=None)
    if not unpublished.update(number=F("number")):
        raise StaleState("这一版刚刚发布，不能再放弃。")
    trail.record("version_discard", "放弃批次新版本", actor=actor, target=version)
    version.delete()


@transaction.atomic
def delete_round(round: Round, *, actor: User) -> None:
    """Remove a round that was never published."""
    actor.require_province("删除批次")
    if not Round.objects.filter(pk=round.pk, published_at=None).update(published_at=None):
        raise NotAllowed("已发布的批次不能删除。")
    if round.trials.exists():
        raise NotAllowed("请先结束试运行，再删除批次。")
    trail.record("round_delete", "删除批次", actor=actor, target=round)
    round.delete()


def _record(
    verb: str,
    act: str,
    before: Contents,
    after: Contents,
    target: Round | RoundVersion,
    actor: User,
) -> None:
    changed = differences.between(before, after)
    if changed:
        detail = differences.in_words(changed)
        trail.record(verb, act, actor=actor, target=target, detail=detail)
