"""What the tests of systemd share."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest


class Systemd:
    """Whoever hears what a daemon tells, at a notify socket of its own."""

    def __init__(self, name: str) -> None:
        self.environment = {"NOTIFY_SOCKET": name}
        self.descriptors: list[int] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(20)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)

    def heard(self) -> list[str]:
        """The assignments of the next message; its descriptors are kept."""
        message, descriptors, _, _ = socket.recv_fds(self._socket, 65_536, 300)
        self.descriptors += descriptors
        return message.decode().split("\n")

    def hears_no_more(self) -> bool:
        """Whether there is no further message by now."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(65_536)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(20)
        return False

    def close(self) -> None:
        self._socket.close()
        for descriptor in self.descriptors:
            os.close(descriptor)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    """Somebody who hears what is told."""
    one = Systemd(str(tmp_path / "notify"))
    yield one
    one.close()


@pytest.fixture
def abstract_systemd() -> Iterator[Systemd]:
    """The same at an address in the abstract namespace."""
    one = Systemd(f"@polyport-notify-{os.getpid()}")
    yield one
    one.close()
