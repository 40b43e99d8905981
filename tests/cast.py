"""The cast of the tests, and helpers that take applications through the real verbs.

Names and codes are invented; every code passes its check digit.
"""

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

from django.core.management import call_command
from django.db.models import Model
from django.utils import timezone

from applications import interests, saving, workflow
from applications.models import Application, Row
from applications.saving import Entry
from applications.sections import BY_SLUG, INSTANCES, SECTIONS, Group
from applications.states import Status
from portal.accounts import credit_code
from portal.accounts.models import Enterprise, Role, User
from portal.catalogue.models import (
    Area,
    Bureau,
    Condition,
    Division,
    Indicator,
    Industry,
    Scenario,
    Segment,
)
from portal.rounds.models import Declaration, Material, Round, RoundVersion
from review import publishing, ranking
from review.models import RankedList

PASSWORD = "a-Pass-of-tests-2026"
TAIYUAN, DATONG = "140100", "140200"


_CATALOGUE: list[list[Model]] = []


def load_catalogue() -> None:
    """The official fixtures, once per test; read from their files once per run."""
    if Bureau.objects.exists():
        return
    if _CATALOGUE:
        for rows in _CATALOGUE:
            type(rows[0]).objects.bulk_create(rows)
        return
    call_command("load_catalogue", stdout=StringIO())
    models = (Bureau, Division, Industry, Segment, Scenario, Indicator, Condition)
    _CATALOGUE.extend(
        list(model.objects.all()) for model in (*models, Round, RoundVersion, Declaration, Material)
    )


def make_user(username: str, role: Role, **affiliation) -> User:
    return User.objects.create_user(
        username=username,
        password=PASSWORD,
        name=f"{username}用户",
        mobile="19900000000",
        role=role,
        **affiliation,
    )


def invented_code(number: int, region: str = TAIYUAN) -> str:
    head = f"91{region}MAX{number:06d}"
    return head + credit_code.check_character(head)


def make_enterprise(number: int, bureau: str = TAIYUAN, name: str = "") -> User:
    """An enterprise with its one account; returns the account."""
    code = invented_code(number)
    enterprise = Enterprise.objects.create(
        name=name or f"测试企业{number}有限公司",
        credit_code=code,
        bureau=Bureau.objects.get(code=bureau),
    )
    team = {"is_unit_admin": True, "is_signatory": True}
    return make_user(code, Role.ENTERPRISE, enterprise=enterprise, **team)


def make_officer(bureau: str = TAIYUAN) -> User:
    officer = make_user(f"officer-{bureau}", Role.BUREAU, bureau=Bureau.objects.get(code=bureau))
    for application in Application.objects.visible_to(officer):
        no_interest(application, officer)
    return officer


def make_province() -> User:
    return make_user("province", Role.PROVINCE, is_staff=True)


def make_round(province: User, *, published: bool = True, **changes) -> Round:
    """A round open for a week from yesterday, with two declarations.

    ``changes`` are fields of the round or of its version.
    """
    now = timezone.now().replace(microsecond=0)
    editions = dict.fromkeys(("scenario_edition", "indicator_edition", "condition_edition"), 2024)
    names = {field.name for field in RoundVersion._meta.fields} - {"published_at"}
    rules = editions | {name: changes.pop(name) for name in names & changes.keys()}
    round = Round.objects.create(
        **{
            "slug": "test",
            "title": "测试批次",
            "year": 2025,
            "level": "excellent",
            "opens_at": now - timedelta(days=1),
            "enterprise_deadline": now + timedelta(days=7),
            "bureau_deadline": now + timedelta(days=9),
            **changes,
        }
    )
    version = RoundVersion.objects.create(round=round, number=1, **rules)
    Declaration.objects.create(version=version, order=1, text="内容真实。", clause="通知二（一）")
    Declaration.objects.create(version=version, order=2, text="不涉密。", clause="通知二（一）")
    if published:
        publishing.publish(round, actor=province)
    return round


def declarations(round: Round) -> list[str]:
    return list(round.version.declarations.values_list("text", flat=True))


def save(application: Application, slug: str, values: dict, actor: User, rows=()) -> None:
    """Save part of a section over what is stored now, and rows with it (see ``over_rows``)."""
    section = BY_SLUG[slug]
    stored = section.model.objects.get(application=application)
    saving.save(application, [Entry.over(section, stored, **values), *rows], actor=actor)


def over_rows(application: Application, slug: str, fill) -> list[Entry]:
    """Every row of a group, with what ``fill`` gives for it typed over what is stored."""
    [group] = [g for section in SECTIONS for g in section.groups if g.slug == slug]
    return [Entry.over(group, row, **fill(row)) for row in group.rows(application)]


def save_row(application: Application, group: Group, key: str, values: dict, actor: User) -> Row:
    """Save fields of one row over what is stored now; an unknown key adds it."""
    rows = group.model.objects.filter(application=application)
    stored = rows.filter(key=key).first() or group.model(application=application, key=key)
    saving.save(application, [Entry.over(group, stored, **values)], actor=actor)
    return rows.get(key=key)


