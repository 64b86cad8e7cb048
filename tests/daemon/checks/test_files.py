"""Folders and files that services need."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

TEXT = """\
services:
  web: {{listen: tcp://127.0.0.1:0, http: {{/: {{files: {folder}}}}}{more}}}
  quote: {{listen: tcp://127.0.0.1:0, builtin: {{qotd: {{file: {file}}}}}{more}}}
"""


def write(place: Path, **words: str) -> Path:
    (place / "site").mkdir()
    (place / "quotes.txt").write_text("Less is more.\n")
    file = place / "main.yaml"
    file.write_text(TEXT.format(**{"more": "", **words}))
    return file


def test_what_is_there(tmp_path: Path) -> None:
    services = load(write(tmp_path, folder="site", file="quotes.txt")).config.services
    assert services["web"].http is not None
    assert services["web"].http["/"].settings.folder == tmp_path / "site"
    assert services["quote"].builtin is not None
    assert services["quote"].builtin.settings.file == tmp_path / "quotes.txt"


@pytest.mark.parametrize(
    ("folder", "file", "expected"),
    [
        ("none", "none.txt", {"the folder none does not exist", "the file none.txt does not exist"}),
        ("quotes.txt", "site", {"the folder quotes.txt is not a folder", "the file site is not a file"}),
        ("/nowhere/x", "quotes.txt", {"the folder /nowhere/x does not exist"}),
    ],
)
def test_what_is_not(tmp_path: Path, folder: str, file: str, expected: set[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        load(write(tmp_path, folder=folder, file=file))
    assert {problem.message for problem in raised.value.problems} == expected


def test_disabled_services_need_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, folder="none", file="none.txt", more=", enabled: false")
    assert not load(file).config.services["web"].enabled


def test_authorities_of_a_proxy(tmp_path: Path) -> None:
    file = tmp_path / "main.yaml"
    route = "{/: {proxy: {origins: https://a, ca: none.pem}}}"
    file.write_text(f"services: {{web: {{listen: tcp://127.0.0.1:0, http: {route}}}}}")
    with pytest.raises(ConfigError) as raised:
        load(file)
    (problem,) = raised.value.problems
    assert problem.message == "the file none.pem does not exist"
