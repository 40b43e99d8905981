"""``verify_archive``: whether an archive is still what the portal made."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from review import archive, package


class Command(BaseCommand):
    help = "核对归档包：每个文件与清单逐一比对；--against-database 另与本门户的数据库核对。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="归档包（ZIP 文件）")
        parser.add_argument(
            "--against-database",
            action="store_true",
            help="另核对：清单是否由本门户生成，各提交版本和附件是否与数据库一致",
        )

    def handle(self, *, file: Path, against_database: bool, **options) -> None:
        verdict = package.verify(file)
        manifest = verdict.manifest
        if manifest and against_database:
            verdict.problems += archive.differences(manifest, verdict.seal)
        if verdict.seal:
            self.stdout.write(f"清单 SHA-256：{verdict.seal}")
        if manifest:
            self.stdout.write(
                f"清单所列：{len(manifest['applications'])} 份申报、"
                f"{len(manifest['files'])} 个文件；生成时未能收入 "
                f"{len(manifest.get('failures', ()))} 个。"
            )
        for problem in verdict.problems:
            self.stderr.write(problem)
        if verdict.problems:
            raise CommandError(f"核对未通过：{len(verdict.problems)} 处不符。")
        self.stdout.write("核对通过：所有文件与清单一致。")
