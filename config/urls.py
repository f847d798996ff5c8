from django.contrib import admin
from django.urls import include, path

from config.health import healthz

urlpatterns = [
    path("", include("calculator.urls")),
    path("gpus/", include("gpus.urls")),
    path("fit/", include("gpus.fit.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]
