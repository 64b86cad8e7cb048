"""What an event looks like."""

from __future__ import annotations

import gc
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import fail
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.failure import Failure

from protocols.daemon.log import FORMATS, LEVELS, as_journal, as_json, as_text

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}"


def event(text: str, **more: object) -> dict[str, object]:
    return {
        "log_time": 1_700_000_000.25,
        "log_level": LogLevel.info,
        "log_format": "{text}",
        "log_namespace": "polyport",
        "text": text,
        **more,
    }


def failure() -> Failure:
    try:
        raise ValueError("on\npurpose")
    except ValueError:
        return Failure()


def test_text():
    assert re.fullmatch(rf"{STAMP} info  shout: listening\n", as_text(event("shout: listening")))


def test_text_of_a_failure_has_its_traceback_indented():
    text = as_text(event("it failed", log_failure=failure(), log_level=LogLevel.critical))
    first, *rest = text.splitlines()
    assert re.fullmatch(rf"{STAMP} critical it failed", first)
    assert any("ValueError: on" in line for line in rest)
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize("form", [as_text, as_json, as_journal])
def test_an_error_that_no_deferred_passed_on_is_told_with_its_traceback(form, failures):
    said = []
    with_lines = lambda event: said.append(form(event))  # noqa: E731 - an observer
    globalLogPublisher.addObserver(with_lines)
    try:
        fail(failure())  # and nobody hears of it
        gc.collect()
    finally:
        globalLogPublisher.removeObserver(with_lines)
    failures.events.clear()
    first, second = said
    assert "Unhandled error in Deferred" in first
    assert "ValueError: on" in second
    assert "Traceback" in second


@given(st.text(min_size=1))
def test_no_text_can_forge_a_line(text):
    said = as_text(event(text))
    assert said.endswith("\n")
    first, *rest = said[:-1].split("\n")
    assert re.match(rf"{STAMP} info  ", first)
    assert all(line.startswith("    ") or not line for line in rest)
    assert all(c.isprintable() or c == "\n" for c in said)
    said.encode()


def test_control_characters_are_escaped():
    assert r"\x1b[2J\r\u2028" in as_text(event("\x1b[2J\r\u2028"))


def test_json():
    line = as_json(
        event("shout: hello é", service="shout", route="/a", peer=42, address="tcp://:1", secret="x")
    )
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "level": "info",
        "logger": "polyport",
        "message": "shout: hello é",
        "service": "shout",
        "route": "/a",
        "peer": "42",
        "address": "tcp://:1",
    }


def test_json_of_a_failure():
    found = json.loads(as_json(event("it failed", log_failure=failure(), log_level=LogLevel.critical)))
    assert found["level"] == "critical"
    assert "ValueError: on\npurpose" in found["traceback"]


@given(st.text(st.characters(), min_size=1) | st.just("\udcff\ud800\n\r\x00"))
def test_every_json_event_is_one_line_that_can_be_written(text):
    line = as_json(event(text))
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert json.loads(line.encode())["message"] == text


@pytest.mark.parametrize("style", FORMATS)
def test_an_event_without_text_is_no_line(style):
    assert FORMATS[style](event("")) is None


PRIORITIES = dict(zip(LEVELS, (7, 6, 4, 3, 2), strict=True))


@pytest.mark.parametrize("level", LEVELS)
def test_the_journal_is_told_the_priority_instead_of_the_level(level):
    said = as_journal(event("shout: listening", log_level=LogLevel.levelWithName(level)))
    assert said == f"<{PRIORITIES[level]}>shout: listening\n"


def test_an_event_of_no_known_level_is_information_for_the_journal():
    assert as_journal(event("hello", log_level=None)) == "<6>hello\n"


def test_each_line_of_a_traceback_has_the_priority():
    said = as_journal(event("it failed", log_failure=failure(), log_level=LogLevel.critical))
    first, *rest = said.splitlines()
    assert first == "<2>it failed"
    assert any("ValueError: on" in line for line in rest)
    assert all(line.startswith("<2>    ") for line in rest)


@given(st.text(min_size=1))
def test_no_text_can_choose_its_priority(text):
    said = as_journal(event(text))
    assert said.endswith("\n")
    first, *rest = said[:-1].split("\n")
    assert first.startswith("<6>")
    assert all(line.startswith("<6>    ") for line in rest)
    said.encode()
