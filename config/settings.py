"""Django settings: everything that differs between installations comes from config/env.py."""

import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF

from config import env, jobs, logs, postgres, rest

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

try:
    ENV = env.read(os.environ)
except env.BadValue as error:
    sys.exit(f"Collie cannot start: {error}")


def _kept_secret_key() -> str:
    """The key of this machine, made at first use: a laptop needs no set-up, several machines set SECRET_KEY."""
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = ENV["SECRET_KEY"] or _kept_secret_key()
DEBUG = ENV["DEBUG"]
SITE_URL = ENV["SITE_URL"]
_site = urlsplit(SITE_URL)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *ENV["ALLOWED_HOSTS"]]
if _site.hostname:
    ALLOWED_HOSTS.append(_site.hostname)
CSRF_TRUSTED_ORIGINS = list(ENV["CSRF_TRUSTED_ORIGINS"])

INSTALLED_APPS = [
    "daphne",
    "tickets.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
    "tickets",
    "assistant",
]
MIDDLEWARE = [
    "tickets.tracing.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tickets.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "assistant.context.assistant",
            ],
        },
    },
]

# --- data ---------------------------------------------------------------------------------------------------------
_default_database = f"sqlite:///{VAR_DIR / 'collie.sqlite3'}"
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(ENV["DATABASE_URL"] or _default_database)}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database["ENGINE"] = "config.sqlite3"
    VAR_DIR.mkdir(exist_ok=True)
    _folder = Path(_database["NAME"]).parent
    if not _folder.is_dir():
        sys.exit(f"Collie cannot start: DATABASE_URL must name a file in a folder that exists; {_folder} does not.")
    # IMMEDIATE takes the write lock at BEGIN, where the busy timeout applies; a later upgrade would fail at once.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    # A file, so that threads and other processes share it; one a test run, so that two runs do not.
    _database["TEST"] = {"NAME": str(Path(tempfile.gettempdir(), f"collie-test-{os.getpid()}.sqlite3"))}
else:
    _database["OPTIONS"] = postgres.options(_database.get("OPTIONS", {}))
    _database["CONN_MAX_AGE"] = 0
    _database["CONN_HEALTH_CHECKS"] = True  # else the whole pool fails once each after the server was restarted
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = ENV["REDIS_URL"]
if REDIS_URL:
    # The layer waits 5 s for each message, which redis-py's own default of 5 s would cut off as a dead connection.
    _layer = {"address": REDIS_URL, "socket_timeout": 10}
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [_layer]}}
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},  # requests wait for it
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CELERY_BROKER_URL = ENV["CELERY_BROKER_URL"]

# --- people -------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "tickets.accounts.ProfileBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
PASSWORD_RESET_TIMEOUT = 86_400  # seconds
REQUIRE_ADMIN_2FA = ENV["REQUIRE_ADMIN_2FA"]
OTP_TOTP_ISSUER = "Collie"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/lockout.html"
AXES_VERBOSE = False

