from django.apps import AppConfig


class AssistantConfig(AppConfig):
    name = "assistant"
    verbose_name = "AI assistant"

    def ready(self) -> None:
        from assistant import checks  # noqa: F401  (registers the system checks)
        from assistant.drafts.lifecycle import mark_sent
        from tickets.signals import reply_sent

        reply_sent.connect(mark_sent)
