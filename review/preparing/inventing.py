"""Invented enterprises, and applications they fill in: for demonstrations and dry runs (试运行).

Deterministic, with names and codes nobody has; filed through the same verbs as everybody's.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from io import BytesIO
from random import Random
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.utils import timezone
from PIL import Image, ImageDraw

from applications import attachments, field_rules, saving, workflow
from applications.models import Application, BasicInformation, FixedRow
from applications.saving import Entry
from applications.sections import BY_SLUG, INSTANCES, Group
from portal.accounts import credit_code
from portal.accounts.models import User
from portal.catalogue.models import Area, Bureau, Condition, Division, Industry, Scenario, Segment
from portal.documents import Format, write
from portal.documents.model import Document, Heading, Paragraph, Style, rounded
from portal.rounds.models import Material, RoundVersion

# Characters that fonts and old systems lose, as they occur in real names.
RARE = ["㛃", "𬭎", "䶮", "喆", "堃", "昇"]
WORDS = ["云岫", "禾川", "砚溪", "朗垣", "澄屿", "岚谷", "霁原", "竺峰", "沅舟", "棠野"]
PRODUCTS = [
    "精密传动",
    "液压支架",
    "特种玻璃",
    "磁性材料",
    "轨道车轴",
    "光伏组件",
    "乳制品",
    "合金铸件",
    "煤机装备",
    "电子陶瓷",
]
FORMS = ["有限公司", "科技有限公司", "制造股份有限公司", "装备有限责任公司"]
SURNAMES = "申屠钟离闻人澹台宗政濮阳公冶淳于单于太叔"
LONG_NAME = (
    "山西{word}{rare}高端装备智能制造与工业互联网融合应用创新中心"
    "联合{product}产业发展（集团）股份有限公司"
)
TYPICAL = [
    ("工厂建设", "数字孪生工厂建设", "基于数字孪生的{product}车间仿真与布局优化"),
    ("信息基础设施", "数字基础设施建设", "面向{product}产线的工业网络与边缘计算平台"),
    ("产品设计", "产品数字化研发设计", "{product}三维协同设计与性能仿真"),
    ("工艺设计", "工艺数字化设计", "{product}工艺知识库与参数自动推荐"),
    ("生产作业", "人机协同作业", "多机协同的{product}柔性加工与检测"),
    ("质量管控", "在线智能检测", "基于机器视觉的{product}表面缺陷在线识别"),
    ("质量管控", "质量追溯与分析改进", "{product}一物一码全流程质量追溯"),
    ("设备管理", "设备故障诊断与预测", "关键设备振动监测与故障预测"),
    ("计划调度", "智能排产调度", "多约束条件下的{product}订单智能排产"),
    ("仓储物流", "智能仓储", "{product}立体库与无人搬运协同"),
    ("能碳管理", "能源智能管控", "{product}产线能源介质动态平衡"),
    ("供应链管理", "供应商数字化管理", "{product}供应商协同与准时交付看板"),
]
PROSE = (
    "围绕{product}主业，企业以订单交付为牵引，打通设计、工艺、生产、质量和供应链数据，"
    "建成覆盖主要产线的数据采集与分析体系。"
)


@cache
def report(format: Format) -> bytes:
    """An invented report of a few pages, plainly marked as one."""
    blocks = [Paragraph("智能制造能力成熟度评估报告（示例）", Style.TITLE)]
    for chapter in ("评估概况", "评估结果", "改进建议"):
        blocks += [Heading(chapter, 1), *[Paragraph(PROSE.format(product="示例产品") * 6)] * 3]
    document = Document(
        "评估报告（示例）", tuple(blocks), "portrait", timezone.now(), watermark="示例"
    )
    target = BytesIO()
    write(document, format, target)
    return target.getvalue()


@cache
def photo() -> bytes:
    """A drawing in place of a photo: a hall with machines."""
    image = Image.new("RGB", (1200, 800), "#dfe6ee")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 560, 1200, 800), fill="#b8c2cd")
    for left in range(80, 1100, 260):
        draw.rectangle((left, 330, left + 180, 620), fill="#1d4f91", outline="#163d70", width=6)
        draw.rectangle((left + 30, 370, left + 150, 450), fill="#e8f0fa")
    target = BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()


def organisation_check(body: str) -> str:
    """The inner check character of an organisation code (GB 11714), for eight characters."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c, 36) * w for c, w in zip(body, weights, strict=True))
    return "0123456789X0"[(11 - total % 11)]