# --- what a browser may do ----------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 7 * 86_400  # seconds: once a week everybody logs in anew
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if _site.scheme == "https":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # Browsers take a cookie of such a name from this host alone: no other subdomain can plant one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV["HSTS_INCLUDE_SUBDOMAINS"]
    SECURE_HSTS_PRELOAD = ENV["HSTS_PRELOAD"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# HSTS for subdomains and preloading reach beyond this site and are hard to take back: the operator's choice, by
# environment. Whoever leaves them out has chosen, and need not be warned at each deployment.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- REST API -----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = rest.REST_FRAMEWORK
REST_KNOX = rest.REST_KNOX
KNOX_TOKEN_MODEL = rest.KNOX_TOKEN_MODEL
MIGRATION_MODULES = rest.MIGRATION_MODULES
SPECTACULAR_SETTINGS = rest.SPECTACULAR_SETTINGS
API_LIMITS = rest.API_LIMITS
CORS_ALLOWED_ORIGINS = list(ENV["CORS_ALLOWED_ORIGINS"])  # no credentials: programs in browsers send a token
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["authorization", "content-type", "idempotency-key", "if-match", "last-event-id", "x-request-id"]
CORS_EXPOSE_HEADERS = ["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"]

# --- language, time, files ----------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # those there are translations for: half a page in another language helps nobody
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Never served by address: attachments leave through a view that asks who may see them.
MEDIA_ROOT = ENV["MEDIA_ROOT"] or VAR_DIR / "media"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
ATTACHMENT_MAX_BYTES = ENV["ATTACHMENT_MAX_MB"] * 1024 * 1024
ATTACHMENT_REFUSED_ENDINGS = {
    "ade", "adp", "apk", "app", "appx", "bat", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "ins", "iso",
    "isp", "jar", "js", "jse", "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "pif", "ps1", "psm1", "reg", "scf",
    "scr", "sct", "shb", "sys", "vb", "vbe", "vbs", "vhd", "vxd", "wsc", "wsf", "wsh", "xll",
}  # fmt: skip

# --- mail ---------------------------------------------------------------------------------------------------------
MAIL_ON = ENV["EMAIL_URL"] is not None
globals().update(ENV["EMAIL_URL"] or {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"})
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM = ENV["MAIL_FROM"]
MAIL_REPLY_TAG = ENV["MAIL_REPLY_TAG"]
MAILBOX = ENV["INBOUND_MAIL_URL"]
MAIL_AUTH_HOST = ENV["MAIL_AUTH_HOST"]
MAIL_ORIGINAL_DAYS = 90  # how long the original of a mail is kept that came in
MAIL_REOPEN_DAYS = 14  # a closed ticket is reopened by its customer's answer; later, the answer is a new ticket
MAIL_PARTS_MAX_BYTES = 40 * 1024 * 1024  # attachments of one mail together

# --- customers ----------------------------------------------------------------------------------------------------
SUPPORT_NAME = ENV["SUPPORT_NAME"]
CUSTOMER_LINK_DAYS = ENV["CUSTOMER_LINK_DAYS"]
CONFIRM_TICKETS = ENV["CONFIRM_TICKETS"]
NOTIFY_MAIL_MINUTES = ENV["NOTIFY_MAIL_MINUTES"]
# What customers' pages and mails are written in; the desk has LANGUAGES.
PORTAL_LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "tickets" / "portal" / "locale"]

# --- assistant ----------------------------------------------------------------------------------------------------
RELAY_BASE_URL = ENV["RELAY_BASE_URL"]
RELAY_API_KEY = ENV["RELAY_API_KEY"]
RELAY_RPM = ENV["RELAY_RPM"]
RELAY_STREAM_RPM = ENV["RELAY_STREAM_RPM"]
RELAY_PROXY = ENV["RELAY_PROXY"]
RELAY_CA_BUNDLE = ENV["RELAY_CA_BUNDLE"]
RELAY_ALLOW_PRIVATE = ENV["RELAY_ALLOW_PRIVATE"]
RELAY_DEADLINES = {"connect": 10.0, "first_token": 60.0, "silence": 60.0, "total": 180.0}  # seconds
TRIAGE_MODEL = ENV["TRIAGE_MODEL"]
TRIAGE_BATCH_SIZE = ENV["TRIAGE_BATCH_SIZE"]
TRIAGE_BODY_CHARS = ENV["TRIAGE_BODY_CHARS"]
TRIAGE_CONCURRENCY = ENV["TRIAGE_CONCURRENCY"]
DRAFT_MODEL = ENV["DRAFT_MODEL"]
DRAFT_MAX_STREAMS = ENV["DRAFT_MAX_STREAMS"]
MONTHLY_BUDGET_USD = ENV["MONTHLY_BUDGET_USD"]
USER_DAILY_BUDGET_USD = ENV["USER_DAILY_BUDGET_USD"]
AI_ENABLED = ENV["AI_ENABLED"]
RETAIN_DRAFTS_DAYS = ENV["RETAIN_DRAFTS_DAYS"]
TRIAGE_MIN_CONFIDENCE = 0.6
PERIODIC_JOBS = jobs.PERIODIC_JOBS

# --- watching ------------------------------------------------------------------------------------------------------
METRICS_TOKEN = ENV["METRICS_TOKEN"]
LOGGING = logs.logging_settings(ENV["LOG_FORMAT"])
if ENV["SENTRY_DSN"]:
    logs.report_errors_to(ENV["SENTRY_DSN"])
