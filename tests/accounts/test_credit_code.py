"""统一社会信用代码: samples, typing habits, and what its check character can and cannot see."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.credit_code import (
    ALPHABET,
    UNUSED,
    WEIGHTS,
    check_character,
    normalise,
    region_hint,
    validate,
)

VALID = ["914403001922038216", "91330100799655058B", "9144030071526726XG", "91350100M000100Y43"]

characters = st.sampled_from(ALPHABET)
digits = st.sampled_from("0123456789")


@st.composite
def codes(draw):
    region = "".join(draw(st.lists(digits, min_size=6, max_size=6)))
    rest = "".join(draw(st.lists(characters, min_size=11, max_size=11)))
    body = rest[:2] + region + rest[2:]
    return body + check_character(body)


def refusal(code: str) -> str:
    with pytest.raises(ValidationError) as caught:
        validate(code)
    return caught.value.message


def is_valid(code: str) -> bool:
    try:
        validate(code)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("code", VALID)
def test_a_real_code_is_accepted(code):
    validate(code)


def test_the_weights_are_those_of_the_standard():
    assert WEIGHTS == (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


@pytest.mark.parametrize(
    ("code", "expected"), [("914403001922038217", "6"), ("9133010057462616XH", None)]
)
def test_a_wrong_check_character_is_named_with_the_expected_one(code, expected):
    message = refusal(code)
    assert "第 18 位" in message
    assert f"应为“{expected or check_character(code[:-1])}”" in message
    assert f"填的是“{code[-1]}”" in message


def test_a_remainder_of_zero_gives_the_check_character_zero():
    def weighted(body: str) -> int:
        return sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True))

    body = next(b for c in ALPHABET if weighted(b := "9114010000000000" + c) % 31 == 0)
    validate(body + "0")


@pytest.mark.parametrize("letter", UNUSED)
def test_an_unused_letter_is_named_with_what_it_probably_is(letter):
    code = VALID[0][:12] + letter + VALID[0][13:]
    message = refusal(code)
    assert f"第 13 位是“{letter}”" in message
    assert f"可能是“{UNUSED[letter]}”" in message


def test_the_sample_with_an_unused_letter_at_the_end_is_refused():
    assert "第 18 位是“Z”" in refusal("91350100M000100Y4Z")


@pytest.mark.parametrize(
    "typed",
    [
        "91350100m000100y43",
        " 9135 0100 M000 100Y 43 ",
        "91350100-M000100Y-43",
        "９１３５０１００Ｍ０００１００Ｙ４３",
        "91350100M000100Y43\u3000\n",
    ],
)
def test_a_code_is_read_the_way_people_type_it(typed):
    assert normalise(typed) == "91350100M000100Y43"
    validate(normalise(typed))


@pytest.mark.parametrize("code", ["", "9", VALID[0][:-1], VALID[0] + "1"])
def test_a_code_of_another_length_is_told_its_length(code):
    assert f"现在是 {len(code)} 位" in refusal(code)


def test_a_stray_character_is_named_with_its_place():
    assert "第 9 位“中”" in refusal("91440300中922038216")
    assert "第 9 位“m”" in refusal("91350100m000100Y43")


def test_a_letter_in_the_division_is_named_with_its_place():
    body = "91A50100M000100Y4"
    assert "第 3 位应为数字" in refusal(body + check_character(body))


def test_the_region_is_a_hint_and_never_a_refusal():
    assert "440300" in region_hint(VALID[0])
    body = "91140100M000100Y4"
    assert region_hint(body + check_character(body)) == ""


@given(codes())
def test_a_code_built_by_the_rule_is_accepted(code):
    validate(code)


@given(codes(), st.integers(0, 17), characters)
def test_any_single_substituted_character_is_refused(code, position, character):
    # 31 is prime and no weight is a multiple of it: a change of one value changes the sum.
    changed = code[:position] + character + code[position + 1 :]
    assert is_valid(changed) == (changed == code)


@given(codes(), st.integers(0, 17), st.integers(0, 17))
def test_two_exchanged_characters_are_refused_unless_they_are_the_first_and_the_last(code, a, b):
    # The powers of 3 run through all 30 remainders, so the weights of the first seventeen
    # differ; the check character has the weight 1, as the first one has.
    swapped = list(code)
    swapped[a], swapped[b] = code[b], code[a]
    harmless = code[a] == code[b] or {a, b} == {0, 17}
    assert is_valid("".join(swapped)) == harmless


@given(st.text(max_size=30))
def test_whatever_is_typed_is_accepted_or_refused_in_chinese(text):
    code = normalise(text)
    if not is_valid(code):
        assert refusal(code).endswith("。")
