"""Writing the ledger: ``python -m benchmarks.ledger [10000]`` (some minutes; needs demo data).

Fills a round of its own with applications that copy a demo revision, writes all their columns to a
file, and the same cells with nothing but openpyxl: CPU seconds and the peak of memory of each, in
a process of its own.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from resource import RUSAGE_SELF, getrusage
from time import process_time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.db import transaction  # noqa: E402
from openpyxl import Workbook  # noqa: E402

from applications.models import Application, Revision  # noqa: E402
from applications.states import Status  # noqa: E402
from portal.accounts import credit_code  # noqa: E402
from portal.accounts.models import Enterprise, Role, User  # noqa: E402
from portal.documents import streamed  # noqa: E402
from portal.documents.model import text_of  # noqa: E402
from portal.rounds.models import Round, RoundVersion  # noqa: E402
from review import ledger  # noqa: E402
from review.lists import Query  # noqa: E402

NAME = "台账基准"


@transaction.atomic
def fill(count: int) -> Round:
    """The round with as many applications as there are to be."""
    model = Revision.objects.filter(application__enterprise__name__startswith="山西").latest("pk")
    source = model.application.version
    round, is_new = Round.objects.get_or_create(
        slug="ledger-benchmark",
        defaults={
            "title": NAME,
            "year": source.round.year,
            "level": source.round.level,
            "opens_at": source.round.opens_at,
            "enterprise_deadline": source.round.enterprise_deadline,
            "bureau_deadline": source.round.bureau_deadline,
            "published_at": source.round.published_at,
        },
    )
    if is_new:
        editions = {
            name: getattr(source, name)
            for name in ("scenario_edition", "indicator_edition", "condition_edition")
        }
        RoundVersion.objects.create(
            round=round, number=1, published_at=round.published_at, **editions
        )
    bureau = model.application.bureau
    numbers = range(round.applications.count(), count)
    heads = [f"91140100MAW{number:06d}" for number in numbers]
    enterprises = Enterprise.objects.bulk_create(
        Enterprise(
            name=f"{NAME}{head[-6:]}有限公司",
            credit_code=head + credit_code.check_character(head),
            bureau=bureau,
        )
        for head in heads
    )
    version = round.versions.get()
    applications = Application.objects.bulk_create(
        Application(enterprise=each, round=round, version=version, bureau=bureau)
        for each in enterprises
    )
    revisions = Revision.objects.bulk_create(
        Revision(
            application=application,
            number=1,
            receipt=f"{NAME}-{application.pk}",
            data=model.data,
            sha256=model.sha256,
            project_name=model.project_name,
            submitted_at=model.submitted_at,
            submitted_by=model.submitted_by,
        )
        for application in applications
    )
    for application, revision in zip(applications, revisions, strict=True):
        application.current_revision, application.status = revision, Status.SUBMITTED
    Application.objects.bulk_update(applications, ["current_revision", "status"], batch_size=500)
    return round


def columns_and_rows(round: Round) -> tuple[list[ledger.Column], Iterator[list]]:
    columns = list(ledger.columns_of(round).values())
    user = User.objects.filter(role=Role.PROVINCE).earliest("pk")
    applications = ledger.applications(Query(round), user)
    return columns, ledger.LedgerResource(columns).rows(applications)


def portal(round: Round, count: int) -> None:
    columns, rows = columns_and_rows(round)
    with tempfile.TemporaryFile() as stream:
        streamed.write(NAME, ledger.headings(columns), rows, stream)


def floor(round: Round, count: int) -> None:
    """The cells of one row over and over, as openpyxl takes them."""
    columns, rows = columns_and_rows(round)
    kinds = [column.kind for column in columns]
    row = [
        text_of(value, kind) if isinstance(value, tuple) else value
        for value, kind in zip(next(rows), kinds, strict=True)
    ]
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for _ in range(count + 1):
        sheet.append(row)
    with tempfile.TemporaryFile() as stream:
        book.save(stream)


SIDES: dict[str, Callable[[Round, int], None]] = {"portal": portal, "floor": floor}


def main(count: int) -> None:
    round = fill(count)
    columns = len(ledger.columns_of(round))
    print(f"{count} rows of {columns} columns: CPU time, peak memory")
    for side in SIDES:
        command = [sys.executable, "-m", "benchmarks.ledger", str(count), side]
        print(f"{side}: {subprocess.check_output(command, text=True)}", end="")


def measure(count: int, side: str) -> None:
    round = Round.objects.get(slug="ledger-benchmark")
    before, begun = getrusage(RUSAGE_SELF).ru_maxrss, process_time()
    SIDES[side](round, count)
    taken, peak = process_time() - begun, getrusage(RUSAGE_SELF).ru_maxrss
    print(f"{taken:.1f} s, {peak / 1024:.0f} MB (of which {before / 1024:.0f} MB before it began)")


if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else 10_000
    measure(count, sys.argv[2]) if sys.argv[2:] else main(count)
