from __future__ import annotations

from typing import Any

import pytest
from twisted.internet import interfaces
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from protocols.http.body import HELD
from protocols.http.source import PIECE

GET = b"GET /app/ HTTP/1.1\r\nHost: a.test\r\n\r\n"


@implementer(interfaces.IPushProducer)
class Push:
    """Writes as fast as it may."""

    def __init__(self, request: Any, clock: Any) -> None:
        self.request = request
        self.clock = clock
        self.events: list[str] = []
        self.left = 40
        self.running = True

    def run(self) -> None:
        if self.running and self.left:
            self.left -= 1
            self.request.write(bytes([self.left]) * (PIECE // 2))
            self.clock.callLater(0, self.run)
        elif self.running:
            self.running = False
            self.request.unregisterProducer()
            self.request.finish()

    def pauseProducing(self) -> None:
        self.events.append("pause")
        self.running = False

    def resumeProducing(self) -> None:
        self.events.append("resume")
        self.running = True
        self.run()

    def stopProducing(self) -> None:
        self.events.append("stop")
        self.running = False


def test_a_push_producer_is_paused_for_a_client_that_does_not_read(site, clock) -> None:
    producers = []

    def answer(request) -> int:
        producers.append(Push(request, clock))
        request.registerProducer(producers[0], True)
        producers[0].run()
        return NOT_DONE_YET

    client = site(answer)
    client.wire.room = 1000
    client.send(GET)
    for _ in range(40):
        client.turn()
    assert producers[0].events == ["pause"]
    assert (40 - producers[0].left) * PIECE // 2 <= 2 * HELD + 2 * PIECE
    client.wire.room = None
    client.connection.resumeProducing()
    for _ in range(200):
        client.turn()
    (got,) = client.answers()
    assert len(got.body) == 40 * (PIECE // 2)
    assert set(producers[0].events) == {"pause", "resume"}


def test_a_producer_is_stopped_when_its_client_leaves(site, clock) -> None:
    producers = []

    def answer(request) -> int:
        producers.append(Push(request, clock))
        request.registerProducer(producers[0], True)
        producers[0].run()
        return NOT_DONE_YET

    client = site(answer)
    client.wire.room = 1000
    client.send(GET)
    for _ in range(10):
        client.turn()
    client.break_off()
    assert producers[0].events[-1] == "stop"


@implementer(interfaces.IPullProducer)
class Pull:
    """Writes when it is asked, every other time."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.asked = 0

    def resumeProducing(self) -> None:
        self.asked += 1
        if self.asked % 2 == 0:
            return
        self.request.write(b"x" * 10)
        if self.asked == 19:
            self.request.unregisterProducer()
            self.request.finish()

    def stopProducing(self) -> None:
        pass


@pytest.mark.parametrize("begun", [True, False])
def test_a_pull_producer_is_asked_again_and_again(site, begun: bool) -> None:
    def answer(request) -> int:
        if begun:
            request.write(b"")
        request.registerProducer(Pull(request), False)
        return NOT_DONE_YET

    client = site(answer)
    client.send(GET)
    for _ in range(60):
        client.turn()
    (got,) = client.answers()
    assert got.body == b"x" * 100
