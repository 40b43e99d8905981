"""Background work of the review side."""

from applications import papers
from applications.models import Paper
from applications.workflow import SUBMITTED
from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.errors import PortalError
from portal.jobs.documents import keep_document
from portal.jobs.models import Job
from portal.jobs.registry import work
from portal.rounds.models import Round
from review import indexing, summary
from review.lists import Query

SUMMARY = "summary"
LIST = "list"


@work(SUMMARY)
def make_summary(job: Job) -> None:
    """Annex 1 of ``round`` (id), of one ``bureau`` (id) or all (None), in ``format``."""
    job.report(10, "正在汇集推荐名单")
    round = Round.objects.get(pk=job.parameters["round"])
    bureau_id = job.parameters["bureau"]
    bureau = Bureau.objects.get(pk=bureau_id) if bureau_id else None
    result = summary.build(round, bureau)
    if bureau and result.missing:
        raise PortalError(f"{result.missing[0]}，不能生成推荐汇总表。")
    job.report(40, "正在生成文件")
    pages = keep_document(job, result.document, Format(job.parameters["format"]))
    papers.issue(result.document, Paper.Kind.SUMMARY, pages=pages, round=round, bureau=bureau)
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
