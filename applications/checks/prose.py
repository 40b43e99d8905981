"""What the texts say against what the fields say: indicators, systems, artificial intelligence.

Texts are read by pattern, never understood; so a rule speaks only where the wording leaves no
other reading, and passes over plans, comparisons with others and single workshops.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from applications.checks.finding import Finding, Severity, label_of
from applications.checks.indicators import at, filled, titled
from applications.models import Answers, IndicatorValue, ScenarioInstance
from applications.sections import INSTANCES, Filing
from portal.catalogue.models import Indicator
from portal.documents.model import rounded

SENTENCE = re.compile(r"[^。；;！!？?\n]+")
NOT_NOW = re.compile("未来|计划|规划|拟建|拟于|下一步|后续|目标|力争|预计|将来|今后|十五五")
DENIED = re.compile("未|没有|无需|不涉及|不含|暂无")
FULL = ord("Ａ") - ord("A")


def plain(text: str) -> str:
    """Half-width, with Latin letters as capitals; costly for long texts."""
    return unicodedata.normalize("NFKC", text).upper()


def latin(word: str) -> str:
    """A pattern for a Latin abbreviation in any width and case, as no part of a longer one."""
    letters = "".join(
        f"[{c}{c.lower()}{chr(ord(c) + FULL)}{chr(ord(c.lower()) + FULL)}]" for c in word
    )
    return f"(?<![A-Za-zＡ-Ｚａ-ｚ]){letters}(?![A-Za-zＡ-Ｚａ-ｚ])"


# Artificial intelligence

AI = re.compile(
    "人工智能|机器学习|深度学习|强化学习|大模型|神经网络"
    f"|{latin('AI')}(?=算法|模型|视觉|质检|检测|识别|技术|分析|预测|平台|智能|优化|诊断)"
)
PERHAPS_AI = re.compile(
    f"{latin('AI')}|智能体|模型|算法|学习|视觉|识别|预测|神经|图像|语音|推理|寻优|优化"
    "|知识图谱|专家系统|自适应|先进控制|诊断|推荐|挖掘"
)
LONG_ENOUGH = 200
"""A text of this length that uses AI would say a word of it."""


def ai_as_written(filing: Filing) -> Iterator[Finding]:
    """应用人工智能技术 against what the instance's own text says of it, either way."""
    for number, row in enumerate(filing.rows[INSTANCES.slug], 1):
        if row.uses_ai is None:
            continue
        texts = {n: getattr(row, n) for n in ("name", "content", "equipment", "software", "effect")}
        label = label_of(row, "uses_ai")
        here = {
            "section": "scenarios",
            "severity": Severity.WARN,
            "group": INSTANCES.slug,
            "key": row.key,
            "field": "uses_ai",
        }
        found = None if row.uses_ai else _claims_ai(texts)
        if found:
            name, word = found
            yield Finding(
                message=f"{INSTANCES.title} {number}：{label}填的是“否”，"
                f"而{label_of(row, name)}中写到“{word}”，请核对。",
                **here,
            )
        together = "".join(texts.values())
        if row.uses_ai and len(together) >= LONG_ENOUGH and not PERHAPS_AI.search(together):
            yield Finding(
                message=f"{INSTANCES.title} {number}：{label}填的是“是”，"
                "而各项内容都没有写到所用的人工智能技术，请补充或核对。",
                **here,
            )


def _claims_ai(texts: dict[str, str]) -> tuple[str, str] | None:
    """The first field and word in which a text says that AI is at work."""
    for name, text in texts.items():
        for sentence in SENTENCE.findall(text) if AI.search(text) else ():
            found = AI.search(sentence)
            if found and not NOT_NOW.search(sentence) and not DENIED.search(sentence):
                return name, found[0]
    return None


# Systems

SYSTEMS = {
    "MES": "制造执行|生产执行|制造运营管理|MOM",
    "ERP": "企业资源计划|企业资源管理|企业资源规划",
    "PLM": "产品(全)?生命周期管理|产品数据管理|PDM",
    "WMS": "仓储管理|仓库管理|仓储控制|WCS",
    "SCADA": "数据采集|监控与数据采集",
    "APS": "高级计划|高级排产|高级排程|排产|排程",
    "QMS": "质量管理",
    "EMS": "能源管理|能碳管理|能源管控|设备管理|EAM",
    "DCS": "集散控制|分布式控制|分散控制",
    "LIMS": "实验室(信息)?管理",
    "SRM": "供应商(关系)?管理",
    "CRM": "客户关系管理",
    "TMS": "运输管理|物流管理",
}
"""Systems of a factory with the other names they go by, of which any will do."""

