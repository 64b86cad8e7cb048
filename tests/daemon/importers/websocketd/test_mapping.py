"""Command lines of websocketd as services."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from protocols.daemon.importers.imported import Import
from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.websocketd.mapping import import_command, import_websocketd
from protocols.daemon.importers.websocketd.options import KNOWN
from tests.daemon.importers.reading import only, whys


def command(text: str) -> Import:
    return import_command(shlex.split(text))


def websocket(text: str) -> dict:
    found = only(command(text))["http"]["/"]["websocket"]
    assert isinstance(found, dict)
    return found


def test_a_program_as_it_is():
    found = command("--port=8080 ./count.sh 10")
    assert found.services[0].name == "count"
    assert only(found) == {
        "listen": "tcp://:8080",
        "http": {
            "/": {
                "websocket": {
                    "program": {"command": ["./count.sh", "10"], "no_new_privileges": False},
                    "origins": "*",
                }
            }
        },
        "log": "combined",
    }
    assert not found.all_missed


@pytest.mark.parametrize(
    ("options", "listen"),
    [
        ("", "tcp://:80"),
        ("--address=127.0.0.1 --address=[::1] --port=5", ["tcp://127.0.0.1:5", "tcp://[::1]:5"]),
        ("--ssl --sslcert=a --sslkey=b", "tls://:443"),
        ("--unixsocket=/run/a.sock", "unix:///run/a.sock"),
        ("--unixsocket=/run/a.sock --port=5", ["unix:///run/a.sock", "tcp://:5"]),
    ],
)
def test_where_it_listens(options, listen):
    assert only(command(f"{options} cat"))["listen"] == listen


def test_tls():
    settings = only(command("--ssl --sslcert=a.pem --sslkey=a.key --sslca=ca.pem cat"))
    assert settings["tls"] == {
        "certificate": {"certificate": "a.pem", "key": "a.key"},
        "client": {"ca": "ca.pem"},
    }


def test_how_programs_run():
    found = websocket("--binary --maxforks=5 --closems=400 --passenv=PATH,HOME cat")
    assert found["program"] == {
        "command": ["cat"],
        "processes": 5,
        "queue": 0,
        "stdio": "raw",
        "close_wait": "500ms",
        "term_wait": "900ms",
        "inherit": ["HOME"],
        "no_new_privileges": False,
    }
    assert found["replies"] == "binary"


@pytest.mark.parametrize(
    ("options", "origins"),
    [
        ("", "*"),
        ("--sameorigin", None),
        ("--origin=https://a.org:8443", ["https://a.org:8443"]),
        ("--origin=a.org:80,b.org", ["http://a.org:80", "https://a.org:80", "http://b.org", "https://b.org"]),
    ],
)
def test_origins(options, origins):
    assert websocket(f"{options} cat").get("origins") == origins


def test_signs_of_life_and_limits():
    found = websocket("--pingms=5000 --maxframesize=65536 cat")
    assert (found["ping"], found["limit"]) == ("5s", "64KiB")


def test_header_fields():
    found = command("--header='A: b' --header-ws='C: d' --header-http='E: f' --staticdir=site cat")
    routes = only(found)["http"]
    assert routes["/websocket"]["headers"] == {"A": "b", "C": "d"}
    assert routes["/"] == {"files": "site", "headers": {"A": "b", "E": "f"}}
    assert list(whys(found)) == ["COMMAND at every path"]
    assert list(whys(command("--header='Content-Length: 5' cat"))) == ["--header=Content-Length: 5"]
    assert list(whys(command("--header='A: b' --header='A: c' cat"))) == ["--header=A: c"]


@pytest.fixture
def scripts(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.sh", "a.sh", "sub/c", "not run", "no space"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o644 if name == "not run" else 0o755)
    return tmp_path


def test_a_folder_of_programs(scripts):
    found = command(f"--dir={scripts}")
    routes = only(found)["http"]
    assert list(routes) == ["/a.sh", "/b.sh", "/sub/c"]
    assert routes["/a.sh"]["websocket"]["program"]["command"] == [f"{scripts}/a.sh"]
    assert list(whys(found)) == [f"--dir={scripts}"]


def test_a_folder_that_is_not_there(tmp_path):
    (service,) = command(f"--dir={tmp_path}/no").services
    assert [note.is_grave for note in service.missed] == [True]


def test_cgi(scripts):
    assert only(command(f"--cgidir={scripts}"))["http"] == {"/": {"cgi": str(scripts)}}
    routes = only(command(f"--cgidir={scripts} --staticdir=site"))["http"]
    assert routes["/a.sh"] == {"cgi": {"program": [f"{scripts}/a.sh"]}}
    assert routes["/"] == {"files": "site"}


def test_what_is_served_besides_websockets_can_be_loaded(scripts, loaded):
    (scripts / "no space").unlink()
    assert loaded(command(f"--port=8080 --cgidir={scripts} --staticdir={scripts} --header='A: b'"))


@pytest.mark.parametrize(
    "options", ["", "--binary --closems=100 --maxforks=5", "--origin=a.org:80 --passenv=HOME"]
)
def test_what_is_written_can_be_loaded(options, loaded):
    assert loaded(command(f"--port=8080 {options} cat"))


def test_a_redirect_names_a_host(loaded):
    _, redirect = command("--port=8080 --redirport=80 cat").services
    assert redirect.name == "cat-redirect"
    assert redirect.settings == {
        "listen": "tcp://:80",
        "http": {"/": {"redirect": "http://www.example.org:8080/"}},
        "enabled": False,
    }


@pytest.mark.parametrize(
    ("options", "grave"),
    [
        ("--reverselookup", False),
        ("--devconsole", False),
        ("--loglevel=debug", False),
        ("--maxforks=0", False),
        ("--maxframesize=0", False),
        ("--passstderr", True),
        ("--sameorigin --origin=https://a.org:1", True),
        ("--redirport=80", True),
    ],
)
def test_what_is_told(options, grave):
    assert list(whys(command(f"--port=8080 {options} cat")).values()) == [grave]


def test_every_option_is_carried_over_or_told():
    """By other tests of this file; here by their text."""
    text = Path(__file__).read_text()
    assert [name for name in KNOWN if f"--{name}" not in text and f'"{name}"' not in text] == []


@pytest.mark.parametrize("name", ["version", "license", "help", "h"])
def test_what_serves_nothing(name):
    with pytest.raises(SourceError, match="serves nothing"):
        command(f"--{name}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--port=80",
        "--dir=a cat",
        "--ssl cat",
        "--sslcert=a cat",
        "--sslca=a cat",
        "--loglevel=loud cat",
        "--passenv=A-B cat",
        "--origin=a/b cat",
        "--address=a/b cat",
        "--port=99999 cat",
        "--nosuch cat",
    ],
)
def test_what_is_malformed(text):
    with pytest.raises(SourceError, match=r"^command line: "):
        command(text)


def test_what_a_shell_would_put_there_holds_back():
    found = import_websocketd("file", 'websocketd --port=$PORT_OF_MINE "$0"\n'.replace("$PORT_OF_MINE", "80"))
    assert whys(found) == {"$0": True}


def test_a_unix_socket_has_no_tls():
    found = command("--ssl --sslcert=a --sslkey=b --unixsocket=/run/a cat")
    assert whys(found) == {"--unixsocket=/run/a": True}


def test_too_many_programs(scripts, monkeypatch):
    monkeypatch.setattr("protocols.daemon.importers.websocketd.routes.MAX_SCRIPTS", 2)
    found = command(f"--dir={scripts}")
    assert list(only(found)["http"]) == ["/a.sh", "/b.sh"]
    assert f"--dir={scripts}" in whys(found)


def test_limits_of_a_folder_are_those_of_each_program(scripts):
    (scripts / "no space").unlink()
    assert whys(command(f"--maxforks=5 --dir={scripts}")) == {"--maxforks=5": False}
