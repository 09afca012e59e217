"""The OpenAPI schema: what every operation has in common is said here once."""

from __future__ import annotations

import inspect
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from tickets.api.problems import CODES, MEDIA_TYPE

PREFIX = "/api/v1/"

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request sent again with the same key has one effect and the same answer, for 24 hours; "
    "a streamed answer is made anew.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457). `code` is stable: programs go by it, people read `detail`.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": list(CODES)},
        "request_id": {"type": "string"},
        "id": {"type": "integer", "description": "With already_exists: of the one there is, where you may see it."},
        "version": {"type": "integer", "description": "With version_conflict: the ticket's version now."},
        "needed": {"type": "string", "description": "With insufficient_scope: the scope."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
            },
        },
    },
}
_HEADERS = {
    "X-Request-ID": {"description": "Names this request in the logs.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left: `r` requests in `t` seconds.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "What there is: `q` requests in `w` seconds.", "schema": {"type": "string"}},
}


class Schema(AutoSchema):
    """Operations as our views describe them."""

    def get_description(self) -> str:  # type: ignore[override]
        """The method's docstring, else that of its own view: what all views inherit is for who writes them."""
        action = getattr(self.view, self.method.lower(), None)
        return inspect.getdoc(action) or inspect.cleandoc(vars(type(self.view)).get("__doc__") or "")

    def get_operation_id(self) -> str:
        """tickets_list, tickets_create, tickets_messages_list … without the version."""
        return str(super().get_operation_id())


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "tickets.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token collie_…`: the word Token, a blank, and the token.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "tickets.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A person logged in at the desk; changes need X-CSRFToken too.",
        }


def only_the_api(endpoints: list[Any]) -> list[Any]:
    """Hook before: what is documented is what programs may call."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(PREFIX)]


def say_what_is_refused(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Hook after: the answers, headers and errors that ApiView gives every operation."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for name, schema in schemas.items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return result


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    responses = operation["responses"]
    statuses = {400, 401, 403, 429}
    if "{" in path:
        statuses.add(404)
    if "requestBody" in operation:
        statuses |= {413, 415} if "application/json" in operation["requestBody"]["content"] else {415}
    if method == "post":
        statuses.add(409)
        parameters.append(_KEY)
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        statuses.add(412)
    for status in sorted(statuses | {int(known) for known in responses if int(known) >= 400}):
        responses[str(status)] = _problem_response(status)
    for response in responses.values():
        response["headers"] = {**_HEADERS, **response.get("headers", {})}


def _problem_response(status: int) -> dict[str, Any]:
    """An error of this status. What only some operations have is named by @extend_schema(responses={409: None})."""
    titles = dict.fromkeys(title for own, title in CODES.values() if own == status)
    return {
        "description": "; ".join(titles) or "An error",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