ABBREVIATED = {name: latin(name) for name in SYSTEMS}
NAMED = {
    name: re.compile(f"{ABBREVIATED[name]}|({other})(与控制|信息化?)?(系统|平台)")
    for name, other in SYSTEMS.items()
}
MENTIONED = {name: re.compile(f"{ABBREVIATED[name]}|{SYSTEMS[name]}") for name in SYSTEMS}
NOT_BUILT = re.compile(
    "未来|拟建|拟于|下一步|后续|将来|今后|十五五|规划(?=建设|中)"
    "|计划(?=在|于|到|逐步|进一步|建|新|引|部署|上线|实施|开展|应用|采用|升级)"
)
"""Plans, where 企业资源计划 is none."""


def systems_in_a_scenario(filing: Filing) -> Iterator[Finding]:
    """A system that 系统集成情况 connects is at work in an instance, so an instance names it."""
    section, rows = filing.answers["scenarios"], filing.rows[INSTANCES.slug]
    if not any(row.software for row in rows):
        return
    sentences = SENTENCE.findall(section.system_integration)
    built = "。".join(s for s in sentences if not NOT_BUILT.search(s) and not DENIED.search(s))
    at_work = "\n".join(
        f"{row.software}\n{row.name}\n{row.content}\n{row.equipment}" for row in rows
    )
    named = {name: pattern.search(built) for name, pattern in NAMED.items()}
    lacking = [
        found[0] for name, found in named.items() if found and not MENTIONED[name].search(at_work)
    ]
    if lacking:
        yield Finding(
            "scenarios",
            f"{label_of(section, 'system_integration')}写到 {'、'.join(lacking)}，"
            f"而没有一个{INSTANCES.title}的{label_of(ScenarioInstance, 'software')}提到，请核对。",
            Severity.WARN,
            field="system_integration",
        )


# Numbers

OTHER_NAMES = {
    "产品不良率": "产品不良率|产品不良品率|不良品率",
    "单位产品综合能耗": "单位产品综合能耗|单位产品能耗",
    "单位产品二氧化碳排放量": r"单位产品二氧化碳(\(CO2\))?排放量|单位产品碳排放量?",
    "研制周期": "(产品)?研制周期",
}
RISES, FALLS = "提升|提高|增长|增加|上升", "缩短|下降|降低|减少"
NUMBER = (
    r"(?:(?P<least>超过|超|逾|不低于|不少于|至少)|(?P<about>近|接近|约|大约))?\s*"
    r"(?P<number>\d+(?:\.\d+)?)\s*%\s*(?:(?P<more>以上|多)|(?P<roughly>左右))?"
)
WHOLE_FACTORY = re.compile(
    "(^|[:、]|工厂|企业|公司|全厂|整体|综合|总体|实现|使|使得|其中|项目|建成|投产|实施|建设|达产|[后前])$"
)
ELSEWHERE = re.compile(
    "车间|产线|生产线|工序|工段|班组|单元|工位|单台|单机|场景|试点|示范线|仓库|某|部分|同行|行业"
    "|同比|环比|年均|较(上年|去年|20)|比(上年|去年|20)|分别|其他"
)


@lru_cache
def _claim(name: str, kind: str) -> re.Pattern[str]:
    """How a sentence states an indicator: 生产效率提升了约 20%, 关键设备数控化率达到 95%."""
    core = re.sub("（.*?）", "", name)
    if kind in (Indicator.Kind.INCREASE, Indicator.Kind.DECREASE) and core[-1] not in "率例":
        core = re.sub(f"({RISES}|{FALLS})$", "", core)
        how = f"(?:平均|累计|总体|整体)?(?P<way>{RISES}|{FALLS})(?:率|幅度|比例)?了?(?:为|达到|达)?"
    else:
        how = "(?P<way>)(?:已|已经)?(?:为|是|达到|达|(?:提升|提高|上升)[至到])?"
    return re.compile(f"(?:{OTHER_NAMES.get(core, re.escape(core))}){how}{NUMBER}")


