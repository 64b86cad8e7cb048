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

import pytest

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
    assert re.search(r"shout: stopped \(connections: 1\)", daemon.output)
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


def test_hangup_is_ignored_where_there_is_no_terminal(daemon, connect):
    daemon.send_signal(signal.SIGHUP)
    daemon.expect("warn  SIGHUP ignored: restart the daemon")
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
    file = written(SHOUT + "  fails: {listen: 'tcp://127.0.0.1:0', function: 'functions:secret'}\n", FUNCTIONS)
    daemon = real_daemon(file, "--log", "json").ready()
    with connect(daemon.port("fails")) as client:
        assert client.ask("hello") == b""
    assert daemon.stop() == 0
    events = [json.loads(line) for line in daemon.output.splitlines()]
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


# -- sockets from systemd ----------------------------------------------------------------------------

ACTIVATED = """
services:
  shout: {listen: "fd://line", function: "functions:shout"}
  datagrams: {listen: "fd://udp", function: "functions:shout"}
"""

HAND_OVER = """
import os, sys
descriptors, names, *command = sys.argv[1:]
descriptors = [int(one) for one in descriptors.split(",")]
for index, one in enumerate(descriptors):
    os.dup2(one, 3 + index)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(descriptors)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""

EATEN = "import sys, twisted.internet.endpoints; from twisted.scripts.twistd import run; run()"


@pytest.mark.parametrize("eaten", [False, True], ids=["", "after twisted.internet.endpoints was imported"])
def test_sockets_that_are_handed_over(real_daemon, written, connect, tmp_path, eaten):
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
        wrapper = [sys.executable, "-c", HAND_OVER, ",".join(map(str, high)), "line:line:udp"]
        try:
            daemon = real_daemon(
                written(ACTIVATED, FUNCTIONS),
                command=[*wrapper, sys.executable, *program],
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


def test_a_socket_for_datagrams_does_not_suit_http(real_daemon, written):
    yaml = "services: {site: {listen: 'fd://udp', http: {/: {respond: fine}}}}"
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        high = os.dup2(udp.fileno(), 70)
        wrapper = [sys.executable, "-c", HAND_OVER, str(high), "udp"]
        program = [sys.executable, str(Path(sys.executable).with_name("twistd"))]
        try:
            daemon = real_daemon(written(yaml), command=[*wrapper, *program], pass_fds=[high])
        finally:
            os.close(high)
        assert daemon.status() == 1
    assert "services.site.listen[0]: fd://udp: the socket is one for datagrams" in daemon.errors


def test_readiness_is_told(real_daemon, written, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(20)
        systemd.bind(str(tmp_path / "notify"))
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        daemon = real_daemon(written(SHOUT, FUNCTIONS), env=environment)
        assert systemd.recv(100) == b"READY=1"
        # Whoever is told may connect.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "shout.sock"))
        assert daemon.stop() == 0
        assert systemd.recv(100) == b"STOPPING=1"


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
