"""The daemon that is attacked, and what it holds."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from failure import BenchmarkError
from processor import cpu_seconds
from servers import certificate_in, process

HERE = Path(__file__).parent
STREAMS = ("lines", "web", "tls", "waiting", "refusing", "collect")
DATAGRAMS = ("datagrams", "chargen", "qotd")
# Of this machine, and without limits in the one service that it talks to.
OPERATOR = "127.0.0.1"
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Target:
    """A daemon under attack."""

    pid: int
    ports: Mapping[str, int]
    """By the names of its services."""

    def resident(self) -> int:
        """Bytes of memory that are its own."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchmarkError(f"/proc/{self.pid}/status says nothing of memory")

    def sockets(self) -> int:
        """How many sockets it has open, those that listen included."""
        count = 0
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                count += str(link.readlink()).startswith("socket:")
            except FileNotFoundError:
                pass  # closed since
        return count

    def processor(self) -> float:
        """Seconds of processor time it has used."""
        return cpu_seconds(self.pid)

    def collect(self) -> None:
        """Have it collect its garbage."""
        address = (OPERATOR, self.ports["collect"])
        with socket.create_connection(address, PATIENCE, (OPERATOR, 0)) as asking:
            asking.sendall(b"now\n")
            if not asking.recv(64):
                raise BenchmarkError("the daemon does not say that it has collected its garbage")


def _free_ports() -> dict[str, int]:
    """A port of 127.0.0.1 for each service, no two the same."""
    with ExitStack() as stack:
        ports = {}
        for names, kind in ((STREAMS, socket.SOCK_STREAM), (DATAGRAMS, socket.SOCK_DGRAM)):
            for name in names:
                probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
                probe.bind((OPERATOR, 0))
                ports[name] = int(probe.getsockname()[1])
        return ports


@contextmanager
def target(core: int | None) -> Iterator[Target]:
    """Run the daemon as long as the block lasts."""
    ports = _free_ports()
    twistd = Path(sys.executable).parent / "twistd"
    with tempfile.TemporaryDirectory(prefix="polyport-attacks-") as folder:
        certificate, key = certificate_in(Path(folder))
        configuration = Path(folder) / "polyport.yaml"
        template = Template((HERE / "polyport.yaml").read_text())
        configuration.write_text(template.substitute(ports, certificate=certificate, key=key))
        # Functions are found beside the file that names them.
        shutil.copy(HERE / "functions.py", folder)
        command = [str(twistd), "-n", "--pidfile=", "polyport", "-c", str(configuration)]
        with process(command, HERE.parent.parent, core) as running:
            found = Target(running.process.pid, ports)

            def answers() -> bool:
                found.collect()
                return True

            running.wait_until(answers)
            yield found
