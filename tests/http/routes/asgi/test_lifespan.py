from __future__ import annotations

import asyncio

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from protocols.http.routes.asgi import lifespan as module
from protocols.http.routes.asgi.lifespan import StartupError
from protocols.http.routes.asgi.route import ASGIRoute
from protocols.session import ForeseenError


@pytest.fixture
def route(clock, journal):
    return lambda app, mode="auto": ASGIRoute(
        app, reactor=clock, journal=journal, name="shop:app", lifespan=mode
    )


@pytest_twisted.ensureDeferred
async def test_from_its_start_to_its_end(route) -> None:
    said = []

    async def app(scope, receive, send):
        said.append(scope["type"])
        assert scope["asgi"]["version"] == "3.0"
        said.append((await receive())["type"])
        await asyncio.sleep(0)
        scope["state"]["db"] = "open"
        await send({"type": "lifespan.startup.complete"})
        said.append((await receive())["type"])
        await asyncio.sleep(0)
        await send({"type": "lifespan.shutdown.complete"})
        said.append("end")

    served = route(app)
    await served.lifespan.start()
    assert served._runtime.state == {"db": "open"}
    assert said == ["lifespan", "lifespan.startup"]
    await served.end()
    await asyncio_turn()
    assert said[2:] == ["lifespan.shutdown", "end"]


async def asserts(scope, receive, send):
    assert scope["type"] == "http"


async def returns(scope, receive, send):
    if scope["type"] != "http":
        return


async def fails(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def raises(scope, receive, send):
    await receive()
    raise KeyError("DB_URL")


@pytest.mark.parametrize("app", [asserts, returns])
@pytest_twisted.ensureDeferred
async def test_an_application_that_knows_of_none(route, app) -> None:
    served = route(app)
    await served.lifespan.start()
    await served.end()
    with pytest.raises(StartupError, match="shop:app does not start"):
        await route(app, "on").lifespan.start()


@pytest.mark.parametrize(("app", "reason"), [(fails, "no database"), (raises, "KeyError: 'DB_URL'")])
@pytest.mark.parametrize("mode", ["auto", "on"])
@pytest_twisted.ensureDeferred
async def test_one_that_does_not_start_says_why(route, app, reason: str, mode: str) -> None:
    served = route(app, mode)
    with pytest.raises(StartupError, match=f"shop:app does not start: {reason}"):
        await served.lifespan.start()
    await served.end()


@pytest_twisted.ensureDeferred
async def test_it_is_not_asked_where_it_is_off(route) -> None:
    served = route(fails, "off")
    await served.lifespan.start()
    await served.end()


@pytest_twisted.ensureDeferred
async def test_what_takes_too_long_is_cancelled(route, monkeypatch, failures) -> None:
    cancelled = []

    async def never_starts(scope, receive, send):
        try:
            await Deferred()
        finally:
            cancelled.append("start")

    async def never_stops(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await Deferred()
        finally:
            cancelled.append("stop")

    monkeypatch.setattr(module, "STARTUP", 0.01)
    monkeypatch.setattr(module, "SHUTDOWN", 0.01)
    with pytest.raises(StartupError, match="took more than"):
        await route(never_starts).lifespan.start()
    served = route(never_stops)
    monkeypatch.setattr(module, "STARTUP", 10)
    await served.lifespan.start()
    await served.end()
    await asyncio_turn()
    assert cancelled == ["start", "stop"]
    assert isinstance(failures[0]["error"], ForeseenError)


async def asyncio_turn() -> None:
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    for _ in range(3):
        await deferLater(reactor, 0)  # type: ignore[arg-type]


@pytest_twisted.ensureDeferred
async def test_a_shutdown_that_fails_is_logged(route, failures) -> None:
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "still busy"})

    served = route(app)
    await served.lifespan.start()
    await served.end()
    assert "still busy" in str(failures[0]["error"])


@pytest_twisted.ensureDeferred
async def test_an_end_that_is_an_error_is_logged_and_ends_the_wait(route, failures) -> None:
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        raise KeyError("mine")

    served = route(app)
    await served.lifespan.start()
    await served.end()
    assert failures[0]["log_failure"].check(KeyError)


@pytest_twisted.ensureDeferred
async def test_a_stop_without_a_start(route) -> None:
    await route(fails).end()
