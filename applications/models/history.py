"""What happened: events, and the frozen revisions that everybody but the enterprise reads."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models

from applications.models.application import Application
from applications.states import BY_VERB, Status


def canonical_json(data: Any) -> str:
    """One text for one content, so that its hash can be compared."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Revision(models.Model):
    """提交版本: everything an enterprise said at the instant it submitted, never changed again."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField("版本号")
    receipt = models.CharField("回执编号", max_length=40, unique=True)
    data = models.JSONField("内容")
    sha256 = models.CharField("SHA-256", max_length=64)
    project_name = models.CharField("项目名称", max_length=100)
    submitted_at = models.DateTimeField("提交时间")
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "提交版本"
        ordering = ["application", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "number"], name="revision_number_per_application"
            )
        ]

    def __str__(self) -> str:
        return self.receipt

    @staticmethod
    def digest(data: dict) -> str:
        return hashlib.sha256(canonical_json(data).encode()).hexdigest()

    @property
    def is_intact(self) -> bool:
        return self.digest(self.data) == self.sha256

    def section(self, slug: str) -> dict:
        return next(s for s in self.data["sections"] if s["slug"] == slug)

    def text(self, section: str, field: str) -> str:
        """The text of one answer as every document shows it."""
        return next(f["text"] for f in self.section(section)["fields"] if f["name"] == field)

    @property
    def checks(self) -> dict | None:
        """What the checks said when it was submitted (``applications.checks.frozen``)."""
        return self.data.get("checks")

    @property
    def confirmed_at(self) -> datetime | None:
        """When the signatory confirmed the content; None where the round asked for nothing."""
        confirmation = self.data.get("confirmation")
        return confirmation and datetime.fromisoformat(confirmation["at"])

    @property
    def attachments(self) -> list[dict]:
        """The files submitted with it, each with the ``place`` that its row is called by."""
        rows = {
            (group["slug"], row["key"]): row["title"]
            for section in self.data["sections"]
            for group in section["groups"]
            for row in group["rows"]
        }
        instances = [place for place in rows if place[0] == "instances"]
        places = {**rows, **dict(zip(instances, self.scenario_lines, strict=False))}
        return [
            {**file, "place": places.get((file["group"], file["key"]), "")}
            for file in self.data.get("attachments", ())
        ]

    @property
    def scenario_lines(self) -> list[str]:
        """环节—场景—实例 of every instance, in the enterprise's order (附件1)."""
        return self.data["scenario_lines"]


class Event(models.Model):
    """办理记录: who did what to an application, and what they said."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="events")
    verb = models.CharField("操作", max_length=20)
    source = models.CharField("原状态", max_length=12, choices=Status, blank=True)
    target = models.CharField("新状态", max_length=12, choices=Status)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField("时间")
    comment = models.TextField("意见", blank=True)
    revision = models.ForeignKey(Revision, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "办理记录"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.verb_label} {self.at:%Y-%m-%d %H:%M}"

    @property
    def verb_label(self) -> str:
        return BY_VERB[self.verb].label if self.verb in BY_VERB else "开始填报"
