"""Dovecot as a child process with a configuration of its own, and a proxy that cuts connections to it."""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PATIENCE = 90.0
USER, PASSWORD = "desk@example.com", "pass/with@and?in:it"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = {login}
default_internal_user = {login}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
"""


class Dovecot:
    """One mailbox on a free port of this machine."""

    def __init__(self) -> None:
        # Not pytest's folder, which is for its user alone: as root, Dovecot reads mail as somebody else.
        folder = Path(tempfile.mkdtemp(prefix="collie-dovecot-"))
        folder.chmod(0o755)
        self._owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        for name in ("run", "state", "mail", "home"):
            (folder / name).mkdir()
            if name in {"mail", "home"}:
                os.chown(folder / name, self._owner.pw_uid, self._owner.pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as unused:
            self.port = unused.getsockname()[1]
        self._folder = folder
        config = folder / "dovecot.conf"
        config.write_text(self._config())
        program = shutil.which("dovecot") or "/usr/sbin/dovecot"
        self._process = subprocess.Popen([program, "-F", "-c", str(config)])
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.client().logout()
                return
            except (OSError, imaplib.IMAP4.error) as error:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    log = folder / "dovecot.log"
                    said = log.read_text() if log.exists() else str(error)
                    self.end()
                    raise AssertionError(said) from error
                time.sleep(0.05)

    def _config(self) -> str:
        login = "dovecot" if os.getuid() == 0 else self._owner.pw_name
        return _CONFIG.format(
            folder=self._folder, port=self.port, password=PASSWORD, uid=self._owner.pw_uid, gid=self._owner.pw_gid,
            login=login, group=login,
        )  # fmt: skip

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        return client

    def put(self, *mails: bytes, flags: str = "") -> None:
        client = self.client()
        for mail in mails:
            client.append("INBOX", flags, None, mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        client.logout()

    def count(self, criteria: str = "UNSEEN", folder: str = "INBOX") -> int:
        client = self.client()
        client.select(folder)
        found = client.search(None, criteria)[1][0].split()
        client.logout()
        return len(found)

    def command(self, *words: str) -> None:
        """Something a person does with the mailbox in another program."""
        client = self.client()
        getattr(client, words[0])(*words[1:])
        client.logout()

    def end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class Cutter:
    """Passes bytes on to a server, and cuts each connection after `budget` bytes from it, until told not to."""

    def __init__(self, port: int, budget: int | None) -> None:
        self.budget = budget
        self.cuts = 0
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def end(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._pass, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, self.budget), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, budget: int | None) -> None:
        try:
            while data := source.recv(4096):
                if budget is not None:
                    budget -= len(data)
                    if budget < 0:
                        sink.sendall(data[: len(data) + budget])
                        self.cuts += 1
                        break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
