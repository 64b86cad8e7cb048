"""Starting a web server, knowing when it answers, and ending it with all its processes."""

from __future__ import annotations

import http.client
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from failure import BenchmarkError
from processor import family
from scenarios import POLYPORT
from servers import Running, free_port, process
from web_files import configure, fill
from web_scenarios import WebPeer, WebScenario

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent

FCGIWRAP = ("fcgiwrap", "-c", "2", "-s", "unix:{folder}/fcgiwrap.sock")


@dataclass(frozen=True, slots=True)
class WebServer:
    """A server that answers on 127.0.0.1."""

    pid: int
    port: int
    tls_port: int
    metrics_port: int
    """Of Polyport."""

    def cpu_seconds(self) -> float:
        """Processor time so far, of all its processes that are there and those it has waited for."""
        ticks = 0
        for pid in family(self.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except FileNotFoundError:
                continue  # it has ended, and is its parent's to tell of
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Memory of all its processes."""
        pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in family(self.pid))
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def web_server(scenario: WebScenario, peer: WebPeer | None, core: int | None) -> Iterator[WebServer]:
    """Run Polyport (`peer` is ``None``), or `peer`, for `scenario`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="polyport-benchmark-")))
        folder.chmod(0o755)  # nginx reads it as another user, if root starts it
        fill(folder)
        values = {"port": free_port(), "tls_port": free_port(), "origin_port": free_port()}
        values["metrics_port"] = free_port()
        values["origin"] = f"http://127.0.0.1:{values['origin_port']}"  # type: ignore[assignment]
        configure(folder, values)
        if scenario.name == "proxy":
            stack.enter_context(_origin(folder, values["origin_port"]))
        if scenario.name == "cgi" and peer is not None and peer.name == "nginx":
            _needs("fcgiwrap")
            stack.enter_context(process([part.format(folder=folder) for part in FCGIWRAP], HERE, core))
        command = _command(folder, values, peer)
        running = stack.enter_context(process(command, HERE, core, ORIGIN=str(values["origin"])))
        _wait(running, values["port"], scenario)
        ports = (values[name] for name in ("port", "tls_port", "metrics_port"))
        yield WebServer(running.process.pid, *ports)


def _command(folder: Path, values: dict[str, int], peer: WebPeer | None) -> list[str]:
    if peer is None or not peer.command:
        return [str(BIN / "twistd"), "-n", "--pidfile=", POLYPORT, "-c", str(folder / "polyport.yaml")]
    command = [part.format(bin=BIN, folder=folder, **values) for part in peer.command]
    _needs(command[0])
    return command


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        raise BenchmarkError(f"{program} is not installed")


@contextmanager
def _origin(folder: Path, port: int) -> Iterator[None]:
    """What a proxy passes requests on to: nginx, on the load generator's side."""
    place = folder / "origin"
    place.mkdir()
    fill(place)
    values = {"port": port, "tls_port": free_port(), "origin_port": port, "origin": "", "metrics_port": 0}
    configure(place, values)
    with process(["nginx", "-c", str(place / "nginx.conf")], HERE, None) as running:
        running.wait_until(lambda: _status(port, "/hello") == 200)
        yield


def _wait(running: Running, port: int, scenario: WebScenario) -> None:
    path = scenario.path if scenario.load in ("wrk", "wrk-tls", "h2load") else "/"
    running.wait_until(lambda: _status(port, path) < (400 if path != "/" else 600))


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
