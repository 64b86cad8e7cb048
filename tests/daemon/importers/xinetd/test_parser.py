"""The text of files of xinetd."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import Place, SourceError
from protocols.daemon.importers.xinetd.parser import Attribute, Entry, Include, parse
from tests.daemon.importers.reading import attempted


def faults(text: str) -> list[str]:
    with pytest.raises(SourceError) as error:
        parse(text, "file")
    return list(map(str, error.value.faults))


def test_entries_with_their_places():
    text = "# comment\n\nservice finger\n{\n\twait = no\n  only_from += 10.0.0.0  ::1\n\t# more\n}\n"
    text += "defaults\n{\n}\n"
    assert parse(text, "file") == [
        Entry(
            "finger",
            (
                Attribute("wait", "=", ("no",), Place("file", 5)),
                Attribute("only_from", "+=", ("10.0.0.0", "::1"), Place("file", 6)),
            ),
            Place("file", 3),
        ),
        Entry("", (), Place("file", 9)),
    ]


def test_includes():
    assert parse("include /etc/a\nincludedir /etc/b\n", "file") == [
        Include("/etc/a", False, Place("file", 1)),
        Include("/etc/b", True, Place("file", 2)),
    ]


def test_values_may_hold_anything_but_blanks():
    (entry,) = parse('service a\n{\nserver_args = -x "a=b" # c\npassenv =\nlog -= A\n}\n', "file")
    assert isinstance(entry, Entry)
    assert [(each.operator, each.values) for each in entry.attributes] == [
        ("=", ("-x", '"a=b"', "#", "c")),
        ("=", ()),
        ("-=", ("A",)),
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "sevice a\n{\n}\n",
            "file:1: service, defaults, include or includedir is expected here, not 'sevice'",
        ),
        ("service\n{\n}\n", "file:1: a service has a name, as in `service finger`"),
        ("service a {\n}\n", 'file:2: after the name of an entry a line with only "{" is expected'),
        ("service a\n{\nwait = no\n", 'file:1: the entry that begins here has no "}"'),
        ("service a\n", 'file:1: after the name of an entry a line with only "{" is expected'),
        ("service a\n{\nwait no\n}\n", "file:3: an attribute is expected, as in `wait = no`"),
        (
            "service a\n{\nwait=no\n}\n",
            "file:3: 'wait' needs a space before its operator, or xinetd refuses it",
        ),
        ("service a\n{\nserver = /\udce4\n}\n", "file:3: byte 0xe4 is not UTF-8"),
        ("include\n", "file:1: include names nothing"),
    ],
)
def test_what_is_wrong(text, wrong):
    assert wrong in faults(text)


def test_every_fault_at_once():
    assert len(faults("service a\n{\nwait\n}\nservice\n{\nwait=no\n}\n")) == 3


LINES = st.sampled_from(
    [
        "service a",
        "service",
        "defaults",
        "{",
        "}",
        "wait = no",
        "only_from += 1.2.3.4",
        "include /x",
        "# c",
        "a=b",
        "",
    ]
)


@given(st.text(max_size=200) | st.lists(LINES, max_size=12).map("\n".join))
def test_nothing_but_a_clear_error(text):
    parts = attempted(parse, text, "file")
    assert all(part.place.line for part in parts or ())
