"""Admin pages that belong to no model. They come before the admin's own addresses."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from assistant.admin.monthly_page import monthly_page
from assistant.admin.planner_page import planner_page
from assistant.admin.relay_page import relay_page
from assistant.admin.report_page import report_csv, report_page
from assistant.admin.usage_page import usage_csv, usage_page

urlpatterns = [
    path("usage/", admin.site.admin_view(usage_page), name="usage"),
    path("usage.csv", admin.site.admin_view(usage_csv), name="usage-csv"),
    path("planner/", admin.site.admin_view(planner_page), name="planner"),
    path("relay/", admin.site.admin_view(relay_page), name="relay-status"),
    path("report/", admin.site.admin_view(report_page), name="report"),
    path("report.csv", admin.site.admin_view(report_csv), name="report-csv"),
    path("report/monthly/", admin.site.admin_view(monthly_page), name="monthly-report"),
]
