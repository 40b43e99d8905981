"""推荐汇总表（附件1）, to the character."""

import re

import pytest

from applications import workflow
from applications.states import Status
from portal.accounts.models import Enterprise
from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.documents.model import Paragraph, Style, Table
from review import ranking, summary
from tests import cast
from tests.portal.documents.readers import comparable, expected_rows, read_rows, written

HEADERS = [
    "序号",
    "申报单位名称",
    "卓越级智能工厂项目名称",
    "涉及典型场景实例（罗列）",
    "联系人",
    "联系方式（手机号）",
]


@pytest.fixture
def officers(catalogue, db):
    return {bureau.code: cast.make_officer(bureau.code) for bureau in Bureau.objects.all()}


@pytest.fixture
def officer(officers):
    return officers[cast.TAIYUAN]


@pytest.fixture
def recommend(round, officers, province):
    """File, accept and recommend applications of one bureau, with these names; the list is sent
    and received."""
    numbers = iter(range(1, 1000))

    def act(bureau, *names, send=True, receive=True, round=round, **answers):
        filed = []
        for name in names:
            actor = cast.make_enterprise(next(numbers), bureau, name=name)
            application = workflow.start(round, actor=actor)
            cast.complete(application, actor, project=f"{name}项目")
            if answers:
                cast.save(application, "basic", answers, actor)
            workflow.submit(application, cast.declarations(round), actor=actor)
            cast.decide(application, "accept", officers[bureau])
            ranking.recommend(cast.list_of(application), application, actor=officers[bureau])
            filed.append(cast.fresh(application))
        if send:
            ranked_list = cast.send(filed[0], officers[bureau])
            if receive:
                cast.receive(ranked_list, province)
        return filed

    return act


def table(result):
    return next(block for block in result.document.blocks if isinstance(block, Table))


def groups(result):
    return table(result).groups


def names(result):
    return [[(row[0], row[1]) for row in group.rows] for group in groups(result)]


def paragraphs(result):
    return [(b.style, b.text) for b in result.document.blocks if isinstance(b, Paragraph)]


def test_one_bureaus_table_says_what_the_notice_prescribes(round, recommend):
    recommend(cast.TAIYUAN, "甲厂")
    taiyuan = Bureau.objects.get(code=cast.TAIYUAN)
    result = summary.build(round, taiyuan)
    assert paragraphs(result) == [
        (Style.ANNEX_LABEL, "附件1"),
        (Style.TITLE, "卓越级智能工厂项目推荐汇总表"),
        (Style.UNIT_LINE, f"推荐单位（盖章）：{taiyuan.name}"),
        (
            Style.NOTE,
            "注：1.推荐的卓越级智能工厂项目按优先次序排名；2.推荐数量不能超过通知中规定的上限。",
        ),
    ]
    assert [column.title for column in table(result).columns] == HEADERS
    assert result.document.orientation == "landscape"
    assert result.missing == []
    [group] = groups(result)
    assert group.title is None


def test_a_row_says_who_what_where_and_how_to_reach_them(round, recommend):
    [application] = recommend(cast.TAIYUAN, "甲厂", contact_name="王㛃")
    [[row]] = [group.rows for group in groups(summary.build(round))]
    lines = [
        f"{instance.segment.name}—自填场景—实例{number}"
        for number, instance in enumerate(application.instances.all(), 1)
    ]
    assert len(lines) == 5
    assert row == (1, "甲厂", "甲厂项目", tuple(lines), "王㛃", "19912345678")


def test_scenario_lines_are_numbered_in_the_cell(round, recommend):
    recommend(cast.TAIYUAN, "甲厂")
    _header, _group, row = expected_rows(summary.build(round).document)
    numbers = [re.match(r"(\d)\. \S+—\S+—实例(\d)$", line).groups() for line in row[3].split("\n")]
    assert numbers == [(str(number), str(number)) for number in range(1, 6)]


