"""What one process tells of itself, and does: with real services, and the rest of a daemon faked."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs, formatEvent

from protocols import __version__
from protocols.daemon.assembly import Setting
from protocols.daemon.control import local as local_module
from protocols.daemon.control.local import LocalOperations
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.status import Outcome, ReloadStatus
from protocols.daemon.log import threshold
from protocols.daemon.loop_watch import LoopWatch
from protocols.daemon.port_service import PortService
from protocols.daemon.reload.reader import Reader
from protocols.daemon.sockets import bind
from protocols.journal import Journal

YAML = """
services:
  shout: {listen: ["tcp://127.0.0.1:0", "unix:shout.sock"], builtin: echo}
  pings: {listen: "udp://127.0.0.1:0", builtin: echo}
  secure:
    listen: "tls://127.0.0.1:0"
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    builtin: echo
  hidden: {listen: "${env:WHERE}", builtin: echo}
  disabled: {listen: "tcp://:1", builtin: echo, enabled: false}
"""


class Process:
    """A daemon of one process, as far as it is asked."""

    def __init__(self, novelty: Any, reputation: Any) -> None:
        self.started = time.time() - 60
        self.loaded = novelty.loaded
        self.retiring: list[PortService] = []
        self.reputation = reputation
        self.reloads = SimpleNamespace(status=ReloadStatus(done=3))
        self.units: dict[str, PortService] = {}
        for name, carriers in novelty.carriers.items():
            bound = [one for address in self.loaded.config.services[name].listen for one in bind(address, {})]
            self.units[name] = PortService(name, carriers, bound, reactor, 5.0)
            self.units[name].startService()

    def reload(self) -> Deferred[Outcome]:
        return succeed(Outcome(done=True, text="reloaded"))

    def upgrade(self) -> Deferred[Outcome]:
        return succeed(Outcome(done=True, text="upgraded"))

    def drain(self, name: str) -> Deferred[None]:
        return succeed(None)


@pytest.fixture
def process(written, monkeypatch, tmp_path) -> Iterator[Process]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHERE", "unix:where.sock")
    setting = Setting(reactor)
    made = Process(Reader(written(YAML), setting).first(), setting.reputation)
    yield made
    for unit in (*made.units.values(), *made.retiring):
        unit.stopService()
        unit.abort()


@pytest.fixture
def local(process):
    return LocalOperations(process, reactor, worker=3)


@pytest.fixture
def client(process) -> Iterator[socket.socket]:
    """Somebody who is connected to shout over TCP, and served."""
    (address, _) = process.units["shout"].bound
    with socket.create_connection(("127.0.0.1", address.address.port), 20) as sock:
        yield sock


async def served(client: socket.socket) -> None:
    """Wait until `client` has got an answer."""
    client.sendall(b"hello\n")
    assert await deferToThread(client.recv, 100) == b"hello\n"


def by_name(status: Any) -> dict[str, Any]:
    return {service.name: service for service in status.services}


@pytest_twisted.ensureDeferred
async def test_the_process(local, process, tmp_path):
    status = await local.status()
    assert (status.version, status.pid, status.started) == (__version__, os.getpid(), process.started)
    assert status.config == str(tmp_path / "polyport.yaml")
    assert status.reloads.done == 3
    (worker,) = status.workers
    assert (worker.index, worker.pid) == (3, os.getpid())
    assert worker.cpu > 0
    assert worker.memory > 10 << 20
    assert worker.descriptors > 5


@pytest_twisted.ensureDeferred
async def test_services(local, process, client):
    await served(client)
    status = await local.status()
    assert [service.name for service in status.services] == ["shout", "pings", "secure", "hidden"]
    services = by_name(status)
    shout = services["shout"]
    assert (shout.state, shout.open, shout.retiring, shout.answers) == ("serving", 1, 0, "builtin echo")
    port = client.getpeername()[1]
    assert shout.addresses == (f"tcp://127.0.0.1:{port}", str(process.units["shout"].bound[1].address))
    assert shout.counts["connections"] == 1
    assert shout.certificates == ()
    (certificate,) = services["secure"].certificates
    assert certificate.expires > time.time()


@pytest_twisted.ensureDeferred
async def test_secrets_are_not_told(local):
    status = await local.status()
    assert "where.sock" not in status.model_dump_json()
    assert by_name(status)["hidden"].addresses == ("(from a secret)",)


@pytest_twisted.ensureDeferred
async def test_a_service_that_is_replaced(local, process, client):
    await served(client)
    process.retiring.append(process.units.pop("shout"))
    (connection,) = await local.connections("shout")
    assert connection.retiring
    shout = by_name(await local.status())["shout"]
    assert (shout.state, shout.open, shout.retiring, shout.addresses) == ("draining", 1, 1, ())
    assert shout.counts["connections"] == 1
    process.retiring.pop().stopService()
    assert by_name(await local.status())["shout"].state == "drained"


@pytest_twisted.ensureDeferred
async def test_connections_are_listed_and_closed(local, client):
    assert await local.connections() == []
    await served(client)
    (one,) = await local.connections()
    host, port = client.getsockname()
    assert (one.service, one.worker, one.peer, one.transport) == ("shout", 3, f"tcp://{host}:{port}", "tcp")
    assert abs(time.time() - one.opened) < 20
    assert not one.retiring
    assert [again.id for again in await local.connections("shout")] == [one.id]
    assert await local.connections("pings") == []
    with capturedLogs() as events:
        done = await local.kill(one.id)
    assert [formatEvent(event) for event in events] == [f"shout: {one.peer}: closed, as somebody has asked"]
    assert (done.done, done.text) == (True, f"{one.peer} of shout is closed")
    with pytest.raises(ConnectionResetError):
        await deferToThread(client.recv, 100)


@pytest_twisted.ensureDeferred
async def test_many_are_listed_while_others_are_served(local, process, client, monkeypatch):
    monkeypatch.setattr(local_module, "AT_A_TIME", 2)
    monkeypatch.setattr(local_module, "CONNECTIONS_TOLD", 5)
    place = client.getpeername()
    others = [socket.create_connection(place, 20) for _ in range(7)]
    for each in others:
        await served(each)
    asked = local.connections()
    assert not asked.called
    process.units["another"] = process.units.pop("pings")
    others[-1].close()
    found = await asked
    assert len(found) == len({one.id for one in found}) == 5
    for each in others:
        each.close()


@pytest_twisted.ensureDeferred
async def test_a_name_is_never_that_of_another(local, process, client):
    await served(client)
    (first,) = await local.connections()
    await local.kill(first.id)
    with socket.create_connection(client.getpeername(), 20) as again:
        await served(again)
        with pytest.raises(OperationError, match=f"no connection {first.id} is open"):
            await local.kill(first.id)
        (second,) = await local.connections()
        assert second.id != first.id
    for wrong in ("", "0-1", "3-None", "x"):
        with pytest.raises(OperationError):
            local.kill(wrong)


@pytest_twisted.ensureDeferred
async def test_counts_and_the_event_loop(process, client):
    loop = LoopWatch(reactor)
    loop.lag, loop.stalls = 0.25, 3
    local = LocalOperations(process, reactor, loop=loop)
    await served(client)
    status = await local.status()
    shout = by_name(status)["shout"]
    assert (shout.counts["messages"], shout.counts["bytes_in"], shout.counts["bytes_out"]) == (1, 6, 6)
    (worker,) = status.workers
    assert (worker.lag, worker.stalls) == (0.25, 3)


@pytest_twisted.ensureDeferred
async def test_messages_are_watched_as_they_pass(local, client):
    await served(client)
    frames = []
    stop = local.tap("shout", frames.append)
    await served(client)
    stop()
    await served(client)
    assert [(one.service, one.worker, one.direction, one.size, one.text) for one in frames] == [
        ("shout", 3, "in", 6, "hello\\n"),
        ("shout", 3, "out", 6, "hello\\n"),
    ]


@pytest_twisted.ensureDeferred
async def test_what_there_is_not(local):
    for ask in (local.connections, lambda name: local.tap(name, lambda frame: None)):
        with pytest.raises(OperationError, match="no service shop is served; there are: shout, pings"):
            ask("shop")


@pytest_twisted.ensureDeferred
async def test_the_daemon_does_what_is_its_own(local):
    assert (await local.reload()).text == "reloaded"
    assert (await local.upgrade()).text == "upgraded"
    assert (await local.drain("shout")).text == "shout is drained"


@pytest_twisted.ensureDeferred
async def test_penalties(local, process):
    assert await local.penalties() == []
    penalties, now = process.reputation.penalties, reactor.seconds()
    for source in ("192.0.2.1", "2001:db8::/64", "192.0.2.3"):
        penalties.add(source, 100, now)
    found = await local.penalties()
    assert [one.source for one in found] == ["192.0.2.1", "2001:db8::/64", "192.0.2.3"]
    assert 99 < found[0].score <= 100
    assert 60 < found[0].until - time.time() < 120
    with capturedLogs() as events:
        assert (await local.forgive("192.0.2.1")).text == "192.0.2.1 is forgiven"
        assert (await local.forgive("2001:db8::77")).text == "2001:db8::77 is forgiven"
        assert (await local.forgive("192.0.2.2")).text == "nothing was held against 192.0.2.2"
    assert [formatEvent(event) for event in events] == [
        "192.0.2.1 is forgiven, as somebody has asked",
        "2001:db8::77 is forgiven, as somebody has asked",
    ]
    assert [one.source for one in await local.penalties()] == ["192.0.2.3"]
    assert (await local.forgive("*")).text == "everybody is forgiven"
    assert await local.penalties() == []


@pytest_twisted.ensureDeferred
async def test_the_level_of_the_log(local, monkeypatch):
    before, follows = threshold.level, Journal.follows_connections
    try:
        assert (await local.log_level("debug")).done
        assert threshold.level == "debug"
        assert Journal.follows_connections
        with pytest.raises(OperationError, match="loud: known values: debug, info"):
            local.log_level("loud")
    finally:
        threshold.set(before)
        Journal.follows_connections = follows
