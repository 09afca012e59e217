"""The helpdesk's models, one concept a file."""

from tickets.models.api_token import ApiToken
from tickets.models.article import Article
from tickets.models.attachment import Attachment
from tickets.models.attempt import Attempt
from tickets.models.category import Category
from tickets.models.classification import Classification
from tickets.models.customer import Customer
from tickets.models.event import TicketEvent
from tickets.models.idempotent_request import IdempotentRequest
from tickets.models.imported_row import ImportedRow
from tickets.models.invitation import Invitation
from tickets.models.letter_request import LetterRequest
from tickets.models.login import Login
from tickets.models.mailbox import Mailbox
from tickets.models.message import Message
from tickets.models.notification import Notification, NotificationChoice
from tickets.models.outgoing_mail import OutgoingMail
from tickets.models.profile import Profile
from tickets.models.received_mail import ReceivedMail, UnreadableMail
from tickets.models.review_claim import ReviewClaim
from tickets.models.saved_reply import SavedReply
from tickets.models.saved_view import SavedView
from tickets.models.tag import Tag
from tickets.models.team import Team
from tickets.models.ticket import Ticket
from tickets.models.ticket_words import TicketWords
from tickets.models.unsent_text import UnsentText
from tickets.models.webhook import Webhook, WebhookEvent
from tickets.models.webhook_delivery import WebhookDelivery

__all__ = [
    "ApiToken",
    "Article",
    "Attachment",
    "Attempt",
    "Category",
    "Classification",
    "Customer",
    "IdempotentRequest",
    "ImportedRow",
    "Invitation",
    "LetterRequest",
    "Login",
    "Mailbox",
    "Message",
    "Notification",
    "NotificationChoice",
    "OutgoingMail",
    "Profile",
    "ReceivedMail",
    "ReviewClaim",
    "SavedReply",
    "SavedView",
    "Tag",
    "Team",
    "Ticket",
    "TicketEvent",
    "TicketWords",
    "UnreadableMail",
    "UnsentText",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
]
