"""The back office: one rule for who gets in, and one way to sign in."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache


class PortalAdminConfig(AdminConfig):
    default_site = "portal.adminsite.PortalAdminSite"


class PortalAdminSite(AdminSite):
    """后台管理: for active provincial staff only."""

    site_title = site_header = "智能工厂申报门户 · 后台管理"
    index_title = "基础数据与帐号"

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
