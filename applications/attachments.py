"""附件: taking files in, replacing and removing them; the slots of the materials list they lie in.

A stored file is never changed and never deleted: replacing or removing only retires its row, and
both can be undone while the application is open to editing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from applications import inspection, workflow
from applications.checks import slot_location
from applications.inspection import DOCX, JPEG, PDF, PNG, SUFFIXES, XLSX
from applications.models import Application, Attachment
from applications.sections import indicators
from portal.accounts.models import User
from portal.audit import trail
from portal.documents.model import one_line
from portal.errors import NotAllowed, PortalError, StaleState
from portal.rounds.models import Material

MEGABYTE = 1024 * 1024
TYPES = {
    Material.Accepts.PDF: {PDF},
    Material.Accepts.IMAGE: {JPEG, PNG},
    Material.Accepts.PDF_OR_IMAGE: {PDF, JPEG, PNG},
    Material.Accepts.OFFICE: {PDF, DOCX, XLSX},
}
MOST_HISTORY = 4
"""All that was ever uploaded may take this many quotas: nothing is deleted, and disks end."""
KNOWN_SUFFIXES = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}
LONGEST_NAME = Attachment._meta.get_field("name").max_length


class Refused(PortalError):
    """The file was not taken; ``str(error)`` says which, why, and what to do."""


@dataclass
class Slot:
    """One place for files: a material, of the whole application or of one row."""

    material: Material
    group: str = ""
    key: str = ""
    title: str = ""
    files: list[Attachment] = field(default_factory=list)
    former: list[Attachment] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return slot_location(self.material, self.key).anchor

    @property
    def room(self) -> int:
        return max(self.material.max_files - len(self.files), 0)

    @property
    def only(self) -> Attachment | None:
        """The file of a slot that has room for one, which a new one replaces."""
        return self.files[0] if self.files and self.material.max_files == 1 else None

    @property
    def suffixes(self) -> str:
        """What the browser's file dialogue offers (``accept``)."""
        kinds = TYPES[Material.Accepts(self.material.accepts)]
        return ",".join(s for kind, suffixes in SUFFIXES.items() if kind in kinds for s in suffixes)

    @property
    def largest(self) -> int:
        return self.material.max_mb * MEGABYTE


# Reading


def rows_of(application: Application, scope: str) -> dict[str, str]:
    """The rows that a material is asked of: what people call each, by its key."""
    match scope:
        case Material.Scope.INSTANCE:
            instances = application.instances.select_related("segment", "scenario")
            return {row.key: row.line for row in instances}
        case Material.Scope.INDICATOR:
            return {row.key: row.title for row in indicators(application.version)}
    return {"": ""}


def slots(
    application: Application, materials: Iterable[Material] | None = None, key: str | None = None
) -> list[Slot]:
    """Every slot of the application with its files; or of the materials named; or of one row."""
    materials = list(application.version.materials.all() if materials is None else materials)
    titles = {
        scope: rows_of(application, scope) if key is None else {key: ""}
        for scope in {material.scope for material in materials}
    }
    found = {
        (material.pk, row): Slot(material, group_of(material), row, title)
        for material in materials
        for row, title in titles[material.scope].items()
    }
    for attachment in _files(application).filter(material__in=materials):
        slot = found.get((attachment.material_id, attachment.key))
        if slot:
            (slot.former if attachment.retired_at else slot.files).append(attachment)
    return list(found.values())


def slots_of(application: Application, group: str, key: str) -> list[Slot]:
    """The slots that belong to one row, an instance's or an indicator's."""
    return slots(application, application.version.materials.filter(scope=group), key)


def group_of(material: Material) -> str:
    return "" if material.scope == Material.Scope.APPLICATION else material.scope


def astray(application: Application, shown: Iterable[Slot]) -> list[Attachment]:
    """Files of rows that have been deleted: not submitted, yet still there."""
    known = {(slot.material.pk, slot.key) for slot in shown}
    return [
        each for each in _files(application).current() if (each.material_id, each.key) not in known
    ]


def _files(application: Application) -> Any:
    people = ("material", "uploaded_by", "retired_by", "replaced_by")
    return application.attachments.select_related(*people)


