"""A real ``twistd`` that somebody starts, watches and restarts as systemd does."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FUNCTIONS = """
import json, os
def shout(message: str) -> str: return message.upper()
def identity(message: str) -> str:
    lines = open("/proc/self/status").read().splitlines()
    capabilities = [line.split()[1] for line in lines if line.startswith(("CapPrm", "CapEff", "NoNewPrivs"))]
    return json.dumps([os.getresuid(), os.getresgid(), os.getgroups(), os.umask(0), capabilities])
"""

TWISTD = [sys.executable, str(Path(sys.executable).with_name("twistd"))]


class Systemd:
    """Hears what the daemon tells, and keeps the sockets that it stores."""

    def __init__(self, path: Path, handing_over: Callable[[list[int], str, list[str]], list[str]]) -> None:
        self._handing_over = handing_over
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(path), "FDSTORE": "100"}
        self.stored: list[tuple[str, int]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(20)
        self._socket.bind(str(path))

    def heard(self, name: str) -> dict[str, str]:
        """The next message that says something of `name`; what is stored before is kept."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._socket, 65_536, 300)
            told = dict(line.split("=", 1) for line in message.decode().split("\n"))
            self.stored += [(told["FDNAME"], descriptor) for descriptor in descriptors]
            if name in told:
                return told

    def restart_command(self) -> list[str]:
        """What starts the daemon with the sockets that it has stored."""
        names = ":".join(name for name, _ in self.stored)
        # Numbers well above those they are moved to.
        high = [os.dup2(descriptor, 90 + n) for n, (_, descriptor) in enumerate(self.stored)]
        self.close_stored()
        self.stored = [("", descriptor) for descriptor in high]
        return self._handing_over(high, names, TWISTD)

    def close_stored(self) -> None:
        for _, descriptor in self.stored:
            os.close(descriptor)
        self.stored = []

    def close(self) -> None:
        self._socket.close()
        self.close_stored()


@pytest.fixture
def systemd(tmp_path, handing_over):
    one = Systemd(tmp_path / "notify", handing_over)
    yield one
    one.close()


# No control socket: with sockets that outlive the daemon, its path would outlive the tests.
SHOUT = """
server: {control: "off"}
services: {shout: {listen: 'unix:shout.sock', function: 'functions:shout'}}
"""


def test_what_it_is_told(real_daemon, written, connect, systemd, tmp_path):
    daemon = real_daemon(written(SHOUT, FUNCTIONS), env=systemd.environment)
    ready = systemd.heard("READY")
    assert ready["STATUS"] == "serving 1 service"
    # Whoever is told may connect.
    with connect(tmp_path / "shout.sock") as client:
        assert client.ask("a") == b"A"
    written(SHOUT.replace("shout.sock", "other.sock"), FUNCTIONS)
    daemon.send_signal(signal.SIGHUP)
    assert int(systemd.heard("RELOADING")["MONOTONIC_USEC"]) > 0
    assert systemd.heard("READY")["READY"] == "1"
    assert "reloaded: 1 kept" in systemd.heard("STATUS")["STATUS"]
    written("services: {}")
    daemon.send_signal(signal.SIGHUP)
    systemd.heard("RELOADING")
    # A reload that is refused has an end as well.
    systemd.heard("READY")
    assert daemon.stop() == 0
    systemd.heard("STOPPING")


def test_signs_of_life(real_daemon, written, systemd):
    environment = {**systemd.environment, "WATCHDOG_USEC": "50000"}
    daemon = real_daemon(written(SHOUT, FUNCTIONS), env=environment)
    for _ in range(3):
        systemd.heard("WATCHDOG")
    assert daemon.stop() == 0


OUTLIVING = """
server: {{control: "off"}}
services:
  shout:
    listen: [tcp://127.0.0.1:{port}, udp://127.0.0.1:{port}, unix:shout.sock]
    function: functions:shout
"""


