"""What systemd hands over, and what it wants to hear (sd_listen_fds(3), sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

FIRST_FD = 3
"""Where the sockets that systemd hands over begin."""


def inherited_sockets(environment: MutableMapping[str, str]) -> dict[str, list[socket.socket]]:
    """The sockets handed to this process, by the name their unit gives (``FileDescriptorName=``).

    Several may have one name.  The variables are removed from `environment`, so that no child takes them
    for its own, and the descriptors are closed on exec.

    This has to run before anything imports ``twisted.internet.endpoints``, which removes the variables
    as it is imported.
    """
    pid = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "")
    found: dict[str, list[socket.socket]] = {}
    if pid != str(os.getpid()) or not count.isdigit():
        return found
    named = names.split(":") if names else []
    for index in range(int(count)):
        name = named[index] if index < len(named) and named[index] else "unknown"
        fd = FIRST_FD + index
        os.set_inheritable(fd, False)
        found.setdefault(name, []).append(socket.socket(fileno=fd))
    return found


def notify(*assignments: str) -> bool:
    """Tell systemd ``READY=1``, ``STOPPING=1`` and the like; False where nobody listens."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return False
    if path.startswith("@"):
        path = "\0" + path[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notification:
        try:
            notification.sendto("\n".join(assignments).encode(), path)
        except OSError:
            return False
    return True
