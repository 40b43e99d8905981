"""All addresses; the one module that may import every app's."""

from django.contrib import admin
from django.urls import include, path

from portal import views
from review.views.verify import verify

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("verify/", verify, name="verify"),
    path("verify/<str:code>/", verify, name="verify_code"),
    path("accounts/", include("portal.accounts.urls")),
    path("jobs/", include("portal.jobs.urls")),
    path("applications/", include("applications.urls")),
    path("review/", include("review.urls")),
    path("admin/", admin.site.urls),
]

handler403 = views.forbidden
