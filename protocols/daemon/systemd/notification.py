"""One message to systemd, with descriptors if there are some (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Final

VARIABLE: Final = "NOTIFY_SOCKET"
"""Where systemd says who hears of us."""

PATIENCE: Final = 1.0
"""Seconds for which a message may wait for a systemd that is busy: nothing is served meanwhile."""

MOST_DESCRIPTORS: Final = 253
"""In one message (SCM_MAX_FD of the kernel)."""


def notify(
    *assignments: str, descriptors: Sequence[int] = (), environment: Mapping[str, str] = os.environ
) -> bool:
    """Tell systemd ``READY=1``, ``STOPPING=1`` and the like; False where nobody listens.

    :param descriptors: for ``FDSTORE=1``, at most :data:`MOST_DESCRIPTORS`.
    """
    path = environment.get(VARIABLE, "")
    if not path.startswith(("/", "@")):
        return False
    if path.startswith("@"):
        path = "\0" + path[1:]
    message = "\n".join(assignments).encode("utf-8", "replace")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notification:
        notification.settimeout(PATIENCE)
        try:
            notification.connect(path)
            socket.send_fds(notification, [message], list(descriptors))
        except OSError:
            return False
    return True
