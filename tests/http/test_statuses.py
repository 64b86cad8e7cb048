"""What the standard library calls statuses and methods is what they are called here."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus

import pytest

from protocols.http import Entry, HTTPError, RedirectRoute, Request, RespondRoute, Response


def test_statuses(serve) -> None:
    def answer(request: Request) -> Response:
        if request.method == HTTPMethod.DELETE:
            raise HTTPError(HTTPStatus.FORBIDDEN, "no")
        return Response("x", status=HTTPStatus.CREATED if request.query.get("new") else HTTPStatus.OK)

    client = serve(answer)
    assert client.ask("GET", "/f").status == 200
    assert client.ask("GET", "/f?new=1").status == 201
    assert client.wire.value().startswith(b"HTTP/1.1 201 Created\r\n")
    assert client.ask("DELETE", "/f").status == 403


@pytest.mark.parametrize("status", [HTTPStatus.OK, HTTPStatus.NOT_FOUND])
def test_a_status_is_a_number(status: HTTPStatus) -> None:
    assert type(Response("x", status).status) is int
    assert type(HTTPError(status).status) is int


def test_a_status_that_no_response_has() -> None:
    with pytest.raises(ValueError, match="200 to 599"):
        Response("x", HTTPStatus.CONTINUE)
    with pytest.raises(ValueError, match="no body"):
        Response("x", HTTPStatus.NO_CONTENT)
    with pytest.raises(TypeError):
        Response("x", True)


def test_methods(connect) -> None:
    routes = {
        "/a": [Entry(RespondRoute("a"), methods=(HTTPMethod.GET,))],
        "/b": RedirectRoute("/a", HTTPStatus.FOUND),
    }
    client = connect(routes)
    assert client.ask("GET", "/a").body == b"a"
    assert client.ask("POST", "/a").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.ask("GET", "/b").status == 302
    assert "GET /" in repr(Request(HTTPMethod.GET, "/"))
