"""A customer's personal data in the admin: what there is of it, handed out, and erased."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ProtectedError, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tickets.audit import DELETION, record
from tickets.models import Customer
from tickets.privacy.erase import erase
from tickets.privacy.export import export
from tickets.privacy.kept import rows_of


class EraseForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("The customer's address"),
        help_text=gettext_lazy("Type it out, so that nobody is erased by a slip."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any, *, customer: Customer) -> None:
        super().__init__(data)
        self.customer = customer

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].strip().lower()
        if address != self.customer.email:
            raise ValidationError(_("That is not the address of this customer. Nothing was erased."))
        return address


class CustomerData(admin.ModelAdmin):
    """The part of the customers' admin that is about their data. Names and addresses stay out of the record."""

    change_form_template = "admin/tickets/customer/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        pages = (("data", self.data_view), ("export", require_POST(self.export_view)))
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"tickets_customer_{name}")
            for name, view in pages
        ]
        return [*own, *super().get_urls()]

    def data_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return require_http_methods(["GET", "HEAD", "POST"])(self._data)(request, pk)

    def _data(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What is kept, in numbers, with the two buttons; erases when it is posted."""
        customer = self._customer(request, pk)
        form = EraseForm(request.POST or None, customer=customer)
        if form.is_bound and form.is_valid():
            return self._erase(request, customer)
        counts = [(model._meta.verbose_name_plural, rows.count()) for model, rows in rows_of(customer).items()]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Personal data"), "opts": self.opts, "customer": customer, "form": form,
            "counts": [(str(name), count) for name, count in counts if count],
        }  # fmt: skip
        return TemplateResponse(
            request, "admin/tickets/customer/data.html", context, status=422 if form.errors else 200
        )

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        customer = self._customer(request, pk)
        record(request.user, customer, _("Exported all personal data."), name="")
        file = export(customer, timezone.now())
        return FileResponse(file, as_attachment=True, filename=f"customer-{customer.pk}.zip")

    def _erase(self, request: HttpRequest, customer: Customer) -> HttpResponseBase:
        pk = customer.pk
        try:
            left = erase(customer)
        except ProtectedError:
            messages.warning(request, _("A message of this customer has just come in. Erase once more."))
            return redirect("admin:tickets_customer_data", pk)
        customer.pk = pk
        if left:
            record(request.user, customer, _("Erased a part; more is left."), act=DELETION, name="")
            text = _("%(n)d tickets are left: so many take more than one go. Erase once more.")
            messages.warning(request, text % {"n": left})
            return redirect("admin:tickets_customer_data", pk)
        record(request.user, customer, _("Erased with everything."), act=DELETION, name="")
        messages.success(request, _("Customer %(id)d and all that was kept of them is gone.") % {"id": pk})
        return redirect("admin:tickets_customer_changelist")

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Customer]) -> list[LogEntry]:
        for customer in queryset:
            record(request.user, customer, "", act=DELETION, name="")
        return []

    def _customer(self, request: HttpRequest, pk: int) -> Customer:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return get_object_or_404(Customer, pk=pk)
