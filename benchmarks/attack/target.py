"""The daemon that is attacked, and what it holds."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from failure import BenchmarkError
from processor import cpu_seconds, descriptors, resident
from servers import certificate_in, free_ports, process

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
        return resident(self.pid)

    def sockets(self) -> int:
        """How many sockets it has open, those that listen included."""
        return sum(each.startswith("socket:") for each in descriptors(self.pid).values())

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


@contextmanager
def target(core: int | None) -> Iterator[Target]:
    """Run the daemon as long as the block lasts."""
    ports = free_ports(STREAMS, DATAGRAMS)
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
