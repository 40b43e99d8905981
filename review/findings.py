"""What the checks said of a revision when it was submitted, as the reader shows it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from applications.checks import State
from applications.models import Revision

Said = dict[str, Any]
SETTLED = (State.MET, State.DECLARED)


@dataclass
class Noted:
    """The findings and the clauses of one section, each with the ``anchor`` of its place."""

    findings: list[Said] = field(default_factory=list)
    clauses: list[Said] = field(default_factory=list)

    @property
    def states(self) -> dict[str, int]:
        """How many clauses are in each state."""
        return dict(Counter(clause["state_label"] for clause in self.clauses))

    @property
    def is_unmet(self) -> bool:
        return any(clause["state"] == State.UNMET for clause in self.clauses)

    @property
    def to_look_at(self) -> dict[str, int]:
        """How many of what kind want an eye on them."""
        unsettled = (c["state_label"] for c in self.clauses if c["state"] not in SETTLED)
        return dict(Counter([*(each["severity_label"] for each in self.findings), *unsettled]))


def noted(revision: Revision) -> dict[str, Noted]:
    """By section; clauses that rest on nothing in it belong to the declarations.

    Empty for a revision from before the checks were kept.
    """
    found: dict[str, Noted] = defaultdict(Noted)
    for kind in ("findings", "clauses"):
        for said in (revision.checks or {}).get(kind, ()):
            place = (said[name] for name in ("section", "group", "key", "field"))
            part = said["section"] or "declarations"
            getattr(found[part], kind).append({**said, "anchor": revision.anchor(*place)})
    return dict(found)
