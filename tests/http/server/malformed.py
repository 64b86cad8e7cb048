"""Requests that are none, and what each is answered with.

``corpus`` holds whole inputs: each begins a connection.  Behind every one of them stands a request for
another path, which must never be answered.
"""

from __future__ import annotations

H = b"Host: a\r\n"
CHUNKED = b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n"

corpus: dict[str, tuple[bytes, int]] = {
    # the request line
    "no version": (b"GET /\r\n\r\n", 505),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + H + b"\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + H + b"\r\n", 400),
    "lower-case http": (b"GET / http/1.1\r\n" + H + b"\r\n", 400),
    "a space in the target": (b"GET /a b HTTP/1.1\r\n" + H + b"\r\n", 400),
    "a tab for a space": (b"GET\t/ HTTP/1.1\r\n" + H + b"\r\n", 400),
    "octets above 127 in the target": (b"GET /\xff HTTP/1.1\r\n" + H + b"\r\n", 400),
    "NUL in the target": (b"GET /a\0 HTTP/1.1\r\n" + H + b"\r\n", 400),
    "a fragment": (b"GET /a#b HTTP/1.1\r\n" + H + b"\r\n", 400),
    "no path": (b"GET a HTTP/1.1\r\n" + H + b"\r\n", 400),
    "a broken escape": (b"GET /%zz HTTP/1.1\r\n" + H + b"\r\n", 400),
    "dots in the path": (b"GET /../a HTTP/1.1\r\n" + H + b"\r\n", 400),
    "escaped dots in the path": (b"GET /%2e%2e/a HTTP/1.1\r\n" + H + b"\r\n", 400),
    "an unknown method": (b"BREW / HTTP/1.1\r\n" + H + b"\r\n", 501),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "another absolute host": (b"GET http://b/ HTTP/1.1\r\n" + H + b"\r\n", 400),
    # line ends
    "bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "bare LF behind a field": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "bare CR in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    "CR CR LF": (b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    # header fields
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "a tab before the colon": (b"GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\n" + H + b"nonsense\r\n\r\n", 400),
    "no name": (b"GET / HTTP/1.1\r\n" + H + b": a\r\n\r\n", 400),
    "a quote in a name": (b'GET / HTTP/1.1\r\nHost: a\r\nX"Y: b\r\n\r\n', 400),
    "octets above 127 in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX\xff: b\r\n\r\n", 400),
    "NUL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    "a control character in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n", 400),
    "a folded line": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "space before the first field": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    # Host
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\n" + H + H + b"\r\n", 400),
    "two Hosts, one other": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a Host with a path": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a Host with a user": (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    "a Host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    # lengths
    "length and coding": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 5\r\n" + CHUNKED[26:], 400),
    "coding and length": (CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n", 400),
    "a length twice": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
    "a list of lengths": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 0, 0\r\n\r\n", 400),
    "a signed length": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: +0\r\n\r\n", 400),
    "a negative length": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: -1\r\n\r\n", 400),
    "a hexadecimal length": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 0x1\r\n\r\n", 400),
    "a length with a space inside": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 1 0\r\n\r\n", 400),
    "an empty length": (b"POST / HTTP/1.1\r\n" + H + b"Content-Length:\r\n\r\n", 400),
    "a length of many digits": (
        b"POST / HTTP/1.1\r\n" + H + b"Content-Length: " + b"9" * 999 + b"\r\n\r\n",
        400,
    ),
    # codings
    "an unknown coding": (b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: xchunked\r\n\r\n", 501),
    "identity": (b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: identity\r\n\r\n", 400),
    "chunked is not the last": (
        b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked twice": (CHUNKED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "another coding first": (
        b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "a vertical tab before chunked": (
        b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked in HTTP/1.0": (b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    # chunks
    "a chunk size that is none": (CHUNKED + b"zz\r\n", 400),
    "a chunk size with 0x": (CHUNKED + b"0x1\r\na\r\n0\r\n\r\n", 400),
    "a signed chunk size": (CHUNKED + b"+1\r\na\r\n0\r\n\r\n", 400),
    "a negative chunk size": (CHUNKED + b"-1\r\n", 400),
    "a chunk size that overflows": (CHUNKED + b"ffffffffffffffffff\r\n", 400),
    "a space behind a chunk size": (CHUNKED + b"1 \r\na\r\n0\r\n\r\n", 400),
    "a bare LF behind a chunk size": (CHUNKED + b"1\na\r\n0\r\n\r\n", 400),
    "a chunk that is longer than its size": (CHUNKED + b"1\r\nab\r\n0\r\n\r\n", 400),
    "a length in the trailers": (CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n", 400),
    "a folded trailer": (CHUNKED + b"0\r\nX: a\r\n b\r\n\r\n", 400),
}
