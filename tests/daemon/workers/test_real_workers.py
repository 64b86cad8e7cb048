"""A real daemon of two processes that serve, and the first one that watches over them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

FUNCTIONS = '''
import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

def pid(message: str) -> str:
    return f"{os.getpid()}"

def gate(message: str) -> str:
    """Answers once somebody has written into the FIFO that the message names."""
    return Path(message).read_text()

def sleep(message: str) -> str:
    import time
    time.sleep(1e6)
'''

YAML = """
server: {workers: 2, control: "off", drain: 20s}
services:
  pid:
    listen: ["tcp://127.0.0.1:0", "unix:pid.sock", "udp://127.0.0.1:0"]
    function: {call: functions:pid, run: loop}
  gate:
    listen: tcp://127.0.0.1:0
    function: functions:gate
"""


@pytest.fixture
def daemon(real_daemon, written):
    """A daemon that a test may end."""
    return real_daemon(written(YAML, FUNCTIONS)).ready()


@pytest.fixture(scope="module")
def standing(real_daemon_of_module, tmp_path_factory):
    """One that serves several tests: to start it takes three processes' time."""
    folder = tmp_path_factory.mktemp("standing")
    (folder / "functions.py").write_text(FUNCTIONS)
    (folder / "polyport.yaml").write_text(YAML.replace("20s", "2s"))
    daemon = real_daemon_of_module(folder / "polyport.yaml").ready()
    daemon.folder = folder
    return daemon


@pytest.fixture
def pids(connect):
    """The processes that answer at a port, or a path, asked so often that each must have been."""

    def ask(place) -> set[int]:
        found = set()
        for _ in range(40):
            with connect(place) as client:
                found.add(int(client.ask("who")))
        return found

    return ask


def held(connect, port: int, pid: int):
    """A connection that the process `pid` has."""
    clients = []
    while True:
        client = connect(port)
        clients.append(client)
        if int(client.ask("who")) == pid:
            for other in clients[:-1]:
                other.socket.close()
            return client


def test_two_processes_answer_and_neither_is_the_first(standing, pids):
    serving = pids(standing.port("pid"))
    assert len(serving) == 2
    assert standing.pid not in serving
    assert pids(standing.folder / "pid.sock") <= serving
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.sendto(b"who", ("127.0.0.1", standing.port("pid", "udp")))
        assert int(client.recv(100)) in serving


def test_a_signal_stops_all_of_them_in_order(daemon, pids, gone, tmp_path):
    serving = pids(daemon.port("pid"))
    assert daemon.stop() == 0
    assert daemon.errors == ""
    assert len(re.findall("pid: stopped", daemon.output)) == 2
    assert all(map(gone, serving))
    assert not (tmp_path / "pid.sock").exists()


