"""What a check says, and where it points."""

from dataclasses import KW_ONLY, dataclass

from django.db import models

from applications.models import Answers, Comment, Row
from applications.sections import INSTANCES, Filing, answer_text
from portal.rounds.models import Material

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

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way of submitting."""
        return self.severity == Severity.BLOCK


def comment_location(comment: Comment) -> Location:
    """The place that a comment speaks of; the part it was in, where its row has been deleted.

    For comments read with ``for_reading``.
    """
    if not comment.has_row:
        return Location(comment.section, group=comment.group)
    return Location(comment.section, group=comment.group, key=comment.key, field=comment.field)


def slot_location(material: Material, key: str = "") -> Location:
    """The slot of a material on the page of attachments; ``key`` is its row's."""
    return Location(ATTACHMENTS, group=f"slot-{material.pk}", key=key)


def label_of(answers: Answers | type[Answers], name: str) -> str:
    return f"“{answers._meta.get_field(name).verbose_name}”"


def said(answers: Answers, name: str) -> str:
    """A field and what stands in it, for a sentence: “总投资（万元）”为 12,345.60."""
    return f"{label_of(answers, name)}为 {answer_text(answers, answers._meta.get_field(name))}"


def row_of(filing: Filing, group: str, key: str) -> Row | None:
    return next((row for row in filing.rows[group] if row.key == key), None)
