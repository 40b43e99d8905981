"""Reminder before submitting: marks of secrecy and personal numbers left in a text.

The notice wants material free of state and trade secrets. What is found is shown with its middle
masked, to be looked at and acknowledged; it never blocks for good, for a pattern may be wrong.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from django.db import models

from applications.checks.finding import Finding, Severity, label_of
from applications.sections import Filing

CONTACT = {"contact_mobile", "contact_phone"}
"""Fields that ask for such a number."""

MARK = re.compile(
    "(绝密|机密|秘密)(?=\\s*[★☆])"
    "|(?<=[【\\[〔(（])\\s*(绝密|机密|秘密|内部资料|内部文件|内部使用)(?=[】\\]〕)）])"
    "|密级\\s*[:：为]?\\s*(绝密|机密|秘密|内部)"
    "|(绝密|机密|秘密)级"
    "|(?m:^)\\s*(绝密|机密|秘密|内部资料|内部文件)\\s*(?m:$)"
    "|内部(资料|文件)(?=[，,、：:\\s]*(注意保[存密]|严禁|不得|请勿|禁止|切勿))"
    "|(涉及|属于|含有|包含)(国家|军工)秘密"
)
DENIED = re.compile("不|未|无|非|没有|严禁|禁止|防止|避免")
DIGITS = re.compile(r"(?<![A-Za-z\d.])\d(?:[ \-]?\d){9,17}[ \-]?[\dXxＸｘ](?![A-Za-z\d]|\.\d)")
PASSPORT = re.compile(r"护照(?:号码?)?\s*[:：为是]?\s*([A-Za-z][A-Za-z]?\d{7,8})(?![A-Za-z0-9])")


def sensitive(filing: Filing) -> list[Finding]:
    """Each suspicious passage as a question, its numbers masked; for the person who submits."""
    found = []
    for section, group, answers, number in filing.blocks():
        title = f"{group.row_name(answers, number)}：" if group else ""
        where = {"group": group.slug, "key": answers.key} if group else {}
        for db_field in answers.answer_fields():
            if not isinstance(db_field, models.CharField | models.TextField) or db_field.choices:
                continue
            if db_field.name in CONTACT:
                continue
            text = str(answers.unparsed.get(db_field.name, getattr(answers, db_field.name)))
            found += [
                Finding(
                    section.slug,
                    f"{title}{label_of(answers, db_field.name)}中有{what}：{shown}",
                    Severity.WARN,
                    field=db_field.name,
                    **where,
                )
                for what, shown in dict.fromkeys(passages(text))
            ]
    return found


def passages(text: str) -> Iterator[tuple[str, str]]:
    """What a text holds that should be looked at: its kind, and how it may be shown."""
    for match in MARK.finditer(text) if "密" in text or "内部" in text else ():
        clause = re.split("[，,。；;\n]", text[: match.start()])[-1]
        if not DENIED.search(clause[-8:]):
            yield "密级或内部字样", match[0].strip()
    for match in DIGITS.finditer(text):
        digits = re.sub(r"[ \-]", "", unicodedata.normalize("NFKC", match[0])).upper()
        kind = _kind_of(digits)
        if kind:
            yield kind, masked(digits)
    for match in PASSPORT.finditer(text):
        yield "疑似护照号", masked(match[1])


def masked(number: str) -> str:
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def _kind_of(digits: str) -> str:
    if len(digits) == 18 and _is_identity(digits):
        return "疑似身份证号"
    if re.fullmatch(r"(86)?1[3-9]\d{9}", digits):
        return "疑似手机号"
    if re.fullmatch(r"62\d{14,17}|[45]\d{15}", digits) and _passes_luhn(digits):
        return "疑似银行卡号"
    return ""


def _is_identity(digits: str) -> bool:
    """An 18-digit citizen number (GB 11643): a region, a day that existed, the check digit."""
    try:
        born = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    remainder = sum(int(d) * 2 ** (17 - i) for i, d in enumerate(digits[:17])) % 11
    return born.year >= 1900 and "10X98765432"[remainder] == digits[17] and digits[0] in "12345678"


def _passes_luhn(digits: str) -> bool:
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
