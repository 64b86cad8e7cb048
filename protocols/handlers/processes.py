"""A function in worker processes: for work that keeps a processor busy, or that may have to be killed.

The pool is pebble's: a worker that dies is replaced, and a call that is cancelled takes its worker with
it.  Workers are started from a clean fork server, never forked off the daemon, and import the function
as the daemon did.  What goes between them is pickled by this machine for itself; the peer's bytes are
decoded in the worker, by the codec.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future
from inspect import isgenerator
from threading import Thread
from typing import Any

from pebble import ProcessPool as PebblePool
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from protocols.codec import DecodeError, codec_for
from protocols.session import Peer

COLLECTED = 16 * 1024 * 1024
"""Bytes of replies that one call may collect before they are sent: a generator in a worker is run to
its end there, and one without an end must not fill the memory."""


class Replies(tuple[bytes, ...]):
    """The replies to one message, encoded, in order."""

    __slots__ = ()


class ProcessPool:
    """Calls one function in worker processes.

    Raises :class:`TypeError` if the function cannot be named to another process.
    """

    def __init__(
        self,
        reactor: IReactorFromThreads,
        function: Callable[..., Any],
        *,
        annotation: object,
        codec: str | None,
        wants_peer: bool,
        workers: int | None,
    ) -> None:
        try:
            pickle.dumps((function, annotation))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                f"run: processes needs a function that another process can import: {error}"
            ) from error
        self._reactor = reactor
        self._pool = PebblePool(
            max_workers=workers or os.cpu_count() or 1,
            context=multiprocessing.get_context("forkserver"),
            initializer=_prepare,
            initargs=(function, annotation, codec, wants_peer),
        )

    def call(self, message: bytes, peer: Peer) -> Deferred[Replies]:
        """The replies to `message`; cancelling kills the worker that is at it."""
        future: Future[Any] = self._pool.schedule(_answer, args=(message, peer))
        deferred: Deferred[Replies] = Deferred(lambda _: _give_up(future))
        future.add_done_callback(lambda done: self._reactor.callFromThread(_settle, done, deferred))
        return deferred

    def stop(self) -> None:
        """End the workers, whatever they are at."""
        self._pool.stop()
        # Without join the workers stay; it takes until they are dead, which the reactor cannot wait for.
        Thread(target=self._pool.join, name="polyport-processes-end").start()


def _give_up(future: Future[Any]) -> None:
    future.cancel()


def _settle(future: Future[Any], deferred: Deferred[Replies]) -> None:
    if deferred.called:
        return
    try:
        outcome = future.result()
    except FutureCancelled:
        deferred.cancel()
    except Exception as error:  # noqa: BLE001 - whatever the worker raised is the caller's to see
        if remote := getattr(error, "traceback", ""):  # pebble's: where in the worker
            error.add_note(str(remote))
        deferred.errback(error)
    else:
        if isinstance(outcome, DecodeError):
            deferred.errback(outcome)
        else:
            deferred.callback(Replies(outcome))


# -- in the worker -----------------------------------------------------------------------------------


def _prepare(
    function: Callable[..., Any], annotation: object, codec_name: str | None, wants_peer: bool
) -> None:
    """Make this worker ready to answer; runs once in each."""
    # A Ctrl-C at the terminal reaches the whole process group; the daemon decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    codec = codec_for(annotation, codec_name)

    def work(message: bytes, peer: Peer) -> list[bytes]:
        value = codec.decode(message)
        result = function(value, peer) if wants_peer else function(value)
        if result is None:
            return []
        if not isgenerator(result):
            return [codec.encode(result)]
        replies: list[bytes] = []
        size = 0
        for item in result:
            replies.append(codec.encode(item))
            size += len(replies[-1])
            if size > COLLECTED:
                raise OverflowError(f"the replies to one message exceed {COLLECTED} bytes")
        return replies

    _answer.work = work  # type: ignore[attr-defined]  # a worker serves one function all its life


def _answer(message: bytes, peer: Peer) -> list[bytes] | DecodeError:
    try:
        return _answer.work(message, peer)  # type: ignore[attr-defined,no-any-return]
    except DecodeError as error:
        return error
