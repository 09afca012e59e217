"""Where websockets lead."""

from channels.routing import URLRouter
from django.urls import path, re_path

from assistant.consumers import TicketSocket
from assistant.run_updates import RunSocket
from tickets.consumers import UnknownSocket
from tickets.inbox_live import InboxSocket
from tickets.sockets import OriginCheck

websockets = OriginCheck(
    URLRouter(
        [
            path("ws/tickets/<int:ticket_id>/", TicketSocket.as_asgi()),
            path("ws/triage-runs/<int:run_id>/", RunSocket.as_asgi()),
            path("ws/inbox/", InboxSocket.as_asgi()),
            re_path("", UnknownSocket.as_asgi()),
        ]
    )
)
