from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.workers.output import LONGEST, Output


@pytest.fixture
def written() -> list[str]:
    return []


@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from([b"a", b"\n", b"bc\nd", b"\n\n"]))))
def test_lines_stay_whole_whoever_writes_in_between(pieces):
    written: list[str] = []
    output = Output(written.append)
    for pid, data in pieces:
        output(pid, data)
    whole = {pid: b"".join(data for one, data in pieces if one == pid) for pid in (1, 2)}
    assert all(text.endswith("\n") for text in written)
    assert sum(map(len, written)) == sum(data.rfind(b"\n") + 1 for data in whole.values())


def test_a_line_comes_with_its_end(written):
    output = Output(written.append)
    for data in (b"on", b"e\ntw", b"o\n"):
        output(7, data)
    assert written == ["one\n", "two\n"]


def test_what_has_no_end_is_cut(written):
    output = Output(written.append)
    output(7, b"x" * (LONGEST + 1))
    assert [len(text) for text in written] == [LONGEST + 2]


def test_what_is_no_text_is_written_as_what_it_is(written):
    Output(written.append)(7, b"\xff\n")
    assert written == ["\\xff\n"]
