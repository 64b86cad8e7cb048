"""The daemon as a whole: bound all or nothing, started together, stopped together."""

from __future__ import annotations

import socket

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from protocols.daemon.assembly import Setting
from protocols.daemon.daemon import Daemon, StartError
from protocols.daemon.first_process import FirstProcess
from protocols.daemon.reload.reader import Reader
from protocols.daemon.socket_table import SocketTable, places_of


class Alone:
    """Surroundings of which there is nothing to be said."""

    directory = "/"
    takes_over = False

    def took(self, loaded): ...


@pytest.fixture
def made(written, forgotten_imports):
    """A daemon for a YAML text, bound and not started."""
    made = []

    def make(yaml: str, **inherited):
        file = written("server: {control: off}\n" + yaml)
        made.append(FirstProcess(file, inherited, reactor, Alone()))
        return made[-1]

    yield make
    for process in made:
        for unit in process.units.values():
            for bound in unit.bound:
                bound.close()


def test_nothing_stays_bound_when_one_address_cannot_be(made, tmp_path, free_port):
    port = free_port()
    with pytest.raises(StartError) as raised:
        made(f"""
services:
  first: {{listen: [unix:first.sock, "tcp://127.0.0.1:{port}", unixgram:datagrams.sock], builtin: echo}}
  second: {{listen: ["udp://127.0.0.1:0", "unix:nowhere/socket"], builtin: echo}}
""")
    assert str(raised.value) == (
        f"cannot listen: services.second.listen[1]: unix://{tmp_path}/nowhere/socket:"
        " No such file or directory"
    )
    assert not list(tmp_path.glob("*.sock"))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_one_address_twice_is_seen_by_the_second(made, tmp_path):
    made("services: {a: {listen: 'unix:s', builtin: echo}}")
    with pytest.raises(StartError, match=r"services\.a\.listen\[0\]: .*another process listens there"):
        made("services: {a: {listen: 'unix:s', builtin: echo}}")
    assert (tmp_path / "s").is_socket()


def test_a_socket_for_datagrams_does_not_suit_a_site(made):
    with (
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        pytest.raises(StartError, match=r"services\.site\.listen\[0\]: fd://udp: .* needs streams"),
    ):
        made("services: {site: {listen: 'fd://udp', http: {/: {respond: fine}}}}", udp=[udp])


@pytest_twisted.inlineCallbacks
def test_services_start_and_stop_together(made, tmp_path):
    process = made("""
services:
  one: {listen: "unix:one.sock", builtin: echo}
  off: {enabled: false, listen: "unix:off.sock", builtin: echo}
  two: {listen: "unix:two.sock", builtin: echo}
""")
    assert list(process.units) == ["one", "two"]
    for unit in process.units.values():
        unit.startService()
    assert sorted(path.name for path in tmp_path.glob("*.sock")) == ["one.sock", "two.sock"]
    yield process.stopService()
    assert not list(tmp_path.glob("*.sock"))


@pytest_twisted.inlineCallbacks
def test_who_retires_waits_for_what_a_reload_has_replaced_before(made):
    process = made("services: {one: {listen: 'unix:one.sock', builtin: echo}}")
    for unit in process.units.values():
        unit.startService()
    drained = process._serving.drain("one")
    retired = process._serving.retire_all()
    assert not retired.called
    # At once: what has begun to close its ports goes on with that.
    yield process.stopService()
    yield deferLater(reactor, 0, lambda: None)
    process._table.close()
    assert drained.called
    assert retired.called


def test_what_systemd_gave_is_handed_over_though_no_service_wants_it_now(made):
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        process = made("services: {echo: {listen: 'fd://one', builtin: echo}}", one=[one], other=[other])
        assert process._to_hand_over() == [("one", one), ("other", other)]


@pytest_twisted.inlineCallbacks
def test_a_service_that_cannot_be_changed_goes_on_as_it_was(
    written, forgotten_imports, monkeypatch, failures
):
    yaml = "services: {one: {listen: 'unix:one.sock', http: {/: {respond: ANSWER}}}}"
    file = written(yaml.replace("ANSWER", "first"))
    reader, table = Reader(file, Setting(reactor)), SocketTable({})
    novelty = reader.first()
    binding = table.bind(places_of(novelty.loaded.config))
    daemon = Daemon(reader, novelty, reactor)
    daemon.begin(novelty, binding)
    binding.commit()
    daemon.startService()

    def reload():
        written(yaml.replace("ANSWER", "second"))
        return reader.again(daemon.shapes).addCallback(
            lambda novelty: daemon.serve(novelty, table.bind(places_of(novelty.loaded.config)).sockets())
        )

    def fetch():
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(file.parent / "one.sock"))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return client.makefile("rb").read().rpartition(b"\r\n\r\n")[2]

    def refuse(*given):
        raise OSError(24, "Too many open files")

    try:
        with monkeypatch.context() as patch:
            patch.setattr("protocols.daemon.port_service.adopt_stream", refuse)
            yield reload()
        failures.take(OSError)
        assert (yield deferToThread(fetch)) == b"first"
        yield reload()
        assert (yield deferToThread(fetch)) == b"second"
    finally:
        yield daemon.stopService()
        table.close()
