"""The settings of a server that may be asked as often as a test likes."""

from config.settings import *  # noqa: F403

API_LIMITS = {"user": (10**6, 60), "token": (10**6, 60), "address": (10**6, 60)}
LOGGING_CONFIG = None
