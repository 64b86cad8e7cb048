"""The commands that ask a daemon, and a real one."""

from __future__ import annotations

import json
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

YAML = """
services:
  echo: {listen: "tcp://127.0.0.1:0", builtin: echo}
  web: {listen: "tcp://127.0.0.1:0", http: {/: {respond: hi}}}
"""


@pytest.fixture
def config(written) -> Path:
    return written(YAML)


@pytest.fixture
def daemon(real_daemon, config):
    return real_daemon(config).ready()


@pytest.fixture
def ask(polyport, config, monkeypatch) -> Callable[..., tuple[int, str, str]]:
    """Run ``polyport`` beside the YAML file: status, standard output, standard error."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(config.parent))

    def ask(*arguments: str) -> tuple[int, str, str]:
        done = polyport(*arguments, cwd=config.parent)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return ask


def sockets(folder: Path) -> list[Path]:
    return list(folder.glob("polyport-*.sock"))


def test_from_the_first_look_to_the_last(daemon, ask, connect, config):
    (path,) = sockets(config.parent)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with connect(daemon.port("echo")) as client:
        assert client.ask("hello") == b"hello"
        status, out, err = ask("status", "--json")
        assert (status, err) == (0, "")
        told = json.loads(out)
        assert (told["pid"], told["config"]) == (daemon.pid, str(config))
        assert {one["name"]: one["open"] for one in told["services"]} == {"echo": 1, "web": 0}
        (one,) = json.loads(ask("connections", "echo", "--json")[1])
        assert ask("kill", one["id"]) == (0, f"{one['peer']} of echo is closed\n", "")
        assert client.rest() == b""
    assert ask("connections") == (0, "no connections\n", "")
    daemon.stop()
    assert sockets(config.parent) == []
    assert ask("status")[0] == 1


def test_a_reload(daemon, ask, config):
    config.write_text(YAML + "  more: {listen: 'tcp://127.0.0.1:0', builtin: echo}\n")
    assert ask("reload") == (0, "2 kept, 0 changed, 1 added, 0 dropped\n", "")
    config.write_text("services: {echo: {lisen: 7}}\nx: 5\n")
    status, out, err = ask("reload")
    assert (status, out) == (2, "")
    assert "polyport.yaml:1:19: services.echo.lisen: this key is not known" in err
    assert "polyport.yaml:2:1: x: this key is not known" in err
    assert err.splitlines()[-1].endswith("nothing has changed")
    told = json.loads(ask("status", "--json")[1])
    assert (told["reloads"]["done"], told["reloads"]["refused"]) == (1, 1)
    assert [one["name"] for one in told["services"]] == ["echo", "web", "more"]


def test_the_level_of_the_log(daemon, ask, connect):
    assert ask("log", "debug")[0] == 0
    with connect(daemon.port("echo")) as client:
        client.ask("hello")
    daemon.expect("debug echo: tcp://127.0.0.1:[0-9]+ connected")


def test_two_daemons_with_one_file(daemon, real_daemon, config, ask):
    second = real_daemon(config).ready()
    assert "no control socket" in second.output
    assert json.loads(ask("status", "--json")[1])["pid"] == daemon.pid
    second.stop()
    assert len(sockets(config.parent)) == 1, "that of the first"


def test_one_that_died_leaves_no_obstacle(daemon, real_daemon, config, ask):
    daemon.stop(signal.SIGKILL)
    assert len(sockets(config.parent)) == 1
    assert "nobody listens there any more" in ask("status")[2]
    again = real_daemon(config).ready()
    assert json.loads(ask("status", "--json")[1])["pid"] == again.pid


def test_a_place_of_its_own(real_daemon, written, config, ask):
    written("server: {control: 'unix:mine.sock'}" + YAML)
    first = real_daemon(config).ready()
    assert json.loads(ask("status", "--json")[1])["pid"] == first.pid
    second = real_daemon(config)
    assert second.status() == 1
    assert "cannot listen: server.control: " in second.errors
    assert "another process listens there" in second.errors
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(20)
        plain.connect(str(config.parent / "mine.sock"))
        plain.sendall(b'{"id":1,"do":"penalties"}\n')
        plain.shutdown(socket.SHUT_WR)
        assert plain.makefile("rb").read() == b'{"id":1,"answer":[]}\n'


def test_none(real_daemon, written, config, ask):
    written("server: {control: off}" + YAML)
    real_daemon(config).ready()
    assert sockets(config.parent) == []
    assert ask("status")[0] == 1
