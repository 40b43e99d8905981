"""审核意见 beside the places of a revision, as the reader shows them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from applications import commenting
from applications.comparison import changes_at
from applications.models import Comment, Revision
from applications.models.comments import Place
from applications.sections import INSTANCES


@dataclass
class Remarks:
    """What is said of a revision, by place, and what was asked before it.

    ``before`` holds what the last return asked and what of earlier ones is undecided, ``put_again``
    those of them that the reader sees put again; ``lost`` is said of rows that are gone.
    """

    by_place: dict[Place, list[Comment]] = field(default_factory=lambda: defaultdict(list))
    before: list[Comment] = field(default_factory=list)
    lost: list[Comment] = field(default_factory=list)
    put_again: list[Comment] = field(default_factory=list)

    @property
    def closed(self) -> list[Comment]:
        return [comment for comment in self.before if comment.closed_at]

    @property
    def waiting(self) -> list[Comment]:
        return [c for c in self.before if not c.closed_at and c not in self.put_again]


def remarks(revision: Revision, comments: Iterable[Comment]) -> Remarks:
    """Sort the comments of an application that the reader may see."""
    comments = list(comments)
    before = commenting.before(comments, revision)
    # What a colleague has put again and not sent is the bureau's own affair.
    again = {comment.reopens_id for comment in comments}
    found = Remarks(before=before, put_again=[c for c in before if c.pk in again])
    compare(found.before, revision)
    here = [comment for comment in comments if comment.revision_id == revision.pk]
    for comment in [*found.before, *here]:
        section, group, key, name = comment.place
        if commenting.block_at(revision.data, section, group, key) is None:
            found.lost.append(comment)
        # A table shows under a row what is said of its cells.
        shown_at = section, group, key, name if group in ("", INSTANCES.slug) else ""
        found.by_place[shown_at].append(comment)
    return found


def compare(asked: list[Comment], revision: Revision) -> None:
    """Give each comment what its place says now instead of what it said when it was asked."""
    old = Revision.objects.in_bulk({comment.revision_id for comment in asked})
    for comment in asked:
        data = old[comment.revision_id].data
        commenting.compare([comment], data, revision.data)
        comment.changes = changes_at(comment.place, data, revision.data)
