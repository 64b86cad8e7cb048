"""Bytes that are no pickle, or a damaged one: whatever they are, they are read or refused."""

import pickle
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.codec import DecodeError
from protocols.codec.plain_pickle import loads

BUILTINS = b"cbuiltins\n"

MALFORMED = {
    "nothing": b"",
    "no STOP": b"N",
    "only STOP": b".",
    "not a pickle": b"hello world\r\n",
    "unknown opcode": b"\xff.",
    "bytes behind": b"N.N",
    "second pickle behind": b"N.N.",
    "two values": b"NN.",
    "mark left": b"(N.",
    "mark as value": b"(.",
    "POP of nothing": b"0.",
    "POP_MARK of nothing": b"1.",
    "DUP of nothing": b"2.",
    "TUPLE without mark": b"t.",
    "TUPLE3 of two": b"NN\x87.",
    "APPEND to a tuple": b")Na.",
    "APPEND to nothing": b"Na.",
    "APPENDS to nothing": b"(Ne.",
    "SETITEM of a list": b"]NNs.",
    "SETITEMS of an odd number": b"}(Nu.",
    "DICT of an odd number": b"(Nd.",
    "ADDITEMS to a list": b"](N\x90.",
    "BUILD of nothing": b"b.",
    "REDUCE of nothing": b"R.",
    "unknown protocol": b"\x80\x06N.",
    "protocol in the middle": b"N0\x80\x02N.",
    "GET of nothing": b"h\x00.",
    "GET of a far index": b"j\xff\xff\xff\xff.",
    "GET of text": b"gx\n.",
    "GET of a negative": b"g-1\n.",
    "PUT of nothing": b"q\x00.",
    "PUT of a far index": b"Nr\xff\xff\xff\x7f.",
    "PUT of 2**31": b"Nr\x00\x00\x00\x80.",
    "PUT of a huge text index": b"Np99999999999999999999\n.",
    "PUT of a negative": b"Np-1\n.",
    "MEMOIZE of nothing": b"\x94.",
    "frame beyond the end": b"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.",
    "frame of 2**64": b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
    "frame cut": b"\x80\x04\x95\x01",
    "frame in a frame": b"\x80\x04\x95\x0b" + b"\x00" * 7 + b"\x95\x02" + b"\x00" * 7 + b"N.",
    "frame ends in an opcode": b"\x80\x04\x95\x03" + b"\x00" * 7 + b"\x8c\x02ab.",
    "negative BINSTRING": b"T\xff\xff\xff\xff.",
    "negative LONG4": b"\x8b\xff\xff\xff\xff.",
    "BINUNICODE beyond the end": b"X\xff\xff\xff\x7fa.",
    "BINUNICODE8 beyond the end": b"\x8d" + b"\xff" * 8 + b"a.",
    "BINBYTES8 beyond the end": b"\x8e" + b"\xff" * 7 + b"\x7fa.",
    "BYTEARRAY8 beyond the end": b"\x96" + b"\xff" * 8 + b"a.",
    "BINBYTES beyond the end": b"B\xff\xff\xff\xffa.",
    "not UTF-8": b"X\x01\x00\x00\x00\xff.",
    "unicode line out of range": b"V\\U00110000\n.",
    "string without quotes": b"Sab\n.",
    "string with one quote": b"S'\n.",
    "string with other quotes": b"S'ab\"\n.",
    "string with an unknown escape": b"S'\\q'\n.",
    "string with half an escape": b"S'\\x1'\n.",
    "string with an escape at the end": b"S'\\'\n.",
    "line cut": b"I5",
    "INT of nothing": b"I\n.",
    "INT of text": b"Iab\n.",
    "FLOAT of text": b"Fab\n.",
    "FLOAT with underscores": b"F1_0\n.",
    "BINFLOAT cut": b"G\x00\x00.",
    "name not UTF-8": b"c\xff\n\xff\n.",
    "month 13": b"cdatetime\ndate\nC\x04\x07\xe8\x0d\x01\x85R.",
    "day 255": b"cdatetime\ndate\nC\x04\x07\xe8\x01\xff\x85R.",
    "year 0": b"cdatetime\ndate\nC\x04\x00\x00\x01\x01\x85R.",
    "date of five octets": b"cdatetime\ndate\nC\x05\x07\xe8\x01\x01\x01\x85R.",
    "date of numbers": b"cdatetime\ndate\nK\x01K\x01K\x01\x87R.",
    "hour 24": b"cdatetime\ntime\nC\x06\x18\x00\x00\x00\x00\x00\x85R.",
    "microsecond 2**24-1": b"cdatetime\ntime\nC\x06\x01\x00\x00\xff\xff\xff\x85R.",
    "zone that is text": b"cdatetime\ntime\nC\x06" + b"\x01" * 6 + b"S'UTC'\n\x86R.",
    "timedelta too long": b"cdatetime\ntimedelta\nI9999999999999\nK\x00K\x00\x87R.",
    "timedelta of text": b"cdatetime\ntimedelta\nS'1'\nK\x00K\x00\x87R.",
    "timezone of a number": b"cdatetime\ntimezone\nK\x01\x85R.",
    "timezone beyond a day": b"cdatetime\ntimezone\ncdatetime\ntimedelta\nK\x05K\x00K\x00\x87R\x85R.",
    "Decimal of text": b"cdecimal\nDecimal\nS'x'\n\x85R.",
    "Decimal of a number": b"cdecimal\nDecimal\nK\x01\x85R.",
    "complex of text": BUILTINS + b"complex\nS'1'\n\x85R.",
    "set of a number": BUILTINS + b"set\nK\x01\x85R.",
    "text outside Latin-1": b"c_codecs\nencode\nV\\u1234\nV" + b"latin1\n\x86R.",
}


