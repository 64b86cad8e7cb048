"""How problems read, and in which order."""

from __future__ import annotations

import pytest

from protocols.daemon.problems import (
    ConfigError,
    Problem,
    known_help,
    nearest,
    path_text,
    quoted,
)


def test_a_problem_is_one_line() -> None:
    problem = Problem("a.yaml", 3, 5, "services.shout.listen[0]", "is wrong")
    assert str(problem) == "a.yaml:3:5: services.shout.listen[0]: is wrong"
    assert str(Problem("a.yaml", 0, 0, "", "is empty")) == "a.yaml: is empty"


def test_an_error_holds_each_problem_once_in_the_order_of_the_file() -> None:
    late, early = Problem("a.yaml", 10, 1, "b", "x"), Problem("a.yaml", 9, 7, "a", "y")
    error = ConfigError([late, early, late])
    assert error.problems == (early, late)
    assert str(error).splitlines() == [str(early), str(late)]


def test_paths() -> None:
    assert path_text(("services", "a", "listen", 2)) == "services.a.listen[2]"
    assert path_text(("http", "/a b")) == 'http."/a b"'
    assert path_text((0, "x")) == "[0].x"
    assert path_text(()) == ""


def test_quoted_text_stays_on_one_line_and_short() -> None:
    assert quoted("a\nb\x1b") == '"a\\nb\\x1b"'
    assert len(quoted("x" * 1000)) == 62
    assert quoted("é…") == '"é…"'


@pytest.mark.parametrize(
    ("word", "expected"), [("lins", "lines"), ("LINES", "lines"), ("zzz", None), ("", None)]
)
def test_nearest(word: str, expected: str | None) -> None:
    assert nearest(word, ["lines", "raw"]) == expected


def test_known_help() -> None:
    assert known_help("rwa", ["lines", "raw"]) == "; known values: lines, raw; did you mean raw?"
    assert known_help("x", []) == "; known values: none"
