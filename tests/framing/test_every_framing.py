"""What holds for every framing: round trips, garbage, limits, and work linear in the bytes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.framing import (
    Decoder,
    Delimited,
    Fixed,
    Framing,
    FramingError,
    Length,
    Lines,
    Netstring,
    Raw,
)

LIMIT = 12
# Each framing with the most bytes its decoder may hold: a message and its dressing, less one byte.
FRAMINGS: list[tuple[Framing, int]] = [
    (Lines("lf", LIMIT), LIMIT),
    (Lines("crlf", LIMIT), LIMIT + 1),
    (Lines("any", LIMIT), LIMIT + 1),
    (Delimited(b"\0", LIMIT), LIMIT),
    (Delimited(b"aab", LIMIT), LIMIT + 2),
    (Delimited(b"\r\n\r\n", LIMIT), LIMIT + 3),
    (Length(1, limit=LIMIT), LIMIT),
    (Length(2, "little", signed=True, limit=LIMIT), LIMIT + 1),
    (Length(2, includes_header=True, offset=1, limit=LIMIT), LIMIT + 1),
    (Length(8, "little", offset=3, limit=LIMIT), LIMIT + 7),
    (Netstring(LIMIT), LIMIT + 3),
    (Fixed(LIMIT), LIMIT - 1),
    (Raw(LIMIT), 0),
]
# Drawn, not parametrized: pytest-twisted cannot run a hypothesis test with parameters twice.
any_framing = st.sampled_from(FRAMINGS)
thorough = settings(max_examples=100 * len(FRAMINGS), deadline=None)
every_framing = pytest.mark.parametrize(
    ("framing", "most"), FRAMINGS, ids=[repr(framing) for framing, _ in FRAMINGS]
)

# Bytes that mean something to one framing or another come often.
telling = st.sampled_from([b"\r", b"\n", b"\0", b"\1", b"\3", b"\x0c", b"a", b"b", b"1", b"2", b"0"])
telling |= st.sampled_from([b"\r\n", b"aab", b"1:a,", b":", b",", b"\xff"])
noise = st.lists(telling | st.binary(max_size=LIMIT + 2), max_size=40).map(b"".join)
cuts = st.lists(st.integers(min_value=0, max_value=8), max_size=60)


def in_pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def carriable(framing: Framing, messages: Iterable[bytes]) -> list[bytes]:
    """Those of `messages` that `framing` can carry within its limit, made to measure for Fixed."""
    if isinstance(framing, Fixed):
        return [message[:LIMIT].ljust(LIMIT, b".") for message in messages]
    fitting = (message[:LIMIT] for message in messages)
    return [message for message in fitting if can_carry(framing, message)]


def can_carry(framing: Framing, message: bytes) -> bool:
    try:
        framing.encode(message)
    except ValueError:
        return False
    return True


@thorough
@given(
    drawn=any_framing,
    candidates=st.lists(st.lists(telling, max_size=LIMIT).map(b"".join), max_size=12),
    sizes=cuts,
)
def test_round_trip_whatever_the_pieces(drawn, candidates, sizes):
    framing, most = drawn
    messages = carriable(framing, candidates)
    data = b"".join(map(framing.encode, messages))
    decoder = framing.decoder()
    received = []
    for piece in in_pieces(data, sizes):
        received += decoder.feed(piece)
        assert decoder.partial <= most
    decoder.finish()
    assert decoder.partial == 0
    if isinstance(framing, Raw):
        assert b"".join(received) == data
    else:
        assert received == messages
    assert all(type(message) is bytes for message in received)


@thorough
@given(drawn=any_framing, data=noise, sizes=cuts)
def test_garbage_is_messages_or_a_framing_error(drawn, data, sizes, receive):
    framing, most = drawn
    decoder = framing.decoder()
    received = []
    fault = None
    for piece in in_pieces(data, sizes):
        try:
            received += decoder.feed(piece)
        except FramingError as error:
            fault = error
            received += error.messages
        assert decoder.partial <= most
        if fault:
            break
    assert all(type(message) is bytes and len(message) <= LIMIT for message in received)
    if not isinstance(framing, Raw):
        whole, whole_fault = receive(framing.decoder(), [data])
        assert received == whole
        assert (fault is None) == (whole_fault is None)
    if fault is None and decoder.partial:
        with pytest.raises(FramingError):
            decoder.finish()
    elif fault is None:
        decoder.finish()


@thorough
@given(drawn=any_framing, message=st.lists(telling, max_size=LIMIT).map(b"".join))
def test_what_is_encoded_never_reads_as_two(drawn, message, receive):
    framing, _ = drawn
    if isinstance(framing, Raw) or not can_carry(framing, message):
        return
    messages, fault = receive(framing.decoder(), [framing.encode(message)])
    if len(message) <= LIMIT:
        assert (messages, fault) == ([message], None)
    else:
        assert messages == []
        assert fault is not None


@thorough
@given(drawn=any_framing, messages=st.lists(st.lists(telling, max_size=LIMIT).map(b"".join), max_size=6))
def test_many_are_encoded_as_each_by_itself(drawn, messages):
    framing, _ = drawn
    if all(can_carry(framing, message) for message in messages):
        assert framing.encode_all(messages) == b"".join(map(framing.encode, messages))
    else:
        with pytest.raises(ValueError, match=r"."):
            framing.encode_all(messages)


@every_framing
def test_a_framing_is_frozen_slotted_and_serves_many_connections(framing, most):
    assert dataclasses.is_dataclass(framing)
    assert not hasattr(framing, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(framing, dataclasses.fields(framing)[0].name, 1)
    message = b"x" * LIMIT
    first, second = framing.decoder(), framing.decoder()
    first.feed(framing.encode(message)[: LIMIT - 1])
    assert second.feed(framing.encode(message)) == [message]
    assert second.partial == 0


def test_an_error_keeps_its_messages_as_they_were():
    messages = [b"one"]
    error = FramingError("wrong", messages)
    messages.append(b"two")
    assert error.messages == (b"one",)
    assert str(error) == "wrong"
    assert FramingError("wrong").messages == ()


MEGABYTE = 1 << 20
# How much dearer than a bare loop over the same pieces a decoder may be, in processor time.  Those
# here cost up to 16 loops, 20 while coverage is measured; one that copies or scans again what it
# holds costs 140 to 330.
TIMES_A_LOOP = 60

BIG: list[Framing] = [
    Lines("lf", MEGABYTE),
    Lines("crlf", MEGABYTE),
    Lines("any", MEGABYTE),
    Delimited(b"--==" * 4, MEGABYTE),
    Length(limit=MEGABYTE),
    Length(2, offset=1000, limit=MEGABYTE),
    Netstring(MEGABYTE),
    Fixed(MEGABYTE),
]


def cost(work: Callable[[], object]) -> float:
    """Processor seconds that `work` takes, whatever else the machine does."""
    before = time.process_time()
    work()
    return time.process_time() - before


def drain(decoder: Decoder, pieces: Iterable[bytes]) -> list[bytes]:
    messages: list[bytes] = []
    for piece in pieces:
        messages += decoder.feed(piece)
    return messages


def bare_loop(pieces: Iterable[bytes]) -> None:
    held = bytearray()
    nothing: list[bytes] = []
    for piece in pieces:
        held += piece
        nothing += []


@pytest.mark.parametrize("framing", BIG, ids=repr)
def test_a_megabyte_byte_by_byte_costs_no_more_than_its_bytes(framing, byte_by_byte):
    size = 65000 if isinstance(framing, Length) and framing.size == 2 else MEGABYTE
    message = b"x" * size
    pieces = byte_by_byte(framing.encode(message) * (MEGABYTE // size))
    received: list[bytes] = []
    spent = cost(lambda: received.extend(drain(framing.decoder(), pieces)))
    assert received == [message] * (MEGABYTE // size)
    assert spent < TIMES_A_LOOP * cost(lambda: bare_loop(pieces))


SMALL: list[Framing] = [
    Lines("lf"),
    Lines("crlf"),
    Lines("any"),
    Delimited(b"--=="),
    Length(),
    Length(2, offset=1),
    Netstring(),
    Fixed(2),
]


@pytest.mark.parametrize("framing", SMALL, ids=repr)
def test_many_messages_in_one_read_are_cut_in_one_pass(framing):
    encoded = framing.encode(b"hi")
    count = 4 * MEGABYTE // len(encoded)
    data = encoded * count
    received: list[bytes] = []
    spent = cost(lambda: received.extend(framing.decoder().feed(data)))
    assert received == [b"hi"] * count
    assert spent < TIMES_A_LOOP * cost(
        lambda: bare_loop(data[start : start + 4] for start in range(0, len(data), 4))
    )
