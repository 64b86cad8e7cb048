"""No secret is said: not by a problem, a command, or the log."""

from __future__ import annotations

import copy
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from protocols.daemon import yaml_reader
from protocols.daemon.assembly import Setting, assemble
from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

CONFIG = Path(__file__).parents[2] / "config"
LONG, SHORT = "hunter2-Zq", "q9Z"
REFERENCE = "${env:PLANTED}"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value that is no mapping or list."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*path, key))
    else:
        yield path


def planted(data: Any, paths: list[tuple[Any, ...]], text: str) -> Any:
    """`data` with `text` at each of `paths`."""
    data = copy.deepcopy(data)
    for path in paths:
        inside = data
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = text
    return data


@pytest.fixture
def folder(tmp_path, example_certificates):
    """The folder of examples."""
    shutil.copytree(CONFIG, tmp_path / "config", ignore=shutil.ignore_patterns("tls", "__pycache__"))
    shutil.copytree(example_certificates, tmp_path / "config" / "tls")
    return tmp_path / "config"


@pytest.mark.parametrize("secret", [LONG, SHORT])
@pytest.mark.parametrize("text", [REFERENCE, f"a{REFERENCE}"])
def test_no_problem_of_any_value_shows_it(folder, secret, text):
    data = yaml_reader.read(folder / "full.yaml").data
    groups = defaultdict(list)
    for path in leaves(data):
        groups[path[:4]].append(path)
    # One value of each part at a time, so that no problem hides another.
    said = ""
    for paths in zip_longest(*groups.values()):
        file = folder / "main.yaml"
        file.write_text(json.dumps(planted(data, [path for path in paths if path], text)))
        try:
            load(file, environment={"PLANTED": secret})
        except ConfigError as error:
            said += str(error)
    assert "the value that the reference to a secret gives is not accepted here" in said
    assert secret.lower() not in said.lower()


def site(**routes: Any) -> dict[str, Any]:
    return {"listen": "tcp://:0", "http": {f"/{name}": route for name, route in routes.items()}}


@pytest.mark.parametrize("secret", [LONG, SHORT])
@pytest.mark.parametrize(
    "service",
    [
        site(a={"cgi": {"program": [REFERENCE]}}),
        {
            "listen": "tcp://:0",
            "http": {"/a/": {"cgi": {"folder": ".", "interpreters": {".sh": [REFERENCE]}}}},
        },
        site(a={"redirect": REFERENCE}),
        site(a={"auth": {"bearer": REFERENCE}, "respond": "a"}),
        site(a={"access": {"allow": {"uids": REFERENCE}}, "respond": "a"}),
        site(a={"access": {"allow": REFERENCE}, "respond": "a"}),
        site(a={"function": f"functions:{REFERENCE}"}),
        site(a={"function": f"{REFERENCE}:shout"}),
        {**site(a={"respond": "a"}), "log": {"file": f"{REFERENCE}/a.log"}},
        {**site(a={"respond": "a"}), "trusted": [REFERENCE]},
        {"listen": "tcp://:0", "builtin": {"qotd": {"file": REFERENCE}}},
        {"listen": "tcp://:0", "factory": f"functions:{REFERENCE}"},
        {"listen": "tls://:0", "tls": REFERENCE, "builtin": "echo"},
        {
            "listen": "tls://:0",
            "tls": {"certificate": {"certificate": REFERENCE, "key": "a"}},
            "builtin": "echo",
        },
        {"listen": [f"unix:@{REFERENCE}", f"unix:@{REFERENCE}"], "builtin": "echo"},
    ],
)
def test_no_problem_with_what_it_names_shows_it(written, clock, forgotten_imports, secret, service):
    file = written(json.dumps({"services": {"a": service}}))
    with pytest.raises(ConfigError) as raised:
        assemble(load(file, importer(file.parent), {"PLANTED": secret}), Setting(clock))
    assert secret.lower() not in str(raised.value).lower()


REAL = """
services:
  a:
    listen: ["unix:@${env:PLANTED}", "tcp://127.0.0.1:0"]
    function: functions:fail
  site:
    listen: tcp://127.0.0.1:0
    http:
      /proxy/: {proxy: {origins: "unix:${env:PLANTED}.sock", connect: 1s}}
      /cgi: {cgi: {program: [./fail.sh, "${env:PLANTED}"], environment: {PASSWORD: "${env:PLANTED}"}}}
      /login: {respond: a, auth: {basic: "${env:PLANTED}"}}
"""
FUNCTIONS = """
import os
def fail(message: str) -> str:
    raise RuntimeError(f"{message} does not like {os.environ['PLANTED']}")
"""


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_log_shows_it(real_daemon, written, connect, tmp_path, monkeypatch, style):
    monkeypatch.setenv("PLANTED", LONG)
    (tmp_path / LONG).write_text("")
    (tmp_path / LONG).chmod(0o644)
    script = tmp_path / "fail.sh"
    script.write_text('#!/bin/sh\necho "$PASSWORD $1" >&2\nexit 3\n')
    script.chmod(0o755)
    daemon = real_daemon(written(REAL, FUNCTIONS), "--log", style, "--log-level", "debug").ready()
    with connect(daemon.port("a")) as client:
        client.send(b"eve\n")
        assert client.rest() == b""
    for path in ("/proxy/", "/cgi", "/login"):
        with connect(daemon.port("site")) as client:
            client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            assert client.rest().startswith((b"HTTP/1.1 502", b"HTTP/1.1 401", b"HTTP/1.1 503"))
    daemon.stop()
    said = daemon.output + daemon.errors
    assert "eve does not like ***" in said
    assert "listening on unix:@***" in said
    assert LONG not in said


def test_who_cannot_listen_does_not_show_it(real_daemon, written, monkeypatch):
    monkeypatch.setenv("PLANTED", LONG)
    yaml = "services: {a: {listen: '%s', builtin: echo}}\n"
    first = real_daemon(written(yaml % "unix:@${env:PLANTED}")).ready()
    second = real_daemon(written(yaml % "unix:@${env:PLANTED}"))
    assert second.status() == 1
    said = second.output + second.errors
    assert "cannot listen: services.a.listen[0]: unix:@***" in said
    assert LONG not in said
    assert first.stop() == 0
