"""What a token's scopes and a person's role let through, before any object is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tickets.access import is_admin
from tickets.api.problems import Problem
from tickets.models import ApiToken
from tickets.models.api_token import Scope

if TYPE_CHECKING:
    from tickets.api.base import ApiView


class AgentWithScope(BasePermission):
    def has_permission(self, request: Request, view: ApiView) -> bool:  # type: ignore[override]
        if not request.user.is_authenticated:
            return False
        needed = Scope.READ if request.method in SAFE_METHODS else view.write_scope
        if isinstance(request.auth, ApiToken) and not request.auth.allows(needed):
            raise Problem(
                "insufficient_scope",
                _("This needs a token with the scope “%(scope)s”.") % {"scope": needed},
                needed=str(needed),
            )
        method = "GET" if request.method == "HEAD" else request.method
        if method in view.admin_methods and not is_admin(request.user):
            raise Problem("forbidden", _("Only administrators may do this."))
        return True
