"""Names of services and their ports."""

from __future__ import annotations

import re
import socket

from protocols.daemon.importers.place import ValueFault


def port_of(text: str, protocol: str) -> int | None:
    """The port that `text` is, or names in ``/etc/services`` for `protocol` (``tcp`` or ``udp``); ``None``
    for a name that is not there.

    Raises :class:`ValueFault` for a number that is no port.
    """
    if re.fullmatch("[0-9]+", text):
        number = int(text[:6])
        if not 0 < number <= 65535:
            raise ValueFault(f"{text[:12]} is no port: 1 to 65535")
        return number
    try:
        return socket.getservbyname(text, protocol)
    except (OSError, UnicodeError, ValueError):
        return None


def unknown_port(text: str, protocol: str) -> str:
    """What to say of a name without a port."""
    return f"{text}/{protocol} is not in /etc/services here; add it there, or write its port in its place"
