"""What happens in one service: always counted, and logged where somebody wants to read it.

Whose fault an error is decides how it shows.  The peer's faults are counted and logged at debug, since
anybody on the network can make any number of them; the handler's are logged as failures with their
traceback, once.  No payload is ever logged.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.session import Peer

WARN_EVERY = 60.0
"""Seconds between two warnings of refused connections: peers decide how many there are."""

log = Logger(namespace="polyport")


@dataclass(slots=True)
class Counts:
    """Totals since the service started."""

    connections: int = 0
    """Stream connections accepted."""
    refused: int = 0
    """Stream connections closed at once because ``limits.connections`` was reached."""
    datagrams: int = 0
    """Datagrams received."""
    framing_errors: int = 0
    """Connections whose bytes stopped making sense."""
    rejected: int = 0
    """Messages whose content was not what the function takes."""
    failures: int = 0
    """Errors of the handler."""
    oversize: int = 0
    """Datagrams dropped because they were longer than the limit, or cut by the kernel."""
    overload: int = 0
    """Datagrams dropped because too many were being answered."""
    denied: int = 0
    """Connections, datagrams and HTTP requests that the rules of ``access`` refused."""
    failed_logins: int = 0
    """HTTP requests whose password or token was wrong."""
    limited: int = 0
    """HTTP requests refused because their source, or user, asked too often."""
    failed_handshakes: int = 0
    """TLS handshakes that came to nothing."""
    late_handshakes: int = 0
    """TLS handshakes that took too long."""
    dropped_handshakes: int = 0
    """TLS handshakes broken off because too many were under way."""
    unsent: int = 0
    """Reply datagrams that the kernel did not take, or whose sender has no address."""


class Journal:
    """The log and the counters of one service."""

    follows_connections: ClassVar[bool] = True
    """Whether each connection has its two lines, and each that is denied its one, at debug.  To write what
    nobody will read costs as much as to accept a connection, so who leaves that level out, as the daemon
    does, sets this too."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.counts = Counts()
        self._warned_at = -WARN_EVERY

    def opened(self, peer: Peer) -> None:
        self.counts.connections += 1
        if self.follows_connections:
            log.debug("{service}: {peer} connected", service=self.service, peer=peer)

    def closed(self, peer: Peer, reason: Exception | None) -> None:
        if self.follows_connections:
            log.debug(
                "{service}: {peer} closed{reason}",
                service=self.service,
                peer=peer,
                reason="" if reason is None else f": {reason}",
            )

    def refused(self, why: str) -> None:
        """A connection was closed as it came; said aloud once in a while, for it is the operator's limit."""
        self.counts.refused += 1
        if self._may_warn():
            log.warn(
                "{service}: connection refused: {why} ({count} refused so far)",
                service=self.service,
                why=why,
                count=self.counts.refused,
            )

    def _may_warn(self) -> bool:
        now = time.monotonic()
        if now - self._warned_at < WARN_EVERY:
            return False
        self._warned_at = now
        return True

    def framing_error(self, peer: Peer, error: Exception) -> None:
        self.counts.framing_errors += 1
        log.debug("{service}: {peer}: {error}", service=self.service, peer=peer, error=error)

    def rejected(self, peer: Peer, error: Exception) -> None:
        self.counts.rejected += 1
        log.debug("{service}: {peer}: rejected: {error}", service=self.service, peer=peer, error=error)

    def denied(self, peer: Peer, why: str) -> None:
        """The rules of ``access`` refuse `peer`."""
        self.counts.denied += 1
        if self.follows_connections:
            log.debug("{service}: {peer}: denied: {why}", service=self.service, peer=peer, why=why)

    def login_failed(self, peer: Peer) -> None:
        self.counts.failed_logins += 1
        log.debug("{service}: {peer}: login failed", service=self.service, peer=peer)

    def handshake_failed(self, peer: Peer, why: str) -> None:
        self.counts.failed_handshakes += 1
        log.debug(
            "{service}: {peer}: the TLS handshake failed: {why}", service=self.service, peer=peer, why=why
        )

    def handshake_late(self, peer: Peer, seconds: float) -> None:
        self.counts.late_handshakes += 1
        log.debug(
            "{service}: {peer}: no TLS handshake within {seconds:g} s",
            service=self.service,
            peer=peer,
            seconds=seconds,
        )

    def handshake_dropped(self, peer: Peer, limit: int) -> None:
        """Said aloud as refused connections are: it is the operator's limit."""
        self.counts.dropped_handshakes += 1
        if self._may_warn():
            log.warn(
                "{service}: TLS handshakes dropped: {limit} are under way ({count} dropped so far)",
                service=self.service,
                limit=limit,
                count=self.counts.dropped_handshakes,
            )

    def idle(self, peer: Peer, seconds: float) -> None:
        log.debug(
            "{service}: {peer}: nothing moved for {seconds:g} s",
            service=self.service,
            peer=peer,
            seconds=seconds,
        )

    def failed(self, peer: Peer, error: BaseException) -> None:
        self.counts.failures += 1
        log.failure(
            "{service}: {peer}: the handler failed{notes}",
            failure=Failure(error),
            notes="".join(f"\n{note}" for note in getattr(error, "__notes__", ())),
            service=self.service,
            peer=peer,
        )

    def summary(self) -> str:
        """The counters that are not zero, in words: ``connections: 12, failures: 1``."""
        counts = ((name, getattr(self.counts, name)) for name in Counts.__dataclass_fields__)
        return ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in counts if n) or "never used"
