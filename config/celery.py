"""The Celery application: `celery -A config.celery worker` and `… beat`, for when CELERY_BROKER_URL is set."""

import os

from celery import Celery

from config import env_file

env_file.load()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("collie")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_acks_late=True,  # a worker that dies gives its message back; the claim makes a second delivery harmless
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    beat_schedule={
        # Each job is claimed by a conditional update, so beat only has to ask often enough.
        "run-periodic-jobs": {"task": "assistant.run_periodic_jobs", "schedule": 5.0},
        "send-mail": {"task": "tickets.send_mail", "schedule": 5.0},
        "send-webhooks": {"task": "tickets.send_webhooks", "schedule": 5.0},
        "fetch-mail": {"task": "tickets.fetch_mail", "schedule": 30.0},
        "dispatch-chunks": {"task": "assistant.dispatch_chunks", "schedule": 1.0},
    },
)
app.autodiscover_tasks()
