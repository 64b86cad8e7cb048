"""Both kinds of client against real sockets; each way in which a server can fail has a test with its name."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import pytest_twisted
import trustme
from twisted.internet.defer import Deferred

from protocols.client import (
    TLS,
    ClientTimeoutError,
    ConnectError,
    ConnectionLostError,
    NobodyListensError,
    ReplyFramingError,
    Retry,
    TLSError,
    connect,
    connect_async,
)


@pytest.fixture
def our_loop():
    """asyncio's loop inside Twisted's reactor."""
    from twisted.internet import reactor

    if not hasattr(reactor, "loop"):
        pytest.skip("this reactor has no asyncio in it")
    return reactor.loop


QUICK = Retry(attempts=5, first=0.01, longest=0.05)


@dataclass
class Quote:
    item: str
    total: float


def echo(connection: socket.socket) -> None:
    while data := connection.recv(1000):
        connection.sendall(data)


def say(data: bytes):
    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(data)

    return talk


def reset_after(data: bytes):
    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return talk


def in_a_thread(main):
    """Run a coroutine in a loop of its own: this thread has one that runs, the reactor's."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(main())).result(20)


def ask_blocking(url, value, form=object, **settings):
    with connect(url, **settings) as client:
        return client.ask(value, form)


def ask_asyncio(url, value, form=object, **settings):
    async def main():
        async with connect_async(url, **settings) as client:
            return await client.ask(value, form)

    return in_a_thread(main)


@pytest.fixture(params=[ask_blocking, ask_asyncio])
def ask(request):
    return request.param


FRAMINGS = ["lines", "delimited:|", "length", "length:2:little", "netstring", "raw"]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("codec", ["json", "text", "bytes"])
def test_framings(framing, codec, ask, peer):
    url = f"tcp://127.0.0.1:{peer(echo).port}"
    form = {"json": str, "text": str, "bytes": bytes}[codec]
    value = {"json": b'"hello"', "text": "hello", "bytes": b"hello"}[codec]
    assert ask(url, value, form, framing=framing, codec=codec) in ("hello", b"hello")


@pytest.mark.parametrize("codec", ["json", "msgpack", "pickle"])
def test_typed_replies(codec, ask, peer):
    url = f"tcp://127.0.0.1:{peer(echo).port}"
    reply = ask(url, Quote("tea", 10.5), Quote, framing="length", codec=codec)
    assert reply == Quote("tea", 10.5)


def test_ipv6(ask, peer):
    server = peer(echo, at=("::1", 0), family=socket.AF_INET6)
    assert ask(f"tcp://[::1]:{server.port}", 1) == 1


def test_unix(ask, peer, tmp_path):
    peer(echo, at=str(tmp_path / "s.sock"))
    assert ask(f"unix://{tmp_path}/s.sock", 1) == 1


def test_abstract_unix(ask, peer):
    name = f"polyport-client-test-{os.getpid()}"
    peer(echo, at=f"\0{name}")
    assert ask(f"unix:@{name}", 1) == 1


def test_tls(ask, peer, ca, server_context):
    server = peer(echo, context=server_context("localhost"))
    assert ask(f"tls://127.0.0.1:{server.port}", 1, tls=TLS(ca, "localhost")) == 1


def test_a_client_certificate(ask, peer, ca, authority, server_context, tmp_path):
    context = server_context("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    mine = tmp_path / "mine.pem"
    authority.issue_cert("me@example.test").private_key_and_cert_chain_pem.write_to_path(str(mine))
    server = peer(echo, echo, context=context)
    url = f"tls://127.0.0.1:{server.port}"
    assert ask(url, 1, tls=TLS(ca, "localhost", mine)) == 1
    with pytest.raises((TLSError, ConnectionLostError)):
        ask(url, 1, tls=TLS(ca, "localhost"))


def test_verification_off(ask, peer, server_context):
    server = peer(echo, context=server_context("other.test"))
    assert ask(f"tls://127.0.0.1:{server.port}", 1, tls=TLS(believe_any_server=True)) == 1


# -- each failure by its name --------------------------------------------------------------------------


def test_tls_name_wrong(ask, peer, ca, server_context):
    server = peer(echo, context=server_context("other.test"))
    url = f"tls://127.0.0.1:{server.port}"
    with pytest.raises(TLSError, match=r"is not for localhost, but for other\.test") as caught:
        ask(url, 1, tls=TLS(ca, "localhost"))
    assert caught.value.url == url


def test_self_signed(ask, peer, server_context):
    server = peer(echo, context=server_context("localhost", of=trustme.CA()))
    with pytest.raises(TLSError, match="is not trusted") as caught:
        ask(f"tls://127.0.0.1:{server.port}", 1, tls=TLS(server_name="localhost"))
    assert caught.value.unknown_authority


def test_no_tls_at_all(ask, peer):
    server = peer(say(b"I speak no TLS, and never shall I speak it\n"))
    with pytest.raises(TLSError):
        ask(f"tls://127.0.0.1:{server.port}", 1)


def test_refused(ask, free_port):
    url = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ConnectError, match=f"could not connect to {url}: Connection refused"):
        ask(url, 1)


