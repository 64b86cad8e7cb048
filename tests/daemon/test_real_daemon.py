"""A real ``twistd`` in a process of its own: start, service, stop."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from protocols.daemon.log.schema import log_schema

FUNCTIONS = '''
from pathlib import Path

def shout(message: str) -> str:
    return message.upper()

def gate(message: str) -> str:
    """Answers once somebody has written into the FIFO that the message names."""
    return Path(message).read_text()

def secret(message: bytes) -> bytes:
    raise ValueError("on purpose")
'''

SHOUT = """
services:
  shout:
    listen: [tcp://127.0.0.1:0, unix:shout.sock, udp://127.0.0.1:0]
    function: functions:shout
  gate:
    listen: [tcp://127.0.0.1:0, unix:gate.sock]
    function: functions:gate
"""


@pytest.fixture
def daemon(real_daemon, written):
    return real_daemon(written(SHOUT, FUNCTIONS)).ready()


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 20).close()
    except ConnectionRefusedError:
        return True
    return False


def twistd(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``twistd`` until it comes back to the shell."""
    program = [sys.executable, str(Path(sys.executable).with_name("twistd"))]
    return subprocess.run(
        [*program, *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


# -- stopping ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_in_order(daemon, connect, tmp_path, number):
    with connect(daemon.port("shout")) as client:
        assert client.ask("hello") == b"HELLO"
    assert (tmp_path / "shout.sock").stat().st_mode & 0o777 == 0o660
    assert daemon.stop(number) == 0
    assert daemon.errors == ""
    assert f"{number.name}: stopping" in daemon.output
    assert re.search(r"shout: stopped \(connections: 1, messages: 1, ", daemon.output)
    assert not list(tmp_path.glob("*.sock"))
    assert not (tmp_path / "twistd.pid").exists()


def test_an_idle_connection_does_not_hold_up_the_stop(daemon, connect):
    with connect(daemon.port("shout")) as client:
        assert client.ask("hello") == b"HELLO"
        daemon.send_signal(signal.SIGTERM)
        assert client.rest() == b""
    assert daemon.status() == 0


def test_what_is_being_answered_is_finished_and_nobody_new_let_in(daemon, connect, fifo, tmp_path):
    ports = daemon.port("gate"), daemon.port("shout")
    with connect(tmp_path / "gate.sock") as client:
        client.send(f"{fifo}\n".encode())
        # Opening it for writing waits for a reader: the function is at work.
        with fifo.open("w") as writing:
            daemon.send_signal(signal.SIGTERM)
            daemon.expect("shout: stopped")
            assert all(map(is_refused, ports))
            assert not (tmp_path / "gate.sock").exists()
            writing.write("finished")
        assert client.rest() == b"finished\n"
    assert daemon.status() == 0
    assert "did not finish" not in daemon.output


def test_a_second_signal_ends_at_once(daemon, connect, fifo):
    with connect(daemon.port("gate")) as client:
        client.send(f"{fifo}\n".encode())
        with fifo.open("w"):
            daemon.send_signal(signal.SIGTERM)
            daemon.expect("shout: stopped")
            daemon.send_signal(signal.SIGTERM)
            assert daemon.status() == 0
        assert client.rest() == b""
    assert "SIGTERM again: closing every connection now" in daemon.output


def test_the_deadline_ends_what_does_not_finish(real_daemon, written, connect, fifo):
    daemon = real_daemon(written(f"server: {{drain: 100ms}}\n{SHOUT}", FUNCTIONS)).ready()
    with connect(daemon.port("gate")) as client:
        client.send(f"{fifo}\n".encode())
        with fifo.open("w"):
            assert daemon.stop() == 0
        assert client.rest() == b""
    assert "gate: some connections did not finish within 0.1 s; closing them" in daemon.output


def test_hangup_reloads_where_there_is_no_terminal(daemon, connect):
    daemon.send_signal(signal.SIGHUP)
    daemon.expect("reloaded: 2 kept, 0 changed, 0 added, 0 dropped")
    with connect(daemon.port("shout")) as client:
        assert client.ask("hello") == b"HELLO"


def test_hangup_of_the_terminal_stops(written):
    file = written(SHOUT, FUNCTIONS)
    controlling, terminal = os.openpty()
    program = [sys.executable, str(Path(sys.executable).with_name("twistd"))]
    process = subprocess.Popen(
        [*program, "-n", "--pidfile=", "polyport", "-c", str(file)],
        stdin=terminal,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if " ready" in line:
                process.send_signal(signal.SIGHUP)
                break
        rest = process.stdout.read()
        assert process.wait(20) == 0
        assert "SIGHUP: stopping" in rest
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        os.close(controlling)
        os.close(terminal)


# -- starts that fail --------------------------------------------------------------------------------


def test_mistakes_end_with_status_2_and_all_of_them(real_daemon, written, tmp_path):
    file = written(
        """
services:
  shout:
    lisen: unix:shout.sock
    function: functions:shout
  other:
    listen: unix:other.sock
    function: functions:shuot
  third:
    listen: unix:third.sock
    framing: line
    function: functions:shout
""",
        FUNCTIONS,
    )
    daemon = real_daemon(file)
    assert daemon.status() == 2
    assert daemon.output == ""
    lines = daemon.errors.splitlines()
    assert [line.removeprefix(f"{file}:").split(" ")[:2] for line in lines] == [
        ["4:5:", "services.shout.lisen:"],
        ["8:15:", "services.other.function:"],
        ["11:14:", "services.third.framing:"],
    ]
    assert not list(tmp_path.glob("*.sock"))
    assert not list(tmp_path.glob("*.pid"))


def test_a_function_that_does_not_fit_is_a_mistake_too(real_daemon, written):
    file = written(
        "services: {a: {listen: 'tcp://127.0.0.1:0', function: 'functions:many'}}",
        "def many(a, b, c, d): ...",
    )
    daemon = real_daemon(file)
    assert daemon.status() == 2
    assert re.fullmatch(rf"{re.escape(str(file))}:1:\d+: services\.a\.function: .+\n", daemon.errors)


def test_a_port_in_use_ends_with_status_1_and_one_line(real_daemon, written, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        port, other = taken.getsockname()[1], free.getsockname()[1]
        free.close()
        yaml = f"""
services:
  first: {{listen: [unix:first.sock, "tcp://127.0.0.1:{other}"], builtin: echo}}
  second: {{listen: ["udp://127.0.0.1:0", "tcp://127.0.0.1:{port}"], builtin: echo}}
"""
        daemon = real_daemon(written(yaml))
        assert daemon.status() == 1
        assert daemon.errors == (
            f"polyport: cannot listen: services.second.listen[1]: tcp://127.0.0.1:{port}:"
            " Address already in use\n"
        )
        assert daemon.output == ""
        assert is_refused(other)
        assert not (tmp_path / "first.sock").exists()


def test_wrong_options_are_wrong_usage(real_daemon, written):
    daemon = real_daemon(written(SHOUT, FUNCTIONS), "--log", "xml")
    assert daemon.status() == 1
    assert "--log: xml: known values: text, json" in daemon.output + daemon.errors


# -- as a daemon -------------------------------------------------------------------------------------


def test_in_the_background(written, connect, gone, tmp_path):
    file = written(SHOUT, FUNCTIONS)
    (tmp_path / "run").mkdir()
    log, pidfile = tmp_path / "polyport.log", tmp_path / "polyport.pid"
    options = (f"--pidfile={pidfile}", f"--logfile={log}", f"--rundir={tmp_path / 'run'}")
    # A relative name, although twistd changes its folder.
    started = twistd(*options, "polyport", "-c", file.name, cwd=tmp_path)
    assert (started.returncode, started.stderr) == (0, "")
    pid = int(pidfile.read_text())
    try:
        found = re.search(r"shout: listening on tcp://127\.0\.0\.1:(\d+)", log.read_text())
        assert found
        with connect(int(found[1])) as client:
            assert client.ask("hello") == b"HELLO"
        os.kill(pid, signal.SIGTERM)
        assert gone(pid)
        assert not pidfile.exists()
        assert not list(tmp_path.glob("*.sock"))
        assert "shout: stopped" in log.read_text()
    finally:
        if pidfile.exists():
            os.kill(pid, signal.SIGKILL)


def test_a_failure_of_the_background_daemon_reaches_the_shell(written, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yaml = f"services: {{a: {{listen: 'tcp://127.0.0.1:{taken.getsockname()[1]}', builtin: echo}}}}"
        pidfile = tmp_path / "polyport.pid"
        options = (f"--pidfile={pidfile}", f"--logfile={tmp_path / 'log'}", f"--rundir={tmp_path}")
        started = twistd(*options, "polyport", "-c", written(yaml), cwd=tmp_path)
    assert started.returncode == 1
    assert started.stderr.count("\n") == 1
    assert "Address already in use" in started.stderr
    assert not pidfile.exists()


# -- the log -----------------------------------------------------------------------------------------


def test_a_log_for_programs(real_daemon, written, connect):
    file = written(
        SHOUT + "  fails: {listen: 'tcp://127.0.0.1:0', function: 'functions:secret'}\n", FUNCTIONS
    )
    daemon = real_daemon(file, "--log", "json").ready()
    with connect(daemon.port("fails")) as client:
        assert client.ask("hello") == b""
    assert daemon.stop() == 0
    events = [json.loads(line) for line in daemon.output.splitlines()]
    schema = jsonschema.Draft202012Validator(log_schema())
    for event in events:
        schema.validate(event)
    started = [e for e in events if e.get("service") == "shout" and "listening" in e["message"]]
    assert len(started) == 3
    assert all(e["address"].startswith(("tcp://", "udp://", "unix:")) for e in started)
    [failed] = [e for e in events if "traceback" in e]
    assert (failed["service"], failed["level"]) == ("fails", "critical")
    assert "ValueError: on purpose" in failed["traceback"]


def test_debug_shows_connections_and_never_a_payload(real_daemon, written, connect, monkeypatch, tmp_path):
    monkeypatch.setenv("POLYPORT_TEST_SECRET", "hunter2")
    yaml = (
        SHOUT
        + """
  site:
    listen: tcp://127.0.0.1:0
    http:
      /hidden: {respond: "${env:POLYPORT_TEST_SECRET}"}
  fails: {listen: tcp://127.0.0.1:0, function: functions:secret}
"""
    )
    daemon = real_daemon(written(yaml, FUNCTIONS), "--log-level", "debug").ready()
    with connect(daemon.port("shout")) as client:
        assert client.ask("payload-one") == b"PAYLOAD-ONE"
    with connect(daemon.port("fails")) as client:
        client.ask("payload-two")
    with connect(daemon.port("shout")) as client:
        client.send(b"payload-three\xff\n")
        client.line()
    with connect(daemon.port("site")) as client:
        client.send(b"GET /hidden?payload-four HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert client.rest().endswith(b"\r\n\r\nhunter2")
    assert daemon.stop() == 0
    assert re.search(r"debug shout: \S+ connected", daemon.output)
    assert re.search(r"debug shout: \S+ closed", daemon.output)
    said = (daemon.output + daemon.errors).lower()
    assert "payload" not in said
    assert "hunter2" not in said
