"""The one Celery task: take a job and do its work. The only place that knows Celery's ways."""

import logging
from typing import Any

from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import trail
from portal.celery import app
from portal.errors import PortalError
from portal.jobs.models import MOST_ATTEMPTS, Cancelled, Job, JobQuerySet
from portal.jobs.registry import KINDS

logger = logging.getLogger(__name__)


@transaction.atomic
def start(
    *, owner: User | None, kind: str, title: str, about: Model | None = None, **parameters: Any
) -> Job:
    """Record a job and queue it when the surrounding transaction commits.

    Without an ``owner`` it is the portal's own work, on nobody's page. What somebody orders is on
    the audit trail, among what was done with the row it is ``about``.
    """
    job = Job.objects.create(owner=owner, kind=kind, title=title, parameters=parameters)
    if owner:
        trail.record("order", "发起任务", actor=owner, target=about or job, named=title)
    # With the broker down the row waits for the next ``requeue``; the person's request succeeds.
    transaction.on_commit(lambda: run.delay(job.pk), robust=True)
    return job


def requeue() -> int:
    """Queue again every job that no living worker has; how many there were."""
    waiting = list(Job.objects.unclaimed().values_list("pk", flat=True))
    for pk in waiting:
        run.delay(pk)
    return len(waiting)


def revoke(jobs: JobQuerySet, why: str) -> None:
    """Give out no longer what these jobs made, nor what a worker is still making."""
    Job.objects.filter(pk__in=jobs).update(status=Job.Status.FAILED, message=why)


def cancel(job: Job) -> None:
    """Stop a job: at once if no worker has it, else where its work next reports.

    Work that comes to its end before that is done; nothing happens to what is finished.
    """
    now = timezone.now()
    stopped = (
        Job.objects.unclaimed()
        .filter(pk=job.pk)
        .update(status=Job.Status.CANCELLED, cancel_asked_at=now, message="", touched_at=now)
    )
    if stopped:
        Job.objects.get(pk=job.pk).discard()
    else:
        # Without ``touched_at``, which is the worker's sign of life.
        running = Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING, cancel_asked_at=None)
        running.update(cancel_asked_at=now)


@app.task
def run(pk: int) -> None:
    """Do a job's work, unless another worker has it or it is done."""
    claimed = (
        Job.objects.unclaimed()
        .filter(pk=pk)
        .update(
            status=Job.Status.RUNNING,
            attempts=F("attempts") + 1,
            percent=0,
            message="",
            touched_at=timezone.now(),
        )
    )
    if not claimed:
        return
    job = Job.objects.get(pk=pk)
    if job.attempts > MOST_ATTEMPTS:
        _finish(job, Job.Status.FAILED, "多次处理都没有完成，已停止。请联系省厅。")
        return
    try:
        if job.cancel_asked_at:  # of a worker that died before it could stop
            raise Cancelled
        KINDS[job.kind](job)
    except Cancelled:
        job.discard()
        _finish(job, Job.Status.CANCELLED, "")
    except PortalError as error:
        _finish(job, Job.Status.FAILED, str(error))
    except Exception:
        # The owner must see an end; the details are for the log, by id alone.
        logger.exception("job %s failed", pk)
        _finish(job, Job.Status.FAILED, "处理时出错，已记录。请稍后重试；仍不成功请联系省厅。")
    else:
        job.percent = 100
        _finish(job, Job.Status.DONE, job.message)


def _finish(job: Job, status: Job.Status, message: str) -> None:
    """Note the end, unless the job was taken for dead meanwhile and given to another worker.

    Of the portal's own work only what failed is kept: nobody looks for the rest.
    """
    mine = {"pk": job.pk, "status": Job.Status.RUNNING, "attempts": job.attempts}
    if job.owner_id is None and status == Job.Status.DONE:
        Job.objects.filter(**mine).delete()
    else:
        Job.objects.filter(**mine).update(
            status=status, percent=job.percent, message=message, touched_at=timezone.now()
        )
