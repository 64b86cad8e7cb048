from __future__ import annotations

import pytest
from h2.errors import ErrorCodes
from hpack import Decoder, Encoder, OversizedHeaderListError
from hypothesis import given
from hypothesis import strategies as st

from protocols.http.server.http2_decoder import KEPT, CompressionError, RepeatDecoder

NAMES = st.sampled_from([b":path", b"accept", b"x-a", b"x-b"])
VALUES = st.sampled_from([b"/", b"1", b"2", b"y" * 1000, b"y" * 4100])


def test_what_is_known_is_not_read_again(monkeypatch) -> None:
    read = []
    inner = Decoder.decode
    monkeypatch.setattr(Decoder, "decode", lambda *a, **k: read.append(a[1]) or inner(*a, **k))
    encoder, decoder = Encoder(), RepeatDecoder(65536)
    fields = [(b":path", b"/x"), (b"accept", b"*/*")]
    blocks = [encoder.encode(fields) for _ in range(5)]
    assert [decoder.decode(block, raw=True) for block in blocks] == [fields] * 5
    assert read == blocks[:2]


@given(st.lists(st.tuples(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.integers(0, 2), st.booleans())))
def test_it_says_what_any_other_decoder_says(said) -> None:
    encoder, plain, repeating = Encoder(), Decoder(), RepeatDecoder(65536)
    for fields, size, resizes in said:
        if resizes:
            encoder.header_table_size = (64, 1100, 4096)[size]
        block = encoder.encode(fields)
        assert list(plain.decode(block, raw=True)) == repeating.decode(block, raw=True) == fields


def test_only_so_many_blocks_are_kept() -> None:
    decoder = RepeatDecoder(65536)
    for at in range(10 * KEPT):
        decoder.decode(b"\x00\x01a\x02%02d" % (at % 100), raw=True)
    assert len(decoder._known) <= KEPT


@pytest.mark.parametrize(
    "block", [b"\xfe", b"\x80", b"\x40\x05ab", b"\x3f\xe2\x1f\x82", b"\x82\x20", b"\xff" * 9]
)
def test_a_block_that_is_none(block: bytes) -> None:
    with pytest.raises(CompressionError) as caught:
        RepeatDecoder(65536).decode(block, raw=True)
    assert caught.value.error_code == ErrorCodes.COMPRESSION_ERROR


def test_a_list_that_is_too_long() -> None:
    with pytest.raises(OversizedHeaderListError):
        RepeatDecoder(100).decode(b"\x82" * 10, raw=True)
