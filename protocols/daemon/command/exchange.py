"""One run of ``send``: what goes out, what comes back, and when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.daemon.command.message_source import Batch, InputError, MessageSource
from protocols.daemon.command.standard_output import OutputClosedError

FAILED = 1
"""Exit status when the exchange did not go as asked."""

LINGER = 1.0
"""Seconds the other side has to take what was sent last, once there is nothing more to wait for: a socket
closed with a reply still coming can cost the peer messages it has not read yet."""


class Until(Enum):
    """What ends an exchange for which no number of replies was given."""

    CLOSED = "the server closes"
    ANSWERED = "there is a reply for each message"


class Carrier(Protocol):
    """What an exchange needs of a connection or a datagram socket."""

    def send(self, message: bytes) -> None:
        """Send `message`, which the framing (if any) dresses already."""

    def end_sending(self) -> None:
        """Tell the server that nothing more will come, where that is possible."""

    def close(self, *, linger: bool) -> None:
        """Deliver what was sent, then close; :meth:`Exchange.closed` may follow.

        With `linger`, the server may still have to read it: close only once it has closed.
        """


@dataclass(frozen=True, slots=True)
class Terms:
    """What was asked for on the command line."""

    server: str
    """The address, for messages."""
    replies: int | None
    """How many to wait for; ``None`` to let `until` decide."""
    until: Until
    counted: bool
    """Whether what is sent are messages, each of which may have a reply."""
    timeout: float
    """Seconds without a reply before giving up; 0 for never."""
    dress: Callable[[bytes], bytes]
    """The bytes on the wire for what was typed.  Raises :class:`ValueError`."""
    show: Callable[[bytes], None]
    """Prints a reply.  Raises :class:`ValueError` or :class:`OutputClosedError`."""
    complain: Callable[[str], None]
    """Says what is wrong."""


class Exchange:
    """Sends what `source` gives through a carrier, prints what comes back, and decides about the end.

    ``finished`` fires with the exit status once the carrier is closed.
    """

    def __init__(self, source: MessageSource, terms: Terms, clock: IReactorTime) -> None:
        self.finished: Deferred[int] = Deferred()
        self.over = False
        self._source = source
        self._terms = terms
        self._clock = clock
        self._carrier: Carrier | None = None
        self._status = 0
        self._sent = 0
        self._replies = 0
        self._reading = False
        self._blocked = False
        self._input_over = False
        self._closed = False
        self._timer: IDelayedCall | None = None
        self._restart_timer()

    # -- the carrier's side --------------------------------------------------------------------------

    def start(self, carrier: Carrier) -> None:
        """The connection is there."""
        self._carrier = carrier
        self._restart_timer()
        if self.over:
            carrier.close(linger=False)
        else:
            self._read()

    def received(self, message: bytes) -> None:
        """A reply has come."""
        if self.over:
            return
        self._replies += 1
        try:
            self._terms.show(message)
        except OutputClosedError:
            self._finish()
            return
        except ValueError as error:
            self.fail(f"reply {self._replies} is {error}")
            return
        self._restart_timer()
        self._finish_if_answered()

    def block(self) -> None:
        """The server does not read as fast as messages are sent."""
        self._blocked = True

    def unblock(self) -> None:
        """Undo :meth:`block`."""
        self._blocked = False
        self._restart_timer()
        self._read()

    def closed(self) -> None:
        """The connection is gone, or nothing more will come through it."""
        if self._closed:
            return
        self._closed = True
        if not self.over:
            wanted = self._wanted()
            if wanted is not None and self._replies < wanted:
                self.fail(f"{self._terms.server} closed after {self._replies} of {_counted(wanted)}")
            elif wanted is None and self._terms.counted and self._replies < self._sent:
                # No failure: a function may say nothing to a message.  But a person will wonder.
                closed = f"{self._terms.server} closed after {_counted(self._replies)}"
                self._terms.complain(f"{closed} to {_messages(self._sent)}")
        self._stop_timer()
        self.over = True
        self.finished.callback(self._status)

    def fail(self, text: str) -> None:
        """Give up, and say why."""
        if not self.over:
            self._terms.complain(text)
            self._finish(FAILED)

    # -- inside --------------------------------------------------------------------------------------

    def _read(self) -> None:
        if not (self._reading or self._blocked or self._input_over or self.over):
            self._reading = True
            self._stop_timer()  # a person may take as long as they like to type
            self._source.read(self._take)

    def _take(self, batch: Batch | InputError) -> None:
        self._reading = False
        if self.over:
            return
        self._restart_timer()
        if isinstance(batch, InputError):
            self.fail(str(batch))
        elif batch is None:
            self._input_over = True
            self._end_sending()
        else:
            for typed in batch:
                if not self.over:
                    self._send(typed)
            self._read()

    def _send(self, typed: bytes) -> None:
        try:
            message = self._terms.dress(typed)
        except ValueError as error:
            # The other messages are as good as before.
            self._terms.complain(f"not sent: {error}")
            self._status = FAILED
            return
        self._sent += 1
        if self._carrier is not None:
            self._carrier.send(message)

    def _end_sending(self) -> None:
        assert self._carrier is not None
        if self._terms.replies is None and self._terms.until is Until.CLOSED:
            self._carrier.end_sending()
        self._finish_if_answered()

    def _wanted(self) -> int | None:
        """How many replies end this; ``None`` if none does."""
        if self._terms.replies is not None:
            return self._terms.replies
        return self._sent if self._terms.until is Until.ANSWERED else None

    def _finish_if_answered(self) -> None:
        wanted = self._wanted()
        # A number that was asked for ends it also while there is input; 0 is for sending only.
        may_end = self._input_over or bool(self._terms.replies)
        if wanted is not None and self._replies >= wanted and may_end:
            self._finish()

    def _finish(self, status: int = 0) -> None:
        self.over = True
        self._status = self._status or status
        self._stop_timer()
        if self._closed:
            return
        if self._carrier is None or status:
            self.closed()
        else:
            self._timer = self._clock.callLater(LINGER, self.closed)
            self._carrier.close(linger=self._replies == 0)

    # -- time ----------------------------------------------------------------------------------------

    def _restart_timer(self) -> None:
        if self.over or self._reading or not self._terms.timeout:
            return
        self._stop_timer()
        self._timer = self._clock.callLater(self._terms.timeout, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _give_up(self) -> None:
        server, waited = self._terms.server, f"{self._terms.timeout:g} s"
        if self._carrier is None:
            self.fail(f"no connection to {server} within {waited}")
        elif self._blocked:
            self.fail(f"{server} has taken nothing for {waited}")
        else:
            so_far = f" ({_counted(self._replies)} before that)" if self._replies else ""
            self.fail(f"nothing came from {server} for {waited}{so_far}")


def _messages(number: int) -> str:
    return f"{number} {'message' if number == 1 else 'messages'}"


def _counted(replies: int) -> str:
    return f"{replies} {'reply' if replies == 1 else 'replies'}"
