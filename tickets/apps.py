from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.backends.signals import connection_created
from django.db.models.signals import post_delete, post_migrate, post_save, pre_migrate
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    name = "tickets"
    default = True
    verbose_name = _("Helpdesk")

    def ready(self) -> None:
        from tickets import notifications
        from tickets.access import grant_admins
        from tickets.fulltext.setup import after_migrate, before_migrate, teach_sqlite
        from tickets.live import tell_open_pages
        from tickets.models import Message, TicketEvent, Webhook
        from tickets.models.attachment import Attachment, forget_file
        from tickets.signals import happening, ticket_changed, tickets_erased
        from tickets.signin import sessions
        from tickets.webhooks import record, upkeep, wishes

        connection_created.connect(teach_sqlite)
        pre_migrate.connect(before_migrate, sender=self)
        post_migrate.connect(after_migrate, sender=self)
        post_migrate.connect(grant_admins)
        ticket_changed.connect(tell_open_pages)
        happening.connect(record.on_happening)
        tickets_erased.connect(upkeep.forget_erased)
        post_save.connect(wishes.forget, sender=Webhook)
        post_delete.connect(wishes.forget, sender=Webhook)
        user_logged_in.connect(sessions.remember)
        user_logged_out.connect(sessions.forget)
        post_save.connect(notifications.on_message, sender=Message)
        post_save.connect(notifications.on_event, sender=TicketEvent)
        post_delete.connect(forget_file, sender=Attachment)


class DeskAdminConfig(admin_apps.AdminConfig):
    """The stock admin, entered by the Admins group instead of by is_staff."""

    default = False
    default_site = "tickets.admin_site.DeskAdminSite"
