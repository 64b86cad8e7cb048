from __future__ import annotations

import pytest

from protocols.http.routes.proxy.response_fields import CACHED, passed_fields


def test_fields_are_passed_on_in_order() -> None:
    fields = [(b"Set-Cookie", b"a=b"), (b"X-A", b"\xe4"), (b"Set-Cookie", b"c=d"), (b"Empty", b"")]
    assert passed_fields(fields) == (
        ("Set-Cookie", "a=b"),
        ("X-A", "\xe4"),
        ("Set-Cookie", "c=d"),
        ("Empty", ""),
    )


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "keep-alive",
        "Transfer-Encoding",
        "Content-Length",
        "Upgrade",
        "TE",
        "Trailer",
        "proxy-connection",
    ],
)
def test_fields_for_one_connection_are_not(name: str) -> None:
    assert passed_fields([(name.encode(), b"close"), (b"A", b"b")]) == (("A", "b"),)


def test_fields_that_connection_names_are_not() -> None:
    fields = [(b"X-A", b"1"), (b"Connection", b"close, x-a"), (b"X-B", b"2"), (b"x-c", b"3")]
    assert passed_fields(fields, but=frozenset({b"x-c"})) == (("X-B", "2"),)


@pytest.mark.parametrize("size", [1, CACHED + 1])
@pytest.mark.parametrize("bad", [b"\r", b"\n", b"\0", b"\x7f"])
def test_what_would_break_a_line_is_dropped(size: int, bad: bytes) -> None:
    assert passed_fields([(b"A", b"x" * size + bad + b"x"), (b"B" + bad, b"x"), (b"", b"x")]) == ()


def test_long_values_are_passed_on_too() -> None:
    assert passed_fields([(b"A", b"x" * 5000)]) == (("A", "x" * 5000),)
