"""The back office: one rule for who gets in, and one way to sign in."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin, action, actions
from django.contrib.admin.models import LogEntry
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache

from portal.audit import trail


@action(permissions=["delete"], description="删除所选的%(verbose_name_plural)s")
def delete_selected(
    modeladmin: ModelAdmin, request: HttpRequest, queryset: QuerySet
) -> HttpResponse | None:
    return actions.delete_selected(modeladmin, request, queryset)


class PortalAdminSite(AdminSite):
    """后台管理: for active provincial staff only."""

    site_title = site_header = "智能工厂申报门户 · 后台管理"
    index_title = "基础数据与账号"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.add_action(delete_selected)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and user.is_staff and getattr(user, "is_province", False)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Send people to the portal's own sign-in, so that no second, weaker door exists."""
        home = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(home)
        if request.user.is_authenticated:
            # Signing in again would bring them straight back here, for ever.
            raise PermissionDenied("省厅管理人员")
        wanted = {REDIRECT_FIELD_NAME: request.GET.get(REDIRECT_FIELD_NAME, home)}
        return HttpResponseRedirect(reverse(settings.LOGIN_URL, query=wanted))

    def password_change(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("accounts:password"))

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict | None = None
    ) -> TemplateResponse:
        response = super().app_index(request, app_label, extra_context)
        response.context_data["title"] = response.context_data["app_list"][0]["name"]
        return response


class ProvinceAdmin:
    """Mixin for ModelAdmin and inlines: whoever gets into the site may view, add and change.

    Django's per-model permissions stay out of it: they would be a second set of rules to keep.
    """

    deletable = False
    """Whether rows may be deleted: only where nothing filed can depend on them."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.deletable and self.admin_site.has_permission(request)


class ProvinceModelAdmin(ProvinceAdmin, ModelAdmin):
    """Pages whose titles and messages are plain Chinese: Django's own put blanks around names."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        title = {"title": self.opts.verbose_name_plural}
        return super().changelist_view(request, title | (extra_context or {}))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        title = {"title": f"{'修改' if object_id else '增加'}{self.opts.verbose_name}"}
        return super().changeform_view(request, object_id, form_url, title | (extra_context or {}))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict | None = None
    ) -> HttpResponse:
        title = {"title": "修改历史"}
        return super().history_view(request, object_id, title | (extra_context or {}))

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        entry = super().log_addition(request, obj, message)
        return self._record("admin_add", "增加", entry, request)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        entry = super().log_change(request, obj, message)
        return self._record("admin_change", "修改", entry, request)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> list[LogEntry]:
        entries = super().log_deletions(request, queryset)
        for entry in entries:
            self._record("admin_delete", "删除", entry, request)
        return entries

    def _record(self, verb: str, act: str, entry: LogEntry, request: HttpRequest) -> LogEntry:
        """Put on the audit trail what the back office's own log says: which fields, no contents."""
        trail.record(
            verb,
            f"后台{act}{self.opts.verbose_name}",
            actor=request.user,
            target=self.model(pk=entry.object_id),
            named=entry.object_repr,
            detail=entry.get_change_message(),
        )
        return entry

    def message_user(self, request: HttpRequest, message: str, *args: Any, **kwargs: Any) -> None:
        name = str(self.opts.verbose_name)
        text = str(message).replace(f" {name}", name)
        safe = isinstance(message, SafeString)
        super().message_user(request, mark_safe(text) if safe else text, *args, **kwargs)
