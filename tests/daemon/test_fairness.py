"""Limits of each source, in a real daemon; the sources are addresses of the loopback network."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

FUNCTIONS = """
def shout(message: str) -> str:
    return message.upper()

def long(message: str) -> str:
    return "x" * 1000
"""

SERVICES = """
services:
  shout:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0]
    function: {call: functions:shout, run: loop}
    limits: {exempt: [], per_source: 3, over: OVER}
  long:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0]
    function: {call: functions:long, run: loop}
    limits: {exempt: []}
  web:
    listen: tcp://127.0.0.1:0
    http: {/: {respond: fine}}
    limits: {exempt: [], per_source: 3, over: OVER}
"""


GREET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def serve(real_daemon, written):
    return lambda over: real_daemon(written(SERVICES.replace("OVER", over), FUNCTIONS)).ready()


@pytest.fixture
def connect():
    """A connection to a port, from an address."""
    with ExitStack() as stack:

        def connect(port: int, source: str) -> socket.socket:
            made = socket.create_connection(("127.0.0.1", port), 20, source_address=(source, 0))
            made.settimeout(20)
            return stack.enter_context(made)

        yield connect


def ask(connection: socket.socket, text: bytes = b"a\n") -> bytes:
    connection.sendall(text)
    return connection.recv(1000)


@pytest.mark.parametrize("over", ["wait", "refuse"])
@pytest.mark.parametrize(("service", "text"), [("shout", b"a\n"), ("web", GREET)])
def test_one_source_that_takes_all_it_can_get_is_in_nobodys_way(serve, connect, over, service, text):
    daemon = serve(over)
    port = daemon.port(service)
    greedy = [connect(port, "127.0.0.2") for _ in range(3)]
    answers = [ask(one, text) for one in greedy]
    assert all(answers)
    late = connect(port, "127.0.0.2")
    assert ask(connect(port, "127.0.0.3"), text)
    if over == "refuse":
        assert late.recv(1000) == b""
    else:
        late.sendall(text)
        greedy[0].close()
        assert late.recv(1000)
    assert daemon.stop() == 0


def test_who_does_not_stop_is_shut_out_while_others_are_served(serve, connect):
    daemon = serve("refuse")
    port = daemon.port("shout")
    held = [connect(port, "127.0.0.2") for _ in range(3)]
    for one in held:
        ask(one)
    for _ in range(30):
        assert connect(port, "127.0.0.2").recv(10) == b""
    assert ask(connect(port, "127.0.0.3")) == b"A\n"
    assert ask(held[0]) == b"A\n", "what was open stays so"
    assert daemon.stop() == 0
    assert "127.0.0.2 will not stop (limits.per_source): refused until" in daemon.said["stdout"]


def test_a_forged_address_gets_little_and_one_that_shows_itself_everything(serve, connect):
    daemon = serve("wait")
    address = ("127.0.0.1", daemon.port("long", "udp"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.9", 0))
        asking.settimeout(20)
        asking.sendto(b"x", address)
        daemon.expect("127.0.0.9 is over limits.amplification")
        assert len(ask(connect(daemon.port("long"), "127.0.0.9"))) == 1000
        asking.sendto(b"y", address)
        assert asking.recv(2000) == b"x" * 1000
        asking.setblocking(False)
        with pytest.raises(BlockingIOError):
            asking.recv(2000)
    assert daemon.stop() == 0