def test_units_stand_in_the_notices_order_and_members_in_that_of_the_seats(
    round, recommend, officers, province
):
    recommend(cast.DATONG, "同一")
    first, second, third = recommend(cast.TAIYUAN, "并一", "并二", "并三", send=False)
    zone = Bureau.objects.order_by("order").first()
    recommend(zone.code, "区一", "区二")
    ranked_list = cast.list_of(first)
    ranking.replace_order(
        ranked_list,
        [third.pk, first.pk, second.pk],
        version=ranked_list.version,
        actor=officers[cast.TAIYUAN],
    )
    cast.receive(cast.send(first, officers[cast.TAIYUAN]), province)
    result = summary.build(round)
    assert "综合改革示范区" in zone.name
    assert [group.title for group in groups(result)] == [
        zone.name,
        Bureau.objects.get(code=cast.TAIYUAN).name,
        Bureau.objects.get(code=cast.DATONG).name,
    ]
    assert names(result) == [
        [(1, "区一"), (2, "区二")],
        [(1, "并三"), (2, "并一"), (3, "并二")],
        [(1, "同一")],
    ]


def test_units_follow_the_catalogue_when_their_order_in_it_changes(round, recommend, datong):
    recommend(cast.TAIYUAN, "并一")
    recommend(cast.DATONG, "同一")
    assert names(summary.build(round)) == [[(1, "并一")], [(1, "同一")]]
    Bureau.objects.filter(pk=datong.pk).update(order=0)
    assert names(summary.build(round)) == [[(1, "同一")], [(1, "并一")]]


def test_the_provinces_table_says_where_the_units_stand(round, recommend):
    recommend(cast.TAIYUAN, "甲厂")
    line = (Style.UNIT_LINE, "推荐单位（盖章）：各推荐单位（见表中分组）")
    assert line in paragraphs(summary.build(round))


def test_one_bureaus_table_holds_nobody_elses_rows(round, recommend):
    recommend(cast.TAIYUAN, "并一")
    recommend(cast.DATONG, "同一")
    result = summary.build(round, Bureau.objects.get(code=cast.DATONG))
    assert names(result) == [[(1, "同一")]]


@pytest.fixture
def standings(recommend, province):
    """A list in each state: open, sent back, sent, received; the bureaus in this order."""
    others = Bureau.objects.exclude(code__in=[cast.TAIYUAN, cast.DATONG])
    codes = [cast.TAIYUAN, cast.DATONG, *(bureau.code for bureau in others[:2])]
    recommend(codes[0], "排序中", send=False)
    [returned] = recommend(codes[1], "已退回", receive=False)
    cast.send_back(cast.list_of(returned), province, "退")
    recommend(codes[2], "只报送", receive=False)
    recommend(codes[3], "已受理")
    return [Bureau.objects.get(code=code) for code in codes]


def test_only_received_lists_are_in_and_why_the_others_are_missing_is_said(round, standings):
    result = summary.build(round)
    _open, returned, sent, received = standings
    assert [group.title for group in groups(result)] == [received.name]
    expected = {bureau.name: "尚未报送" for bureau in Bureau.objects.all()}
    del expected[received.name]
    expected[returned.name] = "名单已被退回，尚未重新报送"
    expected[sent.name] = "已报送，尚未受理"
    assert result.missing == [f"{name}：{what}" for name, what in expected.items()]
    assert not result.is_marked


def test_sent_lists_are_in_if_asked_under_a_mark_in_every_format(round, standings):
    *_, sent, received = standings
    marked = [f"{sent.name}（未受理）"]
    for bureau, headings in ((None, [*marked, received.name]), (sent, marked)):
        result = summary.build(round, bureau, include_sent=True)
        assert [group.title for group in groups(result)] == headings
        assert result.is_marked
        assert all(sent.name not in sentence for sentence in result.missing)
        without = summary.build(round, bureau).document
        assert result.document.check_code != without.check_code
        assert result.document.revision != without.revision
        for format in Format:
            rows = read_rows(written(result.document, format), format)
            assert rows[1][0] in comparable([marked], format)[0]


