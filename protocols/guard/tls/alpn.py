"""Which protocol is spoken inside, among those that a client offers (ALPN, RFC 7301)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from OpenSSL import SSL

Choose = Callable[[SSL.Connection, list[bytes]], object]


def chooser(protocols: Sequence[bytes]) -> Choose:
    """What OpenSSL asks for a choice.

    A service that names no `protocols` may be one that ALPN has no name for: whatever a client offers, it
    goes on without.  One that names some ends a handshake in which none of them is offered, with the alert
    no_application_protocol (section 3.2): who asks for ``acme-tls/1`` or ``imap`` must not take what comes
    for that.
    """

    def choose(connection: SSL.Connection, offered: list[bytes]) -> object:
        if not protocols:
            return SSL.NO_OVERLAPPING_PROTOCOLS
        for protocol in protocols:
            if protocol in offered:
                return protocol
        # What is raised makes the alert, and is raised again by the handshake.
        raise SSL.Error([("SSL routines", "", "no application protocol")])

    return choose
