"""Whatever a client sends, the origin sees the requests that we have seen, and no other.

What reaches the origin is read in the ways in which servers that do not keep to RFC 9112 are known to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HIDDEN = b"GET /p/hidden HTTP/1.1\r\nHost: b\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def field(head: bytes, name: bytes) -> bytes | None:
    found = re.findall(rb"(?im)^" + name + rb"[ \t]*:[ \t]*([^\r\n]*)", head)
    return found[0].strip() if found else None


def dechunked(rest: bytes) -> bytes:
    """What is behind a chunked body."""
    while rest:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            return rest.partition(b"\r\n")[2]
        rest = rest[size + 2 :]
    return b""  # it did not come to its end


def reading(
    *, coding_counts: bool = True, length_first: bool = False, bare_lf: bool = False
) -> Callable[[bytes], list[bytes]]:
    """How a server reads: the targets of the requests it finds."""

    def read(data: bytes) -> list[bytes]:
        targets = []
        while data:
            end = re.search(rb"\r?\n\r?\n" if bare_lf else rb"\r\n\r\n", data)
            if end is None:
                break
            head, data = data[: end.start()], data[end.end() :]
            targets.append(head.split(b" ")[1])
            length, coding = field(head, b"content-length"), field(head, b"transfer-encoding")
            if coding and coding_counts and not (length_first and length):
                data = dechunked(data)
            elif length:
                data = data[int(length) :]
            elif coding:
                return targets  # it does not know the coding, and refuses
        return targets

    return read


READINGS = {
    "strict": reading(),
    "length first": reading(length_first=True),
    "bare line feeds": reading(bare_lf=True),
    "no chunks": reading(coding_counts=False),
}


def seen(proxied, origins, data: bytes, step: int = 1 << 20) -> tuple[bytes, int]:
    """All that the origin gets when a client sends `data`, so many bytes at a time, and how many requests
    were answered."""
    client = proxied()
    origins.attempts.clear()
    open_, sent = [], b""
    for start in range(0, len(data), step):
        client.send(data[start : start + step])
        got = b"some"
        while got:
            open_ += [attempt.accept() for attempt in origins.attempts if not attempt.stopped]
            origins.attempts.clear()
            got = b""
            for origin in open_:
                taken = origin.take()
                if taken.startswith((b"GET ", b"POST ")):
                    origin.say(OK)
                got += taken
            client.turn()
            sent += got
    answered = client.wire.value().count(b"HTTP/1.1 200 OK")
    client.leave()
    return sent, answered


def request(*lines: str, body: bytes = b"", end: str = "\r\n") -> bytes:
    head = end.join(["POST /p/seen HTTP/1.1", "Host: a", *lines, "", ""])
    return head.encode("latin-1") + body


LENGTH = f"Content-Length: {len(HIDDEN)}"
CHUNKED = "Transfer-Encoding: chunked"
EMPTY = b"0\r\n\r\n"

CORPUS = {
    "both, the coding last": request(LENGTH, CHUNKED, body=EMPTY + HIDDEN),
    "both, the length last": request(CHUNKED, "Content-Length: 4", body=EMPTY + HIDDEN),
    "two lengths": request("Content-Length: 0", LENGTH, body=HIDDEN),
    "two equal lengths": request(LENGTH, LENGTH, body=HIDDEN),
    "a list of lengths": request(f"Content-Length: 0, {len(HIDDEN)}", body=HIDDEN),
    "a signed length": request(f"Content-Length: +{len(HIDDEN)}", body=HIDDEN),
    "a length in hex": request("Content-Length: 0x1", body=HIDDEN),
    "a length with an underscore": request("Content-Length: 1_0", body=HIDDEN),
    "an empty length": request("Content-Length: ", body=HIDDEN),
    "an enormous length": request("Content-Length: " + "9" * 30, body=HIDDEN),
    "a space before the colon": request("Content-Length : 5", body=HIDDEN),
    "a space before the coding's colon": request("Transfer-Encoding : chunked", body=EMPTY + HIDDEN),
    "a tab before the coding": request("Transfer-Encoding:\tchunked", body=EMPTY + HIDDEN),
    "a vertical tab": request("Transfer-Encoding: \x0bchunked", body=EMPTY + HIDDEN),
    "another coding first": request("Transfer-Encoding: gzip, chunked", body=EMPTY + HIDDEN),
    "another coding last": request("Transfer-Encoding: chunked, identity", body=EMPTY + HIDDEN),
    "two codings": request(CHUNKED, "Transfer-Encoding: cow", body=EMPTY + HIDDEN),
    "a coding that looks like it": request("Transfer-Encoding: xchunked", body=EMPTY + HIDDEN),
    "a coding in quotes": request('Transfer-Encoding: "chunked"', body=EMPTY + HIDDEN),
    "identity": request("Transfer-Encoding: identity", LENGTH, body=HIDDEN),
    "a folded coding": request("Transfer-Encoding:", " chunked", body=EMPTY + HIDDEN),
    "a folded field": request("X: y", " Content-Length: 5", body=HIDDEN),
    "an old version with a coding": request(CHUNKED, body=EMPTY + HIDDEN).replace(b"1.1", b"1.0", 1),
    "bare line feeds": request(LENGTH, body=HIDDEN, end="\n"),
    "a bare line feed in a value": request("X: y\nContent-Length: 5", body=HIDDEN),
    "a bare carriage return": request("X: y\rContent-Length: 5", body=HIDDEN),
    "a null": request("X: y\0Content-Length: 5", body=HIDDEN),
    "a name with a null": request("Content-Length\0: 5", body=HIDDEN),
    "underscores": request("Content_Length: 5", body=HIDDEN),
    "a length that Connection names": request("Connection: Content-Length", LENGTH, body=HIDDEN),
    "a coding that Connection names": request("Connection: Transfer-Encoding", CHUNKED, body=EMPTY + HIDDEN),
    "a host that Connection names": request("Connection: Host", LENGTH, body=HIDDEN),
    "chunks of another size": request(CHUNKED, body=b"1\r\nab\r\n0\r\n\r\n" + HIDDEN),
    "a chunk size with a sign": request(CHUNKED, body=b"+1\r\na\r\n0\r\n\r\n" + HIDDEN),
    "a chunk size in hex": request(CHUNKED, body=b"0x1\r\na\r\n0\r\n\r\n" + HIDDEN),
    "an enormous chunk size": request(CHUNKED, body=b"f" * 17 + b"\r\na\r\n0\r\n\r\n" + HIDDEN),
    "a chunk size and a space": request(CHUNKED, body=b"1 \r\na\r\n0\r\n\r\n" + HIDDEN),
    "chunks of bare line feeds": request(CHUNKED, body=b"1\na\n0\n\n" + HIDDEN),
    "an extension with a line feed": request(CHUNKED, body=b"1;a\nb\r\na\r\n0\r\n\r\n" + HIDDEN),
    "a request in an extension": request(CHUNKED, body=b"1;" + HIDDEN + b"\r\na\r\n0\r\n\r\n"),
    "a request in a trailer": request(CHUNKED, body=b"0\r\nX: y\r\n" + HIDDEN),
    "a length in a trailer": request(CHUNKED, body=b"0\r\nContent-Length: 50\r\n\r\n" + HIDDEN),
    "a request in the content": request(LENGTH, body=HIDDEN),
    "a request in a chunk": request(CHUNKED, body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
    "content of a GET": request(LENGTH, body=HIDDEN).replace(b"POST", b"GET", 1),
    "an upgrade with content": request("Connection: upgrade", "Upgrade: websocket", LENGTH, body=HIDDEN),
    "an upgrade with chunks": request(
        "Connection: upgrade", "Upgrade: websocket", CHUNKED, body=EMPTY + HIDDEN
    ),
    "an upgrade to HTTP/2": request(
        "Connection: upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAAA", body=HIDDEN
    ),
    "a line end in the target": b"GET /p/seen%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /p/seen HTTP/1.1 /p/hidden HTTP/1.1\r\nHost: a\r\n\r\n",
    "a line end in the query": b"GET /p/seen?%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method that is none": b"GET\r /p/seen HTTP/1.1\r\nHost: a\r\n\r\n",
    "two hosts": request("Host: b", LENGTH, body=HIDDEN),
    "a host with a path": b"GET /p/seen HTTP/1.1\r\nHost: a/p/hidden\r\n\r\n",
    "an absolute target": b"GET http://a/p/seen HTTP/1.1\r\nHost: b\r\n\r\n",
    "a version that is none": b"GET /p/seen HTTP/1.2\r\nHost: a\r\n\r\n",
    "no version": b"GET /p/seen\r\nHost: a\r\n\r\n" + HIDDEN,
    "an expectation": request("Expect: 100-continue", LENGTH, body=HIDDEN),
    "an unknown expectation": request("Expect: something", LENGTH, body=HIDDEN),
}

# A request of its own, which stands behind one that has ended, may reach the origin as what it is.
FOLLOWED = {"a length in a trailer", "a tab before the coding", "an upgrade with chunks"}
FOLLOWED |= {"an upgrade to HTTP/2", "a coding that Connection names", "underscores"}


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize("name", CORPUS)
def test_a_hidden_request_stays_hidden(proxied, origins, name: str, step: int) -> None:
    sent, answered = seen(proxied, origins, CORPUS[name], step)
    readings = {
        how: read(sent) for how, read in READINGS.items() if b"chunked" not in sent or how != "no chunks"
    }
    for how, targets in readings.items():
        assert targets == readings["strict"], how
        assert len(targets) == answered
        expected = [b"/p/seen", b"/p/hidden"] if name in FOLLOWED else [b"/p/seen"]
        assert [target.partition(b"?")[0] for target in targets] in ([], expected[:1], expected), how


LINES = """POST /p/seen HTTP/1.1
GET /p/seen HTTP/1.1
Host: a
Content-Length: 5
Content-Length: 0
Transfer-Encoding: chunked
Connection: close
Connection: content-length
Connection: upgrade
Upgrade: websocket
Expect: 100-continue
X: y
0
5
hello
"""
PIECES = [line.encode() + b"\r\n" for line in LINES.splitlines()]
PIECES += [b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b";", b":", b"hello", b"0\r\n\r\n", HIDDEN]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14), st.sampled_from([1, 7, 1 << 20]))
def test_whatever_is_sent_is_read_alike(proxied, origins, pieces: list[bytes], step: int) -> None:
    data = b"POST /p/seen HTTP/1.1\r\nHost: a\r\n" + b"".join(pieces)
    sent, answered = seen(proxied, origins, data, step)
    found = [READINGS[how](sent) for how in ("strict", "length first", "bare line feeds")]
    assert found[0] == found[1] == found[2]
    assert answered <= len(found[0])


@pytest.mark.parametrize(
    "field_",
    [b"X: y\r\n\tfolded", b"X: a\x00b", b"X: a\rb", b"X y: z", b": z", b"X\x7f: z", b"Set-Cookie: a=b\nX: z"],
)
def test_an_origin_cannot_split_a_response(proxied, origins, field_: bytes) -> None:
    client = proxied()
    client.send(HIDDEN)
    origins.accept().say(b"HTTP/1.1 200 OK\r\n" + field_ + b"\r\nContent-Length: 2\r\n\r\nok")
    (answer,) = client.answers()
    assert answer.status == 502 or len(answer.headers) == 3
