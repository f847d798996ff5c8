from django.urls import path

from calculator.pages.fit import views

app_name = "fit"
urlpatterns = [
    path("", views.fit_page, name="page"),
    path("table/", views.fit_table, name="table"),
]
