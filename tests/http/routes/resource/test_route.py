from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet import interfaces
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.util import Redirect, redirectTo
from zope.interface import implementer

from protocols.http.body import HELD
from protocols.http.routes.resource.route import ResourceRoute
from protocols.http.source import PIECE

OLD_PAGES = pytest.mark.filterwarnings("ignore:twisted.web.resource._Unsafe:DeprecationWarning")
"""Twisted's own error pages complain of themselves."""

GET = b"GET /app/ HTTP/1.1\r\nHost: a.test\r\n\r\n"


class Rendered(Resource):
    """A leaf whose GET is a function of the request."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def render_GET(self, request: Any) -> Any:  # noqa: N802 - Twisted's name
        return self._function(request)

    render_POST = render_GET  # noqa: N815 - Twisted's name


@pytest.fixture
def site(connect, clock, journal) -> Iterator[Callable[..., Any]]:
    """A client of a resource, or of a function of a request, at ``/app/``."""
    routes = []

    def site(root: Any, path: str = "/app/", limits: Any = None, **settings: Any) -> Any:
        root = root if isinstance(root, Resource) else Rendered(root)
        routes.append(ResourceRoute(root, reactor=clock, journal=journal, **settings))
        return connect({path: routes[-1]}, **(limits or {}))

    yield site
    for route in routes:
        route.stop()


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
def test_children_are_found_below_the_place_of_the_route(site) -> None:
    seen = []

    def answer(request) -> bytes:
        seen.append((request.prepath, request.postpath, request.uri, request.prePathURL()))
        return b""

    root, child = Resource(), Resource()
    root.putChild(b"child", child)
    child.putChild(b"", Rendered(answer))
    child.putChild(b"leaf", Rendered(answer))
    client = site(root)
    assert client.ask("GET", "/app/child/").status == 200
    assert client.ask("GET", "/app/child/leaf/a%20b/c?d").status == 200
    assert client.ask("GET", "/app/none").status == 404
    assert seen == [
        ([b"app", b"child", b""], [], b"/app/child/", b"http://a.test/app/child/"),
        (
            [b"app", b"child", b"leaf"],
            [b"a b", b"c"],
            b"/app/child/leaf/a%20b/c?d",
            b"http://a.test/app/child/leaf",
        ),
    ]


def test_at_the_root(site) -> None:
    root = Resource()
    root.putChild(b"", Rendered(lambda request: b"top"))
    assert site(root, "/").ask("GET", "/").body == b"top"


def test_forms_and_their_mistakes(site) -> None:
    client = site(lambda request: request.args[b"a"][0])
    form = "application/x-www-form-urlencoded"
    assert client.ask("POST", "/app/", b"a=1+2", Content_Type=form).body == b"1 2"
    multipart = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n34\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    assert client.ask("POST", "/app/", multipart, Content_Type=kind).body == b"34"
    assert client.ask("POST", "/app/", b"none", Content_Type="multipart/form-data").status == 400


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


def test_redirects_and_cookies(site) -> None:
    def answer(request) -> bytes:
        request.addCookie(b"a", request.getCookie(b"b"))
        return redirectTo(b"/there", request)

    got = site(answer).ask("GET", "/app/", Cookie="b=5")
    assert (got.status, got.headers["Location"], got.headers["Set-Cookie"]) == (302, "/there", "a=5")
    assert site(Redirect(b"/x")).ask("GET", "/app/").headers["Location"] == "/x"


def test_sessions_are_kept_and_end_with_the_route(site, clock) -> None:
    def answer(request) -> bytes:
        session = request.getSession()
        session.count = getattr(session, "count", 0) + 1
        return b"%d" % session.count

    client = site(answer)
    first = client.ask("GET", "/app/")
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("TWISTED_SESSION_app=")
    assert client.ask("GET", "/app/", Cookie=cookie).body == b"2"
    client.leave()
    client.factory.stop()
    assert clock.getDelayedCalls() == []


def test_who_asks(site) -> None:
    seen = []

    def answer(request) -> bytes:
        address = request.getClientAddress()
        seen.append((address.host, address.port, request.isSecure(), request.getRequestHostname()))
        return b""

    site(answer).ask("GET", "/app/")
    assert seen == [("192.0.2.7", 4321, False, b"a.test")]


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
