"""The schema and its page, and what is said where there is nothing."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request

from tickets.api.authentication import SessionAuthentication
from tickets.api.base import ApiView
from tickets.api.problems import Problem


class SchemaView(SpectacularAPIView):
    """JSON for `Accept: application/json`, else YAML."""


class DocsPage(SpectacularSwaggerSplitView):
    """Swagger UI from our own origin: page and script apart, so that the policy holds without exceptions."""

    authentication_classes = [SessionAuthentication]  # anybody may read it; who is logged in has colours of their own
    renderer_classes = [TemplateHTMLRenderer]
    template_name = "tickets/api_docs.html"


class NoSuchAddress(ApiView):
    """404 as a problem, with a word about the slash that is easily forgotten. Says so before asking who it is."""

    authentication_classes = []
    permission_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        hint = "" if request.path.endswith("/") else " " + _("Addresses end in a slash.")
        raise Problem("not_found", _("There is nothing at this address.") + hint)
