"""How sockets go from one process to the next: packets of names, each with as many descriptors."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Final

VARIABLE: Final = "POLYPORT_UPGRADE"
"""Tells a process that it takes over: the descriptor that sockets come by, and the one to say by that it is
ready, with a comma between."""

SOCKETS: Final = 3
"""The first of these, in the process that takes over."""

READY: Final = 4
"""The second."""

AT_ONCE: Final = 100
"""Sockets in one packet: the kernel takes 253 (SCM_MAX_FD)."""

LONGEST: Final = 64 * 1024
"""Bytes of a packet: a hundred names, each at most as long as a path and what systemd allows."""


def send(channel: socket.socket, named: Sequence[tuple[str, socket.socket]]) -> None:
    """Send sockets with their names, and that these were all.  Raises :class:`OSError`."""
    for begin in range(0, len(named), AT_ONCE):
        some = named[begin : begin + AT_ONCE]
        names = json.dumps([name for name, _ in some]).encode()
        socket.send_fds(channel, [names], [one.fileno() for _, one in some])
    channel.send(b"[]")


def receive(channel: socket.socket) -> dict[str, list[socket.socket]]:
    """What was sent; programs do not inherit it.  Raises :class:`EOFError` if that ended too early."""
    found: dict[str, list[socket.socket]] = {}
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, LONGEST, AT_ONCE)
        received = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        if not data:
            raise EOFError("the process before this one has ended before it handed everything over")
        names = json.loads(data)
        if not names:
            return found
        for name, one in zip(names, received, strict=True):
            one.set_inheritable(False)
            found.setdefault(name, []).append(one)
