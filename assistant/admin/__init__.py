"""The assistant's pages in the Django admin: runs, ledger, models and prices, and the action on tickets."""

from assistant.admin import actions, drafts, ledger, preferences, prices, prompts, runs

__all__ = ["actions", "drafts", "ledger", "preferences", "prices", "prompts", "runs"]
