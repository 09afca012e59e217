from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from tickets.access import is_admin
from tickets.signin.second_step import has_second_step


class DeskAdminSite(AdminSite):
    site_header = site_title = "Collie"
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        return is_admin(request.user) and not self._lacks_second_step(request)

    def _lacks_second_step(self, request: HttpRequest) -> bool:
        """Who has one has used it: there is no other way to log in."""
        return settings.REQUIRE_ADMIN_2FA and not has_second_step(request.user)  # type: ignore[arg-type]

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """One door for everybody: agents and admins log in at the desk."""
        if is_admin(request.user) and self._lacks_second_step(request):
            messages.warning(request, _("The administration asks for a second step of login: set it up here."))
            return redirect("settings-second-step")
        if request.user.is_authenticated and not self.has_permission(request):
            messages.error(request, _("The administration is for administrators; this is your inbox."))
            return redirect("inbox")
        return redirect_to_login(request.GET.get("next", "/admin/"))
