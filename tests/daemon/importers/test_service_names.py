"""Names that the YAML takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.service_names import service_name
from protocols.daemon.spec.tls import is_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("finger", "finger"),
        ("echo-stream", "echo-stream"),
        ("X11", "x11"),
        ("tcpmux/+date", "tcpmux-date"),
        ("8080", "port-8080"),
        ("", "service"),
        ("Ää", "service"),
        ("a" * 80, "a" * 64),
    ],
)
def test_names(text, name):
    assert service_name(text, ()) == name


def test_a_name_is_taken_once():
    assert service_name("telnet", {"telnet"}) == "telnet-2"
    assert service_name("telnet", {"telnet", "telnet-2"}) == "telnet-3"
    assert service_name("a" * 80, {"a" * 64}) == "a" * 62 + "-2"


@given(st.text(max_size=100), st.sets(st.text(max_size=3)))
def test_any_text_has_one(text, taken):
    name = service_name(text, taken)
    assert is_name(name)
    assert name not in taken
