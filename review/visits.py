"""现场核查: what an officer saw at the factory, kept with photos.

Written and changed by its author alone; the bureau's other officers and the province read it.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.template.defaultfilters import filesizeformat

from applications import interests
from applications.attachments import MEGABYTE, Refused, fitting_name, inspected, sha256_of
from applications.inspection import JPEG, PNG, SUFFIXES
from applications.models import Application
from portal.accounts.models import User
from portal.audit import trail
from portal.documents.model import one_line
from portal.errors import NotAllowed
from portal.rounds.models import Material
from review.models import SitePhoto, SiteVisit

PHOTOS = Material(name="现场照片", accepts=Material.Accepts.IMAGE, max_mb=20, max_files=30)
"""What a visit takes, in the terms of the materials list; no row of it."""
ACCEPTS = ",".join(suffix for kind in (JPEG, PNG) for suffix in SUFFIXES[kind])
RULE = (
    f"可一次选择多张，JPG 或 PNG，每张不超过 {filesizeformat(PHOTOS.max_mb * MEGABYTE)}，"
    f"每次核查最多 {PHOTOS.max_files} 张；一次上传合计不超过 {settings.LARGEST_UPLOAD_MB} MB。"
)


@transaction.atomic
def record(application: Application, said: dict[str, Any], *, actor: User) -> SiteVisit:
    """Keep a visit; the same one sent twice is one."""
    _require_officer(application, actor)
    own = SiteVisit.objects.filter(application=application, author=actor, **said)
    if known := own.first():
        return known
    visit = SiteVisit.objects.create(application=application, author=actor, **said)
    _note(visit, "visit", "记录现场核查", actor)
    return visit


@transaction.atomic
def change(visit: SiteVisit, said: dict[str, Any], *, actor: User) -> None:
    """Put other words to a visit of one's own."""
    _require_author(visit, actor)
    for name, value in said.items():
        setattr(visit, name, value)
    visit.save(update_fields=[*said, "edited_at"])
    _note(visit, "visit_change", "修改现场核查", actor)


def add_photo(visit: SiteVisit, upload: UploadedFile, *, actor: User) -> SitePhoto:
    """Keep a photo of a visit; one that the visit has already is not kept again.

    Raises Refused for what is no whole JPEG or PNG, too large, or one too many.
    """
    _require_author(visit, actor)
    name = one_line(upload.name or "").strip() or "未命名"
    content = inspected(PHOTOS, upload, name)
    photo = SitePhoto(
        visit=visit,
        name=fitting_name(name, content.type),
        content_type=content.type,
        size=upload.size,
        sha256=sha256_of(upload),
        uploaded_by=actor,
    )
    try:
        with transaction.atomic():
            # Locks the visit, so that photos sent side by side are counted one after another.
            SiteVisit.objects.filter(pk=visit.pk).update(application=visit.application_id)
            if known := visit.photos.filter(sha256=photo.sha256).first():
                return known
            if visit.photos.count() >= PHOTOS.max_files:
                raise Refused(
                    f"“{photo}”没有保存：每次核查最多 {PHOTOS.max_files} 张照片，已满。"
                    "请移除不需要的照片后再添加。"
                )
            photo.file.save(photo.name, upload, save=False)
            photo.thumbnail.save("thumbnail.jpg", ContentFile(content.thumbnail), save=False)
            photo.save()
            _note(visit, "photo_add", "添加现场照片", actor, photo)
    except BaseException:
        _delete_files([photo])  # no row names what was written
        raise
    return photo


@transaction.atomic
def remove_photos(visit: SiteVisit, photo_ids: Collection[int], *, actor: User) -> int:
    """Take photos away from a visit of one's own, for good; returns how many."""
    _require_author(visit, actor)
    photos = list(visit.photos.filter(pk__in=photo_ids))
    visit.photos.filter(pk__in=photo_ids).delete()
    for photo in photos:
        _note(visit, "photo_remove", "移除现场照片", actor, photo)
    transaction.on_commit(lambda: _delete_files(photos))
    return len(photos)


def latest(applications: Iterable[Application]) -> dict[int, SiteVisit]:
    """By application, the last visit there was."""
    visits = SiteVisit.objects.filter(application__in=list(applications)).order_by(
        "visited_on", "pk"
    )
    return {visit.application_id: visit for visit in visits}


def _note(
    visit: SiteVisit, verb: str, act: str, actor: User, photo: SitePhoto | None = None
) -> None:
    """Put on the trail that a visit was written about; of a photo, which it was."""
    detail = f"{visit.visited_on} 的核查"
    if photo:
        detail += f"：{photo}，SHA-256 {photo.sha256}"
    trail.record(verb, act, actor=actor, target=visit.application, detail=detail)


def _delete_files(photos: Iterable[SitePhoto]) -> None:
    for photo in photos:
        for stored in (photo.file, photo.thumbnail):
            if stored:
                stored.delete(save=False)


def _require_officer(application: Application, actor: User) -> None:
    if not actor.is_bureau:
        raise NotAllowed("现场核查由推荐单位的审核人员记录。")
    interests.require_open(application, actor)


def _require_author(visit: SiteVisit, actor: User) -> None:
    _require_officer(visit.application, actor)
    if visit.author_id != actor.pk:
        raise NotAllowed(f"这次核查是{visit.author}记录的，只能由本人修改。")
