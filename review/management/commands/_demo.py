"""Invented enterprises for the demonstration: deterministic, with names and codes nobody has."""

import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from random import Random

from django.utils import timezone
from PIL import Image, ImageDraw

from applications.models import FixedRow
from portal.accounts import credit_code
from portal.catalogue.models import Bureau, Division, Industry
from portal.documents import Format, write
from portal.documents.model import Document, Heading, Paragraph, Style, rounded
from portal.rounds.models import Round

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
INSTANCES = [
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


# What the bureau asks of the application that was returned and submitted again: where, of which
# kind, in which words, and what the enterprise answers.
REMARKS = (
    (("factory", "", "", "results"), "missing", "请补充量化数据。", "changed", ""),
    (
        ("results", "indicator_values", "7", ""),
        "wrong",
        "请说明统计口径，并核对建设前后是否同口径。",
        "explained",
        "建设前后均按全年人均产值计算，数据取自年报。",
    ),
    (("scenarios", "instances", "1", "content"), "advice", "建议写明上线时间。", "changed", ""),
)
MENDED = "{product}生产效率提升 18%，交付周期由 21 天缩短到 15 天，不良品率由 2.1% 降至 1.3%。"


@cache
def report(format: Format) -> bytes:
    """An invented report of a few pages, plainly marked as one."""
    blocks = [Paragraph("智能制造能力成熟度评估报告（示例）", Style.TITLE)]
    for chapter in ("评估概况", "评估结果", "改进建议"):
        blocks += [Heading(chapter, 1), *[Paragraph(PROSE.format(product="示例产品") * 6)] * 3]
    document = Document(
        "评估报告（示例）", tuple(blocks), "portrait", timezone.now(), watermark="示例"
    )
    target = io.BytesIO()
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
    target = io.BytesIO()
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
class DemoEnterprise:
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
            INSTANCES
            if many == 12
            else sorted(self.random.sample(INSTANCES, many), key=INSTANCES.index)
        )

    def say(self, text: str) -> str:
        return text.format(product=self.product)

    def basic(self) -> dict:
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
            "maturity_level": self.random.choice([3, 3, 4]),
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

    def factory(self, round: Round) -> dict:
        total = self.random.randint(5000, 60000)
        return {
            "project_name": self.product
            + self.random.choice(["全流程", "柔性", "绿色"])
            + "智能工厂",
            "started_on": date(round.year - 3, 3, 1),
            "finished_on": date(round.year - 1, 11, 30),
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

    def instance(self, round: Round, number: int) -> dict:
        segment_name, scenario_name, title = self.instances[number]
        segment = next(s for s in round.version.segments if s.name == segment_name)
        scenario = next(
            (
                s
                for s in round.version.scenarios
                if s.segment_id == segment.pk and s.name == scenario_name
            ),
            None,
        )
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

    def indicator(self, round: Round, fixed: FixedRow) -> dict:
        years = {"before_year": round.year - 4, "after_year": round.year - 1}
        match fixed.kind:
            case "ratio" if "应用人工智能技术场景" in fixed.title:
                count = len(self.instances)
                return {"value": rounded(Decimal(100 * len(range(0, count, 3))) / count)}
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
