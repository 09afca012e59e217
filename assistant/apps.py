from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssistantConfig(AppConfig):
    name = "assistant"
    verbose_name = _("AI assistant")

    def ready(self) -> None:
        from assistant import checks  # noqa: F401  (registers the system checks)
        from assistant.costs.health import relay_trouble
        from assistant.drafts.lifecycle import mark_sent
        from assistant.jobs import worker_trouble
        from assistant.retention import forget_tickets
        from tickets.health import DEGRADATIONS
        from tickets.signals import reply_sent, tickets_erased

        reply_sent.connect(mark_sent)
        tickets_erased.connect(forget_tickets)
        DEGRADATIONS.update(worker=worker_trouble, relay=relay_trouble)
