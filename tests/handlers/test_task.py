"""Tasks that begin at once, each test on an asyncio loop of its own."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import traceback
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from protocols.handlers.coroutines import runner
from protocols.handlers.task import Task, begin


def start(coroutine: Any) -> Any:
    return begin(coroutine, asyncio.get_running_loop())


def outcome(task: Task) -> Any:
    """The result that a task's Deferred has, or its Failure."""
    results: list[Any] = []
    task.deferred().addBoth(results.append)
    return results


async def wait_for(awaitable: Any) -> Any:
    return await awaitable


# Without waiting


async def doubled(number: int) -> int:
    return number * 2


@pytest.mark.on_own_loop
async def test_a_coroutine_that_never_waits_gives_its_result():
    assert start(doubled(2)) == 4


@pytest.mark.on_own_loop
async def test_an_exception_without_waiting_is_raised_at_once():
    async def divide() -> None:
        _ = 1 // 0

    with pytest.raises(ZeroDivisionError):
        start(divide())


@pytest.mark.on_own_loop
async def test_what_has_its_result_already_is_not_waited_for():
    done = asyncio.get_running_loop().create_future()
    done.set_result(3)
    assert start(wait_for(done)) == 3
    assert start(wait_for(succeed(4))) == 4
    with pytest.raises(ZeroDivisionError):
        start(wait_for(fail(ZeroDivisionError())))


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
@pytest.mark.on_own_loop
async def test_what_would_end_the_daemon_is_an_error_of_the_function(kind):
    async def leave(wait: bool) -> None:
        if wait:
            await asyncio.sleep(0)
        raise kind

    with pytest.raises(RuntimeError, match=kind.__name__) as raised:
        start(leave(False))
    assert isinstance(raised.value.__cause__, kind)
    with pytest.raises(RuntimeError, match=kind.__name__):
        await start(leave(True))


# Waiting


@pytest.mark.on_own_loop
async def test_a_future():
    future = asyncio.get_running_loop().create_future()
    task = start(wait_for(future))
    assert isinstance(task, Task)
    assert not task.done()
    future.set_result(5)
    assert await task == 5


