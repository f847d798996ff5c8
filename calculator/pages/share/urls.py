from django.urls import path

from calculator.pages.share import views

app_name = "share"
urlpatterns = [
    path("training.png", views.training, name="training"),
    path("inference.png", views.inference, name="inference"),
    path("faq/<slug:slug>.png", views.answer, name="answer"),
    path("gpus/<slug:slug>.png", views.gpu, name="gpu"),
    path("<slug:name>.png", views.page, name="page"),
]
