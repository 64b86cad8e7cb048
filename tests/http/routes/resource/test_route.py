from __future__ import annotations

import warnings
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

OLD_PAGES = pytest.mark.filterwarnings("ignore:twisted.web.resource._Unsafe:DeprecationWarning")
"""Twisted's own error pages complain of themselves."""


GET = b"GET /app/ HTTP/1.1\r\nHost: a.test\r\n\r\n"


def test_an_answer(site) -> None:
    def answer(request) -> bytes:
        request.setHeader(b"X-A", b"1")
        request.setResponseCode(201)
        return b" ".join([request.method, request.content.read(), request.args[b"a"][0]])

    got = site(answer).ask("POST", "/app/?a=%20b", b"hello")
    assert (got.status, got.body, got.headers["X-A"]) == (201, b"POST hello  b", "1")
    assert got.headers["Content-Length"] == "13"
    assert got.headers.get_all("Server") == ["polyport"]
    assert len(got.headers.get_all("Date")) == 1


@OLD_PAGES
def test_a_method_it_has_not(site) -> None:
    class Read(Resource):
        isLeaf = True  # noqa: N815 - Twisted's name

        def render_GET(self, request: Any) -> bytes:  # noqa: N802 - Twisted's name
            return b""

    answer = site(Read()).ask("POST", "/app/")
    assert (answer.status, sorted(answer.headers["Allow"].split(", "))) == (405, ["GET", "HEAD"])


def test_head(site) -> None:
    answer = site(lambda request: b"hello").ask("HEAD", "/app/")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "5")


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(site, status: int) -> None:
    def answer(request) -> bytes:
        request.setResponseCode(status)
        request.setETag(b'"x"')
        return b""

    client = site(answer)
    for _ in range(2):
        got = client.ask("GET", "/app/")
        assert (got.status, got.body, got.headers["ETag"]) == (status, b"", '"x"')


def test_a_response_that_comes_later(site, clock) -> None:
    requests = []

    def answer(request) -> int:
        requests.append((request, request.notifyFinish()))
        return NOT_DONE_YET

    client = site(answer)
    client.send(GET)
    client.turn()
    assert client.wire.value() == b""
    request, finished = requests[0]
    request.write(b"one")
    request.write(b"two")
    client.turn()
    client.turn()
    assert b"onetwo" in client.wire.value()
    request.write(b"three")
    assert b"three" in client.wire.value()
    request.finish()
    client.turn()
    assert finished.called
    (got,) = client.answers()
    assert got.body == b"onetwothree"


def test_the_head_goes_ahead_of_a_body_that_comes_later(site) -> None:
    def answer(request) -> int:
        request.write(b"")
        return NOT_DONE_YET

    client = site(answer)
    client.send(GET)
    client.turn()
    client.turn()
    assert b"200 OK" in client.wire.value()


def test_a_client_that_leaves(site) -> None:
    requests, reasons = [], []

    def answer(request) -> int:
        requests.append(request)
        request.notifyFinish().addErrback(reasons.append)
        return NOT_DONE_YET

    client = site(answer)
    client.send(GET)
    client.break_off()
    assert len(reasons) == 1
    requests[0].write(b"for nobody")
    with pytest.raises(RuntimeError):
        requests[0].finish()


def test_a_client_that_leaves_in_the_middle(site) -> None:
    reasons = []

    def answer(request) -> int:
        request.notifyFinish().addErrback(reasons.append)
        request.write(b"begun")
        return NOT_DONE_YET

    client = site(answer)
    client.send(GET)
    client.turn()
    client.turn()
    assert b"begun" in client.wire.value()
    client.break_off()
    assert len(reasons) == 1


def test_errors(site, failures) -> None:
    def answer(request) -> bytes:
        raise KeyError("mine")

    got = site(answer).ask("GET", "/app/", Accept="text/html")
    assert got.status == 500
    assert b"mine" not in got.body
    (event,) = failures
    assert event["log_failure"].check(KeyError)


def test_what_is_no_body(site) -> None:
    assert site(lambda request: "text").ask("GET", "/app/").status == 500


def test_an_error_in_the_middle_breaks_the_connection(site, failures) -> None:
    from twisted.python.failure import Failure

    requests = []

    def answer(request) -> int:
        requests.append(request)
        request.write(b"begun")
        return NOT_DONE_YET

    client = site(answer)
    client.send(GET)
    client.turn()
    client.turn()
    requests[0].processingFailed(Failure(KeyError("mine")))
    client.turn()
    assert client.wire.aborted
    assert failures[0]["log_failure"].check(KeyError)


@pytest.mark.parametrize("written", [b"ab", b"abcd"])
def test_another_length_than_was_announced(site, failures, written: bytes) -> None:
    def answer(request) -> int:
        request.setHeader(b"Content-Length", b"3")
        request.write(written)
        request.finish()
        return NOT_DONE_YET

    got = site(answer).ask("GET", "/app/")
    assert (got.status, got.body[:3]) == ((500, b"500") if written == b"ab" else (200, b"abc"))
    assert "announced 3 bytes" in str(failures[0]["error"])


def test_a_head_that_cannot_be_sent(site, failures) -> None:
    def answer(request) -> bytes:
        request.setResponseCode(99)
        return b"x"

    assert site(answer).ask("GET", "/app/").status == 500
    assert len(failures) == 1


def test_a_response_that_does_not_begin_in_time(site, clock, failures) -> None:
    reasons: list[Any] = []

    def answer(request) -> int:
        request.notifyFinish().addErrback(reasons.append)
        return NOT_DONE_YET

    client = site(answer, timeout=5, name="shop:root")
    client.send(GET)
    clock.advance(5)
    (got,) = client.answers()
    assert got.status == 504
    assert len(reasons) == 1
    assert "shop:root" in str(failures[0]["error"])


def test_content_is_bounded(site) -> None:
    assert site(lambda request: b"", limits={"body": 3}).ask("POST", "/app/", b"four").status == 413


def klein() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from klein import Klein
    return Klein()


def test_klein(site) -> None:
    app = klein()

    @app.route("/")
    def top(request: Any) -> str:
        return "top"

    @app.route("/hello/<name>", methods=["GET", "POST"])
    def hello(request: Any, name: str) -> str:
        return f"hello {name} from {request.prepath[0].decode()}"

    later: Deferred[str] = Deferred()

    @app.route("/later")
    def wait(request: Any) -> Any:
        return later

    client = site(app.resource())
    assert client.ask("GET", "/app/").body == b"top"
    assert client.ask("GET", "/app/hello/ann").body == b"hello ann from app"
    assert client.ask("GET", "/app/none").status == 404
    client.wire.clear()
    client.send(b"GET /app/later HTTP/1.1\r\nHost: a\r\n\r\n")
    later.callback("now")
    client.turn()
    assert client.answers()[0].body == b"now"
