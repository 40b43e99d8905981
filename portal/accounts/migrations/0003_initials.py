from django.db import migrations

import portal.accounts.pinyin


def fill(apps, schema_editor):
    """The field computes itself whenever a row is saved."""
    for enterprise in apps.get_model("accounts", "Enterprise").objects.only("name").iterator():
        enterprise.save(update_fields=["initials"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_team")]

    operations = [
        migrations.AddField(
            model_name="enterprise",
            name="initials",
            field=portal.accounts.pinyin.InitialsField(
                blank=True,
                default="",
                editable=False,
                max_length=100,
                of="name",
                verbose_name="拼音首字母",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
