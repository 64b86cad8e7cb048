"""What the tests of the daemon share."""

from __future__ import annotations

import os
import select
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThread

from protocols.channels import Channel, Entry
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.daemon.command import main
from protocols.daemon.command.certificate_folder import CertificateFolder
from protocols.daemon.control.control_socket import ControlSocket, bind_control
from protocols.daemon.control.local_channels import LocalChannels
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.status import ConnectionStatus, Frame, Outcome, PenaltyStatus, Status


@pytest.fixture
def forgotten_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test imports from a user's folder is forgotten after it, and ``sys.path`` is as it was, as are
    the finders of modules."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = dict(sys.modules)
    folders = set(sys.path)
    yield
    added = set(sys.path) - folders
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), "")
        if name not in before and any(Path(file).is_relative_to(folder) for folder in added if file):
            del sys.modules[name]


@pytest.fixture(scope="session")
def example_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what ``polyport cert`` makes."""
    folder = CertificateFolder(tmp_path_factory.mktemp("certificates"))
    authority, _ = folder.authority()
    made = folder.make(authority, ["localhost", "127.0.0.1"], 90)
    folder.confirm(authority, "localhost", made)
    return folder.folder


@pytest.fixture
def written(tmp_path: Path, example_certificates: Path) -> Callable[..., Path]:
    """Write a YAML file, a module ``functions`` beside it, and a folder ``tls`` with a certificate."""
    if not (tmp_path / "tls").exists():
        shutil.copytree(example_certificates, tmp_path / "tls")

    def write(yaml: str, functions: str = "") -> Path:
        (tmp_path / "functions.py").write_text(functions)
        (tmp_path / "polyport.yaml").write_text(yaml)
        return tmp_path / "polyport.yaml"

    return write


PATIENCE = 20.0
"""Seconds a peer is waited for; only a test that fails takes them."""


class Client:
    """A blocking client of a service: lines out, lines in."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        sock.settimeout(PATIENCE)
        self._file = sock.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, line: str | bytes) -> bytes:
        """Send a line, and wait for a line."""
        self.send((line.encode() if isinstance(line, str) else line) + b"\n")
        return self.line()

    def line(self) -> bytes:
        """The next line, without its ending; empty at the end."""
        return self._file.readline().rstrip(b"\n")

    def rest(self) -> bytes:
        """Everything until the end, be it in order or not."""
        data = b""
        try:
            while piece := self._file.read1():
                data += piece
        except ConnectionError:
            pass
        return data


@pytest.fixture(scope="session")
def connect() -> Callable[[int | str | Path], Client]:
    """Connect to a port of this machine, or to a Unix socket."""

    def connect(place: int | str | Path) -> Client:
        if isinstance(place, int):
            return Client(socket.create_connection(("127.0.0.1", place), PATIENCE))
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(PATIENCE)
        sock.connect(str(place))
        return Client(sock)

    return connect


@pytest.fixture(scope="session")
def gone() -> Callable[[int], bool]:
    """Waits until the process with an id, child or not, has ended; False if it has not."""

    def wait(pid: int) -> bool:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([descriptor], [], [], PATIENCE)[0])
        finally:
            os.close(descriptor)

    return wait


