"""A function in worker processes: for work that keeps a processor busy, or that may have to be killed.

The pool is pebble's: a worker that dies is replaced, and a call that is cancelled takes its worker with
it.  Workers are started from a clean fork server, never forked off the daemon, and import the function
as the daemon did.  What goes between them is pickled by this machine for itself; the peer's bytes are
decoded in the worker, by the codec.

A signal to the daemon's process group, such as a terminal or a service manager sends, is for the daemon
to obey: it lets the calls under way finish.  So the fork server blocks such signals, and the workers are
in sessions of their own; they end when the pool stops, or when the daemon's end of their pipe closes.
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
from multiprocessing import forkserver, resource_tracker
from threading import Thread
from typing import Any

from pebble import ProcessExpired
from pebble import ProcessPool as PebblePool
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from protocols.codec import DecodeError, codec_for
from protocols.handlers.signature import name_of
from protocols.session import ForeseenError, Peer

COLLECTED = 16 * 1024 * 1024
"""Bytes of replies that one call may collect before they are sent: a generator in a worker is run to
its end there, and one without an end must not fill the memory."""

GROUP_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""What is sent to whole process groups, to end them."""


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
            # Once and for all: after its module was imported anew, another function has this one's name.
            named = pickle.dumps((function, annotation))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                f"run: processes needs a function that another process can import: {error}"
            ) from error
        self._reactor = reactor
        self._name = name_of(function)
        self._has_fork_server = False
        self._pool = PebblePool(
            max_workers=workers or os.cpu_count() or 1,
            context=multiprocessing.get_context("forkserver"),
            initializer=_prepare,
            initargs=(named, codec, wants_peer),
        )

    def call(self, message: bytes, peer: Peer) -> Deferred[Replies]:
        """The replies to `message`; cancelling kills the worker that is at it."""
        if not self._has_fork_server:
            # Not before the first call: a daemon that root has started may have been root until then, and
            # what forks workers for it would stay so.
            self._has_fork_server = True
            _start_fork_server()
        future: Future[Any] = self._pool.schedule(_answer, args=(message, peer))
        deferred: Deferred[Replies] = Deferred(lambda _: _give_up(future))
        future.add_done_callback(
            lambda done: self._reactor.callFromThread(_settle, done, deferred, self._name)
        )
        return deferred

    def stop(self) -> None:
        """End the workers, whatever they are at."""
        self._pool.stop()
        # Without join the workers stay; it takes until they are dead, which the reactor cannot wait for.
        Thread(target=self._pool.join, name="polyport-processes-end").start()


def _start_fork_server() -> None:
    """Start the fork server, if it does not run, with the group's signals blocked: it would die of them,
    and with it the news of every worker."""
    resource_tracker.ensure_running()  # or the fork server starts it, which unblocks signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, GROUP_SIGNALS)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _give_up(future: Future[Any]) -> None:
    future.cancel()


def _settle(future: Future[Any], deferred: Deferred[Replies], name: str) -> None:
    if deferred.called:
        return
    try:
        outcome = future.result()
    except FutureCancelled:
        deferred.cancel()
    except ProcessExpired as died:
        deferred.errback(
            ForeseenError(f"{name}: the worker process died at it, with exit status {died.exitcode}")
        )
    except Exception as error:  # noqa: BLE001 - whatever the worker raised is the caller's to see
        deferred.errback(_with_traceback(error, error))
    except SystemExit as error:
        deferred.errback(_with_traceback(RuntimeError(f"{name} called sys.exit({error.code!r})"), error))
    except BaseException as error:  # noqa: BLE001 - it would end the daemon, not the call
        deferred.errback(_with_traceback(RuntimeError(f"{name} raised {error!r}"), error))
    else:
        if isinstance(outcome, DecodeError):
            deferred.errback(outcome)
        else:
            deferred.callback(Replies(outcome))


def _with_traceback(error: Exception, raised: BaseException) -> Exception:
    """`error`, with where in the worker `raised` was raised."""
    if remote := getattr(raised, "traceback", ""):  # pebble's
        error.add_note(str(remote))
    return error


# -- in the worker -----------------------------------------------------------------------------------


def _prepare(named: bytes, codec_name: str | None, wants_peer: bool) -> None:
    """Make this worker ready to answer, with the function and annotation `named`; runs once in each."""
    os.setsid()  # out of the reach of what is sent to the daemon's group, or by its terminal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, GROUP_SIGNALS)  # blocked in the fork server
    function, annotation = pickle.loads(named)  # noqa: S301 - the daemon has written it
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
