"""Which script a path means."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.http import HTTPError
from protocols.http.routes.cgi.script import OneProgram, ScriptFolder
from protocols.http.target import decode_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "cgi-bin"
    (root / "below" / "deep").mkdir(parents=True)
    (root / ".hidden").mkdir()
    for name in ("run", "nph-run", "below/run", "below/deep/run.sh", ".hidden/run", "../outside"):
        (root / name).write_text("#!/bin/sh\n")
        (root / name).chmod(0o755)
    (root / "text").write_text("x")
    (root / "text.py").write_text("x")
    (root / "link").symlink_to(root / "below" / "run")
    (root / "escape").symlink_to(tmp_path / "outside")
    (root / "upwards").symlink_to(tmp_path)
    os.mkfifo(root / "pipe", 0o755)
    return root


@pytest.mark.parametrize(
    ("rest", "name", "info"),
    [
        ("run", "run", ""),
        ("run/", "run", "/"),
        ("run/a/b", "run", "/a/b"),
        ("run//a", "run", "//a"),
        ("below/run", "below/run", ""),
        ("below/deep/run.sh/run", "below/deep/run.sh", "/run"),
        ("link/x", "link", "/x"),
        ("text.py/x", "text.py", "/x"),
    ],
)
def test_the_first_file_along_the_path(folder: Path, rest: str, name: str, info: str) -> None:
    script = ScriptFolder(folder, {".py": [sys.executable, "-I"]}).find(rest)
    assert (script.name, script.info) == (name, info)
    assert script.file == os.path.realpath(folder / name)
    assert script.folder == str(Path(script.file).parent)
    interpreter = (sys.executable, "-I") if name == "text.py" else ()
    assert script.arguments == (*interpreter, script.file)


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("", 404),
        ("below", 404),
        ("below/", 404),
        ("nothing", 404),
        ("/run", 404),
        ("below//run", 404),
        (".hidden/run", 404),
        ("pipe", 404),
        ("escape", 404),
        ("upwards/outside", 404),
        ("../outside", 404),
        ("text", 403),
        ("text.py", 403),
        ("a\0b", 404),
    ],
)
def test_what_is_no_script(folder: Path, rest: str, status: int) -> None:
    with pytest.raises(HTTPError) as raised:
        ScriptFolder(folder, {}).find(rest)
    assert raised.value.status == status


names = st.sampled_from(
    ["run", "below", "deep", "..", ".", "", "upwards", "outside", "%2e%2e", "link", "%2f"]
)


@given(parts=st.lists(names, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_path_leads_out(folder: Path, parts: list[str]) -> None:
    with suppress(HTTPError):
        script = ScriptFolder(folder, {}).find(decode_path("/" + "/".join(parts))[1:])
        assert script.file.startswith(f"{os.path.realpath(folder)}/")


def test_names_that_write_the_whole_head(folder: Path) -> None:
    scripts = ScriptFolder(folder, {})
    assert scripts.find("nph-run/x").writes_head
    assert not scripts.find("run/nph-run").writes_head


def test_one_program_is_never_told_the_words_of_a_query() -> None:
    script = OneProgram(["sh", "-c", "true"]).find("a/b")
    assert script.arguments[1:] == ("-c", "true")
    assert script.arguments[0].endswith("/sh")
    assert (script.name, script.info, script.takes_words) == ("", "/a/b", False)


def test_what_is_not_there(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="/nowhere/x"):
        OneProgram(["/nowhere/x"])
    with pytest.raises(FileNotFoundError, match="nothing"):
        ScriptFolder(folder, {".x": ["nothing"]})
    with pytest.raises(FileNotFoundError):
        ScriptFolder(tmp_path / "nowhere", {})
    with pytest.raises(NotADirectoryError):
        ScriptFolder(folder / "run", {})
