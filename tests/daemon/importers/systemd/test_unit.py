"""The text of unit files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.systemd.unit import parse
from tests.daemon.importers.reading import attempted

TEXT = """# comment
[Unit]
Description=A b
; more
[Socket]
ListenStream = 1
ListenStream=2
Accept=Yes
[Service]
ExecStart=/bin/cat \\
# within
   -n \\

Environment=
"""


def test_assignments_with_their_places():
    unit = parse(TEXT, "echo@.service", "/a/echo@.service")
    assert [(each.section, each.key, each.value, each.place.line) for each in unit.assignments] == [
        ("Unit", "Description", "A b", 3),
        ("Socket", "ListenStream", "1", 6),
        ("Socket", "ListenStream", "2", 7),
        ("Socket", "Accept", "Yes", 8),
        ("Service", "ExecStart", "/bin/cat     -n", 10),
        ("Service", "Environment", "", 14),
    ]
    assert unit.stem == "echo"
    assert [each.value for each in unit.all("Socket", "ListenStream")] == ["1", "2"]
    assert unit.flag("Socket", "Accept")
    assert unit.last("Service", "Environment") is None


def test_an_empty_value_takes_back_what_was_said():
    unit = parse("[Socket]\nListenStream=1\nListenStream=\nListenStream=2\n", "a.socket", "a.socket")
    assert [each.value for each in unit.all("Socket", "ListenStream")] == ["2"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("ListenStream=1\n", "f:1: 'ListenStream' stands before any [Section]"),
        ("[Socket\n", "f:1: [Section] or Key=value is expected, not '[Socket'"),
        ("[Socket]\nAccept\n", "f:2: [Section] or Key=value is expected, not 'Accept'"),
        ("[Socket]\n=1\n", "f:2: [Section] or Key=value is expected, not '=1'"),
        ("[Unit]\nDescription=\udce4\n", "f:2: byte 0xe4 is not UTF-8"),
    ],
)
def test_what_is_wrong(text, wrong):
    with pytest.raises(SourceError) as error:
        parse(text, "a.socket", "f")
    assert str(error.value) == wrong


def test_a_flag_that_is_none():
    unit = parse("[Socket]\nAccept=perhaps\n", "a.socket", "f")
    with pytest.raises(SourceError, match=r"^f:2: Accept: yes or no is expected"):
        unit.flag("Socket", "Accept")


LINES = st.sampled_from(["[Socket]", "[", "A=b", "A=", "=", "# c", "A=b\\", "\\", ""])


@given(st.text(max_size=100) | st.lists(LINES, max_size=8).map("\n".join))
def test_nothing_but_a_clear_error(text):
    unit = attempted(parse, text, "a.socket", "f")
    assert unit is None or all(each.place.line for each in unit.assignments)
