"""Outgoing webhooks by the Standard Webhooks specification (standardwebhooks.com).

record.py writes a row for each message in the transaction of what it tells of, where somebody wants to hear of it
(wishes.py); payloads.py says what is in it; sending.py signs (signing.py), sends and tries again; service.py and
tickets/tasks.py run that in the worker and under Celery; upkeep.py forgets.
"""
