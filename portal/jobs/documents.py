"""Documents made in the background."""

import tempfile

from portal.documents import Format, write
from portal.documents.model import Document, DocumentError
from portal.errors import PortalError
from portal.jobs.models import Job


def keep_document(job: Job, document: Document, format: Format) -> int | None:
    """Write the document and keep it with the job, to be downloaded under its title.

    Returns its number of pages, if the format has one.
    """
    with tempfile.TemporaryFile() as stream:
        try:
            pages = write(document, format, stream)
        except DocumentError as error:
            raise PortalError(str(error)) from error
        stream.seek(0)
        job.keep(stream, f"{document.title}.{format.extension}")
    job.message = ""  # how far it was is of no interest any more
    return pages
