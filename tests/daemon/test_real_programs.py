"""Programs behind a real daemon, over real sockets."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from pathlib import Path

import pytest

SIZE = 192 * 1024 * 1024
"""Bytes of a body that must not be held: several times what the daemon takes altogether."""

GROWTH = 32 * 1024 * 1024
"""Bytes by which the daemon may grow meanwhile."""

YAML = """
services:
  web:
    listen: tcp://127.0.0.1:0
    http:
      /cgi-bin/: {cgi: cgi-bin, body: 1GiB}
"""


HELD = """echo $$ >pid
trap '' TERM
printf 'Content-Type: text/plain\\n\\n1'
exec >&-
while :; do sleep 0.1; done"""
"""Answers, and then runs on whatever it is told politely."""


def script(folder: Path, name: str, text: str) -> None:
    (folder / "cgi-bin").mkdir(exist_ok=True)
    file = folder / "cgi-bin" / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.fixture
def daemon(tmp_path, real_daemon):
    script(tmp_path, "echo", "printf 'Content-Type: application/octet-stream\\n\\n'; exec cat")
    script(tmp_path, "held", HELD)
    file = tmp_path / "main.yaml"
    file.write_text(YAML)
    return real_daemon(file).ready()


def largest(pid: int) -> int:
    """Bytes of memory that the process has had at most."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def received(client: socket.socket) -> tuple[bytes, int]:
    """The first bytes and the number of all of them, until the end of the connection."""
    start, count = b"", 0
    while piece := client.recv(1 << 20):
        start = (start + piece)[:4096]
        count += len(piece)
    return start, count


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_are_not_held(daemon, chunked):
    before = largest(daemon.pid)
    piece = b"x" * (1 << 20)
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
    wrapped = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
    with socket.create_connection(("127.0.0.1", daemon.port("web")), 20) as client:
        client.sendall(b"POST /cgi-bin/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%b\r\n\r\n" % framing)

        def send() -> None:
            for _ in range(SIZE // len(piece)):
                client.sendall(wrapped)
            if chunked:
                client.sendall(b"0\r\n\r\n")

        sender = threading.Thread(target=send)
        sender.start()
        start, count = received(client)
        sender.join(20)
    assert start.startswith(b"HTTP/1.1 200 OK")
    assert count > SIZE
    assert largest(daemon.pid) - before < GROWTH
    assert daemon.stop() == 0


def test_what_still_runs_ends_with_the_daemon(daemon, tmp_path):
    with socket.create_connection(("127.0.0.1", daemon.port("web")), 20) as client:
        client.sendall(b"GET /cgi-bin/held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert received(client)[0].startswith(b"HTTP/1.1 200 OK")
    pid = int((tmp_path / "cgi-bin" / "pid").read_text())
    assert daemon.stop(signal.SIGTERM) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
