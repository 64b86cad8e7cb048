"""Whatever comes, the connection ends in order or goes on; nothing is raised."""

from __future__ import annotations

import struct

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.http.server.http2_meter import PREFACE

PAYLOADS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"",
            b"\x82\x86\x84\x01\x01a",
            b"\x83\x86\x01\x01a\x04\x05/size",
            b"\x83\x86\x01\x01a\x04\x05/hold",
            b"\0\0\0\0",
            b"\0\0\0\x05",
            b"\x7f\xff\xff\xff",
            b"\0\3\0\0\0\1",
            b"\0\4\0\0\0\0",
            b"\0\0\0\0\0\0\0\0",
        ]
    ),
)
FRAMES = st.tuples(
    st.integers(0, 11), st.integers(0, 255) | st.sampled_from([0, 1, 4, 5]), st.integers(0, 7), PAYLOADS
)


@given(st.lists(FRAMES, max_size=12), st.booleans())
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_frames(connect, routes, frames, together: bool) -> None:
    client = connect(routes, body=100)
    said = [
        struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload
        for kind, flags, stream, payload in frames
    ]
    client.send(PREFACE)
    for piece in [b"".join(said)] if together else said:
        client.send(piece)
    client.turn()
    client.clock.pump([1] * 15)
    client.leave()
    assert not client.factory.open


@given(st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(connect, routes, garbage: bytes) -> None:
    client = connect(routes)
    client.send(PREFACE + garbage)
    client.turn()
    client.leave()
