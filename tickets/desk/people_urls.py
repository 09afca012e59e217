"""Pages around the people who work here: how they come in, what they hear of, what they know."""

from django.contrib.auth.views import PasswordResetDoneView
from django.urls import path

from tickets.desk import articles, joining, notifications

_sent = PasswordResetDoneView.as_view(template_name="registration/asked_password.html")

urlpatterns = [
    path("invitation/<str:token>/", joining.join, name="join"),
    path("accounts/password/", joining.AskForPassword.as_view(), name="password_reset"),
    path("accounts/password/sent/", _sent, name="password_reset_done"),
    path("accounts/password/<uidb64>/<token>/", joining.SetPassword.as_view(), name="password_reset_confirm"),
    path("settings/notifications/", notifications.choices, name="settings-notifications"),
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/news/", notifications.news, name="notifications-news"),
    path("notifications/seen/", notifications.mark_all, name="notifications-seen"),
    path("notifications/<int:notification_id>/", notifications.open_notification, name="notification"),
    path("tickets/<int:ticket_id>/people/", notifications.people, name="ticket-people"),
    path("articles/", articles.article_list, name="articles"),
    path("articles/new/", articles.write, name="article-new"),
    path("articles/<int:article_id>/", articles.read, name="article"),
    path("articles/<int:article_id>/edit/", articles.write, name="article-edit"),
]
