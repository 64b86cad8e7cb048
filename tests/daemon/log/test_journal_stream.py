"""Whether the journal reads what is written to a descriptor."""

from __future__ import annotations

import os

import pytest

from protocols.daemon.log import journal_reads


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_the_descriptor_that_systemd_spoke_of(pipe):
    found = os.fstat(pipe[1])
    assert journal_reads(pipe[1], {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})


@pytest.mark.parametrize("environment", [{}, {"JOURNAL_STREAM": ""}, {"JOURNAL_STREAM": "1:2"}])
def test_another_one(pipe, environment):
    assert not journal_reads(pipe[1], environment)


def test_one_that_is_closed():
    reading, writing = os.pipe()
    found = os.fstat(writing)
    os.close(reading)
    os.close(writing)
    assert not journal_reads(writing, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
