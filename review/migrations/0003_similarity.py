import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0003_bureau_side"),
        ("review", "0002_bureau_side"),
    ]

    operations = [
        migrations.CreateModel(
            name="TextIndex",
            fields=[
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="text_index",
                        serialize=False,
                        to="applications.application",
                    ),
                ),
                ("text", models.TextField(verbose_name="规范化文字")),
                ("fingerprints", models.BinaryField(verbose_name="文字指纹")),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="applications.revision",
                    ),
                ),
            ],
            options={
                "verbose_name": "文字比对索引",
                "verbose_name_plural": "文字比对索引",
            },
        ),
    ]
