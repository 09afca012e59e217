"""urllib3 connections which hand their socket to the call they serve, from before it is connected."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager

from .deadlines import Call, CallEnded

_serving = threading.local()


@contextmanager
def serving(call: Call) -> Iterator[None]:
    """Connections used by this thread within the block belong to `call`."""
    _serving.call = call
    try:
        yield
    finally:
        del _serving.call


def use_relay_connections(manager: PoolManager) -> PoolManager:
    """Make a pool manager, or proxy manager, open connections of our kind."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
    return manager


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        """As in urllib3, but the call holds the socket while it connects. Raises urllib3's exceptions."""
        call: Call = _serving.call
        call.connecting()
        try:
            addresses = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in addresses:
            try:
                return self._connect_to(call, socket.socket(family, kind, protocol), address)
            except CallEnded:
                raise
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out.") from failure
        raise NewConnectionError(self, f"Failed to establish a new connection: {failure}") from failure

    def _connect_to(self, call: Call, sock: socket.socket, address: Any) -> socket.socket:
        try:
            call.attach(sock)
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(self.timeout)
            sys.audit("http.client.connect", self, self.host, self.port)
            sock.connect(address)
            if call.ended_by:
                raise CallEnded("The call was ended.")
        except BaseException:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        super().connect()
        _serving.call.wire = self.sock
        _serving.call.connected()

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None and not _serving.call.attached:  # taken from the pool
            _serving.call.attach(self.sock)
            _serving.call.wire = self.sock
            _serving.call.reached = True
        super().request(*args, **kwargs)


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection
