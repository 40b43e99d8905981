"""What changed between two revisions, worded for people: no database, only the contents."""

import re
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications.comparison import compare
from applications.runs import NEIGHBOURHOOD, folded, runs_of


def answer(name, text, *, label="", value=None):
    return {
        "name": name,
        "label": label or name,
        "value": text if value is None else value,
        "text": text,
    }


def row(key, number, **texts):
    fields = [answer(name, text) for name, text in texts.items()]
    return {"key": key, "title": f"实例 {number}", "fields": fields}


def content(*fields, rows=(), **more):
    """A revision with one section, which has one group."""
    group = {"slug": "instances", "title": "实例", "rows": list(rows)}
    section = {"slug": "scenarios", "numeral": "三", "title": "场景", "fields": list(fields)}
    return {"sections": [{**section, "groups": [group]}], **more}


def only(comparison):
    [change] = comparison.changes
    return change


def rows_of(comparison):
    return comparison.sections[0].groups[0].rows


def shown(old, new):
    """[-deleted-], {+inserted+} and what is the same, on one line."""
    marks = {"same": "{}", "del": "[-{}-]", "ins": "{{+{}+}}"}
    return "".join(marks[kind].format(text) for kind, text in runs_of(old, new))


# Two texts


TEXTS = st.lists(
    st.sampled_from(
        ["数字化", "车间", "。", "；", "\n", "，", "MES", "85.5%", "12,345", "2024年6月", "-5", " "]
        + ["𠮷\ufe00", "\U000f0001", "🏭", "提升", "的"]
    )
    | st.characters(codec="utf-8"),
    max_size=60,
).map("".join)


@given(TEXTS, TEXTS)
def test_the_runs_give_back_both_texts_to_the_character(old, new):
    runs = runs_of(old, new)
    assert "".join(text for kind, text in runs if kind != "ins") == old
    assert "".join(text for kind, text in runs if kind != "del") == new
    assert all(text for _, text in runs)


@given(TEXTS, TEXTS)
def test_folding_leaves_every_change_and_hides_nothing_but_what_is_the_same(old, new):
    runs = runs_of(old, new)
    kept = folded(runs)
    assert [run for run in kept if run[0] in ("del", "ins")] == [
        run for run in runs if run[0] in ("del", "ins")
    ]
    assert "".join(text for kind, text in kept if kind != "del") == new


@given(TEXTS, TEXTS)
def test_no_number_is_taken_apart(old, new):
    for text, other in ((old, "ins"), (new, "del")):
        place = 0
        for kind, part in runs_of(old, new):
            place += len(part) if kind != other else 0
            around = text[max(place - 1, 0) : place + 1]
            assert not (len(around) == 2 and around.isdecimal()), around


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("建成产线12345条。", "建成产线12545条。", "建成产线[-12345-]{+12545+}条。"),
        ("覆盖率85.5%。", "覆盖率85.6%。", "覆盖率[-85.5%-]{+85.6%+}。"),
        (
            "自2023年6月30日起投产",
            "自2023年7月30日起投产",
            "自[-2023年6月30日-]{+2023年7月30日+}起投产",
        ),
        ("投产日2023-06-30止", "投产日2024-06-30止", "投产日[-2023-06-30-]{+2024-06-30+}止"),
        ("投资1,200.50万元", "投资1,300.50万元", "投资[-1,200.50-]{+1,300.50+}万元"),
        ("能耗变化-5%左右", "能耗变化5%左右", "能耗变化[--5%-]{+5%+}左右"),
        ("部署了MES系统", "部署了MOM系统", "部署了[-MES-]{+MOM+}系统"),
        ("数字化车间", "智能化车间", "[-数字-]{+智能+}化车间"),
    ],
)
def test_numbers_dates_and_words_are_replaced_as_a_whole(old, new, expected):
    assert shown(old, new) == expected


def test_a_rewritten_sentence_is_replaced_and_not_interleaved():
    old = "一期已完工。建设成效显著，取得良好口碑。后续扩产。"
    new = "一期已完工。应用效果突出，获得一致好评。后续扩产。"
    assert shown(old, new) == (
        "一期已完工。[-建设成效显著，取得良好口碑。-]{+应用效果突出，获得一致好评。+}后续扩产。"
    )


def test_single_characters_in_common_do_not_interrupt_a_change():
    old = "由班组长人工排产，周期长，设备利用率低。"
    new = "由系统自动优化排程，周期短，设备综合利用率高。"
    assert shown(old, new) == (
        "由[-班组长人工排产-]{+系统自动优化排程+}，周期[-长-]{+短+}，设备{+综合+}利用率[-低-]{+高+}。"
    )


def test_a_moved_sentence_moves_as_a_whole():
    first, second, third = "产线改造完成。", "仓储改造完成。", "质检系统上线。"
    assert shown(first + second + third, third + first + second) == (
        f"{{+{third}+}}{first}{second}[-{third}-]"
    )


def test_a_variation_selector_stays_with_its_character():
    assert shown("姓名为𠮷\ufe00的人", "姓名为𠮷\ufe01的人") == "姓名为[-𠮷\ufe00-]{+𠮷\ufe01+}的人"


def test_long_unchanged_stretches_fold_to_the_neighbourhood_of_the_change():
    quiet = "未改动的内容，" * 60
    runs = folded(runs_of(f"{quiet}产值为100万元，{quiet}", f"{quiet}产值为200万元，{quiet}"))
    assert [kind for kind, _ in runs] == ["gap", "same", "del", "ins", "same", "gap"]
    assert runs[1][1].endswith("产值为") and len(runs[1][1]) == NEIGHBOURHOOD


def test_folding_never_cuts_a_number():
    quiet = "2023年12月31日" * 120
    for kind, text in folded(runs_of(f"{quiet}甲", f"{quiet}乙")):
        if kind in ("gap", "same"):
            assert len(text) % len("2023年12月31日") == 0


def test_a_short_text_is_shown_whole():
    runs = runs_of("车间内全部设备已经联网并且运行。", "车间内全部设备已经联网并且停止。")
    assert folded(runs) == list(runs)


def test_past_the_time_allowed_what_lies_between_two_changes_is_replaced_with_them():
    old, new = "建成产线1条，车间2座，仓库3处。", "建成产线4条，车间5座，仓库6处。"
    assert len(runs_of(old, new)) == 10
    assert runs_of(old, new, until=0) == (
        ("same", "建成产线"),
        ("del", "1条，车间2座，仓库3"),
        ("ins", "4条，车间5座，仓库6"),
        ("same", "处。"),
    )


# Fields


def test_a_changed_amount_comes_with_its_unit_and_the_difference():
    old, new = (
        content(answer("revenue", text, label="营业收入（万元）", value=value))
        for text, value in (("10,000.00", "10000.00"), ("12,500.50", "12500.50"))
    )
    change = only(compare(old, new))
    assert (change.old, change.new, change.unit) == ("10,000.00", "12,500.50", "万元")
    assert change.difference == "增加 2,500.50 万元"
    assert only(compare(new, old)).difference == "减少 2,500.50 万元"
    assert not change.runs


def test_a_percentage_differs_by_points():
    old, new = (
        content(answer("debt_ratio", text, label="资产负债率（%）")) for text in ("45.50", "43.00")
    )
    assert only(compare(old, new)).difference == "减少 2.50 个百分点"


def test_an_indicators_value_has_the_unit_of_its_row():
    def indicator(value):
        one = row("9", 1, value=value)
        return content(rows=[{**one, "title": "9. 产品不良率下降（%）"}])

    change = only(compare(indicator("10.00"), indicator("12.50")))
    assert (change.unit, change.difference) == ("%", "增加 2.50 个百分点")


def test_small_numbers_differ_exactly():
    old, new = (content(answer("before", text)) for text in ("0.0045", "0.004"))
    assert only(compare(old, new)).difference == "减少 0.0005"


@pytest.mark.parametrize(
    ("old", "new", "label"),
    [
        (("19912345678", "19912345678"), ("19987654321", "19987654321"), "联系方式（手机号）"),
        (("2022", 2022), ("2023", 2023), "建设前年度"),
        (("三级（集成级）", 3), ("四级（优化级）", 4), "成熟度等级"),
        (("", None), ("12.00", "12.00"), "总投资（万元）"),
        (("一千万", "一千万"), ("12.00", "12.00"), "总投资（万元）"),
    ],
)
def test_what_is_no_measure_has_no_difference(old, new, label):
    old, new = (content(answer("a", text, label=label, value=value)) for text, value in (old, new))
    change = only(compare(old, new))
    assert (change.difference, change.unit) == ("", "")


def test_a_long_text_comes_with_its_runs_and_a_name_without():
    old, new = (
        content(
            answer("overall", f"{'总体架构与建设思路，' * 4}建成{n}条产线。"), answer("name", who)
        )
        for n, who in ((3, "张喆"), (4, "张哲"))
    )
    overall, name = compare(old, new).changes
    assert ("del", "3") in overall.runs and ("ins", "4") in overall.runs
    assert (name.old, name.new, name.runs) == ("张喆", "张哲", ())


