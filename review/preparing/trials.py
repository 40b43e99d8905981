"""试运行: a round walked from end to end by invented people, before anybody depends on it.

A trial is a round of its own with a copy of the rules, filed in by invented enterprises and
reviewed by invented officers through the same verbs as everybody's. No real officer, list or
message meets it, its documents are watermarked, and ending it removes every row of it but what the
audit trail says.
"""

import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from applications import checks, interests, workflow
from applications.models import Application
from applications.sections import Filing
from applications.states import Status
from applications.workflow import NotReady
from portal.accounts.models import Enterprise, Role, User
from portal.audit import trail
from portal.catalogue.models import Bureau
from portal.errors import NotAllowed, PortalError
from portal.jobs.models import Job
from portal.jobs.tasks import start as start_job
from portal.rounds import versions
from portal.rounds.models import Material, Quota, Round, RoundVersion
from review import drafting, publishing, ranking
from review.models import RankedList
from review.preparing import inventing
from review.preparing.inventing import InventedEnterprise

TRIAL = "trial"
"""The kind of job that walks a round."""

UNITS = {1: "1 个推荐单位、4 家企业", 3: "3 个推荐单位、12 家企业", 12: "全部推荐单位，每个 4 家"}
"""How large a trial may be, by the number of bureaus."""

PLAN = (Status.RECOMMENDED, Status.UNLISTED, Status.RETURNED, Status.DRAFT)
"""What becomes of the enterprises of each bureau."""

LONGEST = timedelta(days=30)
"""How long somebody may walk the draft that is left for it."""

FIRST = 90_000
"""Invented codes of trials begin here, beyond those of the demonstration."""

SLOTS = 200
"""So many trials one after the other have codes of their own."""


@dataclass
class Walk:
    """What came of walking a round; ``problems`` are what its own rules do not let through."""

    filed: int = 0
    problems: list[str] = field(default_factory=list)


def begin(round: Round, units: int, *, actor: User) -> Job:
    """Walk the version in preparation, or the one in force, in the background."""
    actor.require_province("试运行批次")
    if units not in UNITS:
        raise NotAllowed("请选择试运行的规模。")
    if round.trials.exists():
        raise NotAllowed("已有一次试运行。请先结束它，再重新开始。")
    version = round.in_preparation or round.version
    if missing := publishing.what_is_missing(version):
        raise NotAllowed(f"还不能试运行：{'；'.join(missing)}。")
    with transaction.atomic():
        trail.record("trial_begin", "开始试运行", actor=actor, target=version, detail=UNITS[units])
        return start_job(
            owner=actor,
            kind=TRIAL,
            title=f"试运行：{round}"[:120],
            version=version.pk,
            units=units,
        )


