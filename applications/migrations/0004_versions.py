import django.db.models.deletion
from django.db import migrations, models


def started_on_the_first(apps, schema_editor):
    """Until now a round had one version, so everybody started on that."""
    Application = apps.get_model("applications", "Application")
    RoundVersion = apps.get_model("rounds", "RoundVersion")
    for version in RoundVersion.objects.filter(number=1):
        Application.objects.filter(round=version.round_id).update(version=version)


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0003_bureau_side"),
        ("rounds", "0004_versions"),
    ]

    operations = [
        migrations.AddField(
            model_name="application",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="applications",
                to="rounds.roundversion",
                verbose_name="批次版本",
            ),
        ),
        migrations.RunPython(started_on_the_first, migrations.RunPython.noop, elidable=True),
    ]