def test_a_text_written_anew_is_shown_old_and_new():
    old, new = content(answer("a", "甲乙丙丁戊" * 10)), content(answer("a", "子丑寅卯辰" * 10))
    assert only(compare(old, new)).runs == ()


def test_labels_are_those_of_the_newer_revision():
    old, new = (content(answer("a", text, label=f"{text}的标签")) for text in "旧新")
    assert only(compare(old, new)).label == "新的标签"


def test_another_wording_of_the_same_value_is_no_change():
    old = content(answer("industry", "C35 专用设备", value="C35"))
    new = content(answer("industry", "C35 专用设备制造业", value="C35"))
    assert compare(old, new).changes == []


def test_a_field_that_only_one_revision_has_counts_where_it_is_filled_in():
    old = content(answer("gone", "甲"), answer("gone_empty", ""))
    new = content(answer("fresh", "乙"), answer("fresh_empty", "否", value=False))
    assert [(c.place[3], c.old, c.new) for c in compare(old, new).changes] == [
        ("fresh", None, "乙"),
        ("gone", "甲", None),
    ]


def test_a_section_and_a_group_that_only_one_revision_has_are_compared_too():
    old, new = content(rows=[row("a", 1, name="甲")]), {"sections": []}
    assert only(compare(old, new)).is_removed
    assert only(compare(new, old)).is_added


# Rows


FIVE = [row(key, n, name=f"名称{key}") for n, key in enumerate("abcde", 1)]


@given(st.permutations(FIVE))
def test_rows_only_put_into_another_order_are_moved_and_nothing_else(rows):
    compared = rows_of(compare(content(rows=FIVE), content(rows=rows)))
    assert [each.place[2] for each in compared] == [each["key"] for each in rows]
    moved = [each for each in compared if each.moved]
    assert all(each.changes == ([each] if each.moved else []) for each in compared)
    assert bool(moved) is (rows != FIVE)
    for each in moved:
        before, after = each.moved
        assert FIVE[before - 1]["key"] == rows[after - 1]["key"] == each.place[2]


def test_one_row_brought_to_the_top_is_the_one_that_moved():
    rows = [FIVE[4], *FIVE[:4]]
    change = only(compare(content(rows=FIVE), content(rows=rows)))
    assert (change.place[2], change.moved) == ("e", (5, 1))


def test_a_row_inserted_in_the_middle_is_the_only_change():
    rows = [*FIVE[:2], row("new", 3, name="新的"), *FIVE[2:]]
    change = only(compare(content(rows=FIVE), content(rows=rows)))
    assert (change.is_added, change.title) == (True, "实例 3：新的")
    assert [field.text for field in change.shown] == ["新的"]


def test_a_removed_row_comes_last_with_what_it_said():
    compared = rows_of(compare(content(rows=FIVE), content(rows=FIVE[1:])))
    assert [each.is_removed for each in compared] == [False] * 4 + [True]
    assert [field.text for field in compared[-1].shown] == ["名称a"]


def test_a_row_moved_and_edited_counts_as_two_changes():
    rows = deepcopy([FIVE[4], *FIVE[:4]])
    rows[0]["fields"][0] = answer("name", "改名")
    compared = compare(content(rows=FIVE), content(rows=rows))
    assert len(compared.changes) == 2
    assert rows_of(compared)[0].shown[0].new == "改名"


# Attachments and declarations


def file(sha256, name="清单.pdf", **more):
    known = {"id": 1, "material": "设备清单", "group": "", "key": "", "name": name, "size": 2048}
    return {**known, "pages": 12, "is_image": False, "sha256": sha256 * 64, **more}


def attached(*files, rows=()):
    return content(rows=rows, attachments=list(files))


