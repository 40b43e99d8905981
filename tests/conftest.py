"""What every test stands on: nothing of one test, and nothing of a real installation, gets in."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, connections, transaction

from portal.audit import append_only
from portal.celery import app as celery
from portal.jobs.models import Job
from portal.jobs.tasks import run
from tests import cast


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A file, not memory: threads need connections of their own for a race to be one."""
    if connection.vendor == "sqlite":
        database = connection.settings_dict
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        # The same locks as in earnest, only without waiting for the disk.
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session", autouse=True)
def _emptied_trail():
    """Emptying the test database must empty the audit trail too, which its triggers refuse."""
    with pytest.MonkeyPatch.context() as patch:
        operations = type(connection.ops)
        emptied = operations.sql_flush

        def sql_flush(*args, **kwargs) -> list[str]:
            vendor = connection.vendor
            sql = emptied(*args, **kwargs)
            return [*append_only.lifting(vendor), *sql, *append_only.statements(vendor)]

        patch.setattr(operations, "sql_flush", sql_flush)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_queue():
    """What tests queue must never reach the worker of a portal running from the same folder."""
    celery.conf.broker_url = "memory://localhost"
    celery.conf.broker_transport_options = {}


@pytest.fixture(autouse=True)
def _clean_slate(settings, tmp_path: Path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.AUDIT_ANCHOR = tmp_path / "audit-anchor.json"
    # Else every test client would first read all static files.
    settings.WHITENOISE_AUTOREFRESH = True
    cache.clear()


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The official fixtures, loaded once for a module; its tests' transactions lie inside this one.

    Of no use to race tests, whose threads do not see what is not committed.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        cast.load_catalogue()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def work_off_jobs(db) -> Callable[[], int]:
    """Do what a worker would do with everything queued; returns how many jobs had an owner."""
    celery.loader.import_default_modules()  # where the apps register their kinds of work

    def work_off() -> int:
        done = 0
        while job := Job.objects.filter(status=Job.Status.QUEUED).order_by("pk").first():
            run(job.pk)
            done += job.owner_id is not None
        return done

    return work_off


@pytest.fixture
def at_once(transactional_db) -> Callable[..., list[Any]]:
    """Call all the functions at the same moment, each as a visitor of its own.

    Returns, in order, what each returned or the exception it raised. Mark such tests ``race``.
    """

    def run_all(*acts: Callable[[], Any]) -> list[Any]:
        gate = Barrier(len(acts))

        def visitor(act: Callable[[], Any]) -> Any:
            gate.wait()
            try:
                return act()
            except Exception as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(visitor, acts))

    return run_all
