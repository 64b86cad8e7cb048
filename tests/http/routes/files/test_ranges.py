"""Byte ranges (RFC 9110, section 14)."""

from __future__ import annotations

from email import message_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.http.routes.files.file_source import Span, cut, plan_length
from protocols.http.routes.files.ranges import GAP, MOST, multipart, wanted_spans


def parts_of(answer) -> list[tuple[str, bytes]]:
    """Content-Range and content of each part of a multipart answer."""
    message = message_from_bytes(
        b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n" + answer.body
    )
    assert message.get_content_type() == "multipart/byteranges"
    parts = message.get_payload()
    return [(part["Content-Range"], part.get_payload(decode=True)) for part in parts]


@pytest.mark.parametrize(
    ("asked", "content_range", "body"),
    [
        ("bytes=0-3", "bytes 0-3/10", b"0123"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-2", "bytes 8-9/10", b"89"),
        ("bytes=-99", "bytes 0-9/10", b"0123456789"),
        ("bytes=9-999999", "bytes 9-9/10", b"9"),
        ("BYTES=0-0", "bytes 0-0/10", b"0"),
        ("bytes=,0-0,,", "bytes 0-0/10", b"0"),
        ("bytes=0-1,3-4", "bytes 0-4/10", b"01234"),
        ("bytes=20-30, 0-0", "bytes 0-0/10", b"0"),
    ],
)
def test_one_range(client, asked: str, content_range: str, body: bytes) -> None:
    answer = client.ask("GET", "/hello.txt", Range=asked)
    assert (answer.status, answer.body) == (206, body)
    assert answer.headers["Content-Range"] == content_range
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "asked", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=999999999999-", "bytes=10-,11-12"]
)
def test_a_range_behind_the_end(client, descriptors, asked: str) -> None:
    before = descriptors()
    answer = client.ask("GET", "/hello.txt", Range=asked)
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */10")
    assert descriptors() == before


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=" + "0-," * 1000,
        "bytes=0-,0-",
        "bytes=0-6,1-7",
        "bytes=0-0," + ",".join(["0-0"] * MOST),
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-1,5-2",
        "bytes=0-1 3-4",
        "bytes=--1",
        "bytes=0x0-1",
        "bytes=+0-1",
        "bytes=\u0660-\u0661".encode().decode("latin-1"),
        "lines=0-1",
        "bytes=a-b",
        "bytes 0-1",
        "0-1",
        "bytes=" + "9" * 400 + "-",
    ],
)
def test_what_is_no_range_worth_sending_is_the_whole(client, asked: str) -> None:
    answer = client.ask("GET", "/hello.txt", Range=asked)
    assert (answer.status, answer.body) == (200, b"0123456789")


def test_a_range_is_for_get_only(client) -> None:
    answer = client.ask("HEAD", "/hello.txt", Range="bytes=0-1")
    assert (answer.status, answer.headers["Content-Length"]) == (200, "10")


def test_a_range_of_another_version_is_the_whole(client) -> None:
    first = client.ask("GET", "/hello.txt")
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    for condition, status in (
        (tag, 206),
        (date, 206),
        ('"other"', 200),
        ("W/" + tag, 200),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 200),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 200),
        ("nonsense", 200),
    ):
        assert client.ask("GET", "/hello.txt", Range="bytes=0-1", If_Range=condition).status == status


def test_an_if_range_without_a_range_is_nothing(client) -> None:
    assert client.ask("GET", "/hello.txt", If_Range='"other"').status == 200


