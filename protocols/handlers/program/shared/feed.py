"""What one process is told: gathered, and written once in each turn of the reactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.handlers.program.pipes import PipeWriter
from protocols.handlers.program.shared.client import Client

WAITING: Final = 256 * 1024
"""Bytes that may wait for a process that reads slowly before the clients that say more are not read from."""

STUCK: Final = 30.0
"""Seconds in which a process has to read something of what waits for it; then it never will."""


class Feed:
    """The standard input of one process.

    :param stuck: called if it does not read.
    :param deaf: called if it has closed its input.
    """

    def __init__(
        self, stdin: PipeWriter, reactor: Any, *, stuck: Callable[[], None], deaf: Callable[[], None]
    ) -> None:
        self._stdin = stdin
        self._reactor = reactor
        self._stuck = stuck
        self._deaf = deaf
        self._gathered: list[bytes] = []
        self._size = 0
        self._due: IDelayedCall | None = None
        self._writing = False
        self._closed = False
        self._held: dict[Client, None] = {}
        self._timer: IDelayedCall | None = None

    @property
    def full(self) -> bool:
        """Whether enough waits."""
        return self._size > WAITING

    def say(self, data: bytes) -> None:
        """Tell the process that, behind what it was told before."""
        if self._closed:
            return
        self._gathered.append(data)
        self._size += len(data)
        if self._due is None and not self._writing:
            self._due = self._reactor.callLater(0, self._flush)

    def said_by(self, client: Client, data: bytes) -> None:
        """The same, for something that `client` has said, which has to wait with the next if there is too
        much."""
        self.say(data)
        if self._size > WAITING and client not in self._held:
            self._held[client] = None
            client.hold()

    def forget(self, client: Client) -> None:
        """It has gone."""
        self._held.pop(client, None)

    def finish(self) -> None:
        """Write what can be written, and close: there will be no more."""
        if self._due is not None:
            self._due.cancel()
            self._flush()
        self.close()
        self._stdin.close()

    def close(self) -> None:
        """Nothing more is written."""
        self._closed = True
        self._gathered.clear()
        self._size = 0
        for call in (self._due, self._timer):
            if call is not None and call.active():
                call.cancel()
        self._due = self._timer = None
        self._release()

    def _flush(self) -> None:
        self._due = None
        if self._closed or not self._gathered:
            return
        data = b"".join(self._gathered)
        self._gathered.clear()
        try:
            written = self._stdin.write(data)
        except BrokenPipeError:
            self._broken()
            return
        if written is None:
            self._size = 0
            self._release()
            return
        self._writing = True
        self._size = len(data)
        if self._timer is None:
            self._timer = self._reactor.callLater(STUCK, self._check)
        written.addCallbacks(self._written, self._not_written)

    def _written(self, _: None) -> None:
        self._writing = False
        self._size = sum(map(len, self._gathered))
        if self._timer is not None and not self._gathered:
            self._timer.cancel()
            self._timer = None
        self._flush()
        if not self.full:
            self._release()

    def _not_written(self, failure: Failure) -> None:
        failure.trap(BrokenPipeError)
        self._broken()

    def _broken(self) -> None:
        if not self._closed:
            self.close()
            self._deaf()

    def _check(self) -> None:
        self._timer = None
        waited = self._reactor.seconds() - self._stdin.changed_at
        if waited >= STUCK:
            self._stuck()
        else:
            self._timer = self._reactor.callLater(STUCK - waited, self._check)

    def _release(self) -> None:
        held, self._held = self._held, {}
        for client in held:
            client.release()
