"""Sockets that outlive the process that has bound them: systemd has kept them, or that process hands them
over."""

from __future__ import annotations

import socket
from typing import Any

from protocols.daemon.systemd import StoredSockets


class KeptSockets:
    """Gives sockets of `stored` to whoever wants to bind what they are bound to, one at a time.

    :param are_ours: see there.
    """

    def __init__(self, stored: StoredSockets | None = None, *, are_ours: bool = True) -> None:
        self.are_ours = are_ours
        """Whether nobody else serves them; the process before this one does until it retires."""
        self._stored = stored or StoredSockets({})
        self.claimed = 0
        """How many were given away."""
        self._found: dict[tuple[Any, ...], list[socket.socket]] = {}

    def claim(self, family: int, kind: int, where: Any, *, only_ipv6: bool = False) -> socket.socket | None:
        """One that is bound just so, and the caller's from now on; several workers may have one each.

        The arguments are those of :meth:`~protocols.daemon.systemd.StoredSockets.take`.
        """
        key = family, kind, where, only_ipv6
        if key not in self._found:
            self._found[key] = self._stored.take(family, kind, where, only_ipv6=only_ipv6)
        found = self._found[key]
        if not found:
            return None
        self.claimed += 1
        found[0].setblocking(False)
        return found.pop(0)

    def close_rest(self) -> None:
        """Close what nobody has claimed."""
        self._stored.close_rest()
        for one in (one for some in self._found.values() for one in some):
            one.close()
        self._found = {}
