"""Cancelling tasks that begin at once, with what of asyncio's is built on that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from protocols.handlers.task import begin

pytestmark = pytest.mark.on_own_loop


def start(coroutine: Any) -> Any:
    return begin(coroutine, asyncio.get_running_loop())


class Waiting:
    """A coroutine that waits for something, and notes what it meets there."""

    def __init__(self, awaited: Any) -> None:
        self.awaited = awaited
        self.met: list[Any] = []

    async def run(self) -> str:
        try:
            await self.awaited
        except BaseException as error:
            self.met.append(type(error))
            raise
        self.met.append("result")
        return "result"


async def test_while_it_waits_for_a_future():
    future = asyncio.get_running_loop().create_future()
    waiting = Waiting(future)
    task = start(waiting.run())
    assert task.cancel()
    assert future.cancelled()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]
    assert task.cancelled()
    assert not task.cancel()


async def test_while_it_waits_for_a_deferred():
    cancelled: list[Any] = []
    deferred: Deferred[None] = Deferred(cancelled.append)
    waiting = Waiting(deferred)
    task = start(waiting.run())
    assert task.cancel()
    # Whoever cancels does not run what is cancelled.
    assert (cancelled, waiting.met) == ([deferred], [])
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]


async def test_twice_is_told_once():
    waiting = Waiting(Deferred())
    task = start(waiting.run())
    assert task.cancel()
    assert task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]
    assert task.cancelling() == 2


async def test_while_a_deferred_waits_for_another():
    inner: Deferred[None] = Deferred()
    waiting = Waiting(succeed(None).addCallback(lambda _: inner))
    task = start(waiting.run())
    task.cancel()
    assert inner.called
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]


async def test_a_deferred_that_is_given_a_result_when_it_is_cancelled():
    waiting = Waiting(Deferred(lambda deferred: deferred.callback("early")))
    task = start(waiting.run())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]


async def test_a_paused_deferred_is_left_when_it_goes_on():
    deferred = succeed(None)
    deferred.pause()
    waiting = Waiting(deferred)
    task = start(waiting.run())
    assert task.cancel()
    deferred.unpause()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]


async def test_between_a_result_and_the_next_step():
    future = asyncio.get_running_loop().create_future()
    waiting = Waiting(future)
    task = start(waiting.run())
    future.set_result(None)
    assert task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]


async def test_while_it_gives_way():
    waiting = Waiting(asyncio.sleep(0))
    task = start(waiting.run())
    assert task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]


@pytest.mark.parametrize("kind", [Deferred, asyncio.Future])
async def test_by_itself_before_its_first_wait(kind):
    waiting = Waiting(kind())

    async def cancel_itself() -> None:
        asyncio.current_task().cancel()
        await waiting.run()

    with pytest.raises(asyncio.CancelledError):
        await start(cancel_itself())
    assert waiting.met == [asyncio.CancelledError]


async def test_by_itself_without_a_wait():
    async def cancel_itself(wait: bool) -> str:
        if wait:
            await asyncio.sleep(0)
        asyncio.current_task().cancel()
        return "never heard"

    with pytest.raises(asyncio.CancelledError):
        start(cancel_itself(wait=False))
    task = start(cancel_itself(wait=True))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_coroutine_may_go_on():
    async def stubborn() -> str:
        for awaited in (asyncio.get_running_loop().create_future(), Deferred()):
            try:
                await awaited
            except asyncio.CancelledError:
                asyncio.current_task().uncancel()
        return "to the end"

    task = start(stubborn())
    task.cancel()
    await asyncio.sleep(0)
    assert task.cancelling() == 0
    task.cancel()
    assert await task == "to the end"


async def test_a_request_that_is_taken_back_in_time_is_not_told():
    async def change_its_mind() -> str:
        me = asyncio.current_task()
        me.cancel()
        assert (me.cancelling(), me.uncancel(), me.uncancel()) == (1, 0, 0)
        await asyncio.sleep(0)
        return "to the end"

    assert await start(change_its_mind()) == "to the end"


@pytest.mark.parametrize("kind", [Deferred, asyncio.Future])
async def test_timeout(kind):
    async def late() -> str:
        try:
            async with asyncio.timeout(0.001):
                await kind()
        except TimeoutError:
            await asyncio.sleep(0)
            return f"late, {asyncio.current_task().cancelling()} requests"
        return "never"

    assert await start(late()) == "late, 0 requests"


async def test_timeout_that_does_not_expire():
    async def in_time() -> str:
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
        return "in time"

    assert await start(in_time()) == "in time"


async def test_wait_for():
    async def late() -> None:
        await asyncio.wait_for(asyncio.get_running_loop().create_future(), 0.001)

    with pytest.raises(TimeoutError):
        await start(late())


async def test_a_task_group_whose_child_fails_cancels_the_rest():
    waiting = Waiting(asyncio.get_running_loop().create_future())
    caught: list[Any] = []

    async def divide() -> None:
        _ = 1 // 0

    async def parent() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(waiting.run())
                group.create_task(divide())
                await Deferred()
        except* ZeroDivisionError as errors:
            caught.extend(errors.exceptions)
        await asyncio.sleep(0)

    task = start(parent())
    await task
    assert [type(error) for error in caught] == [ZeroDivisionError]
    assert waiting.met == [asyncio.CancelledError]
    assert task.cancelling() == 0


async def test_a_task_group_is_cancelled_with_its_parent():
    waiting = Waiting(asyncio.get_running_loop().create_future())

    async def parent() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(waiting.run())

    task = start(parent())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiting.met == [asyncio.CancelledError]


async def test_a_gathering_cancels_its_tasks():
    waiting = [Waiting(Deferred()) for _ in range(2)]
    gathering = asyncio.gather(*(start(each.run()) for each in waiting))
    gathering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gathering
    assert [each.met for each in waiting] == [[asyncio.CancelledError]] * 2
