"""Webhooks as admins make, change and watch them: in the admin and over REST."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.tickets.api.conftest import program
from tickets.models import Ticket, Webhook, WebhookDelivery
from tickets.webhooks import sending

pytestmark = pytest.mark.django_db
NEW = {"name": "Shop", "url": "http://127.0.0.1:9/in", "events": ["ticket.updated", "ticket.created"]}
ADD = reverse("admin:tickets_webhook_add")


@pytest.fixture
def api(carol):
    return program(carol)


@pytest.fixture
def desk(client, carol):
    client.force_login(carol)
    return client


def test_over_rest_the_secret_is_shown_once_and_signs(api, receiver, erin, carol):
    answer = api.post("/api/v1/webhooks/", {**NEW, "url": receiver.url}, format="json")
    made = answer.json()
    assert (answer.status_code, made["events"]) == (201, ["ticket.created", "ticket.updated"])
    assert made["created_by"] == carol.pk and made["enabled"] is True
    read = api.get(answer["Location"])
    assert "secret" not in read.json() and made["secret"] not in read.content.decode()
    Ticket.objects.open(erin, "Hello")
    sending.send_due(timezone.now())
    assert receiver.messages[0].verified(made["secret"])["type"] == "ticket.created"
    renewed = api.post(f"{answer['Location']}secret/").json()["secret"]
    assert renewed.startswith("whsec_") and renewed != made["secret"]


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "ftp://example.com/", "x"])
def test_addresses_of_the_own_network_are_refused_when_saving_with_the_reason(api, desk, settings, url):
    settings.RELAY_ALLOW_PRIVATE = False
    answer = api.post("/api/v1/webhooks/", {**NEW, "url": url}, format="json").json()
    (error,) = answer["errors"]
    assert (answer["status"], error["field"]) == (400, "url")
    page = desk.post(ADD, {**NEW, "url": url}).content.decode()
    assert re.sub(r"&#x27;", "'", error["message"]) in page
    assert not Webhook.objects.exists()


def test_over_rest_a_webhook_is_changed_switched_off_and_on_and_deleted(api, webhook, settings):
    url = reverse("api-webhook", args=[webhook.pk])
    waiting = webhook.deliveries.create(event="run.finished", body="{}")
    off = api.patch(url, {"name": "Till", "enabled": False}, format="json").json()
    assert (off["name"], off["enabled"]) == ("Till", False)
    waiting.refresh_from_db()
    assert waiting.state == "failed"
    again = f"{url}deliveries/{waiting.pk}/resend/"
    assert api.post(again).json()["code"] == "conflict"
    assert api.patch(url, {"enabled": True, "events": ["run.finished"]}, format="json").json()["enabled"] is True
    resent = api.post(again)
    assert (resent.status_code, resent.json()["state"]) == (202, "queued")
    settings.RELAY_ALLOW_PRIVATE = False
    assert api.patch(url, {"url": "http://10.0.0.1/"}, format="json").status_code == 400
    assert api.patch(url, {"events": []}, format="json").status_code == 400
    assert api.delete(url).status_code == 204 and not WebhookDelivery.objects.exists()


def test_the_log_over_rest_says_what_became_of_each_message(api, webhook, receiver, erin):
    receiver.answers("500 Oops", body=b"no room")
    ticket = Ticket.objects.open(erin, "Hello")
    sending.send_due(timezone.now())
    url = reverse("api-deliveries", args=[webhook.pk])
    rows = api.get(url, {"state": "queued", "event": "ticket.created"}).json()["results"]
    (row,) = rows
    assert (row["status"], row["answer"], row["attempts"], row["state"]) == (500, "no room", 1, "queued")
    assert row["ms"] >= 0 and row["next_at"] > row["tried_at"] and "500" in row["problem"]
    whole = api.get(f"{url}{row['id']}/").json()
    assert (whole["payload"]["type"], whole["payload"]["data"]["id"]) == ("ticket.created", ticket.pk)
    other = Webhook.objects.make(None, name="Other", url=receiver.url, events=["run.finished"])
    assert api.get(f"{reverse('api-deliveries', args=[other.pk])}{row['id']}/").status_code == 404


def test_in_the_admin_a_webhook_is_made_with_its_secret_shown_once(desk, carol):
    answer = desk.post(ADD, NEW, follow=True)
    made = Webhook.objects.get()
    assert made.created_by == carol and made.events == ["ticket.created", "ticket.updated"] and made.enabled
    assert made.secret in answer.content.decode().replace("&#x2B;", "+").replace("&#x3D;", "=")
    for page in (
        reverse("admin:tickets_webhook_changelist"),
        reverse("admin:tickets_webhook_change", args=[made.pk]),
    ):
        assert made.secret not in desk.get(page).content.decode()
    desk.post(reverse("admin:tickets_webhook_changelist"), {"action": "renew_secret", "_selected_action": [made.pk]})
    old, made.secret = made.secret, Webhook.objects.get().secret
    assert made.secret != old == Webhook.objects.get().old_secret


def test_in_the_admin_it_is_switched_off_and_on_and_deleted_with_its_log(desk, webhook):
    change = reverse("admin:tickets_webhook_change", args=[webhook.pk])
    waiting = webhook.deliveries.create(event="run.finished", body="{}")
    form = {"name": "Shop", "url": webhook.url, "events": ["run.finished"]}
    assert desk.post(change, form).status_code == 302
    webhook.refresh_from_db()
    waiting.refresh_from_db()
    assert (webhook.enabled, webhook.events, waiting.state) == (False, ["run.finished"], "failed")
    assert desk.post(change, {**form, "enabled": "on"}).status_code == 302
    webhook.refresh_from_db()
    assert webhook.enabled
    delete = reverse("admin:tickets_webhook_delete", args=[webhook.pk])
    assert desk.post(delete, {"post": "yes"}).status_code == 302
    assert not Webhook.objects.exists() and not WebhookDelivery.objects.exists()


def test_in_the_admin_a_message_is_looked_at_and_sent_again(desk, webhook, receiver, now):
    row = webhook.deliveries.create(event="run.finished", body=json.dumps({"type": "run.finished"}), next_at=now)
    receiver.answers("404 Not Found", body=b"<b>who?</b>")
    sending.send_due(now)
    page = desk.get(reverse("admin:tickets_webhookdelivery_change", args=[row.pk])).content.decode()
    assert "&lt;b&gt;who?&lt;/b&gt;" in page and "The receiver answered 404." in page
    log = reverse("admin:tickets_webhookdelivery_changelist")
    answer = desk.post(log, {"action": "send_again", "_selected_action": [row.pk]}, follow=True)
    assert "1 message is on its way." in answer.content.decode()
    receiver.answers("200 OK")
    assert sending.send_due(timezone.now()) == 1
    assert [got.id for got in receiver.messages] == [row.message_id] * 2


def test_agents_have_no_page_for_webhooks(client, alice):
    client.force_login(alice)
    assert client.get(ADD).status_code == 302
