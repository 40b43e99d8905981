"""What anybody may read without signing in: notices and the scenario guide."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.catalogue.models import Area
from portal.rounds import guide, notices
from portal.rounds.models import Round
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def province(catalogue):
    return cast.make_province()


def test_the_notice_of_2024_reads_as_one(catalogue):
    text = Round.objects.get(slug="2024-excellent").notice
    parts = list(notices.parts(text))
    headings = [part.text for part in parts if part.level in (2, 3)]
    assert headings == [
        "关于申报 2024 年度卓越级智能工厂的通知",
        "一、申报条件",
        "二、组织实施",
        "三、联系方式",
        "附件 2",
        "一、基础要求",
        "二、基础级智能工厂",
        "三、先进级智能工厂",
        "四、卓越级智能工厂",
        "五、领航级智能工厂",
    ]
    body = [part.text for part in parts if not part.level]
    assert "（一）申报主体在山西省境内注册，具有独立法人资格，并满足" in "".join(body)
    assert "推荐单位（盖章）" not in text and "关键设备数控化率" not in text


def test_a_notice_page_says_all_that_is_asked_to_whom_and_until_when(client, province):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    round = cast.make_round(
        province,
        enterprise_deadline=midnight + timedelta(days=9),
        bureau_deadline=midnight + timedelta(days=9),
        notice="一、总则\n<b>正文</b>。",
        contact_office="装备处",
        seats_per_bureau=37,
    )
    page = client.get(reverse("notice", args=[round.slug])).content.decode()
    assert "24:00（周" in page and "还有 8 天" in page
    assert "<h3>一、总则</h3>" in page and "&lt;b&gt;正文&lt;/b&gt;" in page
    assert "原则上应覆盖全部五个环节" in page and "原则上" in page
    assert "能力提升类指标" in page and "数控关键设备数 ÷ 关键设备总数" in page
    assert page.count('<td class="num">37</td>') == 12
    assert "装备处" in page


def test_a_round_that_is_not_published_or_only_tried_out_has_no_notice(client, province):
    hidden = cast.make_round(province, slug="hidden", title="秘密批次", published=False)
    tried = cast.make_round(province, slug="tried", title="试运行批次")
    Round.objects.filter(pk=tried.pk).update(trial_of=hidden)
    listed = client.get(reverse("notices")).content.decode()
    for slug, title in (("hidden", "秘密批次"), ("tried", "试运行批次")):
        assert title not in listed
        assert client.get(reverse("notice", args=[slug])).status_code == 404


def names(entries):
    return [scenario.name for entry in entries for scenario in entry.scenarios]


def test_the_scenarios_of_2025_are_the_forty_official_ones(catalogue):
    assert guide.editions() == [2025, 2024]
    found = guide.search(2025)
    assert len(names(found)) == 40
    assert {s.certainty for entry in found for s in entry.scenarios} == {"official"}


@pytest.mark.parametrize("typed", ["人机协同作", " 人机 协同作业", "rjxtzy", "RJXTZY"])
def test_a_scenario_is_found_by_a_part_of_its_name_and_by_first_letters(typed, catalogue):
    assert names(guide.search(2024, typed)) == ["人机协同作业"]


def test_a_segment_that_is_named_so_brings_all_its_scenarios(catalogue):
    [entry] = guide.search(2025, "工艺设计")
    assert names([entry]) == ["工艺数字化设计", "制造工程优化"]
    assert guide.search(2025, "工艺设计", Area.PRODUCTION) == []


def test_the_page_of_scenarios_marks_what_is_no_official_name(client, catalogue):
    url = reverse("scenarios")
    page = client.get(url, {"edition": "2024", "q": "人机协同作业"}).content.decode()
    assert "人机协同作业" in page and "badge-returned" not in page
    page = client.get(url, {"edition": "2024", "q": "先进过程控制"}).content.decode()
    assert '<span class="badge-state badge-returned">参考</span>' in page
    nothing = client.get(url, {"q": "<i>没有的</i>", "area": "x", "edition": "1999"})
    assert "没有符合的环节或场景" in nothing.content.decode()
    assert "<i>" not in nothing.content.decode()
