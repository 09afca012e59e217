"""The REST API: a door like the desk. How a resource is laid, in ten lines:

1. A view is an `ApiView` (base.py) with `get`, `post`, `patch` …: it loads through access.py, calls a verb, answers.
2. Authentication, scopes, throttles, request ids, problems, refused parameters: ApiView does them all, once.
3. GET needs the scope `read`, the rest `write`: `write_scope = Scope.AI` where AI is used; `admin_methods`.
4. Requests are `StrictSerializer`s with the fields of fields.py; `self.read(SomeSerializer)` returns what is valid.
5. Answers are dicts made by a function as in shapes.py; a serializer in @extend_schema(responses=…) declares them.
6. Errors: raise `Problem(code, sentence)`; another package's exceptions are told once by `problems.tells(kind, as)`.
7. Lists: `self.page(queryset, shape)`, pagination_class KeysetPagination, `orderings`, a FilterSet: filterset_class.
8. POST takes Idempotency-Key by itself, in one transaction; set `network = True` where the verb calls the relay.
9. A stream is a StreamingHttpResponse over an async generator, returned from an ApiView like any other answer.
10. Each route is named api-…, has a row in tests/tickets/api/matrix.py, and JSON names of the domain, times with _at.
"""
