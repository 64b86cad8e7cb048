"""One stream that is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.handlers.forward.backend import Backend
from protocols.handlers.forward.outgoing import Outgoing
from protocols.outgoing_reason import why_unreachable
from protocols.session import Connection

if TYPE_CHECKING:
    from protocols.handlers.forward.stream import StreamForward


class ForwardSession:
    """Between a client, whose connection it is given, and a connection to the target of its own.

    Until that is there nothing is read from the client, so nothing has to be kept.
    """

    def __init__(self, forward: StreamForward, connection: Connection) -> None:
        self.connection: Any = connection  # a DuplexConnection perhaps
        self.clock = forward.reactor
        self._forward = forward
        self._attempt: Deferred[Any] | None = None
        self._outgoing = Outgoing(self)
        self._backend: Backend | None = None
        self._tried: list[Backend] = []
        self._is_connected = False
        self._deadline: IDelayedCall | None = None
        self._client_ended = False
        self._target_ended = False

    # -- the client's side ---------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether it is being connected, which has a deadline of its own."""
        return not self._is_connected

    def started(self) -> None:
        self.connection.pause()
        self._deadline = self.clock.callLater(self._forward.timeout, self._late)
        self._try()

    def received(self, message: bytes) -> None:
        self._outgoing.send(message)

    def ended(self, error: Exception | None) -> None:
        """The client sends no more: neither do we.  What made no sense is no end in order."""
        self._client_ended = True
        if error is not None or self._target_ended or not self._is_connected:
            self.connection.close()
        else:
            self._outgoing.finish()

    def closed(self, reason: Exception | None) -> None:
        self._give_up()
        self._leave()
        if reason is None and self._is_connected:
            self._outgoing.close()
        else:
            self._outgoing.abort()

    def pause_writing(self) -> None:
        if self._is_connected:
            self._outgoing.pause()

    def resume_writing(self) -> None:
        if self._is_connected:
            self._outgoing.resume()

    # -- the target's side ---------------------------------------------------------------------------

    def connected(self, outgoing: Outgoing) -> None:
        """It can be written to."""
        self._settle()
        self._is_connected = True
        assert self._backend is not None
        self._backend.succeeded()
        self.connection.resume()

    def answered(self, data: bytes) -> None:
        try:
            self.connection.send(data)
        except ValueError as error:  # the service's framing cannot carry it
            self.connection.fail(error)

    def target_ended(self) -> None:
        """The target sends no more."""
        self._target_ended = True
        finish = getattr(self.connection, "finish", None)
        if finish is None or self._client_ended:
            self.connection.close()
        else:
            finish()

    def target_left(self, reason: BaseException | None) -> None:
        """The connection to the target is gone; `reason` is ``None`` if it ended in order."""
        if not self._is_connected:
            self._failed(why_unreachable(reason))
            return
        abort = getattr(self.connection, "abort", None)
        if reason is None or abort is None:
            self.connection.close()
        else:
            abort()  # the client must not take what it got for the whole

    # -- ends ----------------------------------------------------------------------------------------

    def _reached(self, protocol: object) -> None:
        """There is a connection, which may have to prove itself yet."""
        self._attempt = None

    def _not_reached(self, failure: Failure) -> None:
        self._attempt = None
        if self._deadline is not None:
            self._failed(why_unreachable(failure.value))

    def _try(self) -> None:
        """Connect to a target that has not been tried."""
        forward = self._forward
        backend = None if len(self._tried) > forward.retry else forward.balance.choose(self._tried)
        if backend is None:
            self._give_up()
            self.connection.close()
            return
        self._tried.append(backend)
        self._backend = backend
        backend.connections += 1
        outgoing = self._outgoing = Outgoing(self)
        attempt = self._attempt = forward.connect(outgoing, backend.target, self.connection)
        attempt.addCallbacks(self._reached, self._not_reached)

    def _failed(self, reason: str) -> None:
        """There is no connection to this target, and will be none."""
        self._blame(reason)
        self._try()

    def _late(self) -> None:
        self._give_up()
        self._blame(f"nothing came of it within {self._forward.timeout:g} s")
        self.connection.close()

    def _blame(self, reason: str) -> None:
        backend = self._leave()
        if backend is not None:
            backend.failed(reason, self.clock.seconds())
        self._outgoing.abort()

    def _leave(self) -> Backend | None:
        """The target has one connection less; it is returned."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.connections -= 1
        return backend

    def _settle(self) -> None:
        """The target is not waited for any more."""
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()

    def _give_up(self) -> None:
        self._settle()
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
