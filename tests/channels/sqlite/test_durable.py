"""What has reached the disk when a publisher is told, as the system calls say."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

PUBLISHES = """
async def main(store, came):
    own = SQLiteStore(Path(sys.argv[1] + ".own"), sync=sys.argv[2], interval=0.2, reactor=reactor)
    await own.open(came.extend)
    for number in range(30):
        await own.append([Entry(b"alone")])
        say("told")
    waiting = [own.append([Entry(b"together")]) for _ in range(50)]
    for one in waiting:
        await one
    say("told")
    await own.close()
"""
FLUSHED = re.compile(r"(?:fdatasync|fsync)\(\d+<[^>]*\.own-wal>")
TOLD = re.compile(r'write\(1<[^>]*>, "told')


def may_trace() -> bool:
    command = ["strace", "-e", "trace=none", "true"]
    return shutil.which("strace") is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize("sync", ["always", "interval"])
def test_when_a_publisher_is_told(other, file, tmp_path, sync):
    if not may_trace():
        pytest.skip("strace says what is asked of the disk")
    file.parent.mkdir()
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-y", "-qq", "-e", "trace=fdatasync,fsync,write", "-o", str(trace)]
    process = other(PUBLISHES, sync, before=strace)
    assert process.stdout.read().splitlines() == ["open"] + ["told"] * 31
    assert process.wait() == 0
    calls = "".join(
        "F" if FLUSHED.search(line) else "T" if TOLD.search(line) else ""
        for line in trace.read_text().splitlines()
    )
    if sync == "always":
        # Each is on the disk before its publisher is told, and those that came together went together.
        assert re.fullmatch(r"F*(FT){30}F{1,2}TF*", calls), calls
    else:
        assert calls.count("T") == 31
        assert 1 <= calls.count("F") < 10, calls
