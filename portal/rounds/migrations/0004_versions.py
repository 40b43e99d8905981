from django.conf import settings
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

RULES = (
    "scenario_edition",
    "indicator_edition",
    "condition_edition",
    "attachment_quota",
    "confirmation_text",
)


def first_versions(apps, schema_editor):
    """What a round has asked for so far becomes its first version."""
    Round = apps.get_model("rounds", "Round")
    RoundVersion = apps.get_model("rounds", "RoundVersion")
    for round in Round.objects.all():
        version = RoundVersion.objects.create(
            round=round,
            number=1,
            published_at=round.published_at,
            **{name: getattr(round, name) for name in RULES},
        )
        for model in ("Declaration", "Material"):
            apps.get_model("rounds", model).objects.filter(round=round).update(version=version)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_roles"),
        ("rounds", "0003_exempt_rule"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RoundVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="版本")),
                (
                    "scenario_edition",
                    models.PositiveSmallIntegerField(verbose_name="场景指引版本（年）"),
                ),
                (
                    "indicator_edition",
                    models.PositiveSmallIntegerField(verbose_name="指标版本（年）"),
                ),
                (
                    "condition_edition",
                    models.PositiveSmallIntegerField(verbose_name="条件版本（年）"),
                ),
                (
                    "attachment_quota",
                    models.PositiveSmallIntegerField(
                        default=500,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="每份申报的附件总量（MB）",
                    ),
                ),
                (
                    "confirmation_text",
                    models.TextField(
                        blank=True,
                        help_text="填写后，每次提交前须由法定代表人或授权签字人确认；留空则不需要。",
                        verbose_name="法定代表人确认内容",
                    ),
                ),
                (
                    "note",
                    models.CharField(blank=True, max_length=200, verbose_name="改动说明"),
                ),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="发布时间"
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="发布人",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="rounds.round",
                        verbose_name="批次",
                    ),
                ),
            ],
            options={
                "verbose_name": "批次版本",
                "verbose_name_plural": "批次版本",
                "ordering": ["round", "number"],
            },
        ),
        migrations.AddConstraint(
            model_name="roundversion",
            constraint=models.UniqueConstraint(
                fields=("round", "number"), name="round_version_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="roundversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("published_at__isnull", True)),
                fields=("round",),
                name="round_version_one_in_preparation",
            ),
        ),
        *(
            migrations.AddField(
                model_name=model,
                name="version",
                field=models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name=f"{model}s",
                    to="rounds.roundversion",
                ),
            )
            for model in ("declaration", "material")
        ),
        migrations.RunPython(first_versions, migrations.RunPython.noop, elidable=True),
    ]
