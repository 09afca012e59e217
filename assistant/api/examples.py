"""Examples of the docs page."""

from tickets.api.examples import answered, sent

_CLASSIFICATION = {
    "id": 87,
    "ticket": 1042,
    "category": "billing",
    "priority": "high",
    "confidence": 0.93,
    "reason": "The customer was charged twice.",
    "doubt": "",
    "source": "relay",
    "author": None,
    "model": "deepseek-v3.2",
    "prompt_version": "1",
    "category_applied": True,
    "priority_applied": True,
    "created_at": "2026-01-31T09:30:04Z",
}
CLASSIFIED = answered(
    "A confident answer",
    {"outcome": "classified", "reason": _CLASSIFICATION["reason"], "run": 12, "classification": _CLASSIFICATION},
)
CORRECTION = sent("It is about money after all", {"category": "billing", "priority": "high"})
RUN = sent("All open tickets that have no category, for at most one dollar",
           {"filter": "open_without_category", "max_cost": "1.00"})  # fmt: skip
DRAFT = sent("A brief reply", {"instruction": "Offer a refund.", "tone": "brief"})
ASSIST = sent("A question", {"prompt": "Name three friendly greetings.", "use_case": "chat", "user_waiting": False})
