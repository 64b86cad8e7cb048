"""Access rules in front of a datagram socket."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from protocols.datagram import DatagramServer
from protocols.guard.access.admission import Admission
from protocols.peer_address import datagram_peer

REMEMBERED: Final = 4096
"""Senders about whom a decision is kept: whoever sends one datagram mostly sends more."""


def guard_datagrams(server: DatagramServer, admission: Admission) -> None:
    """Have `server` drop, and count, the datagrams of those whom `admission` does not admit.

    A server without that pays nothing for it.  Decisions are kept, except where hours could change them.
    """
    receive, journal = server.datagramReceived, server.journal

    def find_out(sender: object) -> str | None:
        return admission.refusal(datagram_peer(sender))

    why_not = find_out if admission.access.asks_when else lru_cache(maxsize=REMEMBERED)(find_out)

    def guarded(datagram: bytes, addr: object) -> None:
        # No rule asks for the port, which is another one for each socket of a sender.
        why = why_not((addr[0], 0) if isinstance(addr, tuple) else addr)
        if why is None:
            receive(datagram, addr)
        else:
            journal.counts.datagrams += 1
            journal.denied(datagram_peer(addr), why)

    server.datagramReceived = guarded  # type: ignore[method-assign]
