"""The one exception that leaves this package."""

from .answers import clean


class RelayError(Exception):
    """A call to the relay failed.

    code: bad_request, not_found, rate_limited, invalid_key, unknown_model, timeout, interrupted, truncated,
        blocked, relay_error or cancelled.
    message: for people; says what to do and keeps the provider's own words. Never holds the API key.
    retryable: the same call may be made again without asking anybody.
    stops_run: no retry mends it (key, payment, unknown model, redirect, page of HTML, bad certificate).
    status: the HTTP status, or the one an `error` object named; None when there was neither.
    retry_after: seconds the provider asked to wait; None without a hint.
    provider_message: the provider's words alone, redacted and cut to 500 characters.
    text_shown: text of this answer has already been handed out, so it must not be asked for again silently.
    request_sent: False when no connection was made, so that the provider cannot have seen (or charged) the call.
    unsupported_format: the provider refused `response_format`; ask again with a simpler one.
    attempts: requests sent in all before giving up; filled in by whoever retries.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        stops_run: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
        provider_message: str = "",
        request_id: str = "",
        text_shown: bool = False,
        unsupported_format: bool = False,
        request_sent: bool = True,
    ) -> None:
        message = clean(message)  # it may quote a server, and is stored
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.stops_run = stops_run
        self.status = status
        self.retry_after = retry_after
        self.provider_message = provider_message
        self.request_id = request_id
        self.text_shown = text_shown
        self.unsupported_format = unsupported_format
        self.request_sent = request_sent
        self.attempts = 0

    def __repr__(self) -> str:
        return f"RelayError({self.code!r}, {self.message!r})"

    def after_text(self) -> "RelayError":
        """The same failure once text was handed out: interrupted (or truncated), never retried silently."""
        if self.code in ("cancelled", "truncated"):
            code, message = self.code, self.message
        else:
            code = "interrupted"
            message = f"The answer was cut off after it had begun: {self.message}"
        return RelayError(
            code,
            message,
            stops_run=self.stops_run,
            status=self.status,
            retry_after=self.retry_after,
            provider_message=self.provider_message,
            request_id=self.request_id,
            text_shown=True,
        )
