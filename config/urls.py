from django.contrib import admin
from django.urls import include, path

from calculator.pages.discovery import views as discovery
from calculator.pages.my_gpu import urls as my_gpu
from config.health import healthz, readyz
from config.metrics_view import metrics
from config.security_headers import csp_report
from gpus import urls as gpus

urlpatterns = [
    path("", include("calculator.urls")),
    # The list is the catalog's; what one GPU can fine-tune is a page that asks the estimator.
    path("gpus/", include(([*gpus.urlpatterns, *my_gpu.urlpatterns], gpus.app_name))),
    path("fit/", include("calculator.pages.fit.urls")),
    path("share/", include("calculator.pages.share.urls")),
    path("sitemap.xml", discovery.sitemap, name="sitemap"),
    path("robots.txt", discovery.robots_txt, name="robots"),
    path("llms.txt", discovery.llms_txt, name="llms"),
    path("changes.rss", discovery.changes, name="changes"),
    path("admin/bulk/", include("calculator.bulk.pages.urls")),
    path("admin/", admin.site.urls),
    path("csp-report/", csp_report, name="csp_report"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

handler500 = "config.faults.server_error"
