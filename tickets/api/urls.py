from django.urls import path

from tickets.api.views import attachments, people, thread, tickets, webhooks

urlpatterns = [
    path("tickets/", tickets.TicketList.as_view(), name="api-tickets"),
    path("tickets/bulk/", tickets.TicketBulk.as_view(), name="api-tickets-bulk"),
    path("tickets/<int:ticket_id>/", tickets.TicketDetail.as_view(), name="api-ticket"),
    path("tickets/<int:ticket_id>/messages/", thread.Messages.as_view(), name="api-messages"),
    path("tickets/<int:ticket_id>/attachments/", attachments.Attachments.as_view(), name="api-attachments"),
    path(
        "tickets/<int:ticket_id>/attachments/<int:attachment_id>/",
        attachments.Download.as_view(),
        name="api-attachment",
    ),
    path("tickets/<int:ticket_id>/events/", thread.Events.as_view(), name="api-events"),
    path("tickets/<int:ticket_id>/classifications/", thread.Classifications.as_view(), name="api-classifications"),
    path("customers/", people.Customers.as_view(), name="api-customers"),
    path("customers/<int:customer_id>/", people.CustomerDetail.as_view(), name="api-customer"),
    path("teams/", people.Teams.as_view(), name="api-teams"),
    path("teams/<int:team_id>/", people.TeamDetail.as_view(), name="api-team"),
    path("categories/", people.Categories.as_view(), name="api-categories"),
    path("categories/<slug:slug>/", people.CategoryDetail.as_view(), name="api-category"),
    path("tags/", people.Tags.as_view(), name="api-tags"),
    path("users/", people.Users.as_view(), name="api-users"),
    path("me/", people.Me.as_view(), name="api-me"),
    path("webhooks/", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("webhooks/<int:webhook_id>/", webhooks.WebhookDetail.as_view(), name="api-webhook"),
    path("webhooks/<int:webhook_id>/secret/", webhooks.WebhookSecret.as_view(), name="api-webhook-secret"),
    path("webhooks/<int:webhook_id>/deliveries/", webhooks.Deliveries.as_view(), name="api-deliveries"),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/",
        webhooks.DeliveryDetail.as_view(),
        name="api-delivery",
    ),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/resend/",
        webhooks.Resend.as_view(),
        name="api-delivery-resend",
    ),
]