def numbers_as_in_the_table(filing: Filing) -> Iterator[Finding]:
    """A figure for the whole factory in 建设成效 or 实施成效 is the one of the indicator table."""
    names = {str(i.no): i.name for i in filing.application.version.indicators}
    for slug, field in (("factory", "results"), ("results", "effect")):
        answers = filing.answers.get(slug)
        sentences = SENTENCE.findall(getattr(answers, field)) if answers else []
        hopeful = [plain(s) for s in sentences if "%" in plain(s) and _is_of_the_factory(s)]
        for row in filled(filing) if hopeful else ():
            value = row.value_of("value")
            if value is None or row.fixed.kind == Indicator.Kind.COUNT:
                continue
            for sentence in hopeful:
                claim = _claim(names[row.key], row.fixed.kind).search(sentence)
                if claim and not _agrees(claim, value, row.fixed.kind):
                    yield _contradiction(answers, field, claim[0], row)
                    break


def _is_of_the_factory(sentence: str) -> bool:
    return not (NOT_NOW.search(sentence) or ELSEWHERE.search(sentence) or DENIED.search(sentence))


def _agrees(claim: re.Match[str], value: Decimal, kind: str) -> bool:
    """Whether a figure rounds or cuts to what is claimed, or is rightly claimed as more."""
    led_in_by = claim.string[: claim.start()].rpartition(",")[2].strip()
    if not WHOLE_FACTORY.search(led_in_by):
        return True  # another thing, of whose name the indicator's is only the end
    claimed = Decimal(claim["number"])
    rough = claimed / 10 if claim["about"] or claim["roughly"] else Decimal(0)
    places = len(claim["number"].partition(".")[2])
    if claim["way"] and (claim["way"] in RISES) != (kind == Indicator.Kind.INCREASE):
        claimed = -claimed
    if claim["least"] or claim["more"]:
        return value >= claimed
    return abs(value - claimed) <= max(rough, Decimal(1).scaleb(-places))


def _contradiction(answers: Answers, field: str, claim: str, row: IndicatorValue) -> Finding:
    return Finding(
        message=f"{titled(row)}填写的是 {row.value_of('value')}，"
        f"而{label_of(answers, field)}中写的是“{claim}”，请核对。",
        severity=Severity.WARN,
        brief=f"正文为“{claim[-12:]}”",
        **at(row),
    )


RESEARCH = re.compile(
    "研发(?:投入|费用|经费)(?:强度|占比|占(?:年?度?(?:营业|销售|主营业务)收入)?(?:的)?(?:比重|比例|比)?)"
    f"(?:为|达到|达|保持在)?{NUMBER}"
)


def research_share(filing: Filing) -> Iterator[Finding]:
    """研发投入占比 in a text against the three years' figures; any of the years may be meant."""
    shares = [
        rounded(row.research_spending / row.revenue * 100)
        for row in filing.rows["finance_years"]
        if row.revenue and row.research_spending is not None
    ]
    places = [
        ("factory", "introduction"),
        ("factory", "results"),
        ("results", "advancement"),
        ("results", "effect"),
    ]
    for slug, field in places if shares else ():
        answers = filing.answers.get(slug)
        for sentence in SENTENCE.findall(getattr(answers, field)) if answers else ():
            claim = RESEARCH.search(plain(sentence))
            if not claim or NOT_NOW.search(sentence) or re.search("行业|平均", sentence):
                continue
            claimed, is_least = Decimal(claim["number"]), claim["least"] or claim["more"]
            if any(
                abs(s - claimed) <= Decimal("0.5") or (is_least and s >= claimed) for s in shares
            ):
                continue
            yield Finding(
                slug,
                f"{label_of(answers, field)}中写的是“{claim[0]}”，而按近三年研发投入、营业收入"
                f"计算为 {'、'.join(f'{s}%' for s in shares)}，请核对。",
                Severity.WARN,
                field=field,
            )


RULES = (
    (ai_as_written, ("scenarios",)),
    (systems_in_a_scenario, ("scenarios",)),
    (numbers_as_in_the_table, ("results",)),
    (research_share, ("basic",)),
)
"""Each rule with the sections it cannot do without."""
