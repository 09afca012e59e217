from django.urls import path

from tickets.desk import inbox, notifications, profile, review, ticket
from tickets.desk.figures import page as figures

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("tickets/<int:ticket_id>/", ticket.ticket_page, name="ticket"),
    path("tickets/<int:ticket_id>/reply/", ticket.reply, name="ticket-reply"),
    path("tickets/<int:ticket_id>/note/", ticket.note, name="ticket-note"),
    path("tickets/<int:ticket_id>/properties/", ticket.properties, name="ticket-properties"),
    path("figures/", figures.figures_page, name="figures"),
    path("figures/csv/", figures.figures_csv, name="figures-csv"),
    path("settings/", profile.profile, name="settings"),
    path("settings/password/", profile.password, name="settings-password"),
    path("settings/notifications/", notifications.choices, name="settings-notifications"),
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/news/", notifications.news, name="notifications-news"),
    path("notifications/seen/", notifications.mark_all, name="notifications-seen"),
    path("notifications/<int:notification_id>/", notifications.open_notification, name="notification"),
    path("review/", review.review, name="review"),
    path("review/undo/", review.undo, name="review-undo"),
    path("review/<int:ticket_id>/", review.label, name="review-label"),
]
