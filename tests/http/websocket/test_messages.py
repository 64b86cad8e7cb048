"""What a client may send, and what it may not: frames to messages.

The groups are those of the Autobahn test-suite (1 framing, 2 pings, 3 reserved bits, 4 opcodes, 5 fragments,
6 UTF-8, 7 closing, 9 limits).
"""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Close, Frame, Opcode

from protocols.http.websocket.messages import MessageReader

LIMIT = 200_000


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def read(data: bytes, limit: int = LIMIT, piece: int = 0) -> tuple[list, int | None]:
    """What is read of `data`, in pieces of so many bytes, and the code of the fault."""
    reader = MessageReader(limit)
    events = []
    size = piece or max(len(data), 1)
    for start in range(0, len(data), size):
        events += reader.feed(data[start : start + size])
    return events, reader.fault.code if reader.fault else None


KOSME = "κόσμε-\U0001f40d".encode()
TORN = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"
"""Autobahn's: a surrogate in the middle."""


class TestFraming:
    @pytest.mark.parametrize("opcode", [TEXT, BINARY])
    @pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65_535, 65_536, 70_000])
    @pytest.mark.parametrize("piece", [0, 997])
    def test_1_every_length(self, opcode, size, piece):
        assert read(frame(opcode, b"*" * size), piece=piece) == ([(opcode, b"*" * size)], None)

    def test_several_of_one_read(self):
        data = frame(TEXT, b"a") + frame(BINARY, b"\xff") + frame(PING, b"p")
        assert read(data) == ([(TEXT, b"a"), (BINARY, b"\xff"), (PING, b"p")], None)

    def test_an_unmasked_frame_is_refused(self):
        assert read(Frame(TEXT, b"a").serialize(mask=False)) == ([], 1002)

    def test_the_highest_bit_of_a_length_is_no_length(self):
        assert read(b"\x82\xff" + struct.pack("!Q", 2**63))[1] in (1002, 1009)

    @given(
        messages=st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), st.text(max_size=300)), max_size=8),
        seed=st.integers(0, 2**32),
    )
    def test_however_they_are_cut(self, messages, seed):
        chance = random.Random(seed)
        expected, data = [], b""
        for opcode, text in messages:
            whole = text.encode()
            expected.append((opcode, whole))
            cut = chance.randint(0, len(whole))
            if chance.random() < 0.5:
                data += frame(opcode, whole)
            else:
                data += frame(opcode, whole[:cut], fin=False) + frame(CONT, whole[cut:])
        reader = MessageReader(LIMIT)
        events = []
        while data:
            size = chance.randint(1, 50)
            events += reader.feed(data[:size])
            data = data[size:]
        assert events == expected
        assert reader.fault is None
        assert not reader.partial


