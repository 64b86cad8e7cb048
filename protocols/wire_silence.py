"""How long nothing has gone over a connection, for those of whom nobody here keeps the time."""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

_LAST_DATA: Final = struct.Struct("44xI4xI")
"""Milliseconds since data was last sent, and received (``struct tcp_info``, tcp(7), linux/tcp.h)."""


def silence(transport: Any) -> float:
    """Seconds since data last went either way, as the kernel knows it of TCP; 0 where nobody knows."""
    # What wraps a transport hands on what it does not know itself, down to the socket.
    connected = getattr(transport, "socket", None)
    if not isinstance(connected, socket.socket) or connected.family == socket.AF_UNIX:
        return 0.0
    try:
        found = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA.size)
    except OSError:
        return 0.0
    if len(found) < _LAST_DATA.size:
        return 0.0  # a connection that is closed already, say
    sent, received = _LAST_DATA.unpack(found)
    return float(min(sent, received)) / 1000