def code_of(bureau: Bureau, index: int) -> str:
    """An invented credit code that passes both check characters."""
    region = f"{bureau.code[:4]}00"
    body = f"MAX{index:05d}"
    head = f"91{region}{body}{organisation_check(body)}"
    return head + credit_code.check_character(head)


@dataclass
class InventedEnterprise:
    """One invented enterprise and everything it would fill in."""

    bureau: Bureau
    index: int
    order: int
    """Its place among the bureau's enterprises, from 0; 0 is the many-scenario one."""

    def __post_init__(self) -> None:
        self.random = Random(f"demo-{self.index}")
        pick = self.random.choice
        self.product = PRODUCTS[self.index % len(PRODUCTS)]
        word = WORDS[(self.index * 7) % len(WORDS)] + pick(WORDS)[0]
        rare = RARE[self.index % len(RARE)]
        if self.order == 1:
            self.name = LONG_NAME.format(word=word, rare=rare, product=self.product)
        else:
            self.name = f"山西{word}{rare}{self.product}{FORMS[self.index % len(FORMS)]}"
        self.code = code_of(self.bureau, self.index)
        surname = pick([SURNAMES[i : i + 2] for i in range(0, len(SURNAMES), 2)])
        self.contact = surname + rare
        self.mobile = f"199{self.index:08d}"
        # One project has all twelve scenarios, one has a single one, the others some.
        many = {0: 12, 2: 1}.get(self.order, self.random.randint(4, 9))
        self.instances = (
            TYPICAL if many == 12 else sorted(self.random.sample(TYPICAL, many), key=TYPICAL.index)
        )

    def say(self, text: str) -> str:
        return text.format(product=self.product)

    def basic(self, version: RoundVersion) -> dict:
        cities = Division.objects.filter(city=self.bureau.short_name)
        division = cities.order_by("code").first() or Division.objects.order_by("code").first()
        return {
            "registered_division": division,
            "registered_address": f"{division.name}工业园区示范路 {self.index % 200 + 1} 号",
            "factory_address": f"{division}工业园区示范路 {self.index % 200 + 1} 号",
            "nature": self.random.choice(["private", "local_state", "joint"]),
            "scale": self.random.choice(["large", "medium"]),
            "industry": self.random.choice(Industry.objects.cached()),
            "legal_representative": self.contact[:2] + self.random.choice(RARE),
            "founded_on": date(1995 + self.index % 25, 1 + self.index % 12, 18),
            "registered_capital": Decimal(self.random.randint(1000, 50000)),
            "contact_name": self.contact,
            "contact_mobile": self.mobile,
            "contact_position": "智能制造部部长",
            "maturity_level": max(self.random.choice([3, 3, 4]), _maturity_of(version)),
            "maturity_score": Decimal(self.random.randint(290, 390)) / 100,
            "maturity_report": f"示例-{self.index:05d}",
        }

    def finance(self, year: int) -> dict:
        revenue = Decimal(self.random.randint(20000, 300000))
        return {
            "revenue": revenue,
            "profit": (revenue * self.random.randint(3, 15) / 100).quantize(Decimal("0.01")),
            "assets": revenue * 2,
            "debt_ratio": Decimal(self.random.randint(2500, 6500)) / 100,
            "research_spending": (revenue * self.random.randint(2, 6) / 100).quantize(
                Decimal("0.01")
            ),
            "staff": self.random.randint(300, 3000) + year - 2020,
        }

    def factory(self, year: int) -> dict:
        total = self.random.randint(5000, 60000)
        return {
            "project_name": self.product
            + self.random.choice(["全流程", "柔性", "绿色"])
            + "智能工厂",
            "started_on": date(year - 3, 3, 1),
            "finished_on": date(year - 1, 11, 30),
            "total_investment": Decimal(total),
            "equipment_investment": Decimal(total * 6 // 10),
            "software_investment": Decimal(total * 2 // 10),
            "introduction": self.say(PROSE) * 2,
            "results": self.say("{product}生产效率明显提升，交付周期缩短，质量成本持续下降。"),
            "is_authentic": True,
        }

    def scenarios(self) -> dict:
        return {
            "overall": self.say(PROSE) * 3,
            "system_integration": "企业资源计划、制造执行、仓储管理和设备联网系统经数据平台互通，"
            "订单、工艺、质量数据单一来源、双向可溯。",
        }

    def places(self, version: RoundVersion) -> list[tuple[Segment, str, str]]:
        """环节, 场景 and name of each instance: the typical ones that the edition knows.

        Of an edition that knows none, and for areas that must be covered, its own first ones.
        """
        known = {segment.name: segment for segment in version.segments}
        chosen = [(known[name], *rest) for name, *rest in self.instances if name in known]
        must = {area for row in version.conditions if row.is_binding for area in row.areas}
        missing = must - {segment.area for segment, *_ in chosen}
        own = [next(s for s in version.segments if s.area == area) for area in sorted(missing)]
        first = {scenario.segment_id: scenario.name for scenario in reversed(version.scenarios)}
        for segment in own or ([] if chosen else version.segments[:1]):
            scenario = first.get(segment.pk, f"{segment.name}数字化")
            chosen.append((segment, scenario, "{product}" + scenario))
        return chosen

    def instance(
        self, version: RoundVersion, place: tuple[Segment, str, str], number: int
    ) -> dict[str, Any]:
        segment, scenario_name, title = place
        offered = (s for s in version.scenarios if s.segment_id == segment.pk)
        scenario: Scenario | None = next((s for s in offered if s.name == scenario_name), None)
        return {
            "segment": segment,
            "scenario": scenario,
            "own_scenario": "" if scenario else scenario_name,
            "name": self.say(title),
            "pain_point": "人工作业强度大，过程数据不连续，异常发现滞后。",
            "content": self.say(PROSE),
            "equipment": "数控加工单元、工业机器人、在线检测装置",
            "software": "制造执行系统、质量管理系统、数据分析平台",
            "effect": "作业效率提升，异常响应时间缩短。",
            "uses_ai": number % 3 == 0,
        }

    def results(self) -> dict:
        return {
            "advancement": self.say("{product}行业内率先实现设计、生产、服务数据贯通。") * 2,
            "effect": self.say(PROSE),
            "follow_up_plan": "继续扩大智能化场景覆盖，向产业链上下游推广成熟方案。",
        }

    def indicator(self, year: int, fixed: FixedRow, instances: int) -> dict:
        years = {"before_year": year - 4, "after_year": year - 1}
        match fixed.kind:
            case "ratio" if "应用人工智能技术场景" in fixed.title:
                with_ai = len(range(0, instances, 3))
                return {"value": rounded(Decimal(100 * with_ai) / instances)}
            case "ratio":
                return {"value": Decimal(self.random.randint(6000, 9900)) / 100}
            case "count":
                return {"value": Decimal(self.random.randint(1, 40))}
            case "increase":
                after = Decimal(self.random.randint(88, 98))
                return {"before": Decimal(80), "after": after, **years}
            case _:
                after = Decimal(self.random.randint(20, 45))
                return {"before": Decimal(50), "after": after, **years}


def _maturity_of(version: RoundVersion) -> int:
    rows = (row for row in version.conditions if row.rule == Condition.Rule.MATURITY)
    asked = max((row.minimum or 0 for row in rows), default=0)
    return min(asked, max(BasicInformation.Maturity))


# Filing it


def answer(application: Application, invented: InventedEnterprise, actor: User) -> None:
    """Fill in everything that the application's version asks for."""
    version = application.version
    # A round may be tried in the year before its own; nothing filled in lies ahead of today.
    year = min(version.round.year, timezone.localdate().year)
    requirement = {"answer": "yes", "explanation": "符合，相关证明材料备查。"}
    save(
        application,
        "basic",
        invented.basic(version),
        {
            "finance_years": lambda row: invented.finance(int(row.key)),
            "requirement_answers": lambda row: requirement,
        },
        actor,
    )
    save(application, "factory", invented.factory(year), {}, actor)
    integrators = BY_SLUG["factory"].groups[0]
    integrator = {"name": "本单位自建", "work": "总体设计、系统集成与数据平台建设"}
    _add(application, integrators, [integrator], actor)
    places = invented.places(version)
    instances = [invented.instance(version, place, n) for n, place in enumerate(places)]
    covered = {segment.area for segment, *_ in places}
    reason = "" if covered.issuperset(Area) else "其余环节由集团统一建设，本工厂未单独设场景。"
    save(
        application,
        "scenarios",
        invented.scenarios(),
        {"explanations": lambda row: {"reason": reason}},
        actor,
    )
    _add(application, INSTANCES, instances, actor)
    save(
        application,
        "results",
        invented.results(),
        {"indicator_values": lambda row: invented.indicator(year, row.fixed, len(places))},
        actor,
    )


def save(application: Application, slug: str, values: dict, fixed: dict, actor: User) -> None:
    """Save one section with its fixed rows filled by the given functions."""
    section, version = BY_SLUG[slug], application.version
    entries = [
        Entry.over(section, section.answers(application), **fitting(version, section.model, values))
    ]
    for group in section.groups:
        if fill := fixed.get(group.slug):
            for row in group.rows(application):
                entries.append(Entry.over(group, row, **fitting(version, group.model, fill(row))))
    saving.save(application, entries, actor=actor)


def _add(application: Application, group: Group, rows: list[dict], actor: User) -> None:
    """Add rows to a group in which people add them."""
    entries = []
    for number, values in enumerate(rows, 1):
        blank = group.model(application=application, key=f"{number}")
        values = fitting(application.version, group.model, values)
        entries.append(Entry.over(group, blank, **values))
    saving.save(application, entries, actor=actor)


def fitting(version: RoundVersion, model: type[models.Model], values: dict) -> dict[str, Any]:
    """The values as a round's own rules want them: no longer than allowed, none left out."""
    fitted = dict(values)
    for name in field_rules.rules_of(version, model):
        db_field = model._meta.get_field(name)
        value, limit = fitted.get(name), field_rules.longest(version, db_field)
        if value in (None, "") and field_rules.is_required(version, db_field):
            value = _something(db_field)
        fitted[name] = value[:limit] if isinstance(value, str) else value
    return {name: value for name, value in fitted.items() if value is not None}


def _something(db_field: models.Field) -> Any:
    """A plausible answer to a question that not every round asks."""
    match db_field:
        case models.ForeignKey():
            return db_field.remote_field.model.objects.first()
        case models.Field() if db_field.choices:
            return db_field.flatchoices[0][0]
        case models.BooleanField():
            return False
        case models.DateField():
            return date(2024, 6, 30)
        case models.EmailField():
            return "example@example.com"
        case models.DecimalField() | models.IntegerField():
            return Decimal(1)
    return "试填内容"


def attach(application: Application, material: Material, actor: User, key: str = "") -> None:
    """An invented file of a kind that the material takes."""
    match material.accepts:
        case Material.Accepts.IMAGE:
            upload = SimpleUploadedFile("现场（示意图）.jpg", photo())
        case Material.Accepts.OFFICE:
            upload = SimpleUploadedFile("评估报告（示例）.docx", report(Format.DOCX))
        case _:
            upload = SimpleUploadedFile("佐证材料（示例）.pdf", report(Format.PDF))
    attachments.take(application, material, upload, actor=actor, key=key)


def submit(application: Application, actor: User) -> None:
    """Confirm, agree to what is declared, and hand it in."""
    workflow.confirm(application, actor.name, actor=actor)
    declarations = [declaration.text for declaration in application.version.declarations.all()]
    workflow.submit(application, declarations, actor=actor)
