"""All addresses; the one module that may import every app's."""

from django.contrib import admin
from django.urls import include, path

from portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("accounts/", include("portal.accounts.urls")),
    path("jobs/", include("portal.jobs.urls")),
    path("applications/", include("applications.urls")),
    path("review/", include("review.urls")),
    path("admin/", admin.site.urls),
]

handler403 = views.forbidden