def complete(application: Application, actor: User, *, project: str = "示范智能工厂") -> None:
    """Fill everything so that nothing blocks: one instance in each of the five areas."""
    finance = {
        "revenue": Decimal("10000"),
        "profit": Decimal("-5.25"),
        "assets": Decimal("20000"),
        "debt_ratio": Decimal("45.5"),
        "research_spending": Decimal("300"),
        "staff": 500,
    }
    save(
        application,
        "basic",
        {
            "registered_division": Division.objects.order_by("code").first(),
            "registered_address": "示范路 1 号",
            "factory_address": "示范路 1 号",
            "nature": "private",
            "scale": "large",
            "industry": Industry.objects.order_by("code").first(),
            "legal_representative": "王䶮",
            "founded_on": date(2001, 2, 3),
            "registered_capital": Decimal("5000"),
            "contact_name": "张喆",
            "contact_mobile": "19912345678",
            "maturity_level": 3,
        },
        actor,
        rows=[
            *over_rows(application, "finance_years", lambda row: finance),
            *over_rows(
                application,
                "requirement_answers",
                lambda row: {"answer": "yes", "explanation": "符合。"},
            ),
        ],
    )
    save_row(
        application,
        BY_SLUG["factory"].groups[0],
        "a1",
        {"name": "本单位", "work": "总体集成"},
        actor,
    )
    save(
        application,
        "factory",
        {
            "project_name": project,
            "started_on": date(2022, 1, 1),
            "finished_on": date(2024, 6, 30),
            "total_investment": Decimal("12345.60"),
            "introduction": "项目简介。",
            "results": "建设成效。",
            "is_authentic": True,
        },
        actor,
    )
    save(application, "scenarios", {"overall": "总体。", "system_integration": "集成。"}, actor)
    for number, area in enumerate(Area.values, 1):
        segment = next(s for s in application.version.segments if s.area == area)
        add_instance(application, actor, segment=segment, name=f"实例{number}")
    save(
        application,
        "results",
        {"advancement": "先进。", "effect": "成效。", "follow_up_plan": "计划。"},
        actor,
        rows=over_rows(application, "indicator_values", lambda row: {"value": _indicator(row)}),
    )


def _indicator(row: Row) -> Decimal:
    return Decimal(0 if "应用人工智能技术场景" in row.fixed.title else 12)  # no instance uses any


def add_instance(application: Application, actor: User, *, segment, name: str, **values) -> None:
    from_text = dict.fromkeys(
        ("pain_point", "content", "equipment", "software", "effect"), "内容。"
    )
    save_row(
        application,
        INSTANCES,
        f"k{application.instances.count() + 1}",
        {
            "segment": segment,
            "own_scenario": "自填场景",
            "name": name,
            "uses_ai": False,
            **from_text,
            **values,
        },
        actor,
    )


def file_application(round: Round, actor: User, **kwargs) -> Application:
    """Start, complete and submit; returns the application as the database has it."""
    application = workflow.start(round, actor=actor)
    complete(application, actor, **kwargs)
    workflow.submit(application, declarations(round), actor=actor)
    for officer in User.objects.filter(role=Role.BUREAU, bureau=application.bureau_id):
        no_interest(application, officer)
    return fresh(application)


def no_interest(application: Application, officer: User) -> None:
    """State that nothing keeps the officer from reading the application."""
    interests.declare([application], has_conflict=False, actor=officer)


def fresh(application: Application) -> Application:
    return Application.objects.with_parties().get(pk=application.pk)


def list_of(application: Application) -> RankedList:
    return RankedList.objects.select_related("round", "bureau").get(
        round=application.round_id, bureau=application.bureau_id
    )


def decide(application: Application, verb: str, officer: User, comment: str = "") -> Application:
    application = fresh(application)
    no_interest(application, officer)
    ranking.decide(list_of(application), application, verb, actor=officer, comment=comment)
    return fresh(application)


def bring_to(status: Status, round: Round, enterprise: User, officer: User) -> Application:
    """An application in the given state, taken there through the real verbs."""
    if status == Status.DRAFT:
        return workflow.start(round, actor=enterprise)
    application = file_application(round, enterprise)
    if status == Status.RETURNED:
        return decide(application, "return_for_changes", officer, "请补充。")
    if status == Status.DECLINED:
        return decide(application, "decline", officer, "暂不推荐。")
    if status in (Status.ACCEPTED, Status.RECOMMENDED, Status.UNLISTED):
        application = decide(application, "accept", officer)
    if status == Status.UNLISTED:
        workflow.act(application, "pass_over", actor=officer, comment="名额有限。")
    if status == Status.RECOMMENDED:
        ranking.recommend(list_of(application), application, actor=officer)
        send(application, officer)
    return fresh(application)


def send(application: Application, officer: User) -> RankedList:
    """Send the list of the application's bureau; returns it as the database has it.

    What is not on it is passed over.
    """
    ranked_list = list_of(application)
    ranking.send(
        ranked_list,
        version=ranked_list.version,
        signatory="签发人",
        regrets=regrets(ranked_list),
        actor=officer,
    )
    return list_of(application)


def regrets(ranked_list: RankedList) -> dict[int, str]:
    """A reason for each application that sending the list now would pass over."""
    return {application.pk: "名额有限。" for application in ranking.left_over(ranked_list)}


def receive(ranked_list: RankedList, province: User) -> None:
    """Receive a list as it now is."""
    ranked_list.refresh_from_db()
    ranking.receive(ranked_list, version=ranked_list.version, actor=province)


def send_back(ranked_list: RankedList, province: User, reason: str = "请核对。") -> None:
    """Send a list back as it now is."""
    ranked_list.refresh_from_db()
    ranking.send_back(ranked_list, version=ranked_list.version, reason=reason, actor=province)
