"""The daemon as a whole: bound all or nothing, started together, stopped together."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor

from protocols.daemon.assembly import assemble
from protocols.daemon.daemon import Daemon, StartError
from protocols.daemon.importing import importer
from protocols.daemon.loader import load


@pytest.fixture
def made(written, forgotten_imports):
    """A daemon for a YAML text, and its configuration."""

    def make(yaml: str):
        file = written(yaml)
        loaded = load(file, importer(file.parent))
        return Daemon(loaded, assemble(loaded, reactor), reactor), loaded

    return make


def test_nothing_stays_bound_when_one_address_cannot_be(made, tmp_path, free_port):
    port = free_port()
    daemon, loaded = made(f"""
services:
  first: {{listen: [unix:first.sock, "tcp://127.0.0.1:{port}", unixgram:datagrams.sock], builtin: echo}}
  second: {{listen: ["udp://127.0.0.1:0", "unix:nowhere/socket"], builtin: echo}}
""")
    with pytest.raises(StartError) as raised:
        daemon.bind(loaded, {})
    assert str(raised.value) == (
        f"cannot listen: services.second.listen[1]: unix://{tmp_path}/nowhere/socket:"
        " No such file or directory"
    )
    assert not list(tmp_path.glob("*.sock"))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert list(daemon) == []


def test_one_address_twice_is_seen_by_the_second(made):
    daemon, loaded = made("services: {a: {listen: 'unix:s', builtin: echo}}")
    daemon.bind(loaded, {})
    again, loaded = made("services: {a: {listen: 'unix:s', builtin: echo}}")
    try:
        with pytest.raises(StartError, match=r"services\.a\.listen\[0\]: .*another process listens there"):
            again.bind(loaded, {})
        assert Path(loaded.config.services["a"].listen[0].path).is_socket()
    finally:
        for unit in daemon:
            for bound in unit.bound:
                bound.close()


def test_a_socket_for_datagrams_does_not_suit_a_site(made):
    daemon, loaded = made("services: {site: {listen: 'fd://udp', http: {/: {respond: fine}}}}")
    with (
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        pytest.raises(StartError, match=r"services\.site\.listen\[0\]: fd://udp: .* needs streams"),
    ):
        daemon.bind(loaded, {"udp": [udp]})


@pytest_twisted.inlineCallbacks
def test_services_start_and_stop_together(made, tmp_path):
    daemon, loaded = made("""
services:
  one: {listen: "unix:one.sock", builtin: echo}
  off: {enabled: false, listen: "unix:off.sock", builtin: echo}
  two: {listen: "unix:two.sock", builtin: echo}
""")
    daemon.bind(loaded, {})
    assert [unit.name for unit in daemon] == ["one", "two"]
    for unit in daemon:
        unit.startService()
    assert sorted(path.name for path in tmp_path.glob("*.sock")) == ["one.sock", "two.sock"]
    yield daemon.stopService()
    assert not list(tmp_path.glob("*.sock"))
