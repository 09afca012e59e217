"""What is done from the inbox."""

from django.urls import path

from tickets.desk import bulk, live_rows, saved_views

urlpatterns = [
    path("inbox/rows/", live_rows.rows, name="inbox-rows"),
    path("inbox/bulk/", bulk.bulk, name="bulk"),
    path("inbox/views/", saved_views.save, name="view-save"),
    path("inbox/views/filters/", saved_views.refill, name="view-refill"),
    path("inbox/views/<int:view_id>/", saved_views.change, name="view-change"),
    path("inbox/views/<int:view_id>/delete/", saved_views.delete, name="view-delete"),
]
