"""The settings of a server that may be asked as often as a test likes."""

from django.core.signals import request_started

from config.settings import *  # noqa: F403

API_LIMITS = {"user": (10**6, 60), "token": (10**6, 60), "address": (10**6, 60)}
LOGGING_CONFIG = None


def _look_up_content_types_anew(**_: object) -> None:
    """Tests that commit empty the tables afterwards: the types of contents then get other ids."""
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects.clear_cache()


request_started.connect(_look_up_content_types_anew)
