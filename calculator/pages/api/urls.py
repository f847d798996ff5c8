"""What stands below /api/."""

from django.urls import path

from calculator.pages.api import views
from calculator.pages.api.reference import reference

urlpatterns = [
    path("", reference, name="api"),
    path("v1/openapi.json", views.openapi, name="api_openapi"),
    path("v1/estimate", views.estimate, name="api_estimate"),
    path("v1/fit", views.fit, name="api_fit"),
    path("v1/my-gpu", views.my_gpu, name="api_my_gpu"),
    path("v1/import-config", views.import_config, name="api_import_config"),
    path("v1/models", views.models, name="api_models"),
    path("v1/models/<slug:slug>", views.model, name="api_model"),
    path("v1/gpus", views.gpus, name="api_gpus"),
    path("v1/gpus/<slug:slug>", views.gpu, name="api_gpu"),
    path("v1/tiers", views.tiers, name="api_tiers"),
    path("v1/tiers/<int:memory_gb>", views.tier, name="api_tier"),
    path("v1/presets", views.presets, name="api_presets"),
    path("v1/presets/<slug:slug>", views.preset, name="api_preset"),
]
