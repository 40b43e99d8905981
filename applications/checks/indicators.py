"""关键绩效指标: each row in itself, and against what the other sections say."""

import re
from collections.abc import Iterator
from decimal import Decimal

from django.utils import timezone

from applications.checks.consistency import growth
from applications.checks.finding import Finding, Severity, label_of, said
from applications.models import IndicatorValue, Results
from applications.models.rows import MOST_CHANGE
from applications.sections import INSTANCES, Filing, shortened
from portal.catalogue.models import Indicator
from portal.documents.model import rounded

CHANGES = (Indicator.Kind.INCREASE, Indicator.Kind.DECREASE)

UNUSUAL = {Indicator.Kind.INCREASE: 500, Indicator.Kind.COUNT: 1000}
"""Above this, a value of the kind is asked about."""

NO_OWN_DATA = re.compile("行业|平均|设计|标准|标杆|同类|规划|对标")
"""What a baseline that is not the plant's own past speaks of."""


def filled(filing: Filing) -> list[IndicatorValue]:
    return [row for row in filing.rows["indicator_values"] if not row.is_not_applicable]


def at(row: IndicatorValue, field: str = "value") -> dict[str, str]:
    return {"section": "results", "group": "indicator_values", "key": row.key, "field": field}


def titled(row: IndicatorValue) -> str:
    return f"{shortened(row.fixed.title)}："


def named(filing: Filing, name: str) -> IndicatorValue | None:
    """The indicator of that name with a value, whatever its number in the round's edition."""
    return next(
        (
            row
            for row in filled(filing)
            if name in row.fixed.title and row.value_of("value") is not None
        ),
        None,
    )


def values_possible(filing: Filing) -> Iterator[Finding]:
    """What an indicator's kind allows; beyond is refused, and the unlikely asked about."""
    for row in filled(filing):
        value = row.value_of("value")
        if value is None:
            continue
        title, here, kind = titled(row), at(row), row.fixed.kind
        if abs(value) > MOST_CHANGE:
            message, brief = f"按建设前后的值算得 {value}，超出合理范围，请核对。", "超出合理范围"
        elif kind == Indicator.Kind.RATIO and not 0 <= value <= 100:
            message, brief = "是比率，应在 0 到 100 之间。", "应在 0 到 100 之间"
        elif kind == Indicator.Kind.COUNT and (value < 0 or value != value.to_integral_value()):
            message, brief = "是数量，应为不小于 0 的整数。", "应为整数"
        elif kind == Indicator.Kind.DECREASE and value > 100:
            message, brief = "最多下降 100%，请核对。", "最多 100"
        elif kind == Indicator.Kind.INCREASE and value < -100:
            message, brief = "最多下降 100%，请核对。", "不小于 -100"
        elif kind in CHANGES and value < 0:
            message, brief = f"{value} 是负数，表示建设后不如建设前，请核对。", "为负数，请核对"
            here["severity"] = Severity.WARN
        elif value > UNUSUAL.get(kind, MOST_CHANGE):
            message, brief = f"{value} 不多见，请核对数值和单位。", "请核对数值"
            here["severity"] = Severity.WARN
        else:
            continue
        yield Finding(message=f"{title}{message}", brief=brief, **here)


def levels_possible(filing: Filing) -> Iterator[Finding]:
    """The values before and after, where the indicator's kind or name bounds them."""
    for row in filled(filing):
        is_ratio = row.fixed.kind == Indicator.Kind.RATIO
        of_a_rate = re.search("利用率|交付率|不良率", row.fixed.title)
        for name in ("before", "after"):
            level = getattr(row, name)
            if level is None or 0 <= level <= 100 or not (is_ratio or of_a_rate):
                continue
            # What is after is the value of a ratio, and complained of there.
            if is_ratio and name == "after" and row.value is None:
                continue
            yield Finding(
                message=f"{titled(row)}{said(row, name)}，比率应在 0 到 100 之间，请核对。",
                severity=Severity.BLOCK if is_ratio else Severity.WARN,
                brief="应在 0 到 100 之间",
                **at(row, name),
            )


