"""The text of inetd.conf."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.inetd.parser import Line, parse
from protocols.daemon.importers.place import Place, SourceError
from tests.daemon.importers.reading import attempted

FINGER = "stream tcp nowait nobody /usr/sbin/in.fingerd"


def test_fields():
    (line,) = parse(f"# comment\n\nfinger {FINGER}\tin.fingerd -l # no comment\n", "file").services
    assert line == Line(
        *("", "finger", "stream", "tcp", "nowait", "nobody", "/usr/sbin/in.fingerd"),
        ("in.fingerd", "-l", "#", "no", "comment"),
        False,
        Place("file", 3),
    )


@pytest.mark.parametrize("begin", ["#<off># ", "## <off># ", "#<off>#", "#  <off> "])
def test_lines_that_are_off(begin):
    (line,) = parse(f"{begin}finger {FINGER}\n", "file").services
    assert (line.name, line.is_off) == ("finger", True)


def test_comments_are_no_services():
    assert not parse(f"#finger {FINGER}\n#:INFO: x\n#<off># something else\n", "file").services


@pytest.mark.parametrize(
    ("first", "host", "name"),
    [
        ("127.0.0.1:finger", "127.0.0.1", "finger"),
        ("*:finger", "", "finger"),
        ("[::1]:finger", "[::1]", "finger"),
        ("192.0.2.1,host:79", "192.0.2.1,host", "79"),
        ("/run/a:b", "", "/run/a:b"),
    ],
)
def test_hosts(first, host, name):
    (line,) = parse(f"{first} {FINGER}\n", "file").services
    assert (line.host, line.name) == (host, name)


def test_a_host_for_the_lines_below():
    text = f"a {FINGER}\n127.0.0.1:\nb {FINGER}\n::1:c {FINGER}\n*:\nd {FINGER}\n"
    assert [line.host for line in parse(text, "file").services] == ["", "127.0.0.1", "::1", ""]


def test_policies():
    lines = parse("#@ in ipsec ah/require\n", "file")
    assert lines.policies == [(Place("file", 1), "in ipsec ah/require")]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("finger stream tcp nowait nobody", "file:1: the program is missing (or `internal`)"),
        ("finger stream", "file:1: a line has at least six fields"),
        ("finger steam tcp nowait nobody /x", "file:1: stream or dgram is expected as the second field"),
        (f"a: {FINGER}", "file:1: 'a:' names no service"),
        (f"\udcff {FINGER}", "file:1: byte 0xff is not UTF-8"),
    ],
)
def test_what_is_wrong(text, wrong):
    with pytest.raises(SourceError) as error:
        parse(text, "file")
    assert str(error.value).startswith(wrong)


WORDS = st.sampled_from(
    [
        "finger",
        "stream",
        "dgram",
        "tcp",
        "nowait",
        "nobody",
        "/bin/cat",
        "internal",
        ":",
        "*:",
        "#<off>#",
        "\t",
        "a:b",
    ]
)


@given(st.text(max_size=120) | st.lists(WORDS, max_size=10).map(" ".join))
def test_nothing_but_a_clear_error(text):
    lines = attempted(parse, text, "file")
    assert lines is None or all(line.name for line in lines.services)
