"""What a request is called in logs."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest

from protocols.http import Headers, Request, RequestHead
from protocols.http.body import BodyStream
from protocols.http.forwarded import TrustedProxies
from protocols.http.local_redirect import redirected
from protocols.http.request import StreamingRequest
from protocols.http.request_id import SAFE, fields_with_id, written_id
from protocols.networks import Networks
from protocols.session import Peer

PROXIES = TrustedProxies(Networks([ip_network("10.0.0.0/8")]))


def request(written: str | None = None, peer: str = "192.0.2.1") -> Request:
    headers = [("Accept", "a/b")] if written is None else [("X-Request-ID", written), ("Accept", "a/b")]
    made = Request("GET", "/", headers=Headers(headers), peer=Peer("http", peer, 9))
    PROXIES.apply(made)
    return made


def test_each_request_has_its_own_from_the_first_time_that_somebody_asks():
    one, other = request(), request()
    assert "_id" not in vars(one)
    assert re.fullmatch("[0-9a-f]{16}", one.id)
    assert one.id == one.id != other.id
    assert SAFE.fullmatch(one.id)


def test_what_anybody_writes_is_not_believed():
    assert request("42").id != "42"


def test_what_a_trusted_proxy_writes_is():
    assert request("42", "10.0.0.1").id == "42"
    assert re.fullmatch("[0-9a-f]{16}", request(None, "10.0.0.1").id)


@pytest.mark.parametrize(
    "written",
    [
        "a",
        "x" * 64,
        "7f3e4a52-4f5c-4f0e-9b8f-2f1c9d0a8b7e",
        "Root=1-5759e988-bd862e3fe1be46a994272793",
        "a/b+c==",
        "host:1@2_3",
    ],
)
def test_what_is_taken_over(written):
    assert written_id(Headers([("X-Request-Id", written)])) == written
    assert request(written, "10.0.0.1").id == written


@pytest.mark.parametrize(
    "written", ["", "x" * 65, "a b", "a\tb", 'a"b', "a\\b", "a,b", "<b>", "$(id)", "é", "a\n", "a;b", "a%0a"]
)
def test_what_is_not(written):
    assert written_id(Headers([("X-Request-Id", written)])) is None
    assert re.fullmatch("[0-9a-f]{16}", request(written, "10.0.0.1").id)


def test_two_of_them_are_none():
    assert written_id(Headers([("X-Request-Id", "a"), ("X-Request-Id", "b")])) is None


class Inflow:
    def wanted(self) -> None: ...

    def taken(self, size: int) -> None: ...


COPIES = {
    "somebody else asks": lambda one: one.with_peer(Peer("http", "192.0.2.2")),
    "with its content": lambda one: Request.of(one, b"x"),
    "with its content as it comes": lambda one: StreamingRequest(one, BodyStream(Inflow(), 0)),
    "sent on": lambda one: redirected(one, "/other", 1),
    "twice": lambda one: Request.of(one.with_peer(Peer("http")), b"").with_peer(Peer("http")),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("first", ["the copy", "the original"])
@pytest.mark.parametrize("written", [None, "42"])
def test_the_same_request_in_other_words_has_the_same(copied, first, written):
    one = request(written, "10.0.0.1")
    copy = copied(one)
    said = (copy.id, one.id) if first == "the copy" else (one.id, copy.id)
    assert said[0] == said[1]
    if written is not None:
        assert said[0] == written


def test_fields_say_it_instead_of_what_was_written():
    one = request("42")
    assert fields_with_id(one) == [(b"accept", b"a/b"), (b"x-request-id", one.id.encode())]
    believed = request("42", "10.0.0.1")
    assert fields_with_id(believed) == [(b"accept", b"a/b"), (b"x-request-id", b"42")]
    assert RequestHead("GET", "/").id
