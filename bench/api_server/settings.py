"""Collie's settings with the plain list beside it and without limits."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.api_server.urls"
API_LIMITS = dict.fromkeys(("user", "token", "address"), (10**9, 60))