def used(application: Application) -> int:
    """Bytes that count against the quota: what is there now, and what was ever submitted."""
    kept = Q(retired_at=None) | Q(frozen_at__isnull=False)
    return application.attachments.filter(kept).aggregate(sum=Sum("size"))["sum"] or 0


def counts(application: Application, group: str) -> dict[str, int]:
    """How many files each row of a group has; empty where the round asks for none."""
    if all(material.scope != group for material in application.version.materials_list):
        return {}
    keys = application.attachments.current().filter(group=group).values_list("key", flat=True)
    return {**dict.fromkeys(rows_of(application, group), 0), **Counter(keys)}


# Taking in


def take(
    application: Application,
    material: Material,
    upload: UploadedFile,
    *,
    actor: User,
    key: str = "",
    replaces: int | None = None,
) -> tuple[Attachment, bool]:
    """Store an uploaded file in a slot; returns it, and whether it is new there.

    With ``replaces``, the id of a file of the slot, that one is retired. A file whose content the
    slot has already is not stored again. Raises Refused, or StaleState when the application may
    no longer be edited or the file to replace has gone.
    """
    name = one_line(upload.name or "").strip() or "未命名"
    content = inspected(material, upload, name)
    attachment = Attachment(
        application=application,
        material=material,
        group=group_of(material),
        key=key,
        name=fitting_name(name, content.type),
        content_type=content.type,
        size=upload.size,
        sha256=sha256_of(upload),
        pages=content.pages,
        uploaded_by=actor,
    )
    try:
        with transaction.atomic():
            workflow.hold(application.pk, actor)
            known = _make_room(attachment, replaces)
            if known:
                return known, False
            attachment.file.save(attachment.name, upload, save=False)
            if content.thumbnail:
                thumbnail = ContentFile(content.thumbnail)
                attachment.thumbnail.save(f"{attachment.sha256}.jpg", thumbnail, save=False)
            attachment.save()
            if replaces:
                _retire(application.attachments.filter(pk=replaces), actor, attachment)
            record(attachment, "upload", "替换附件" if replaces else "上传附件", actor=actor)
    except BaseException:
        # No row names what was written.
        for stored in (attachment.file, attachment.thumbnail):
            if stored:
                stored.delete(save=False)
        raise
    return attachment, True


def inspected(material: Material, upload: UploadedFile, name: str) -> inspection.Content:
    """What a file is, read through; raises Refused for what the material does not take."""
    largest = material.max_mb * MEGABYTE
    if not upload.size:
        raise Refused(f"“{name}”是空文件，没有上传。请检查后重新选择。")
    if upload.size > largest:
        raise Refused(
            f"“{name}”有 {filesizeformat(upload.size)}，超过“{material}”单个文件 "
            f"{material.max_mb} MB 的上限。请压缩或拆分后再上传。"
        )
    try:
        content = inspection.inspect(upload.file)
    except inspection.Unfit as error:
        raise Refused(f"“{name}”{error}") from None
    if content.type not in TYPES[Material.Accepts(material.accepts)]:
        kind = content.type and SUFFIXES[content.type][0][1:].upper()
        raise Refused(
            f"“{name}”{f'是 {kind} 文件' if kind else '的内容无法识别'}，"
            f"“{material}”只收{material.get_accepts_display()}。请转换后再上传。"
        )
    return content


def sha256_of(upload: UploadedFile) -> str:
    """The digest of an uploaded file's content."""
    upload.seek(0)
    return file_digest(upload.file, "sha256").hexdigest()


def fitting_name(name: str, content_type: str) -> str:
    """A file's name without its folders, and with an ending that fits its content."""
    path = PurePosixPath(name.replace("\\", "/"))
    suffix = path.suffix.lower()
    stem = path.stem if suffix in KNOWN_SUFFIXES else path.name
    if suffix not in SUFFIXES[content_type]:
        suffix = SUFFIXES[content_type][0]
    return f"{stem[: LONGEST_NAME - len(suffix)].strip() or '未命名'}{suffix}"


