"""``polyport init``: the files to begin with."""

from __future__ import annotations

import configparser
import os
import re
import sys
from pathlib import Path

import pytest

from protocols.daemon.command.init import STARTER, rendered

BIN = Path(sys.executable).parent
ON_THE_PATH = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
"""An environment in which ``polyport`` is found by its name."""


def test_a_new_folder(polyport, tmp_path):
    done = polyport("init", "deep/hello", cwd=tmp_path, env=ON_THE_PATH)
    assert (done.returncode, done.stderr) == (0, b"")
    folder = tmp_path / "deep" / "hello"
    assert sorted(path.name for path in folder.iterdir()) == sorted(STARTER)
    *wrote, following, then = done.stdout.decode().splitlines()
    assert wrote == [f"wrote deep/hello/{name}" for name in STARTER]
    assert following == "next: cd deep/hello && polyport run"
    assert then == "then: echo hello | polyport send tcp://127.0.0.1:7000"


def test_what_is_written_has_no_problem(polyport, tmp_path):
    polyport("init", cwd=tmp_path)
    done = polyport("check", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_here(polyport, tmp_path):
    done = polyport("init", cwd=tmp_path, env=ON_THE_PATH)
    assert b"\nnext: polyport run\n" in done.stdout


def test_a_command_that_is_not_on_the_path_is_named_in_full(polyport, tmp_path):
    done = polyport("init", cwd=tmp_path, env={**os.environ, "PATH": "/nowhere"})
    assert re.search(rb"^next: /\S+ run$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", STARTER)
def test_nothing_is_overwritten(polyport, tmp_path, name):
    (tmp_path / name).write_text("mine")
    done = polyport("init", cwd=tmp_path)
    assert done.returncode == 1
    assert f"{name} exists; --force overwrites it".encode() in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
    assert polyport("init", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / name).read_text() != "mine"


def test_a_folder_that_cannot_be(polyport, tmp_path):
    (tmp_path / "file").write_text("")
    done = polyport("init", "file/below", cwd=tmp_path)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"file/below" in done.stderr


def test_the_unit_starts_this_twistd_with_this_folder(polyport, tmp_path):
    polyport("init", "--force", "hello", cwd=tmp_path)
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(tmp_path / "hello" / "polyport.service")
    twistd = Path(sys.executable).with_name("twistd")
    assert unit["Service"]["ExecStart"] == (
        f"{twistd} --nodaemon --pidfile= polyport --config={tmp_path}/hello/polyport.yaml"
    )


def test_the_starter_answers(polyport, real_daemon, tmp_path):
    polyport("init", cwd=tmp_path)
    file = tmp_path / "polyport.yaml"
    file.write_text(file.read_text().replace(":7000", ":0").replace(":7001", ":0").replace(":8080", ":0"))
    daemon = real_daemon(file).ready()
    said = polyport("send", f"tcp://127.0.0.1:{daemon.port('shout')}", "hello").stdout
    assert said == b"HELLO\n"
    order = '{"item": "tea", "count": 2}'
    for address in daemon.addresses("quote"):
        assert polyport("send", address, order).stdout == b'{"item":"tea","total":7.0}\n'
    assert daemon.stop() == 0


def test_every_starter_file_is_made_of_its_template():
    for name in STARTER:
        text = rendered(name, "/opt/bin/twistd", "/etc/here")
        assert "$twistd" not in text
        assert "$folder" not in text