def refusal(message: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        loads(message)
    return caught.value


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
def test_malformed_pickles_are_refused(message):
    error = refusal(message)
    assert (error.status, error.errors[0].kind) in {
        (400, "pickle_invalid"),
        (422, "pickle_global"),
    }


@pytest.mark.parametrize("protocol", range(6))
def test_every_cut_is_refused(protocol):
    message = pickle.dumps([("a.b", (1, 2.5)), {"k": {1, 2}}, b"\xff", uuid.UUID(int=1)], protocol)
    for end in range(len(message)):
        refusal(message[:end])


def read_or_refuse(message: bytes) -> None:
    try:
        loads(message)
    except DecodeError:
        pass


@given(st.binary(max_size=300))
def test_random_bytes_are_read_or_refused(message):
    read_or_refuse(message)


OPCODES = [
    bytes([value[0]])
    for name, value in vars(pickle).items()
    if name.isupper() and isinstance(value, bytes) and len(value) == 1
]
PIECES = st.sampled_from(
    [
        *OPCODES,
        *(opcode + b"\x00" for opcode in OPCODES),
        b"cuuid\nUUID\n",
        b"cbuiltins\nset\n",
        b"cdatetime\ndatetime\n",
        b"cdecimal\nDecimal\n",
        b"ccopyreg\n_reconstructor\n",
        b"c_codecs\nencode\n",
        b"q\x00",
        b"h\x00",
        b"K\x01",
        b"U\x03int",
        b"1\n",
    ]
)


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_random_programs_are_read_or_refused(program):
    read_or_refuse(program + b".")


@pytest.mark.parametrize("protocol", range(6))
def test_mutations_are_read_or_refused(plain_data, protocol):
    @given(plain_data, st.data())
    def mutate(value, data):
        message = bytearray(pickle.dumps(value, protocol))
        for _ in range(data.draw(st.integers(1, 4))):
            place = data.draw(st.integers(0, len(message) - 1))
            message[place] = data.draw(st.integers(0, 255))
        read_or_refuse(bytes(message))

    mutate()
