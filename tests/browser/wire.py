"""A wire between browser and server that can be cut, may lose what it carries, and may let no websocket through."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Wire:
    """Passes bytes on to the server at `origin`, both ways, until `cut` ends every connection there is.

    While `refuses_sockets` it answers every websocket's handshake itself, as some proxies do; while `is_down` nobody
    gets through; what is on its way "there" or "back" is lost while `loses` names that way.
    """

    def __init__(self, origin: str) -> None:
        self.refuses_sockets = False
        self.is_down = False
        self.loses = ""
        parts = urlsplit(origin)
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                if self.is_down:
                    near.close()
                    continue
                far = socket.create_connection(self._server)
                self._open |= {near, far}
                for source, target, way in ((near, far, "there"), (far, near, "back")):
                    threading.Thread(target=self._pass_on, args=(source, target, way), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.refuses_sockets and data.startswith(b"GET /ws/"):
                    source.sendall(REFUSAL)
                    break
                if self.loses != way:
                    target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        source.close()
        self._open.discard(source)
