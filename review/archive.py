"""归档: everything that was submitted, of a round or of one bureau in it, as one package."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from applications import book, papers
from applications.models import Application, Attachment, Comment, Event, Paper, Revision
from applications.states import Status
from portal.accounts.models import Role, User
from portal.audit import trail
from portal.audit.models import Record
from portal.catalogue.models import Bureau
from portal.documents import Format, write
from portal.documents.model import Document, DocumentError
from portal.errors import PortalError
from portal.jobs.models import Job
from portal.jobs.tasks import start
from portal.rounds.models import Round
from portal.rounds.times import moment
from review import summary
from review.models import RankedList
from review.package import FAILURES, Package, safe_name

KIND = "archive"
ATTACHMENT = "attachment"
MADE, FETCHED = "archive_make", "archive_fetch"
"""Verbs of the audit trail."""

BOOK_SIZE = 2 * 1024 * 1024
"""A generous guess at what an application adds beside its attachments."""
SPARE = 512 * 1024 * 1024
"""What an archive leaves free for everybody else's work."""

logger = logging.getLogger(__name__)


# What would go in


@dataclass
class Extent:
    """How much there is to archive of one bureau, or of all."""

    applications: int = 0
    drafts: int = 0
    files: int = 0
    size: int = 0

    def add(self, other: "Extent") -> None:
        self.applications += other.applications
        self.drafts += other.drafts
        self.files += other.files
        self.size += other.size


def extents(round: Round, user: User) -> dict[int, Extent]:
    """By bureau (id), how much an archive would hold; files of former revisions counted too."""
    found: dict[int, Extent] = {}
    applications = Application.objects.visible_to(user).filter(round=round)
    counted = applications.values_list("bureau", "status").annotate(n=Count("pk")).order_by()
    for bureau, status, n in counted:
        extent = found.setdefault(bureau, Extent())
        if status == Status.DRAFT:
            extent.drafts += n
        else:
            extent.applications += n
            extent.size += n * BOOK_SIZE
    files = (
        Attachment.objects.visible_to(user)
        .filter(application__round=round)
        .exclude(application__status=Status.DRAFT)
        .values_list("application__bureau")
        .annotate(n=Count("pk"), size=Sum("size"))
        .order_by()
    )
    for bureau, n, size in files:
        found[bureau].files += n
        found[bureau].size += size
    return found


def extent_of(round: Round, bureau: Bureau | None, user: User) -> Extent:
    """The same for one bureau, or for all when none is named."""
    whole = Extent()
    for found, extent in extents(round, user).items():
        if bureau is None or found == bureau.pk:
            whole.add(extent)
    return whole


def _require_room(extent: Extent) -> None:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if extent.size + SPARE > free:
        raise PortalError(
            f"磁盘空间不足：归档包约需 {filesizeformat(extent.size)}，另须留出 "
            f"{filesizeformat(SPARE)}，现只剩 {filesizeformat(free)}。"
            "请删除不再需要的归档包，或请管理员扩大磁盘。"
        )


# Ordering, keeping


def archives(round: Round, user: User) -> QuerySet[Job]:
    """The archives of a round: whoever ordered them, they are the office's."""
    if not user.oversees:
        return Job.objects.none()
    return Job.objects.filter(kind=KIND, parameters__round=round.pk).select_related("owner")


def order(round: Round, bureau: Bureau | None, *, actor: User, back: str) -> Job:
    """Start making the archive of one bureau, or of the whole province."""
    actor.require_province("生成归档包")
    scope = _scope(bureau)
    under_way = archives(round, actor).filter(
        status__in=(Job.Status.QUEUED, Job.Status.RUNNING),
        parameters__bureau=bureau.pk if bureau else None,
    )
    if under_way.exists():
        raise PortalError(f"{scope}的归档包正在生成，请等它完成，或先取消。")
    extent = extent_of(round, bureau, actor)
    if not extent.applications:
        raise PortalError(f"{scope}在该批次还没有提交的申报，没有可归档的内容。")
    _require_room(extent)
    return start(
        owner=actor,
        kind=KIND,
        title=f"归档包（{scope}）",
        round=round.pk,
        bureau=bureau.pk if bureau else None,
        back=back,
    )


