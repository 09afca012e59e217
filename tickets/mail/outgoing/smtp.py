"""SMTP that knows how far it came: whether the server may hold a mail whose end we did not hear."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoBackend


class TrackedSMTP(smtplib.SMTP):
    """The text of a mail is the second thing sent while `data` runs, after the command; from then on until the
    server's answer, only the server knows whether it has taken the mail."""

    in_doubt = False
    _sends: int | None = None

    def data(self, msg: Any) -> Any:
        self._sends = 0
        try:
            answer = super().data(msg)
        finally:
            self._sends = None
        self.in_doubt = False
        return answer

    def send(self, s: Any) -> None:
        if self._sends is not None:
            self._sends += 1
            self.in_doubt = self._sends > 1
        super().send(s)


class TrackedSMTPOverTLS(TrackedSMTP, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return TrackedSMTPOverTLS if self.use_ssl else TrackedSMTP

    @property
    def in_doubt(self) -> bool:
        """Whether the last mail was cut off when it may already have been taken."""
        return bool(getattr(self.connection, "in_doubt", False))
