"""All addresses; the one module that may import every app's."""

from django.contrib import admin
from django.urls import include, path

from applications.views import assessment
from portal import views
from review.views import api, public
from review.views.verify import verify

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("verify/", verify, name="verify"),
    path("verify/<str:code>/", verify, name="verify_code"),
    path("notice/", views.notice_list, name="notices"),
    path("notice/<slug:slug>/", views.notice, name="notice"),
    path("scenarios/", views.scenarios, name="scenarios"),
    path("assessment/", assessment.public, name="assessment"),
    path("announcements/", public.announcement_list, name="announcements"),
    path("announcements/<int:pk>/", public.announcement, name="announcement"),
    path("announcements/<int:pk>/object/", public.object_to, name="object"),
    path("objections/<str:token>/", public.objection_receipt, name="objection_receipt"),
    path("accounts/", include("portal.accounts.urls")),
    path("jobs/", include("portal.jobs.urls")),
    path("messages/", include("portal.messaging.urls")),
    path("applications/", include("applications.urls")),
    path("review/", include("review.urls")),
    path("api/v1/", api.URLS),
    path("admin/", admin.site.urls),
]

handler403 = views.forbidden
