"""盖章扫描件: the stamped Annex 1 comes back and is held against the code printed on it."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F

from applications.attachments import Refused, fitting_name, inspected, sha256_of
from applications.inspection import JPEG, PDF, PNG, SUFFIXES
from applications.models import Paper
from portal.accounts.models import User
from portal.audit import trail
from portal.documents.model import code_in, one_line
from portal.errors import NotAllowed, PortalError, StaleState
from portal.rounds.models import Material
from portal.rounds.times import moment
from review import summary
from review.models import RankedList, StampedScan

SCANS = Material(name="盖章扫描件", accepts=Material.Accepts.PDF_OR_IMAGE, max_mb=20, max_files=20)
"""What a list takes, in the terms of the materials list; no row of it. Nothing is ever deleted."""
ACCEPTS = ",".join(suffix for kind in (PDF, JPEG, PNG) for suffix in SUFFIXES[kind])


class WrongCode(PortalError):
    """The code is not that of the list as it was sent."""


def of(ranked_list: RankedList) -> list[StampedScan]:
    """The scans of a list, latest first; ``is_current``: of the table as it was sent."""
    scans = list(ranked_list.scans.select_related("uploaded_by"))
    code = code_of(ranked_list) if scans and not ranked_list.is_open else ""
    for scan in scans:
        scan.is_current = scan.check_code == code
    return scans


def code_of(ranked_list: RankedList) -> str:
    """What is printed on the Annex 1 of a sent list."""
    return summary.to_stamp(ranked_list.round, ranked_list.bureau).document.check_code


def take(
    ranked_list: RankedList, upload: UploadedFile, typed: str, *, actor: User
) -> tuple[StampedScan, bool]:
    """Store a scan of the stamped table; returns it, and whether it is new.

    ``typed`` is the code as it was typed or scanned. Raises WrongCode, Refused, or StaleState when
    the list is no longer with the province.
    """
    if not actor.is_bureau:
        raise NotAllowed("只有推荐单位可以上传盖章扫描件。")
    name = one_line(upload.name or "").strip() or "未命名"
    content = inspected(SCANS, upload, name)
    scan = StampedScan(
        ranked_list=ranked_list,
        name=fitting_name(name, content.type),
        content_type=content.type,
        size=upload.size,
        sha256=sha256_of(upload),
        pages=content.pages,
        uploaded_by=actor,
    )
    try:
        with transaction.atomic():
            _hold(ranked_list, actor)
            scan.check_code = _matching(ranked_list, typed, actor)
            same = {"check_code": scan.check_code, "sha256": scan.sha256}
            if known := ranked_list.scans.filter(**same).first():
                return known, False
            if ranked_list.scans.count() >= SCANS.max_files:
                raise Refused(
                    f"这份名单已上传 {SCANS.max_files} 个扫描件，不能再添加。请联系省厅。"
                )
            scan.file.save(scan.name, upload, save=False)
            scan.save()
            trail.record(
                "upload_scan",
                "上传盖章扫描件",
                actor=actor,
                target=ranked_list,
                detail=f"{scan}，校验码 {scan.check_code}，SHA-256 {scan.sha256}",
            )
    except BaseException:
        if scan.file:  # no row names it
            scan.file.delete(save=False)
        raise
    return scan, True


def _hold(ranked_list: RankedList, actor: User) -> None:
    """Lock the sent list, so that it is not recalled or returned while its code is compared."""
    sent = RankedList.objects.visible_to(actor).filter(pk=ranked_list.pk)
    if not sent.exclude(status=RankedList.Status.OPEN).update(version=F("version")):
        raise StaleState("名单现在没有报送，不能上传扫描件；重新报送后，请上传新的盖章件。")


def _matching(ranked_list: RankedList, typed: str, actor: User) -> str:
    code, current = code_in(typed), code_of(ranked_list)
    if code == current:
        return code
    known = Paper.objects.visible_to(actor).filter(check_code=code).first()
    if known is None:
        raise WrongCode(
            f"没有找到校验码“{one_line(typed)[:40]}”。请对照纸上每页左下角再输入一次，共 8 位。"
        )
    if (known.kind, known.round_id) == (Paper.Kind.SUMMARY, ranked_list.round_id):
        raise WrongCode(
            f"{code} 是较早的汇总表（{moment(known.made_at)} 首次生成），与报送的名单不一致。"
            f"请重新导出汇总表（校验码 {current}），打印盖章后再扫描上传。"
        )
    raise WrongCode(f"{code} 是另一份{known.get_kind_display()}，不是这份名单的推荐汇总表。")