def test_timeout(ask, peer):
    silent = threading.Event()
    server = peer(lambda connection: silent.wait(20) and None)
    url = f"tcp://127.0.0.1:{server.port}"
    with pytest.raises(ClientTimeoutError, match=f"nothing came from {url} for 0.05 s"):
        ask(url, 1, timeout=0.05)
    silent.set()


def test_reset_in_the_middle_of_an_answer(ask, peer):
    server = peer(reset_after(b"[1,"))
    with pytest.raises(ConnectionLostError, match="not sent again") as caught:
        ask(f"tcp://127.0.0.1:{server.port}", 1)
    assert caught.value.unacknowledged == 1


def test_half_an_answer(ask, peer):
    server = peer(say(b"5:hal"))
    with pytest.raises(ReplyFramingError):
        ask(f"tcp://127.0.0.1:{server.port}", 1, framing="netstring")


def test_framing_broken(ask, peer):
    server = peer(say(b"no netstring"))
    with pytest.raises(ReplyFramingError, match="not framed as expected"):
        ask(f"tcp://127.0.0.1:{server.port}", 1, framing="netstring")


# -- datagrams -----------------------------------------------------------------------------------------


@pytest.fixture(params=["udp", "unixgram"])
def datagrams(request, tmp_path):
    """A socket for datagrams, and its URL."""
    family = socket.AF_INET if request.param == "udp" else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.settimeout(20)
        if request.param == "udp":
            server.bind(("127.0.0.1", 0))
            yield server, f"udp://127.0.0.1:{server.getsockname()[1]}"
        else:
            server.bind(str(tmp_path / "d.sock"))
            yield server, f"unixgram://{tmp_path}/d.sock"


def test_a_datagram_that_was_lost_is_sent_again(ask, datagrams):
    server, url = datagrams

    def lose_one() -> None:
        server.recvfrom(1000)
        message, where = server.recvfrom(1000)
        server.sendto(message, where)

    thread = threading.Thread(target=lose_one, daemon=True)
    thread.start()
    assert ask(url, [1, 2], retry=QUICK) == [1, 2]
    thread.join(20)


def test_nobody_listens(ask, free_port):
    with pytest.raises(NobodyListensError):
        ask(f"udp://127.0.0.1:{free_port()}", 1)


# -- whole conversations -------------------------------------------------------------------------------


def test_half_close_and_iteration(peer):
    with connect(f"tcp://127.0.0.1:{peer(echo).port}") as client:
        for number in range(3):
            client.send(number)
        assert client.end_sending()
        assert list(client) == [0, 1, 2]
        with pytest.raises(EOFError):
            client.receive()


def test_half_close_and_iteration_with_asyncio(peer):
    async def main():
        async with connect_async(f"tcp://127.0.0.1:{peer(echo).port}") as client:
            for number in range(3):
                await client.send(number)
            assert await client.end_sending()
            assert [message async for message in client] == [0, 1, 2]
            with pytest.raises(EOFError):
                await client.receive()

    in_a_thread(main)


def test_tasks_that_ask_at_once_get_each_their_own_reply(peer):
    async def main():
        async with connect_async(f"tcp://127.0.0.1:{peer(echo).port}") as client:
            assert await asyncio.gather(*map(client.ask, range(20))) == list(range(20))

    in_a_thread(main)


def test_listening_goes_on_over_another_connection(peer):
    server = peer(say(b"1\n"), say(b"2\n"))
    url = f"tcp://127.0.0.1:{server.port}"
    with connect(url, reconnect=QUICK, opening=["subscribe"]) as client:
        messages = client.messages(int)
        assert [next(messages), next(messages)] == [1, 2]


@pytest_twisted.ensureDeferred
async def test_inside_the_reactor(peer, our_loop):
    """A function of the daemon's may use it: asyncio runs there."""

    async def main():
        async with connect_async(f"tcp://127.0.0.1:{peer(echo).port}") as client:
            return await client.ask(7)

    assert await Deferred.fromFuture(our_loop.create_task(main())) == 7
