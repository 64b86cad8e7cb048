"""Starting a server, knowing when it answers, and ending it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import IO, get_args

from compiler import compiled
from failure import BenchmarkError
from scenarios import Service

HERE = Path(__file__).parent

# A cold start of Python with Twisted takes about a second; a busy machine several.
START_SECONDS = 20.0
# Between two looks at a server that is starting.
LOOK_SECONDS = 0.02
# For one question to a server that is starting.
PROBE_SECONDS = 0.5
# Not the address the server has, so that a question sent to a port where nothing listens yet can
# never be answered by its own socket, which the kernel may have given that very port.
PROBE_HOST = "127.0.0.2"
# From SIGTERM to SIGKILL.
STOP_SECONDS = 5.0
# What of a failed server's output is shown.
SHOWN_LINES = 30


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers on 127.0.0.1."""

    pid: int
    port: int
    metrics: int = 0
    """The port of its metrics; 0: it has none."""


@contextmanager
def peer_server(module: str, service: Service, core: int | None) -> Iterator[Server]:
    """Run a program of the folder ``peers``, in Python or C: it picks its port and prints ``ready PORT``."""
    source = HERE / "peers" / f"{module}.c"
    with tempfile.TemporaryDirectory(prefix="polyport-benchmark-") as folder:
        command = [sys.executable, "-m", f"peers.{module}"]
        if source.exists():
            command = [str(compiled(module, [source]))]
        if service == "tls":
            command += map(str, certificate_in(Path(folder)))
        with process(command, HERE, core) as running:
            port = running.announced_port()
            running.wait_for_answer(service, port)
            yield Server(running.process.pid, port)


@contextmanager
def polyport_server(service: Service, core: int | None, reactor: str = "polyport") -> Iterator[Server]:
    """Run Polyport under twistd, with the configuration that lies here."""
    ports = {
        name: free_port(socket.SOCK_DGRAM if name == "datagrams" else socket.SOCK_STREAM)
        for name in get_args(Service)
    }
    metrics = free_port()
    twistd = Path(sys.executable).parent / "twistd"
    with tempfile.TemporaryDirectory(prefix="polyport-benchmark-") as folder:
        certificate, key = certificate_in(Path(folder))
        configuration = Path(folder) / "polyport.yaml"
        template = Template((HERE / "polyport.yaml").read_text())
        configuration.write_text(
            template.substitute(ports, certificate=certificate, key=key, metrics=metrics)
        )
        # Functions are found beside the file that names them.
        shutil.copy(HERE / "shouting.py", folder)
        command = [str(twistd), "-n", "--pidfile=", f"--reactor={reactor}"]
        command += ["polyport", "-c", str(configuration)]
        with process(command, HERE.parent, core) as running:
            running.wait_for_answer(service, ports[service])
            yield Server(running.process.pid, ports[service], metrics)


def certificate_in(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    polyport = Path(sys.executable).parent / "polyport"
    subprocess.run([polyport, "cert", "--out", folder / "tls"], check=True, capture_output=True)
    return folder / "tls" / "localhost.pem", folder / "tls" / "localhost.key"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody has."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(streams: Sequence[str], datagrams: Sequence[str]) -> dict[str, int]:
    """A port of 127.0.0.1 for each of these names, no two the same."""
    with ExitStack() as stack:
        ports = {}
        for names, kind in ((streams, socket.SOCK_STREAM), (datagrams, socket.SOCK_DGRAM)):
            for name in names:
                probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
                probe.bind(("127.0.0.1", 0))
                ports[name] = int(probe.getsockname()[1])
        return ports


@contextmanager
def process(command: Sequence[str], folder: Path, core: int | None, **environment: str) -> Iterator[Running]:
    """Run `command` in `folder`, on `core`, as long as the block lasts."""
    if core is not None:
        command = ["taskset", "-c", str(core), *command]  # its children too
    with tempfile.TemporaryFile() as output:
        try:
            started = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise BenchmarkError(f"{command[0]} does not start: {error}") from error
        try:
            running = Running(" ".join(command), started, output)
            try:
                yield running
            except BenchmarkError as error:
                raise BenchmarkError(f"{error}\n{running.account()}") from error
        finally:
            _stop(started)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # Children that it has left behind, as fcgiwrap does, are in its group.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Running:
    """A process under way, and what it has written so far."""

    def __init__(self, command: str, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        self.process = process
        self._command = command
        self._output = output
        self._deadline = time.monotonic() + START_SECONDS

    def announced_port(self) -> int:
        """The port of the line ``ready PORT``."""
        while True:
            if found := re.search(r"^ready (\d+)$", self.written(), re.MULTILINE):
                return int(found[1])
            self._keep_waiting()

    def wait_for_answer(self, service: Service, port: int) -> None:
        """Return once the server has answered a question rightly."""
        ask = {"datagrams": _ask_datagram, "tls": _ask_over_tls}.get(service, _ask_line)

        def answers() -> bool:
            answer = ask(port)
            if answer.rstrip(b"\n") != b"READY":
                raise BenchmarkError(f"the server answers {answer!r} where b'READY' is right")
            return True

        self.wait_until(answers)

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Return once `answers` says so; what it raises as :class:`OSError` says that it does not yet."""
        while True:
            try:
                if answers():
                    return
            except OSError:
                pass
            self._keep_waiting()

    def account(self) -> str:
        """The command and the end of its output, for an error message."""
        lines = self.written().rstrip().splitlines()[-SHOWN_LINES:]
        shown = "".join(f"\n    {line}" for line in lines) or " nothing"
        return f"  command: {self._command}\n  its output:{shown}"

    def written(self) -> str:
        """All of its output so far."""
        # The process writes through the same open file, so its position must not be moved.
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def _keep_waiting(self) -> None:
        if self.process.poll() is not None:
            raise BenchmarkError(f"the server ended with status {self.process.returncode}")
        if time.monotonic() > self._deadline:
            raise BenchmarkError(f"the server did not answer within {START_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)


def _ask_line(port: int) -> bytes:
    address = ("127.0.0.1", port)
    with socket.create_connection(address, PROBE_SECONDS, (PROBE_HOST, 0)) as client:
        client.sendall(b"ready\n")
        with client.makefile("rb") as lines:
            return lines.readline()


def _ask_over_tls(port: int) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), PROBE_SECONDS, (PROBE_HOST, 0)) as client,
        context.wrap_socket(client) as secured,
    ):
        secured.sendall(b"ready\n")
        return secured.recv(64)


def _ask_datagram(port: int) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PROBE_SECONDS)
        client.bind((PROBE_HOST, 0))
        client.connect(("127.0.0.1", port))
        client.send(b"ready")
        return client.recv(64)
