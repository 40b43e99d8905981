"""核对: what a sheet of paper with a check code is worth, against what the portal says now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from applications import papers
from applications.models import Application, Paper
from applications.receipts import no_longer_counts
from portal.documents.model import code_in
from review import summary

THEN, NOW = "此件", "现行"

Row = Sequence[str]


@dataclass(frozen=True)
class Verification:
    """A paper that was printed, and what has become of its content."""

    paper: Paper

    @cached_property
    def is_current(self) -> bool:
        return not self.outdated

    @cached_property
    def outdated(self) -> str:
        """Why the paper does not count any more, for whose it is; "" for one that does."""
        if self.application:
            return no_longer_counts(self.application, self.paper.revision)
        if self._is_withdrawn:
            return f"{self._present.missing[0]}，现在没有有效的推荐汇总表。"
        if self._present.document.content_digest() == self.paper.digest:
            return ""
        if self.differences:
            return "推荐汇总表后来有改动。"
        return "推荐汇总表的标题或表注后来有改动，表中各行没有差别。"

    @property
    def application(self) -> Application | None:
        """Whose book or receipt it is; None for a summary table."""
        return self.paper.revision and self.paper.revision.application

    @cached_property
    def differences(self) -> list[tuple[str, Row]]:
        """The rows of a summary table that only this paper has, and those only the present one has.

        Each with where it stands; first in a row is the heading that it stands under, or "". Empty
        as long as there is no table to compare it with.
        """
        if self.application or self._is_withdrawn:
            return []
        present = papers.rows_of(self._present.document)
        return list(_differences(self.paper.content, present))

    @property
    def _is_withdrawn(self) -> bool:
        """Whether the bureau's list is not with the province at present."""
        return bool(self.paper.bureau and self._present.missing)

    @cached_property
    def _present(self) -> summary.Summary:
        """The table as it would be printed now: of the kind that the paper is."""
        round, bureau = self.paper.round, self.paper.bureau
        headings = {heading for heading, *_cells in self.paper.content}
        if any(heading.endswith(summary.NOT_RECEIVED) for heading in headings):
            return summary.build(round, bureau, include_sent=True)
        return summary.to_stamp(round, bureau) if bureau else summary.build(round)


def look_up(typed: str) -> Verification | None:
    """The verification of the paper with this code, however it was typed; None if there is none.

    Of two contents that share a code, the one that counts is meant.
    """
    current = "revision__application__current_revision"
    found = Paper.objects.filter(check_code=code_in(typed))
    found = found.select_related("round", "bureau", current)
    verifications = map(Verification, found.defer("revision__data", f"{current}__data"))
    return max(verifications, key=lambda verification: verification.is_current, default=None)


def _differences(then: Sequence[Row], now: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    hashable = [list(map(tuple, rows)) for rows in (then, now)]
    matcher = SequenceMatcher(None, *hashable, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind != "equal":
            yield from ((THEN, row) for row in then[start:end])
            yield from ((NOW, row) for row in now[new_start:new_end])
