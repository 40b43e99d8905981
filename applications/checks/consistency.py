"""Figures and dates that do not go together, within a section and across sections.

Each rule yields what it finds and says both places with their values. What cannot be is refused;
what is only unlikely is asked about. A rule is silent where it cannot be sure: a false alarm costs
more trust than a missed slip costs work.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from django.utils import timezone

from applications.checks.finding import Finding, Severity, label_of, said
from applications.models import FinanceYear, RequirementAnswer
from applications.sections import INSTANCES, Filing
from portal.documents.model import rounded

SMALLEST_REVENUE = 2000
"""规模以上工业: 年主营业务收入 2000 万元及以上."""

MATURITY_FROM = (Decimal("0.8"), Decimal("1.8"), Decimal("2.8"), Decimal("3.8"), Decimal("4.8"))
"""The least score of each maturity level (GB/T 39116-2020, 8.3); a bound belongs to the higher."""

WRONG_UNIT = 100
"""A figure this many times its neighbour was most likely typed in another unit than 万元."""

PHONE = re.compile(r"(\+?86-?)?(\(?0\d{2,3}\)?-?)?\d{7,8}((-|转)\d{1,6})?|[48]00-?\d{3,4}-?\d{3,4}")


def growth(before: Decimal, after: Decimal) -> Decimal:
    """The change in %, to two places."""
    return rounded((after - before) / abs(before) * 100)


# 一、申报单位基本信息


def dates_ahead(filing: Filing) -> Iterator[Finding]:
    """What has happened cannot lie ahead of today."""
    for section, names in {
        "basic": ("founded_on", "maturity_assessed_on"),
        "factory": ("started_on",),
    }.items():
        answers = filing.answers.get(section)
        for name in names if answers else ():
            day = getattr(answers, name)
            if day and day > timezone.localdate():
                yield Finding(section, f"{label_of(answers, name)}在今天之后，请核对。", field=name)


def landline(filing: Filing) -> Iterator[Finding]:
    """固定电话 is a second way to reach people: a number, and not the mobile one again."""
    basic = filing.answers["basic"]
    typed = "".join(unicodedata.normalize("NFKC", basic.contact_phone).split())
    typed = re.sub("[—–‐‑]+", "-", typed)
    if not typed:
        return
    here = {"severity": Severity.WARN, "field": "contact_phone"}
    phone, mobile = label_of(basic, "contact_phone"), label_of(basic, "contact_mobile")
    if re.sub(r"\D", "", typed) == basic.contact_mobile:
        yield Finding("basic", f"{phone}与{mobile}相同，可留空或填写座机。", **here)
    elif not all(PHONE.fullmatch(part) for part in re.split("[、,/;或]", typed)):
        yield Finding(
            "basic", f"{phone}“{basic.contact_phone}”不像电话号码，例如 0351-1234567。", **here
        )


def branch_named(filing: Filing) -> Iterator[Finding]:
    """A branch says whose it is."""
    basic = filing.answers["basic"]
    if basic.is_branch and not basic.branch_note:
        yield Finding(
            "basic",
            f"是法人分支机构的，请填写{label_of(basic, 'branch_note')}。",
            field="branch_note",
            is_gap=True,
        )


def maturity_score(filing: Filing) -> Iterator[Finding]:
    """等级 and 得分 come from one assessment; the standard says which score makes which level."""
    basic = filing.answers["basic"]
    level, score = basic.maturity_level, basic.maturity_score
    if level is None or score is None:
        return
    scored = sum(score >= bound for bound in MATURITY_FROM)
    if scored != level:
        reaches = f"对应 {scored} 级" if scored else "未达到 1 级"
        yield Finding(
            "basic",
            f"{said(basic, 'maturity_score')}，按 GB/T 39116-2020 {reaches}，"
            f"与{label_of(basic, 'maturity_level')} {level} 级不符，请核对。",
            Severity.WARN,
            field="maturity_score",
        )


def _in_finance(row: FinanceYear, field: str) -> dict[str, object]:
    return {
        "section": "basic",
        "severity": Severity.WARN,
        "group": "finance_years",
        "key": row.key,
        "field": field,
    }


def finance_of_a_year(filing: Filing) -> Iterator[Finding]:
    """Parts of one year's figures that exceed what they are part of."""
    for row in filing.rows["finance_years"]:
        year = row.fixed.title
        if row.debt_ratio is not None and row.debt_ratio > 100:
            yield Finding(
                message=f"{year}：资产负债率为 {row.debt_ratio}%，超过 100%，请核对。",
                brief="超过 100%",
                **_in_finance(row, "debt_ratio"),
            )
        for name, what in {"research_spending": "研发投入", "profit": "利润总额"}.items():
            part = getattr(row, name)
            if None not in (part, row.revenue) and part > row.revenue:
                yield Finding(
                    message=f"{year}：{what} {part} 万元，"
                    f"超过营业收入 {row.revenue} 万元，请核对。",
                    brief="超过营业收入",
                    **_in_finance(row, name),
                )


