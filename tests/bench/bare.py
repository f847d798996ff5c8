"""The smallest site that Django can serve: what the server underneath could do."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="nothing is signed here", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__
)


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("", view)]
application = get_wsgi_application()
