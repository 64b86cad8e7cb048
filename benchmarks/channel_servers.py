"""Starting what the benchmark of channels measures."""

from __future__ import annotations

import http.client
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from channel_scenarios import Side
from failure import BenchmarkError
from processor import cpu_seconds
from servers import PROBE_HOST, PROBE_SECONDS, Running, free_ports, process

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
PORTS = ("durable", "memory", "echo", "publish", "lines", "web")
CAT = "#!/bin/sh\nprintf 'Content-Type: application/x-ndjson\\r\\n\\r\\n'\nexec cat {file}\n"


@dataclass(frozen=True, slots=True)
class ChannelServer:
    """A server that answers on 127.0.0.1."""

    pid: int
    port: int
    publish: int
    """The port that takes messages for those who subscribe on :attr:`port`."""
    folder: Path
    """Its own."""

    def cpu_seconds(self) -> float:
        """Processor time so far."""
        return cpu_seconds(self.pid)


@contextmanager
def channel_server(side: Side, core: int | None) -> Iterator[ChannelServer]:
    """Run what `side` is about, with a folder of its own that goes with it."""
    with tempfile.TemporaryDirectory(prefix="polyport-benchmark-") as name:
        folder = Path(name)
        ports = free_ports(PORTS, ())
        port = ports["web"] if side.place.startswith("/") else ports[side.place or "lines"]
        command = _COMMANDS[side.program](folder, ports, port)
        if shutil.which(command[0]) is None:
            raise BenchmarkError(f"{command[0]} is not installed")
        with process(command, HERE, core) as running:
            _wait(running, port)
            # taskset becomes what it starts.
            yield ChannelServer(running.process.pid, port, ports["publish"], folder)


def _polyport(folder: Path, ports: dict[str, int], port: int) -> list[str]:
    text = Template((HERE / "channels.yaml").read_text()).substitute(ports, folder=folder)
    (folder / "polyport.yaml").write_text(text)
    script = folder / "cgi-bin" / "cat.sh"
    script.parent.mkdir()
    script.write_text(CAT.format(file=folder / "replay.ndjson"))
    script.chmod(0o755)
    return [str(BIN / "twistd"), "-n", "--pidfile=", "polyport", "-c", str(folder / "polyport.yaml")]


def _redis(folder: Path, ports: dict[str, int], port: int) -> list[str]:
    durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
    return ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *durable]


def _nats(folder: Path, ports: dict[str, int], port: int) -> list[str]:
    ports["publish"] = port
    return ["nats-server", "-a", "127.0.0.1", "-p", str(port)]


def _sqlite_commits(folder: Path, ports: dict[str, int], port: int) -> list[str]:
    return [sys.executable, "-m", "peers.sqlite_commits", str(port), str(folder / "commits.sqlite")]


_COMMANDS: dict[str, Callable[[Path, dict[str, int], int], list[str]]] = {
    "polyport": _polyport,
    "redis": _redis,
    "nats": _nats,
    "sqlite-commits": _sqlite_commits,
}


def _wait(running: Running, port: int) -> None:
    def connects() -> bool:
        with socket.create_connection(("127.0.0.1", port), PROBE_SECONDS, (PROBE_HOST, 0)):
            return True

    running.wait_until(connects)


def fill(server: ChannelServer, path: str, messages: int, size: int) -> None:
    """Publish so many messages to the channel at `path`, and put its history beside it as a file."""
    at_a_time = 5000
    body = b"".join(b'"%s!"\n' % (b"m" * (size - 1)) for _ in range(at_a_time))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(messages // at_a_time):
        connection.request("POST", path, body, {"Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise BenchmarkError(f"POST {path}: {answer.status} {said[:300].decode(errors='replace')}")
    connection.request("GET", path, headers={"Accept": "application/x-ndjson"})
    answer = connection.getresponse()
    with (server.folder / "replay.ndjson").open("wb") as file:
        shutil.copyfileobj(answer, file)
    connection.close()
