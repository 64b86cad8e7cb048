"""Functions with parameters, uploads and events over the loopback, in the real reactor."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import resource
import socket
import sys
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from protocols.http import Event, EventsRoute, HTTPFactory, Limits, Upload, function_route
from protocols.journal import Journal

ELSEWHERE = """
import os
from datetime import date
from pydantic import BaseModel
from protocols.session import Peer

class Order(BaseModel):
    item: str

def several(day: date, order: Order, peer: Peer, tags: list[str] = ()) -> list[object]:
    return [os.getpid(), day.year, order.item, peer.transport, list(tags)]

def spread(order: Order) -> str:
    return f"{os.getpid()} {order.item}"
"""
"""A module that the other processes can import, as they cannot this one."""


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    (tmp_path / "functions_elsewhere.py").write_text(ELSEWHERE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("functions_elsewhere")
    del sys.modules["functions_elsewhere"]


def large(picture: Upload) -> int:
    return picture.size


MEBIBYTES = 64


@pytest_twisted.async_yield_fixture
async def site(elsewhere):
    """Serve routes on the port that is returned; ends with the test."""
    journal = Journal("web")
    ended: Deferred[None] = Deferred()

    async def ticks(last_event_id: int | None) -> AsyncIterator[Event]:
        number = last_event_id or 0
        try:
            while True:
                number += 1
                yield Event(number, id=number)
                if number % 3 == 0:
                    await Deferred()
        finally:
            ended.callback(None)

    async def naps(last_event_id: int | None) -> AsyncIterator[Event]:
        try:
            yield Event("one", id=1)
            await asyncio.sleep(60)
        finally:
            ended.callback(None)

    def function(called: Any, path: str, **settings: Any) -> Any:
        return function_route(called, path=path, reactor=reactor, journal=journal, **settings)

    routes = {
        "/days/{day}": function(elsewhere.several, "/days/{day}", run="processes", workers=1),
        "/spread": function(elsewhere.spread, "/spread", run="processes", workers=1),
        "/large": function(large, "/large"),
        "/naps": EventsRoute(naps, reactor=reactor, journal=journal, heartbeat=0.1),
        "/ticks": EventsRoute(ticks, reactor=reactor, journal=journal, heartbeat=0.1),
    }
    limits = Limits(body=(MEBIBYTES + 1) * 1024 * 1024)
    factory = HTTPFactory(routes, journal=journal, clock=reactor, limits=limits)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    factory.ended = ended
    factory.port = port.getHost().port
    yield factory
    await port.stopListening()
    factory.abort()
    await factory.drain()
    factory.stop()


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest_twisted.inlineCallbacks
def test_arguments_in_another_process(site):
    path = "/days/2026-01-02?tags=a&tags=b"
    status, body = yield deferToThread(ask, site.port, "POST", path, b'{"item": "tea"}')
    pid, *rest = json.loads(body)
    assert (status, rest) == (200, [2026, "tea", "http", ["a", "b"]])
    assert pid != os.getpid()
    status, body = yield deferToThread(ask, site.port, "POST", "/days/now", b"{}")
    pointers = {fault["pointer"] for fault in json.loads(body)["errors"]}
    assert (status, pointers) == (422, {"/path/day", "/body/item"})


@pytest_twisted.inlineCallbacks
def test_a_query_in_another_process(site):
    status, body = yield deferToThread(ask, site.port, "GET", "/spread?item=tea")
    assert (status, body.split()[1]) == (200, b"tea")
    assert int(body.split()[0]) != os.getpid()
    status, body = yield deferToThread(ask, site.port, "GET", "/spread")
    assert (status, json.loads(body)["errors"][0]["pointer"]) == (422, "/query/item")


def send_large(port: int) -> bytes:
    """Post a form with a file of that many mebibytes; the last bytes of the answer."""
    start = b'--b\r\nContent-Disposition: form-data; name="picture"; filename="f"\r\n\r\n'
    end = b"\r\n--b--\r\n"
    length = len(start) + MEBIBYTES * 1024 * 1024 + len(end)
    head = f"POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n"
    head += "Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n\r\n"
    piece = b"x" * (1024 * 1024)
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(head.encode() + start)
        for _ in range(MEBIBYTES):
            client.sendall(piece)
        client.sendall(end)
        answer = b""
        while more := client.recv(65_536):
            answer += more
    return answer


@pytest_twisted.inlineCallbacks
def test_a_large_upload_is_not_held_in_memory(site):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = yield deferToThread(send_large, site.port)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert answer.endswith(f"\r\n\r\n{MEBIBYTES * 1024 * 1024}".encode())
    assert after - before < MEBIBYTES * 1024 / 4  # both in KiB


def listen_to(port: int, last_event_id: str, enough: bytes, path: str = "/ticks") -> bytes:
    """What comes of `path` until `enough` is in it."""
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        request = f"GET {path} HTTP/1.1\r\nHost: a\r\nLast-Event-ID: {last_event_id}\r\n\r\n"
        client.sendall(request.encode())
        heard = b""
        while enough not in heard and (more := client.recv(4096)):
            heard += more
    return heard


@pytest_twisted.inlineCallbacks
def test_events_until_the_client_leaves(site):
    heard = yield deferToThread(listen_to, site.port, "6", b"id: 9\ndata: 9\n\n")
    assert b"Content-Type: text/event-stream\r\n" in heard
    assert b"retry: 3000\n\n" in heard
    assert b"id: 7\ndata: 7\n\nid: 8\ndata: 8\n\nid: 9\n" in heard
    yield site.ended.addTimeout(20, site.clock)  # found out by a heartbeat


@pytest.mark.skipif(not hasattr(reactor, "loop"), reason="runs no asyncio")
@pytest_twisted.inlineCallbacks
def test_a_generator_that_awaits_asyncio_is_closed_without_a_complaint(site):
    heard = yield deferToThread(listen_to, site.port, "0", b"id: 1\ndata: one\n\n", "/naps")
    assert b"data: one" in heard
    yield site.ended.addTimeout(20, site.clock)
    assert site.journal.counts.failures == 0
