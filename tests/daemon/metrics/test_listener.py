"""``server.metrics``: an address of its own."""

from __future__ import annotations

import socket

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from protocols.daemon.metrics import MetricsListener
from protocols.daemon.metrics.asking import PATIENCE
from protocols.daemon.metrics.listener import CONNECTIONS, LAST_WORDS, LIMITS
from protocols.daemon.sockets import BindError, bind
from protocols.daemon.spec.address import Address
from protocols.http import Limits


def listener(url, operations):
    return MetricsListener(Address.parse(url), operations, reactor)


def asked(place, request):
    """What comes back for `request` until the server closes."""
    family = socket.AF_INET if isinstance(place, tuple) else socket.AF_UNIX
    with socket.socket(family) as client:
        client.settimeout(20)
        client.connect(place)
        client.sendall(request.encode())
        return client.makefile("rb").read().decode()


def get(path, method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest_twisted.inlineCallbacks
def test_from_the_first_scrape_to_the_last(operations, tmp_path):
    metrics = listener(f"unix:{tmp_path}/metrics.sock", operations)
    metrics.bind()
    metrics.start()
    place = str(tmp_path / "metrics.sock")
    said = yield deferToThread(asked, place, get("/metrics"))
    assert said.startswith("HTTP/1.1 200 OK\r\n")
    assert '\npolyport_connections_open{service="lines"} 5.0\n' in said
    yield metrics.stop()
    assert not (tmp_path / "metrics.sock").exists()
    with pytest.raises(FileNotFoundError):
        asked(place, get("/metrics"))


@pytest_twisted.inlineCallbacks
def test_there_is_nothing_else(operations):
    metrics = listener("tcp://127.0.0.1:0", operations)
    metrics.bind()
    metrics.start()
    (bound,) = metrics.bound
    place = ("127.0.0.1", bound.address.port)
    found = []
    for request in (
        get("/"),
        get("/metrics/"),
        get("/metrics/x"),
        get("/metrics", "POST"),
        get("/metrics", "HEAD"),
    ):
        said = yield deferToThread(asked, place, request)
        found.append(said.split()[1])
    assert found == ["404", "404", "404", "405", "200"]
    yield metrics.stop()


@pytest_twisted.inlineCallbacks
def test_a_scrape_under_way_may_finish(operations):
    metrics = listener("tcp://127.0.0.1:0", operations)
    metrics.bind()
    metrics.start()
    answer, operations.now = operations.now, None
    place = ("127.0.0.1", metrics.bound[0].address.port)
    scraping = deferToThread(asked, place, get("/metrics"))
    while not operations.asked:
        yield deferToThread(lambda: None)
    stopped = metrics.stop()
    assert not stopped.called
    operations.asked[0].callback(answer)
    said = yield scraping
    assert '\npolyport_connections_open{service="lines"} 5.0\n' in said
    yield stopped


def test_whoever_scrapes_has_an_answer_before_it_stops():
    assert PATIENCE < LAST_WORDS


def test_an_address_that_is_taken(operations):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = listener(f"tcp://127.0.0.1:{taken.getsockname()[1]}", operations)
        with pytest.raises(BindError, match="Address already in use"):
            metrics.bind()
    assert metrics.bound == ()


@pytest_twisted.inlineCallbacks
def test_one_address_instead_of_another_that_covers_it(operations):
    former = listener("tcp://:0", operations)
    former.bind()
    former.start()
    port = former.bound[0].address.port
    metrics = listener(f"tcp://127.0.0.1:{port}", operations)
    with pytest.raises(BindError):
        metrics.bind()
    metrics.bind(instead_of=former)
    metrics.start()
    yield former.stop()
    said = yield deferToThread(asked, ("127.0.0.1", port), get("/metrics"))
    assert "polyport_status_fresh 1.0" in said
    yield metrics.stop()


def test_what_somebody_else_has_is_taken_from_nobody(operations):
    former = listener("tcp://127.0.0.1:0", operations)
    former.bind()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = listener(f"tcp://127.0.0.1:{taken.getsockname()[1]}", operations)
        with pytest.raises(BindError, match="Address already in use"):
            metrics.bind(instead_of=former)
    former.close()


def test_what_was_bound_and_does_not_start_is_closed(operations, tmp_path):
    metrics = listener(f"unix:{tmp_path}/metrics.sock", operations)
    metrics.bind()
    (bound,) = metrics.bound
    metrics.close()
    assert bound.socket.fileno() == -1
    assert not (tmp_path / "metrics.sock").exists()


@pytest_twisted.inlineCallbacks
def test_sockets_of_somebody_else_are_left_to_them(operations):
    address = Address.parse("tcp://127.0.0.1:0")
    bound = bind(address, {})
    metrics = MetricsListener(address, operations, reactor, bound)
    metrics.start()
    said = yield deferToThread(asked, bound[0].socket.getsockname(), get("/metrics"))
    assert "polyport_status_fresh 1.0" in said
    yield metrics.stop()
    assert bound[0].socket.fileno() != -1
    bound[0].close()


def test_its_limits_are_tighter_than_those_of_a_service():
    usual = Limits()
    for name in ("request_line", "header", "header_fields", "header_time", "body", "first_byte", "streams"):
        assert getattr(LIMITS, name) < getattr(usual, name)
    assert CONNECTIONS < 100
