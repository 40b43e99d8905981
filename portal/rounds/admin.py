"""Back office of rounds: preparing one. Publishing creates seats and is not done here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest

from portal.adminsite import ProvinceAdmin, ProvinceModelAdmin
from portal.rounds.models import Quota, Round

CONTACT = ("contact_office", "contact_phone")
NEVER_FROZEN = CONTACT
FROZEN = (
    "本批次已发布，企业和推荐单位正据此办理，所以除联系方式和法定代表人确认内容外不能再改，"
    "也不能删除。"
    "门户没有延期或调整名额的功能，确有需要时请联系技术支持。"
)
NOT_YET_FROZEN = (
    "发布后，除联系方式和法定代表人确认内容外不能再改，时间不能延期，名额不能调整："
    "请在发布前核对清楚。"
)


class UnpublishedOnly(ProvinceAdmin):
    """An inline that can be changed until the round is published."""

    deletable = True
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Round | None = None) -> bool:
        return super().has_add_permission(request, obj) and not (obj and obj.is_published)

    def has_change_permission(self, request: HttpRequest, obj: Round | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.is_published)

    def has_delete_permission(self, request: HttpRequest, obj: Round | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_published)


class QuotaInline(UnpublishedOnly, admin.TabularInline):
    model = Quota

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "bureau":
            field.choices = list(field.choices)  # asked once, not once for each line
        return field

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quota]:
        return super().get_queryset(request).select_related("bureau")


@admin.register(Round)
class RoundAdmin(ProvinceModelAdmin):
    list_display = (
        "title",
        "year",
        "level",
        "opens_at",
        "enterprise_deadline",
        "bureau_deadline",
        "published_at",
    )
    list_filter = ("year", "level")
    search_fields = ("title", "slug")
    inlines = (QuotaInline,)
    fieldsets = (
        (None, {"fields": ("title", "slug", "year", "level", "published_at")}),
        ("时间（北京时间）", {"fields": ("opens_at", "enterprise_deadline", "bureau_deadline")}),
        ("名额", {"fields": ("seats_per_bureau", "exempt_rule")}),
        ("通知与联系方式", {"fields": ("notice_date", "national_platform", *CONTACT)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Round | None = None) -> list:
        (name, options), *rest = super().get_fieldsets(request, obj)
        note = FROZEN if obj and obj.is_published else NOT_YET_FROZEN
        return [(name, {**options, "description": note}), *rest]

    def get_readonly_fields(self, request: HttpRequest, obj: Round | None = None) -> list[str]:
        if not (obj and obj.is_published):
            return ["published_at"]
        fields = [name for _, options in self.fieldsets for name in options["fields"]]
        return [name for name in fields if name not in NEVER_FROZEN]

    def has_delete_permission(self, request: HttpRequest, obj: Round | None = None) -> bool:
        # Without a round in view the bulk action is meant, which would take published ones too.
        return self.admin_site.has_permission(request) and bool(obj) and not obj.is_published

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Round | None:
        round = super().get_object(request, object_id, from_field)
        if round and request.method == "POST":
            # Publishing must not slip in between reading and saving (rule 9: on PostgreSQL).
            return self.model.objects.select_for_update().get(pk=round.pk)
        return round

    def save_model(
        self, request: HttpRequest, obj: Round, form: forms.ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if obj.deadlines_coincide and not obj.is_published:
            messages.warning(
                request,
                "企业申报截止与推荐单位报送截止是同一时刻：推荐单位没有单独的审核时间。"
                "如通知确实如此，可不修改。",
            )
