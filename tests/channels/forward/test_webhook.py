"""Requests to a real server on loopback."""

from __future__ import annotations

import json
from email.utils import formatdate

import pytest
import pytest_twisted
import trustme
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface import implementer

from protocols.channels.forward import Forward, ForwardSettings, WebhookURL, webhook
from protocols.channels.forward import forward as forward_module
from protocols.channels.forward.answer import read_answer
from protocols.channels.forward.signature import Signer
from protocols.channels.forward.webhook import WebhookDelivery
from protocols.channels.message import Message
from protocols.channels.since import ALL
from protocols.outgoing_tls import OutgoingTLS

MESSAGE = Message(7, 1_700_000_000_000, b"body", content_type="text/plain")


class Receiver(Resource):
    """Answers as `answer` says, and remembers what it was asked."""

    isLeaf = True  # noqa: N815 - Twisted's

    def __init__(self):
        super().__init__()
        self.requests = []
        self.peers = set()
        self.answer = lambda request: b""

    def render_POST(self, request):  # noqa: N802
        body = request.content.read()
        fields = {
            name.decode().lower(): values[0].decode()
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        self.requests.append((request.uri, fields, body))
        self.peers.add(request.getClientAddress().port)
        return self.answer(request)

    @property
    def bodies(self):
        return [body for _, _, body in self.requests]


def status(code, body=b"", **fields):
    def answer(request):
        request.setResponseCode(code)
        for name, value in fields.items():
            request.setHeader(name.replace("_", "-"), value)
        return body

    return answer


def never(request):
    request.notifyFinish().addErrback(lambda _: None)
    return NOT_DONE_YET


def endless_redirection(request):
    request.setResponseCode(307)
    request.setHeader("Location", "/elsewhere")
    request.write(b"moved")
    return never(request)


def reactor():
    from twisted.internet import reactor

    return reactor


def cut_off(request):
    request.notifyFinish().addErrback(lambda _: None)
    request.channel.transport.abortConnection()
    return NOT_DONE_YET


def in_turn(*answers):
    left = list(answers)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


@pytest.fixture
def receiver():
    from twisted.internet import reactor

    made = Receiver()
    site = Site(made, reactor=reactor)
    site.noisy = False
    made.port = reactor.listenTCP(0, site, interface="127.0.0.1")
    made.url = WebhookURL.parse(f"http://127.0.0.1:{made.port.getHost().port}/hooks/s3cret?a=b")
    yield made
    pytest_twisted.blockon(made.port.stopListening())


@pytest.fixture
def delivery(receiver):
    from twisted.internet import reactor

    made = []

    def make(url=None, tls=None, **settings):
        delivery = WebhookDelivery(
            url or receiver.url,
            "readings",
            ForwardSettings(**settings),
            reactor=reactor,
            now=lambda: 1_700_000_123.0,
            tls=tls,
        )
        made.append(delivery)
        return delivery

    yield make
    for each in made:
        pytest_twisted.blockon(each.close())


@pytest.fixture
def forward(receiver, real_post):
    from twisted.internet import reactor

    made = []

    def make(**settings):
        settings = ForwardSettings(**{"since": ALL, "backoff": 0.01, **settings})
        made.append(
            Forward(
                real_post.channel,
                "hook",
                receiver.url,
                reactor=reactor,
                settings=settings,
                dead=real_post.dead,
            )
        )
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        pytest_twisted.blockon(each.stop())


class Nonsense(Protocol):
    """Whatever it is asked, it says something else."""

    def dataReceived(self, data):
        self.transport.write(b"+OK POP3 here\r\n")
        self.transport.loseConnection()


@pytest.fixture
def nonsense():
    """The port of a server that speaks no HTTP."""
    from twisted.internet import reactor

    factory = Factory.forProtocol(Nonsense)
    factory.noisy = False
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    yield port.getHost().port
    pytest_twisted.blockon(port.stopListening())


class TestRequests:
    @pytest_twisted.ensureDeferred
    async def test_what_is_sent(self, receiver, delivery):
        assert (await delivery(secrets=("b2xk", "bmV3")).send(MESSAGE)).kind == "passed"
        ((uri, fields, body),) = receiver.requests
        assert (uri, body) == (b"/hooks/s3cret?a=b", b"body")
        assert fields["content-type"] == "text/plain"
        assert fields["content-length"] == "4"
        assert fields["host"] == f"127.0.0.1:{receiver.url.port}"
        assert fields["webhook-id"] == "readings/7/1700000000000"
        assert fields["webhook-timestamp"] == "1700000123"
        assert fields["polyport-seq"] == "7"
        signed = Signer(["b2xk", "bmV3"]).sign(fields["webhook-id"], 1_700_000_123, b"body")
        assert fields["webhook-signature"] == signed

    @pytest_twisted.ensureDeferred
    async def test_as_json(self, receiver, delivery):
        await delivery(format="json").send(MESSAGE)
        ((_, fields, body),) = receiver.requests
        assert fields["content-type"] == "application/json"
        assert json.loads(body) == {
            "seq": 7, "time": 1_700_000_000_000, "type": "text/plain", "body": "body",
        }  # fmt: skip

    @pytest_twisted.ensureDeferred
    async def test_a_connection_is_used_again(self, receiver, delivery):
        hook = delivery()
        receiver.answer = in_turn(status(200, b"x" * 1000), status(500, b"y"), status(204))
        for _ in range(3):
            await hook.send(MESSAGE)
        assert len(receiver.peers) == 1

    @pytest_twisted.ensureDeferred
    async def test_an_environment_that_names_a_proxy_is_not_asked(self, receiver, delivery, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1/")
        assert (await delivery().send(MESSAGE)).kind == "passed"

    @pytest_twisted.ensureDeferred
    async def test_cookies_are_sent_back_if_they_are_wanted(self, receiver, delivery):
        receiver.answer = status(200, set_cookie="session=abc; Path=/; HttpOnly")
        hook = delivery(cookies=True)
        await hook.send(MESSAGE)
        await hook.send(MESSAGE)
        assert [fields.get("cookie") for _, fields, _ in receiver.requests] == [None, "session=abc"]

    @pytest_twisted.ensureDeferred
    async def test_and_not_otherwise(self, receiver, delivery):
        receiver.answer = status(200, set_cookie="session=abc; Path=/")
        hook = delivery()
        await hook.send(MESSAGE)
        await hook.send(MESSAGE)
        assert [fields.get("cookie") for _, fields, _ in receiver.requests] == [None, None]

    @pytest_twisted.ensureDeferred
    async def test_cookies_without_end_are_forgotten(self, receiver, delivery):
        def answer(request):
            for number in range(101):
                request.addCookie(b"c%d" % number, b"x")
            return b""

        receiver.answer = answer
        hook = delivery(cookies=True)
        await hook.send(MESSAGE)
        await hook.send(MESSAGE)
        assert receiver.requests[1][1].get("cookie") is None


class TestAnswers:
    @pytest_twisted.ensureDeferred
    async def test_an_error_says_how_the_answer_begins(self, receiver, delivery):
        receiver.answer = status(400, b"<p>\n  no such\x07 device</p>" + b"x" * 5000)
        outcome = await delivery().send(MESSAGE)
        assert outcome.kind == "refused"
        assert outcome.error.startswith("400 Bad Request: <p> no such device</p>xxx")
        assert len(outcome.error) < 300

    @pytest_twisted.ensureDeferred
    async def test_no_secret_is_repeated_though_the_server_does(self, receiver, delivery):
        receiver.answer = lambda request: status(
            404,
            request.uri + b" with " + request.getHeader("authorization").split()[1].encode() + b", c2VjcmV0",
        )(request)
        hook = delivery(secrets=("whsec_c2VjcmV0",), headers=(("Authorization", "Bearer t0ken"),))
        outcome = await hook.send(MESSAGE)
        assert outcome.error == "404 Not Found: … with …, …"

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize("field", ["30", formatdate(1_700_000_153, usegmt=True)])
    async def test_how_long_to_wait(self, receiver, delivery, field):
        receiver.answer = status(429, retry_after=field)
        assert (await delivery().send(MESSAGE))[::2] == ("busy", 30.0)
        receiver.answer = status(503, retry_after=field)
        assert (await delivery().send(MESSAGE))[::2] == ("failed", 30.0)

    @pytest_twisted.ensureDeferred
    async def test_one_that_has_no_end_is_cut_off(self, receiver, delivery):
        ended = []

        def answer(request):
            request.setResponseCode(500)
            request.notifyFinish().addErrback(ended.append)

            def more():
                if not ended:
                    request.write(b"x" * 16384)
                    deferLater(request.reactor, 0, more)

            from twisted.internet import reactor

            request.reactor = reactor
            more()
            return NOT_DONE_YET

        receiver.answer = answer
        outcome = await delivery().send(MESSAGE)
        assert (outcome.kind, outcome.error[:30]) == ("failed", "500 Internal Server Error: xxx")

    @pytest_twisted.ensureDeferred
    async def test_one_that_does_not_come(self, receiver, delivery):
        receiver.answer = never
        assert await delivery(deadline=0.1).send(MESSAGE) == ("failed", "no answer within 0.1 s", 0.0)

    @pytest_twisted.ensureDeferred
    async def test_one_that_stands_still_behind_its_status(self, receiver, delivery):
        def answer(request):
            request.write(b"begun")
            return never(request)

        receiver.answer = answer
        assert (await delivery(deadline=0.1).send(MESSAGE)).kind == "passed"

    @pytest_twisted.ensureDeferred
    async def test_a_connection_that_is_cut_in_the_middle(self, receiver, delivery):
        receiver.answer = cut_off
        outcome = await delivery().send(MESSAGE)
        assert outcome.kind == "failed"
        assert outcome.error.startswith("no answer: ")

    @pytest_twisted.ensureDeferred
    async def test_what_is_no_http(self, delivery, nonsense):
        hook = delivery(WebhookURL.parse(f"http://127.0.0.1:{nonsense}/"))
        assert (await hook.send(MESSAGE)).kind == "failed"


class Flood(Protocol):
    """Answers with `begin`, and then with `more` of it without end."""

    begin = b"HTTP/1.1 200 OK\r\n"
    more = b"X-More: and more\r\n"

    def dataReceived(self, data):
        self.transport.write(self.begin)
        self.transport.registerProducer(self, False)

    def resumeProducing(self):
        self.transport.write(self.more * 1000)

    def stopProducing(self):
        pass


class TestFloods:
    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize(
        ("begin", "more", "expected"),
        [
            (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n", "failed"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "failed"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", "passed"),
        ],
    )
    async def test_what_has_no_end_is_cut_off(self, delivery, begin, more, expected):
        factory = Factory.forProtocol(type("Flooding", (Flood,), {"begin": begin, "more": more}))
        factory.noisy = False
        port = reactor().listenTCP(0, factory, interface="127.0.0.1")
        try:
            hook = delivery(WebhookURL.parse(f"http://127.0.0.1:{port.getHost().port}/"), deadline=10)
            outcome = await hook.send(MESSAGE)
        finally:
            await port.stopListening()
        assert outcome.kind == expected
        if expected == "failed":
            assert outcome.error == "the answer cannot be read: its headers are longer than 65536 bytes"

    @pytest_twisted.ensureDeferred
    async def test_what_is_long_and_has_an_end_is_not(self, receiver, delivery):
        def answer(request):
            for number in range(60):
                request.setHeader(f"X-{number}", "x" * 1000)
            return b"x" * 60_000

        receiver.answer = answer
        hook = delivery()
        for _ in range(4):
            assert (await hook.send(MESSAGE)).kind == "passed"
        assert len(receiver.peers) == 1


class TestRedirections:
    @pytest_twisted.ensureDeferred
    async def test_none_is_followed_unless_wanted(self, receiver, delivery):
        receiver.answer = status(307, location="/elsewhere")
        outcome = await delivery().send(MESSAGE)
        assert (outcome.kind, len(receiver.requests)) == ("failed", 1)
        assert outcome.error.startswith("307 ")

    @pytest_twisted.ensureDeferred
    async def test_one_that_keeps_the_method(self, receiver, delivery):
        receiver.answer = in_turn(status(308, location="/new"), status(201))
        assert (await delivery(redirects=1).send(MESSAGE)).kind == "passed"
        assert [(uri, body) for uri, _, body in receiver.requests] == [
            (b"/hooks/s3cret?a=b", b"body"),
            (b"/new", b"body"),
        ]

    @pytest_twisted.ensureDeferred
    async def test_not_for_ever(self, receiver, delivery):
        receiver.answer = status(307, location="/again")
        assert (await delivery(redirects=3).send(MESSAGE)).kind == "failed"
        assert len(receiver.requests) == 4

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize(
        "location", ["http://127.0.0.1:1/x", "https://127.0.0.1/x", "//localhost/", "file:///etc", ""]
    )
    async def test_never_to_others(self, receiver, delivery, location):
        receiver.answer = status(307, location=location)
        assert (await delivery(redirects=3).send(MESSAGE)).kind == "failed"
        assert len(receiver.requests) == 1

    @pytest_twisted.ensureDeferred
    async def test_none_that_would_make_it_a_get(self, receiver, delivery):
        receiver.answer = status(302, location="/new")
        assert (await delivery(redirects=3).send(MESSAGE)).kind == "failed"
        assert len(receiver.requests) == 1

    @pytest_twisted.ensureDeferred
    async def test_one_whose_answer_has_no_end_does_not_outlive_the_deadline(self, receiver, delivery):
        receiver.answer = in_turn(endless_redirection, never)
        outcome = await delivery(deadline=0.5, redirects=3).send(MESSAGE).addTimeout(5, reactor())
        assert (outcome.kind, outcome.error) == ("failed", "307 Temporary Redirect: moved")
        assert len(receiver.requests) == 1

    @pytest_twisted.ensureDeferred
    async def test_one_whose_answer_has_no_end_is_broken_off(self, receiver, delivery, until, monkeypatch):
        reading = []
        monkeypatch.setattr(webhook, "read_answer", lambda found: reading.append(found) or read_answer(found))
        receiver.answer = in_turn(endless_redirection, never)
        hook = delivery(redirects=3)
        sent = hook.send(MESSAGE)
        await until(lambda: reading)
        hook.abort()
        assert sent.called
        assert (await sent).kind == "failed"
        assert len(receiver.requests) == 1


class TestReaching:
    @pytest_twisted.ensureDeferred
    async def test_nobody_listens(self, delivery, free_port):
        hook = delivery(WebhookURL.parse(f"http://127.0.0.1:{free_port()}/"))
        assert await hook.send(MESSAGE) == ("unreachable", "Connection refused", 0.0)
        with pytest.raises(Exception, match="Connection refused"):
            await hook.connect()

    @pytest_twisted.ensureDeferred
    async def test_to_connect_asks_for_nothing(self, receiver, delivery):
        await delivery().connect()
        assert receiver.requests == []


@implementer(IOpenSSLServerConnectionCreator)
class Secured:
    """A receiver behind TLS, with a certificate of a private authority."""

    def __init__(self, receiver, folder, name):
        from twisted.internet import reactor

        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        self.context = SSL.Context(SSL.TLS_SERVER_METHOD)
        authority.issue_cert(name).configure_cert(self.context)
        site = Site(receiver, reactor=reactor)
        site.noisy = False
        secured = TLSMemoryBIOFactory(self, False, site, reactor)
        self.port = reactor.listenTCP(0, secured, interface="127.0.0.1")
        self.url = WebhookURL.parse(f"https://localhost:{self.port.getHost().port}/")

    def serverConnectionForTLS(self, protocol):
        return SSL.Connection(self.context, None)


@pytest.fixture
def secured(receiver, tmp_path):
    made = []

    def make(name="localhost"):
        made.append(Secured(receiver, tmp_path, name))
        return made[-1]

    yield make
    for each in made:
        pytest_twisted.blockon(each.port.stopListening())


class TestTLS:
    @pytest_twisted.ensureDeferred
    async def test_of_a_private_authority(self, receiver, secured, delivery):
        server = secured()
        hook = delivery(server.url, tls=OutgoingTLS("localhost", ca=server.ca))
        assert (await hook.send(MESSAGE)).kind == "passed"
        assert (await hook.send(MESSAGE)).kind == "passed"
        assert len(receiver.peers) == 1

    @pytest_twisted.ensureDeferred
    async def test_of_one_that_nobody_trusts(self, receiver, secured, delivery):
        outcome = await delivery(secured().url).send(MESSAGE)
        assert outcome.kind == "unreachable"
        assert "certificate is not trusted" in outcome.error
        assert receiver.requests == []

    @pytest_twisted.ensureDeferred
    async def test_for_another_name(self, receiver, secured, delivery):
        server = secured("other.example")
        hook = delivery(server.url, tls=OutgoingTLS("localhost", ca=server.ca))
        outcome = await hook.send(MESSAGE)
        assert (outcome.kind, outcome.error) == ("unreachable", "its certificate is not for localhost")
        assert receiver.requests == []

    @pytest_twisted.ensureDeferred
    async def test_a_server_without_tls(self, delivery, nonsense):
        outcome = await delivery(WebhookURL.parse(f"https://127.0.0.1:{nonsense}/")).send(MESSAGE)
        assert (outcome.kind, outcome.error) == ("unreachable", "it does not speak TLS")


class TestForwards:
    @pytest_twisted.ensureDeferred
    async def test_everything_in_order_over_failures(self, receiver, real_post, forward, until):
        """A status of 500 then 200, no answer, an answer that is cut off: each message arrives, in order, and
        under the same id each time."""
        receiver.answer = in_turn(status(200), status(500), cut_off, status(503), status(200))
        hook = forward()
        real_post.publish(*(b"%d" % number for number in range(20)))
        await until(lambda: hook.counts.delivered == 20)
        assert list(dict.fromkeys(receiver.bodies)) == [b"%d" % number for number in range(20)]
        assert receiver.bodies[:5] == [b"0", b"1", b"1", b"1", b"1"]
        ids = {fields["webhook-id"] for _, fields, body in receiver.requests if body == b"1"}
        assert len(ids) == 1

    @pytest_twisted.ensureDeferred
    async def test_gone(self, receiver, real_post, forward, until):
        receiver.answer = in_turn(status(410, b"closed"), status(200))
        hook = forward()
        real_post.publish(b"1", b"2")
        await until(lambda: hook.counts.delivered == 1 and real_post.letters)
        assert receiver.bodies == [b"1", b"2"]
        ((body, said),) = real_post.letters
        assert (body, said["error"]) == (b"1", "410 Gone: closed")

    @pytest_twisted.ensureDeferred
    async def test_busy(self, receiver, real_post, forward, until):
        from twisted.internet import reactor

        receiver.answer = in_turn(status(429, retry_after="1"), status(200))
        hook = forward(tries=1)
        began = reactor.seconds()
        real_post.publish(b"1")
        await until(lambda: hook.counts.delivered == 1)
        assert reactor.seconds() - began >= 1.0
        assert real_post.letters == []

    @pytest_twisted.ensureDeferred
    async def test_given_up(self, receiver, real_post, forward, until, told):
        receiver.answer = status(500, b"broken")
        forward(tries=3)
        real_post.publish(b"1")
        await until(lambda: real_post.letters)
        assert receiver.bodies == [b"1"] * 3
        assert real_post.letters[0][1]["error"] == "500 Internal Server Error: broken"
        assert not any("s3cret" in line for line in told)

    @pytest_twisted.ensureDeferred
    async def test_several_requests_at_a_time(self, receiver, real_post, forward, until):
        waiting = []

        def answer(request):
            waiting.append(request)
            return NOT_DONE_YET

        receiver.answer = answer
        hook = forward(inflight=4)
        real_post.publish(*(b"%d" % number for number in range(10)))
        await until(lambda: len(waiting) == 4)
        while hook.counts.delivered < 10:
            await until(lambda: waiting)
            waiting.pop().finish()
            done = hook.counts.delivered
            await until(lambda done=done: hook.counts.delivered > done)
        assert sorted(receiver.bodies) == [b"%d" % number for number in range(10)]
        assert len(receiver.peers) == 4

    @pytest_twisted.ensureDeferred
    async def test_a_server_that_is_away_for_a_while(self, receiver, real_post, forward, until, told):
        from twisted.internet import reactor

        number, site = receiver.port.getHost().port, receiver.port.factory
        await receiver.port.stopListening()
        hook = forward(tries=1)
        real_post.publish(b"1", b"2")
        await until(lambda: hook.counts.failed >= 4)
        assert real_post.letters == []
        receiver.port = reactor.listenTCP(number, site, interface="127.0.0.1")
        await until(lambda: hook.counts.delivered == 2)
        assert receiver.bodies == [b"1", b"2"]
        assert len(told) == 2

    @pytest_twisted.ensureDeferred
    async def test_what_is_under_way_ends_when_it_is_stopped(self, receiver, real_post, forward, until):
        waiting = []

        def answer(request):
            waiting.append(request)
            return NOT_DONE_YET

        receiver.answer = answer
        hook = forward()
        real_post.publish(b"1", b"2")
        await until(lambda: waiting)
        stopping = hook.stop()
        assert not stopping.called
        waiting[0].finish()
        await stopping
        assert (hook.counts.delivered, receiver.bodies) == (1, [b"1"])

    @pytest_twisted.ensureDeferred
    async def test_what_does_not_end_then_is_broken_off(
        self, receiver, real_post, forward, until, monkeypatch
    ):
        monkeypatch.setattr(forward_module, "STOP", 0.05)
        receiver.answer = never
        hook = forward()
        real_post.publish(b"1")
        await until(lambda: receiver.requests)
        await hook.stop()
        receiver.answer = status(200)
        again = forward()
        await until(lambda: again.counts.delivered == 1)
        assert receiver.bodies == [b"1", b"1"]
