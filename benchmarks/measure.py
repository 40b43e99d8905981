"""One step, measured in this process: ``python -m benchmarks.measure floor|portal STEP TIMES``.

Prints JSON: the median CPU time of a request in ms (application and SQLite), and its statements.
"""

import json
import os
import sys
from collections.abc import Callable
from itertools import count
from statistics import median
from time import process_time

import django

SIDE, STEP, TIMES = sys.argv[1], sys.argv[2], int(sys.argv[3])
if SIDE == "floor":
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.floor.settings"
else:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ["ALLOWED_HOSTS"] = "testserver"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
Step = tuple[Callable[[], object], Callable[[object], object]]
"""What to prepare outside the measured time, and the request that is measured."""


def floor() -> dict[str, Step]:
    from benchmarks.floor.models import FIELDS, Draft

    call_command("migrate", run_syncdb=True, verbosity=0)
    user, _ = get_user_model().objects.get_or_create(username="somebody")
    Draft.objects.get_or_create(pk=1)
    client, number = Client(), count()
    client.force_login(user)
    return {
        "field": (
            lambda: json.dumps({"field": FIELDS[0], "value": f"文字{next(number)}"}),
            lambda body: client.post("/1/field/", body, content_type="application/json"),
        ),
        "form": (
            lambda: dict.fromkeys(FIELDS, f"文字{next(number)}"),
            lambda data: client.post("/1/", data),
        ),
        "page": (lambda: None, lambda _nothing: client.get("/1/")),
    }


def portal() -> dict[str, Step]:
    from django.urls import reverse

    from applications.editing import SEEN, SectionPage
    from applications.models import Application
    from applications.sections import BY_SLUG

    draft = Application.objects.filter(status="draft").earliest("pk")
    client, number = Client(), count()
    client.force_login(draft.enterprise.user_set.earliest("pk"))
    save = reverse("applications:save", args=[draft.pk])
    page = reverse("applications:section", args=[draft.pk, "basic"])

    def stored() -> Application:
        return Application.objects.with_sections().get(pk=draft.pk)

    def field() -> str:
        seen = stored().basic.fingerprint("honours")
        change = {"value": f"文字{next(number)}", "seen": seen}
        return json.dumps({"section": "basic", "changes": {"honours": change}})

    def form() -> dict[str, object]:
        shown = SectionPage.stored(stored(), BY_SLUG["basic"])
        data = {name: shown.form[name].value() or "" for name in shown.form.fields}
        return data | {SEEN: shown.seen, "honours": f"文字{next(number)}"}

    return {
        "field": (field, lambda body: client.post(save, body, content_type="application/json")),
        "form": (form, lambda data: client.post(page, data)),
        "page": (lambda: None, lambda _nothing: client.get(page)),
    }


def measure(step: Step, times: int) -> tuple[float, int]:
    """Median CPU time in ms, and statements apart from transaction control."""
    prepare, request = step
    taken = []
    for _ in range(times + 10):
        prepared = prepare()
        begun = process_time()
        response = request(prepared)
        taken.append(process_time() - begun)
        assert response.status_code in (200, 302), response.content
    prepared = prepare()
    with CaptureQueriesContext(connection) as asked:
        request(prepared)
    statements = [q for q in asked if not q["sql"].startswith(TRANSACTION)]
    return median(taken[10:]) * 1000, len(statements)


if __name__ == "__main__":
    steps = {"floor": floor, "portal": portal}[SIDE]()
    milliseconds, statements = measure(steps[STEP], TIMES)
    print(json.dumps({"ms": milliseconds, "statements": statements}))
