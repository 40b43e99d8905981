"""What is done once a transaction has committed."""

from collections.abc import Callable

from django.db import connection, transaction


def once_committed(function: Callable[[], object]) -> None:
    """Call ``function`` after the surrounding transaction; once, however often it is asked for.

    Its failure neither undoes nor hides what was committed, so something else must make it good.
    """
    if not any(waiting[1] is function for waiting in connection.run_on_commit):
        transaction.on_commit(function, robust=True)
