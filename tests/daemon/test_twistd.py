"""The options of ``twistd polyport``, and where its log goes."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest
from twisted.logger import LogLevel
from twisted.python import usage
from twisted.scripts.twistd import ServerOptions

from protocols.daemon import twistd
from protocols.daemon.log import observer, threshold
from protocols.daemon.log.flood import BURST
from protocols.daemon.log.shared_file import SharedLogFile
from protocols.daemon.twistd import Options, chosen_observer, makeService
from protocols.journal import Journal

HELLO = {"log_format": "hello", "log_level": LogLevel.info, "log_namespace": "polyport"}


@pytest.fixture(autouse=True)
def _journal_as_it_was(monkeypatch):
    # The log level decides about it, for the whole process.
    monkeypatch.setattr(Journal, "follows_connections", Journal.follows_connections)
    yield
    threshold.set("info")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def options(*arguments: str) -> Options:
    made = Options()
    made.parent = None
    made.parseOptions(arguments)
    return made


def test_defaults(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    made = options()
    assert (made["config"], made["log"], made["log-level"]) == (
        str(tmp_path / "polyport.yaml"),
        None,
        "info",
    )


def test_a_relative_file_is_of_the_folder_it_was_named_in(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    made = options("-c", "sub/p.yaml")
    monkeypatch.chdir("/")
    assert made["config"] == str(tmp_path / "sub" / "p.yaml")


@pytest.mark.parametrize(("option", "value"), [("--log", "xml"), ("--log-level", "loud")])
def test_values_that_are_not_known(option, value):
    with pytest.raises(usage.UsageError, match=f"{option}: {value}: known values: "):
        options(option, value)


@pytest.fixture
def parsed(monkeypatch):
    """What twistd makes of a command line."""
    from twisted.internet import reactor

    monkeypatch.setattr(Options, "chosen", None)
    # The reactor of the tests outlives the files of their logs.
    monkeypatch.setattr(reactor, "addSystemEventTrigger", lambda *trigger: None)
    monkeypatch.setattr(reactor, "callFromThread", lambda *call: None)
    handler = signal.getsignal(signal.SIGUSR1)

    def parse(*arguments: str) -> ServerOptions:
        made = ServerOptions()
        made.parseOptions(arguments)
        return made

    yield parse
    signal.signal(signal.SIGUSR1, handler)


def test_twistd_is_told_of_our_log(parsed):
    assert parsed("-n", "polyport")["logger"] is chosen_observer


def test_a_logger_that_was_asked_for_stays(parsed):
    assert parsed("--logger=protocols.daemon.log.observer", "polyport")["logger"] is observer
    assert not parsed("--syslog", "polyport")["logger"]


def test_the_log_of_the_foreground_is_standard_output(parsed, capsys):
    parsed("-n", "polyport", "--log", "json")
    chosen_observer()(HELLO)
    assert '"message": "hello"' in capsys.readouterr().out


@pytest.fixture
def closed_logs(monkeypatch):
    """Every log file that is opened is closed after the test."""
    opened = []
    real = SharedLogFile.fromFullPath
    monkeypatch.setattr(
        SharedLogFile,
        "fromFullPath",
        lambda *given, **named: opened.append(real(*given, **named)) or opened[-1],
    )
    yield
    for file in opened:
        file.close()


@pytest.mark.usefixtures("closed_logs")
@pytest.mark.parametrize("foreground", [("-n",), ()])
def test_the_log_of_a_file(parsed, tmp_path, foreground):
    parsed(*foreground, f"--logfile={tmp_path / 'log'}", "polyport")
    chosen_observer()(HELLO)
    assert (tmp_path / "log").read_text().endswith("info  hello\n")
    assert mode(tmp_path / "log") == 0o640


@pytest.mark.usefixtures("closed_logs")
def test_a_log_file_that_exists_keeps_its_mode(parsed, tmp_path):
    log = tmp_path / "log"
    log.touch()
    log.chmod(0o604)
    parsed(f"--logfile={log}", "polyport")
    chosen_observer()
    assert mode(log) == 0o604


@pytest.mark.usefixtures("closed_logs")
def test_a_handler_of_the_users_stays(parsed, tmp_path):
    def own(number, frame):
        raise AssertionError

    signal.signal(signal.SIGUSR1, own)
    parsed(f"--logfile={tmp_path / 'log'}", "polyport")
    chosen_observer()
    assert signal.getsignal(signal.SIGUSR1) is own


def test_a_configuration_with_problems_ends_the_process(written, capsys, forgotten_imports):
    made = options("-c", str(written("services: {a: {listen: 'tcp://:0'}}")))
    with pytest.raises(SystemExit) as ended:
        makeService(made)
    assert ended.value.code == 2
    assert "services.a" in capsys.readouterr().err


def test_an_address_that_cannot_be_had_ends_the_process(written, capsys, forgotten_imports):
    made = options("-c", str(written("services: {a: {listen: 'unix:nowhere/s', builtin: echo}}")))
    with pytest.raises(SystemExit) as ended:
        makeService(made)
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("polyport: cannot listen: services.a.listen[0]: ")
    assert said.count("\n") == 1


def test_nothing_was_handed_over_to_the_tests():
    assert twistd.INHERITED == {}


ECHO = "services: {echo: {listen: 'unix:echo.sock', builtin: echo}}"


def echo_once(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        client.sendall(b"hello\n")
        return client.recv(100)


def test_sigusr1_rotates_the_log_and_the_daemon_goes_on(real_daemon, written, tmp_path):
    log, older = tmp_path / "log", tmp_path / "log.1"
    command = [sys.executable, str(Path(sys.executable).with_name("twistd")), f"--logfile={log}"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as news:
        news.settimeout(20)
        news.bind(str(tmp_path / "notify"))
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        daemon = real_daemon(written(ECHO), command=command, env=environment)
        assert news.recv(100).startswith(b"READY=1\n")
        daemon.send_signal(signal.SIGUSR1)
        # Connections are taken after the signal: what answers one has heeded it.
        assert echo_once(tmp_path / "echo.sock") == b"hello\n"
        assert daemon.stop() == 0
    assert re.search(r"\bready\b", older.read_text())
    assert "SIGTERM: stopping" in log.read_text()
    assert not re.search(r"\bready\b", log.read_text())
    assert (mode(log), mode(older)) == (0o640, 0o640)


def test_sigusr1_does_nothing_where_the_log_is_no_file(real_daemon, written, tmp_path):
    daemon = real_daemon(written(ECHO)).ready()
    daemon.send_signal(signal.SIGUSR1)
    assert echo_once(tmp_path / "echo.sock") == b"hello\n"
    assert daemon.stop() == 0


def test_what_the_journal_reads_has_priorities(parsed, capfd, monkeypatch):
    found = os.fstat(1)
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
    parsed("-n", "polyport")
    chosen_observer()(HELLO)
    assert capfd.readouterr().out == "<6>hello\n"
    parsed("-n", "polyport", "--log", "text")
    chosen_observer()(HELLO)
    assert capfd.readouterr().out.endswith("info  hello\n")


@pytest.mark.usefixtures("closed_logs")
def test_a_file_has_none_whoever_reads_standard_output(parsed, tmp_path, monkeypatch):
    found = os.fstat(1)
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
    parsed("-n", f"--logfile={tmp_path / 'log'}", "polyport")
    chosen_observer()(HELLO)
    assert (tmp_path / "log").read_text().endswith("info  hello\n")


def test_a_flood_is_cut_short(parsed, capsys):
    parsed("-n", "polyport")
    observe = chosen_observer()
    for _ in range(BURST + 1):
        observe(HELLO)
    assert capsys.readouterr().out.count("hello") == BURST
