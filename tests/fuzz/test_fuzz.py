"""What peers may send, made at random: the same inputs in every run.  `make fuzz` tries many more."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
MODULES = ("campaign", "targets", "mutation", "framing_targets", "codec_targets", "http_targets")
COUNT = 1500
"""Inputs for each target, times its share: ten seconds for all of them."""

SLACK = 150_000
"""Bytes by which memory may differ: caches that are not full yet, and lists of free objects."""


@pytest.fixture(scope="module")
def campaign() -> Any:
    """The modules beside this one, which import each other, and are forgotten afterwards."""
    sys.path.insert(0, str(HERE))
    try:
        yield import_module("campaign")
    finally:
        sys.path.remove(str(HERE))
        for name in (*MODULES, "http_site", "http_corpus"):
            sys.modules.pop(name, None)


NAMES = [
    *("lines", "lines-lf", "lines-crlf", "delimited", "length", "length-signed", "length-offset"),
    *("netstring", "fixed", "raw", "proxy-header", "tls-hello", "json", "json-typed", "msgpack"),
    *("msgpack-typed", "text", "pickle", "pickle-typed", "http1", "http2", "websocket", "websocket-deflated"),
]


def test_every_target_is_tried(campaign):
    assert [target.name for target in campaign.TARGETS] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_whatever_peers_send(campaign, name):
    (target,) = campaign.wanted([name])
    report = campaign.run(target, int(COUNT * target.share), seed=1)
    assert [f"{each.data!r}\n{each.what}" for each in report.findings] == []
    assert report.inputs == int(COUNT * target.share)
    assert len(report.outcomes) > (name != "raw"), "they are all the same to it"


def test_what_must_not_happen_is_found(campaign):
    def check(pieces: list[bytes]) -> str:
        if b"\xff" in b"".join(pieces):
            raise KeyError("a fault")
        return "fine"

    target = campaign.Target("faulty", [b"a"], [b"\xff"], check)
    report = campaign.run(target, 1000, seed=1)
    assert len(report.findings) == campaign.EXHAUSTED
    assert "KeyError: 'a fault'" in report.findings[0].what
    again = campaign.run(target, 1000, seed=1)
    assert [each.data for each in again.findings] == [each.data for each in report.findings]


@pytest.mark.parametrize("name", ["length", "pickle", "http1", "http2", "websocket"])
def test_memory_is_as_it_was(campaign, name):
    (target,) = campaign.wanted([name])
    before, after = campaign.measured_growth(target, 300, seed=2)
    assert after < 1.1 * before + SLACK
