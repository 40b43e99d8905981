"""统一社会信用代码: the unified social credit code of GB 32100-2015."""

import unicodedata

from django.core.exceptions import ValidationError

from portal.documents.model import clean_text

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
LENGTH = 18
UNUSED = {"O": "0", "I": "1", "Z": "2", "S": "5", "V": "U"}


def normalise(text: str) -> str:
    """The code as people mean it: half-width capitals without blanks, hyphens or the unseen."""
    text = unicodedata.normalize("NFKC", clean_text(text)).upper()
    return "".join(c for c in text if not c.isspace() and c != "-")


def check_character(body: str) -> str:
    """The eighteenth character for the first seventeen (GB 32100-2015, 附录 A)."""
    total = sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def validate(code: str) -> None:
    """Raise ValidationError saying which character is wrong.

    ``code`` must already be normalised.
    """
    for position, character in enumerate(code, 1):
        if character in UNUSED:
            raise ValidationError(
                f"第 {position} 位是“{character}”：统一社会信用代码不使用字母 O、I、S、V、Z，"
                f"可能是“{UNUSED[character]}”，请核对营业执照。"
            )
        if character not in ALPHABET:
            raise ValidationError(f"第 {position} 位“{character}”不是数字或大写字母，请核对。")
    if len(code) != LENGTH:
        raise ValidationError(f"统一社会信用代码应为 18 位，现在是 {len(code)} 位。")
    if not code[2:8].isdigit():
        position = next(i for i, c in enumerate(code[2:8], 3) if not c.isdigit())
        raise ValidationError(f"第 {position} 位应为数字（第 3–8 位是登记机关行政区划码）。")
    if code[-1] != check_character(code[:-1]):
        raise ValidationError(
            f"第 18 位校验码不符：按前 17 位推算应为“{check_character(code[:-1])}”，"
            f"填的是“{code[-1]}”。请逐位核对营业执照，可能有一位抄错。"
        )


def region_hint(code: str, province: str = "14") -> str:
    """A remark when the registering authority lies outside the province; '' otherwise.

    Never a reason to refuse: digits 3–8 name the registrar, not the factory's place.
    """
    if code[2:4] == province:
        return ""
    return (
        f"提示：代码第 3–8 位 {code[2:8]} 显示登记机关不在山西省。"
        "如工厂确在省内注册，请忽略；申报条件要求申报主体在山西省境内注册。"
    )
