"""What the log looks like."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from protocols.daemon.log import FORMATS, LEVELS, as_json, as_text, observer

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


class Writing:
    """A logger whose events an observer of ours writes."""

    def __init__(self, style: str = "text", level: str = "info") -> None:
        self.file = io.StringIO()
        self.log = Logger("polyport", observer=observer(style, level, self.file))

    @property
    def lines(self) -> list[str]:
        return self.file.getvalue().splitlines()


def test_text():
    assert re.fullmatch(rf"{STAMP} info  shout: listening\n", as_text(event("shout: listening")))


def test_text_of_a_failure_has_its_traceback_indented():
    text = as_text(event("it failed", log_failure=failure(), log_level=LogLevel.critical))
    first, *rest = text.splitlines()
    assert re.fullmatch(rf"{STAMP} critical it failed", first)
    assert any("ValueError: on" in line for line in rest)
    assert all(line.startswith("    ") for line in rest)


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


@pytest.mark.parametrize("level", LEVELS)
def test_levels(level):
    writing = Writing("json", level)
    for name in LEVELS:
        writing.log.emit(LogLevel.levelWithName(name), "text")
    assert [json.loads(line)["level"] for line in writing.lines] == list(LEVELS[LEVELS.index(level) :])


NOISE = (
    "Unable to write to plugin cache /site-packages/twisted/plugins/dropin.cache: error number 13",
    "StreamFactory starting on 7000",
    "TLSFactory (TLS) starting on 7443",
    "(UNIX Port '/run/polyport.sock' Closed)",
    "(TCP Port 7000 Closed)",
)


@pytest.mark.parametrize("text", NOISE)
def test_noise_of_twisted_is_left_out(text):
    writing = Writing()
    twisted = Logger("log_legacy", observer=writing.log.observer)
    twisted.info("{text}", text=text)
    assert writing.lines == []
    twisted.error("{text}", text=text)
    writing.log.info("{text}", text=text)
    assert len(writing.lines) == 2


def test_what_is_no_noise_is_kept():
    writing = Writing()
    Logger("log_legacy", observer=writing.log.observer).info("starting up on time")
    assert len(writing.lines) == 1
