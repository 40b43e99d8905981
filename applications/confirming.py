"""法定代表人确认: what is confirmed, whether the confirmation still holds, who edited since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from applications.models import Attachment, Confirmation, Revision
from applications.sections import Filing, Section, snapshot
from portal.accounts.models import User
from portal.errors import NotAllowed

KEY_FACTS = {
    "basic": ("enterprise_name", "enterprise_credit_code", "legal_representative"),
    "factory": ("project_name", "finished_on", "total_investment"),
}
"""The answers that a signatory is shown first; the rest is a click away."""


@dataclass(frozen=True)
class Edit:
    """Who changed one field last."""

    section: Section
    row: str
    field: str
    by: str
    at: datetime


def recent_edits(filing: Filing, most: int = 10) -> list[Edit]:
    """The fields changed last, the newest first; asks the database nothing."""
    edits = [
        Edit(
            section,
            group.row_title(answers, number) if group else "",
            str(answers._meta.get_field(name).verbose_name),
            edit["name"],
            datetime.fromisoformat(edit["at"]),
        )
        for section, group, answers, number in filing.blocks()
        for name, edit in answers.edits.items()
    ]
    return sorted(edits, key=lambda edit: edit.at, reverse=True)[:most]


def content_sha256(filing: Filing) -> str:
    """The digest of everything the enterprise says."""
    content = snapshot(filing)
    # Whose list it goes on is the province's to correct (rule of drafts), not what is confirmed.
    del content["bureau"]
    return Revision.digest(content)


@dataclass(frozen=True)
class Standing:
    """How an application stands whose round asks for a confirmation."""

    content_sha256: str
    latest: Confirmation | None
    last_edit: Edit | None
    """The last change after the confirmation, as far as it can be told: deleting leaves none."""

    @property
    def holds(self) -> bool:
        return self.latest is not None and self.latest.content_sha256 == self.content_sha256


def standing(filing: Filing) -> Standing | None:
    """Whether the content is confirmed as it is; None where the round asks for nothing."""
    application = filing.application
    if not application.version.confirmation_text:
        return None
    latest = application.confirmations.select_related("signer").first()
    # An edit is noted to the second.
    since = latest and latest.at.replace(microsecond=0)
    edits = [edit for edit in recent_edits(filing, 1) if since and edit.at >= since]
    return Standing(content_sha256(filing), latest, edits[0] if edits else None)


def proof(filing: Filing) -> dict[str, Any]:
    """What a revision keeps of the confirmation; raises NotAllowed when it is due and missing."""
    stands = standing(filing)
    if stands is None:
        return {}
    if not stands.holds:
        raise NotAllowed("提交前须由法定代表人或授权签字人对现在的内容作出确认。")
    confirmation = stands.latest
    return {
        "confirmation": {
            "signer": confirmation.signed_as,
            "text": confirmation.text,
            "version": confirmation.text_version,
            "at": confirmation.at.isoformat(),
            "content_sha256": confirmation.content_sha256,
        }
    }


def key_facts(content: dict[str, Any]) -> list[tuple[str, str]]:
    """What a signatory should see at a glance: label and text of a few answers of a snapshot."""
    facts = [
        (field["label"], field["text"])
        for section in content["sections"]
        for field in section["fields"]
        if field["name"] in KEY_FACTS.get(section["slug"], ())
    ]
    facts += [
        (group["title"], f"{sum(map(_has_value, group['rows']))} 项")
        for section in content["sections"]
        for group in section["groups"]
        if group["slug"] == "indicator_values"
    ]
    if attachments := content.get("attachments"):
        facts.append((str(Attachment._meta.verbose_name), f"{len(attachments)} 个"))
    return facts


def _has_value(row: dict[str, Any]) -> bool:
    return any(field["name"] == "value" and field["text"] for field in row["fields"])


def signatories(user: User) -> list[User]:
    """Who of the user's enterprise may confirm."""
    return list(User.objects.visible_to(user).filter(is_active=True, is_signatory=True))