def _make_room(attachment: Attachment, replaces: int | None) -> Attachment | None:
    """Whether the slot and the quota take the file; returns the one it has already."""
    application, material = attachment.application, attachment.material
    if attachment.key not in rows_of(application, material.scope):
        raise StaleState(f"“{material}”所属的一条已被删除，文件没有上传。")
    files = _in_slot(attachment).current()
    known = files.filter(sha256=attachment.sha256).first()
    if known:
        return known
    replaced = files.filter(pk=replaces).first() if replaces else None
    if replaces and replaced is None:
        raise StaleState("要替换的文件已被他人替换或移除，新文件没有上传。请查看后再操作。")
    if not replaced and files.count() >= material.max_files:
        raise Refused(
            f"“{attachment}”没有上传：“{material}”最多 {material.max_files} 个文件，已满。"
            f"请替换或移除其中一个。"
        )
    stored = application.attachments.aggregate(sum=Sum("size"))["sum"] or 0
    if stored + attachment.size > MOST_HISTORY * application.version.attachment_quota * MEGABYTE:
        raise Refused(
            f"“{attachment}”没有上传：历次替换、移除的文件已经过多，不能再添加。请联系省厅。"
        )
    freed = replaced.size if replaced and not replaced.frozen_at else 0
    _require_quota(attachment, used(application) - freed)
    return None


def _require_quota(attachment: Attachment, present: int) -> None:
    quota = attachment.application.version.attachment_quota
    if present + attachment.size > quota * MEGABYTE:
        raise Refused(
            f"“{attachment}”放不下：每份申报的附件合计不超过 {quota} MB，已用 "
            f"{filesizeformat(present)}，此文件 {filesizeformat(attachment.size)}。"
            f"请压缩后再上传，或移除不需要的文件。"
        )


def _in_slot(attachment: Attachment) -> Any:
    return attachment.application.attachments.filter(
        material=attachment.material, group=attachment.group, key=attachment.key
    )


# Retiring


def _retire(files: Any, actor: User, successor: Attachment | None = None) -> int:
    return files.current().update(
        retired_at=timezone.now(), retired_by=actor, replaced_by=successor
    )


@transaction.atomic
def remove(attachment: Attachment, *, actor: User) -> None:
    """Take a file out of the draft; what was submitted keeps it."""
    workflow.hold(attachment.application_id, actor)
    if _retire(Attachment.objects.filter(pk=attachment.pk), actor):
        record(attachment, "remove_file", "移除附件", actor=actor)


@transaction.atomic
def restore(attachment: Attachment, *, actor: User) -> None:
    """Undo a removal or a replacement; a successor that leaves no room steps back."""
    workflow.hold(attachment.application_id, actor)
    attachment.refresh_from_db()
    if attachment.retired_at is None:
        return
    if not attachment.file.storage.exists(attachment.file.name):
        raise NotAllowed(f"“{attachment}”的文件已经不在，不能恢复，请重新上传。")
    files = _in_slot(attachment).current()
    if files.filter(sha256=attachment.sha256).exists():
        raise Refused(f"现有文件中已有与“{attachment}”内容相同的，不必恢复。")
    is_full = files.count() >= attachment.material.max_files
    successor = files.filter(pk=attachment.replaced_by_id)
    if is_full and not _retire(successor, actor, attachment):
        raise Refused(f"“{attachment.material}”已满，请先移除一个文件再恢复“{attachment}”。")
    if not attachment.frozen_at:
        _require_quota(attachment, used(attachment.application))
    Attachment.objects.filter(pk=attachment.pk).update(
        retired_at=None, retired_by=None, replaced_by=None
    )
    record(attachment, "restore_file", "恢复附件", actor=actor)


def record(attachment: Attachment, verb: str, act: str, *, actor: User, **kwargs: Any) -> None:
    """Note on the trail what was done with a file, among what was done with its application."""
    application = attachment.application
    named = f"{application.enterprise}：{attachment}"
    detail = f"SHA-256 {attachment.sha256}"
    trail.record(verb, act, actor=actor, target=application, named=named, detail=detail, **kwargs)
