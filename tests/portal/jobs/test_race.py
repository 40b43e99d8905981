"""Several workers and one job."""

from functools import partial

import pytest

from portal.accounts.models import Role, User
from portal.jobs import tasks
from portal.jobs.models import Job
from portal.jobs.registry import KINDS


@pytest.mark.race
def test_of_several_workers_only_one_does_a_job(at_once, monkeypatch):
    done: list[int] = []
    monkeypatch.setitem(KINDS, "count", lambda job: done.append(job.pk))
    owner = User.objects.create(username="owner", role=Role.PROVINCE)
    job = tasks.start(owner=owner, kind="count", title="计数")

    assert at_once(*[lambda: tasks.run(job.pk)] * 6) == [None] * 6

    assert done == [job.pk]
    assert Job.objects.get().status == Job.Status.DONE


@pytest.mark.race
def test_a_job_cancelled_as_a_worker_takes_it_is_either_never_begun_or_told_to_stop(
    at_once, monkeypatch
):
    begun: list[int] = []
    monkeypatch.setitem(KINDS, "count", lambda job: (begun.append(job.pk), job.report(1)))
    owner = User.objects.create(username="owner", role=Role.PROVINCE)
    jobs = [tasks.start(owner=owner, kind="count", title="计数") for _ in range(5)]

    acts = [
        partial(act, of) for job in jobs for act, of in ((tasks.run, job.pk), (tasks.cancel, job))
    ]
    assert at_once(*acts) == [None] * len(acts)

    for job in jobs:
        job.refresh_from_db()
        assert job.is_finished
        assert job.pk in begun or job.status == Job.Status.CANCELLED
