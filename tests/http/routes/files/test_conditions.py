"""Conditional requests (RFC 9110, section 13)."""

from __future__ import annotations

import os
import time
from email.utils import formatdate

import pytest

SOME_TIME = 784_111_777
"""Sun, 06 Nov 1994 08:49:37 GMT, which RFC 9110 writes in three ways."""


@pytest.fixture
def far_from_greenwich(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(params=[10, 100_000])
def size(request, site):
    """That of /hello.txt, which is small or large."""
    (site / "hello.txt").write_bytes(b"0" * request.param)
    return request.param


def test_a_client_that_has_it_is_told_so(client, size, descriptors) -> None:
    first = client.ask("GET", "/hello.txt")
    before = descriptors()
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    for condition in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"x", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": date},
        {"If_Modified_Since": formatdate(4_000_000_000, usegmt=True)},
        {"If_None_Match": tag, "If_Modified_Since": formatdate(1, usegmt=True)},
        {"If_None_Match": tag, "Range": "bytes=0-1"},
    ):
        for method in ("GET", "HEAD"):
            answer = client.ask(method, "/hello.txt", **condition)
            assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)
            assert answer.headers["Content-Length"] is None
            assert answer.headers["Content-Type"] is None
    assert descriptors() == before


@pytest.mark.parametrize(
    "condition",
    [
        {"If_None_Match": '"other"'},
        {"If_None_Match": "other"},
        {"If_Modified_Since": formatdate(1, usegmt=True)},
        {"If_Modified_Since": "yesterday"},
        {"If_Modified_Since": "Mon, 99 Nov 9999999 25:61:61 GMT"},
        {"If_Modified_Since": ""},
        {"If_None_Match": '"other"', "If_Modified_Since": formatdate(4_000_000_000, usegmt=True)},
        {"If_Unmodified_Since": "tomorrow"},
        {"If_Match": "*"},
    ],
)
def test_a_client_that_has_another_gets_this(client, size, condition: dict[str, str]) -> None:
    answer = client.ask("GET", "/hello.txt", **condition)
    assert (answer.status, len(answer.body)) == (200, size)


def test_a_client_that_wants_only_this_gets_it(client, size) -> None:
    first = client.ask("GET", "/hello.txt")
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    assert client.ask("GET", "/hello.txt", If_Match=f'"other", {tag}').status == 200
    assert client.ask("GET", "/hello.txt", If_Unmodified_Since=date).status == 200
    # A tag says more than a date (section 13.2.2).
    old = formatdate(1, usegmt=True)
    assert client.ask("GET", "/hello.txt", If_Match=tag, If_Unmodified_Since=old).status == 200


def test_a_client_that_wants_only_another_gets_none(client, size, descriptors) -> None:
    tag = client.ask("GET", "/hello.txt").headers["ETag"]
    before = descriptors()
    assert client.ask("GET", "/hello.txt", If_Match='"other"').status == 412
    assert client.ask("GET", "/hello.txt", If_Match="W/" + tag).status == 412
    old = formatdate(1, usegmt=True)
    assert client.ask("GET", "/hello.txt", If_Unmodified_Since=old).status == 412
    assert descriptors() == before


@pytest.mark.parametrize(
    "date",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_dates_in_all_their_forms(client, site, far_from_greenwich, date: str) -> None:
    os.utime(site / "hello.txt", (SOME_TIME, SOME_TIME))
    assert client.ask("GET", "/hello.txt", If_Modified_Since=date).status == 304
    os.utime(site / "hello.txt", (SOME_TIME + 1, SOME_TIME + 1))
    client.clock.advance(5)
    assert client.ask("GET", "/hello.txt", If_Modified_Since=date).status == 200


def test_every_change_makes_another_tag(client, site) -> None:
    file = site / "hello.txt"
    os.utime(file, ns=(10**18, 10**18))
    tags = set()
    for change in (
        lambda: None,
        lambda: os.utime(file, ns=(10**18, 10**18 + 1)),
        lambda: file.write_text("shorter"),
        lambda: (file.rename(site / "kept"), file.write_text("SHORTER")),
    ):
        change()
        os.utime(file, ns=(10**18, file.stat().st_mtime_ns if len(tags) < 2 else 10**18 + 1))
        client.clock.advance(5)
        tags.add(client.ask("GET", "/hello.txt").headers["ETag"])
    assert len(tags) == 4
