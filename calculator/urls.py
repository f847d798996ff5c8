from django.urls import include, path

from calculator.faq import views as faq
from calculator.language_models.views import model_list, model_list_fragment, model_page
from calculator.pages.accuracy.views import accuracy, accuracy_csv, field_reports_csv
from calculator.pages.api.urls import urlpatterns as api
from calculator.pages.calculator import views
from calculator.pages.carry.views import (
    badge,
    export_csv,
    export_file,
    export_markdown,
    export_page,
    import_page,
)
from calculator.pages.compare.views import compare
from calculator.pages.curves.views import curves
from calculator.pages.embed.views import embed
from calculator.pages.inference import views as inference
from calculator.pages.methodology.views import formula_versions, methodology
from calculator.pages.model_method.views import model_method
from calculator.pages.search.views import header_search_fragment, search, search_fragment
from calculator.pages.why.views import why_fragment, why_page

app_name = "calculator"
urlpatterns = [
    path("", views.training, name="training"),
    path("inference/", inference.inference, name="inference"),
    path("inference/config/", inference.inference_config, name="inference_config"),
    path("inference/published/", inference.published, name="inference_published"),
    # Fragments have URLs of their own, so that neither Back nor a cache can take one for a page.
    path("fragments/training/", views.training_fragment, name="training_fragment"),
    path("fragments/inference/", inference.inference_fragment, name="inference_fragment"),
    path(
        "fragments/inference-models/",
        inference.inference_models_fragment,
        name="inference_models_fragment",
    ),
    path("fragments/models/", views.models_fragment, name="models_fragment"),
    path("fragments/differences/", views.differences_fragment, name="differences_fragment"),
    path("fragments/model-list/", model_list_fragment, name="models_list_fragment"),
    path("config/", views.config, name="config"),
    path("api/", include(api)),
    path("embed/", embed, name="embed"),
    path("models/", model_list, name="models"),
    path("models/<slug:slug>/", model_page, name="model"),
    path("models/<slug:slug>/<slug:method>/", model_method, name="model_method"),
    path("curves/", curves, name="curves"),
    path("compare/", compare, name="compare"),
    path("why/", why_page, name="why"),
    path("fragments/why/", why_fragment, name="why_fragment"),
    path("search/", search, name="search"),
    path("fragments/search/", search_fragment, name="search_fragment"),
    path("fragments/site-search/", header_search_fragment, name="header_search_fragment"),
    path("faq/", faq.faq_list, name="faq"),
    path("faq/<slug:slug>/", faq.faq_answer, name="faq_answer"),
    path("export/markdown/", export_markdown, name="export_markdown"),
    path("export/csv/", export_csv, name="export_csv"),
    path("export/<slug:tool>/", export_page, name="export"),
    path("export/<slug:tool>/<str:name>", export_file, name="export_file"),
    path("badge/<slug:slug>/<slug:method>.svg", badge, name="badge"),
    path("import/", import_page, name="import"),
    path("accuracy/", accuracy, name="accuracy"),
    path("methodology/", methodology, name="methodology"),
    path("methodology/formula-versions.md", formula_versions, name="formula_versions"),
    path("accuracy/accuracy.csv", accuracy_csv, name="accuracy_csv"),
    path("accuracy/field-reports.csv", field_reports_csv, name="field_reports_csv"),
]