HAND_OVER = """
import os, sys
descriptors, names, *command = sys.argv[1:]
descriptors = [int(one) for one in descriptors.split(",")]
for index, one in enumerate(descriptors):
    os.dup2(one, 3 + index)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(descriptors)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


@pytest.fixture(scope="session")
def handing_over() -> Callable[[list[int], str, list[str]], list[str]]:
    """Makes of a command one that hands descriptors over to it as systemd does, by names with colons between
    (sd_listen_fds(3)); their numbers have to be well above those that they are moved to."""

    def command(descriptors: list[int], names: str, command: list[str]) -> list[str]:
        return [sys.executable, "-c", HAND_OVER, ",".join(map(str, descriptors)), names, *command]

    return command


@pytest.fixture
def asyncio_inside() -> None:
    """Skips what only a reactor can serve that runs asyncio, such as ASGI."""
    from twisted.internet import reactor

    if not hasattr(reactor, "loop"):
        pytest.skip("no asyncio in this reactor")


class Shelf:
    """Channels in memory, as a test makes them, and what can be asked of them.

    :param clock: what they know of the time; also their reactor.
    """

    def __init__(self, clock: Any, now: Callable[[], float] = time.time) -> None:
        self.channels: dict[str, Channel] = {}
        self.operations = LocalChannels(self.channels, clock)
        self._clock = clock
        self._now = now

    def add(self, name: str, *bodies: bytes, groups: Sequence[str] = (), dead: str = "") -> Channel:
        """A channel with `bodies` as its messages, and `groups` whose dead letters go to the channel `dead`.
        It is open."""
        store = MemoryStore(MemoryLog(), now=self._now)
        self.channels[name] = channel = Channel(name, store, clock=self._clock, now=self._now)
        channel.open()
        for group in groups:
            known = self.channels[dead] if dead else None
            channel.groups[group] = Group(channel, group, GroupTerms(), known)
        if bodies:
            channel.publish([Entry(body) for body in bodies])
        return channel

    def bury(self, name: str, body: bytes, group: str = "billing", **headers: str) -> None:
        """Something was given up by `group`, and lies in the channel `name`."""
        known = {"channel": "orders", "seq": "7", "group": group, "tries": "5", "error": "no such customer"}
        self.channels[name].publish([Entry(body, headers=tuple({**known, **headers}.items()))])


@pytest.fixture
def shelf(clock: Any) -> Shelf:
    """Channels whose time a test moves."""
    clock.advance(1_700_000_000.0)
    return Shelf(clock, clock.seconds)


class FakeOperations:
    """Answers what the test has put here, and notes what was asked."""

    def __init__(self) -> None:
        from twisted.internet import reactor

        self.shelf = Shelf(reactor)
        self.channels = self.shelf.operations
        self.asked: list[tuple[str, ...]] = []
        self.outcome = Outcome(done=True, text="done")
        self.open: list[ConnectionStatus] = []
        self.shut_out: list[PenaltyStatus] = []
        self.frames: list[Frame] = []
        self.taps = 0
        """That have begun, and not ended."""
        self.told = Status(
            version="1.2.3", pid=77, started=0.0, config="/etc/polyport.yaml", workers=(), services=()
        )

    def status(self) -> Deferred[Status]:
        self.asked.append(("status",))
        return succeed(self.told)

    def connections(self, service: str | None = None) -> Deferred[list[ConnectionStatus]]:
        self.asked.append(("connections", str(service)))
        return succeed(self.open)

    def penalties(self) -> Deferred[list[PenaltyStatus]]:
        self.asked.append(("penalties",))
        return succeed(self.shut_out)

    def tap(self, service: str, heard: Callable[[Frame], None]) -> Callable[[], None]:
        self.asked.append(("tap", service))
        if service != "shop":
            raise OperationError(f"no service {service}")
        self.taps += 1
        for frame in self.frames:
            heard(frame)

        def stop() -> None:
            self.taps -= 1

        return stop

    def _done(self, *asked: str) -> Deferred[Outcome]:
        self.asked.append(asked)
        return succeed(self.outcome)

    def reload(self) -> Deferred[Outcome]:
        return self._done("reload")

    def upgrade(self) -> Deferred[Outcome]:
        return self._done("upgrade")

    def drain(self, service: str) -> Deferred[Outcome]:
        return self._done("drain", service)

    def kill(self, connection: str) -> Deferred[Outcome]:
        return self._done("kill", connection)

    def forgive(self, source: str) -> Deferred[Outcome]:
        return self._done("forgive", source)

    def log_level(self, level: str) -> Deferred[Outcome]:
        return self._done("log_level", level)


@pytest.fixture
def operations() -> FakeOperations:
    """What a daemon can be asked, without one."""
    return FakeOperations()


@pytest.fixture
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, and the one for sockets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    return tmp_path


@pytest.fixture
def asked(runtime_folder: Path, operations: FakeOperations) -> Iterator[Callable[..., Deferred[Result]]]:
    """Run ``polyport`` beside a control socket for ``polyport.yaml`` whose daemon are `operations`."""
    from twisted.internet import reactor

    config = runtime_folder / "polyport.yaml"
    config.write_text("services: {shop: {listen: 'tcp://:1', builtin: echo}}\n")
    bound = bind_control(config, "auto")
    assert bound is not None
    control = ControlSocket(bound, config, lambda: operations, reactor)
    control.start()

    def ask(*arguments: str) -> Deferred[Result]:
        return deferToThread(CliRunner().invoke, main, arguments)

    yield ask
    control.stop()
