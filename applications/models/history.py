"""What happened: events, and the frozen revisions that everybody but the enterprise reads."""

import hashlib
import json
from collections import defaultdict
from datetime import datetime
from functools import cached_property
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

    @cached_property
    def answers(self) -> dict[tuple[str, str, str], dict]:
        """Every answer by its section or group, the title of its row ("" in none) and its field."""
        found = {}
        for section in self.data["sections"]:
            found |= {(section["slug"], "", each["name"]): each for each in section["fields"]}
            for group in section["groups"]:
                for row in group["rows"]:
                    place = group["slug"], row["title"]
                    found |= {(*place, each["name"]): each for each in row["fields"]}
        return found

    @cached_property
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

    @cached_property
    def sections(self) -> list[dict]:
        """The sections as a document shows them: each row with the ``files`` that prove it, and
        the sections, groups, rows and fields with their ``id`` on the page."""
        files = defaultdict(list)
        for file in self.attachments:
            files[file["group"], file["key"]].append(file)

        def fields(block: dict, id: str) -> list[dict]:
            return [{**field, "id": f"{id}-{field['name']}"} for field in block["fields"]]

        def rows(group: dict) -> list[dict]:
            return [
                {
                    **row,
                    "id": (id := f"{group['slug']}-{number}"),
                    "fields": fields(row, id),
                    "files": files[group["slug"], row["key"]],
                }
                for number, row in enumerate(group["rows"], 1)
            ]

        return [
            {
                **section,
                "id": f"part-{section['slug']}",
                "fields": fields(section, section["slug"]),
                "groups": [
                    {**group, "id": f"group-{group['slug']}", "rows": rows(group)}
                    for group in section["groups"]
                ],
            }
            for section in self.data["sections"]
        ]

    @cached_property
    def _ids(self) -> dict[tuple[str, ...], str]:
        """By place, its ``id`` in the document."""
        ids = {(part,): f"part-{part}" for part in ("attachments", "declarations")}
        for section in self.sections:
            inside = (section["slug"],)
            ids[inside] = section["id"]
            ids |= {(*inside, "", "", each["name"]): each["id"] for each in section["fields"]}
            for group in section["groups"]:
                ids[*inside, group["slug"]] = group["id"]
                for row in group["rows"]:
                    of_row = (*inside, group["slug"], row["key"])
                    ids[of_row] = row["id"]
                    ids |= {(*of_row, each["name"]): each["id"] for each in row["fields"]}
        return ids

    def anchor(self, section: str, group: str = "", key: str = "", field: str = "") -> str:
        """Where the document says something: the ``id`` of the field, else of what is around it."""
        place = (section, group, key, field)
        arounds = (self._ids.get(place[:length]) for length in (4, 3, 2, 1))
        return next(filter(None, arounds), "")

    @property
    def scenario_lines(self) -> list[str]:
        """环节—场景—实例 of every instance, in the enterprise's order (附件1)."""
        return self.data["scenario_lines"]


OTHER_VERBS = {"start": "开始填报", "transfer": "转办"}
"""What leaves an event without being a transition from one state to another."""


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
        return BY_VERB[self.verb].label if self.verb in BY_VERB else OTHER_VERBS[self.verb]
