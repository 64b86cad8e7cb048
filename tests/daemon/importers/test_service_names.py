"""Names that the YAML takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.service_names import ServiceNames
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
    assert ServiceNames().take(text) == name


def test_a_name_is_given_once():
    names = ServiceNames()
    assert [names.take(text) for text in ("telnet", "telnet-3", "telnet", "telnet", "a" * 80, "a" * 80)] == [
        *("telnet", "telnet-3", "telnet-2", "telnet-4", "a" * 64, "a" * 62 + "-2")
    ]


@given(st.lists(st.text(max_size=100) | st.sampled_from(["a", "a-2", "A", "a-"]), max_size=20))
def test_any_text_has_one(texts):
    names = ServiceNames()
    given = [names.take(text) for text in texts]
    assert len(set(given)) == len(given)
    assert all(map(is_name, given))
