"""The fixtures against the notice of 2024, whose facts are written out here a second time."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import call_command

from portal.catalogue.models import (
    Area,
    Bureau,
    Certainty,
    Condition,
    Division,
    Indicator,
    Industry,
    Level,
    Modality,
    Scenario,
    Segment,
)
from portal.rounds.models import Round

BEIJING = ZoneInfo("Asia/Shanghai")
Rule = Condition.Rule
Kind = Indicator.Kind


@pytest.fixture(autouse=True)
def fixtures(db):
    for path in sorted((settings.BASE_DIR / "fixtures").glob("*.json")):
        call_command("loaddata", path, verbosity=0)


def test_the_reform_zone_and_eleven_cities_recommend():
    names = list(Bureau.objects.values_list("short_name", flat=True))
    assert len(names) == 12
    assert names[0] == "综改示范区"
    assert all(name.endswith("市") for name in names[1:])
    assert Bureau.objects.get(short_name="太原市").name == "太原市工业和信息化局"


def test_divisions_are_the_117_counties_of_eleven_cities_without_the_reform_zone():
    divisions = Division.objects.all()
    assert len(divisions) == 117
    assert {d.city for d in divisions} == set(
        Bureau.objects.filter(kind="设区市").values_list("short_name", flat=True)
    )
    cities = {b.code[:4]: b.short_name for b in Bureau.objects.filter(kind="设区市")}
    assert all(d.city == cities[d.code[:4]] for d in divisions)
    assert not divisions.filter(code="140171").exists()


def test_industries_are_the_41_of_mining_manufacturing_and_supply():
    codes = list(Industry.objects.values_list("code", flat=True))
    assert codes == (
        [f"B{n:02}" for n in range(6, 13)]
        + [f"C{n}" for n in range(13, 44)]
        + [f"D{n}" for n in range(44, 47)]
    )
    assert Industry.objects.get(code="C36").name == "汽车制造业"
    assert Industry.objects.get(code="C36").section == "制造业"


def test_the_segments_of_2024_fold_into_areas_as_the_five_footnotes_say():
    folded = {}
    for segment in Segment.objects.filter(edition=2024):
        folded.setdefault(segment.area, []).append(segment.name)
    assert folded == {
        Area.FACTORY: ["工厂建设", "信息基础设施"],
        Area.DESIGN: ["产品设计", "工艺设计"],
        Area.PRODUCTION: ["生产作业", "质量管控", "设备管理"],
        Area.MANAGEMENT: ["计划调度", "仓储物流", "安全管控", "能碳管理", "环保管理"],
        Area.OPERATION: ["营销与售后", "供应链管理"],
        "": ["模式创新"],
    }


def test_only_the_scenario_named_in_the_notice_is_official_in_2024():
    scenarios = Scenario.objects.filter(segment__edition=2024).select_related("segment")
    official = [s for s in scenarios if s.certainty == Certainty.OFFICIAL]
    assert [(s.segment.name, s.name) for s in official] == [("生产作业", "人机协同作业")]
    assert [s.name for s in scenarios if s.certainty == Certainty.PROBABLE] == [
        "产品数字化研发设计",
        "在线智能检测",
        "质量追溯与分析改进",
        "智能排产调度",
        "智能仓储",
    ]
    assert all("（参考）" in str(s) for s in scenarios if s not in official)


def test_a_suggestion_names_every_edition_it_comes_from():
    suggestions = Scenario.objects.filter(certainty=Certainty.SUGGESTION)
    assert suggestions.count() == 43
    assert all(s.source.endswith("年版") for s in suggestions)
    assert not suggestions.exclude(segment__edition=2024).exists()
    assert suggestions.get(name="工艺数字化设计").source == "2021—2023年版、2025年版"


def test_the_edition_2025_has_forty_numbered_official_scenarios_in_the_five_areas():
    scenarios = Scenario.objects.filter(segment__edition=2025).order_by("number")
    assert [s.number for s in scenarios] == list(range(1, 41))
    assert {s.certainty for s in scenarios} == {Certainty.OFFICIAL}
    assert {s.segment.area for s in scenarios} == set(Area)
    assert Segment.objects.filter(edition=2025).count() == 8


def test_the_twenty_indicators_stand_in_their_five_groups():
    groups = {}
    for indicator in Indicator.objects.filter(edition=2024):
        groups.setdefault(indicator.category, []).append(indicator.no)
    assert groups == {
        "能力提升类": [1, 2, 3, 4],
        "价值效益类": [5, 6],
        "生产运营效率类": list(range(7, 16)),
        "可持续发展类": [16, 17, 18, 19],
        "推广应用类": [20],
    }


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (Kind.RATIO, [1, 2, 3, 18, 19]),
        (Kind.COUNT, [4, 20]),
        (Kind.INCREASE, [6, 7, 8, 10, 11, 12, 13, 15]),
        (Kind.DECREASE, [5, 9, 14, 16, 17]),
    ],
)
def test_the_kind_of_each_indicator_follows_its_wording(kind, numbers):
    indicators = Indicator.objects.filter(edition=2024, kind=kind)
    assert [i.no for i in indicators] == numbers
    falls = ("缩短", "下降", "降低")
    assert all(i.name.endswith(falls) == (kind == Kind.DECREASE) for i in indicators)
    assert {i.unit for i in indicators} == ({"个", "家"} if kind == Kind.COUNT else {"%"})


@pytest.mark.parametrize(
    ("level", "minimum"),
    [(Level.BASIC, 2), (Level.ADVANCED, 2), (Level.EXCELLENT, 3), (Level.LEADING, 4)],
)
def test_each_level_asks_for_its_maturity(level, minimum):
    maturity = Condition.objects.get(edition=2024, level=level, rule=Rule.MATURITY)
    assert maturity.minimum == minimum


@pytest.mark.parametrize(
    ("level", "areas", "modality"),
    [
        (Level.BASIC, ["生产作业"], Modality.MUST),
        (Level.ADVANCED, ["生产作业", "生产管理", "运营管理"], Modality.MUST),
        (Level.EXCELLENT, Area.values, Modality.IN_PRINCIPLE),
        (Level.LEADING, Area.values, Modality.MUST),
    ],
)
def test_each_level_asks_for_its_coverage(level, areas, modality):
    coverage = Condition.objects.get(edition=2024, level=level, rule=Rule.COVERAGE)
    assert coverage.areas == areas
    assert coverage.modality == modality


def test_every_rule_has_what_it_needs_and_nothing_else():
    for condition in Condition.objects.all():
        condition.full_clean()
        assert (condition.minimum is not None) == (condition.rule == Rule.MATURITY), condition
        assert bool(condition.areas) == (condition.rule == Rule.COVERAGE), condition


def test_the_basic_requirements_apply_to_every_level():
    basic = Condition.objects.filter(rule=Rule.BASIC_REQUIREMENT)
    assert [c.code for c in basic] == ["B1", "B2", "B3", "B4"]
    assert all(c.applies_to(level) for c in basic for level in Level)


def test_the_round_of_2024_is_ready_to_be_published():
    round = Round.objects.get(slug="2024-excellent")
    round.full_clean()
    assert not round.is_published
    assert round.level == Level.EXCELLENT
    assert round.opens_at.astimezone(BEIJING) == datetime(2024, 11, 4, tzinfo=BEIJING)
    assert round.enterprise_deadline == datetime(2024, 11, 23, tzinfo=BEIJING)
    assert round.deadlines_coincide
    assert round.notice_date == date(2024, 11, 4)
    assert set(round.seats_of(Bureau.objects.all()).values()) == {3}
    assert (
        len(round.version.segments),
        len(round.version.scenarios),
        len(round.version.indicators),
    ) == (15, 49, 20)
    assert [c.code for c in round.version.conditions] == (
        ["N1", "N2", "N3", "N4", "B1", "B2", "B3", "B4", "B5-excellent", "C-excellent"]
        + [f"R{n}-excellent" for n in range(1, 5)]
    )


def test_the_declarations_cover_every_clause_that_asks_for_one():
    round = Round.objects.get(slug="2024-excellent")
    asked = {c.where for c in round.version.conditions if c.rule == Rule.DECLARATION}
    assert {d.clause for d in round.version.declarations.all()} == asked
    texts = "".join(d.text for d in round.version.declarations.all())
    for promise in ("真实性", "国家秘密、商业秘密", "现场核查、技术推广和典型案例交流"):
        assert promise in texts