@pytest.mark.on_own_loop
async def test_an_exception_of_a_future_is_seen_inside():
    future = asyncio.get_running_loop().create_future()
    task = start(wait_for(future))
    future.set_exception(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await task


@pytest.mark.on_own_loop
async def test_giving_way_for_one_turn():
    order = []

    async def give_way() -> None:
        order.append("before")
        await asyncio.sleep(0)
        order.append("after")

    task = start(give_way())
    asyncio.get_running_loop().call_soon(order.append, "others")
    assert order == ["before"]
    await task
    assert order[0] == "before"
    assert set(order) == {"before", "after", "others"}


@pytest.mark.on_own_loop
async def test_a_deferred_goes_on_in_the_call_that_fires_it():
    deferred: Deferred[int] = Deferred()
    task = start(wait_for(deferred))
    results = outcome(task)
    deferred.callback(6)
    assert task.done()
    assert results == [6]
    # Whoever has the Deferred finds its result there still.
    assert await deferred == 6


@pytest.mark.on_own_loop
async def test_a_failed_deferred_is_raised_with_its_traceback():
    def divide() -> None:
        _ = 1 // 0

    deferred: Deferred[None] = Deferred()
    deferred.addCallback(lambda _: divide())
    task = start(wait_for(deferred))
    deferred.callback(None)
    with pytest.raises(ZeroDivisionError) as raised:
        await task
    lines = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert "divide" in lines
    assert "wait_for" in lines
    # It was handled.
    assert deferred.result is None


@pytest.mark.on_own_loop
async def test_a_failure_that_the_coroutine_handles():
    deferred: Deferred[None] = Deferred()

    async def careful() -> str:
        try:
            await deferred
        except LookupError:
            return "handled"
        return "never"

    task = start(careful())
    deferred.errback(LookupError())
    assert await task == "handled"


@pytest.mark.on_own_loop
async def test_a_paused_deferred():
    deferred = succeed(7)
    deferred.pause()
    task = start(wait_for(deferred))
    assert isinstance(task, Task)
    deferred.unpause()
    assert await task == 7


@pytest.mark.on_own_loop
async def test_deferreds_and_asyncio_in_turns():
    async def mixed() -> list[int]:
        deferred: Deferred[int] = Deferred()
        asyncio.get_running_loop().call_soon(deferred.callback, 1)
        first = await deferred
        await asyncio.sleep(0)
        async with asyncio.TaskGroup() as group:
            second = group.create_task(doubled(first))
        return [first, second.result(), await asyncio.wait_for(doubled(2), 10)]

    assert await start(mixed()) == [1, 2, 4]


class Odd:
    def __await__(self) -> Any:
        yield "nonsense"


@pytest.mark.on_own_loop
async def test_what_cannot_be_awaited_is_an_error_inside():
    caught = []

    async def odd() -> None:
        try:
            await Odd()
        except RuntimeError as error:
            caught.append(str(error))
        await Odd()

    with pytest.raises(RuntimeError, match="cannot await 'nonsense'"):
        await start(odd())
    assert len(caught) == 1


# What a task is


@pytest.mark.on_own_loop
async def test_its_deferred_fires_in_the_step_that_ends_it():
    order = []
    future = asyncio.get_running_loop().create_future()

    async def finish() -> None:
        await future
        asyncio.get_running_loop().call_soon(order.append, "a turn later")

    task = start(finish())
    task.add_done_callback(lambda _: order.append("a future's callback"))
    task.deferred().addCallback(lambda _: order.append("its Deferred"))
    future.set_result(None)
    await task
    assert order == ["its Deferred", "a turn later", "a future's callback"]


@pytest.mark.on_own_loop
async def test_an_error_that_its_deferred_has_told_is_not_told_again():
    async def late() -> None:
        await asyncio.sleep(0)
        raise LookupError

    over = asyncio.get_running_loop().create_future()
    start(late()).deferred().addErrback(lambda failure: over.set_result(failure))
    failure = await over
    assert isinstance(failure, Failure)
    assert failure.check(LookupError)


@pytest.mark.on_own_loop
async def test_gathered():
    async def late(number: int) -> int:
        await asyncio.sleep(0)
        return number

    assert await asyncio.gather(*(start(late(number)) for number in range(3))) == [0, 1, 2]


@pytest.mark.on_own_loop
async def test_the_current_task_is_the_same_in_every_step():
    seen = []

    async def look() -> None:
        for _ in range(3):
            seen.append(asyncio.current_task())
            await asyncio.sleep(0)
        await succeed(None)
        seen.append(asyncio.current_task())

    me = asyncio.current_task()
    task = start(look())
    assert asyncio.current_task() is me
    await task
    assert asyncio.current_task() is me
    assert seen == [task] * 4


@pytest.mark.on_own_loop
async def test_one_that_begins_inside_another():
    fired: Deferred[str] = Deferred()
    seen: dict[str, Any] = {}

    async def inner() -> str:
        seen["inner"] = asyncio.current_task()
        assert start(doubled(1)) == 2
        assert asyncio.current_task() is seen["inner"]
        return await fired

    async def outer() -> None:
        seen["outer"] = asyncio.current_task()
        seen["begun"] = start(inner())
        assert asyncio.current_task() is seen["outer"]
        await asyncio.sleep(0)
        # The other one goes on inside this call.
        fired.callback("result")
        assert seen["begun"].result() == "result"
        assert asyncio.current_task() is seen["outer"]

    task = start(outer())
    await task
    assert (seen["outer"], seen["inner"]) == (task, seen["begun"])


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


@pytest.mark.on_own_loop
async def test_variables_of_one_are_not_seen_by_others():
    async def use(value: str) -> list[str]:
        seen = [VARIABLE.get()]
        VARIABLE.set(value)
        await asyncio.sleep(0)
        seen.append(VARIABLE.get())
        deferred: Deferred[None] = Deferred()
        asyncio.get_running_loop().call_soon(deferred.callback, None)
        await deferred
        return [*seen, VARIABLE.get()]

    VARIABLE.set("mine")
    tasks = [start(use("a")), start(use("b"))]
    assert await asyncio.gather(*tasks) == [["mine", "a", "a"], ["mine", "b", "b"]]
    assert VARIABLE.get() == "mine"
    assert tasks[0].get_context()[VARIABLE] == "a"


@pytest.mark.on_own_loop
async def test_names_and_what_runs():
    gate = asyncio.get_running_loop().create_future()
    coroutine = wait_for(gate)
    task = start(coroutine)
    assert task.get_coro() is coroutine
    assert task.get_name() == "wait_for"
    task.set_name(12)
    assert task.get_name() == "12"
    assert asyncio.all_tasks() == {task, asyncio.current_task()}
    gate.set_result(None)
    await task
    assert task not in asyncio.all_tasks()
    assert not inspect.isawaitable(start(doubled(1)))


@pytest.mark.on_own_loop
async def test_a_future_of_another_loop_is_refused():
    other = asyncio.new_event_loop()
    foreign = other.create_future()
    with pytest.raises(RuntimeError, match="no other future of its loop"):
        await start(wait_for(foreign))
    other.close()


@pytest.mark.on_own_loop
async def test_the_words_of_a_cancellation_arrive():
    async def give_up(awaitable: Any) -> None:
        asyncio.current_task().cancel("because")
        await awaitable

    for awaitable in (asyncio.get_running_loop().create_future(), Deferred()):
        with pytest.raises(asyncio.CancelledError) as raised:
            await start(give_up(awaitable))
        assert raised.value.args == ("because",)


@pytest.mark.on_own_loop
async def test_who_asks_late_is_told_at_once():
    task = start(wait_for(asyncio.sleep(0, "result")))
    await task
    told: list[Any] = []
    task.tell(told.append)
    assert told == ["result"]


@pytest.mark.on_own_loop
async def test_cancelling_its_deferred_cancels_it():
    task = start(wait_for(asyncio.get_running_loop().create_future()))
    results: list[Any] = []
    task.deferred().addBoth(results.append).cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert results[0].check(CancelledError)


@pytest_twisted.ensureDeferred
async def test_in_the_reactor():
    if not isinstance(getattr(reactor, "loop", None), asyncio.AbstractEventLoop):
        pytest.skip("the reactor runs no asyncio loop")

    async def mixed() -> str:
        await deferLater(reactor, 0)
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
        return await deferLater(reactor, 0, lambda: "done")

    assert await runner(reactor)(mixed()) == "done"
