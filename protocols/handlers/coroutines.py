"""Running a user's coroutine: at once if it never waits, in the reactor otherwise.

A coroutine may await Deferreds; where the reactor runs on asyncio it may await asyncio's awaitables too,
in any mixture.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from functools import partial
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred

from protocols.handlers.task import Task, begin

type_of_run = Callable[[Coroutine[Any, Any, Any]], Any]

ASYNCIO_MISSED = frozenset({"no running event loop", "await wasn't used with future"})
"""What asyncio says where its loop does not run, and where nobody steps a coroutine as its tasks do."""


def runner(reactor: object) -> type_of_run:
    """How `reactor` runs a coroutine: a function from it to its result, or to a Deferred of that."""
    begun = beginner(reactor)
    if begun is run:
        return run

    def run_to_deferred(coroutine: Coroutine[Any, Any, Any]) -> Any:
        outcome = begun(coroutine)
        return outcome.deferred() if type(outcome) is Task else outcome

    return run_to_deferred


def beginner(reactor: object) -> type_of_run:
    """As :func:`runner`, with a :class:`~protocols.handlers.task.Task` where asyncio runs in `reactor`."""
    loop = getattr(reactor, "loop", None)
    if isinstance(loop, asyncio.AbstractEventLoop):
        return partial(begin, loop=loop)
    if isinstance(reactor, AsyncioSelectorReactor):
        return lambda coroutine: begin(coroutine, asyncio.get_running_loop())
    return run


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run `coroutine` until it waits.

    :returns: its result if it never does, which costs a tenth of a Deferred; else a Deferred, whose
        cancelling raises :class:`~twisted.internet.defer.CancelledError` inside it.
    """
    context = copy_context()
    try:
        awaited = context.run(coroutine.send, None)
    except StopIteration as finished:
        return finished.value
    except RuntimeError as error:
        raise _explained(error) from error.__cause__
    return context.run(Deferred.fromCoroutine, _continued(coroutine, awaited))


def _continued(coroutine: Coroutine[Any, Any, Any], awaited: Any) -> Generator[Any, Any, Any]:
    """The rest of a coroutine that has been stepped once and waits for `awaited`."""
    step: Callable[[Any], Any]
    while True:
        try:
            value = yield awaited
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the coroutine that must see it
            step, argument = coroutine.throw, error
        else:
            step, argument = coroutine.send, value
        try:
            awaited = step(argument)
        except StopIteration as finished:
            return finished.value
        except RuntimeError as error:
            raise _explained(error) from error.__cause__


def _explained(error: RuntimeError) -> RuntimeError:
    if str(error) in ASYNCIO_MISSED:
        explained = RuntimeError(
            "the function awaits something of asyncio's, and this reactor does not run asyncio; "
            "without --reactor, or with --reactor=polyport or asyncio, the daemon has one that does"
        )
        return explained.with_traceback(error.__traceback__)
    return error
