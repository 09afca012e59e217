from django.urls import path

from tickets.desk import inbox, profile, review, ticket

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("tickets/<int:ticket_id>/", ticket.ticket_page, name="ticket"),
    path("tickets/<int:ticket_id>/reply/", ticket.reply, name="ticket-reply"),
    path("tickets/<int:ticket_id>/note/", ticket.note, name="ticket-note"),
    path("tickets/<int:ticket_id>/properties/", ticket.properties, name="ticket-properties"),
    path("settings/", profile.profile, name="settings"),
    path("settings/password/", profile.password, name="settings-password"),
    path("review/", review.review, name="review"),
    path("review/undo/", review.undo, name="review-undo"),
    path("review/<int:ticket_id>/", review.label, name="review-label"),
]
