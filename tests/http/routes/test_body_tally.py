from __future__ import annotations

import pytest

from protocols.http.routes.body_tally import BodyTally
from protocols.session import ForeseenError


def tally(length: int | None) -> tuple[BodyTally, list[BaseException]]:
    reported: list[BaseException] = []
    return BodyTally(length, reported.append), reported


def test_a_body_of_unknown_length_has_any() -> None:
    body, reported = tally(None)
    assert [body.fitting(b"abc"), body.fitting(b""), body.fitting(b"d")] == [b"abc", b"", b"d"]
    assert (body.sent, body.is_complete, body.shortfall, reported) == (4, False, None, [])


def test_what_was_announced() -> None:
    body, reported = tally(4)
    assert body.fitting(b"abc") == b"abc"
    assert not body.is_complete
    assert body.fitting(b"d") == b"d"
    assert (body.is_complete, body.shortfall, reported) == (True, None, [])


@pytest.mark.parametrize("blocks", [[b"abcdef"], [b"abc", b"def"], [b"abcd", b"ef", b"gh"]])
def test_more_is_cut_and_said_once(blocks: list[bytes]) -> None:
    body, reported = tally(4)
    assert b"".join(map(body.fitting, blocks)) == b"abcd"
    assert (body.is_complete, body.shortfall) == (True, None)
    assert [str(error) for error in reported] == ["the application announced 4 bytes and has more"]


def test_less_is_an_error_where_it_ends() -> None:
    body, reported = tally(4)
    body.fitting(b"abc")
    assert isinstance(body.shortfall, ForeseenError)
    assert str(body.shortfall) == "the application announced 4 bytes and sent 3"
    assert reported == []


def test_nothing_may_be_announced() -> None:
    body, reported = tally(0)
    assert body.is_complete
    assert (body.fitting(b"a"), len(reported)) == (b"", 1)