def test_the_bureaus_own_table_is_unmarked_and_stays_the_same_when_received(
    round, standings, province
):
    *_, sent, received = standings
    before = summary.to_stamp(round, sent)
    assert (names(before), before.missing) == ([[(1, "只报送")]], [])
    assert groups(before)[0].title is None
    cast.receive(round.ranked_lists.get(bureau=sent), province)
    after = summary.build(round, sent, include_sent=True)
    assert after.document.check_code == before.document.check_code
    assert after.document.revision == before.document.revision


def test_a_bureau_that_has_not_sent_has_an_empty_table_and_is_named(round, recommend):
    recommend(cast.TAIYUAN, "甲厂", send=False)
    taiyuan = Bureau.objects.get(code=cast.TAIYUAN)
    result = summary.to_stamp(round, taiyuan)
    assert groups(result) == ()
    assert result.missing == [f"{taiyuan.name}：尚未报送"]


def test_an_empty_list_that_was_sent_is_not_missing_but_noted(round, officer):
    taiyuan = Bureau.objects.get(code=cast.TAIYUAN)
    found = round.ranked_lists.get(bureau=taiyuan)
    ranking.send(found, version=0, signatory="签", statement="无。", actor=officer)
    result = summary.to_stamp(round, taiyuan)
    assert (groups(result), result.missing) == ((), [])
    note = f"{taiyuan.name}：已报送，本批次无推荐项目"
    assert result.notes == summary.build(round, include_sent=True).notes == [note]


def test_a_round_that_is_not_published_says_so(province):
    draft = cast.make_round(province, slug="draft", published=False)
    assert summary.build(draft).missing == ["各推荐单位在该批次没有推荐名单：批次尚未发布。"]


def test_another_rounds_lists_stay_out(round, recommend, province):
    another = cast.make_round(province, slug="another", title="另一批次")
    recommend(cast.TAIYUAN, "别的批次", round=another)
    recommend(cast.TAIYUAN, "本批次")
    assert names(summary.build(round)) == [[(1, "本批次")]]


def test_the_table_reads_the_revision_and_not_what_changed_since(round, recommend):
    [application] = recommend(cast.TAIYUAN, "甲厂", contact_name="王㛃")
    before = summary.build(round).document
    Enterprise.objects.filter(pk=application.enterprise_id).update(name="改名后的厂")
    application.instances.all().delete()
    type(application.basic).objects.update(contact_name="李某", contact_mobile="13900000000")
    type(application.factory).objects.update(project_name="改名后的项目")
    after = summary.build(round).document
    assert after.blocks == before.blocks
    assert after.check_code == before.check_code
    assert after.revision == before.revision


def test_the_check_code_changes_with_the_order_of_the_list(round, recommend, officers, province):
    first, second = recommend(cast.TAIYUAN, "甲厂", "乙厂", receive=False)
    before = summary.to_stamp(round, first.bureau).document
    found = cast.list_of(first)
    cast.send_back(found, province, "换序")
    found.refresh_from_db()
    ranking.replace_order(
        found, [second.pk, first.pk], version=found.version, actor=officers[cast.TAIYUAN]
    )
    cast.send(first, officers[cast.TAIYUAN])
    after = summary.to_stamp(round, first.bureau).document
    assert after.check_code != before.check_code
    assert after.revision != before.revision


def test_another_level_changes_title_column_and_note(province, recommend):
    round = cast.make_round(province, slug="advanced", level="advanced", title="先进级批次")
    recommend(cast.TAIYUAN, "甲厂", round=round)
    result = summary.build(round)
    assert [column.title for column in table(result).columns] == [
        *HEADERS[:2],
        "先进级智能工厂项目名称",
        *HEADERS[3:],
    ]
    texts = [text for _style, text in paragraphs(result)]
    assert texts[1] == "先进级智能工厂项目推荐汇总表"
    assert texts[-1].startswith("注：1.推荐的先进级智能工厂项目按优先次序排名；")
    assert result.document.title == "2025年度先进级智能工厂项目推荐汇总表"


