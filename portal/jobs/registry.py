"""What kinds of background work there are. Each app registers its own in its ``tasks`` module."""

from collections.abc import Callable

from portal.jobs.models import Job

Work = Callable[[Job], None]

KINDS: dict[str, Work] = {}


def work(kind: str) -> Callable[[Work], Work]:
    """Register a function as the work of ``kind``.

    It gets the job, reports progress on it and keeps a file with it. It must be safe to run twice
    (a job whose worker died is given to another) and raises PortalError for what the owner should
    read.
    """

    def register(function: Work) -> Work:
        KINDS[kind] = function
        return function

    return register
