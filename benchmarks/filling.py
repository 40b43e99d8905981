"""Filling in, beside its floor: ``python -m benchmarks.filling`` (a minute; needs demo data).

CPU time of one request, application and SQLite together, as a ratio of what bare Django needs for
the same step; three interleaved rounds, medians.
"""

import json
import subprocess
import sys
from statistics import median

STEPS = {
    "field": "save one field while typing (floor: one UPDATE)",
    "form": "save a whole section without script (floor: a form of 40 fields)",
    "page": "open a section page (floor: a form of 40 fields)",
}
ROUNDS, TIMES = 3, 200


def run(side: str, step: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.measure", side, step, str(TIMES)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main() -> None:
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for step in STEPS:
            for side in ("floor", "portal"):
                found.setdefault((side, step), []).append(run(side, step))
    for step, title in STEPS.items():
        floor, portal = (
            median(each["ms"] for each in found[side, step]) for side in ("floor", "portal")
        )
        statements = found["portal", step][0]["statements"]
        print(f"{title}: {portal:.2f} ms / {floor:.2f} ms = {portal / floor:.2f}, {statements}")


if __name__ == "__main__":
    main()
