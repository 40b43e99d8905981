"""拼音首字母: what people type when they look for a name."""

import pytest

from portal.accounts.models import Enterprise
from portal.accounts.pinyin import LENGTH, folded, initials
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("太原重工", "tyzg"),
        ("重庆", "cq"),
        ("长治", "cz"),
        ("山西长治医药有限公司", "sxczyyyxgs"),
        ("长子县", "zzx"),
        ("洪洞", "ht"),
        ("繁峙", "fs"),
        ("解州", "xz"),
        ("尧都", "yd"),
        ("㛃𬭎䶮喆堃昇犇翀", "jhyzksbc"),
        ("山西ABC（集团） 2厂", "sxabcjt2c"),
        ("ＡＢＣ", "abc"),
        ("", ""),
    ],
)
def test_a_name_is_found_by_the_first_letters_of_its_reading(name, letters):
    assert initials(name) == letters


def test_what_is_typed_is_folded_like_the_name():
    assert folded(" ＴＹ-zg（ ") == "tyzg"
    assert folded("%_'") == ""


def test_a_long_name_fits():
    assert len(initials("太" * (LENGTH + 1))) == LENGTH


def test_initials_follow_the_name(catalogue):
    enterprise = cast.make_enterprise(1, name="太原重工").enterprise
    assert enterprise.initials == "tyzg"
    enterprise.name = "大同煤机"
    enterprise.save()
    assert Enterprise.objects.get(pk=enterprise.pk).initials == "dtmj"


def test_initials_are_kept_for_many_rows_at_once(catalogue):
    bureau = cast.make_enterprise(1).enterprise.bureau
    names = {"阳泉煤业": "yqmy", "朔州电力": "szdl"}
    Enterprise.objects.bulk_create(
        Enterprise(name=name, credit_code=cast.invented_code(number), bureau=bureau)
        for number, name in enumerate(names, 2)
    )
    found = Enterprise.objects.filter(name__in=names)
    assert dict(found.values_list("name", "initials")) == names
