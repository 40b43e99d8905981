"""``load_catalogue``: the notice's facts into an empty database."""

import re

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from portal.catalogue.models import Bureau
from portal.rounds.models import Round

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
        Round.objects.filter(slug="2024-excellent").update(notice=notice_2024())
        self.stdout.write(
            "已载入推荐单位、行政区划、行业、典型场景、绩效指标、要素条件和 2024 年批次。"
        )


def notice_2024() -> str:
    """The notice with its Annex 2; what its tables and forms say, the catalogue knows."""
    text = (settings.BASE_DIR / "fixtures" / "notice-2024.txt").read_text(encoding="utf-8")
    letter, _form, conditions, _materials = re.split(r"^(?=附件 \d$)", text, flags=re.MULTILINE)
    return letter + conditions.split("\n附 1\n")[0]
