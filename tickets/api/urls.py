from django.urls import path

from tickets.api.views import thread, tickets

urlpatterns = [
    path("tickets/", tickets.TicketList.as_view(), name="api-tickets"),
    path("tickets/bulk/", tickets.TicketBulk.as_view(), name="api-tickets-bulk"),
    path("tickets/<int:ticket_id>/", tickets.TicketDetail.as_view(), name="api-ticket"),
    path("tickets/<int:ticket_id>/messages/", thread.Messages.as_view(), name="api-messages"),
    path("tickets/<int:ticket_id>/events/", thread.Events.as_view(), name="api-events"),
    path("tickets/<int:ticket_id>/classifications/", thread.Classifications.as_view(), name="api-classifications"),
]
