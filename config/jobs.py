"""What is done again and again, by whichever worker (or Celery's beat) claims it first."""

from __future__ import annotations

PERIODIC_JOBS: dict[str, tuple[str, float]] = {
    # name: (dotted function, seconds between two runs)
    "wake-snoozed-tickets": ("tickets.snoozing.wake_due", 15),
    "forget-unsent-attachments": ("tickets.attachments.forget_unsent", 3600),
    "requeue-expired-chunks": ("assistant.triage.chunks.requeue_expired", 10),
    "classify-new-tickets": ("assistant.triage.automatic.classify_new_tickets", 5),
    "resume-automatic-triage": ("assistant.triage.automatic.resume_switched_on", 60),
    "resume-within-budget": ("assistant.triage.upkeep.resume_within_budget", 60),
    "undo-runs": ("assistant.triage.undo.undo_some", 1),
    "clear-sessions": ("tickets.signin.sessions.clear_expired", 86400),
    "write-monthly-report": ("assistant.reports.periodic.write_in_background", 3600),
    "delete-unstarted-runs": ("assistant.triage.upkeep.delete_unstarted", 3600),
    "interrupt-orphaned-drafts": ("assistant.drafts.lifecycle.interrupt_orphans", 10),
    "write-letters": ("tickets.letters.write_letters", 2),
    "mail-notifications": ("tickets.notifications.mail_unseen", 20),
    "forget-letters": ("tickets.letters.forget", 3600),
    "forget-notifications": ("tickets.notifications.forget", 86_400),
    "purge-original-mails": ("tickets.mail.incoming.originals.purge_originals", 86_400),
    "purge-old-texts": ("assistant.retention.purge_old_texts", 86_400),
    "report-unsettled-calls": ("assistant.gateway.mark_outcome_unknown", 60),
    "purge-idempotency-keys": ("tickets.api.idempotency.purge", 3600),
    "purge-webhook-deliveries": ("tickets.webhooks.upkeep.purge", 3600),
}
