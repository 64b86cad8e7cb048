"""A real daemon that another takes over from: nothing is refused, nothing is reset."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

YAML = """
server: {{control: "unix:control.sock", drain: 3s, workers: {workers}}}
services:
  shout:
    listen: ["tcp://127.0.0.1:{one}", "udp://127.0.0.1:{one}", "unix:shout.sock"]
    function: functions:shout
"""
FUNCTIONS = "def shout(message: str) -> str:\n    return message.upper()\n"


class Generations:
    """A daemon, and those that have taken over from it."""

    def __init__(self, daemon, port, gone):
        self.daemon = daemon
        self.port = port
        self._gone = gone
        self.pids = [daemon.pid]

    def upgrade(self) -> int:
        """Have the latest make room for another; the id of that."""
        os.kill(self.pids[-1], signal.SIGUSR2)
        pattern = r"(?s)\A" + r".*?process (\d+) has taken over" * len(self.pids)
        self.pids.append(int(self.daemon.expect(pattern)[len(self.pids)]))
        return self.pids[-1]

    def has_ended(self, pid: int) -> bool:
        return self._gone(pid)

    def end(self) -> None:
        for pid in self.pids[1:]:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
            assert self._gone(pid)


@pytest.fixture
def workers():
    return 1


@pytest.fixture
def generations(real_daemon, written, free_port, gone, workers):
    port = free_port()
    daemon = real_daemon(written(YAML.format(one=port, workers=workers), FUNCTIONS)).ready()
    found = Generations(daemon, port, gone)
    yield found
    found.end()


def answer_of_a_new_one(connect, place):
    with connect(place) as connection:
        return connection.ask("ab").decode()


@pytest.mark.parametrize("workers", [1, 2])
def test_who_is_connected_goes_on_and_who_comes_gets_what_is_new(generations, connect, tmp_path):
    with connect(generations.port) as before:
        assert before.ask("ab") == b"AB"
        (tmp_path / "functions.py").write_text(FUNCTIONS.replace("upper()", "title()"))
        pid = generations.upgrade()
        assert before.ask("ab") == b"AB"
        for place in (generations.port, tmp_path / "shout.sock"):
            # What is in a queue while the old ones let go of it, one after the other, is theirs to answer.
            answers = ("".join(answer_of_a_new_one(connect, place) for _ in range(20)) for _ in range(100))
            assert "Ab" * 20 in answers
    assert generations.daemon.process.wait(60) == 0
    with connect(tmp_path / "shout.sock") as by_path:
        assert by_path.ask("ab") == b"Ab"
    os.kill(pid, signal.SIGTERM)
    assert generations.has_ended(pid)
    assert not (tmp_path / "shout.sock").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_is_refused_or_reset_over_several(generations, connect):
    problems: list[Exception] = []
    answered = 0
    over = threading.Event()

    def load() -> None:
        nonlocal answered
        while not over.is_set():
            try:
                with connect(generations.port) as client:
                    assert client.ask("hello") == b"HELLO"
                    answered += 1
            except (OSError, AssertionError) as error:
                problems.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for _ in range(3):
            generations.upgrade()
    finally:
        over.set()
        thread.join()
    assert problems == []
    assert answered > 10


def test_datagrams_are_answered_afterwards(generations):
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(("127.0.0.1", generations.port))
        for _ in range(2):
            client.send(b"hello")
            assert client.recv(100) == b"HELLO"
            generations.upgrade()


def test_a_new_one_that_cannot_start_leaves_the_old_one(generations, connect, tmp_path):
    file = tmp_path / "polyport.yaml"
    right = file.read_text()
    file.write_text(right.replace("functions:shout", "functions:shou"))
    os.kill(generations.daemon.pid, signal.SIGUSR2)
    generations.daemon.expect("no upgrade: the new process has ended with status 2")
    assert "did you mean shout?" in generations.daemon.errors
    with connect(generations.port) as client:
        assert client.ask("a") == b"A"
    file.write_text(right)
    assert generations.upgrade()


def test_a_new_one_that_cannot_listen_leaves_the_old_one_its_paths(generations, connect, tmp_path):
    file = tmp_path / "polyport.yaml"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f'"tcp://127.0.0.1:{other.getsockname()[1]}"]'
        file.write_text(file.read_text().replace('"unix:shout.sock"]', f'"unix:shout.sock", {taken}'))
        os.kill(generations.daemon.pid, signal.SIGUSR2)
        generations.daemon.expect("no upgrade: the new process has ended with status 1")
    assert "Address already in use" in generations.daemon.errors
    with connect(tmp_path / "shout.sock") as client:
        assert client.ask("a") == b"A"
    assert (tmp_path / "control.sock").is_socket()


BROKEN = (
    "import pathlib, time\n"
    "with open(pathlib.Path(__file__).with_name('imports'), 'a') as file:\n"
    "    file.write('.')\n"
    "    number = file.tell()\n"
    "if number > {0}:\n"
    "    time.sleep({1})\n"
    "    raise OSError('no more')\n"
)


def test_workers_of_a_new_one_that_fails_leave_the_old_one_its_sockets(
    real_daemon, written, free_port, connect, tmp_path
):
    port = free_port()
    daemon = real_daemon(written(YAML.format(one=port, workers=2), FUNCTIONS)).ready()
    # The new first process imports it, and one worker, which then serves; the other one cannot.
    (tmp_path / "functions.py").write_text(BROKEN.format(2, 3) + FUNCTIONS)
    os.kill(daemon.pid, signal.SIGUSR2)
    daemon.expect("no upgrade: the new process has ended with status 1")
    for _ in range(8):
        with connect(port) as client:
            assert client.ask("a") == b"A"
    with connect(tmp_path / "shout.sock") as client:
        assert client.ask("a") == b"A"


def test_one_that_is_told_to_end_meanwhile_ends_the_new_one_too(generations, connect, tmp_path):
    started = tmp_path / "started"
    (tmp_path / "functions.py").write_text(
        f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)\n" + FUNCTIONS
    )
    os.kill(generations.daemon.pid, signal.SIGUSR2)
    for _ in range(2000):
        if started.exists() and started.read_text():
            break
        threading.Event().wait(0.01)
    assert generations.daemon.stop() == 0
    assert generations.has_ended(int(started.read_text()))
    with pytest.raises(ConnectionRefusedError):
        connect(generations.port)
    assert not (tmp_path / "shout.sock").exists()


def test_the_file_of_the_process_id_is_that_of_the_latest(real_daemon, written, free_port, gone, tmp_path):
    port, pidfile = free_port(), tmp_path / "twistd.pid"
    file = written(YAML.format(one=port, workers=1), FUNCTIONS)
    daemon = real_daemon(file, pidfile=str(pidfile))
    generations = Generations(daemon.ready(), port, gone)
    assert pidfile.read_text() == str(daemon.pid)
    latest = generations.upgrade()
    assert daemon.process.wait(60) == 0
    assert pidfile.read_text() == str(latest)
    generations.end()
    assert not pidfile.exists()


def test_it_is_asked_by_the_command(generations, tmp_path):
    command = [
        sys.executable,
        "-m",
        "protocols.daemon.command",
        "upgrade",
        "-c",
        str(tmp_path / "polyport.yaml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = re.fullmatch(rf"process (\d+) has taken over, from {generations.daemon.pid}\n", done.stdout)
    assert found
    generations.pids.append(int(found[1]))
    assert generations.daemon.process.wait(60) == 0