def test_sockets_outlive_a_restart(real_daemon, written, connect, systemd, tmp_path, free_port):
    port = free_port()
    file = written(OUTLIVING.format(port=port), FUNCTIONS)
    daemon = real_daemon(file, env=systemd.environment)
    systemd.heard("READY")
    assert len(systemd.stored) >= 3
    daemon.stop(signal.SIGKILL)
    # Nobody serves, and nobody is refused.
    with (
        connect(port) as tcp,
        connect(tmp_path / "shout.sock") as unix,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        udp.settimeout(20)
        udp.connect(("127.0.0.1", port))
        udp.send(b"u")
        tcp.send(b"t\n")
        unix.send(b"x\n")
        command = systemd.restart_command()
        passed = [descriptor for _, descriptor in systemd.stored]
        again = real_daemon(file, command=command, pass_fds=passed, env=systemd.environment)
        systemd.close_stored()
        assert (tcp.line(), unix.line(), udp.recv(10)) == (b"T", b"X", b"U")
    systemd.heard("READY")
    assert again.stop() == 0
    with connect(port):
        pass  # systemd has what was stored anew


def test_what_is_drained_is_stored_no_more(real_daemon, written, connect, systemd, tmp_path):
    # Or whoever comes would wait for somebody who never accepts.
    file = written(OUTLIVING.format(port=0).replace('"off"', '"unix:control.sock"'), FUNCTIONS)
    daemon = real_daemon(file, env=systemd.environment)
    systemd.heard("READY")
    with connect(tmp_path / "control.sock") as control:
        control.send(b'{"id":1,"do":"drain","with":{"service":"shout"}}\n')
        names = {name for name, _ in systemd.stored}
        assert len(names) == 2
        assert {systemd.heard("FDSTOREREMOVE")["FDNAME"] for _ in names} == names
    assert daemon.stop() == 0


def test_who_takes_over_says_what_is_to_be_stored_once_it_is_heard(real_daemon, written, systemd, gone):
    daemon = real_daemon(written(SHOUT, FUNCTIONS), env=systemd.environment)
    systemd.heard("READY")
    [(before, _)] = systemd.stored
    written(SHOUT.replace("shout.sock", "other.sock"), FUNCTIONS)
    daemon.send_signal(signal.SIGUSR2)
    pid = int(systemd.heard("MAINPID")["MAINPID"])
    systemd.close_stored()
    # What only the one before has served is stored no more.
    assert before in {systemd.heard("FDSTOREREMOVE")["FDNAME"] for _ in range(2)}
    assert systemd.heard("READY")["STATUS"] == "serving 1 service"
    [(after, _)] = systemd.stored
    assert after != before
    os.kill(pid, signal.SIGTERM)
    assert gone(pid)


def test_a_stored_socket_that_nobody_wants_any_more_is_closed(real_daemon, written, systemd, free_port):
    port = free_port()
    file = written(OUTLIVING.format(port=port), FUNCTIONS)
    real_daemon(file, env=systemd.environment).expect("ready")
    systemd.heard("READY")
    written(SHOUT, FUNCTIONS)
    command = systemd.restart_command()
    passed = [descriptor for _, descriptor in systemd.stored]
    again = real_daemon(file, command=command, pass_fds=passed, env=systemd.environment)
    systemd.close_stored()
    assert systemd.heard("FDSTOREREMOVE")["FDNAME"].startswith("polyport.stored.")
    systemd.heard("READY")
    assert again.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_another_before_anything_is_served(real_daemon, written, connect):
    yaml = """
server: {user: 4711, group: 4712, umask: "027", control: "off"}
services: {who: {listen: 'tcp://127.0.0.1:0', function: 'functions:identity'}}
"""
    daemon = real_daemon(written(yaml, FUNCTIONS)).ready()
    assert "info  became user 4711, group 4712, umask 027" in daemon.output
    # The folders of tests are for those only who run them.
    assert re.search(r"warn .*/polyport\.yaml cannot be read any more: a reload will fail", daemon.output)
    with connect(daemon.port("who")) as client:
        identity = json.loads(client.ask(""))
    assert identity == [[4711] * 3, [4712] * 3, [4712], 0o27, ["0" * 16, "0" * 16, "1"]]
    assert daemon.stop() == 0


ACTIVATE = Path("/usr/bin/systemd-socket-activate")


@pytest.mark.skipif(not ACTIVATE.exists(), reason="systemd-socket-activate is not installed")
def test_the_first_datagram_starts_it(real_daemon, written, free_port):
    port = free_port()
    file = written("services: {shout: {listen: 'fd://udp', function: 'functions:shout'}}", FUNCTIONS)
    activate = [str(ACTIVATE), "--datagram", f"--listen=127.0.0.1:{port}", "--fdname=udp"]
    daemon = real_daemon(file, command=[*activate, *TWISTD])
    daemon.expect("Listening on", "stderr")
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        asking.sendto(b"hello", ("127.0.0.1", port))
        assert asking.recv(100) == b"HELLO"
    assert daemon.stop() == 0