@pytest.mark.parametrize("name", ["small.bin", "large.bin"])
def test_several_ranges(client, site, descriptors, name: str) -> None:
    before = descriptors()
    content = bytes(range(256)) * (1000 if name == "large.bin" else 8)
    (site / name).write_bytes(content)
    answer = client.ask("GET", f"/{name}", Range="bytes=1000-1009, 0-4 ,-3, 99999999-")
    assert (answer.status, answer.headers["Content-Range"]) == (206, None)
    size = len(content)
    assert parts_of(answer) == [
        (f"bytes 1000-1009/{size}", content[1000:1010]),
        (f"bytes 0-4/{size}", content[:5]),
        (f"bytes {size - 3}-{size - 1}/{size}", content[-3:]),
    ]
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["ETag"] == client.ask("HEAD", f"/{name}").headers["ETag"]
    assert b"Content-Type: application/octet-stream\r\n" in answer.body
    assert descriptors() == before


def test_parts_that_take_more_than_the_whole_are_not_made(client, site) -> None:
    (site / "b.docx").write_bytes(bytes(1000))  # whose long type stands in every part
    asked = "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 1000, 140))
    answer = client.ask("GET", "/b.docx", Range=asked)
    assert (answer.status, len(answer.body)) == (200, 1000)


def test_two_answers_have_different_boundaries(client, site) -> None:
    # Whoever writes a file must not know what will separate its parts.
    (site / "b.bin").write_bytes(bytes(5000))
    kinds = {client.ask("GET", "/b.bin", Range="bytes=0-0,-1").headers["Content-Type"] for _ in range(5)}
    assert len(kinds) == 5


def test_ranges_that_nearly_touch_are_joined() -> None:
    assert wanted_spans(f"bytes=0-9,{10 + GAP}-300", 10_000) == [Span(0, 301)]
    assert wanted_spans(f"bytes=0-9,{11 + GAP}-300", 10_000) == [Span(0, 10), Span(11 + GAP, 290 - GAP)]
    assert wanted_spans("bytes=9000-,0-99,50-199", 10_000) == [Span(9000, 1000), Span(0, 200)]


SIZE = 3000
NUMBERS = st.one_of(st.just(""), st.integers(0, SIZE + 50).map(str), st.integers(10**15, 10**19).map(str))
RANGE = st.one_of(st.tuples(NUMBERS, NUMBERS).map("-".join), st.text("0123-,x ", max_size=5))


@given(st.lists(RANGE, max_size=20))
@settings(max_examples=500)
def test_what_is_sent_is_bounded_and_what_was_asked_for(elements: list[str]) -> None:
    spans = wanted_spans("bytes=" + ",".join(elements), SIZE)
    if spans is None:
        return
    assert len(spans) <= MOST
    covered: set[int] = set()
    for span in spans:
        assert 0 <= span.start < span.end <= SIZE
        octets = set(range(span.start, span.end))
        assert not octets & covered
        covered |= octets
    wanted: set[int] = set()
    for element in filter(None, (e.strip(" \t") for e in ",".join(elements).split(","))):
        first, _, last = element.partition("-")
        if first:
            wanted |= (
                set(range(int(first), min(int(last or SIZE), SIZE - 1) + 1)) if int(first) < SIZE else set()
            )
        else:
            wanted |= set(range(max(SIZE - int(last), 0), SIZE))
    assert wanted <= covered
    assert len(covered) <= len(wanted) + GAP * MOST


@given(st.text(max_size=60))
def test_any_header_is_read(header: str) -> None:
    spans = wanted_spans(header, SIZE)
    assert spans is None or all(span.length > 0 for span in spans)


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 50)), min_size=2, max_size=5),
    st.binary(min_size=150),
)
@settings(suppress_health_check=[HealthCheck.large_base_example, HealthCheck.data_too_large])
def test_a_multipart_body_holds_what_it_says(pairs: list[tuple[int, int]], content: bytes) -> None:
    spans = [Span(start, length) for start, length in pairs]
    plan = multipart(spans, len(content), "a/b", "frontier")
    body = cut(content, plan)
    assert len(body) == plan_length(plan)
    for span in spans:
        head = f"Content-Type: a/b\r\nContent-Range: bytes {span.start}-{span.end - 1}/{len(content)}\r\n\r\n"
        assert b"--frontier\r\n" + head.encode() + content[span.start : span.end] + b"\r\n--frontier" in body
