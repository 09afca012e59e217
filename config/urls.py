from django.contrib import admin
from django.urls import include, path

from tickets.health import healthz, readyz

handler500 = "tickets.failures.server_error"

urlpatterns = [
    path("admin/assistant/", include("assistant.admin.page_urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/v1/", include("tickets.api.urls")),
    path("api/v1/", include("assistant.api.urls")),
    path("api/", include("tickets.api.docs_urls")),
    path("", include("tickets.signin.urls")),
    path("", include("assistant.urls")),
    path("", include("tickets.portal.urls")),
    path("", include("tickets.desk.people_urls")),
    path("", include("tickets.desk.inbox_urls")),
    path("", include("tickets.desk.urls")),
]
