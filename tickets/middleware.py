"""Each person's language and time zone, for the time of one request."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin

from tickets.models import Profile
from tickets.models.profile import zone_of

ZONE_COOKIE = "zone"  # the browser's own time zone, kept by zone.js


class PreferencesMiddleware(MiddlewareMixin):
    """What the profile says; else the browser's time zone and the language it asks for (LocaleMiddleware's)."""

    def process_request(self, request: HttpRequest) -> None:
        profile = Profile.of(request.user)
        zone = zone_of(profile.time_zone) or zone_of(request.COOKIES.get(ZONE_COOKIE, ""))
        if zone:
            timezone.activate(zone)
        else:
            timezone.deactivate()
        if profile.language in dict(settings.LANGUAGES):
            translation.activate(profile.language)
            request.LANGUAGE_CODE = translation.get_language()
