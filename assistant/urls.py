from django.urls import URLPattern, path

from assistant import pages, views
from assistant.desk.figures import drafts_csv

urlpatterns: list[URLPattern] = [
    path("figures/drafts/", drafts_csv, name="figures-drafts-csv"),
    path("metrics", views.metrics, name="metrics"),
    path("tickets/<int:ticket_id>/drafts/options/", pages.draft_options, name="draft-options"),
    path("tickets/<int:ticket_id>/summary/", pages.summary, name="ticket-summary"),
]
