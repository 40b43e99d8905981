"""``index_similarity``: what was submitted before there was an index, or all of it anew."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from portal.rounds.models import Round
from review import indexing

STEP = 100


class Command(BaseCommand):
    help = "为已提交的申报建立文字比对索引；已建立的跳过，中断后可再次执行继续。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--round", help="批次标识，如 2024-excellent；不填为全部批次")
        parser.add_argument("--again", action="store_true", help="已建立的也重新建立")

    def handle(self, **options) -> None:
        revisions = indexing.current_revisions() if options["again"] else indexing.unindexed()
        if slug := options["round"]:
            if not Round.objects.filter(slug=slug).exists():
                raise CommandError(f"没有标识为“{slug}”的批次。")
            revisions = revisions.filter(application__round__slug=slug)
        pks = list(revisions.order_by("pk").values_list("pk", flat=True))
        public = indexing.public_grams()
        for done, pk in enumerate(pks, 1):
            # Read when its turn comes: what was submitted anew meanwhile has a job of its own.
            if revision := indexing.current_revisions().filter(pk=pk).first():
                indexing.index(revision, public)
            if done % STEP == 0:
                self.stdout.write(f"{done}/{len(pks)}")
        self.stdout.write(f"已索引 {len(pks)} 项申报。")
