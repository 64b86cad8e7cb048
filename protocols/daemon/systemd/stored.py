"""The sockets that systemd has kept for us since the daemon ran last (``FDSTORE=1`` in sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final

PREFIX: Final = "polyport.stored."
"""What the names of stored sockets begin with; those of ``FileDescriptorName=`` are the operator's."""


def stored_name(service: str, sock: socket.socket) -> str:
    """What a socket of `service` is stored as.

    That of a path says which file it is: once that is gone, such as with ``RuntimeDirectory=``, nobody
    reaches the socket any more, and nothing else shows that.
    """
    if sock.family != socket.AF_UNIX or not (path := _path(sock)):
        return PREFIX + service
    try:
        found = os.lstat(path)
    except OSError:
        return f"{PREFIX}{service}.gone"
    return f"{PREFIX}{service}.{found.st_dev:x}-{found.st_ino:x}"


def stores_sockets(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd keeps sockets of this process over a restart (``$FDSTORE``, since systemd 254)."""
    most = environment.get("FDSTORE", "")
    return most.isascii() and most.isdecimal() and int(most) > 0


class StoredSockets:
    """Those of the sockets that were handed over which systemd had stored.

    :param inherited: all that were handed over, by name.
    """

    def __init__(self, inherited: Mapping[str, Sequence[socket.socket]]) -> None:
        self._stored = [
            (name, one) for name, some in inherited.items() if name.startswith(PREFIX) for one in some
        ]
        self.activated = {name: list(some) for name, some in inherited.items() if not name.startswith(PREFIX)}
        """The others, which units of their own have made."""
        self.names = sorted({name for name, _ in self._stored})
        """What systemd has to forget before sockets are stored anew: it knows them by their names only, of
        which several sockets may have one."""

    def take(self, family: int, kind: int, where: Any, *, only_ipv6: bool = False) -> list[socket.socket]:
        """The sockets that are bound just so, several where workers have one each; they are the caller's.

        :param where: as for ``bind()``: the path of a Unix socket, its name with a null in front, or an
            internet address.
        :param only_ipv6: of a socket for IPv6, that it does not take IPv4 as well.
        """
        wanted = (family, kind, _address(where), only_ipv6 if family == socket.AF_INET6 else None)
        taken = [pair for pair in self._stored if _bound(pair[1]) == wanted and _is_reachable(*pair)]
        self._stored = [pair for pair in self._stored if pair not in taken]
        return [one for _, one in taken]

    def close_rest(self) -> None:
        """Close what nobody has taken."""
        for _, one in self._stored:
            one.close()
        self._stored = []


def _bound(sock: socket.socket) -> tuple[int, int, Any, bool | None]:
    only_ipv6 = None
    if sock.family == socket.AF_INET6:
        only_ipv6 = bool(sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
    return sock.family, sock.type, _address(sock.getsockname()), only_ipv6


def _address(where: Any) -> Any:
    """The same for all that stands for one address."""
    if isinstance(where, tuple):
        host, port, *more = where
        # An address of one link may have its interface in its text besides.
        return host.partition("%")[0], port, more[1] if len(more) > 1 else 0
    return os.fsencode(where) if isinstance(where, str) else bytes(where)


def _path(sock: socket.socket) -> str:
    """The path that a Unix socket is bound to; empty for one of the abstract namespace."""
    where = sock.getsockname()
    return where if isinstance(where, str) else ""


def _is_reachable(name: str, sock: socket.socket) -> bool:
    """Whether the path, if there is one, is still that of the socket."""
    if sock.family != socket.AF_UNIX or not (path := _path(sock)):
        return True
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return name.endswith(f".{found.st_dev:x}-{found.st_ino:x}")