def fetched(job: Job, *, actor: User) -> None:
    """Note that somebody takes a copy of an archive away."""
    actor.require_province("下载归档包")
    trail.record(
        FETCHED, "下载归档包", actor=actor, target=job, named=job.file_name, once_in=trail.LOOK
    )


def remove(job: Job, *, actor: User) -> None:
    """Delete an archive's file; what it was made of stays, and it can be made again."""
    actor.require_province("删除归档包")
    with transaction.atomic():
        trail.record("archive_remove", "删除归档包", actor=actor, target=job, named=job.file_name)
        job.discard()


def _scope(bureau: Bureau | None) -> str:
    return bureau.short_name if bureau else "全省"


# Verifying


def differences(manifest: dict[str, Any], seal: str) -> list[str]:
    """What a package's manifest says that this portal does not know or knows otherwise."""
    problems = []
    if not Record.objects.filter(verb=MADE, detail=seal).exists():
        problems.append("数据库：审计记录中没有生成过这份清单")
    for each in manifest["applications"]:
        receipt, sha256 = each.get("receipt"), each.get("sha256")
        revision = Revision.objects.filter(receipt=receipt).first()
        if revision is None:
            problems.append(f"数据库：没有回执编号为 {receipt} 的提交版本")
        elif revision.sha256 != sha256 or not revision.is_intact:
            problems.append(f"数据库：{receipt} 的内容校验值不一致")
    for entry in manifest["files"]:
        if entry.get("kind") == ATTACHMENT:
            facts = {"application": entry.get("application"), "sha256": entry.get("sha256")}
            if not Attachment.objects.filter(**facts).exists():
                problems.append(f"数据库：没有这个附件：{entry['path']}")
    return problems


# Making


def make(job: Job) -> None:
    """The archive of ``round`` (id), of one ``bureau`` (id) or all (None)."""
    job.owner.require_province("生成归档包")
    round = Round.objects.get(pk=job.parameters["round"])
    bureau_id = job.parameters["bureau"]
    bureau = Bureau.objects.get(pk=bureau_id) if bureau_id else None
    job.report(0, "正在清点")
    _require_room(extent_of(round, bureau, job.owner))
    made_at = timezone.now()
    try:
        with (
            TemporaryUploadedFile("archive.zip", "application/zip", 0, None) as file,
            Package(file.file, made_at, {}) as package,
        ):
            making = _Making(job, round, bureau, package)
            making.everything()
            seal = package.close()
            file.flush()
            stamp = f"{timezone.localtime(made_at):%Y%m%d-%H%M}"
            name = f"{round.year}年度{round.project_noun}归档（{_scope(bureau)}）{stamp}.zip"
            with transaction.atomic():
                trail.record(
                    MADE, "生成归档包", actor=job.owner, target=round, named=name, detail=seal
                )
                job.parameters |= {"seal": seal, "holds": making.holds()}
                job.save(update_fields=["parameters"])
                job.keep(file, name)
    except OSError as error:
        raise PortalError(
            f"写归档包时出错：{error.strerror or '磁盘不可用'}。请检查磁盘空间后重新生成。"
        ) from error
    failures = len(package.failures)
    job.message = f"{failures} 个文件未能收入，见包内《{FAILURES}》。" if failures else ""


