"""Whether the audit trail is as it was written."""

import argparse
import re

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit import trail


def head(text: str) -> trail.Head:
    """POSITION:HASH as this command prints it."""
    if not (found := re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text.strip())):
        raise argparse.ArgumentTypeError("应为“序号:校验值”，即本命令打印的链尾")
    return trail.Head(int(found[1]), found[2])


class Command(BaseCommand):
    help = "验证审计链：逐条核对审计记录，有异常时逐条列出，退出码为 1"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            type=head,
            action="append",
            default=[],
            metavar="序号:校验值",
            help="以前打印并另外保存的链尾，一并核对；可写多次",
        )

    def handle(self, *, head: list[trail.Head], **options) -> None:
        verdict = trail.verify(*head)
        for finding in verdict.findings:
            self.stderr.write(finding)
        self.stdout.write(verdict.in_words)
        if verdict.findings:
            raise CommandError("审计链有异常。", returncode=1)
