"""Background work of the review side."""

from portal.catalogue.models import Bureau
from portal.documents import Format
from portal.errors import PortalError
from portal.jobs.documents import keep_document
from portal.jobs.models import Job
from portal.jobs.registry import work
from portal.rounds.models import Round
from review import summary

SUMMARY = "summary"


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
    keep_document(job, result.document, Format(job.parameters["format"]))
    missing = f"未收入：{'；'.join(result.missing)}。" if result.missing else ""
    notes = f"{'；'.join(result.notes)}。" if result.notes else ""
    job.message = missing + notes
