"""The whole of a conversation over wires that do what the test says: no socket, and no time passes."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from protocols.client import (
    ClientError,
    ClientTimeoutError,
    ClosedError,
    ConnectError,
    ConnectionLostError,
    NobodyListensError,
    Place,
    ReplyFramingError,
    Retry,
    TLSError,
)
from protocols.client.conversation import Conversation
from protocols.client.immediate import immediate
from protocols.client.terms import Terms
from protocols.client.tls import CertificateNameError
from protocols.framing import Lines, Netstring, Raw

RESET = ConnectionResetError(errno.ECONNRESET, "reset")
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
SILENCE = TimeoutError()
THRICE = Retry(attempts=3, first=1, factor=2, jitter=0)


class ScriptedWire:
    """Gives the pieces of a script, in order: bytes, an error, ``None`` for the end."""

    def __init__(self, *script: Any, refuses: Exception | None = None, half_closes: bool = True) -> None:
        self.script = list(script)
        self.refuses = refuses
        self.half_closes = half_closes
        self.written: list[bytes] = []
        self.waited: list[float | None] = []
        self.known_lost = False
        self.half_closed = False
        self.closed: float | None = None

    async def write(self, data: bytes, within: float | None) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.written.append(data)

    async def read(self, within: float | None) -> bytes | None:
        self.waited.append(within)
        piece = self.script.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def end_writing(self) -> bool:
        self.half_closed = self.half_closes
        return self.half_closes

    def lost(self) -> bool:
        return self.known_lost

    async def close(self, within: float) -> None:
        self.closed = within


class Network:
    """Opens the wires of a list, or refuses with what stands there instead."""

    def __init__(self, *wires: Any) -> None:
        self.wires = list(wires)
        self.slept: list[float] = []

    async def open(self, within: float | None) -> ScriptedWire:
        wire = self.wires.pop(0)
        if isinstance(wire, Exception):
            raise wire
        return wire

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def conversing() -> Callable[..., tuple[Conversation, Network]]:
    def make(*wires: Any, url: str = "tcp://host:1", **terms: Any) -> tuple[Conversation, Network]:
        place = Place.parse(url)
        terms.setdefault("framing", None if place.datagrams else Lines())
        network = Network(*wires)
        terms_ = Terms(place, **{"timeout": 5.0, **terms})
        conversation = Conversation(terms_, network.open, network.sleep, AsyncExitStack())
        return conversation, network

    return make


# -- connecting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (REFUSED, ConnectError, "could not connect to tcp://host:1: Connection refused"),
        (SILENCE, ClientTimeoutError, "no connection to tcp://host:1 within 5 s"),
        (TimeoutError(errno.ETIMEDOUT, ""), ConnectError, "could not connect to tcp://host:1: it did not"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 113] b"), ConnectError, "refused; No route"),
        (UnicodeError("label too long"), ConnectError, "the host's name is none"),
        (CertificateNameError("not for x"), TLSError, "TLS with tcp://host:1 failed: not for x"),
        (ssl.SSLEOFError(8, "EOF"), TLSError, "TLS with tcp://host:1 failed: the server broke off"),
    ],
)
def test_no_connection(failure, kind, words, conversing):
    conversation, _ = conversing(failure)
    with pytest.raises(kind, match=words) as caught:
        immediate(conversation.connect())
    assert caught.value.url == "tcp://host:1"


def test_a_reset_during_the_handshake(conversing):
    conversation, _ = conversing(RESET, url="tls://host:1")
    with pytest.raises(TLSError, match="during the handshake"):
        immediate(conversation.connect())


def test_it_is_tried_again_with_longer_and_longer_pauses(conversing):
    conversation, network = conversing(REFUSED, SILENCE, ScriptedWire(), reconnect=THRICE)
    immediate(conversation.connect())
    assert network.slept == [1, 2]


def test_after_the_last_attempt_the_last_failure_is_told(conversing):
    conversation, _ = conversing(SILENCE, SILENCE, REFUSED, reconnect=THRICE)
    with pytest.raises(ConnectError):
        immediate(conversation.connect())


def test_a_server_that_is_not_believed_is_not_tried_again(conversing):
    conversation, network = conversing(CertificateNameError("x"), reconnect=THRICE)
    with pytest.raises(TLSError):
        immediate(conversation.connect())
    assert network.slept == []


# -- messages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pieces", [[b"one\ntwo\n"], [b"one\n", b"two\n"], [bytes([each]) for each in b"one\ntwo\n"]]
)
def test_replies_in_whatever_pieces_they_come(pieces, conversing):
    wire = ScriptedWire(*pieces, None)
    conversation, _ = conversing(wire)
    assert immediate(conversation.ask(b"1", 5)) == b"one"
    assert immediate(conversation.receive(7)) == b"two"
    assert immediate(conversation.receive(7)) is None
    assert wire.written == [b"1\n"]


def test_a_message_that_the_framing_cannot_carry_costs_nothing(conversing):
    wire = ScriptedWire(b"ok\n")
    conversation, _ = conversing(wire)
    immediate(conversation.connect())
    with pytest.raises(ValueError, match="line ending"):
        immediate(conversation.ask(b"a\nb", 5))
    assert immediate(conversation.ask(b"a", 5)) == b"ok"


def test_broken_framing_after_good_messages(conversing):
    conversation, _ = conversing(ScriptedWire(b"2:ok,nonsense"), framing=Netstring())
    assert immediate(conversation.ask(b"x", 5)) == b"ok"
    with pytest.raises(ReplyFramingError, match="tcp://host:1 are not framed as expected"):
        immediate(conversation.receive(5))


def test_half_an_answer(conversing):
    conversation, _ = conversing(ScriptedWire(b"9:hal", None), framing=Netstring())
    with pytest.raises(ReplyFramingError, match="not framed as expected"):
        immediate(conversation.ask(b"x", 5))


def test_a_server_that_does_not_read(conversing):
    wire = ScriptedWire(refuses=SILENCE)
    conversation, _ = conversing(wire)
    with pytest.raises(ClientTimeoutError, match="tcp://host:1 has taken nothing for 5 s"):
        immediate(conversation.send(b"x"))
    assert wire.closed is not None


def test_a_late_reply_is_not_taken_for_that_to_the_next_message(conversing):
    conversation, _ = conversing(ScriptedWire(SILENCE, b"late\n"), ScriptedWire(b"new\n"), reconnect=THRICE)
    with pytest.raises(ClientTimeoutError, match="nothing came from tcp://host:1 for 5 s"):
        immediate(conversation.ask(b"first", 5))
    assert immediate(conversation.ask(b"second", 5)) == b"new"


def test_without_reconnect_a_silent_server_is_given_up(conversing):
    conversation, _ = conversing(ScriptedWire(SILENCE, b"late\n"))
    with pytest.raises(ClientTimeoutError):
        immediate(conversation.ask(b"first", 5))
    with pytest.raises(ClosedError, match="no reconnect="):
        immediate(conversation.ask(b"second", 5))


def test_a_reset_in_the_middle_of_an_answer(conversing):
    conversation, _ = conversing(ScriptedWire(b"hal", RESET))
    with pytest.raises(
        ConnectionLostError, match=r"reset by peer .1 message without a reply, not sent again"
    ):
        immediate(conversation.ask(b"x", 5))


def test_a_server_that_closes_without_a_reply(conversing):
    conversation, _ = conversing(ScriptedWire(None))
    with pytest.raises(ConnectionLostError, match="without a reply") as caught:
        immediate(conversation.ask(b"x", 5))
    assert caught.value.unacknowledged == 1


def test_no_message_goes_over_two_connections(conversing):
    first, second = ScriptedWire(RESET), ScriptedWire(b"yes\n")
    conversation, _ = conversing(first, second, reconnect=THRICE)
    with pytest.raises(ConnectionLostError):
        immediate(conversation.ask(b"pay", 5))
    assert immediate(conversation.ask(b"look", 5)) == b"yes"
    assert (first.written, second.written) == ([b"pay\n"], [b"look\n"])


def test_unless_it_may_be_repeated(conversing):
    first, second = ScriptedWire(RESET), ScriptedWire(b"yes\n")
    conversation, network = conversing(first, second, reconnect=THRICE)
    assert immediate(conversation.ask(b"look", 5, repeat=True)) == b"yes"
    assert (first.written, second.written, network.slept) == ([b"look\n"], [b"look\n"], [1])


def test_a_message_is_not_sent_where_it_is_known_that_nobody_reads(conversing):
    first, second = ScriptedWire(b"1\n"), ScriptedWire(b"2\n")
    conversation, _ = conversing(first, second, reconnect=THRICE)
    immediate(conversation.ask(b"a", 5))
    first.known_lost = True
    assert immediate(conversation.ask(b"b", 5)) == b"2"
    assert first.written == [b"a\n"]


def test_what_was_lost_with_a_connection_is_told_before_anything_is_sent_on_another(conversing):
    first, second = ScriptedWire(), ScriptedWire()
    conversation, _ = conversing(first, second, reconnect=THRICE)
    immediate(conversation.send(b"a"))
    immediate(conversation.send(b"b"))
    first.known_lost = True
    with pytest.raises(ConnectionLostError) as caught:
        immediate(conversation.send(b"c"))
    assert caught.value.unacknowledged == 2
    immediate(conversation.send(b"c"))
    assert second.written == [b"c\n"]


def test_listening_goes_on_over_new_connections_which_are_opened_the_same_way(conversing):
    wires = [ScriptedWire(b"1\n", None), ScriptedWire(b"2\n", RESET), ScriptedWire(b"3\n")]
    conversation, network = conversing(*wires, reconnect=THRICE, opening=(b"hello",))
    immediate(conversation.connect())
    assert [immediate(conversation.receive(None)) for _ in range(3)] == [b"1", b"2", b"3"]
    assert [wire.written for wire in wires] == [[b"hello\n"]] * 3
    assert network.slept == [1, 1]


def test_a_server_that_closes_every_connection_is_given_up(conversing):
    conversation, network = conversing(*(ScriptedWire(None) for _ in range(3)), reconnect=THRICE)
    immediate(conversation.connect())
    with pytest.raises(ConnectionLostError):
        immediate(conversation.receive(None))
    assert network.slept == [1, 2]


def test_half_closing(conversing):
    wire = ScriptedWire(b"rest\n", None)
    conversation, _ = conversing(wire, reconnect=THRICE)
    immediate(conversation.send(b"a"))
    assert immediate(conversation.end_sending())
    with pytest.raises(ClosedError):
        immediate(conversation.send(b"b"))
    assert immediate(conversation.receive(5)) == b"rest"
    assert immediate(conversation.receive(5)) is None


def test_closing_lets_the_server_read_what_has_no_reply(conversing):
    wire = ScriptedWire(b"unread\n", None)
    conversation, _ = conversing(wire)
    immediate(conversation.send(b"a"))
    immediate(conversation.close())
    assert (wire.half_closed, wire.script, wire.closed) == (True, [], 1.0)
    with pytest.raises(ClosedError):
        immediate(conversation.send(b"b"))
    with pytest.raises(ClosedError):
        immediate(conversation.receive(1))


@pytest.mark.parametrize("script", [[SILENCE], [RESET], [None]])
def test_closing_never_fails(script, conversing):
    wire = ScriptedWire(*script)
    conversation, _ = conversing(wire)
    immediate(conversation.send(b"a"))
    immediate(conversation.close())
    assert wire.closed is not None


def test_raw_bytes_are_not_counted(conversing):
    wire = ScriptedWire()
    conversation, _ = conversing(wire, framing=Raw())
    immediate(conversation.send(b"a"))
    immediate(conversation.close())
    assert not wire.half_closed


def test_a_certificate_that_the_server_wants_is_told_after_the_handshake(conversing):
    alert = ssl.SSLError(1, "alert")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    conversation, _ = conversing(ScriptedWire(alert), url="tls://host:1")
    with pytest.raises(TLSError, match="wants a client's certificate"):
        immediate(conversation.ask(b"a", 5))


# -- datagrams -----------------------------------------------------------------------------------------

UDP = {"url": "udp://host:1"}


def test_a_datagram_is_sent_again_until_there_is_a_reply(conversing):
    wire = ScriptedWire(SILENCE, SILENCE, b"reply")
    conversation, _ = conversing(wire, **UDP, retry=THRICE)
    assert immediate(conversation.ask(b"ping", 10)) == b"reply"
    assert wire.written == [b"ping"] * 3
    assert wire.waited == [1, 2, 7]


def test_after_the_last_one_the_whole_time_is_told(conversing):
    conversation, _ = conversing(ScriptedWire(SILENCE, SILENCE), **UDP, retry=THRICE)
    with pytest.raises(ClientTimeoutError, match="nothing came from udp://host:1 for 2 s"):
        immediate(conversation.ask(b"ping", 2))


def test_a_second_reply_cannot_come_to_the_next_question(conversing):
    first, second = ScriptedWire(SILENCE, b"one", b"one again"), ScriptedWire(b"two")
    conversation, _ = conversing(first, second, **UDP, retry=THRICE)
    assert immediate(conversation.ask(b"1", 10)) == b"one"
    assert immediate(conversation.ask(b"2", 10)) == b"two"


def test_once_is_once(conversing):
    wire = ScriptedWire(SILENCE)
    conversation, _ = conversing(wire, **UDP)
    with pytest.raises(ClientTimeoutError):
        immediate(conversation.ask(b"ping", 2))
    assert wire.written == [b"ping"]


def test_nobody_listens_yet(conversing):
    wires = ScriptedWire(REFUSED), ScriptedWire(refuses=REFUSED), ScriptedWire(b"here")
    conversation, network = conversing(*wires, **UDP, retry=THRICE)
    assert immediate(conversation.ask(b"ping", 10)) == b"here"
    assert network.slept == [1, 2]


def test_nobody_listens(conversing):
    conversation, _ = conversing(ScriptedWire(REFUSED), **UDP)
    with pytest.raises(NobodyListensError, match="nobody listens on udp://host:1"):
        immediate(conversation.ask(b"ping", 10))


def test_a_datagram_that_is_too_long(conversing):
    conversation, _ = conversing(ScriptedWire(refuses=OSError(errno.EMSGSIZE, "")), **UDP)
    with pytest.raises(ValueError, match="a message of 4 bytes does not fit a datagram"):
        immediate(conversation.send(b"ping"))


def test_another_trouble_with_datagrams(conversing):
    conversation, _ = conversing(ScriptedWire(OSError(errno.EHOSTUNREACH, "")), **UDP)
    with pytest.raises(ClientError, match="udp://host:1: No route to host"):
        immediate(conversation.ask(b"ping", 10))


def test_an_empty_datagram_is_a_message(conversing):
    conversation, _ = conversing(ScriptedWire(b""), **UDP)
    assert immediate(conversation.ask(b"", 10)) == b""


def test_what_suspends_is_no_blocking_code():
    with pytest.raises(RuntimeError, match="has suspended"):
        immediate(asyncio.sleep(0))