class TestControlFrames:
    @pytest.mark.parametrize("data", [b"", b"hello", b"\x00\xff\xfe", b"\xfe" * 125])
    @pytest.mark.parametrize("opcode", [PING, PONG])
    @pytest.mark.parametrize("piece", [0, 1])
    def test_2_any_payload(self, data, opcode, piece):
        assert read(frame(opcode, data), piece=piece) == ([(opcode, data)], None)

    @pytest.mark.parametrize("opcode", [0x88, 0x89, 0x8A])
    def test_2_5_too_long(self, opcode):
        assert read(bytes([opcode, 0x80 | 126]) + struct.pack("!H", 126) + bytes(4 + 126))[1] == 1002

    @pytest.mark.parametrize("opcode", [0x08, 0x09, 0x0A])
    def test_5_fragmented(self, opcode):
        assert read(bytes([opcode, 0x80]) + bytes(4))[1] == 1002

    def test_5_between_fragments_whatever_is_left_of_the_limit(self):
        data = frame(TEXT, b"12345678", fin=False) + frame(PING, b"p" * 125) + frame(CONT, b"90")
        assert read(data, limit=10) == ([(PING, b"p" * 125), (TEXT, b"1234567890")], None)


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_3_reserved_bits(bits, opcode):
    data = frame(TEXT, b"before") + bytes([0x80 | bits << 4 | opcode, 0x80]) + bytes(4)
    assert read(data) == ([(TEXT, b"before")], 1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("size", [0, 1])
def test_4_reserved_opcodes(opcode, size):
    assert read(bytes([0x80 | opcode, 0x80 | size]) + bytes(4 + size)) == ([], 1002)


class TestFragments:
    def test_5_any_number_of_them(self):
        data = frame(TEXT, b"a", fin=False) + frame(CONT, b"", fin=False) * 1000 + frame(CONT, b"b")
        assert read(data) == ([(TEXT, b"ab")], None)

    def test_5_empty_ones(self):
        data = frame(TEXT, fin=False) + frame(CONT, fin=False) + frame(CONT)
        assert read(data) == ([(TEXT, b"")], None)

    @pytest.mark.parametrize("fin", [True, False])
    def test_5_nothing_to_continue(self, fin):
        assert read(frame(CONT, b"a", fin)) == ([], 1002)
        assert read(frame(TEXT, b"a") + frame(CONT, b"b", fin)) == ([(TEXT, b"a")], 1002)

    @pytest.mark.parametrize("opcode", [TEXT, BINARY])
    def test_5_another_message_inside(self, opcode):
        assert read(frame(TEXT, b"a", fin=False) + frame(opcode, b"b")) == ([], 1002)

    def test_partial_until_the_last(self):
        reader = MessageReader(LIMIT)
        assert not reader.partial
        reader.feed(frame(TEXT, b"a", fin=False))
        assert reader.partial
        last = frame(CONT, b"b")
        assert reader.feed(last[:3]) == []
        assert reader.partial
        assert reader.feed(last[3:]) == [(TEXT, b"ab")]
        assert not reader.partial


class TestUTF8:
    @pytest.mark.parametrize("piece", [0, 1])
    def test_6_across_fragments(self, piece):
        parts = [KOSME[i : i + 1] for i in range(len(KOSME))]
        data = frame(TEXT, parts[0], fin=False)
        data += b"".join(frame(CONT, part, fin=False) for part in parts[1:]) + frame(CONT)
        assert read(data, piece=piece) == ([(TEXT, KOSME)], None)

    @pytest.mark.parametrize(
        "wrong",
        [
            TORN,
            b"\xce",
            b"\x80",
            b"\xfe",
            b"\xff",
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
            b"\xed\xa0\x80",
            b"\xed\xbf\xbf",
            b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80",
            b"\xe1\xbd",
        ],
    )
    def test_6_what_is_none(self, wrong):
        assert read(frame(TEXT, wrong)) == ([], 1007)
        assert read(frame(TEXT, wrong[:1], fin=False) + frame(CONT, wrong[1:])) == ([], 1007)
        assert read(frame(BINARY, wrong)) == ([(BINARY, wrong)], None)

    @pytest.mark.parametrize("text", ["\x00", "\x7f", "\u07ff", "\ufffe", "\uffff", "\U0010ffff", "\ufdd0"])
    def test_6_every_code_point_is_allowed(self, text):
        assert read(frame(TEXT, text.encode())) == ([(TEXT, text.encode())], None)

    def test_6_4_the_first_fragment_that_is_none_is_enough(self):
        assert read(frame(TEXT, TORN, fin=False)) == ([], 1007)

    def test_what_is_wrong_does_not_hold_the_message(self):
        reader = MessageReader(LIMIT)
        reader.feed(frame(TEXT, b"secret \xff"))
        assert reader.fault is not None
        assert reader.fault.__context__ is None or "secret" not in repr(reader.fault)
        assert "secret" not in str(reader.fault)


class TestClose:
    @pytest.mark.parametrize(
        "code",
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999],
    )
    def test_7_7_codes(self, code):
        reader = MessageReader(LIMIT)
        assert reader.feed(frame(CLOSE, struct.pack("!H", code) + b"why") + frame(TEXT, b"late")) == [
            (CLOSE, b"")
        ]
        assert reader.close == Close(code, "why")
        assert reader.feed(frame(TEXT, b"later")) == []

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])
    def test_7_9_codes_that_are_none(self, code):
        assert read(frame(CLOSE, struct.pack("!H", code))) == ([], 1002)

    def test_7_3_lengths(self):
        assert read(frame(CLOSE)) == ([(CLOSE, b"")], None)
        assert read(frame(CLOSE, b"\x03")) == ([], 1002)
        assert read(frame(CLOSE, b"\x03\xe8" + b"*" * 123)) == ([(CLOSE, b"")], None)

    def test_7_5_the_reason_is_utf8(self):
        assert read(frame(CLOSE, b"\x03\xe8" + TORN)) == ([], 1007)


class TestLimit:
    def test_9_one_frame(self):
        assert read(frame(BINARY, bytes(1000)), limit=1000) == ([(BINARY, bytes(1000))], None)
        assert read(frame(BINARY, bytes(1001)), limit=1000) == ([], 1009)

    def test_9_is_known_before_the_content(self):
        assert read(b"\x82\xff" + struct.pack("!Q", 1001), limit=1000) == ([], 1009)

    def test_9_fragments_together(self):
        first = frame(BINARY, bytes(600), fin=False)
        assert read(first + frame(CONT, bytes(400)), limit=1000) == ([(BINARY, bytes(1000))], None)
        assert read(first + frame(CONT, bytes(401)), limit=1000) == ([], 1009)

    def test_a_small_one_holds_for_small_messages(self):
        assert read(frame(TEXT, b"12345"), limit=4) == ([], 1009)
        assert read(frame(TEXT, b"123", fin=False) + frame(CONT, b"45"), limit=4) == ([], 1009)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_whatever_comes_nothing_is_raised(data, piece):
    reader = MessageReader(1000)
    for start in range(0, len(data), piece):
        events = reader.feed(data[start : start + piece])
        assert all(isinstance(message, bytes) for _, message in events)
    if reader.fault is not None:
        assert reader.feed(frame(TEXT, b"late")) == []
