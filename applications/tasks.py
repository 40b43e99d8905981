"""Background work of the enterprise side."""

from applications import book, papers, receipts, telling
from applications.models import Application, Paper, Revision
from portal.documents import Format
from portal.errors import NotAllowed, PortalError
from portal.jobs.documents import keep_document
from portal.jobs.models import Job
from portal.jobs.registry import work
from portal.jobs.schedule import regularly

BOOK = "book"
RECEIPT = "receipt"


@work(BOOK)
def make_book(job: Job) -> None:
    """The 申报书 of ``application`` (id): revision ``number``, or the draft (None), in ``format``.

    Whose it is is asked again: between ordering and making it the owner may have lost the right.
    """
    job.report(5, "正在读取申报内容")
    applications = Application.objects.open_to(job.owner).with_sections()
    application = applications.filter(pk=job.parameters["application"]).first()
    number = job.parameters["number"]
    if application is None or (number is None and not job.owner.is_enterprise):
        raise NotAllowed("您现在不能查看这份申报，没有生成申报书。")

    def progress(picture: int, pictures: int) -> None:
        job.report(10 + 40 * picture // pictures, f"正在处理图片 {picture}/{pictures}")

    format = Format(job.parameters["format"])
    if number is None:
        document = book.of_draft(application, progress)
        job.report(55, "正在排版")
        keep_document(job, document, format)
        return
    revision = application.revisions.get(number=number)
    document = book.of_revision(revision, progress)
    job.report(55, "正在排版")
    pages = keep_document(job, document, format)
    papers.issue(document, Paper.Kind.BOOK, pages=pages, revision=revision)


@work(RECEIPT)
def make_receipt(job: Job) -> None:
    """The receipt of ``revision`` (id) as PDF, with what has become of it by now."""
    revisions = Revision.objects.select_related("application__current_revision")
    revision = revisions.get(pk=job.parameters["revision"])
    if not revision.is_intact:
        raise PortalError("这个版本的内容与提交时的校验值不符，不能生成回执。请立即联系省厅。")
    job.report(30, "正在生成文件")
    document = receipts.document(revision.application, revision)
    pages = keep_document(job, document, Format.PDF)
    papers.issue(document, Paper.Kind.RECEIPT, pages=pages, revision=revision)


@regularly("reminders", "截止提醒", hour=8)
def remind(job: Job) -> None:
    telling.remind()