def finance_in_one_unit(filing: Filing) -> Iterator[Finding]:
    """Sums that leap a hundredfold from year to year were typed in 元 once and in 万元 once."""
    for name in ("revenue", "assets", "research_spending"):
        for before, row in pairwise(filing.rows["finance_years"]):
            old, new = getattr(before, name), getattr(row, name)
            if old and new and not 1 / Decimal(WRONG_UNIT) < new / old < WRONG_UNIT:
                yield Finding(
                    message=f"{row.fixed.title}：{said(row, name)}，{before.fixed.title}为 {old}，"
                    f"相差 {WRONG_UNIT} 倍以上，请核对单位。",
                    brief="请核对单位",
                    **_in_finance(row, name),
                )


def above_designated_size(filing: Filing) -> Iterator[Finding]:
    """规模以上 is answered 符合, yet the latest year's revenue is below what makes it."""
    latest = max(filing.rows["finance_years"], key=lambda row: row.key, default=None)
    if latest is None or latest.revenue is None or latest.revenue >= SMALLEST_REVENUE:
        return
    for row in filing.rows["requirement_answers"]:
        if "规模以上" in row.fixed.title and row.answer == RequirementAnswer.Answer.YES:
            yield Finding(
                "basic",
                f"{row.fixed.note} 自查为“符合”（规模以上工业企业），"
                f"而{latest.fixed.title}{said(latest, 'revenue')}，不足 {SMALLEST_REVENUE} 万元，"
                "请核对。",
                Severity.WARN,
                brief="营业收入不足 2000 万元",
                group="requirement_answers",
                key=row.key,
                field="answer",
            )


# 二、智能工厂基本情况


def built_in_order(filing: Filing) -> Iterator[Finding]:
    """Building ends after it has begun."""
    factory = filing.answers["factory"]
    start, end = factory.started_on, factory.finished_on
    if start and end and end < start:
        yield Finding(
            "factory",
            f"“建设完成日期”早于“建设开始日期”（{start}），请核对。",
            field="finished_on",
        )


def begun_after_founding(filing: Filing) -> Iterator[Finding]:
    """A company builds after it has been founded; one that took over an older plant explains."""
    basic, factory = filing.answers["basic"], filing.answers["factory"]
    if basic.founded_on and factory.started_on and factory.started_on < basic.founded_on:
        yield Finding(
            "factory",
            f"{said(factory, 'started_on')}，早于{said(basic, 'founded_on')}，请核对。",
            Severity.WARN,
            field="started_on",
        )


def assessed_after_beginning(filing: Filing) -> Iterator[Finding]:
    """An assessment made before building began says nothing of this factory."""
    basic, factory = filing.answers["basic"], filing.answers["factory"]
    assessed, start = basic.maturity_assessed_on, factory.started_on
    if assessed and start and assessed < start:
        yield Finding(
            "basic",
            f"成熟度{said(basic, 'maturity_assessed_on')}，早于{said(factory, 'started_on')}，"
            "不能反映本项目的建设，请核对。",
            Severity.WARN,
            field="maturity_assessed_on",
        )


def parts_of_the_investment(filing: Filing) -> Iterator[Finding]:
    """The parts make up the total: not more, and once all are given, not far less."""
    factory = filing.answers["factory"]
    parts = [
        factory.equipment_investment,
        factory.software_investment,
        factory.integration_investment,
        factory.other_investment,
    ]
    total, given = factory.total_investment, [part for part in parts if part is not None]
    if total is None or not given:
        return
    together = sum(given, Decimal(0))
    here = {"severity": Severity.WARN, "field": "total_investment"}
    if together > total:
        yield Finding(
            "factory", f"各项投资合计 {together} 万元，超过“总投资” {total} 万元。", **here
        )
    elif len(given) == len(parts) and together < total * Decimal("0.8"):
        yield Finding(
            "factory",
            f"各项投资合计 {together} 万元，比“总投资” {total} 万元"
            f"少 {total - together} 万元，请核对。",
            **here,
        )


