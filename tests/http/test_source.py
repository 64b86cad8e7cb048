from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from protocols.http.source import OctetsSource, Source, fulfil, read_from


class Saying(Source):
    """A source whose read does one thing."""

    def __init__(self, said: object) -> None:
        self.said = said

    def read(self):
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    def close(self) -> None: ...


@pytest.fixture
def heard() -> list:
    return []


def take(source: Source, heard: list) -> None:
    read_from(source, heard.append, lambda failure: heard.append(failure.value))


@pytest.mark.parametrize("said", [b"a", b"", None, ValueError("bad")])
def test_what_is_there_is_heard_at_once(said, heard) -> None:
    take(Saying(said), heard)
    assert heard == [said]


@pytest.mark.parametrize("said", [b"a", None])
def test_what_comes_later_is_heard_then(said, heard) -> None:
    later: Deferred[bytes | None] = Deferred()
    take(Saying(later), heard)
    assert heard == []
    later.callback(said)
    assert heard == [said]


def test_an_error_that_comes_later(heard) -> None:
    later: Deferred[bytes | None] = Deferred()
    error = ValueError("bad")
    take(Saying(later), heard)
    later.errback(error)
    assert heard == [error]


@pytest.mark.parametrize("said", [b"a", None, ValueError("bad")])
def test_who_waits_is_given_what_there_is(said, heard) -> None:
    waiting: Deferred[bytes | None] = Deferred()
    waiting.addCallbacks(heard.append, lambda failure: heard.append(failure.value))
    fulfil(waiting, Saying(said))
    assert heard == [said]


def test_octets_come_in_pieces_and_end() -> None:
    source = OctetsSource(b"x" * 100_000)
    assert (len(source.read() or b""), len(source.read() or b""), source.read()) == (65536, 34464, None)
    source.close()
