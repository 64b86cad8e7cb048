"""``docs/import.md``: what it shows is what comes out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from protocols.daemon.importers.document import document
from protocols.daemon.importers.imported import Import
from protocols.daemon.importers.sources import import_files, import_words

PAGE = (Path(__file__).parents[3] / "docs" / "import.md").read_text("utf-8")
NAMES = {
    "xinetd": ["ftp"],
    "inetd": ["inetd.conf"],
    "systemd": ["tangd.socket", "tangd@.service"],
    "websocketd": [],
}


def blocks(heading: str) -> list[str]:
    """The blocks of the part with that heading."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```\w*\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("kind", NAMES)
def test_examples(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    *sources, expected = blocks(kind)
    for name, text in zip(NAMES[kind], sources, strict=bool(NAMES[kind])):
        Path(name).write_text(text)
    found = _imported(kind, sources)
    written = document(found)
    assert written[written.index("services:") :].rstrip("\n") == expected.rstrip("\n")


def _imported(kind: str, sources: list[str]) -> Import:
    if kind == "websocketd":
        return import_words(shlex.split(sources[0])[1:])
    return import_files([Path(NAMES[kind][0])])
