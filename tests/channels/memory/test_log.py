"""Messages in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.memory.key_index import KeyIndex
from protocols.channels.memory.log import GONE, OVERHEAD, MemoryLog
from protocols.channels.message import Entry, Receipt


def entries(*bodies, **named):
    return [Entry(body, **named) for body in bodies]


def test_time_does_not_go_back():
    log = MemoryLog()
    log.append(entries(b"a"), 100)
    log.append(entries(b"b"), 50)
    assert [message.time for message in log.after(0, 9)] == [100, 100]


def test_everybody_who_listens_hears_of_it():
    log, one, two = MemoryLog(), [], []
    log.listeners += [one.extend, two.extend]
    log.append(entries(b"a", b"b", id=""), 1)
    assert one == two == log.after(0, 9)


def test_of_nothing_new_nobody_hears():
    log, heard = MemoryLog(), []
    log.append(entries(b"a", id="x"), 1)
    log.listeners.append(heard.append)
    assert log.append(entries(b"a", id="x"), 2) == [Receipt(1, False)]
    assert log.append([], 3) == []
    assert heard == []


def test_one_that_stops_listening_meanwhile_does_not_keep_the_next_from_it():
    log, heard = MemoryLog(), []

    def once(messages):
        log.listeners.remove(once)

    log.listeners += [once, heard.extend]
    log.append(entries(b"a"), 1)
    assert [message.body for message in heard] == [b"a"]


def test_an_id_that_is_forgotten_may_come_again():
    log = MemoryLog()
    log.append(entries(b"a", id="x"), 1)
    log.drop(1)
    assert log.append(entries(b"b", id="x"), 2) == [Receipt(2)]


def test_messages_by_seq():
    log = MemoryLog()
    log.append(entries(b"a", b"b", b"c"), 1)
    log.drop(1)
    assert [log.get(seq) and log.get(seq).body for seq in range(5)] == [None, None, b"b", b"c", None]


def test_room_for_what_is_forgotten_is_given_back():
    log = MemoryLog()
    log.append(entries(*[b"x"] * (3 * GONE)), 1)
    log.drop(2 * GONE)
    assert len(log._messages) == GONE
    assert (log.first, log.octets) == (2 * GONE + 1, GONE * (1 + OVERHEAD))


def test_who_asks_for_a_key_looks_at_each_message_once():
    log, looked_at = MemoryLog(), []
    log.append(entries(b"a", b"b", key="k"), 1)
    log.drop(1)
    assert (log._keys.through, log._keys._seqs) == (0, {}), "who asks for none does not pay for them"

    class Counting(KeyIndex):
        def add(self, messages):
            looked_at.append(len(messages))
            super().add(messages)

    log._keys = Counting()
    for _ in range(3):
        assert log.of_key("nobody", 0, 9) == []
    log.append(entries(b"c", key="k"), 1)
    assert [message.body for message in log.of_key("k", 0, 9)] == [b"b", b"c"]
    assert [message.body for message in log.of_key("k", 2, 9)] == [b"c"]
    assert looked_at == [1, 1]


def test_keys_of_what_is_forgotten_are_forgotten():
    log = MemoryLog()
    for number in range(100):
        log.append(entries(b"", key=f"k{number}"), 1)
        log.of_key("k0", 0, 1)
    log.drop(99)
    assert list(log._keys._seqs) == ["k99"]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.sampled_from(["", "a", "b"]), st.integers(1, 9)),
            st.tuples(st.just("drop"), st.just(""), st.integers(0, 60)),
            st.tuples(st.just("read"), st.sampled_from(["a", "b", "c"]), st.integers(0, 60)),
        ),
        max_size=40,
    )
)
def test_of_a_key(steps):
    log, kept = MemoryLog(), []
    for what, key, number in steps:
        if what == "append":
            kept += [(log.last + 1 + at, key) for at in range(number)]
            log.append(entries(*[b""] * number, key=key), 1)
        elif what == "drop":
            log.drop(number)
            kept = [one for one in kept if one[0] > number]
        else:
            wanted = [one for one in kept if one[1] == key and one[0] > number]
            for most in (1, 3, 999):
                assert [(m.seq, m.key) for m in log.of_key(key, number, most)] == wanted[:most]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(0, 5), st.integers(0, 3)),
            st.tuples(st.just("drop"), st.integers(0, 60), st.just(0)),
            st.tuples(st.just("surplus"), st.integers(0, 4000), st.just(0)),
        ),
        max_size=40,
    )
)
def test_agrees_with_a_plain_list(steps):
    log, kept, last, now = MemoryLog(), [], 0, 0
    for what, number, wait in steps:
        if what == "append":
            now += wait
            log.append(entries(*[b"x" * number] * number), now)
            kept += [(last + 1 + at, now, number) for at in range(number)]
            last += number
        elif what == "drop":
            assert log.drop(number) == len([one for one in kept if one[0] <= number])
            kept = [one for one in kept if one[0] > number]
        else:
            log.drop(log.surplus(number))
            while sum(size + OVERHEAD for _, _, size in kept) > number:
                kept.pop(0)
        first = kept[0][0] if kept else last + 1
        assert (log.first, log.last, len(log)) == (first, last, len(kept))
        assert log.octets == sum(size + OVERHEAD for _, _, size in kept)
        assert [(m.seq, m.time, len(m.body)) for m in log.after(0, 999)] == kept
        for time in range(now + 2):
            before = [seq for seq, taken, _ in kept if taken < time]
            assert log.before(time) == (before[-1] if before else first - 1)
