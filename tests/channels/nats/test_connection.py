"""Getting to NATS, and being let in."""

from __future__ import annotations

import ssl
import subprocess
import sys
from functools import partial

import pytest
import pytest_twisted
import trustme
from twisted.internet import reactor
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import gatherResults, maybeDeferred
from twisted.internet.task import Clock

from protocols.channels import Channel, Receipt
from protocols.channels.message import Entry
from protocols.channels.nats import NATSConnection, NATSSettings, NATSStore, obstacle
from protocols.handlers.coroutines import runner


def test_a_reactor_without_asyncio_is_refused_in_words():
    assert "needs asyncio, which this reactor does not run" in obstacle(Clock())
    with pytest.raises(RuntimeError, match="needs asyncio"):
        NATSConnection(NATSSettings(("nats://127.0.0.1:1",)), Clock())


def test_twisted_s_own_asyncio_reactor_will_do():
    assert obstacle(object.__new__(AsyncioSelectorReactor)) is None


def test_without_nats_py_it_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(sys.modules["protocols.channels.nats.obstacle"], "find_spec", lambda name: None)
    assert obstacle(reactor) == "nats-py is not installed: pip install 'polyport[nats]'"


def test_it_is_imported_without_nats_py():
    program = (
        "import sys; sys.modules['nats'] = None\n"
        "from protocols.channels.nats import NATSConnection, NATSSettings, NATSStore, obstacle\n"
        "import protocols.channels.nats.publisher, protocols.channels.nats.pull\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_no_secret_is_shown():
    settings = NATSSettings(
        ("nats://me:hidden@one:4222", "tls://two"), user="u", password="hidden", token="hidden"
    )
    assert "hidden" not in repr(settings)
    assert settings.places == "one:4222, two"


@pytest.fixture
def guarded(nats_server_class, free_port, tmp_path):
    """Starts a server that does not let everybody in."""
    if obstacle(reactor) is not None:
        pytest.skip("runs no asyncio")
    started = []

    def start(*options):
        server = nats_server_class(tmp_path / "jetstream", free_port(), *options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


async def published(settings, store_settings=None):
    """Publish one message, and give its receipt."""
    store = NATSStore(
        NATSConnection(settings, reactor), "readings", reactor=reactor, **(store_settings or {})
    )
    channel = Channel("readings", store, clock=reactor)
    await channel.open()
    try:
        return await store.append([Entry(b"x")])
    finally:
        await channel.close()


@pytest_twisted.ensureDeferred
async def test_user_and_password(guarded):
    server = guarded("--user", "me", "--pass", "secret")
    assert await published(NATSSettings((server.url,), user="me", password="secret")) == [Receipt(1)]
    url = server.url.replace("nats://", "nats://me:secret@")
    assert await published(NATSSettings((url,))) == [Receipt(2)]


@pytest_twisted.ensureDeferred
async def test_a_token(guarded):
    server = guarded("--auth", "secret")
    assert await published(NATSSettings((server.url,), token="secret")) == [Receipt(1)]


@pytest_twisted.ensureDeferred
async def test_who_is_not_let_in_is_told_why_without_the_secret(guarded, opened_channel, said):
    server = guarded("--user", "me", "--pass", "secret")
    url = server.url.replace("nats://", "nats://me:wrong@")
    async with opened_channel(url, pending=1) as bench:
        waiting = bench.publish(b"x")
        with pytest.raises(Exception, match="Authorization Violation, and 1 messages wait for it"):
            bench.publish(b"y")
    waiting.addErrback(lambda failure: None)
    place = server.url.removeprefix("nats://")
    assert said[:1] == [f"NATS at {place} is away: Authorization Violation"]
    assert "secret" not in str(said)
    assert "wrong" not in str(said)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """An authority, the server's certificate and ours, as PEM files."""
    folder = tmp_path_factory.mktemp("pki")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, identity in (("server", "127.0.0.1"), ("client", "client@example.test")):
        issued = authority.issue_cert(identity)
        issued.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
    return folder


@pytest_twisted.ensureDeferred
async def test_tls_on_both_sides(guarded, pki):
    ours = str(pki / "server.pem")
    server = guarded("--tlsverify", "--tlscert", ours, "--tlskey", ours, "--tlscacert", str(pki / "ca.pem"))
    settings = NATSSettings((server.url,), ca=pki / "ca.pem", certificate=pki / "client.pem")
    assert await published(settings) == [Receipt(1)]


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_not_trusted(guarded, pki, opened_channel, said):
    ours = str(pki / "server.pem")
    server = guarded("--tls", "--tlscert", ours, "--tlskey", ours)
    async with opened_channel(server.url):
        pass
    (line,) = said
    assert line.startswith(
        f"NATS at {server.url.removeprefix('nats://')} is away: its certificate is not trusted: "
    )


def test_files_that_hold_no_certificate(tmp_path):
    file = tmp_path / "empty.pem"
    file.write_text("nothing")
    with pytest.raises(ssl.SSLError):
        NATSSettings(("nats://x",), ca=file).tls()
    with pytest.raises(OSError, match="No such file"):
        NATSSettings(("nats://x",), ca=tmp_path / "none.pem").tls()


@pytest_twisted.ensureDeferred
async def test_another_server_will_do(guarded, free_port):
    server = guarded()
    nobody = f"nats://127.0.0.1:{free_port()}"
    assert await published(NATSSettings((nobody, server.url))) == [Receipt(1)]


@pytest_twisted.ensureDeferred
async def test_channels_share_a_connection(guarded):
    server = guarded()
    connection = NATSConnection(NATSSettings((server.url,)), reactor)
    stores = [NATSStore(connection, name, reactor=reactor) for name in ("one", "two")]
    for store in stores:
        await store.open(lambda messages: None)
    client = connection.client
    await stores[0].close()
    assert await stores[1].append([Entry(b"x")]) == [Receipt(1)]
    assert connection.client is client
    await stores[1].close()
    assert connection.client is None
    # It can begin anew.
    again = NATSStore(connection, "one", reactor=reactor)
    await again.open(lambda messages: None)
    assert connection.client is not None
    await again.close()


class Heard:
    """What a listener was told."""

    def __init__(self):
        self.clients = []

    def connected(self, client):
        self.clients.append(client)

    def lost(self):
        self.clients.append(None)


@pytest_twisted.ensureDeferred
async def test_who_joins_while_a_connection_ends_has_the_next_one(guarded, until):
    server = guarded()
    connection = NATSConnection(NATSSettings((server.url,)), reactor)
    first, second, third = Heard(), Heard(), Heard()
    connection.join(first)
    await until(lambda: first.clients)
    left = connection.leave(first)
    connection.join(second)
    assert second.clients == []
    left_again = connection.leave(second)
    connection.join(third)
    await left
    await left_again
    await until(lambda: third.clients)
    assert first.clients[0].is_closed
    assert third.clients == [connection.client]
    assert connection.client.is_connected
    assert second.clients == []
    await connection.leave(third)
    assert connection.client is None
    await connection.leave(third)


@pytest_twisted.ensureDeferred
async def test_what_was_said_last_is_written(guarded, until):
    server = guarded()
    mine, theirs = (NATSConnection(NATSSettings((server.url,)), reactor) for _ in range(2))
    speaker, hearer = Heard(), Heard()
    mine.join(speaker)
    theirs.join(hearer)
    await until(lambda: speaker.clients and hearer.clients)
    came = []

    async def take(message):
        came.append(message.data)

    in_asyncio = partial(maybeDeferred, runner(reactor))
    await in_asyncio(hearer.clients[0].subscribe("words", cb=take))
    await in_asyncio(hearer.clients[0].flush())
    # More than a socket takes at a time.
    speaking = [in_asyncio(speaker.clients[0].publish("words", bytes(1_000_000))) for _ in range(10)]
    await mine.leave(speaker)
    await gatherResults(speaking)
    await until(lambda: len(came) == 10)
    await theirs.leave(hearer)
