"""The background worker: the same command beside the embedded server and in production."""

import logging
import threading
import time
import warnings

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from portal.celery import app
from portal.jobs.models import SILENCE
from portal.jobs.schedule import start_due
from portal.jobs.tasks import requeue

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "运行后台任务（导出、导入等）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=1, help="同时处理的任务数")

    def handle(self, *, concurrency: int, **options) -> None:
        if count := requeue():
            self.stdout.write(f"已将 {count} 个未完成的后台任务重新排队。")
        # The pool's processes must not inherit this connection.
        connections.close_all()
        threading.Thread(target=sweep, daemon=True).start()
        # Harmless on a person's own machine; docker-compose.yml runs the worker as a plain user.
        warnings.filterwarnings("ignore", message="You're running the worker with superuser")
        app.worker_main(
            [
                "--quiet",
                "worker",
                "--pool=solo" if concurrency == 1 else "--pool=prefork",
                f"--concurrency={concurrency}",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
            ]
        )


def sweep() -> None:
    """What a killed worker held comes back once it is silent for long; regular work begins."""
    while True:
        time.sleep(SILENCE.total_seconds())
        try:
            requeue()
            start_due()
        except Exception:  # the broker or the database is away for a moment: next time
            logger.exception("could not queue waiting or regular jobs")
        finally:
            connections.close_all()
