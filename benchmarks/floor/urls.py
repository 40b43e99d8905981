"""Three pages as plain as they come: a form of forty fields, saving it, saving one field of it."""

import json

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from benchmarks.floor.models import FIELDS, Draft

DraftForm = modelform_factory(Draft, fields=FIELDS)


@login_required
def page(request: HttpRequest, pk: int) -> HttpResponse:
    draft = get_object_or_404(Draft, pk=pk)
    if request.method == "POST":
        form = DraftForm(request.POST, instance=draft)
        if form.is_valid():
            with transaction.atomic():
                form.save()
            return redirect("page", pk)
    return render(request, "page.html", {"form": DraftForm(instance=draft)})


@login_required
def field(request: HttpRequest, pk: int) -> JsonResponse:
    change = json.loads(request.body)
    with transaction.atomic():
        Draft.objects.filter(pk=pk).update(**{change["field"]: change["value"]})
    return JsonResponse({"ok": True})


urlpatterns = [path("<int:pk>/", page, name="page"), path("<int:pk>/field/", field, name="field")]
