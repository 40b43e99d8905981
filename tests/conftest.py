"""What every test stands on: nothing of one test, and nothing of a real installation, gets in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection

from portal.celery import app as celery
from portal.jobs.models import Job
from portal.jobs.tasks import run


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A file, not memory: threads need connections of their own for a race to be one."""
    if connection.vendor == "sqlite":
        database = connection.settings_dict
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        # The same locks as in earnest, only without waiting for the disk.
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session", autouse=True)
def _own_queue():
    """What tests queue must never reach the worker of a portal running from the same folder."""
    celery.conf.broker_url = "memory://"
    celery.conf.broker_transport_options = {}


@pytest.fixture(autouse=True)
def _clean_slate(settings, tmp_path: Path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = tmp_path / "files"
    cache.clear()


@pytest.fixture
def work_off_jobs(db) -> Callable[[], int]:
    """Do what a worker would do with everything queued; returns how many jobs that was."""
    celery.loader.import_default_modules()  # where the apps register their kinds of work

    def work_off() -> int:
        done = 0
        while job := Job.objects.filter(status=Job.Status.QUEUED).order_by("pk").first():
            run(job.pk)
            done += 1
        return done

    return work_off
