"""Large bodies through a real daemon, whose memory stays flat."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

SIZE = 256 * 1024 * 1024
GROWTH = 48 * 1024 * 1024
"""Bytes that the daemon may grow by: buffers of sockets and pieces under way, and no body."""

FUNCTIONS = f"""
from protocols.http import Response, Source, StreamingRequest

async def size(request: StreamingRequest) -> Response:
    total = 0
    async for piece in request.body:
        total += len(piece)
    return Response(str(total))

class Zeros(Source):
    length = {SIZE}
    left = {SIZE}
    piece = bytes(65536)

    def read(self):
        self.left -= len(self.piece)
        return self.piece if self.left >= 0 else None

    def close(self):
        pass

async def zeros(request: StreamingRequest) -> Response:
    return Response(Zeros())

async def back(request: StreamingRequest) -> Response:
    return Response(request.body)
"""

SERVICES = """
services:
  web:
    listen: tcp://127.0.0.1:0
    http:
      /size: {function: functions:size, body: 1GiB}
      /zeros: {function: functions:zeros}
      /back: {function: functions:back, body: 1GiB}
"""


@pytest.fixture
def daemon(real_daemon, written):
    return real_daemon(written(SERVICES, FUNCTIONS)).ready()


@pytest.fixture
def zeros(tmp_path):
    file = tmp_path / "zeros"
    with file.open("wb") as opened:
        opened.truncate(SIZE)
    return file


def peak(daemon) -> int:
    """Bytes of memory that the daemon has used at most."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def curl(*arguments: object) -> str:
    command = ["curl", "-sS", "--fail", "--max-time", "60", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def url(daemon, path: str) -> str:
    return f"http://127.0.0.1:{daemon.port('web')}{path}"


@pytest.mark.parametrize("coding", [[], ["-H", "Transfer-Encoding: chunked"]])
def test_an_upload(daemon, zeros, coding):
    before = peak(daemon)
    assert curl("-T", zeros, *coding, url(daemon, "/size")) == str(SIZE)
    assert peak(daemon) - before < GROWTH


def test_a_download(daemon):
    before = peak(daemon)
    written = curl("-o", "/dev/null", "-w", "%{size_download}", url(daemon, "/zeros"))
    assert int(written) == SIZE
    assert peak(daemon) - before < GROWTH


def test_both_ways_at_once(daemon, zeros):
    before = peak(daemon)
    written = curl("-T", zeros, "-o", "/dev/null", "-w", "%{size_download}", url(daemon, "/back"))
    assert int(written) == SIZE
    assert peak(daemon) - before < GROWTH


def test_a_client_that_reads_slowly(daemon):
    before = peak(daemon)
    slow = ["curl", "-sS", "--limit-rate", "1M", "--max-time", "2", "-o", "/dev/null"]
    done = subprocess.run([*slow, url(daemon, "/zeros")], capture_output=True, check=False)
    assert done.returncode == 28  # its time was over
    assert peak(daemon) - before < GROWTH
