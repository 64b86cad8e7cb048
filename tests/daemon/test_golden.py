"""Mistaken configurations, and every word of what is said about them.

After a change that is meant, ``POLYPORT_GOLDEN=write`` in the environment writes the files anew; read
the difference before keeping it.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

FOLDER = Path(__file__).parent.parent / "golden" / "config"
SECRET = "hunter2:x"
CASES = sorted(FOLDER.glob("*.yaml"))


@pytest.fixture(autouse=True)
def _in_the_folder(monkeypatch: pytest.MonkeyPatch, forgotten_imports: None) -> None:
    monkeypatch.chdir(FOLDER)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def problems(name: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load(name, importer(Path()), {"PASSWORD": SECRET})
    said = f"{raised.value}\n".replace(str(FOLDER), "FOLDER")
    return said.replace(sysconfig.get_path("stdlib"), "STDLIB")


def test_there_are_cases() -> None:
    assert len(CASES) > 15


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_all_problems_are_said(file: Path) -> None:
    found, expected = problems(file.name), file.with_suffix(".txt")
    if os.environ.get("POLYPORT_GOLDEN") == "write":
        expected.write_text(found)
    assert found == expected.read_text()


def test_no_secret_is_said() -> None:
    said = problems("secrets.yaml")
    assert "hunter2" not in said
    assert "services.hidden-address" in said
