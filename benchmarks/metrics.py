"""What a scrape of metrics costs, by the number of services: how long it takes, processor time, and bytes."""

from __future__ import annotations

import http.client
import shutil
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from failure import BenchmarkError
from processor import Cores, cpu_seconds
from scraper import ACCEPT
from servers import Running, process

HERE = Path(__file__).parent

NUMBERS = (1, 10, 100)
SCRAPES = 50

SERVICE = """
  service-{number}:
    listen: [tcp://127.0.0.1:{port}, udp://127.0.0.1:{port}]
    function: {{call: shouting:shout, run: loop}}
"""


def main() -> int:
    core = Cores.available().server
    print(f"{SCRAPES} scrapes, one after the other\n")
    print("  services   median ms   slowest ms   CPU ms    bytes")
    for number in NUMBERS:
        try:
            print(_measured(number, core), flush=True)
        except BenchmarkError as error:
            print(f"error: {number} services: {error}", file=sys.stderr)
            return 1
    return 0


def _measured(number: int, core: int | None) -> str:
    with tempfile.TemporaryDirectory(prefix="polyport-benchmark-") as name:
        folder = Path(name)
        shutil.copy(HERE / "shouting.py", folder)
        metrics, *ports = _free_ports(number + 1)
        services = "".join(SERVICE.format(number=each, port=port) for each, port in enumerate(ports))
        file = folder / "polyport.yaml"
        file.write_text(f"server: {{metrics: 'tcp://127.0.0.1:{metrics}'}}\nservices:{services}")
        twistd = Path(sys.executable).parent / "twistd"
        with process([str(twistd), "-n", "--pidfile=", "polyport", "-c", str(file)], folder, core) as running:
            running.wait_until(lambda: _use(ports[-1]))
            for port in ports[:-1]:
                _use(port)
            return _scraped(number, metrics, running)


def _free_ports(number: int) -> list[int]:
    """As many ports, each another one."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [int(probe.getsockname()[1]) for probe in probes]


def _use(port: int) -> bool:
    """Ask a service something, so that it has something to tell of."""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(b"hello\n" * 100)
        read = 0
        while read < 600 and (piece := client.recv(4096)):
            read += len(piece)
    return read == 600


def _scraped(number: int, port: int, running: Running) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    seconds, size, before = [], 0, 0.0
    for turn in range(SCRAPES + 1):
        if turn == 1:  # the first one imports and caches
            seconds, before = [], cpu_seconds(running.process.pid)
        began = time.monotonic()
        connection.request("GET", "/metrics", headers={"Accept": ACCEPT})
        size = len(connection.getresponse().read())
        seconds.append(time.monotonic() - began)
    used = (cpu_seconds(running.process.pid) - before) / SCRAPES
    connection.close()
    longest = max(seconds)
    return f"{number:10} {median(seconds) * 1e3:11.2f} {longest * 1e3:12.2f} {used * 1e3:8.2f} {size:8,}"


if __name__ == "__main__":
    sys.exit(main())
