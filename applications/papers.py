"""打印件: registering what is printed, so that ``/verify/`` knows the code on a sheet of paper."""

from dataclasses import replace

from django.conf import settings

from applications.models import Paper, Revision
from portal.catalogue.models import Bureau
from portal.documents.model import Document, Table, texts_of
from portal.rounds.models import Round


def printable(document: Document) -> Document:
    """The document with its QR code; whatever is printed so must be issued, too."""
    return replace(document, verified_at=f"{settings.PUBLIC_URL}/verify/")


def issue(
    document: Document,
    kind: Paper.Kind,
    *,
    pages: int | None,
    revision: Revision | None = None,
    round: Round | None = None,
    bureau: Bureau | None = None,
) -> Paper | None:
    """Register a document that has been made: a revision's, or a round's (of one bureau or all).

    Made again, it is the same paper; ``pages``, which only a PDF has, is added when it is known.
    One with a watermark counts for nothing, has no check code and is not registered.
    """
    if document.watermark:
        return None
    paper, _ = Paper.objects.get_or_create(
        digest=document.content_digest(),
        defaults={
            "check_code": document.check_code,
            "kind": kind,
            "revision": revision,
            "round": round,
            "bureau": bureau,
            "content": rows_of(document) if kind == Paper.Kind.SUMMARY else [],
            "pages": pages,
            "made_at": document.made_at,
        },
    )
    if paper.pages is None and pages is not None:
        paper.pages = pages
        paper.save(update_fields=["pages"])
    return paper


def rows_of(document: Document) -> list[list[str]]:
    """What the tables of a document say, row by row, under the heading of each group."""
    tables = [block for block in document.blocks if isinstance(block, Table)]
    return [
        [group.title or "", *row]
        for table in tables
        for group in table.groups
        for row in texts_of(table, group)
    ]
