"""A job: claimed once, watched by its owner, never left without an end."""

import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role
from portal.audit import trail
from portal.errors import PortalError
from portal.jobs.models import MOST_ATTEMPTS, SILENCE, Job
from portal.jobs.registry import KINDS
from portal.jobs.tasks import cancel, requeue, run, start
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return cast.make_user("owner", Role.PROVINCE)


@pytest.fixture
def make_job(owner, monkeypatch):
    """A queued job whose work is ``act``; also what it was called with."""

    def make(act=lambda job: None) -> Job:
        monkeypatch.setitem(KINDS, "test", act)
        return start(owner=owner, kind="test", title="测试任务", number=7)

    return make


def ended(job):
    run(job.pk)
    job.refresh_from_db()
    return job


def silent_for(job, duration):
    """As if its worker had been killed that long ago."""
    Job.objects.filter(pk=job.pk).update(
        status=Job.Status.RUNNING, touched_at=timezone.now() - duration
    )


def test_a_job_does_its_work_with_its_parameters_and_is_done(make_job):
    seen = []
    job = ended(make_job(lambda job: seen.append((job.status, job.parameters))))
    assert seen == [(Job.Status.RUNNING, {"number": 7})]
    assert (job.status, job.percent, job.is_finished) == (Job.Status.DONE, 100, True)


def test_progress_is_seen_while_the_work_goes_on(make_job):
    def act(job):
        job.report(40, "正在生成")
        stored = Job.objects.get(pk=job.pk)
        assert (stored.status, stored.percent, stored.message) == ("running", 40, "正在生成")

    assert ended(make_job(act)).status == Job.Status.DONE


def test_a_kept_file_is_there_when_the_job_is_done(make_job):
    job = ended(make_job(lambda job: job.keep(io.BytesIO(b"x"), "附件1.pdf")))
    assert job.file.read() == b"x"
    assert job.file_name == "附件1.pdf"


def test_a_refusal_is_shown_to_the_owner_as_it_is(make_job):
    def act(job):
        raise PortalError("太原市尚未报送。")

    job = ended(make_job(act))
    assert (job.status, job.message) == (Job.Status.FAILED, "太原市尚未报送。")


def test_a_crash_ends_in_a_sentence_without_the_details(make_job, caplog):
    def act(job):
        raise KeyError("19912345678")

    job = ended(make_job(act))
    assert job.status == Job.Status.FAILED
    assert job.message == "处理时出错，已记录。请稍后重试；仍不成功请联系省厅。"
    assert f"job {job.pk} failed" in caplog.text


def test_of_the_portals_own_work_only_what_failed_is_kept(monkeypatch):
    def act(job):
        if job.title == "不成":
            raise PortalError("没有做成。")

    monkeypatch.setitem(KINDS, "test", act)
    for title in ("做成", "不成"):
        run(start(owner=None, kind="test", title=title).pk)
    assert [(job.title, job.status) for job in Job.objects.all()] == [("不成", Job.Status.FAILED)]


def test_a_kind_that_no_longer_exists_ends_as_failed(owner):
    job = start(owner=owner, kind="gone", title="测试任务")
    assert ended(job).status == Job.Status.FAILED


@pytest.mark.parametrize("status", [Job.Status.DONE, Job.Status.FAILED, Job.Status.RUNNING])
def test_a_job_that_is_taken_or_finished_is_not_run_again(make_job, status):
    seen = []
    job = make_job(seen.append)
    Job.objects.filter(pk=job.pk).update(status=status, touched_at=timezone.now())
    run(job.pk)
    assert not seen
    job.refresh_from_db()
    assert job.status == status


def test_a_job_that_was_deleted_meanwhile_is_no_error(make_job):
    job = make_job()
    pk = job.pk
    job.delete()
    run(pk)


def test_what_a_dead_worker_held_is_queued_again_and_done(make_job):
    seen = []
    job = make_job(seen.append)
    silent_for(job, SILENCE + timedelta(seconds=1))
    assert requeue() == 1
    assert ended(job).status == Job.Status.DONE
    assert len(seen) == 1


def test_what_a_living_worker_holds_is_left_to_it(make_job):
    seen = []
    job = make_job(seen.append)
    silent_for(job, SILENCE - timedelta(seconds=10))
    assert requeue() == 0
    run(job.pk)
    assert not seen


def test_a_job_that_takes_its_worker_down_each_time_is_given_up(make_job):
    seen = []
    job = make_job(seen.append)
    for _ in range(MOST_ATTEMPTS):
        run(job.pk)
        silent_for(job, SILENCE + timedelta(seconds=1))
    assert ended(job).status == Job.Status.FAILED
    assert job.message == "多次处理都没有完成，已停止。请联系省厅。"
    assert len(seen) == MOST_ATTEMPTS


def test_a_worker_taken_for_dead_does_not_end_what_another_has_begun(make_job):
    def act(job):
        if job.attempts == 1:
            silent_for(job, SILENCE + timedelta(seconds=1))
            Job.objects.filter(pk=job.pk).update(attempts=2, touched_at=timezone.now())
            raise PortalError("太迟了。")

    assert ended(make_job(act)).status == Job.Status.RUNNING


def test_a_job_that_waits_is_cancelled_at_once_and_never_begun(make_job):
    seen = []
    job = make_job(seen.append)
    cancel(job)
    cancel(job)
    assert ended(job).status == Job.Status.CANCELLED
    assert job.is_finished
    assert requeue() == 0
    assert not seen


def test_a_running_job_stops_where_it_next_reports_and_leaves_no_file(make_job, settings):
    def act(job):
        job.keep(io.BytesIO(b"x"), "半个.zip")
        cancel(job)
        assert "正在停止" in Job.objects.get(pk=job.pk).standing
        job.report(50)
        raise AssertionError("did not stop")

    job = ended(make_job(act))
    assert (job.status, job.message, job.file_name) == (Job.Status.CANCELLED, "", "")
    assert not job.file
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_work_that_ends_before_it_learns_of_the_cancelling_is_done(make_job):
    job = ended(make_job(cancel))
    assert job.status == Job.Status.DONE
    cancel(job)
    assert ended(job).status == Job.Status.DONE


def test_a_job_cancelled_under_a_worker_that_died_is_not_begun_again(make_job):
    seen = []
    job = make_job(seen.append)
    silent_for(job, timedelta(0))
    cancel(job)
    silent_for(job, SILENCE + timedelta(seconds=1))
    assert ended(job).status == Job.Status.CANCELLED
    assert not seen


def test_only_its_owner_cancels_a_job_and_its_page_says_so(make_job, owner, client):
    job = make_job()
    url = reverse("jobs:cancel", args=[job.pk])
    client.force_login(cast.make_user("colleague", Role.PROVINCE))
    assert client.post(url).status_code == 404
    client.force_login(owner)
    assert client.get(url).status_code == 405
    assert "取消</button>" in client.get(reverse("jobs:detail", args=[job.pk])).text
    page = client.post(url, follow=True).text
    assert "已取消，没有生成文件" in page
    assert "取消</button>" not in page


def test_waiting_jobs_are_queued_again_and_finished_ones_are_not(make_job):
    waiting, done = make_job(), make_job()
    ended(done)
    assert requeue() == 1
    assert ended(waiting).status == Job.Status.DONE


def test_nothing_but_its_id_is_queued_and_only_on_commit(
    make_job, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        make_job()
    sealed, _queued = callbacks
    assert sealed == trail.seal
