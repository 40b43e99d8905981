"""Background work of the review side."""

import tempfile
from collections.abc import Iterator

from applications import papers
from applications.models import Paper
from applications.workflow import SUBMITTED
from portal.catalogue.models import Bureau
from portal.documents import Format, streamed
from portal.documents.model import DocumentError, Value
from portal.errors import PortalError
from portal.jobs.documents import keep_document
from portal.jobs.models import Job
from portal.jobs.registry import work
from portal.jobs.schedule import regularly
from portal.rounds.models import Round
from review import archive, auditing, forecast, indexing, ledger, summary, summary_versions
from review.lists import Query
from review.preparing import trials

SUMMARY = "summary"
LIST = "list"
LEDGER = "ledger"
PROGRESS = "progress"
REPORTED = 200
"""After how many rows of the ledger its progress is told anew."""


@work(SUMMARY)
def make_summary(job: Job) -> None:
    """Annex 1 of ``round`` (id), of one ``bureau`` (id) or all (None), in ``format``.

    A bureau gets its own, to stamp; what the province gets becomes a version.
    """
    job.report(10, "正在汇集推荐名单")
    asked = job.parameters
    round = Round.objects.get(pk=asked["round"])
    bureau = Bureau.objects.get(pk=asked["bureau"]) if asked["bureau"] else None
    if job.owner.is_bureau:
        result = summary.to_stamp(round, job.owner.bureau)
    else:
        result = summary.build(round, bureau, include_sent=asked.get("include_sent", False))
    if bureau and result.missing:
        raise PortalError(f"{result.missing[0]}，不能生成推荐汇总表。")
    job.report(40, "正在生成文件")
    pages = keep_document(job, result.document, Format(asked["format"]))
    papers.issue(result.document, Paper.Kind.SUMMARY, pages=pages, round=round, bureau=bureau)
    if job.owner.is_province:
        summary_versions.keep(result, round, bureau, job=job)
    missing = f"未收入：{'；'.join(result.missing)}。" if result.missing else ""
    notes = f"{'；'.join(result.notes)}。" if result.notes else ""
    job.message = missing + notes


@work(SUBMITTED)
def index_submission(job: Job) -> None:
    """Make the texts of ``revision`` (id) comparable, unless a later one has taken its place."""
    if revision := indexing.current_revisions().filter(pk=job.parameters["revision"]).first():
        indexing.index(revision)


@work(LIST)
def make_list(job: Job) -> None:
    """The applications of ``round`` (id) that ``query`` finds for the owner, as Excel."""
    job.report(10, "正在汇集申报")
    query = Query.of(Round.objects.get(pk=job.parameters["round"]), job.parameters["query"])
    document = query.document(job.owner)
    job.report(40, "正在生成文件")
    keep_document(job, document, Format.XLSX)


@work(LEDGER)
def make_ledger(job: Job) -> None:
    """The applications of ``round`` (id) that ``query`` finds, in these ``columns``, as Excel."""
    job.report(0, "正在汇集申报")
    round = Round.objects.get(pk=job.parameters["round"])
    query = Query.of(round, job.parameters["query"])
    columns = ledger.chosen(job.parameters["columns"], ledger.columns_of(round))
    applications = ledger.applications(query, job.owner)
    total = applications.count()

    def rows() -> Iterator[list[Value]]:
        for number, row in enumerate(ledger.LedgerResource(columns).rows(applications)):
            if number % REPORTED == 0:
                job.report(95 * number // max(total, number), f"已写入 {number} / {total} 项")
            yield row

    with tempfile.TemporaryFile() as stream:
        try:
            streamed.write(ledger.TITLE, ledger.headings(columns), rows(), stream)
        except DocumentError as error:
            raise PortalError(str(error)) from error
        stream.seek(0)
        job.keep(stream, f"{round}{ledger.TITLE}.xlsx")
    job.message = ""  # how far it was is of no interest any more


@work(archive.KIND)
def make_archive(job: Job) -> None:
    """The package of all that was submitted in a round, or to one bureau in it."""
    archive.make(job)


@regularly(PROGRESS, "统计填报进度", every=forecast.EVERY)
def note_progress(job: Job) -> None:
    """How far the drafts of open rounds are, for the forecast of who will be late."""
    forecast.note(job.report)


@regularly(auditing.VERIFIED, "每日验证审计链", hour=3)
def verify_audit(job: Job) -> None:
    """Hold the audit trail against its chain: each night, and when the province asks."""
    auditing.verify(job)


@work(trials.TRIAL)
def walk_trial(job: Job) -> None:
    """Take the ``version`` (id) of a round through a dry run in so many ``units``."""
    trials.walk(job)