class _Making:
    """One archive as it grows: unit by unit, application by application, in a fixed order."""

    def __init__(self, job: Job, round: Round, bureau: Bureau | None, package: Package) -> None:
        self.job, self.round, self.bureau, self.package = job, round, bureau, package
        applications = Application.objects.visible_to(job.owner).filter(round=round)
        lists = RankedList.objects.filter(round=round).select_related("bureau")
        if bureau:
            applications, lists = applications.filter(bureau=bureau), lists.filter(bureau=bureau)
        found = applications.with_parties().select_related("seat")
        self.drafts = [each for each in found if each.status == Status.DRAFT]
        self.found = sorted((e for e in found if e.status != Status.DRAFT), key=_position)
        self.lists = list(lists.order_by("bureau__order"))
        self.folders: dict[int, str] = {}

    def everything(self) -> None:
        self.package.about |= self._about()
        if self.bureau is None:
            self._annex(None, "")
        for ranked_list in self.lists:
            if not ranked_list.is_open:
                self._annex(ranked_list.bureau, _unit(ranked_list.bureau))
        for number, application in enumerate(self.found, 1):
            percent = 5 + 93 * (number - 1) // len(self.found)
            named = f"第 {number}/{len(self.found)} 份：{application.enterprise}"
            self._application(application, partial(self.job.report, percent, named))

    def holds(self) -> str:
        """How much is in it, in words."""
        return f"{len(self.found)} 份申报、{len(self.package.entries)} 个文件"

    def _about(self) -> dict[str, Any]:
        notes = [
            f"{each.bureau.name}：名单未报送，没有推荐汇总表" for each in self.lists if each.is_open
        ]
        if self.drafts:
            names = "、".join(
                f"{each.enterprise}（{each.bureau.short_name}）" for each in self.drafts
            )
            notes.append(f"填报中的申报没有收入，共 {len(self.drafts)} 份：{names}")
        return {
            "portal": settings.PUBLIC_URL,
            "round": {"slug": self.round.slug, "title": self.round.title},
            "bureau": {"code": self.bureau.code, "name": self.bureau.name} if self.bureau else None,
            "made_by": str(self.job.owner),
            "notes": notes,
            "applications": [self._facts(application) for application in self.found],
        }

    def _facts(self, application: Application) -> dict[str, Any]:
        revision = application.current_revision
        folder = f"{_unit(application.bureau)}/{_folder(application)}"
        self.folders[application.pk] = folder
        return {
            "id": application.pk,
            "folder": folder,
            "enterprise": application.enterprise.name,
            "credit_code": application.enterprise.credit_code,
            "bureau": application.bureau.name,
            "status": application.status_label(Role.PROVINCE),
            "place": application.seat.place if _is_announced(application) else "",
            "receipt": revision.receipt,
            "revision": revision.number,
            "sha256": revision.sha256,
            "submitted_at": timezone.localtime(revision.submitted_at).isoformat(),
        }

    # What lies in the folders

    def _annex(self, bureau: Bureau | None, folder: str) -> None:
        """附件1 in three formats."""
        scope = _scope(bureau)
        self.job.report(2, f"推荐汇总表：{scope}")
        name = f"附件1-推荐汇总表（{scope}）"
        build = partial(_annex_of, self.round, bureau)
        facts = {"kind": Paper.Kind.SUMMARY, "round": self.round, "bureau": bureau}
        for format in Format:
            self._document(folder, name, format, build, facts)

    def _application(self, application: Application, report: Callable[[], None]) -> None:
        folder = self.folders[application.pk]
        revision = Revision.objects.select_related("application").get(
            pk=application.current_revision_id
        )
        report()
        self._document(
            folder,
            "申报书",
            Format.PDF,
            partial(book.of_revision, revision),
            {"kind": Paper.Kind.BOOK, "revision": revision},
            application=application.pk,
        )
        self.package.add_text(
            self.package.path(folder, "办理记录.txt"),
            _history(application),
            kind="record",
            application=application.pk,
        )
        stored = application.attachments.in_bulk([file["id"] for file in revision.attachments])
        for number, file in enumerate(revision.attachments, 1):
            report()
            self._attachment(f"{folder}/附件", number, file, stored.get(file["id"]), application.pk)

    def _attachment(
        self, folder: str, number: int, file: dict, stored: Attachment | None, application: int
    ) -> None:
        path = self.package.path(folder, f"{number:02}-{file['material'][:20]}-{file['name']}")
        facts = {"kind": ATTACHMENT, "name": file["name"], "application": application}
        if stored is None:
            self.package.fail(path, "门户中没有这个附件的记录", **facts)
        else:
            opened = partial(stored.file.storage.open, stored.file.name, "rb")
            self.package.add(path, opened, sha256=file["sha256"], **facts)

    def _document(
        self,
        folder: str,
        name: str,
        format: Format,
        build: Callable[[], Document],
        paper: dict[str, Any],
        application: int | None = None,
    ) -> None:
        """A document made for the archive and registered, as each that is printed."""
        path = self.package.path(folder, f"{name}.{format.extension}")
        facts = {"name": f"{name}.{format.extension}", "application": application}
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as stream:
            try:
                document = build()
                pages = write(document, format, stream)
            except (PortalError, DocumentError) as error:
                self.package.fail(path, str(error), **facts)
                return
            except Exception:
                # One that cannot be made must not keep the others out.
                logger.exception("archive job %s: a document failed", self.job.pk)
                self.package.fail(path, "生成时出错，已记录", **facts)
                return
            papers.issue(document, pages=pages, **paper)
            self.package.add(path, partial(_rewound, stream), kind=paper["kind"], **facts)


