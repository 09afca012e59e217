"""What every view of the API has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api import idempotency, throttles
from tickets.api.filters import StrictFilterBackend
from tickets.api.paging import KeysetPagination
from tickets.api.problems import Problem
from tickets.models import ApiToken
from tickets.models.api_token import Scope


class ApiView(GenericAPIView):
    """Authentication, scopes, throttles, refused parameters, request ids, keys and problems for a resource.

    Subclasses write `get`, `post` and so on; `orderings` maps what a list may be ordered by to its column, the first
    descending unless said; `params` are query parameters that neither filters nor pages know.
    """

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    metadata_class = None
    pagination_class: type[KeysetPagination] | None = None
    filter_backends = [StrictFilterBackend]
    write_scope: ClassVar[str] = Scope.WRITE
    admin_methods: ClassVar[frozenset[str]] = frozenset()
    network: ClassVar[bool] = False
    params: ClassVar[frozenset[str]] = frozenset()
    orderings: ClassVar[Mapping[str, str]] = {"created_at": "created"}
    default_ordering: ClassVar[str] = ""
    raw_body: bytes = b""

    @property
    def user(self) -> User:
        """Who asks; only behind the permissions, so never anonymous."""
        return self.request.user  # type: ignore[return-value]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        self.standings: list[throttles.Standing] = []
        return super().initialize_request(request, *args, **kwargs)  # type: ignore[arg-type]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._refuse_unknown_parameters(request)
        if request.method == "POST" and "Idempotency-Key" in request.headers:
            self.post: Callable[..., Any] = idempotency.once(self, self.post)

    def perform_authentication(self, request: Request) -> None:
        """Refused credentials count against the address, or they could be guessed without end."""
        try:
            super().perform_authentication(request)
        except Exception:
            self._count(("address", request.META.get("REMOTE_ADDR", "")))
            raise
        if not request.user.is_authenticated:
            self._count(("address", request.META.get("REMOTE_ADDR", "")))
        elif isinstance(request.auth, ApiToken):
            self._count(("token", request.auth.digest[:32]), ("user", request.user.pk))
        else:
            self._count(("user", request.user.pk))

    def one_transaction(self) -> AbstractContextManager[None]:
        """In which a POST with a key is answered, its effect and its kept answer."""
        return transaction.atomic()

    def _count(self, *callers: tuple[str, object]) -> None:
        self.standings = throttles.count(callers)
        throttles.enforce(self.standings)

    def _refuse_unknown_parameters(self, request: Request) -> None:
        if request.method not in self.allowed_methods:
            return
        known = set(self.params)
        if request.method in {"GET", "HEAD"}:
            filters = getattr(self, "filterset_class", None)
            known |= set(filters.base_filters) if filters else set()
            known |= {"cursor", "limit", "ordering"} if self.pagination_class else set()
        for name, values in request.query_params.lists():
            if name not in known:
                raise _refused(name, _("There is no such parameter here."))
            if len(values) > 1:
                raise _refused(name, _("Give this parameter once; several values are separated by commas."))

    def read(self, kind: type[serializers.BaseSerializer], **options: Any) -> Any:
        """The valid body as a `kind`; raises the problem that names each wrong field."""
        if self.request.data is None:
            raise Problem("bad_request", _("Send a JSON object, not null."))
        form = kind(data=self.request.data, context={"request": self.request, "view": self}, **options)
        form.is_valid(raise_exception=True)
        return form.validated_data

    def page(self, rows: QuerySet[Any], shape: Callable[[list[Any]], list[dict[str, Any]]]) -> Response:
        """The page of `rows`, filtered, as the cursor says; `shape` turns all of its rows into JSON at once."""
        paginator = self.paginator
        assert isinstance(paginator, KeysetPagination)
        found = paginator.paginate_queryset(self.filter_queryset(rows), self.request, view=self)
        return paginator.get_paginated_response(shape(found))

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in throttles.headers(self.standings).items() if self.standings else ():
            response[name] = value
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return response


def _refused(name: str, sentence: str) -> Problem:
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:60])
    return Problem(
        "bad_request", f"{shown}: {sentence}", errors=[{"field": shown, "code": "unknown", "message": sentence}]
    )
