from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "portal.catalogue"
    verbose_name = "推荐单位与目录"