def investment_in_one_unit(filing: Filing) -> Iterator[Finding]:
    """An investment of many times the company's assets was most likely typed in 元."""
    factory = filing.answers["factory"]
    assets = max((row.assets or 0 for row in filing.rows["finance_years"]), default=0)
    if assets and factory.total_investment and factory.total_investment > assets * 10:
        yield Finding(
            "factory",
            f"{said(factory, 'total_investment')}，超过近三年最高资产总额 {assets} 万元的 10 倍，"
            "请核对单位。",
            Severity.WARN,
            field="total_investment",
        )


COMPANY = re.compile("(股份|集团)?(有限)?(责任)?(公司|集团)$|研究院$|研究所$|大学$|学院$")


def built_by_oneself(filing: Filing) -> Iterator[Finding]:
    """自建 and the integrator's name tell the same; a company of the same house passes."""
    own = _plain_name(filing.application.enterprise.name)
    for number, row in enumerate(filing.rows["integrators"], 1):
        name = _plain_name(row.name)
        here = {"group": "integrators", "key": row.key, "field": "is_own"}
        if not row.is_own and name == own:
            message = (
                f"集成商 {number}：{said(row, 'name')}，即本单位，请勾选{label_of(row, 'is_own')}。"
            )
            yield Finding("factory", message, Severity.WARN, brief="请核对", **here)
        core = COMPANY.sub("", name)
        elsewhere = core != name and core not in own and COMPANY.sub("", own) not in name
        if row.is_own and elsewhere and not re.search("本单位|本公司|我公司|自建", name):
            message = (
                f"集成商 {number}：已勾选{label_of(row, 'is_own')}，而{said(row, 'name')}，请核对。"
            )
            yield Finding("factory", message, Severity.WARN, brief="名称不是本单位", **here)


def _plain_name(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


# 三、智能工厂场景建设情况


def scenario_chosen(filing: Filing) -> Iterator[Finding]:
    """One scenario an instance: from the guide, of the chosen 环节, or named by oneself."""
    names = {segment.pk: segment.name for segment in filing.application.version.segments}
    for number, row in enumerate(filing.rows[INSTANCES.slug], 1):
        here = {"section": "scenarios", "group": INSTANCES.slug, "key": row.key}
        title = f"{INSTANCES.title} {number}："
        if not row.scenario_name and not {"scenario", "own_scenario"} & set(row.unparsed):
            yield Finding(
                message=f"{title}请选择“场景”，或自行填写场景名。",
                field="scenario",
                is_gap=True,
                **here,
            )
        if row.scenario and row.segment and row.scenario.segment_id != row.segment_id:
            yield Finding(
                message=f"{title}场景“{row.scenario.name}”属于环节"
                f"“{names.get(row.scenario.segment_id, '')}”，与所选环节“{row.segment}”不符。",
                field="scenario",
                **here,
            )
        if row.scenario and row.own_scenario:
            yield Finding(
                message=f"{title}已从指引中选择场景“{row.scenario.name}”，"
                f"又自填“{row.own_scenario}”；请清空自填的，或把“场景”改为未选择。",
                field="own_scenario",
                **here,
            )


def instances_differ(filing: Filing) -> Iterator[Finding]:
    """The same line twice in Annex 1 is a slip."""
    seen: dict[str, int] = {}
    for number, row in enumerate(filing.rows[INSTANCES.slug], 1):
        if row.name and row.line in seen:
            yield Finding(
                "scenarios",
                f"{INSTANCES.title} {number} 与第 {seen[row.line]} 条重复：{row.line}",
                Severity.WARN,
                group=INSTANCES.slug,
                key=row.key,
                field="name",
            )
        seen.setdefault(row.line, number)


RULES = (
    (dates_ahead, ()),
    (landline, ("basic",)),
    (branch_named, ("basic",)),
    (maturity_score, ("basic",)),
    (finance_of_a_year, ("basic",)),
    (finance_in_one_unit, ("basic",)),
    (above_designated_size, ("basic",)),
    (built_in_order, ("factory",)),
    (begun_after_founding, ("basic", "factory")),
    (assessed_after_beginning, ("basic", "factory")),
    (parts_of_the_investment, ("factory",)),
    (investment_in_one_unit, ("basic", "factory")),
    (built_by_oneself, ("factory",)),
    (scenario_chosen, ("scenarios",)),
    (instances_differ, ("scenarios",)),
)
"""Each rule with the sections it reads."""
