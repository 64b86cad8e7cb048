"""From an address to bound sockets.

Everything is bound before anything is served, so that a service that cannot listen stops the start, and
not the daemon.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.spec.address import Address

BACKLOG = 1024
"""Connections the kernel keeps until they are accepted; it lowers this to net.core.somaxconn."""

UNIX_MODE = 0o660
"""Who may connect to a Unix socket: its owner and its group."""

Inherited = Mapping[str, Sequence[socket.socket]]
"""Sockets handed over by systemd, by name."""


class BindError(Exception):
    """An address cannot be listened on; the text says why."""

    def __init__(self, text: str, number: int | None = None) -> None:
        super().__init__(text)
        self.number = number
        """The kernel's error, if it was that (errno(3))."""


@dataclass(frozen=True, slots=True)
class BoundSocket:
    """A socket that is bound and, for streams, listening."""

    address: Address
    """What it is for, with the port the kernel chose where 0 was asked for."""
    socket: socket.socket
    unlink: tuple[int, int] | None = None
    """Device and inode of the path that this process made and removes again."""
    is_shared: bool = False
    """Whether another process has it too, such as systemd."""
    kept: KeptSockets | None = None
    """Who has kept it for us, if it was not bound anew."""

    @property
    def is_stream(self) -> bool:
        return self.socket.type == socket.SOCK_STREAM

    def refuse(self) -> None:
        """Accept no more connections, though somebody may still hold the socket for a moment: those that came
        after the last was accepted would wait, and be reset."""
        if not self.is_shared and self._is_ours:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RD)

    def lent(self) -> BoundSocket:
        """The same, where another process has it too: its path stays, and it is not shut down."""
        return replace(self, unlink=None, is_shared=True)

    def close(self) -> None:
        """Close the socket, and remove its path if it is still the one that was made for it."""
        self.socket.close()
        if self.unlink is not None and self._is_ours:
            try:
                found = os.lstat(self.address.path)
                if (found.st_dev, found.st_ino) == self.unlink:
                    Path(self.address.path).unlink()
            except OSError:
                pass  # gone, or no longer ours to remove

    @property
    def _is_ours(self) -> bool:
        """Whether nobody goes on with it who has it from before."""
        return self.kept is None or self.kept.are_ours


def bind(
    address: Address,
    inherited: Inherited,
    unix_mode: int = UNIX_MODE,
    *,
    reuse_port: bool = False,
    kept: KeptSockets | None = None,
) -> list[BoundSocket]:
    """The sockets for `address`: one, or one for each address a host name has, or each handed over.

    `unix_mode` is the mode that the path of a Unix socket is made with; `reuse_port` lets others of this user
    bind the same address with it (SO_REUSEPORT, socket(7)).  What is among `kept` already is not bound anew.

    Raises :class:`BindError`.
    """
    try:
        if address.scheme == "fd":
            return _take_inherited(address, inherited)
        if address.scheme in ("unix", "unixgram"):
            return [_kept_unix(address, kept) or _bind_unix(address, unix_mode)]
        return _bind_internet(address, reuse_port, kept)
    except OSError as error:
        raise BindError(os.strerror(error.errno) if error.errno else str(error), error.errno) from error


def _bind_internet(address: Address, reuse_port: bool, kept: KeptSockets | None) -> list[BoundSocket]:
    kind = socket.SOCK_DGRAM if address.scheme == "udp" else socket.SOCK_STREAM
    bound: list[BoundSocket] = []
    try:
        for family, where in _resolved(address, kind):
            if bound and not address.port:
                # All the addresses of a name share the port that the first was given.
                where = (where[0], bound[0].address.port, *where[2:])
            only_ipv6 = family == socket.AF_INET6 and bool(address.host)
            sock = kept.claim(family, kind, where, only_ipv6=only_ipv6) if kept else None
            by = None if sock is None else kept
            if sock is None:
                sock = _bind_one(family, kind, where, address, reuse_port)
            elif reuse_port:
                # It may have been bound for one process alone.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            port = sock.getsockname()[1]
            host = where[0] if address.host else ""
            bound.append(BoundSocket(replace(address, host=host, port=port), sock, kept=by))
    except OSError:
        for one in bound:
            one.close()
        raise
    return bound


