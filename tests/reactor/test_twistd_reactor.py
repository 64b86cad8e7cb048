"""``twistd --reactor=polyport`` for a program that knows nothing of this package."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WAIT = 30
"""Seconds to wait for what must happen; only a test that fails takes them."""

PROGRAM = """
import os
from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.endpoints import UNIXServerEndpoint
from twisted.internet.protocol import Factory, Protocol, ProcessProtocol
from twisted.python import log

class Reply(Protocol):
    def dataReceived(self, data):
        log.msg("heard")
        reactor.spawnProcess(Child(self.transport), "/bin/true", ["true"])

class Child(ProcessProtocol):
    def __init__(self, asker):
        self.asker = asker

    def processEnded(self, reason):
        self.asker.write(f"{type(reactor).__module__} {os.getpid()} {reason.value.exitCode}".encode())
        self.asker.loseConnection()

application = Application("reply")
endpoint = UNIXServerEndpoint(reactor, "socket")
StreamServerEndpointService(endpoint, Factory.forProtocol(Reply)).setServiceParent(application)
reactor.callWhenRunning(log.msg, "ready")
"""
"""Answers with the reactor's module, its process, and the exit status of a child."""

TWISTD = [
    sys.executable,
    str(Path(sys.executable).with_name("twistd")),
    "--reactor=polyport",
    "-y",
    "program.tac",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the program in it."""
    (tmp_path / "program.tac").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked() -> str:
    """What the program answers."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(WAIT)
        client.connect("socket")
        client.sendall(b"?")
        answer = b""
        while data := client.recv(1000):
            answer += data
        return answer.decode()


def test_in_the_foreground(folder: Path, checkout: dict[str, str]) -> None:
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    program = subprocess.Popen([*TWISTD, "-n", "--pidfile="], env=checkout, **output)
    try:
        assert program.stdout is not None
        for line in program.stdout:
            if "ready" in line:
                break
        assert asked() == f"protocols.reactor.reactor {program.pid} 0"
        program.terminate()
        said = program.communicate(timeout=WAIT)[0]
    finally:
        program.kill()
        program.communicate()
    assert re.search(r"\[Reply,0,.*\] heard", said)
    assert "Server Shut Down." in said


@pytest.fixture
def daemon(folder: Path, checkout: dict[str, str]) -> Iterator[int]:
    """The process id of a daemon that runs the program; it is gone after the test."""
    command = [*TWISTD, "--pidfile=pid", "--logfile=log"]
    started = subprocess.run(command, env=checkout, capture_output=True, text=True, timeout=WAIT, check=False)
    assert started.returncode == 0, started.stdout + started.stderr
    pid = int((folder / "pid").read_text())
    yield pid
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # as it should be


def test_as_a_daemon(daemon: int, folder: Path) -> None:
    assert asked() == f"protocols.reactor.reactor {daemon} 0"
    process = os.pidfd_open(daemon)
    os.kill(daemon, signal.SIGTERM)
    ended, _, _ = select.select([process], [], [], WAIT)
    os.close(process)
    said = (folder / "log").read_text()
    assert ended, said
    assert re.search(r"\[Reply,0,.*\] heard", said)
    assert "Server Shut Down." in said
    assert not (folder / "pid").exists()
    assert not (folder / "socket").exists()
