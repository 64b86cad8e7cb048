"""A user's function as a handler: lifted once, when it is loaded, then called per message.

The replies keep the order of the messages of one connection: a message that comes while another is
being answered waits, and once enough of them wait the connection is paused.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from protocols.codec import codec_for
from protocols.handlers.conversation import ConversationSession
from protocols.handlers.coroutines import beginner, runner
from protocols.handlers.deadline import Deadlines
from protocols.handlers.function_session import FunctionSession
from protocols.handlers.processes import ProcessPool
from protocols.handlers.signature import Signature, name_of, signature_of
from protocols.handlers.task import Task
from protocols.handlers.threads import WORKERS, ThreadPool
from protocols.latency import Histogram
from protocols.session import Connection, Peer, Session

Run = Literal["loop", "threads", "processes"]

TIMEOUT = 30.0
"""Seconds a call may take: longer than people wait, shorter than an idle connection is kept."""

PENDING = 64
"""Messages of one connection that may wait for the one before them; then its peer is not read from."""


class FunctionHandler:
    """Answers messages by calling `function`.

    :param codec: overrides the codec that the message's annotation chooses.
    :param run: where it is called.  By default an ``async def`` runs in the reactor's loop, and a plain
        ``def`` in threads, so that a slow one never stalls the daemon.
    :param workers: threads (:data:`~protocols.handlers.threads.WORKERS`) or processes (one per core).
    :param timeout: seconds a call, or each step of a generator, may take.
    :param pending: messages of one connection that may wait.
    :param latency: where it is noted how long those calls took that did not answer at once.

    Raises :class:`TypeError` if the function, its annotations and these settings do not fit.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        reactor: Any,
        codec: str | None = None,
        run: Run | None = None,
        workers: int | None = None,
        timeout: float = TIMEOUT,
        pending: int = PENDING,
        latency: Histogram | None = None,
    ) -> None:
        self.name = name_of(function)
        self.function = function
        self.signature: Signature = signature_of(function)
        self.codec = codec_for(self.signature.message, codec)
        self.timeout = timeout
        self.pending = pending
        self.clock: IReactorTime = reactor
        self.run_coroutine = runner(reactor)
        self._begin_coroutine = beginner(reactor)
        self.deadlines = Deadlines(timeout, reactor, latency)
        self.late = f"{self.name} did not answer within {timeout:g} s"
        """What is said of a call that took too long."""
        self.run: Run = run or ("loop" if self.signature.is_async else "threads")
        if self.signature.is_async and self.run != "loop":
            raise TypeError(f"{self.name} is async and runs in the loop; run: {run} is for a plain def")
        if workers is not None and self.run == "loop":
            raise TypeError(f"workers is for run: threads or processes; {self.name} runs in the loop")
        self.threads: ThreadPool | None = None
        self._processes: ProcessPool | None = None
        self._start(reactor, codec, workers)
        wants_peer = self.signature.wants_peer or self._processes is not None
        self.direct = None if wants_peer else self.bind(Peer("none"))
        """What :meth:`bind` gives, where it is the same for every peer."""

    def _start(self, reactor: IReactorFromThreads, codec: str | None, workers: int | None) -> None:
        if self.run == "threads":
            self.threads = ThreadPool(reactor, workers or WORKERS, self.name)
        elif self.run == "processes":
            self._processes = ProcessPool(
                reactor,
                self.function,
                annotation=self.signature.message,
                codec=codec,
                wants_peer=self.signature.wants_peer,
                workers=workers,
            )

    def stop(self) -> None:
        """End the threads or processes; no call is made after this."""
        self.deadlines.stop()
        if self.threads is not None:
            self.threads.stop()
        if self._processes is not None:
            self._processes.stop()

    def open(self, connection: Connection) -> Session:
        if self.signature.kind == "conversation":
            return ConversationSession(
                self.function, connection, self.codec, self.run_coroutine, self.pending, self.clock
            )
        return FunctionSession(self, connection)

    def bind(self, peer: Peer) -> Callable[[bytes], Any]:
        """The function as one conversation with `peer` calls it: from a message to its result.

        The result is ``None``, ``bytes``, :class:`Replies`, a value to encode, a generator or async
        generator of such, or a Deferred or Task of any of them; the call raises
        :class:`~protocols.codec.DecodeError`, or whatever the function raises.
        """
        if self._processes is not None:
            pool = self._processes
            return lambda message: pool.call(message, peer)
        call = self._composed(peer)
        if self.signature.kind == "coroutine":
            begin = self._begin_coroutine
            return lambda message: begin(call(message))
        if self.threads is not None:
            threads = self.threads
            encode = self.codec.encode

            def work(message: bytes) -> Any:
                value = call(message)
                if value is None or isinstance(value, Generator):
                    return value
                return encode(value)

            return lambda message: threads.call(work, message)
        return call

    def _composed(self, peer: Peer) -> Callable[[bytes], Any]:
        """Decoding and calling, with nothing left to decide per message."""
        function = self.function
        if self.codec.name == "bytes":
            if self.signature.wants_peer:
                return lambda message: function(message, peer)
            return function
        decode = self.codec.decode
        if self.signature.wants_peer:
            return lambda message: function(decode(message), peer)
        return lambda message: function(decode(message))

    def limited(self, outcome: Deferred[Any] | Task) -> Deferred[Any]:
        """`outcome`, or ``CallTimeoutError`` once it takes longer than the timeout."""
        waited = outcome.deferred() if type(outcome) is Task else outcome
        assert isinstance(waited, Deferred)
        return self.deadlines.limited(waited, self.late)
