from __future__ import annotations

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from tickets.access import is_admin


class DeskAdminSite(AdminSite):
    site_header = site_title = "Collie"
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        return is_admin(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """One door for everybody: agents and admins log in at the desk."""
        if request.user.is_authenticated and not self.has_permission(request):
            messages.error(request, _("The administration is for administrators; this is your inbox."))
            return redirect("inbox")
        return redirect_to_login(request.GET.get("next", "/admin/"))
