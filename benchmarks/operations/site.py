"""The daemon of the proofs: its folder, which changes while it runs, and what can be known of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from failure import BenchmarkError
from operations.question import HOST
from processor import family, is_there, resident
from servers import Running, free_ports, process

from protocols.daemon.command.daemon_client import DaemonClient, UnreachableError

HERE = Path(__file__).parent
STREAMS = ("lines", "web", "live", "beacon")
DATAGRAMS = ("datagrams",)
# For whatever takes a second at most, if it comes at all.
PATIENCE = 15.0
LOOK = 0.005
# What a reload says in the log when it is over.
OUTCOME = re.compile(r"^.*\b\d+ kept\b.*$", re.MULTILINE)


@dataclass(slots=True)
class Site:
    """A daemon with the services of ``polyport.yaml`` beside this file."""

    folder: Path
    ports: Mapping[str, int]
    template: str
    """The YAML's, beside this file."""
    running: Running
    pid: int
    """Of the first process."""
    workers: int = 1
    drain: str = "30s"
    served: int = 1
    """The version of what the load asks."""
    noticed: int = 1
    """The version of what it does not ask."""

    def write(self) -> None:
        """Write the YAML and the modules as this says now."""
        values = {
            **self.ports,
            "workers": self.workers,
            "drain": self.drain,
            "connections": 1000 + self.served,
            "pending": 64 + self.served,
            "noticed": 64 + self.noticed,
        }
        self.put("served.py", _filled("functions.py", version=self.served))
        self.put("beacon.py", _filled("functions.py", version=self.noticed))
        self.put("polyport.yaml", _filled(self.template, **values))

    def put(self, name: str, text: str) -> None:
        """Write a file, all of it at once."""
        beside = self.folder / f"{name}.new"
        beside.write_text(text)
        beside.replace(self.folder / name)

    def reload(self) -> float:
        """Have the daemon read what was written: seconds until that is what it serves."""
        begun = time.perf_counter()
        os.kill(self.pid, signal.SIGHUP)
        self.wait_until(self.is_served, "the daemon does not serve what has been written")
        return time.perf_counter() - begun

    def is_served(self) -> bool:
        """Whether that is what has been written; raises :class:`OSError`."""
        return self.ask("beacon")[0] == self.noticed and self.ask("lines")[0] == self.served

    def ask(self, service: str, seconds: float = PATIENCE) -> tuple[int, bytes]:
        """The version that answers a new connection, and what it says; raises :class:`OSError`."""
        with socket.create_connection((HOST, self.ports[service]), seconds) as asking:
            asking.settimeout(seconds)
            asking.sendall(b"who\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = asking.recv(4096)
                if not piece:
                    raise ConnectionError("no answer")
                answer += piece
        number, _, text = answer.strip().partition(b" ")
        return int(number), text

    def said(self) -> str:
        """What the log says of the last reload."""
        found = OUTCOME.findall(self.running.written())
        return str(found[-1]) if found else "nothing"

    def wait_until(self, is_so: Callable[[], bool], otherwise: str, patience: float = PATIENCE) -> float:
        """Seconds until then; what is raised as :class:`OSError` says that it is not so yet."""
        begun = time.perf_counter()
        while True:
            try:
                if is_so():
                    return time.perf_counter() - begun
            except OSError:
                pass
            if time.perf_counter() - begun > patience:
                raise BenchmarkError(otherwise)
            time.sleep(LOOK)

    def serving(self) -> list[int]:
        """The processes that serve, as the daemon says; raises :class:`OSError`."""
        try:
            with DaemonClient.at(str(self.folder / "control.sock")) as client:
                status = client.call("status")
        except UnreachableError as error:
            raise OSError(str(error)) from error
        return [worker["pid"] for worker in status["workers"] if worker.get("state", "serving") == "serving"]

    def resident(self) -> int:
        """Bytes of memory of all its processes."""
        return sum(resident(pid) for pid in family(self.pid))


@contextmanager
def site(
    core: int | None,
    workers: int = 1,
    drain: str = "30s",
    *,
    template: str = "polyport.yaml",
    streams: Sequence[str] = STREAMS,
    datagrams: Sequence[str] = DATAGRAMS,
    fill: Callable[[Path], None] = lambda folder: None,
    **environment: str,
) -> Iterator[Site]:
    """Run the daemon as long as the block lasts, on `core` or, of several workers, on all there are.

    :param fill: puts into the folder what else the services of `template` need.
    """
    twistd = Path(sys.executable).parent / "twistd"
    with tempfile.TemporaryDirectory(prefix="polyport-proofs-") as name:
        folder = Path(name)
        fill(folder)
        command = [str(twistd), "-n", "--pidfile=", "polyport", "-c", str(folder / "polyport.yaml")]
        ports = free_ports(streams, datagrams)
        made = Site(folder, ports, template, None, 0, workers, drain)  # type: ignore[arg-type]  # not yet
        made.write()
        with process(command, HERE.parent.parent, core, **environment) as running:
            made.running, made.pid = running, running.process.pid
            running.wait_until(made.is_served)
            made.wait_until(lambda: len(made.serving()) == workers, f"there are no {workers} workers")
            try:
                yield made
            finally:
                if made.pid != running.process.pid and is_there(made.pid):
                    os.kill(made.pid, signal.SIGKILL)  # it has taken over


def _filled(name: str, **values: object) -> str:
    return Template((HERE / name).read_text()).substitute(values)
