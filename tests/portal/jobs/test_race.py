"""Several workers and one job."""

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