def test_the_file_is_named_after_year_table_and_unit(round, recommend):
    recommend(cast.TAIYUAN, "甲厂")
    taiyuan = Bureau.objects.get(code=cast.TAIYUAN)
    assert summary.build(round, taiyuan).document.title == (
        f"2025年度卓越级智能工厂项目推荐汇总表（{taiyuan.short_name}）"
    )


def test_the_preview_shows_what_sending_would_print(round, recommend, officer):
    [application, _] = recommend(cast.TAIYUAN, "甲厂", "乙厂", send=False)
    preview = summary.preview(cast.list_of(application))
    cast.send(application, officer)
    sent = summary.to_stamp(round, officer.bureau).document
    assert preview.blocks == sent.blocks
    assert preview.check_code == sent.check_code


def test_the_table_takes_few_queries_however_long_it_is(
    round, recommend, django_assert_max_num_queries
):
    recommend(cast.TAIYUAN, "甲", "乙", "丙")
    recommend(cast.DATONG, "丁", "戊", "己")
    with django_assert_max_num_queries(2):
        summary.build(round)


NASTY = ("=1+1", "+86", "@x", "-2", "王㛃𬭎", "䶮喆堃昇", "犇翀<b>&amp;", "一\u3000二")


@pytest.fixture
def nasty(round, recommend):
    """Names that a spreadsheet might compute, and characters that fonts may lack."""
    recommend(cast.TAIYUAN, *NASTY[:3], contact_name="=A1")
    recommend(cast.DATONG, *NASTY[3:6], contact_name="张䶮")
    zone = Bureau.objects.order_by("order").first()
    recommend(zone.code, *NASTY[6:], contact_name="@SUM(A1)")
    return summary.build(round).document


@pytest.mark.parametrize("format", Format)
def test_every_cell_reads_back_from_every_format(nasty, format):
    rows = read_rows(written(nasty, format), format)
    assert rows == comparable(expected_rows(nasty), format)
    said = [row[1] for row in rows if len(row) == 6]
    wanted = [HEADERS[1], *NASTY[6:], *NASTY[:3], *NASTY[3:6]]
    assert said == [row[0] for row in comparable([[name] for name in wanted], format)]


def test_recommended_members_are_those_of_the_table(round, recommend):
    recommend(cast.TAIYUAN, "甲厂", "乙厂")
    in_state = round.applications.filter(status=Status.RECOMMENDED)
    assert sorted(a.enterprise.name for a in in_state) == ["乙厂", "甲厂"]


def test_an_exempt_row_follows_the_others_and_a_further_note_says_why(
    round, recommend, officers, province
):
    round.exempt_rule = "上年度已通过预评审的项目。"
    round.save()

    def notes(result):
        return [text for style, text in paragraphs(result) if style == Style.NOTE][1:]

    taken = recommend(cast.TAIYUAN, "并一", "并二", "并三", send=False)
    [beside] = recommend(cast.DATONG, "同一", send=False)
    plain = summary.preview(cast.list_of(beside)).revision
    exempting = [(taken[2], "并州\n理由"), (beside, "同州理由")]
    for application, reason in exempting:
        found = cast.list_of(application)
        officer = officers[application.bureau.code]
        ranking.exempt(found, application, reason, version=found.version, actor=officer)
        cast.receive(cast.send(application, officer), province)
    taiyuan, datong = (summary.build(round, each.bureau) for each in (taken[0], beside))
    assert names(taiyuan) == [[(1, "并一"), (2, "并二"), (3, "并三")]]
    assert notes(taiyuan) == ["3.第 3 项为不占名额推荐：并州 理由"]
    assert notes(datong) == ["3.第 1 项为不占名额推荐：同州理由"]
    assert notes(summary.build(round)) == [
        "3.太原市第 3 项为不占名额推荐：并州 理由",
        "4.大同市第 1 项为不占名额推荐：同州理由",
    ]
    # The reason is printed, so the paper's code vouches for it.
    assert datong.document.revision != plain
