"""The sockets that systemd hands over (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from pathlib import Path

FIRST_FD = 3
"""Where the sockets that systemd hands over begin."""


VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
"""How systemd says what it hands over, and to which process."""


def inherited_sockets(environment: Mapping[str, str]) -> dict[str, list[socket.socket]]:
    """The sockets handed to this process, by the name their unit gives (``FileDescriptorName=``).

    Several may have one name.  The descriptors are closed on exec.
    """
    pid, count, names = (environment.get(variable, "") for variable in VARIABLES)
    found: dict[str, list[socket.socket]] = {}
    if pid != str(os.getpid()) or not count.isdecimal():
        return found
    named = names.split(":") if names else []
    for index in range(int(count)):
        name = named[index] if index < len(named) and named[index] else "unknown"
        fd = FIRST_FD + index
        try:
            os.set_inheritable(fd, False)
            handed_over = socket.socket(fileno=fd)
        except OSError:
            continue  # closed, or a FIFO or a device: nothing that a service could take
        found.setdefault(name, []).append(handed_over)
    return found


def initial_environment() -> dict[str, str]:
    """The environment this process was started with, whatever has been removed from it since (proc(5))."""
    try:
        block = Path("/proc/self/environ").read_bytes()
    except OSError:
        return {}
    assignments = (os.fsdecode(entry).partition("=") for entry in block.split(b"\0"))
    return {name: value for name, _, value in assignments if name}


def withdraw(environment: MutableMapping[str, str]) -> None:
    """Remove the variables, so that no child takes them for its own."""
    for variable in VARIABLES:
        environment.pop(variable, None)
