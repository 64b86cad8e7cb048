"""A task of asyncio's that begins at once, and awaits Deferreds as well as futures.

asyncio's own begins in a later turn of its loop (before Python 3.12 always), which costs more than most
coroutines that answer a message, and knows nothing of Deferreds.  What a task is to the libraries that
find themselves in one, such as ``asyncio.timeout``, is documented: Python's manual, "Extending asyncio".
"""

from __future__ import annotations

import asyncio
from asyncio.tasks import _enter_task, _leave_task, _register_task
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

FATAL = (SystemExit, KeyboardInterrupt)
"""What ends asyncio's loop, and with it the daemon, wherever it is raised."""


def begin(coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> Any:
    """Run `coroutine` in `loop`, which is running, until it waits or ends.

    :returns: its result, if it ends without having waited, else the :class:`Task` that it is from now on.
        What it raises without having waited is raised here.
    """
    # Written out, not shared with later steps: most answers take this one only.
    task = Task(loop=loop)
    task._coroutine = coroutine
    task._context = context = copy_context()
    outer = asyncio.current_task(loop)
    if outer is not None:
        _leave_task(loop, outer)
    _enter_task(loop, task)  # type: ignore[arg-type]  # as "Extending asyncio" has it
    try:
        awaited = context.run(coroutine.send, None)
    except StopIteration as finished:
        if task._must_cancel:
            raise task._cancellation() from None
        return finished.value
    except FATAL as error:
        raise _harmless(error) from error
    finally:
        _leave_task(loop, task)  # type: ignore[arg-type]
        if outer is not None:
            _enter_task(loop, outer)
    _register_task(task)  # type: ignore[arg-type]
    task._wait(awaited)
    return task


def _harmless(error: BaseException) -> RuntimeError:
    return RuntimeError(f"the function raised {type(error).__name__}")


class Task(asyncio.Future[Any]):
    """A coroutine that was begun by :func:`begin`."""

    _coroutine: Coroutine[Any, Any, Any]
    _context: Context
    # asyncio's names for these two, by which anyio decides how to cancel.
    _fut_waiter: Any = None
    _must_cancel = False
    _requests = 0
    _message: Any = None
    _name = ""
    _listener: Callable[[Any], object] | None = None

    def tell(self, listener: Callable[[Any], object]) -> None:
        """Call `listener` with the result, or with a Failure, in the step that ends the task, where a
        future's callbacks come a turn later; now, if it has ended."""
        self._listener = listener
        if self.done():
            error = CancelledError() if self.cancelled() else self.exception()
            self._tell(self.result() if error is None else Failure(error))

    def deferred(self) -> Deferred[Any]:
        """Fires as :meth:`tell` tells; cancelling it cancels the task."""
        outcome: Deferred[Any] = Deferred(lambda _: self._give_up())

        def fire(result: Any) -> None:
            if not outcome.called:
                outcome.callback(result)

        self.tell(fire)
        return outcome

    def cancel(self, msg: Any = None) -> bool:
        """Raise CancelledError in the coroutine where it waits; whether there was anything to cancel."""
        if self.done():
            return False
        self._requests += 1
        self._message = msg
        if self._fut_waiter is None or not self._fut_waiter.cancel(msg=msg):
            self._must_cancel = True
        return True

    def _cancellation(self) -> asyncio.CancelledError:
        """What is raised in the coroutine, with the words by which anyio knows whose doing it is."""
        return asyncio.CancelledError() if self._message is None else asyncio.CancelledError(self._message)

    def cancelling(self) -> int:
        """How many requests to cancel there are that nobody has taken back."""
        return self._requests

    def uncancel(self) -> int:
        """Take one request back; the number that is left."""
        if self._requests:
            self._requests -= 1
            if not self._requests:
                self._must_cancel = False
        return self._requests

    def get_coro(self) -> Coroutine[Any, Any, Any]:
        return self._coroutine

    def get_context(self) -> Context:
        return self._context

    def get_name(self) -> str:
        return self._name or getattr(self._coroutine, "__qualname__", "coroutine")

    def set_name(self, value: object) -> None:
        self._name = str(value)

    def _resume(self, resume: Callable[..., Any], argument: Any) -> Any:
        """One step of the coroutine, as the current task: what it yields, or what ends it is raised."""
        loop = self.get_loop()
        outer = asyncio.current_task(loop)
        if outer is not None:
            _leave_task(loop, outer)
        _enter_task(loop, self)  # type: ignore[arg-type]
        try:
            return self._context.run(resume, argument)
        except FATAL as error:
            raise _harmless(error) from error
        finally:
            _leave_task(loop, self)  # type: ignore[arg-type]
            if outer is not None:
                _enter_task(loop, outer)

    def _go_on(self, error: BaseException | None = None) -> None:
        """Run from where it waits to the next wait, or the end."""
        if self.done():
            return
        self._fut_waiter = None
        if self._must_cancel:
            self._must_cancel = False
            error = error if isinstance(error, asyncio.CancelledError) else self._cancellation()
        try:
            if error is None:
                awaited = self._resume(self._coroutine.send, None)
            else:
                awaited = self._resume(self._coroutine.throw, error)
        except StopIteration as finished:
            if self._must_cancel:
                self._cancelled()
            else:
                self.set_result(finished.value)
                self._tell(finished.value)
        except asyncio.CancelledError:
            self._cancelled()
        except BaseException as raised:  # noqa: BLE001 - it is the result
            self.set_exception(raised)
            self._tell(Failure(raised))
        else:
            self._wait(awaited)

    def _give_up(self) -> None:
        self.cancel()

    def _cancelled(self) -> None:
        super().cancel(self._message)
        self._tell(Failure(CancelledError()))

    def _tell(self, outcome: Any) -> None:
        if self._listener is not None:
            self._listener(outcome)
            if type(outcome) is Failure and not self.cancelled():
                self.exception()  # which keeps asyncio from complaining that nobody heard of it

    def _wait(self, awaited: Any) -> None:
        """Go on when what the coroutine has yielded is there."""
        if awaited is None:  # as asyncio.sleep(0) does: in a later turn
            self.get_loop().call_soon(self._go_on)
            return
        ours = self.get_loop()
        is_future = getattr(awaited, "_asyncio_future_blocking", None)
        if is_future and awaited is not self and awaited.get_loop() is ours:
            # How a future says that it is awaited, and wants to hear that it is heard.
            awaited._asyncio_future_blocking = False
            awaited.add_done_callback(self._future_done)
            self._fut_waiter = awaited
        elif isinstance(awaited, Deferred):
            self._fut_waiter = _AwaitedDeferred(awaited, self)
            awaited.addBoth(self._fut_waiter.fired)
        else:
            problem = RuntimeError(
                f"a coroutine cannot await {awaited!r}: no Deferred, and no other future of its loop"
            )
            ours.call_soon(self._go_on, problem)
        waiter = self._fut_waiter
        if self._must_cancel and waiter is not None and waiter.cancel(msg=self._message):
            self._must_cancel = False

    def _future_done(self, future: asyncio.Future[Any]) -> None:
        self._go_on()


class _AwaitedDeferred:
    """A Deferred in the place of a future that a task waits for."""

    __slots__ = ("_cancelled", "_deferred", "_task")

    def __init__(self, deferred: Deferred[Any], task: Task) -> None:
        self._deferred = deferred
        self._task = task
        self._cancelled = False

    def done(self) -> bool:
        return bool(self._deferred.called)

    def cancel(self, msg: object = None) -> bool:
        # One that has been called may wait for another, which its cancelling cancels.
        if self._deferred.called and not isinstance(getattr(self._deferred, "result", None), Deferred):
            return False
        self._cancelled = True
        self._deferred.cancel()
        return True

    def fired(self, result: Any) -> Any:
        """The Deferred has its result, which the coroutine finds there; an error is raised at once."""
        if self._cancelled:
            # Whoever cancels is not to run what is cancelled.
            task = self._task
            task.get_loop().call_soon(task._go_on, task._cancellation())
            return None
        if isinstance(result, Failure):
            error = result.value
            assert error is not None
            self._task._go_on(error.with_traceback(result.getTracebackObject()))
            return None
        self._task._go_on()
        return result
