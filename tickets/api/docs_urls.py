"""What lies beside /api/v1/: the schema, its page, and an answer to addresses that do not exist."""

from django.urls import path, re_path

from tickets.api.views import docs

urlpatterns = [
    path("schema/", docs.SchemaView.as_view(), name="api-schema"),
    path("docs/", docs.DocsPage.as_view(url_name="api-schema"), name="api-docs"),
    re_path(r"", docs.NoSuchAddress.as_view(), name="api-nowhere"),
]
