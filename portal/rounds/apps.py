from django.apps import AppConfig


class RoundsConfig(AppConfig):
    name = "portal.rounds"
    verbose_name = "申报批次"
