"""One stream that is passed on by the kernel."""

from __future__ import annotations

import errno
import socket
from functools import partial
from typing import TYPE_CHECKING

from protocols.handlers.forward.backend import Backend
from protocols.handlers.forward.relay.dial import Dial
from protocols.handlers.forward.relay.end import End
from protocols.handlers.forward.relay.flow import Flow
from protocols.handover import HandedOver
from protocols.outgoing_reason import why_unreachable

if TYPE_CHECKING:
    from protocols.handlers.forward.relay.direct import DirectForward


class Relay:
    """Between a client, whose socket it has, and a target.

    Until that is there nothing is read from the client, so nothing has to be kept.
    """

    __slots__ = (
        "_active_at",
        "_backend",
        "_dial",
        "_flows",
        "_forward",
        "_handed",
        "_has_moved",
        "_is_draining",
        "_is_over",
        "_is_taken",
        "_received",
        "_seconds",
        "_sent",
        "_tried",
        "due",
        "pipes",
    )

    def __init__(self, forward: DirectForward, handed: HandedOver) -> None:
        self._forward = forward
        self._handed = handed
        self.pipes = forward.pipes
        self.due: float | None = None
        self._seconds = forward.reactor.seconds
        self._active_at = 0.0
        self._has_moved = False
        self._is_over = False
        self._is_draining = False
        self._is_taken = False
        self._received = self._sent = 0
        self._flows: tuple[Flow, Flow] | None = None
        self._dial: Dial | None = None
        self._backend: Backend | None = None
        self._tried: list[Backend] = []
        self._try()
        if self._dial is not None:  # mostly it is there already
            forward.timers.start(self, forward.timeout)
        self._is_taken = True

    # -- the holder's side (see protocols.handover.Holder) -------------------------------------------

    @property
    def idle(self) -> float:
        """Seconds since something moved; 0 while the target is being connected."""
        return 0.0 if self._flows is None else self._seconds() - self._active_at

    def drain(self) -> None:
        """Nothing is taken from the client any more."""
        self._is_draining = True
        if self._flows is not None:
            self._flows[0].end()

    def abort(self) -> None:
        """Close both at once."""
        self._end(None, reset=True)

    # -- the target ----------------------------------------------------------------------------------

    def _try(self) -> None:
        """Connect to one that has not been tried."""
        forward = self._forward
        backend = None if len(self._tried) > forward.retry else forward.balance.choose(self._tried)
        if backend is None:
            self._end(None)
            return
        self._backend = backend
        self._tried.append(backend)
        backend.connections += 1
        dial = Dial(backend.target, forward.reactor, forward.timeout, self._reached, self._failed)
        if self._flows is None and self._backend is backend and not self._is_over:
            self._dial = dial

    def _failed(self, why: str) -> None:
        self._dial = None
        backend, self._backend = self._backend, None
        assert backend is not None
        backend.connections -= 1
        backend.failed(why, self._seconds())
        self._try()

    def _reached(self, connected: socket.socket) -> None:
        self._dial = None
        assert self._backend is not None
        self._backend.succeeded()
        forward, handed = self._forward, self._handed
        client = End(self, handed.socket, forward.reactor, is_tcp=handed.peer.transport == "tcp")
        target = End(self, connected, forward.reactor, is_tcp=not self._backend.target.path)
        there = Flow(self, client, target, forward.header(handed))
        back = Flow(self, target, client)
        client.outward = target.inward = there
        target.outward = client.inward = back
        self._flows = there, back
        self._active_at = self._seconds()
        forward.timers.start(self, forward.patience(silent=True))
        target.read(True)
        there.start()
        if self._is_draining:
            there.end()

    # -- the flows' side -----------------------------------------------------------------------------

    def moved(self) -> None:
        """Something passes."""
        self._active_at = self._seconds()
        self._has_moved = True
        self._count()

    def _count(self) -> None:
        if self._flows is None:
            return
        there, back = self._flows
        counts = self._handed.factory.journal.counts
        counts.bytes_in += there.size - self._received
        counts.bytes_out += back.gone - self._sent
        self._received, self._sent = there.size, back.gone

    def finished(self, flow: Flow) -> None:
        """All of `flow` has gone on."""
        if self._flows is None:
            return
        there, back = self._flows
        if there.is_over and back.is_over:
            self._end(None)
            return
        try:
            flow.sink.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.broken(error)

    def cut(self, flow: Flow) -> None:
        """Nobody takes more of `flow`; what comes back may still be whole."""
        flow.drop()
        if self._flows is not None and all(each.is_over for each in self._flows):
            self._end(None, reset=True)

    def broken(self, error: OSError) -> None:
        """One of the two is broken off, and so is the other: nobody must take what it got for the whole."""
        self._end(error, reset=True)

    def hung_up(self, end: End) -> None:
        """The reactor has found that `end` is gone both ways."""
        number = end.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number and number != errno.EPIPE:
            self.broken(OSError(number, ""))
            return
        self.cut(end.inward)
        if not self._is_over and not end.outward.is_over and not end.outward.is_waiting:
            end.read(True)  # there may be more of it

    # -- the end -------------------------------------------------------------------------------------

    def time_out(self) -> None:
        """See :class:`~protocols.stream_timers.Timed`."""
        forward = self._forward
        if self._flows is None:
            self._late()
            return
        patience = forward.patience(silent=not self._has_moved)
        quiet = self.idle
        if quiet < patience:
            forward.timers.start(self, patience - quiet)
            return
        self._handed.factory.journal.idle(self._handed.peer, patience)
        self._end(None, reset=any(flow.is_waiting for flow in self._flows))

    def _late(self) -> None:
        if self._dial is not None:
            self._dial.cancel()
            self._dial = None
        if self._backend is not None:
            self._backend.failed(f"nothing came of it within {self._forward.timeout:g} s", self._seconds())
        self._end(None)

    def _end(self, error: OSError | None, *, reset: bool = False) -> None:
        if self._is_over:
            return
        self._is_over = True
        forward, handed = self._forward, self._handed
        forward.timers.stop(self)
        if self._dial is not None:
            self._dial.cancel()
        if self._backend is not None:
            self._backend.connections -= 1
        self._count()
        if self._flows is None:
            handed.socket.close()
        else:
            flows, self._flows = self._flows, None
            for flow in flows:
                flow.close()
            for flow in flows:
                flow.source.close(reset=reset)
        reason = None if error is None else OSError(error.errno, why_unreachable(error))
        over = partial(handed.over, reason, received=self._received, sent=self._sent)
        if self._is_taken:
            over()
        else:
            # Those who stand in front are not done with its beginning.
            forward.reactor.callLater(0, over)
