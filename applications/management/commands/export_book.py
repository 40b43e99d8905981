"""``export_book``: an application book from the command line."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from applications import book, papers
from applications.models import Application, Paper, Revision
from portal.documents import Format, write_file
from portal.documents.model import Document, DocumentError
from portal.errors import PortalError


class Command(BaseCommand):
    help = "导出申报书：某个回执的提交版本，或某份申报最近提交的版本，或其草稿（--draft）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--receipt", help="回执编号")
        which.add_argument("--application", type=int, help="申报的编号（网址中的数字）")
        parser.add_argument("--draft", action="store_true", help="现在填写的内容，带草稿水印")
        parser.add_argument(
            "--format", required=True, choices=[format.value for format in book.FORMATS]
        )
        parser.add_argument("--output", required=True, type=Path, help="输出文件")

    def handle(self, **options) -> None:
        try:
            document, revision = self._document(
                options["receipt"], options["application"], options["draft"]
            )
            pages = write_file(document, Format(options["format"]), options["output"])
        except (PortalError, DocumentError) as error:
            raise CommandError(str(error)) from error
        if revision:
            papers.issue(document, Paper.Kind.BOOK, pages=pages, revision=revision)
        self.stdout.write(f"已生成 {options['output']}（{document.identity_text}）")

    @staticmethod
    def _document(
        receipt: str | None, pk: int | None, draft: bool
    ) -> tuple[Document, Revision | None]:
        """The book, and the revision it is of; None for a draft."""
        if receipt:
            if draft:
                raise CommandError("--draft 与 --application 一起使用：有回执的版本不是草稿。")
            revision = Revision.objects.select_related("application").filter(receipt=receipt)
            if not revision:
                raise CommandError(f"没有回执编号为“{receipt}”的提交版本。")
            return book.of_revision(revision[0]), revision[0]
        application = Application.objects.with_sections().filter(pk=pk).first()
        if application is None:
            raise CommandError(f"没有编号为 {pk} 的申报。")
        if draft:
            return book.of_draft(application), None
        if application.current_revision is None:
            raise CommandError(f"编号为 {pk} 的申报还没有提交过；要导出草稿，请加 --draft。")
        return book.of_revision(application.current_revision), application.current_revision
