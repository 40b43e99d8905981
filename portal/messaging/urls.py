from django.urls import path

from portal.messaging import views

app_name = "messaging"

urlpatterns = [
    path("", views.index, name="index"),
    path("read/", views.read_all, name="read_all"),
    path("preferences/", views.preferences, name="preferences"),
    path("<int:pk>/", views.open_message, name="open"),
]
