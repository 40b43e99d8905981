"""How uploaded files arrive: on the disk of the data folder, and never without end."""

from django.conf import settings
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler


class BoundedUpload(TemporaryFileUploadHandler):
    """Lets go of a file beyond the largest that any page takes; the form around it arrives."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.LARGEST_UPLOAD_MB * 1024 * 1024:
            raise SkipFile
        super().receive_data_chunk(raw_data, start)
