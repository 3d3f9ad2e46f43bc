from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from . import views

urlpatterns = [
    path("", views.page, name="page"),
    path("sign-in", LoginView.as_view(template_name=views.TEMPLATE), name="login"),
    path("sign-out", LogoutView.as_view(), name="logout"),
    path("send", views.send, name="send"),
    path("events/yo", views.everybody, name="everybody"),
    path("events/mine", views.mine, name="mine"),
]
