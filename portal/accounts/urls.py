from django.urls import path

from portal.accounts import views

app_name = "accounts"

urlpatterns = [
    path("register/", views.register, name="register"),
    path("login/", views.sign_in, name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("session/", views.session, name="session"),
    path("password/", views.change_password, name="password"),
    path("password/changed/", views.password_changed, name="password_changed"),
    path("team/", views.team_page, name="team"),
    path("team/invite/", views.invite, name="invite"),
    path(
        "team/invitations/<int:pk>/withdraw/",
        views.withdraw_invitation,
        name="withdraw_invitation",
    ),
    path("team/<int:pk>/<slug:verb>/", views.change_member, name="change_member"),
    path("officers/", views.officers, name="officers"),
    path("officers/invite/", views.invite_officer, name="invite_officer"),
    path("officers/import/", views.import_officers, name="import_officers"),
    path("officers/export/", views.export_officers, name="export_officers"),
    path("join/<str:token>/", views.join, name="join"),
]
