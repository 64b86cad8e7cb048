"""Records are counted however they arrive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.tls.records import RecordCounter


def record(body: bytes) -> bytes:
    return b"\x17\x03\x03" + len(body).to_bytes(2, "big") + body


RECORDS = st.lists(st.binary(max_size=300).map(record))


@given(RECORDS, st.data())
def test_every_record_is_counted_where_it_ends(records, data):
    stream = b"".join(records)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    counter = RecordCounter()
    fed = counted = 0
    for cut in (*cuts, len(stream)):
        counted += counter.feed(stream[fed:cut])
        fed = cut
        ends = [len(b"".join(records[: number + 1])) for number in range(len(records))]
        assert counted == sum(end <= fed for end in ends)


def test_byte_by_byte():
    counter = RecordCounter()
    stream = b"\x17\x03\x03\x00\x02ab\x15\x03\x03\x00\x00"
    assert [counter.feed(bytes([byte])) for byte in stream] == [0] * 6 + [1] + [0] * 4 + [1]


def test_several_at_once_and_the_start_of_another():
    counter = RecordCounter()
    one = b"\x17\x03\x03\x00\x01x"
    assert counter.feed(one * 3 + one[:4]) == 3
    assert counter.feed(one[4:]) == 1
