"""Editions of the catalogue: taken in whole from one sheet, copied, and closed once in use."""

import pytest
import tablib
from django.utils.html import escape

from portal.catalogue import editions
from portal.catalogue.editions import Part
from portal.catalogue.models import ClosedEdition, Condition, Indicator, Scenario, Segment
from portal.errors import NotAllowed
from tests import cast
from tests.catalogue.sheets import download, page, rows_of, staff_client, upload, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def province(catalogue, db):
    return cast.make_province()


def content(model, **edition):
    """All rows of an edition, without what differs between editions by nature."""
    names = [f.attname for f in model._meta.fields if f.name not in ("id", "edition", "segment")]
    rows = model.objects.filter(**edition)
    return [(str(getattr(r, "segment", "")), *(getattr(r, n) for n in names)) for r in rows]


@pytest.mark.parametrize("part", list(Part))
def test_an_editions_sheet_taken_in_under_another_year_is_the_same_edition(province, part):
    result = editions.take_in(part, 2031, editions.sheet(part, 2024), actor=province)
    assert not [*editions.lines(result)]
    model = editions.ROWS[part]
    assert content(model, edition=2031) == content(model, edition=2024)
    if part == Part.SCENARIOS:
        new, old = (content(Scenario, segment__edition=year) for year in (2031, 2024))
        assert new == old


def test_a_copied_edition_is_the_same_and_can_be_changed(province):
    ClosedEdition.objects.create(part=Part.SCENARIOS, edition=2024)
    editions.copy(Part.SCENARIOS, 2024, 2032, actor=province)
    new, old = (content(Scenario, segment__edition=year) for year in (2032, 2024))
    assert new == old
    with pytest.raises(NotAllowed, match="已经有了"):
        editions.copy(Part.SCENARIOS, 2025, 2032, actor=province)
    with pytest.raises(NotAllowed, match="已由发布的批次启用"):
        editions.delete(Part.SCENARIOS, 2024, actor=province)
    editions.delete(Part.SCENARIOS, 2032, actor=province)
    assert not Segment.objects.filter(edition=2032).exists()


def test_every_wrong_row_is_named_and_nothing_is_stored(province):
    sheet = editions.sheet(Part.CONDITIONS, 2024)
    head = sheet.headers
    rows = [list(row) for row in sheet]
    rows[1][head.index("检查方式")] = "看情况"
    rows[2][head.index("编号")] = rows[0][head.index("编号")]
    maturity = next(
        n for n, row in enumerate(rows) if row[head.index("检查方式")] == "成熟度等级不低于"
    )
    rows[maturity][head.index("最低值")] = None
    sheet = tablib.Dataset(*rows, headers=head)
    said = dict(editions.lines(editions.check(Part.CONDITIONS, 2031, sheet)))
    assert said[3].startswith("检查方式：“看情况”不是可填的内容")
    assert said[4] == "与第 2 行重复。"
    assert said[maturity + 2].startswith("最低值：")
    editions.take_in(Part.CONDITIONS, 2031, sheet, actor=province)
    assert not Condition.objects.filter(edition=2031).exists()


def test_a_segment_in_two_areas_is_refused_with_its_row(province):
    sheet = editions.sheet(Part.SCENARIOS, None)
    sheet.append(["设备管理", "生产管理", "甲", 1, "官方", ""])
    sheet.append(["设备管理", "", "乙", 2, "官方", ""])
    sheet.append(["设备管理", "运营管理", "丙", 3, "官方", ""])
    said = dict(editions.lines(editions.check(Part.SCENARIOS, 2031, sheet)))
    assert said == {4: "大环节：前面的行说“设备管理”属于“生产管理”，这里不一致。"}
    assert not Segment.objects.filter(edition=2031).exists()


def test_a_sheet_for_a_year_that_is_there_is_refused(province):
    result = editions.check(Part.INDICATORS, 2024, editions.sheet(Part.INDICATORS, 2024))
    assert [(None, s[:20]) for _, s in editions.lines(result)] == [
        (None, "绩效指标 2024 年版已经有了。请换一")
    ]


# Closed editions, in the back office


@pytest.mark.parametrize(("model", "changed"), [(Indicator, "单位"), (Scenario, "出处")])
def test_a_changed_row_of_a_closed_edition_is_refused_and_an_unchanged_one_is_not(
    catalogue, model, changed
):
    staff = staff_client()
    ClosedEdition.objects.create(part=model.PART, edition=2024)
    head, *rows = rows_of(download(staff, model))
    assert "更新 0 行" in upload(staff, model, workbook(head, *rows))
    spoilt = [list(row) for row in rows]
    spoilt[0][head.index(changed)] = "改"
    text = upload(staff, model, workbook(head, *spoilt))
    assert "第 2 行 · " in text
    assert escape(ClosedEdition.refusal(model.PART, 2024)) in text
    assert rows_of(download(staff, model))[1:] == rows


@pytest.mark.parametrize("model", [Indicator, Scenario, Segment, Condition])
def test_a_row_of_a_closed_edition_is_read_only_in_the_back_office(catalogue, model):
    staff = staff_client()
    ClosedEdition.objects.create(part=model.PART, edition=2024)
    row = next(row for row in model.objects.all() if row.edition == 2024)
    text = staff.get(page(model, "change", row.pk)).content.decode()
    assert "已由发布的批次启用，不能再改" in text
    assert 'name="_save"' not in text
    assert staff.post(page(model, "change", row.pk), {"name": "x"}).status_code == 403
    data = {"edition": 2024, "segment": getattr(row, "segment_id", ""), "name": "新", "no": 99}
    text = staff.post(page(model, "add"), data).content.decode()
    assert "已由发布的批次启用，不能再改" in text
