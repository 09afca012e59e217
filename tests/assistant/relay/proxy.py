"""A small HTTP proxy: CONNECT tunnels, and requests with a whole address forwarded as they are."""

import socket
import threading
from urllib.parse import urlsplit

from .upstream import Upstream, head


class Proxy(Upstream):
    """An Upstream whose one script passes bytes on. `refuse`: the status it answers instead."""

    def __init__(self, refuse=None, tls=None):
        super().__init__(self._pass_on, tls=tls)
        self._refuse = refuse

    def _pass_on(self, peer):
        if self._refuse:
            peer.send(head(self._refuse, {"content_length": "0"}))
            peer.close()
            return
        method, target, _ = peer.head.split("\r\n")[0].split(" ")
        address = target if method == "CONNECT" else urlsplit(target).netloc
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port))) as onward:
            if method == "CONNECT":
                peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                onward.sendall(peer.head.encode("latin-1") + b"\r\n\r\n" + peer.body)
            back = threading.Thread(target=_copy, args=(onward, peer.sock), name=f"upstream-{id(self)}")
            back.start()
            _copy(peer.sock, onward)
            back.join()


def _copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass  # one of the two is gone, and so shall the other be
    for sock in (source, target):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