def value_as_computed(filing: Filing) -> Iterator[Finding]:
    """A value typed over the computed one is asked about until a reason is written beside it."""
    for row in filled(filing):
        if not row.is_overridden or row.note:
            continue
        value, computed = row.value, row.computed
        is_points = row.fixed.kind in CHANGES and abs(value) == abs(rounded(row.after - row.before))
        yield Finding(
            message=f"{titled(row)}填写的是 {value}，按建设前后的值应为 {computed}，请核对。"
            + ("（填写的似乎是相差的百分点，不是变化的幅度。）" if is_points else ""),
            severity=Severity.WARN,
            brief=f"前后值为 {computed}",
            **at(row),
        )
        yield Finding(
            message=f"{titled(row)}指标值与按建设前后的值算得的不同，"
            f"请在{label_of(row, 'note')}中写明理由，或清空指标值由系统计算。",
            brief="请写明理由",
            is_gap=True,
            **at(row, "note"),
        )


def years_given(filing: Filing) -> Iterator[Finding]:
    """Values before and after mean something only with their years; said once for all rows."""
    lacking = [
        (row, name)
        for row in filled(filing)
        if row.fixed.kind in CHANGES and None not in (row.before, row.after)
        for name in ("before_year", "after_year")
        if getattr(row, name) is None and name not in row.unparsed
    ]
    if lacking:
        row, name = lacking[0]
        numbers = "、".join(dict.fromkeys(row.key for row, _name in lacking))
        yield Finding(
            message=f"指标 {numbers} 填写了建设前后的值，请补充年度。",
            severity=Severity.WARN,
            brief="请补充年度",
            **at(row, name),
        )


def years_in_order(filing: Filing) -> Iterator[Finding]:
    """Before lies before after, and nothing has been measured in a year to come."""
    is_new_plant = filing.answers["results"].is_new_plant
    for row in filled(filing):
        before, after = row.before_year, row.after_year
        if after and after > timezone.localdate().year:
            yield Finding(
                message=f"{titled(row)}{said(row, 'after_year')}，在今年之后，请核对。",
                brief="在今年之后",
                **at(row, "after_year"),
            )
        if before and after and after < before and not is_new_plant:
            yield Finding(
                message=f"{titled(row)}{said(row, 'after_year')}，早于{said(row, 'before_year')}，"
                "请核对。",
                brief="早于建设前",
                **at(row, "after_year"),
            )


def years_around_the_building(filing: Filing) -> Iterator[Finding]:
    """建设前 is not after building began, 建设后 not before it did."""
    factory = filing.answers["factory"]
    start, is_new_plant = factory.started_on, filing.answers["results"].is_new_plant
    for row in filled(filing) if start else ():
        if row.before_year and row.before_year > start.year and not is_new_plant:
            yield Finding(
                message=f"{titled(row)}{said(row, 'before_year')}，"
                f"晚于{said(factory, 'started_on')}，请核对。",
                severity=Severity.WARN,
                brief="晚于建设开始",
                **at(row, "before_year"),
            )
        if row.after_year and row.after_year < start.year:
            yield Finding(
                message=f"{titled(row)}{said(row, 'after_year')}，"
                f"早于{said(factory, 'started_on')}，请核对。",
                severity=Severity.WARN,
                brief="早于建设开始",
                **at(row, "after_year"),
            )


def baseline_named(filing: Filing) -> Iterator[Finding]:
    """A new plant has no past of its own, so it names what it compares with."""
    results = filing.answers["results"]
    if results.is_new_plant and not results.baseline:
        yield Finding(
            "results",
            f"已勾选{label_of(Results, 'is_new_plant')}，请填写{label_of(Results, 'baseline')}。",
            field="baseline",
            is_gap=True,
        )


def new_plant_without_past(filing: Filing) -> Iterator[Finding]:
    """A new plant has no year before building began, unless the baseline is somebody else's."""
    factory, results = filing.answers["factory"], filing.answers["results"]
    if not (results.is_new_plant and results.baseline and factory.started_on):
        return
    if NO_OWN_DATA.search(results.baseline):
        return
    for row in filled(filing):
        year = row.before_year
        if year and year < factory.started_on.year and str(year) not in results.baseline:
            yield Finding(
                "results",
                f"已勾选{label_of(Results, 'is_new_plant')}，"
                f"而{titled(row)}{said(row, 'before_year')}，"
                f"早于{said(factory, 'started_on')}，请核对是否为新建工厂。",
                Severity.WARN,
                field="is_new_plant",
            )
            return


def share_of_ai(filing: Filing) -> Iterator[Finding]:
    """应用人工智能技术场景比例 against the instances that say so; off by an instance is nothing."""
    instances, row = filing.rows[INSTANCES.slug], named(filing, "应用人工智能技术场景比例")
    if row is None or not instances or any(each.uses_ai is None for each in instances):
        return
    value, ticked = row.value_of("value"), sum(each.uses_ai for each in instances)
    share = rounded(Decimal(100 * ticked) / len(instances))
    allowed = max(10, Decimal(100) / len(instances))
    if (value == 0) != (ticked == 0) or abs(value - share) > allowed:
        yield Finding(
            message=f"{titled(row)}填写的是 {value}，而 {len(instances)} 个{INSTANCES.title}中"
            f"有 {ticked} 个{label_of(instances[0], 'uses_ai')}为“是”（{share}），请核对。",
            severity=Severity.WARN,
            brief=f"实例中为 {share}",
            **at(row),
        )


def _in_finance(filing: Filing, row: IndicatorValue | None) -> tuple | None:
    """The finance years of an indicator's values before and after, where both are among them."""
    years = {row.key: row for row in filing.rows["finance_years"]}
    if row is None or filing.answers["results"].is_new_plant:
        return None
    before, after = years.get(str(row.before_year)), years.get(str(row.after_year))
    return (before, after) if before and after and before is not after else None


def growth_of_sales(filing: Filing) -> Iterator[Finding]:
    """销售增长率 against the revenue of the same two years."""
    row = named(filing, "销售增长率")
    years = _in_finance(filing, row)
    if not years or not (years[0].revenue and years[1].revenue):
        return
    grown = growth(years[0].revenue, years[1].revenue)
    if abs(row.value_of("value") - grown) > max(2, abs(grown) / 10):
        yield _unlike_finance(row, years, "营业收入", grown)


def growth_of_productivity(filing: Filing) -> Iterator[Finding]:
    """全员劳动生产率 against revenue per head: another measure, so only a wide gap counts."""
    row = named(filing, "全员劳动生产率")
    years = _in_finance(filing, row)
    if not years or not all(year.revenue and year.staff for year in years):
        return
    grown = growth(*(year.revenue / year.staff for year in years))
    if abs(row.value_of("value") - grown) > 30:
        yield _unlike_finance(row, years, "人均营业收入", grown)


def _unlike_finance(row: IndicatorValue, years: tuple, what: str, grown: Decimal) -> Finding:
    before, after = years
    return Finding(
        message=f"{titled(row)}填写的是 {row.value_of('value')}，而按{before.fixed.title}、"
        f"{after.fixed.title}的{what}计算为 {grown}，请核对。",
        severity=Severity.WARN,
        brief=f"按{what}为 {grown}",
        **at(row),
    )


RULES = (
    (values_possible, ("results",)),
    (levels_possible, ("results",)),
    (value_as_computed, ("results",)),
    (years_given, ("results",)),
    (years_in_order, ("results",)),
    (years_around_the_building, ("factory", "results")),
    (baseline_named, ("results",)),
    (new_plant_without_past, ("factory", "results")),
    (share_of_ai, ("scenarios", "results")),
    (growth_of_sales, ("basic", "results")),
    (growth_of_productivity, ("basic", "results")),
)
"""Each rule with the sections it reads."""
