"""``export_summary``: Annex 1 from the command line."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from applications import papers
from applications.models import Paper
from portal.catalogue.models import Bureau
from portal.documents import Format, write_file
from portal.documents.model import DocumentError
from portal.rounds.models import Round
from review import summary


class Command(BaseCommand):
    help = (
        "导出推荐汇总表（附件1）：全省，或 --bureau 指定的一个单位，"
        "取自省厅已受理的名单；未收入的列在标准错误输出。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--round", required=True, help="批次标识，如 2024-excellent")
        parser.add_argument("--bureau", help="推荐单位代码，如 140100；不填为全省")
        parser.add_argument(
            "--include-sent",
            action="store_true",
            help=f"含已报送未受理的名单，其单位名称后标注“{summary.NOT_RECEIVED}”",
        )
        parser.add_argument("--format", required=True, choices=[f.value for f in Format])
        parser.add_argument("--output", required=True, type=Path, help="输出文件")

    def handle(self, **options) -> None:
        round = Round.objects.filter(slug=options["round"]).first()
        if round is None:
            slugs = "、".join(Round.objects.values_list("slug", flat=True)) or "（无）"
            raise CommandError(f"没有标识为“{options['round']}”的批次；现有批次：{slugs}。")
        bureau = None
        if options["bureau"]:
            bureau = Bureau.objects.filter(code=options["bureau"]).first()
            if bureau is None:
                raise CommandError(
                    f"没有代码为“{options['bureau']}”的推荐单位，代码如 140100（太原市）。"
                )
        result = summary.build(round, bureau, include_sent=options["include_sent"])
        for sentence in result.missing:
            self.stderr.write(f"未收入：{sentence}")
        for sentence in result.notes:
            self.stderr.write(sentence)
        try:
            pages = write_file(result.document, Format(options["format"]), options["output"])
        except DocumentError as error:
            raise CommandError(str(error)) from error
        papers.issue(result.document, Paper.Kind.SUMMARY, pages=pages, round=round, bureau=bureau)
        self.stdout.write(f"已生成 {options['output']}（校验码 {result.document.check_code}）")
