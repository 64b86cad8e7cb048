from __future__ import annotations

import pytest
from h2.exceptions import FrameTooLargeError, ProtocolError
from h2.frame_buffer import FrameBuffer
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, PingFrame
from hypothesis import given
from hypothesis import strategies as st

from protocols.http.server.http2_frames import Data, FrameReader

LARGEST = 2**14


def reader(kind: type[FrameBuffer] = FrameReader) -> FrameBuffer:
    made = kind(server=False)
    made.max_frame_size = LARGEST
    return made


def read(buffer: FrameBuffer, data: bytes) -> list[Frame]:
    buffer.add_data(data)
    return list(buffer)


def content(stream: int, data: bytes, *flags: str) -> bytes:
    return DataFrame(stream, data, flags=flags).serialize()


def said(frames: list[Frame]) -> list[tuple]:
    return [
        (frame.stream_id, frame.data, sorted(frame.flags), frame.flow_controlled_length) for frame in frames
    ]


def test_the_content_of_one_stream_is_one_frame() -> None:
    data = b"".join(content(1, piece) for piece in (b"ab", b"", b"c" * LARGEST))
    (frame,) = read(reader(), data + content(3, b"d", "END_STREAM")[:-1])
    assert said([frame]) == [(1, b"ab" + b"c" * LARGEST, [], LARGEST + 2)]
    assert type(frame) is Data


def test_what_does_not_belong_together() -> None:
    data = [
        content(1, b"a"),
        content(3, b"b", "END_STREAM"),
        content(1, b"c"),
        content(1, b"d", "END_STREAM"),
    ]
    # Nothing may follow on stream 1, which is for h2 to say.
    frames = read(reader(), b"".join([*data, content(1, b"e"), PingFrame(0, b"12345678").serialize()]))
    assert said(frames[:-1]) == [
        (1, b"a", [], 1),
        (3, b"b", ["END_STREAM"], 1),
        (1, b"cd", ["END_STREAM"], 2),
        (1, b"e", [], 1),
    ]
    assert type(frames[-1]) is PingFrame


def test_padding_counts() -> None:
    padded = DataFrame(1, b"b", pad_length=9, flags=("PADDED",)).serialize()
    frames = read(reader(), content(1, b"a") + padded + content(1, b"c"))
    assert said(frames) == [(1, b"a", [], 1), (1, b"b", ["PADDED"], 11), (1, b"c", [], 1)]


def test_the_bit_in_front_of_a_stream_means_nothing() -> None:
    data = bytearray(content(1, b"a"))
    data[5] |= 0x80
    assert said(read(reader(), bytes(data))) == [(1, b"a", [], 1)]


def test_content_of_no_stream() -> None:
    data = bytearray(content(1, b"a"))
    data[8] = 0
    with pytest.raises(ProtocolError):
        read(reader(), bytes(data))


def test_content_that_is_too_long() -> None:
    with pytest.raises(FrameTooLargeError):
        read(reader(), content(1, b"a" * (LARGEST + 1)))


def test_nothing_comes_between_the_frames_of_a_header() -> None:
    buffer = reader()
    assert read(buffer, HeadersFrame(1, b"a").serialize()) == []
    with pytest.raises(ProtocolError):
        read(buffer, content(1, b"b"))
    buffer = reader()
    (frame,) = read(
        buffer,
        HeadersFrame(1, b"a").serialize() + ContinuationFrame(1, b"b", flags=("END_HEADERS",)).serialize(),
    )
    assert frame.data == b"ab"


def test_nothing_of_the_content_is_in_its_description() -> None:
    (frame,) = read(reader(), content(1, b"secret" * 1000))
    assert repr(frame) == "<Data of stream 1: 6000 bytes>"


FRAMES = st.lists(
    st.builds(
        lambda stream, data, padded, ends: DataFrame(
            stream,
            data,
            pad_length=3 if padded else 0,
            flags=(*(["PADDED"] if padded else []), *(["END_STREAM"] if ends else [])),
        ).serialize(),
        st.sampled_from([1, 3]),
        st.binary(max_size=20),
        st.booleans(),
        st.booleans(),
    )
    | st.just(PingFrame(0, b"12345678").serialize())
)


def told(frames: list[Frame]) -> list[tuple]:
    """What frames say: content by the byte, with the bytes around it where it is padded."""
    found: list[tuple] = []
    for frame in frames:
        if not isinstance(frame, DataFrame):
            found.append(("frame", type(frame)))
            continue
        around = frame.flow_controlled_length - len(frame.data)
        found += [(frame.stream_id, byte) for byte in frame.data]
        found += [(frame.stream_id, "around", around)] if around else []
        found += [(frame.stream_id, "end")] if "END_STREAM" in frame.flags else []
    return found


@given(FRAMES, st.lists(st.integers(1, 40)))
def test_as_h2_reads_it_however_it_comes(frames: list[bytes], cuts: list[int]) -> None:
    data = b"".join(frames)
    expected = told(read(reader(FrameBuffer), data))
    buffer, found, at = reader(), [], 0
    for cut in cuts:
        found += read(buffer, data[at : at + cut])
        at += cut
    found += read(buffer, data[at:])
    assert told(found) == expected
