"""The text that Prometheus reads."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import openmetrics, parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from protocols.daemon.control.status import Latency
from protocols.daemon.metrics.exposition import PIECE, Exposition
from protocols.daemon.metrics.told import Told
from protocols.http import Response

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""What Prometheus 3 says."""


@pytest.fixture
def told(everything):
    return Told(everything, 1_600.0, fresh=True)


@pytest.fixture
def much(everything):
    """More than fits a piece."""
    one = everything.services[0].model_copy(
        update={"latency": Latency(bounds=tuple(range(1, 30)), numbers=tuple(range(30)), total=2.0)}
    )
    services = [one.model_copy(update={"name": f"service-{number}"}) for number in range(40)]
    return Told(everything.model_copy(update={"services": tuple(services)}), 1.0, fresh=True)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"),
        # Where the library would raise TypeError.
        ("application/openmetrics-text;version=x", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=1.x", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_client_says_which_format(told, accept, content_type):
    text = Exposition(told, accept)
    assert text.content_type == content_type
    assert text.whole().endswith(b"# EOF\n") == content_type.startswith("application/openmetrics")


@given(st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"])))
def test_no_accept_is_too_strange(accept):
    for said in (accept, f"text/plain;{accept}", f"application/openmetrics-text;version={accept}"):
        text = Exposition(Told(), said)
        assert Response(text.whole(), content_type=text.content_type)


def read(text, accept):
    reader = openmetrics_parser if accept else parser
    return list(reader.text_string_to_metric_families(text.decode()))


@pytest.mark.parametrize("accept", ["", OPENMETRICS, PROMETHEUS])
def test_pieces_are_one_text_for_who_reads_it(much, accept):
    text = Exposition(much, accept)
    pieces = list(text.pieces())
    families = read(b"".join(pieces), accept)
    assert len(pieces) > len(families)
    assert max(piece.count(b"\n") for piece in pieces) <= PIECE + 2
    names = [family.name for family in families]
    assert len(set(names)) == len(names)
    (latency,) = [family for family in families if family.type == "histogram"]
    assert len(latency.samples) == 40 * (30 + 2)
    (opened,) = [family for family in families if family.name == "polyport_connections_open"]
    assert len(opened.samples) == 40
    assert opened.documentation == "Connections that are open."


def test_the_formats_say_the_same(told):
    plain, open_one = (
        {
            (sample.name, *sorted(sample.labels.items()), sample.value)
            for family in read(Exposition(told, accept).whole(), accept)
            for sample in family.samples
        }
        for accept in ("", OPENMETRICS)
    )
    assert plain == open_one
    assert openmetrics  # the package that the parser is of


def test_the_same_is_told_again(told):
    text = Exposition(told)
    assert text.whole() == text.whole() != b""


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")
def test_promtool_finds_nothing_to_say(told):
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=Exposition(told).whole(), capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
