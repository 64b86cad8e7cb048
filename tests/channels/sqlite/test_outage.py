"""What is said of a store that fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.sqlite.outage import LONGEST, REST, Outage
from protocols.channels.sqlite.trouble import FileError, for_operator, unavailable, words


def sqlite_error(code: int, text: str = "what it says") -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "said", "to_operator"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL, "x"), "the disk is full", "the disk is full (x)"),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE, "x"), "the disk fails", "the disk fails (x)"),
        (
            sqlite_error(sqlite3.SQLITE_MISUSE, "x"),
            "the store cannot be used",
            "the store cannot be used (x)",
        ),
        (
            OSError(13, "?", "/secret/path"),
            "the store cannot be used: Permission denied",
            "the store cannot be used: Permission denied",
        ),
        (FileError("it is another"), "it is another", "it is another"),
        (ValueError("/secret/path"), "the store cannot be used", "the store cannot be used"),
    ],
)
def test_words(error, said, to_operator):
    assert words(error) == str(unavailable(error)) == said
    assert for_operator(error) == to_operator
    assert type(unavailable(error)) is UnavailableError


def test_what_nobody_knows_about():
    assert isinstance(unavailable(sqlite_error(sqlite3.SQLITE_IOERR_FSYNC)), StalledError)


def test_it_is_tried_again_less_and_less_often(failures):
    outage = Outage(Path("x"), "nothing works")
    assert not outage.is_on
    assert outage.refusal(0.0) is None
    now, rests = 0.0, []
    for _ in range(9):
        outage.failed(sqlite_error(sqlite3.SQLITE_FULL), now)
        rests.append(outage.rest)
        assert str(outage.refusal(now + outage.rest * 0.99)) == "the disk is full"
        now += outage.rest
        assert outage.refusal(now) is None
    assert rests[:3] == [REST, REST * 2, REST * 4]
    assert rests[-1] == LONGEST
    outage.succeeded(now)
    assert not outage.is_on
    failures.take(sqlite3.OperationalError)
    outage.failed(FileError("gone"), now)
    assert outage.rest == REST
    failures.take(FileError)


def test_a_mistake_of_ours_is_told_as_one(failures):
    outage = Outage(Path("x"), "nothing works")
    outage.failed(ZeroDivisionError(), 0.0)
    failures.take(ZeroDivisionError, ZeroDivisionError)
    outage.failed(ZeroDivisionError(), 1.0)
    assert failures.events == [], "once is enough"
