from django.urls import path

from tickets.desk import delivery, files, inbox, profile, properties, review, saved_replies, ticket, tokens, writing
from tickets.desk.figures import page as figures

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("tickets/<int:ticket_id>/", ticket.ticket_page, name="ticket"),
    path("tickets/<int:ticket_id>/live/", ticket.live, name="ticket-live"),
    path("tickets/<int:ticket_id>/reply/", writing.reply, name="ticket-reply"),
    path("tickets/<int:ticket_id>/note/", writing.note, name="ticket-note"),
    path("tickets/<int:ticket_id>/unsent/", writing.unsent, name="ticket-unsent"),
    path("tickets/<int:ticket_id>/properties/", properties.properties, name="ticket-properties"),
    path("tickets/<int:ticket_id>/snooze/", properties.snooze, name="ticket-snooze"),
    path("tickets/<int:ticket_id>/saved-replies/", saved_replies.pick, name="ticket-saved-replies"),
    path("tickets/<int:ticket_id>/attachments/", files.upload, name="ticket-upload"),
    path("tickets/<int:ticket_id>/attachments/<int:attachment_id>/", files.download, name="attachment"),
    path("tickets/<int:ticket_id>/attachments/<int:attachment_id>/remove/", files.remove, name="attachment-remove"),
    path("tickets/<int:ticket_id>/messages/<int:message_id>/resend/", delivery.resend_reply, name="ticket-resend"),
    path("tickets/<int:ticket_id>/messages/<int:message_id>/as-sent/", delivery.as_sent, name="mail-as-sent"),
    path("tags/", properties.tags, name="tags"),
    path("saved-replies/", saved_replies.saved_replies, name="saved-replies"),
    path("saved-replies/new/", saved_replies.edit, name="saved-reply-new"),
    path("saved-replies/<int:reply_id>/", saved_replies.edit, name="saved-reply"),
    path("saved-replies/<int:reply_id>/delete/", saved_replies.delete, name="saved-reply-delete"),
    path("figures/", figures.figures_page, name="figures"),
    path("figures/csv/", figures.figures_csv, name="figures-csv"),
    path("settings/", profile.profile, name="settings"),
    path("settings/password/", profile.password, name="settings-password"),
    path("settings/tokens/", tokens.tokens, name="settings-tokens"),
    path("settings/tokens/revoke/", tokens.revoke, name="settings-token-revoke"),
    path("review/", review.review, name="review"),
    path("review/undo/", review.undo, name="review-undo"),
    path("review/<int:ticket_id>/", review.label, name="review-label"),
]
