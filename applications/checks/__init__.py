"""Readiness: what is missing or wrong, each finding in one Chinese sentence with its clause.

One engine for the task list, the section pages, the panel of clauses and the guard of
``workflow.submit``. It reads a ``Filing`` and asks no database. Saving never asks it; submitting
refuses while any finding blocks.
"""

from collections import defaultdict
from dataclasses import replace

from applications.checks import consistency, indicators, prose
from applications.checks.completeness import gaps, required_names
from applications.checks.conditions import Clause, State, areas, coverage, readiness
from applications.checks.finding import (
    ATTACHMENTS,
    Finding,
    Location,
    Severity,
    comment_location,
    slot_location,
)
from applications.checks.frozen import frozen
from applications.checks.sensitive import sensitive
from applications.sections import SECTIONS, Filing

__all__ = [
    "ATTACHMENTS",
    "Clause",
    "Finding",
    "Location",
    "Severity",
    "State",
    "areas",
    "blocking",
    "comment_location",
    "coverage",
    "findings",
    "frozen",
    "progress",
    "readiness",
    "sensitive",
    "slot_location",
]

RULES = (*consistency.RULES, *indicators.RULES, *prose.RULES)
CLAUSES = {**{section.slug: section.clause for section in SECTIONS}, ATTACHMENTS: "批次附件清单"}
"""What a finding cites that no condition stands behind, by where it points; in reading order."""


def findings(filing: Filing) -> list[Finding]:
    """Everything to say about the sections that ``filing`` holds, in their order, with clauses."""
    found = list(gaps(filing))
    for rule, sections in RULES:
        if all(section in filing.answers for section in sections):
            found += rule(filing)
    if len(filing.answers) == len(SECTIONS):
        for clause in readiness(filing):
            found += clause.findings
    cited = [replace(f, clause=f.clause or CLAUSES[f.section]) for f in found]
    return sorted(cited, key=lambda finding: [*CLAUSES].index(finding.section))


def blocking(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.blocks]


def progress(filing: Filing, found: list[Finding]) -> dict[str, tuple[int, int]]:
    """For each section: how many required answers are right, and how many are required."""
    wrong = {(f.section, f.group, f.key, f.field) for f in blocking(found)}
    done, required = defaultdict(int), defaultdict(int)
    for section, group, answers, _number in filing.blocks():
        place = (section.slug, group.slug, answers.key) if group else (section.slug, "", "")
        names = required_names(filing.application.version, group, answers)
        required[section.slug] += len(names)
        done[section.slug] += sum((*place, name) not in wrong for name in names)
    for section in SECTIONS:
        for group in section.groups:
            required[section.slug] += max(0, group.minimum - len(filing.rows[group.slug]))
    return {slug: (done[slug], required[slug]) for slug in filing.answers}
