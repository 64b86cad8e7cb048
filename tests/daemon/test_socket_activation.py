"""A real ``twistd`` started as systemd starts it: with sockets, and somebody who wants to know."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

FUNCTIONS = "def shout(message: str) -> str: return message.upper()\n"

ACTIVATED = """
services:
  shout: {listen: "fd://line", function: "functions:shout"}
  datagrams: {listen: "fd://udp", function: "functions:shout"}
"""

EATEN = "import sys, twisted.internet.endpoints; from twisted.scripts.twistd import run; run()"


@pytest.mark.parametrize("eaten", [False, True], ids=["", "after twisted.internet.endpoints was imported"])
def test_sockets_that_are_handed_over(real_daemon, written, connect, handing_over, tmp_path, eaten):
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        unix.bind(str(tmp_path / "handed.sock"))
        unix.listen()
        udp.bind(("127.0.0.1", 0))
        high = [os.dup2(one.fileno(), 70 + n) for n, one in enumerate((tcp, unix, udp))]
        program = ["-c", EATEN] if eaten else [str(Path(sys.executable).with_name("twistd"))]
        try:
            daemon = real_daemon(
                written(ACTIVATED, FUNCTIONS),
                command=handing_over(high, "line:line:udp", [sys.executable, *program]),
                pass_fds=high,
            )
        finally:
            for one in high:
                os.close(one)
        daemon.ready()
        for place in (tcp.getsockname()[1], tmp_path / "handed.sock"):
            with connect(place) as client:
                assert client.ask("hello") == b"HELLO"
        with socket.socket(type=socket.SOCK_DGRAM) as asking:
            asking.settimeout(20)
            asking.sendto(b"hello", udp.getsockname())
            assert asking.recv(100) == b"HELLO"
        assert daemon.stop() == 0
        # They are systemd's: they stay, and what connects now waits for the next start.
        assert (tmp_path / "handed.sock").exists()
        socket.create_connection(tcp.getsockname()).close()


def test_a_socket_for_datagrams_does_not_suit_http(real_daemon, written, handing_over):
    yaml = "services: {site: {listen: 'fd://udp', http: {/: {respond: fine}}}}"
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        high = os.dup2(udp.fileno(), 70)
        program = [sys.executable, str(Path(sys.executable).with_name("twistd"))]
        try:
            daemon = real_daemon(written(yaml), command=handing_over([high], "udp", program), pass_fds=[high])
        finally:
            os.close(high)
        assert daemon.status() == 1
    assert "services.site.listen[0]: fd://udp: the socket is one for datagrams" in daemon.errors


def test_readiness_is_told(real_daemon, written, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(20)
        systemd.bind(str(tmp_path / "notify"))
        yaml = "services: {shout: {listen: 'unix:shout.sock', function: 'functions:shout'}}"
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        daemon = real_daemon(written(yaml, FUNCTIONS), env=environment)
        assert systemd.recv(100) == b"READY=1\nSTATUS=serving 1 service"
        # Whoever is told may connect.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "shout.sock"))
        assert daemon.stop() == 0
        assert systemd.recv(100) == b"STOPPING=1\nSTATUS=stopping"


def test_systemd_socket_activate(written, real_daemon, connect, tmp_path):
    activate = Path("/usr/bin/systemd-socket-activate")
    if not activate.exists():
        pytest.skip("systemd-socket-activate is not installed")
    file = written("services: {shout: {listen: 'fd://line', function: 'functions:shout'}}", FUNCTIONS)
    path = tmp_path / "activated.sock"
    names = [str(activate), f"--listen={path}", "--fdname=line"]
    twisted = [sys.executable, str(Path(sys.executable).with_name("twistd"))]
    daemon = real_daemon(file, command=[*names, *twisted])
    # It says so on standard error once it listens; the first connection starts the daemon.
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.settimeout(20)
        daemon.expect("Listening on", "stderr")
        waiting.connect(str(path))
        waiting.sendall(b"hello\n")
        assert waiting.recv(100) == b"HELLO\n"
    assert daemon.ready().stop() == 0
