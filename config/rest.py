"""Settings of the REST API: Django REST framework, its tokens, its schema."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tickets.api.authentication.TokenAuthentication",
        "tickets.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tickets.api.permissions.AgentWithScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tickets.api.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "tickets.api.parsers.AlwaysFirst",
    "DEFAULT_THROTTLE_CLASSES": [],  # tickets.api.throttles, asked by ApiView: it also counts refused credentials
    "DEFAULT_FILTER_BACKENDS": [],
    "DEFAULT_SCHEMA_CLASS": "tickets.api.schema.Schema",
    "EXCEPTION_HANDLER": "tickets.api.problems.answer_for",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "iso-8601",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

KNOX_TOKEN_MODEL = "tickets.ApiToken"  # noqa: S105  (the name of a model)
REST_KNOX: dict[str, Any] = {"TOKEN_TTL": None, "TOKEN_PREFIX": "collie_"}  # a prefix that leak scanners can look for
MIGRATION_MODULES = {"knox": None}  # its own table stays unmade: ours takes its place

# name: (requests, seconds). `address` counts requests without valid credentials, by where they come from.
API_LIMITS: dict[str, tuple[int, int]] = {"user": (1200, 60), "token": (600, 60), "address": (60, 60)}

_TAGS = (
    *("tickets", "customers", "teams", "categories", "tags", "users", "me"),
    *("triage-runs", "drafts", "assist", "models", "usage", "webhooks"),
)
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Collie API",
    "VERSION": "1",
    "DESCRIPTION": (
        "Everything the desk and the administration can do, for programs.\n\n"
        "Send `Authorization: Token …`; tokens are made on your settings page. Times are ISO 8601 in UTC, money is a "
        "string in USD. Lists are pages of `results` with the addresses of `next` and `previous`. Errors are "
        "`application/problem+json` (RFC 9457) with a stable `code`. Parameters and fields that do not exist are "
        "refused rather than ignored."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False, "defaultModelsExpandDepth": 0},
    "PREPROCESSING_HOOKS": ["tickets.api.schema.only_the_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "tickets.api.schema.say_what_is_refused",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Status": "tickets.models.choices.Status",
        "Priority": "tickets.models.choices.Priority",
        "SetBy": "tickets.models.choices.SetBy",
        "Channel": "tickets.models.choices.Channel",
        "MessageKind": "tickets.models.message.Message.Kind",
        "MessageFormat": "tickets.models.message.Message.Format",
        "Delivery": "tickets.models.message.Message.Delivery",
        "EventKind": "tickets.models.event.TicketEvent.Kind",
        "Scope": "tickets.models.api_token.Scope",
        "WebhookEvent": "tickets.models.webhook.WebhookEvent",
        "DeliveryState": "tickets.models.webhook_delivery.WebhookDelivery.State",
        "DraftKind": "assistant.models.draft.Draft.Kind",
        "DraftState": "assistant.models.draft.Draft.State",
        "RunState": "assistant.models.triage_run.TriageRun.State",
        "ItemState": "assistant.models.triage_item.TriageItem.State",
        "CallKind": "assistant.models.relay_call.RelayCall.Kind",
    },
    "TAGS": [{"name": name} for name in _TAGS],
}
