from __future__ import annotations

import pytest

from protocols.codec import DecodeError
from protocols.http import Headers, Query, Request, Response


@pytest.mark.parametrize(
    ("body", "content", "media"),
    [
        (b"a", b"a", "application/octet-stream"),
        (bytearray(b"a"), b"a", "application/octet-stream"),
        ("é", "é".encode(), "text/plain; charset=utf-8"),
        ({"a": [1, None]}, b'{"a":[1,null]}', "application/json"),
        (0, b"0", "application/json"),
        (None, b"", None),
    ],
)
def test_the_body_decides_the_type(body: object, content: bytes, media: str | None) -> None:
    response = Response(body)
    assert (response.status, response.content, response.content_type) == (200, content, media)


def test_a_type_that_is_said_stays() -> None:
    assert Response("<p>", content_type="text/html").content_type == "text/html"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nSet-Cookie: b"},
        {"X-A": "a\0"},
        {"X A": "a"},
        {"": "a"},
        {"X-A:": "a"},
        {"Content-Length": "3"},
        {"transfer-encoding": "chunked"},
        {"X-A": "\u0100"},
    ],
)
def test_a_header_that_would_break_the_response_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        Response("", headers=headers)


@pytest.mark.parametrize("status", [0, 100, 199, 600])
def test_a_status_that_ends_no_exchange_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="status"):
        Response("", status)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_has_none(status: int) -> None:
    assert Response(status=status).content == b""
    with pytest.raises(ValueError, match="no body"):
        Response("x", status)


def test_a_value_without_a_json_form_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="serialize"):
        Response(object())


def test_header_names_have_no_case_and_values_are_joined() -> None:
    headers = Headers([("Accept", "a"), ("X", "y"), ("ACCEPT", "b")])
    assert headers.get("accept") == "a, b"
    assert headers.all("aCCept") == ["a", "b"]
    assert headers["x"] == "y"
    assert "Y" not in headers
    assert headers.get("y", "z") == "z"
    with pytest.raises(KeyError):
        headers["y"]


def test_no_header_value_is_in_a_repr() -> None:
    request = Request("GET", "/", headers=Headers([("Authorization", "secret")]), body=b"payload")
    assert "secret" not in repr(request)
    assert "payload" not in repr(request)


def test_a_query_keeps_its_order_and_its_text() -> None:
    query = Query("a=1&b=%26&a=2&c")
    assert list(query) == [("a", "1"), ("b", "&"), ("a", "2"), ("c", "")]
    assert query.get("a") == "1"
    assert query.all("a") == ["1", "2"]
    assert "A" not in query
    assert str(query) == "a=1&b=%26&a=2&c"


def test_a_request_reads_its_body() -> None:
    assert Request("POST", "/", body='{"é": 1}'.encode()).json() == {"é": 1}
    assert Request("POST", "/", body="é".encode()).text() == "é"
    for read in (Request("POST", "/", body=b"\xff").text, Request("POST", "/", body=b"{").json):
        with pytest.raises(DecodeError) as caught:
            read()
        assert caught.value.status == 400
