"""``load_catalogue``: the notice's facts into an empty database."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from portal.catalogue.models import Bureau

FIXTURES = (
    "bureaus",
    "divisions",
    "industries",
    "scenarios",
    "indicators",
    "conditions",
    "round_2024",
)


class Command(BaseCommand):
    help = "把推荐单位、目录、条件和 2024 年批次载入空数据库；已有数据时不作任何改动。"

    def handle(self, **options) -> None:
        # Loading again would undo what the province has corrected or imported since.
        if Bureau.objects.exists():
            return
        call_command("loaddata", *FIXTURES, verbosity=0)
        self.stdout.write(
            "已载入推荐单位、行政区划、行业、典型场景、绩效指标、要素条件和 2024 年批次。"
        )
