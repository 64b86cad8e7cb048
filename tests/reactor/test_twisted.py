"""Twisted's own tests have the same outcomes on our reactor as on its epoll reactor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).with_name("twisted_suite.py")
ROOT = SUITE.parent.parent.parent

OF_REACTORS = [
    f"twisted.internet.test.test_{part}"
    for part in (
        *("core", "tcp", "tls", "udp", "unix", "process", "threads", "time", "fdset", "socket"),
        *("stdio", "udp_internals", "sigchld"),
    )
]
OF_PROTOCOLS = [
    "twisted.web",
    "twisted.mail",
    "twisted.protocols",
    "twisted.internet.test.test_endpoints",
    "twisted.conch.test.test_cftp",
    "twisted.conch.test.test_conch",
    "twisted.conch.test.test_telnet",
    *(
        f"twisted.test.test_{part}"
        for part in ["amp", "policies", "process", "ssl", "sslverify", "stdio", "tcp", "udp", "unix"]
    ),
]


def outcomes(reactor: str, modules: list[str], folder: Path) -> dict[str, set[str]]:
    """What became of each test; of two with one name, what became of either."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, str(SUITE), reactor, *modules],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        name, _, outcome = line.rpartition(" ")
        if name.startswith("twisted."):
            found.setdefault(name, set()).add(outcome)
    assert done.returncode == 0, done.stderr[-3000:]
    return found


def compared(modules: list[str], folder: Path) -> dict[str, set[str]]:
    """The outcomes on our reactor, which must be those on Twisted's."""
    stock = outcomes("epoll", modules, folder / "epoll")
    ours = outcomes("polyport", modules, folder / "polyport")
    different = {
        name: (stock.get(name), ours.get(name))
        for name in stock.keys() | ours.keys()
        if stock.get(name) != ours.get(name)
    }
    assert different == {}
    return ours


def test_of_reactors(tmp_path: Path) -> None:
    found = compared(OF_REACTORS, tmp_path)
    assert sum(outcome == {"success"} for outcome in found.values()) > 300


@pytest.mark.skipif("POLYPORT_TEST_TWISTED" not in os.environ, reason="takes a minute: make test-twisted")
def test_of_protocols(tmp_path: Path) -> None:
    found = compared(OF_PROTOCOLS, tmp_path)
    assert sum(outcome == {"success"} for outcome in found.values()) > 2500
