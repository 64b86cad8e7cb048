"""Running a user's coroutine: at once if it never waits, in the reactor otherwise.

A coroutine may await Deferreds; where the reactor runs on asyncio it may await asyncio's awaitables too,
in any mixture.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from types import coroutine as generator_coroutine
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred

type_of_run = Callable[[Coroutine[Any, Any, Any]], Any]

NO_LOOP = "no running event loop"


def runner(reactor: object) -> type_of_run:
    """How `reactor` runs a coroutine: a function from it to its result, or to a Deferred of that."""
    if isinstance(reactor, AsyncioSelectorReactor):
        return run_as_task
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
    if str(error) == NO_LOOP:
        explained = RuntimeError(
            "the function awaits something of asyncio's, and this reactor does not run asyncio; "
            "start the daemon with --reactor=asyncio, which polyport run and twistd take"
        )
        return explained.with_traceback(error.__traceback__)
    return error


def run_as_task(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """As :func:`run`, in a task of the running asyncio loop, so that ``asyncio.timeout`` and friends
    find themselves in one."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        task = asyncio.Task(_bridged(coroutine), loop=loop, eager_start=True)
        if task.done() and not task.cancelled():
            return task.result()
    else:
        task = loop.create_task(_bridged(coroutine))
    return Deferred.fromFuture(task)


async def _bridged(coroutine: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await _deferreds_as_futures(coroutine)
    except (SystemExit, KeyboardInterrupt) as error:
        # asyncio would end its loop by these, and with it the daemon.
        raise RuntimeError(f"the function raised {type(error).__name__}") from error


def _fired(deferred: Deferred[Any], loop: asyncio.AbstractEventLoop) -> Generator[Any, Any, None]:
    """Wait until `deferred` has fired, and leave its result to whoever awaits it.

    ``Deferred.asFuture`` takes the result away, and the coroutine would find ``None``.
    """
    future: asyncio.Future[None] = loop.create_future()

    def wake(result: Any) -> Any:
        if not future.done():
            future.set_result(None)
        return result

    deferred.addBoth(wake)
    try:
        yield from future
    except BaseException:
        deferred.addErrback(lambda _: None)  # nobody awaits it any more
        deferred.cancel()
        raise


@generator_coroutine
def _deferreds_as_futures(coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Step `coroutine`, and wait for each Deferred it yields as the future that asyncio understands."""
    step: Callable[[Any], Any] = coroutine.send
    argument: Any = None
    loop = asyncio.get_running_loop()
    while True:
        try:
            awaited = step(argument)
        except StopIteration as finished:
            return finished.value
        try:
            if isinstance(awaited, Deferred):
                yield from _fired(awaited, loop)
                argument = None
            else:
                argument = yield awaited
            step = coroutine.send
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the coroutine that must see it
            step, argument = coroutine.throw, error
