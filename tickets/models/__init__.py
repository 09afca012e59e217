"""The helpdesk's models, one concept a file."""

from tickets.models.category import Category
from tickets.models.classification import Classification
from tickets.models.customer import Customer
from tickets.models.event import TicketEvent
from tickets.models.imported_row import ImportedRow
from tickets.models.message import Message
from tickets.models.profile import Profile
from tickets.models.review_claim import ReviewClaim
from tickets.models.tag import Tag
from tickets.models.team import Team
from tickets.models.ticket import Ticket

__all__ = [
    "Category",
    "Classification",
    "Customer",
    "ImportedRow",
    "Message",
    "Profile",
    "ReviewClaim",
    "Tag",
    "Team",
    "Ticket",
    "TicketEvent",
]
