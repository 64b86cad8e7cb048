"""Where a program of systemd has its socket, its output and its errors."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import Place
from protocols.daemon.importers.systemd.standard_streams import Streams, streams_of, wrapped
from protocols.daemon.importers.systemd.unit import parse

PROBE = """
import os, socket
fd = int(os.environ["LISTEN_FDS"]) + 2
named = os.environ["LISTEN_FDNAMES"]
assert int(os.environ["LISTEN_PID"]) == os.getpid()
socket.socket(fileno=fd).sendall(f"{named} {os.readlink('/proc/self/fd/0')}".encode())
print("said")
"""


def streams(lines: str, mode: str = "connection") -> tuple[Streams, ImportedService]:
    service = ImportedService("a", Place("a.service"))
    unit = parse(f"[Service]\n{lines}", "a.service", "a.service")
    return streams_of(service, unit, mode), service


@pytest.mark.parametrize(
    ("lines", "mode", "expected"),
    [
        ("StandardInput=socket", "connection", Streams(True, "socket", "send")),
        ("StandardInput=socket\nStandardError=journal", "connection", Streams(True, "socket", "log")),
        ("StandardInput=socket\nStandardOutput=journal", "connection", Streams(True, "log", "log")),
        ("StandardInput=socket\nStandardError=null", "connection", Streams(True, "socket", "discard")),
        ("StandardInput=socket", "wait", Streams(True, "socket", "log")),
        ("", "wait", Streams(False, "log", "log")),
        ("StandardOutput=null", "wait", Streams(False, "null", "discard")),
    ],
)
def test_streams(lines, mode, expected):
    found, service = streams(lines, mode)
    assert found == expected
    assert not service.missed


def test_what_is_not_carried_over():
    found, service = streams("StandardInput=tty\nStandardOutput=append:/a\nStandardError=file:/b")
    assert found == Streams(False, "log", "log")
    assert [(note.what, note.is_grave) for note in service.missed] == [
        ("StandardInput=tty", True),
        ("StandardOutput=append:/a", False),
        ("StandardError=file:/b", False),
    ]


def test_a_socket_as_standard_input_needs_nothing():
    assert wrapped(["/bin/cat"], Streams(True, "socket", "send"), "connection", "x") == ["/bin/cat"]


def test_a_program_finds_its_socket_as_descriptor_3():
    """Run as Polyport runs it: the socket is standard input and output."""
    command = wrapped([sys.executable, "-c", PROBE], Streams(False, "log", "log"), "connection", "a.socket")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = subprocess.run(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, check=False)
        theirs.close()
        assert (done.returncode, done.stderr) == (0, b"said\n")
        assert ours.recv(100) == b"a.socket " + os.fsencode(os.devnull)
