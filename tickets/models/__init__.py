"""The helpdesk's models, one concept a file."""

from tickets.models.article import Article
from tickets.models.attempt import Attempt
from tickets.models.category import Category
from tickets.models.classification import Classification
from tickets.models.customer import Customer
from tickets.models.event import TicketEvent
from tickets.models.imported_row import ImportedRow
from tickets.models.invitation import Invitation
from tickets.models.letter_request import LetterRequest
from tickets.models.message import Message
from tickets.models.notification import Notification, NotificationChoice
from tickets.models.profile import Profile
from tickets.models.review_claim import ReviewClaim
from tickets.models.tag import Tag
from tickets.models.team import Team
from tickets.models.ticket import Ticket

__all__ = [
    "Article",
    "Attempt",
    "Category",
    "Classification",
    "Customer",
    "ImportedRow",
    "Invitation",
    "LetterRequest",
    "Message",
    "Notification",
    "NotificationChoice",
    "Profile",
    "ReviewClaim",
    "Tag",
    "Team",
    "Ticket",
    "TicketEvent",
]
