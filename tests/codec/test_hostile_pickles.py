"""Pickles that are to be refused: each was made to run, to reach or to exhaust something."""

import os
import pickle
import struct
import sys
import uuid

import pytest

from protocols.codec import DecodeError
from protocols.codec.pickle_containers import MAX_COLLISIONS
from protocols.codec.plain_pickle import loads

BUILTINS = b"cbuiltins\n"
UUID_CLASS = b"cuuid\nUUID\n"


def text(value: str) -> bytes:
    octets = value.encode()
    return b"\x8c" + bytes([len(octets)]) + octets


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def refusal(message: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        loads(message)
    assert caught.value.status in (400, 422)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", range(6))
def test_system_command_does_not_run(tmp_path, protocol):
    canary = tmp_path / "canary"
    assert refusal(pickle.dumps(Touch(canary), protocol)).errors[0].kind == "pickle_global"
    assert refusal(pickle.dumps([1, {"a": Touch(canary)}], protocol)).status == 422
    assert not canary.exists()


def test_nothing_named_is_imported():
    assert "this" not in sys.modules
    refusal(b"cthis\ns\n.")
    refusal(stack_global("this", "s") + b".")
    refusal(b"(ithis\ns\n.")
    assert "this" not in sys.modules


NAMED = {
    "eval": BUILTINS + b"eval\n(S'1'\ntR.",
    "exec": BUILTINS + b"exec\n(S'1'\ntR.",
    "getattr": BUILTINS + b"getattr\n(S'a'\nS'b'\ntR.",
    "import": BUILTINS + b"__import__\n(S'os'\ntR.",
    "open": BUILTINS + b"open\n(S'/etc/passwd'\ntR.",
    "type": BUILTINS + b"type\n(S'a'\n)}tR.",
    "range": BUILTINS + b"range\n(I1000000000\ntR.",
    "list of range": BUILTINS + b"list\n(I1000000000\ntR.",
    "python 2 eval": b"c__builtin__\neval\n(S'1'\ntR.",
    "system": b"cposix\nsystem\n(S'true'\ntR.",
    "popen": b"csubprocess\nPopen\n(S'true'\ntR.",
    "check_output": stack_global("subprocess", "check_output") + text("true") + b"\x85R.",
    "dotted name": stack_global("datetime", "datetime.fromtimestamp") + b"K\x00\x85R.",
    "dotted module": stack_global("datetime.datetime", "now") + b")R.",
    "module of datetime": b"cdatetime\nsys\n.",
    "method of UUID": stack_global("uuid", "UUID.__init__") + b".",
    "helper of uuid": b"cuuid\n_popen\n.",
    "os of uuid": b"cuuid\nos\n.",
    "codecs.open": b"c_codecs\nlookup\n(S'a'\ntR.",
    "copyreg.add_extension": b"ccopyreg\nadd_extension\n(S'os'\nS'system'\nK\x01tR.",
    "copyreg.__newobj__": b"ccopyreg\n__newobj__\n(" + UUID_CLASS + b"tR.",
    "operator.attrgetter": b"coperator\nattrgetter\n(S'a'\ntR.",
    "functools.partial": b"cfunctools\npartial\n.",
    "pickle.loads": b"cpickle\nloads\n.",
    "pydantic": b"cpydantic\nBaseModel\n.",
    "ours": b"cprotocols.codec.pickle_constructors\nGlobal\n.",
    "main": b"c__main__\nx\n.",
    "empty names": b"c\n\n.",
    "names that are not text": b"K\x01K\x02\x93.",
    "names that are unhashable": b"]]\x93.",
    "a name as value": BUILTINS + b"set\n.",
    "a name in a list": b"]" + UUID_CLASS + b"a.",
    "a name as key": b"}" + UUID_CLASS + b"Ns.",
    "object": BUILTINS + b"object\n)R.",
    "UUID called": UUID_CLASS + b"(S'a'\ntR.",
}

ATTRIBUTES = {
    "state of a class": UUID_CLASS + b"N}S'x'\nK\x01s\x86b.",
    "state of a function": b"c_codecs\nencode\nN}S'__defaults__'\nNs\x86b.",
    "state of reconstructor": b"ccopyreg\n_reconstructor\n}S'x'\nNsb.",
    "state of a list": b"]}S'x'\nNsb.",
    "state of a set": b"\x8f}S'x'\nNsb.",
    "state of a dict": b"}}S'x'\nNsb.",
    "state of a number": b"K\x01}b.",
    "state of a UUID, foreign": UUID_CLASS + b")\x81}S'__class__'\nNsb.",
    "state of a UUID, slots": UUID_CLASS + b")\x81N}S'int'\nK\x01s\x86b.",
    "state of a UUID, none": UUID_CLASS + b")\x81Nb.",
    "state of a UUID, empty": UUID_CLASS + b")\x81}b.",
    "state of a UUID, negative": UUID_CLASS + b")\x81}S'int'\nI-1\nsb.",
    "state of a UUID, text": UUID_CLASS + b")\x81}S'int'\nS'1'\nsb.",
    "state of a UUID, safety": UUID_CLASS + b")\x81}(S'int'\nK\x01S'is_safe'\nK\x07ub.",
    "state of a UUID, twice": UUID_CLASS + b")\x81q\x00}S'int'\nK\x01sbh\x00}S'int'\nK\x02sb.",
    "UUID without state": UUID_CLASS + b")\x81.",
    "UUID without state, in a list": b"]" + UUID_CLASS + b")\x81a.",
    "UUID without state, as key": b"}" + UUID_CLASS + b")\x81Ns.",
    "UUID with arguments": UUID_CLASS + b"(S'a'\nt\x81.",
    "creation of a set": BUILTINS + b"set\n)\x81.",
    "creation with keywords": UUID_CLASS + b")}\x92.",
    "reconstructor of set": b"ccopyreg\n_reconstructor\n(cbuiltins\nset\ncbuiltins\nobject\nNtR.",
    "reconstructor with state": b"ccopyreg\n_reconstructor\n(" + UUID_CLASS + b"cbuiltins\nobject\nS'a'\ntR.",
    "reconstructor of nothing": b"ccopyreg\n_reconstructor\n)R.",
    "call of a value": b"K\x01)R.",
    "call of a list": b"])R.",
    "call with a list": BUILTINS + b"set\n]R.",
}

OUTSIDE = {
    "INST": b"(ibuiltins\nset\n.",
    "INST of a command": b"(S'true'\niposix\nsystem\n.",
    "OBJ": b"(cbuiltins\nset\no.",
    "PERSID": b"Pfile\n.",
    "BINPERSID": b"S'file'\nQ.",
    "EXT1": b"\x82\x01.",
    "EXT2": b"\x83\x01\x00.",
    "EXT4": b"\x84\x01\x00\x00\x00.",
    "NEXT_BUFFER": b"\x80\x05\x97.",
    "READONLY_BUFFER": b"\x80\x05C\x01a\x98.",
}

LATIN1 = b"X\x06\x00\x00\x00latin1"


def bytes_of_bytes(size: int, copies: int) -> bytes:
    """The same long text encoded again and again."""
    call = b"c_codecs\nencode\nq\x00X" + struct.pack("<I", size) + b"a" * size + LATIN1 + b"\x86q\x01R"
    return b"(" + call + b"h\x00h\x01R" * copies + b"t."


def colliding(head: bytes, tail: bytes, value: bytes) -> bytes:
    """A container whose keys are different multiples of the modulus of Python's hash."""
    numbers = (pickle.dumps(n * sys.hash_info.modulus, 2)[2:-1] for n in range(MAX_COLLISIONS + 1))
    return head + b"".join(number + value for number in numbers) + tail


DEEP = b")" + b"\x85" * 500_000

EXHAUSTING = {
    "bytearray": BUILTINS + b"bytearray\n(I2000000000\ntR.",
    "bytes": BUILTINS + b"bytes\n(I2000000000\ntR.",
    "bytearray of a list": BUILTINS + b"bytearray\n]\x85R.",
    "encode with another codec": b"c_codecs\nencode\n(X\x01\x00\x00\x00aS'zlib'\ntR.",
    "encode with idna": b"c_codecs\nencode\n(X\x01\x00\x00\x00aS'idna'\ntR.",
    "text copied": bytes_of_bytes(100_000, 10_000),
    "set copied": b"(("
    + b"K\x01" * 1000
    + b"lq\x000"
    + BUILTINS
    + b"set\nq\x01h\x00\x85q\x02R"
    + (b"h\x01h\x02R" * 1000)
    + b"t.",
    "text expanded": b"X"
    + struct.pack("<I", 100_000)
    + b"a" * 100_000
    + b"q\x000("
    + b"h\x00" * 10_000
    + b"t.",
    "long of LONG4": b"\x8b" + struct.pack("<i", 100_000) + b"\x01" * 100_000 + b".",
    "long of LONG": b"L" + b"9" * 100_000 + b"L\n.",
    "long of INT": b"I" + b"9" * 100_000 + b"\n.",
    "long of LONG with underscores": b"L1_0\n.",
    "exponent of a Decimal": b"cdecimal\nDecimal\n(S'1E+999999'\ntR.",
    "exponent of zero": b"cdecimal\nDecimal\n(S'0E+999999'\ntR.",
    "negative exponent of a Decimal": b"cdecimal\nDecimal\n(S'1E-999999'\ntR.",
    "digits of a Decimal": b"cdecimal\nDecimal\n(S'" + b"9" * 5000 + b"'\ntR.",
    "signalling Decimal": b"cdecimal\nDecimal\n(S'sNaN'\ntR.",
    "deep tuple": DEEP + b".",
    "deep tuple as key": b"}" + DEEP + b"Ns.",
    "deep tuple as key of DICT": b"(" + DEEP + b"Nd.",
    "deep tuple as member": b"\x8f(" + DEEP + b"\x90.",
    "deep tuple as member of a frozenset": b"(" + DEEP + b"\x91.",
    "deep tuple as member of a called set": BUILTINS + b"set\n]" + DEEP + b"a\x85R.",
    "deep list": b"]" * 500_000 + b"a" * 499_999 + b".",
    "wide key": b"}(" + b"K\x01" * 1000 + b"tNs.",
    "laughing key": b"})q\x00"
    + b"".join(b"0(" + b"h%c" % n * 50 + b"tq%c" % (n + 1) for n in range(5))
    + b"Ns.",
    "list in itself": b"]q\x00h\x00a.",
    "dict in itself": b"}q\x00Nh\x00s.",
    "tuple in itself": b"]q\x00h\x00\x85a.",
    "list as key": b"}]Ns.",
    "tuple of a list as key": b"}]\x85Ns.",
    "set as member": b"\x8f(\x8f\x90.",
    "colliding dict": colliding(b"}(", b"u.", b"N"),
    "colliding dict, one by one": colliding(b"}", b".", b"Ns"),
    "colliding DICT": colliding(b"(", b"d.", b"N"),
    "colliding set": colliding(b"\x8f(", b"\x90.", b""),
    "colliding frozenset": colliding(b"(", b"\x91.", b""),
    "colliding called set": colliding(BUILTINS + b"set\n](", b"e\x85R.", b""),
    "endless opcodes": b"N0" * 1_000_001 + b"N.",
}

EXHAUSTING_ARGUMENTS = (
    "encoded bytes are wrong",
    "an integer has more than",
    "a decimal integer is malformed or too long",
    "a Decimal is wrong",
)

LAUGHS = {
    "lists": b"".join([b"]q\x00", *(b"0]q%c(" % (n + 1) + b"h%c" % n * 10 + b"e" for n in range(40))]),
    "dicts": b"".join(
        [
            b"}q\x00",
            *(
                b"0}q%c(" % (n + 1) + b"".join(b"K%ch%c" % (k, n) for k in range(10)) + b"u"
                for n in range(40)
            ),
        ]
    ),
    "tuples": b")" + b"2\x86" * 60,
}


@pytest.mark.parametrize("message", NAMED.values(), ids=NAMED)
def test_names_are_refused(message):
    refusal(message)


@pytest.mark.parametrize("message", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_attributes_cannot_be_set(message):
    before = set(vars(uuid.UUID))
    refusal(message)
    assert set(vars(uuid.UUID)) == before


@pytest.mark.parametrize("message", OUTSIDE.values(), ids=OUTSIDE)
def test_opcodes_for_the_world_outside_are_refused(message):
    assert refusal(message).errors[0].kind == "pickle_opcode"


@pytest.mark.parametrize("message", EXHAUSTING.values(), ids=EXHAUSTING)
def test_exhausting_pickles_are_refused(message):
    error = refusal(message)
    assert error.status == 422 or any(reason in str(error) for reason in EXHAUSTING_ARGUMENTS)


@pytest.mark.parametrize("message", LAUGHS.values(), ids=LAUGHS)
def test_size_of_what_is_shared_counts_each_time(message):
    assert "more than 1000000 values" in str(refusal(message + b"."))