def _rewound(stream: BinaryIO) -> AbstractContextManager[BinaryIO]:
    stream.seek(0)
    return nullcontext(stream)


def _annex_of(round: Round, bureau: Bureau | None) -> Document:
    return summary.build(round, bureau, include_sent=True).document


def _is_announced(application: Application) -> bool:
    return application.status == Status.RECOMMENDED


def _position(application: Application) -> tuple:
    """Units in the notice's order; in them the recommended by place, then the others.

    The order of a list that has not been sent is the bureau's own affair.
    """
    place = (0, 0)
    if is_announced := _is_announced(application):
        place = (application.seat.is_exempt, application.seat.number)
    return (application.bureau.order, not is_announced, *place, application.pk)


def _unit(bureau: Bureau) -> str:
    return f"{bureau.order:02}-{safe_name(bureau.short_name, 20)}"


def _folder(application: Application) -> str:
    """Place or number, and the enterprise by a short name."""
    place = f"编号{application.pk}"
    if _is_announced(application):
        seat = application.seat
        place = f"{'不占名额' if seat.is_exempt else '名次'}{seat.number:02}"
    return f"{place}-{_short_name(application.enterprise.name)}"


COMPANY = ("有限责任公司", "股份有限公司", "有限公司", "集团")


def _short_name(name: str) -> str:
    """An enterprise's name without its legal form, as the name of a folder."""
    for form in COMPANY:
        name = name.removesuffix(form) or name
    return safe_name(name, 20)


def _history(application: Application) -> str:
    """What was done with an application and what was said about it, to be read by people."""
    revision = application.current_revision
    lines = [
        f"申报单位：{application.enterprise}（{application.enterprise.credit_code}）",
        f"推荐单位：{application.bureau}",
        f"项目名称：{revision.project_name}",
        f"回执编号：{revision.receipt}（第 {revision.number} 版，{moment(revision.submitted_at)}）",
        f"内容校验值：SHA-256 {revision.sha256}",
        f"状态：{application.status_label(Role.PROVINCE)}",
    ]
    if _is_announced(application):
        lines.append(f"推荐名次：{application.seat.place}")
        if application.seat.exempt_reason:
            lines.append(f"不占名额的理由：{application.seat.exempt_reason}")
        lines.append(f"推荐意见：{application.seat.opinion or '—'}")
    lines += ["", "办理记录"]
    for event in _events(application):
        by = f"{event.actor}（{event.actor.affiliation}）"
        lines.append(f"{moment(event.at)}  {event.verb_label}  {by}")
        lines += [f"    {line}" for line in event.comment.splitlines()]
    if comments := list(application.comments.sent().select_related("revision")):
        lines += ["", "逐项审核意见"]
        for comment in comments:
            lines += _remark(comment)
    return "\n".join([*lines, ""])


def _events(application: Application) -> Sequence[Event]:
    people = ("actor__enterprise", "actor__bureau")
    return application.events.select_related(*people).order_by("at", "pk")


def _remark(comment: Comment) -> list[str]:
    lines = [
        f"第 {comment.revision.number} 版  {comment.title}  {comment.get_kind_display()}",
        *(f"    {line}" for line in comment.text.splitlines()),
    ]
    if comment.answer:
        reply = " ".join(comment.reply.split())
        lines.append(f"    答复：{comment.get_answer_display()}{f'：{reply}' if reply else ''}")
    return lines
