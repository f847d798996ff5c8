"""The pages' addresses, below /admin/bulk/; the admin's own door is before each."""

from __future__ import annotations

from django.contrib.admin import site
from django.urls import path

from calculator.bulk.pages import views

app_name = "bulk"
urlpatterns = [
    path("", site.admin_view(views.index), name="index"),
    path("<uuid:pk>/", site.admin_view(views.preview), name="preview"),
    path("export/<slug:table>.<slug:file_format>", site.admin_view(views.download), name="export"),
]
