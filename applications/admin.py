"""The back office lifts what the portal itself does not let people take back."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from applications.models import Interest
from portal.adminsite import ProvinceModelAdmin


@admin.register(Interest)
class InterestAdmin(ProvinceModelAdmin):
    """利害关系声明: read; deleted, which the log keeps, where a conflict was stated by mistake.

    The officer is then asked anew.
    """

    deletable = True
    list_display = ("officer", "application", "has_conflict", "note", "at")
    list_display_links = None
    list_filter = ("has_conflict", "application__round", "application__bureau")
    list_select_related = ("officer", "application__enterprise", "application__round")
    search_fields = ("officer__name", "application__enterprise__name")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
