"""What is answered when a request failed here: 503 where it may be sent again, 500 for a defect of ours."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from tickets.api.problems import MEDIA_TYPE, of_failure
from tickets.tracing import request_id_of

log = logging.getLogger(__name__)
PLAIN = "Something went wrong on our side. The log of the server says what.\n"


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the error is being handled; what goes wrong within the API ends there."""
    problem = of_failure(sys.exc_info()[1])
    if request.path.startswith("/api/"):
        body = problem.body(request_id_of(request))
        return JsonResponse(body, status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)
    page, kind = PLAIN, "text/plain; charset=utf-8"
    try:
        page, kind = str(render_to_string(f"{problem.status}.html")), "text/html; charset=utf-8"
    except Exception:  # else the request never ends, and its connection never returns to the pool
        log.exception("The page that tells of a failure failed too; have the static files been collected?")
    return HttpResponse(page, kind, problem.status, headers=problem.headers)
