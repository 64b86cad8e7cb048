"""Options of websocketd."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.websocketd.options import KNOWN, parse


def test_options_of_all_kinds():
    text = "--port=80 -ssl --sslcert a.pem -binary=false --header A:b --header=C:d cat --port=1 -"
    found = parse(text.split())
    assert found.numbers == {"port": 80}
    assert found.switches == {"ssl": True, "binary": False}
    assert found.texts == {"sslcert": "a.pem"}
    assert found.lists == {"header": ["A:b", "C:d"]}
    assert found.command == ["cat", "--port=1", "-"]


def test_the_end_of_options():
    assert parse(["--ssl", "--", "--cat"]).command == ["--cat"]
    assert parse(["-", "x"]).command == ["-", "x"]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["--prot=1"], "websocketd has no option --prot; .*; did you mean port?"),
        (["--port"], "--port needs a value"),
        (["--port=http"], "--port: a number is expected"),
        (["--ssl=maybe"], "--ssl: true or false is expected"),
        (["--=1"], "an option has no name"),
    ],
)
def test_what_is_wrong(words, wrong):
    with pytest.raises(ValueFault, match=wrong):
        parse(words)


@given(
    st.lists(
        st.text(max_size=10) | st.sampled_from([f"--{name}" for name in KNOWN] + ["-port=5", "--"]),
        max_size=6,
    )
)
def test_nothing_but_a_clear_error(words):
    try:
        found = parse(words)
    except ValueFault:
        return
    assert len(found.command) <= len(words)
