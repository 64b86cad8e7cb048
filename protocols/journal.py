"""What happens in one service: always counted, and logged where somebody wants to read it.

Whose fault an error is decides how it shows.  The peer's faults are counted and logged at debug, since
anybody on the network can make any number of them; the handler's are logged as failures with their
traceback, once, or as one line where their words say everything.  No payload is ever logged.
"""

from __future__ import annotations

import time
from copy import copy
from typing import ClassVar

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from protocols.counts import Counts
from protocols.latency import Histogram
from protocols.session import ForeseenError, Peer
from protocols.tap import Tap

WARN_EVERY = 60.0
"""Seconds between two warnings of refused connections: peers decide how many there are."""

log = Logger(namespace="polyport")


class Journal:
    """The log and the counters of one service.

    .. attribute:: latency

       How long its answers took, as many as were measured.

    .. attribute:: tap

       Tells of its messages, while somebody watches.
    """

    follows_connections: ClassVar[bool] = True
    """Whether each connection has its two lines, and each that is denied its one, at debug.  To write what
    nobody will read costs as much as to accept a connection, so who leaves that level out, as the daemon
    does, sets this too."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.route = ""
        """The path of the route whose journal it is; empty: the service's."""
        self.counts = Counts()
        self.latency = Histogram()
        self.tap = Tap()
        self._warned_at: dict[str, float] = {}

    def of_route(self, path: str) -> Journal:
        """The same journal, for what happens in the route at `path`: its failures are logged with that."""
        journal = copy(self)
        journal.route = path
        return journal

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
        if self._may_warn("connections"):
            log.warn(
                "{service}: connection refused: {why} ({count} refused so far)",
                service=self.service,
                why=why,
                count=self.counts.refused,
            )

    def _may_warn(self, of: str) -> bool:
        """Whether it is time to warn `of` that again."""
        now = time.monotonic()
        if now - self._warned_at.get(of, -WARN_EVERY) < WARN_EVERY:
            return False
        self._warned_at[of] = now
        return True

    def no_proxy_header(self, peer: Peer, error: Exception) -> None:
        """A proxy has not said whose connection it brings; said aloud once in a while, for one of the two
        settings is wrong, and none of its clients gets in."""
        self.counts.framing_errors += 1
        level = LogLevel.warn if self._may_warn("accept_proxy") else LogLevel.debug
        log.emit(
            level,
            "{service}: {peer}, whom accept_proxy names: {error}; the connection is broken off",
            service=self.service,
            peer=peer,
            error=error,
        )

    def framing_error(self, peer: Peer, error: Exception) -> None:
        self.counts.framing_errors += 1
        log.debug("{service}: {peer}: {error}", service=self.service, peer=peer, error=error)

    def rejected(self, peer: Peer, error: Exception) -> None:
        self.counts.rejected += 1
        log.debug("{service}: {peer}: rejected: {error}", service=self.service, peer=peer, error=error)

    def over(self, limit: str, source: str) -> None:
        """`source` is over `limit`, one of its own; said aloud once in a while for each limit."""
        count = self.counts.over[limit] = self.counts.over.get(limit, 0) + 1
        if self._may_warn(limit):
            log.warn(
                "{service}: {source} is over limits.{limit}{more}",
                service=self.service,
                source=source,
                limit=limit,
                more=f" ({count} such cases so far)" if count > 1 else "",
            )

    def still_out(self) -> None:
        """A source that was shut out asks again."""
        self.counts.over["penalty"] = self.counts.over.get("penalty", 0) + 1

    def shut_out(self, source: str, limit: str, seconds: float) -> None:
        """`source` gets nothing for so long; said once, however often it goes on asking."""
        self.counts.shut_out += 1
        log.warn(
            "{service}: {source} will not stop (limits.{limit}): refused until {moment}, in {seconds:.0f} s",
            service=self.service,
            source=source,
            limit=limit,
            seconds=seconds,
            moment=time.strftime("%H:%M:%S", time.localtime(time.time() + seconds)),
        )

    def choked(self, peer: Peer, size: int) -> None:
        """`peer` has not read `size` bytes, and there are ever more."""
        self.counts.choked += 1
        log.debug(
            "{service}: {peer}: {size} bytes are unread, over limits.output",
            service=self.service,
            peer=peer,
            size=size,
        )

    def dropped_by_kernel(self, number: int) -> None:
        """The kernel has dropped so many more datagrams."""
        self.counts.kernel_drops += number
        log.warn(
            "{service}: {number} datagrams came faster than they were read, and are lost ({count} so far)",
            service=self.service,
            number=number,
            count=self.counts.kernel_drops,
        )

    def denied(self, peer: Peer, why: str) -> None:
        """The rules of ``access`` refuse `peer`."""
        self.counts.denied += 1
        if self.follows_connections:
            log.debug(
                "{service}: {peer}{known}: denied: {why}",
                service=self.service,
                peer=peer,
                # An operator who has forgotten somebody looks for the name.
                known=f" ({peer.user!r})" if peer.user else "",
                why=why,
            )

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
        if self._may_warn("handshakes"):
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

    def failed(self, peer: Peer, error: BaseException, route: str = "", request: str = "") -> None:
        """The handler failed.

        :param route: the path of the route that did, where the journal is not its own.
        :param request: the id of the request that it was about, if there is one.
        """
        self.counts.failures += 1
        route = route or self.route
        where = f"{self.service} {route}" if route else self.service
        asked = f" (request {request})" if request else ""
        if isinstance(error, ForeseenError):
            log.error(
                "{where}: {peer}: {error}{asked}",
                where=where,
                error=error,
                asked=asked,
                service=self.service,
                route=route,
                request=request,
                peer=peer,
            )
            return
        log.failure(
            "{where}: {peer}: the handler failed{asked}{notes}",
            failure=Failure(error),
            asked=asked,
            where=where,
            notes="".join(f"\n{note}" for note in getattr(error, "__notes__", ())),
            service=self.service,
            route=route,
            request=request,
            peer=peer,
        )

    def summary(self) -> str:
        """The counters that are not zero, in words: ``connections: 12, failures: 1``."""
        counts = self.counts.as_dict()
        counts.update((f"over {key}", number) for key, number in self.counts.over.items())
        return ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in counts.items() if n) or "never used"
