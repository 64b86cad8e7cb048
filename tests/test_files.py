"""The house rules that a machine can check."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "protocols"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 400
"""Lines; a file that is longer holds more than one concept."""
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def name(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


def test_there_are_files():
    assert len(FILES) > 50


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_file_is_one_concept_with_a_name_and_a_docstring(file):
    text = file.read_text("utf-8")
    assert text.count("\n") <= LONGEST
    assert not SAY_NOTHING & {*file.relative_to(PACKAGE).with_suffix("").parts}
    assert ast.get_docstring(ast.parse(text)), "a module says what it is"


@pytest.mark.parametrize("folder", ["protocols", "tests", "benchmarks", "config", "docs", "twisted"])
def test_nothing_is_left_to_do(folder):
    left = "TO" + "DO"
    root = PACKAGE.parent
    texts = (path for path in (root / folder).rglob("*") if path.suffix in {".py", ".md", ".yaml", ".html"})
    assert [str(path) for path in texts if left in path.read_text("utf-8")] == []