def test_what_is_being_answered_is_finished(daemon, connect, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with connect(daemon.port("gate")) as client:
        client.send(f"{fifo}\n".encode())
        with fifo.open("w") as writing:
            daemon.send_signal(signal.SIGTERM)
            daemon.expect("gate: stopped")
            writing.write("finished")
        assert client.rest() == b"finished\n"
    assert daemon.status() == 0


def test_a_second_signal_ends_all_at_once(daemon, connect, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with connect(daemon.port("gate")) as client:
        client.send(f"{fifo}\n".encode())
        with fifo.open("w"):
            daemon.send_signal(signal.SIGTERM)
            daemon.expect("gate: stopped")
            daemon.send_signal(signal.SIGTERM)
            assert client.rest() == b""
    assert daemon.status() == 0


def test_one_that_is_killed_takes_its_connections_only_and_has_a_successor(standing, connect, pids, gone):
    port = standing.port("pid")
    victim, other = pids(port)
    with held(connect, port, victim) as lost, held(connect, port, other) as kept:
        os.kill(victim, signal.SIGKILL)
        assert gone(victim)
        # These include such as the kernel has put into the queue of the one that is no more.
        answers = pids(port)
        assert lost.rest() == b""
        assert int(kept.ask("who")) == other
    assert other in answers
    assert victim not in answers
    standing.expect(
        rf"worker \d \(process {victim}\) is no more: ended by SIGKILL; another one takes its place"
    )
    assert len(pids(port) - {victim}) == 2


def test_one_that_is_told_to_end_finishes_and_has_a_successor(standing, connect, pids, gone):
    port = standing.port("pid")
    one, _ = pids(port)
    with held(connect, port, one) as client:
        os.kill(one, signal.SIGTERM)
        standing.expect(f"SIGTERM: process {one} stops, and will have a successor")
        assert int(client.ask("who")) == one
    assert gone(one)
    assert len(pids(port)) == 2


def test_one_that_is_told_to_end_ends_once_when_all_are(daemon, pids):
    one, _ = pids(daemon.port("pid"))
    os.kill(one, signal.SIGTERM)
    daemon.expect(f"SIGTERM: process {one} stops, and will have a successor")
    assert daemon.stop() == 0
    assert "critical" not in daemon.output


def test_none_is_left_behind_by_a_first_process_that_is_killed(daemon, pids, gone):
    serving = pids(daemon.port("pid"))
    daemon.send_signal(signal.SIGKILL)
    assert all(map(gone, serving))
    assert "the first process has gone: this one stops" in (daemon.status(), daemon.output)[1]


def test_a_reload_reaches_all(standing, pids, connect):
    port = standing.port("pid")
    before = pids(port)
    with connect(port) as kept:
        kept.ask("who")
        changed = YAML.replace("20s", "2s").replace("run: loop", "run: threads")
        changed += "  new: {listen: unix:new.sock, builtin: echo}\n"
        (standing.folder / "polyport.yaml").write_text(changed)
        standing.send_signal(signal.SIGHUP)
        standing.expect("reloaded: 1 kept, 1 changed, 1 added, 0 dropped")
        for _ in range(20):
            with connect(standing.folder / "new.sock") as client:
                assert client.ask("hello") == b"hello"
        assert pids(port) == before, "they serve in the place of themselves"


def test_a_reload_that_one_cannot_do_changes_nothing(standing, pids):
    before = pids(standing.port("pid"))
    broken = YAML.replace("functions:gate", "functions:gale")
    (standing.folder / "polyport.yaml").write_text(broken)
    standing.send_signal(signal.SIGHUP)
    standing.expect("not reloaded: .*gale")
    assert pids(standing.port("pid")) == before


def test_a_successor_serves_what_is_served_not_what_is_written_since(standing, pids, gone):
    port = standing.port("pid")
    victim, _ = pids(port)
    (standing.folder / "polyport.yaml").write_text("services: {this is: no YAML")
    os.kill(victim, signal.SIGKILL)
    assert gone(victim)
    assert len(pids(port)) == 2


ONLY_THE_FIRST = """
import sys
if sys.argv[0] == "-c":
    raise RuntimeError("not here")
def function(message: str) -> str: ...
"""


def test_a_start_fails_that_one_cannot_do(real_daemon, written):
    yaml = "server: {workers: 2}\nservices: {s: {listen: 'unix:s', function: 'functions:function'}}"
    daemon = real_daemon(written(yaml, ONLY_THE_FIRST))
    assert daemon.status() == 1
    assert re.search("cannot start: .*RuntimeError: not here", daemon.output)
    assert "Unhandled" not in daemon.output


def test_two_daemons_do_not_share_a_port(real_daemon, written, standing):
    port = standing.port("pid")
    yaml = f"server: {{workers: 2}}\nservices: {{s: {{listen: 'tcp://127.0.0.1:{port}', builtin: echo}}}}"
    other = real_daemon(written(yaml))
    assert other.status() == 1
    assert (
        f"cannot listen: services.s.listen[0]: tcp://127.0.0.1:{port}: Address already in use" in other.errors
    )


LIMITED = """
server: {workers: 2, control: "off"}
defaults: {limits: {exempt: [], per_source: 6, over: refuse}}
services:
  pid: {listen: "tcp://127.0.0.1:0", function: {call: functions:pid, run: loop}}
"""


def test_a_source_has_its_connections_once_however_many_processes_serve(real_daemon, written, connect):
    port = real_daemon(written(LIMITED, FUNCTIONS)).ready().port("pid")
    answers = []
    with ExitStack() as stack:
        # Of so many, each process gets more than would fill a limit of its own.
        for _ in range(30):
            client = stack.enter_context(connect(port))
            try:
                answers.append(client.ask("who"))
            except ConnectionError:
                answers.append(b"")
    assert len([answer for answer in answers if answer]) == 6


def test_a_log_file_has_one_writer(real_daemon, written, tmp_path, pids):
    log = tmp_path / "the.log"
    # Options of twistd's own end where ours begin, and these come after them otherwise.
    command = [sys.executable, str(Path(sys.executable).with_name("twistd")), f"--logfile={log}"]
    daemon = real_daemon(written(YAML, FUNCTIONS), command=command)
    while not (log.exists() and " ready" in log.read_text()):
        with suppress(subprocess.TimeoutExpired):
            assert daemon.process.wait(0.1) is None, "it has ended"
    os.kill(daemon.pid, signal.SIGUSR1)
    assert daemon.stop() == 0
    text = "".join(path.read_text() for path in sorted(tmp_path.glob("the.log*"), reverse=True))
    assert len(re.findall("^[^ ]+ info  pid: listening on tcp", text, re.MULTILINE)) == 2
    assert len(re.findall("^[^ ]+ info  pid: stopped", text, re.MULTILINE)) == 2
    assert (daemon.output, daemon.errors) == ("", "")
