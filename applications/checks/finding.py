"""What a check says, and where it points."""

from dataclasses import KW_ONLY, dataclass

from django.db import models

from applications.models import Answers, RequirementAnswer, Row
from applications.sections import INSTANCES, Filing, Group, answer_text

ATTACHMENTS = "attachments"
"""Where a finding about a missing file points to: the page beside the four sections."""


class Severity(models.TextChoices):
    BLOCK = "block", "须改正"
    WARN = "warn", "请核对"
    HINT = "hint", "提示"


@dataclass(frozen=True)
class Location:
    """A field, a row or a whole part of an application."""

    section: str
    _: KW_ONLY
    group: str = ""
    key: str = ""
    field: str = ""

    @property
    def anchor(self) -> str:
        """The id of the field on its page; of the slot on the page of attachments."""
        if self.section == ATTACHMENTS:
            return f"{self.group}-{self.key}" if self.key else self.group
        if not self.field:
            return self.group
        prefix = f"{self.group}-{self.key}-" if self.group and self.group != INSTANCES.slug else ""
        return f"id_{prefix}{self.field}"


@dataclass(frozen=True)
class Finding(Location):
    """Something to mend, with the place to mend it."""

    message: str
    severity: Severity = Severity.BLOCK
    brief: str = ""
    """The same in a few words, for a narrow cell beside which the message stands in full."""
    clause: str = ""
    is_gap: bool = False
    """True for what is simply not filled yet, which a page under way need not shout about."""


def row_name(group: Group, row: Row, number: int) -> str:
    """What to call a row in a sentence: a clause by its number, for its title is the clause."""
    if row.fixed and isinstance(row, RequirementAnswer):
        return row.fixed.note.rpartition("、")[2]
    return shortened(group.row_title(row, number))


def shortened(title: str, length: int = 22) -> str:
    return title if len(title) <= length else f"{title[:length]}…"


def label_of(answers: Answers | type[Answers], name: str) -> str:
    return f"“{answers._meta.get_field(name).verbose_name}”"


def said(answers: Answers, name: str) -> str:
    """A field and what stands in it, for a sentence: “总投资（万元）”为 12,345.60."""
    return f"{label_of(answers, name)}为 {answer_text(answers, answers._meta.get_field(name))}"


def row_of(filing: Filing, group: str, key: str) -> Row | None:
    return next((row for row in filing.rows[group] if row.key == key), None)
