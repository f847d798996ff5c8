from django.urls import path

from gpus import views
from gpus.card.views import card_answers, card_page

app_name = "gpus"
urlpatterns = [
    path("", views.gpu_list, name="list"),
    path("table/", views.gpu_table, name="table"),
    path("<slug:slug>/", card_page, name="card"),
    path("<slug:slug>/answers/", card_answers, name="card_answers"),
]
