"""What programs are run with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import pytest_twisted
from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred

from protocols.handlers.program import Invocation, Runner


@pytest.fixture
def errors() -> str:
    """Where the standard error of programs goes."""
    return "log"


@pytest_twisted.async_yield_fixture
async def runner(errors):
    waits = {"patience": 5, "close_wait": 0.2, "term_wait": 0.3}
    runner = Runner("service", the_reactor, processes=2, queue=1, errors=errors, **waits)
    yield runner
    await runner.stop()


@pytest.fixture
def script() -> Callable[[str], Invocation]:
    """A program that is a script of the shell."""

    def script(text: str) -> Invocation:
        return Invocation("service", ("/bin/sh", "-c", text), "/", {"COLOUR": "red"})

    return script


@pytest.fixture
def until() -> Callable[..., Deferred[None]]:
    """Fires once a condition holds, which is looked at from time to time."""

    def until(holds: Callable[[], object], seconds: float = 10.0) -> Deferred[None]:
        over: Deferred[None] = Deferred()
        begun = the_reactor.seconds()

        def look() -> None:
            if holds():
                over.callback(None)
            elif the_reactor.seconds() - begun > seconds:
                over.errback(AssertionError("it has not come to that"))
            else:
                the_reactor.callLater(0.005, look)

        look()
        return over

    return until
