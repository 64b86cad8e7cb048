"""A socket from which a place for datagrams can be reached."""

from __future__ import annotations

import shutil
import socket
import struct
import tempfile
from pathlib import Path
from typing import Any

from protocols.client.place import Place

MAX_DATAGRAM = 1024 * 1024
"""Bytes of the longest reply that is read whole: more than UDP can carry, or Unix sockets do by default."""


class DatagramSocket:
    """A socket for `place`, connected but for multicast: then the kernel reports that nobody listens, and
    lets in nothing that comes from elsewhere.

    Raises :class:`OSError`.
    """

    def __init__(self, place: Place) -> None:
        self.where: Any = None
        """Where to send to; ``None``: the socket is connected."""
        self._folder: str | None = None
        self.socket = self._unix(place) if place.scheme == "unixgram" else self._internet(place)
        self.socket.setblocking(False)

    def close(self) -> None:
        self.socket.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _unix(self, place: Place) -> socket.socket:
        """With a path of its own, without which no reply could be sent to it."""
        self._folder = tempfile.mkdtemp(prefix="polyport-")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            sock.bind(str(Path(self._folder, "client.sock")))
            sock.connect(place.unix)
        except OSError:
            sock.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return sock

    def _internet(self, place: Place) -> socket.socket:
        failed: OSError | None = None
        found = socket.getaddrinfo(place.host or "localhost", place.port, type=socket.SOCK_DGRAM)
        for family, _, _, _, where in found:
            sock = socket.socket(family, socket.SOCK_DGRAM)
            try:
                if place.multicast:
                    _send_through(sock, place.interface)
                    self.where = where  # every member answers from an address of its own
                else:
                    sock.connect(where)
            except OSError as error:  # there may be no way to the addresses of one family
                sock.close()
                failed = error
            else:
                return sock
        assert failed is not None
        raise failed


def _send_through(sock: socket.socket, interface: str) -> None:
    """Let multicast leave through `interface`, if one is named."""
    if not interface:
        return
    index = socket.if_nametoindex(interface)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    else:
        # struct ip_mreqn: group, local address, interface (ip(7))
        request = bytes(8) + struct.pack("@i", index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
