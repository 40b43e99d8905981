"""What the checks said at the moment of submitting, kept with the revision.

The bureau reads it there: nobody argues about an answer that the engine gave another day.
"""

from typing import Any

from applications.checks.conditions import areas, readiness
from applications.checks.finding import Finding, Location
from applications.sections import Filing


def frozen(filing: Filing, findings: list[Finding]) -> dict[str, Any]:
    """``findings``, ``clauses`` and ``areas`` (五大环节 with their counts) as plain JSON.

    A place is section, group, key and field, as in a comment's; ``state``, ``modality`` and
    ``severity`` are values of their choices with the label beside them.
    """
    return {
        "findings": [
            {
                **_place(f),
                "message": f.message,
                "severity": f.severity.value,
                "severity_label": f.severity.label,
                "clause": f.clause,
            }
            for f in findings
        ],
        "clauses": [
            {
                **_place(clause),
                "code": clause.condition.code,
                "where": clause.condition.where,
                "text": clause.condition.text,
                "modality": clause.condition.modality,
                "modality_label": clause.condition.get_modality_display(),
                "state": clause.state.value,
                "state_label": clause.state.label,
                "basis": clause.basis,
                "reason": clause.reason,
            }
            for clause in readiness(filing)
        ],
        "areas": [
            {
                "area": each.area.value,
                "label": each.area.label,
                "count": each.count,
                "asked": each.asked.value if each.asked else "",
                "asked_label": each.asked.label if each.asked else "",
            }
            for each in areas(filing)
        ],
    }


def _place(location: Location) -> dict[str, str]:
    return {name: getattr(location, name) for name in ("section", "group", "key", "field")}
