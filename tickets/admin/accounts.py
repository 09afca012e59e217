"""The accounts of people who work here: Django's own admin of them, and how to help who has lost a phone."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from tickets.admin.base import RightsRecorded
from tickets.models import Login
from tickets.signin import second_step

for model in (User, Group, StaticDevice, TOTPDevice):  # the last two would show the keys of everybody
    admin.site.unregister(model)


@admin.register(Group)
class RightsAdmin(RightsRecorded, GroupAdmin):
    filter_horizontal = ()
    rights = ("permissions",)


@admin.register(User)
class AccountAdmin(RightsRecorded, UserAdmin):
    """Accounts are deactivated, never deleted: the record of what somebody did would go with them."""

    # Django's boxes to move names between have parts that a screen reader cannot name: a search and plain lists do.
    filter_horizontal = ()
    rights = ("groups", "user_permissions")
    autocomplete_fields = ["groups"]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["remove_second_step", "log_out"]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Remove the second step of login"), permissions=["change"])
    def remove_second_step(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            second_step.remove(user)
            self.log_change(request, user, _("Removed the second step of login."))
        messages.success(request, _("They log in with their password alone until they set it up again."))

    @admin.action(description=gettext_lazy("Log out everywhere"), permissions=["change"])
    def log_out(self, request: HttpRequest, users: QuerySet[User]) -> None:
        ended = Login.end(Login.objects.filter(user__in=users))
        for user in users:
            self.log_change(request, user, _("Logged out everywhere."))
        messages.success(request, _("%(n)d logins ended.") % {"n": ended})