def _resolved(address: Address, kind: int) -> list[tuple[int, tuple[Any, ...]]]:
    if not address.host:
        # One socket for both families, where the machine has IPv6.
        if _has_ipv6():
            return [(socket.AF_INET6, ("::", address.port))]
        return [(socket.AF_INET, ("0.0.0.0", address.port))]  # noqa: S104 - what was asked for
    try:
        found = socket.getaddrinfo(address.host, address.port, type=kind, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise BindError(f"the host {address.host} is not known: {error.strerror}") from error
    except UnicodeError as error:  # a label of more than 63 characters
        raise BindError(f"the host {address.host} is not known: {error}") from error
    return list(dict.fromkeys((family, where) for family, _, _, _, where in found))


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def _bind_one(
    family: int, kind: int, where: tuple[Any, ...], address: Address, reuse_port: bool
) -> socket.socket:
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if address.host else 0)
            if address.interface:
                # A group such as ff02::1 is another one on each interface; the kernel has to know which.
                where = (*where[:3], socket.if_nametoindex(address.interface))
        if kind == socket.SOCK_STREAM or address.is_multicast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(where)
        if kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
        elif address.is_multicast:
            _join(sock, family, address)
    except OSError:
        sock.close()
        raise
    return sock


def _join(sock: socket.socket, family: int, address: Address) -> None:
    """Become a member of the multicast group, on the interface named or the one routing chooses."""
    index = socket.if_nametoindex(address.interface) if address.interface else 0
    group = socket.inet_pton(family, address.host)
    if family == socket.AF_INET6:
        request = group + struct.pack("@I", index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
    else:
        # struct ip_mreqn: group, local address, interface (ip(7))
        request = group + b"\0\0\0\0" + struct.pack("@i", index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)


def _bind_unix(address: Address, mode: int) -> BoundSocket:
    kind = socket.SOCK_DGRAM if address.scheme == "unixgram" else socket.SOCK_STREAM
    sock = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    bound = BoundSocket(address, sock)
    try:
        if address.path:
            _remove_stale(address.path, kind)
            with _created_with(mode):
                sock.bind(address.path)
            made = os.lstat(address.path)
            bound = replace(bound, unlink=(made.st_dev, made.st_ino))
        else:
            sock.bind("\0" + address.name)
        if kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except (OSError, BindError):
        bound.close()
        raise
    return bound


def _kept_unix(address: Address, kept: KeptSockets | None) -> BoundSocket | None:
    kind = socket.SOCK_DGRAM if address.scheme == "unixgram" else socket.SOCK_STREAM
    where = address.path or "\0" + address.name
    sock = kept.claim(socket.AF_UNIX, kind, where) if kept else None
    if sock is None:
        return None
    if not address.path:
        return BoundSocket(address, sock, kept=kept)
    made = os.lstat(address.path)
    return BoundSocket(address, sock, (made.st_dev, made.st_ino), kept=kept)


@contextmanager
def _created_with(mode: int) -> Iterator[None]:
    """Sockets are created with `mode` in this block: there is no moment at which others may connect."""
    before = os.umask(0o777 & ~mode)
    try:
        yield
    finally:
        os.umask(before)


def _remove_stale(path: str, kind: int) -> None:
    """Remove a socket that nobody listens on, left by a process that could not clean up."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise BindError("the path exists, and is not a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, kind) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        except OSError:
            pass  # bind() will say what is wrong
        else:
            raise BindError("another process listens there")


def _take_inherited(address: Address, inherited: Inherited) -> list[BoundSocket]:
    sockets = inherited.get(address.name)
    if not sockets:
        known = ", ".join(inherited) or "none"
        raise BindError(f"no socket of that name was handed over by systemd; handed over: {known}")
    for sock in sockets:
        sock.setblocking(False)
        if sock.type == socket.SOCK_STREAM and not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.listen(BACKLOG)
    return [BoundSocket(address, sock.dup(), is_shared=True) for sock in sockets]
