from django.urls import path

from gpus.listing import views

app_name = "gpus"
urlpatterns = [
    path("", views.gpu_list, name="list"),
    path("table/", views.gpu_table, name="table"),
]
