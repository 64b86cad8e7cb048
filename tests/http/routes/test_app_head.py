from __future__ import annotations

import pytest

from protocols.http.routes.app_head import AppHead


def test_what_is_for_one_connection_is_left_out_and_the_rest_is_as_it_was() -> None:
    head = AppHead(
        200,
        [
            ("Content-Type", "text/plain"),
            ("Date", "then"),
            ("Server", "mine"),
            ("Connection", "close"),
            ("TE", "trailers"),
            ("Content-Length", "5"),
            ("X-A", " spaced "),
            ("Transfer-Encoding", "chunked"),
        ],
    )
    assert head.length == 5
    assert head.response(b"hello").headers == (
        ("Content-Type", "text/plain"),
        ("Date", "then"),
        ("Server", "mine"),
        ("X-A", "spaced"),
    )


@pytest.mark.parametrize("status", [0, 100, 101, 199, 600, 999])
def test_a_status_that_is_none(status: int) -> None:
    with pytest.raises(ValueError, match="200 to 599"):
        AppHead(status, [])


@pytest.mark.parametrize("field", [("a b", "c"), ("", "c"), ("x", "a\r\nb: c"), ("x", "\0"), ("x", "\u20ac")])
def test_a_field_that_would_break_the_head(field: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        AppHead(200, [field])


@pytest.mark.parametrize("lengths", [["-1"], ["x"], [""], ["5", "6"], ["5, 5"], ["9" * 30]])
def test_a_length_that_is_none(lengths: list[str]) -> None:
    with pytest.raises(ValueError, match="length"):
        AppHead(200, [("content-length", length) for length in lengths])


def test_the_same_length_twice_is_one() -> None:
    assert AppHead(200, [("content-length", "5"), ("Content-Length", "5")]).length == 5
