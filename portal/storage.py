"""Static file storage for production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class GzipManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashed names and gzip only.

    Brotli arrives with WeasyPrint's font tools and makes collecting static files very slow.
    """

    def create_compressor(self, **options):
        return super().create_compressor(**{**options, "use_brotli": False})
