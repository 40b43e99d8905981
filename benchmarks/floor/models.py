from django.db import models

FIELDS = [f"field_{number}" for number in range(40)]


class Draft(models.Model):
    """Forty plain fields."""

    class Meta:
        app_label = "floor"


for name in FIELDS:
    Draft.add_to_class(name, models.CharField(max_length=200, blank=True))
