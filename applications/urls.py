from django.urls import path

from applications import views

app_name = "applications"

urlpatterns = [
    path("", views.index, name="index"),
    path("start/<slug:slug>/", views.start, name="start"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/submit/", views.submit, name="submit"),
    path("<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("<int:pk>/receipt/", views.receipt, name="receipt"),
    path("<int:pk>/revisions/<int:number>/", views.revision, name="revision"),
    path("<int:pk>/instances/new/", views.instance, name="instance_new"),
    path("<int:pk>/instances/<slug:key>/", views.instance, name="instance"),
    path("<int:pk>/instances/<slug:key>/move/", views.instance_move, name="instance_move"),
    path("<int:pk>/instances/<slug:key>/delete/", views.instance_delete, name="instance_delete"),
    path("<int:pk>/<slug:slug>/", views.section, name="section"),
]