def test_a_replaced_file_shows_both_with_pages_size_and_hash():
    change = only(compare(attached(file("a")), attached(file("b", id=2, pages=13))))
    assert (change.label, change.runs) == ("设备清单", ())
    assert re.fullmatch(r"清单\.pdf（12 页，2\.0\s?KB，SHA-256 aaaaaaaaaaaa）", change.old)
    assert re.fullmatch(r"清单\.pdf（13 页，2\.0\s?KB，SHA-256 bbbbbbbbbbbb）", change.new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], ["a甲"], [(None, "甲")]),
        (["a甲"], [], [("甲", None)]),
        (["a甲"], ["a甲"], []),
        (["a甲", "b乙"], ["b乙", "a甲"], []),
        (["a甲"], ["b乙"], [("甲", "乙")]),
        (["a甲", "b乙"], ["c乙", "a甲"], [("乙", "乙")]),
        (["a甲", "b甲"], [], [("甲", None), ("甲", None)]),
        (["a甲", "b乙"], ["c丙", "a甲"], [("乙", "丙")]),
        (["a甲", "b乙"], ["c乙", "d甲"], [("乙", "乙"), ("甲", "甲")]),
        (["a甲", "b乙"], ["c丙"], [(None, "丙"), ("甲", None), ("乙", None)]),
    ],
)
def test_files_are_matched_by_content_then_by_name(old, new, expected):
    old, new = ([file(each[0], each[1]) for each in files] for files in (old, new))
    changes = compare(attached(*old), attached(*new)).changes
    assert [(c.old and c.old[0], c.new and c.new[0]) for c in changes] == expected


def test_the_proof_of_a_row_names_it_and_is_asked_for_with_it():
    rows = [row("a", 1, name="订单排产")]
    new = attached(file("a", group="instances", key="a"), rows=rows)
    change = only(compare(attached(rows=rows), new, {("scenarios", "instances", "a", "")}))
    assert change.label == "设备清单（实例 1：订单排产）"
    assert change.is_requested


def test_the_same_file_in_another_slot_is_added_there_and_removed_here():
    old, new = attached(file("a")), attached(file("a", material="照片"))
    assert [(c.label, c.old is None) for c in compare(old, new).changes] == [
        ("照片", True),
        ("设备清单", False),
    ]


def test_a_declaration_reworded_is_one_gone_and_one_new():
    old, new = (content(declarations=["内容真实。", text]) for text in ("不涉密。", "不涉及秘密。"))
    assert [(c.old, c.new) for c in compare(old, new).changes] == [
        (None, "不涉及秘密。"),
        ("不涉密。", None),
    ]


# What was asked for


CHANGED = (
    content(
        answer("overall", "甲"), rows=[row("a", 1, name="甲", effect="甲"), row("b", 2, name="甲")]
    ),
    content(
        answer("overall", "乙"), rows=[row("a", 1, name="乙", effect="乙"), row("c", 2, name="乙")]
    ),
)


@pytest.mark.parametrize(
    ("place", "granted"),
    [
        (("scenarios", "", "", "overall"), [("", "overall")]),
        (("scenarios", "instances", "a", "name"), [("a", "name")]),
        (("scenarios", "instances", "a", ""), [("a", "name"), ("a", "effect")]),
        (("scenarios", "instances", "b", "name"), []),
        (("scenarios", "instances", "b", ""), [("b", "")]),
        (
            ("scenarios", "instances", "", ""),
            [("a", "name"), ("a", "effect"), ("c", ""), ("b", "")],
        ),
        (
            ("scenarios", "", "", ""),
            [("", "overall"), ("a", "name"), ("a", "effect"), ("c", ""), ("b", "")],
        ),
        (("basic", "", "", ""), []),
    ],
)
def test_a_change_is_requested_where_the_bureau_asked_for_it_or_for_what_holds_it(place, granted):
    compared = compare(*CHANGED, {place})
    assert [c.place[2:] for c in compared.changes if c.is_requested] == granted
    assert len(compared.changes) == 5
    assert len(compared.unrequested) == 5 - len(granted)


def test_where_nothing_in_particular_was_asked_for_nothing_is_unrequested():
    compared = compare(*CHANGED)
    assert (len(compared.changes), compared.unrequested) == (5, [])


# Whole revisions


CONTENTS = st.builds(
    lambda texts, rows, files: (
        attached(
            *(file(each) for each in files),
            rows=[row(key, n, name=name) for n, (key, name) in enumerate(rows.items(), 1)],
        )
        | {"declarations": sorted(set(texts))}
    ),
    st.lists(TEXTS, max_size=3),
    st.dictionaries(st.sampled_from("abcdef"), TEXTS, max_size=5),
    st.lists(st.sampled_from("abc"), max_size=3),
)


@given(CONTENTS)
def test_a_revision_differs_from_itself_in_nothing(one):
    assert compare(one, deepcopy(one)).changes == []


@given(CONTENTS, CONTENTS)
def test_both_directions_find_the_same_places(one, other):
    there, back = (
        {
            (c.place, c.old, c.new) if hasattr(c, "old") else (c.place, c.is_added, c.is_removed)
            for c in compare(*pair).changes
            if not getattr(c, "moved", None)
        }
        for pair in ((one, other), (other, one))
    )
    assert there == {(place, after, before) for place, before, after in back}