def walk(job: Job) -> None:
    """The work of the job. What an earlier attempt has left is removed first."""
    version = RoundVersion.objects.select_related("round").get(pk=job.parameters["version"])
    for earlier in version.round.trials.all():
        _remove(earlier)
    bureaus = list(Bureau.objects.all()[: job.parameters["units"]])
    trial = _open(version, actor=job.owner)
    done = Walk()
    for number, bureau in enumerate(bureaus):
        job.report(5 + 90 * number // len(bureaus), f"正在试办：{bureau}")
        _walk_bureau(trial, bureau, number, done, province=job.owner)
    said = [f"已提交 {done.filed} 份试运行申报。", *dict.fromkeys(done.problems)]
    job.message = "\n".join(said)


@transaction.atomic
def _open(version: RoundVersion, *, actor: User) -> Round:
    """The trial of a version: the same rules and seats, open from now on."""
    source, now = version.round, timezone.now()
    names = [f.attname for f in Round._meta.fields if f.editable and not f.primary_key]
    copied = {name: getattr(source, name) for name in names} | {
        "slug": f"trial-{source.pk}",
        "title": f"{source.title[:54]}（试运行）",
        "opens_at": now,
        "enterprise_deadline": now + LONGEST,
        "bureau_deadline": now + LONGEST,
    }
    trial = Round.objects.create(trial_of=source, **copied)
    versions.copy(version, to=trial)
    Quota.objects.bulk_create(
        Quota(round=trial, bureau_id=quota.bureau_id, seats=quota.seats)
        for quota in source.quotas.all()
    )
    publishing.publish(trial, actor=actor)
    return trial


def _walk_bureau(trial: Round, bureau: Bureau, number: int, done: Walk, *, province: User) -> None:
    officer = _person(trial, f"officer-{bureau.code}", "试运行审核员", Role.BUREAU, bureau=bureau)
    reviewed = []
    first = FIRST + trial.pk % SLOTS * len(PLAN) * max(UNITS)
    for order, goal in enumerate(PLAN):
        index = first + number * len(PLAN) + order
        invented = InventedEnterprise(bureau, index, order + 2)
        try:
            application = _file(trial, invented, goal)
        except NotReady as error:
            done.problems += [f"规则不能满足：{each.message}" for each in error.findings]
            continue
        except PortalError as error:
            done.problems.append(str(error))
            continue
        if goal != Status.DRAFT:
            done.filed += 1
            reviewed.append((application, goal))
    try:
        _review(trial, bureau, reviewed, officer, province)
    except PortalError as error:
        done.problems.append(f"{bureau}：{error}")


@transaction.atomic
def _file(trial: Round, invented: InventedEnterprise, goal: Status) -> Application:
    """Take one enterprise as far as its own side goes."""
    enterprise = Enterprise.objects.create(
        name=f"{invented.name}（虚构）"[:100],
        credit_code=invented.code,
        bureau=invented.bureau,
        is_invented=True,
    )
    # Only who is let in can sign for an enterprise; nobody knows a password.
    team = {
        "is_unit_admin": True,
        "is_signatory": True,
        "is_active": True,
        "mobile": invented.mobile,
    }
    actor = _person(
        trial, str(invented.index), invented.contact, Role.ENTERPRISE, enterprise=enterprise, **team
    )
    application = workflow.start(trial, actor=actor)
    inventing.answer(application, invented, actor)
    for material in application.version.materials.filter(
        is_required=True, scope=Material.Scope.APPLICATION
    ):
        inventing.attach(application, material, actor)
    if goal == Status.DRAFT:
        inventing.save(application, "factory", {"results": ""}, {}, actor)
    else:
        inventing.submit(application, actor)
    actor.is_active = False
    actor.save(update_fields=["is_active"])
    return application


@transaction.atomic
def _review(
    trial: Round,
    bureau: Bureau,
    reviewed: list[tuple[Application, Status]],
    officer: User,
    province: User,
) -> None:
    """Decide, rank, send, receive."""
    for application, goal in reviewed:
        interests.declare([application], has_conflict=False, actor=officer)
        verb = "return_for_changes" if goal == Status.RETURNED else "accept"
        comment = "试运行：请补充后重新提交。" if goal == Status.RETURNED else ""
        ranked_list = RankedList.objects.get(round=trial, bureau=bureau)
        ranking.decide(ranked_list, application, verb, actor=officer, comment=comment)
    ranked_list = RankedList.objects.get(round=trial, bureau=bureau)
    has_seats = trial.seats_of([bureau])[bureau] > 0
    for application, goal in reviewed:
        if goal == Status.RECOMMENDED and has_seats:
            ranking.recommend(ranked_list, application, actor=officer)
    ranked_list.refresh_from_db()
    left_over = ranking.left_over(ranked_list)
    ranking.send(
        ranked_list,
        version=ranked_list.version,
        signatory="试运行",
        statement="试运行",
        regrets={each.pk: drafting.regret(trial, 1) for each in left_over},
        actor=officer,
    )
    ranked_list.refresh_from_db()
    ranking.receive(ranked_list, version=ranked_list.version, actor=province)


def _person(trial: Round, name: str, called: str, role: Role, **affiliation) -> User:
    """Somebody invented, who cannot sign in."""
    person = User(
        username=f"{_prefix(trial)}{name}",
        name=called,
        role=role,
        is_invented=True,
        **{"mobile": "19900000000", "is_active": False, **affiliation},
    )
    person.set_unusable_password()
    person.save()
    return person


def _prefix(trial: Round) -> str:
    return f"trial-{trial.pk}-"


def people_of(trial: Round) -> models.QuerySet[User]:
    """Everybody invented for a trial."""
    return User.objects.filter(is_invented=True, username__startswith=_prefix(trial))


def draft_of(trial: Round) -> Application | None:
    """The application that is left for somebody of the province to walk."""
    drafts = trial.applications.filter(status=Status.DRAFT).order_by("pk")
    return drafts.select_related("enterprise").first()


def missing_in(draft: Application) -> int:
    """How many things still keep a draft from being submitted."""
    whole = Application.objects.with_sections().get(pk=draft.pk)
    return len(checks.blocking(checks.findings(Filing.of(whole))))


@transaction.atomic
def lend(trial: Round, *, actor: User) -> tuple[str, str]:
    """Let somebody sign in for the draft's enterprise: its sign-in name, and a new password.

    The password is known to whoever asked for it, replaces the one before and ends with the trial.
    """
    actor.require_province("试运行批次")
    draft = draft_of(trial)
    if draft is None:
        raise NotAllowed("这次试运行没有留下可填的草稿。")
    person = people_of(trial).get(enterprise=draft.enterprise)
    password = secrets.token_urlsafe(12)
    person.set_password(password)
    person.is_active = True
    person.save(update_fields=["password", "is_active"])
    trail.record("trial_lend", "取得试填账号", actor=actor, target=person)
    return person.username, password


def end(trial: Round, *, actor: User) -> None:
    """结束试运行: remove everything of it."""
    actor.require_province("试运行批次")
    if not trial.is_trial:
        raise NotAllowed("这不是试运行。")
    with transaction.atomic():
        trail.record("trial_end", "结束试运行", actor=actor, target=trial)
        _remove(trial)


@transaction.atomic
def _remove(trial: Round) -> None:
    """Delete a trial's round, people and enterprises with whatever refers to them, files too."""
    enterprises = Enterprise.objects.filter(is_invented=True, user__in=people_of(trial))
    found = _all_that_hangs_on(
        Round.objects.filter(pk=trial.pk),
        Job.objects.filter(parameters__round=trial.pk),
        people_of(trial),
        enterprises.distinct(),
    )
    files = []
    for model, keys in found.items():
        rows = model._base_manager.filter(pk__in=keys)
        for db_field in model._meta.concrete_fields:
            if isinstance(db_field, models.FileField):
                names = rows.exclude(**{db_field.name: ""}).values_list(db_field.name, flat=True)
                files += [(db_field.storage, name) for name in names]
    for model, keys in found.items():
        rows = model._base_manager.filter(pk__in=keys)
        # Foreign keys are checked at the end of the transaction, so that any order will do.
        rows._raw_delete(rows.db)

    def delete_files() -> None:
        for storage, name in files:
            storage.delete(name)

    transaction.on_commit(delete_files, robust=True)


def _all_that_hangs_on(*roots: models.QuerySet) -> dict[type[models.Model], set]:
    """The rows, and every row of any table that refers to one of them, and so on."""
    found: dict[type[models.Model], set] = defaultdict(set)
    waiting = [(root.model, set(root.values_list("pk", flat=True))) for root in roots]
    while waiting:
        model, keys = waiting.pop()
        keys -= found[model]
        if not keys:
            continue
        found[model] |= keys
        for relation in model._meta.get_fields(include_hidden=True):
            if relation.auto_created and not relation.concrete and relation.is_relation:
                other, name = relation.related_model, relation.field.name
                if relation.field.many_to_many:
                    continue  # its table is a model of its own
                rows = other._base_manager.filter(**{f"{name}__in": keys})
                waiting.append((other, set(rows.values_list("pk", flat=True))))
    return found
