"""Saved replies of the demo: what its agents would otherwise type again and again."""

from __future__ import annotations

from tickets.models import SavedReply

REPLIES = {
    "Ask for details": (
        "Hello {{customer.first_name}},\n\nthank you for writing. So that we can look into it, please tell us:\n\n"
        "- what you did just before\n- what you saw, with the exact words of the message if there was one\n"
        "- on which device and since when\n\nBest regards\n{{agent.first_name}}"
    ),
    "Refund is on its way": (
        "Hello {{customer.first_name}},\n\nwe are sorry. The amount goes back to the account it came from and "
        "should be there within five working days. You need do nothing more.\n\nBest regards\n{{agent.first_name}}"
    ),
    "Passed on to engineering": (
        "Hello {{customer.first_name}},\n\nwe could reproduce what you describe in request {{ticket.id}} and have "
        "passed it on. We write again as soon as it is mended.\n\nBest regards\n{{agent.first_name}}"
    ),
    "Closing after no answer": (
        "Hello {{customer.first_name}},\n\nas we have not heard from you, we close “{{ticket.subject}}”. Answer this "
        "mail at any time and it opens again.\n\nBest regards\n{{agent.first_name}}"
    ),
}


def load_saved_replies() -> int:
    """Write the saved replies that are not there yet; returns how many."""
    there = set(SavedReply.objects.filter(name__in=REPLIES).values_list("name", flat=True))
    fresh = [SavedReply(name=name, body=body) for name, body in REPLIES.items() if name not in there]
    return len(SavedReply.objects.bulk_create(fresh))
