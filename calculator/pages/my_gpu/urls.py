"""What stands below /gpus/ beside the list: they share its namespace (config/urls.py)."""

from django.urls import path

from calculator.pages.my_gpu import views

urlpatterns = [
    path("<slug:slug>/", views.card_page, name="card"),
    path("<slug:slug>/answers/", views.card_answers, name="card_answers"),
]
