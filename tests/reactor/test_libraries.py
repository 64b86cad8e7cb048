"""Libraries written for asyncio, unchanged, beside Twisted's own server in one reactor."""

from __future__ import annotations

import asyncio

import anyio
import httpx
import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from protocols.handlers.coroutines import runner

pytestmark = pytest.mark.skipif(not hasattr(reactor, "loop"), reason="runs no asyncio")

PATIENCE = 20


class Hello(Resource):
    """Answers at once, and below ``never`` not at all."""

    isLeaf = True

    def render_GET(self, request):
        return NOT_DONE_YET if request.path == b"/never" else b"hello"


@pytest.fixture
def url():
    port = reactor.listenTCP(0, Site(Hello()), interface="127.0.0.1")
    yield f"http://127.0.0.1:{port.getHost().port}"
    port.stopListening()


def in_reactor(test):
    """Run `test` as a user's function is run."""

    @pytest_twisted.inlineCallbacks
    def run(url):
        yield runner(reactor)(test(url))

    run.__name__ = test.__name__
    return run


async def _requests(url):
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
        replies = await asyncio.gather(*(client.get(url) for _ in range(10)))
    assert [reply.text for reply in replies] == ["hello"] * 10


async def _asyncio_gives_up(url):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), httpx.AsyncClient() as client:
            await client.get(f"{url}/never", timeout=PATIENCE)


async def _anyio_gives_up(url):
    with anyio.move_on_after(0.05) as scope:
        async with httpx.AsyncClient() as client:
            await client.get(f"{url}/never", timeout=PATIENCE)
    assert scope.cancelled_caught


async def _anyio_gives_up_a_deferred(url):
    with anyio.move_on_after(0.05) as scope:
        await deferLater(reactor, PATIENCE)
    assert scope.cancelled_caught
    assert asyncio.current_task().cancelling() == 0


async def _anyio_groups_and_threads(url):
    done = []
    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(anyio.sleep, 0.001)
            done.append(await anyio.to_thread.run_sync(lambda number=number: number))
    assert done == [0, 1, 2]


test_requests = in_reactor(_requests)
test_asyncio_gives_up = in_reactor(_asyncio_gives_up)
test_anyio_gives_up = in_reactor(_anyio_gives_up)
test_anyio_gives_up_a_deferred = in_reactor(_anyio_gives_up_a_deferred)
test_anyio_groups_and_threads = in_reactor(_anyio_groups_and_threads)
