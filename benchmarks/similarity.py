"""Comparing texts: ``python -m benchmarks.similarity [1000]`` (a minute; needs demo data).

Fills the database with invented applications of nearly 20,000 characters, a tenth of them in
sentences that go around; then measures, beside the reading and writing that cannot be saved, what
it takes to index one, to compare it with all the others, and to open its page. CPU time, medians.
"""

import os
import sys
from collections.abc import Callable, Iterable
from copy import deepcopy
from random import Random
from statistics import median
from time import process_time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["ALLOWED_HOSTS"] = "testserver"
django.setup()

from django.db import transaction  # noqa: E402
from django.db.models import Avg  # noqa: E402
from django.db.models.functions import Length  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from applications.models import Application, Revision  # noqa: E402
from applications.states import Status  # noqa: E402
from portal.accounts import credit_code  # noqa: E402
from portal.accounts.models import Enterprise, Role, User  # noqa: E402
from review import indexing  # noqa: E402
from review.models import TextIndex  # noqa: E402

PREFIX = "比对基准"
CHARACTERS, AROUND, TIMES = 20_000, 5_000, 20
random = Random(4)
WORDS = [
    "".join(chr(random.randint(0x4E00, 0x9FA5)) for _ in range(random.choice([1, 2, 2, 3])))
    for _ in range(3000)
]


def sentence() -> str:
    return "，".join("".join(random.choices(WORDS, k=8)) for _ in range(3)) + "。"


def text(length: int, going_around: list[str]) -> str:
    written = ""
    while len(written) < length:
        written += random.choice(going_around) if random.random() < 0.1 else sentence()
    return written


@transaction.atomic
def fill(count: int) -> list[Application]:
    """The invented applications, as many as there are to be."""
    model = Revision.objects.filter(application__enterprise__name__startswith="山西").latest("pk")
    going_around = [sentence() for _ in range(AROUND)]
    pieces = sum(1 for _ in answers(model.data))
    found = list(Application.objects.filter(enterprise__name__startswith=PREFIX).order_by("pk"))
    for number in range(len(found), count):
        head = f"91140100MAY{number:06d}"
        enterprise = Enterprise.objects.create(
            name=f"{PREFIX}{number}有限公司",
            credit_code=head + credit_code.check_character(head),
            bureau=model.application.bureau,
        )
        application = Application.objects.create(
            enterprise=enterprise, round=model.application.round, bureau=enterprise.bureau
        )
        data = deepcopy(model.data)
        for answer in answers(data):
            answer["text"] = text(CHARACTERS // pieces, going_around)
        application.current_revision = Revision.objects.create(
            application=application,
            number=1,
            receipt=f"{PREFIX}-{number}",
            data=data,
            sha256=Revision.digest(data),
            project_name=enterprise.name,
            submitted_at=model.submitted_at,
            submitted_by=model.submitted_by,
        )
        application.status = Status.SUBMITTED
        application.save()
        found.append(application)
    return found


def answers(data: dict) -> Iterable[dict]:
    """The long answers of a snapshot."""
    for section in data["sections"]:
        blocks = [(section["slug"], section["fields"])]
        blocks += [(g["slug"], row["fields"]) for g in section["groups"] for row in g["rows"]]
        for slug, fields in blocks:
            yield from (f for f in fields if (slug, f["name"]) in indexing.PROSE and f["text"])


def taken(step: Callable[[Application], object], applications: list[Application]) -> float:
    """Median CPU time in ms."""
    times = []
    for application in applications:
        begun = process_time()
        step(application)
        times.append(process_time() - begun)
    return median(times) * 1000


def main(count: int) -> None:
    applications = fill(count)
    chosen = random.sample(applications, TIMES)
    public = indexing.public_grams()
    client = Client()
    client.force_login(User.objects.filter(role=Role.PROVINCE).earliest("pk"))

    def revision(application: Application) -> Revision:
        return Revision.objects.get(pk=application.current_revision_id)

    def write(application: Application) -> None:
        TextIndex.objects.filter(application=application).update(
            text=indexing.Content(revision(application).data).text
        )

    def read(_application: Application) -> None:
        list(TextIndex.objects.values_list("application_id", "fingerprints"))

    indexing_all = taken(lambda each: indexing.index(revision(each), public), applications)
    size = TextIndex.objects.aggregate(text=Avg(Length("text")), kept=Avg(Length("fingerprints")))
    print(f"{count} applications of {size['text']:.0f} characters, {size['kept']:.0f} bytes kept")
    print(f"index one: {indexing_all:.1f} ms / {taken(write, chosen):.1f} ms (read, join, write)")
    fresh = [Application.objects.with_parties().get(pk=each.pk) for each in chosen]
    comparing, reading = taken(indexing.compare, fresh), taken(read, chosen)
    print(f"compare with all: {comparing:.0f} ms / {reading:.0f} ms (read what was kept)")
    page = lambda each: client.get(reverse("review:similarity", args=[each.pk]))  # noqa: E731
    reader = lambda each: client.get(reverse("review:reader", args=[each.pk]))  # noqa: E731
    print(f"open its page: {taken(page, chosen):.0f} ms / {taken(reader, chosen):.0f} ms (reader)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1000)
