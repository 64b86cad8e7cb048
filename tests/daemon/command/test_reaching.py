"""From a YAML file to the daemon that serves it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import pytest_twisted
from click.testing import CliRunner

from protocols.daemon.command import daemon_client, main, reaching
from protocols.daemon.control import place
from protocols.daemon.control.place import places


@pytest.fixture(autouse=True)
def no_unit(monkeypatch, tmp_path):
    """No daemon of the machine is found."""
    monkeypatch.setattr(place, "UNIT", tmp_path / "unit" / "control.sock")
    monkeypatch.setattr(place, "RUN", tmp_path / "run")


@pytest.fixture
def answering() -> Iterator:
    """Listen at a path, and answer the first connection with what is given."""
    listening: list[socket.socket] = []
    threads: list[Thread] = []

    def answer(path: Path, said: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()
        listening.append(server)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(said)
                connection.recv(1000)  # until the other end has had enough

        threads.append(Thread(target=serve))
        threads[-1].start()

    yield answer
    for thread in threads:
        thread.join(20)
    for server in listening:
        server.close()


def status(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["status", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def own_place(config: str = "polyport.yaml") -> Path:
    import os

    return next(places(Path(config), os.environ, os.geteuid()))


@pytest_twisted.ensureDeferred
async def test_by_the_file_in_every_way(asked, runtime_folder):
    for arguments in (
        ("status",),
        ("status", "polyport.yaml"),
        ("status", "-c", str(runtime_folder / "polyport.yaml")),
        ("status", "--socket", str(own_place())),
        ("status", "--socket", f"unix:{own_place()}"),
    ):
        done = await asked(*arguments)
        assert (done.exit_code, done.stderr) == (0, "")


def test_nobody_there(runtime_folder):
    code, out, err = status()
    assert (code, out) == (1, "")
    assert err.splitlines()[0] == "polyport: no daemon for polyport.yaml can be reached:"
    assert f"  {own_place()}: there is no such socket" in err.splitlines()
    assert err.splitlines()[-1].startswith("Is it running?  -c FILE")


def test_neither_a_daemon_nor_a_file(runtime_folder):
    assert "  shop: there is no such file either" in status("shop")[2].splitlines()
    assert "  polyport.yaml: there is no such file either" in status()[2].splitlines()
    Path("polyport.yaml").write_text("")
    assert "there is no such file either" not in status()[2]


def test_nobody_there_any_more(runtime_folder):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(own_place()))
    assert f"{own_place()}: nobody listens there any more" in status()[2]
    code, _, err = status("--socket", own_place())
    assert code == 1
    assert "the daemon cannot be reached" in err


def test_a_file_that_is_no_socket(runtime_folder):
    Path("polyport.yaml").write_text("")
    assert "polyport.yaml: it is no socket" in status("--socket", "polyport.yaml")[2]


def test_a_place_that_only_others_may_use(runtime_folder, monkeypatch):
    def refuse(address: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(daemon_client.DaemonClient, "at", refuse)
    assert "only root and the daemon's user may ask it" in status("--socket", "/run/x.sock")[2]


def test_a_file_that_says_where(runtime_folder, answering):
    Path("polyport.yaml").write_text("server: {control: 'unix:mine.sock'}\n")
    answering(Path("mine.sock"), b'{"id":1,"problem":"I am here"}\n')
    assert status() == (2, "", "polyport: I am here\n")


def test_a_file_that_says_where_by_a_secret(runtime_folder, answering, monkeypatch):
    monkeypatch.setenv("WHERE", "there.sock")
    Path("polyport.yaml").write_text("server: {control: 'unix:${env:WHERE}'}\n")
    answering(Path("there.sock"), b'{"id":1,"problem":"I am here"}\n')
    assert status() == (2, "", "polyport: I am here\n")
    monkeypatch.delenv("WHERE")
    assert "the environment variable WHERE is not set" in status()[2]


def test_a_file_that_says_off(runtime_folder):
    Path("polyport.yaml").write_text("server: {control: off}\n")
    code, _, err = status()
    assert (code, err) == (1, "polyport: polyport.yaml: server.control is off: this daemon cannot be asked\n")


@pytest.mark.parametrize("text", ["", "[", "server:", "server: {control: [1]}", "server: {control: 7}"])
def test_a_file_with_problems_is_no_reason_not_to_ask(runtime_folder, text, answering):
    Path("polyport.yaml").write_text(text)
    answering(own_place(), b'{"id":1,"problem":"asked"}\n')
    assert status() == (2, "", "polyport: asked\n")


def test_the_daemon_of_the_unit(runtime_folder, answering):
    hello = b'{"id":1,"answer":{"config":"/etc/polyport/polyport.yaml"}}\n{"id":2,"problem":"asked"}\n'
    answering(place.UNIT, hello)
    assert status() == (2, "", "polyport: asked\n"), "without a file here, that is the one that is meant"


def test_the_daemon_of_the_unit_is_for_another_file(runtime_folder, answering):
    Path("polyport.yaml").touch()
    answering(place.UNIT, b'{"id":1,"answer":{"config":"/etc/polyport/polyport.yaml"}}\n')
    code, _, err = status()
    assert code == 1
    assert "the daemon of the unit is for /etc/polyport/polyport.yaml" in err


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"220 mail ESMTP\r\n", "what answers there is no daemon: a line is not JSON"),
        (b'{"id":1,"answer":', ".sock: the daemon does not answer within 0.1 s\n"),
    ],
)
def test_somebody_else_answers(runtime_folder, answering, said, why, monkeypatch):
    monkeypatch.setattr(daemon_client.DaemonClient.call, "__kwdefaults__", None)
    monkeypatch.setattr(daemon_client.DaemonClient.call, "__defaults__", (0.1,))
    answering(own_place(), said)
    code, _, err = status()
    assert code == 1
    assert why in err


def test_service_names_are_completed(runtime_folder):
    Path("polyport.yaml").write_text("services: {shop: {}, shout: {}, echo: {}}\ninclude: more.yaml\n")
    Path("more.yaml").write_text("services: {shell: {}}\n")
    environment = {
        "_POLYPORT_COMPLETE": "bash_complete",
        "COMP_WORDS": "polyport drain sh",
        "COMP_CWORD": "2",
    }
    done = CliRunner().invoke(main, [], prog_name="polyport", env=environment)
    assert done.output.split() == ["plain,shop", "plain,shout", "plain,shell"]
    Path("polyport.yaml").write_text("[")
    assert CliRunner().invoke(main, [], prog_name="polyport", env=environment).output == "\n"


def test_every_command_says_what_its_statuses_mean():
    for name in (
        "status",
        "top",
        "reload",
        "upgrade",
        "drain",
        "connections",
        "kill",
        "tap",
        "penalties",
        "log",
    ):
        shown = CliRunner().invoke(main, [name, "--help"]).output
        assert "1    no daemon can be reached" in shown
        assert "Examples:" in shown
        assert "--socket PATH" in shown
        assert "--config" in shown


def test_wrong_usage_has_the_same_status():
    assert reaching.REFUSED == CliRunner().invoke(main, ["drain"]).exit_code == 2
